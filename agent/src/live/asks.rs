//! What a policy makes worth a look at one site: carriers with their numbers, logins, relays, commands, pings.

use crate::node::Shelf;
use playbooks::Playbook;
use playbooks::language::{Doer, PlaybookStep, WayBack, Wish};
use policies::Policy;
use policies::policy::{Ask, Lever, Probe, Route};
use state::{CarrierId, CommandId, Number, PlaybookId, SiteId};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

/// What a policy leans on at one site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asks {
    /// The carriers of its routes.
    pub carriers: Vec<CarrierAsk>,
    /// Manager interfaces that this site probes, each with the name of its secret.
    pub logins: Vec<(SocketAddr, String)>,
    /// Where mail leaves.
    pub relays: Vec<SocketAddr>,
    /// Commands of the site file that probes of this site run, and playbooks, once these are known.
    pub commands: Vec<String>,
    /// What is played by itself.
    plays: Vec<Play>,
    /// Machines that this site pings.
    pub pinged: Vec<IpAddr>,
    /// Greetings that are to be switched at the PBX.
    pub greetings: usize,
}

/// A carrier, and what is to be read there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarrierAsk {
    /// Which.
    pub carrier: CarrierId,
    /// Its host, if that is a name.
    pub host: Option<String>,
    /// Every number of every route there.
    pub numbers: Vec<Number>,
    /// How many of them a second.
    pub rate: u32,
}

impl Asks {
    /// Those of one site.
    pub fn of(policy: &Policy, here: &SiteId) -> Self {
        let mine = |probe: &&Probe| probe.by.as_ref().is_none_or(|by| by.contains(here));
        let probes: Vec<&Probe> = policy.probes.iter().filter(mine).collect();
        let manager = |probe: &&Probe| match &probe.ask {
            Ask::Ami { secret } => Some((probe.address?, secret.clone())),
            Ask::SipOptions(_) | Ask::Tcp | Ask::Http(_) | Ask::Icmp | Ask::Dns(_) | Ask::Exec { .. } => None,
        };
        let command = |probe: &&Probe| match &probe.ask {
            Ask::Exec { command } => Some(command.clone()),
            Ask::SipOptions(_) | Ask::Tcp | Ask::Http(_) | Ask::Icmp | Ask::Dns(_) | Ask::Ami { .. } => None,
        };
        let pinged = |probe: &&Probe| probe.address.filter(|_| probe.ask == Ask::Icmp).map(|at| at.ip());
        Self {
            carriers: carriers(policy),
            logins: distinct(probes.iter().filter_map(manager)),
            relays: policy.alerts.mail.iter().flat_map(|mail| mail.relays.clone()).collect(),
            commands: distinct(probes.iter().filter_map(command)),
            plays: plays(policy, here),
            pinged: distinct(probes.iter().filter_map(pinged)),
            greetings: policy.greetings.len(),
        }
    }

    /// The same with the commands that playbooks may run here.
    pub fn with_playbooks(self, shelf: &Shelf, here: &SiteId) -> Self {
        let run = self.plays.iter().flat_map(|play| play.commands(shelf, here));
        let commands = distinct(self.commands.iter().cloned().chain(run));
        Self { commands, ..self }
    }
}

/// A playbook that a route or a lever names, and what it is given.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Play {
    playbook: PlaybookId,
    /// Whom `$from` and `$to` may mean: of a lever its own site, of a route any that it prefers.
    site: SiteId,
    with: BTreeMap<String, String>,
}

fn plays(policy: &Policy, here: &SiteId) -> Vec<Play> {
    let of_route = |route: &Route| {
        let site = if route.prefer.contains(here) { Some(here) } else { route.prefer.first() };
        let (books, site) = (&route.playbooks, site.unwrap_or(here).clone());
        let books = [&books.site_down, &books.none_left, &books.site_back].map(PlaybookId::clone);
        books.map(|playbook| Play { playbook, site: site.clone(), with: BTreeMap::new() })
    };
    let of_lever = |lever: &Lever| {
        let books = [Some(lever.play.clone()), lever.until_up.clone()].into_iter().flatten();
        let (site, with) = (lever.watches.site.clone(), lever.with.clone());
        books.map(move |playbook| Play { playbook, site: site.clone(), with: with.clone() })
    };
    policy.routes.iter().flat_map(of_route).chain(policy.levers.iter().flat_map(of_lever)).collect()
}

impl Play {
    /// The commands that it may run at a site.
    fn commands(&self, shelf: &Shelf, here: &SiteId) -> Vec<String> {
        let Some(playbook) = shelf.get(&self.playbook) else { return Vec::new() };
        let steps = playbook.steps.iter().filter(|step| self.may_be_done(playbook, step, here));
        steps.flat_map(commands).map(|command| command.to_string()).collect()
    }

    /// What an input of it is.
    fn meant<'a>(&'a self, playbook: &'a Playbook, name: &str) -> &'a str {
        match name {
            "from" | "to" => self.site.as_str(),
            other => playbook.inputs.value(other, &self.with).unwrap_or_default(),
        }
    }

    fn may_be_done(&self, playbook: &Playbook, step: &PlaybookStep, here: &SiteId) -> bool {
        match &step.at {
            Doer::Executor | Doer::Leader | Doer::All | Doer::Reachable => true,
            Doer::Site(at) => at.fill(|name| self.meant(playbook, name)) == here.as_str(),
        }
    }
}

/// What a step runs, both ways, and by what it is checked.
fn commands(step: &PlaybookStep) -> Vec<&CommandId> {
    let back = match &step.undo {
        WayBack::Wish(back) => Some(back),
        WayBack::No(_) => None,
    };
    let both = [Some(&step.ensure), back].into_iter().flatten();
    let exec = both.filter_map(|wish| match wish {
        Wish::Exec { command, check } => Some([command, check]),
        Wish::RoutePointsAt { .. }
        | Wish::Notify { .. }
        | Wish::Wait { .. }
        | Wish::SiteReady { .. }
        | Wish::Http(_) => None,
    });
    exec.flatten().collect()
}

fn carriers(policy: &Policy) -> Vec<CarrierAsk> {
    let ask = |carrier: &policies::policy::Carrier| {
        let routes = policy.routes.iter().filter(|route| route.carrier == carrier.id);
        let numbers: Vec<Number> = routes.flat_map(|route| route.numbers.iter().cloned()).collect();
        let name = carrier.host.parse::<IpAddr>().is_err();
        (!numbers.is_empty()).then(|| CarrierAsk {
            carrier: carrier.id.clone(),
            host: name.then(|| carrier.host.clone()),
            numbers,
            rate: carrier.rate,
        })
    };
    policy.carriers.iter().filter_map(ask).collect()
}

fn distinct<T: PartialEq>(of: impl Iterator<Item = T>) -> Vec<T> {
    let mut all: Vec<T> = Vec::new();
    for one in of {
        if !all.contains(&one) {
            all.push(one);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = include_str!("../../../policies/tests/fixtures/bytemark.yaml");
    const BOOKS: [&str; 2] = [
        include_str!("../../../playbooks/tests/fixtures/withdraw-prefix.yaml"),
        include_str!("../../../playbooks/tests/fixtures/announce-prefix.yaml"),
    ];

    #[test]
    fn the_commands_of_a_lever_are_looked_at_where_it_is_pulled_and_nowhere_else() {
        let policy = Policy::read("bytemark.yaml", WHOLE).unwrap();
        let books = BOOKS.map(|text| Playbook::read("a playbook", text).unwrap());
        let shelf: Shelf = books.map(|book| (book.name.clone(), book)).into();
        let asked = |site: &str| {
            let here = SiteId::new(site);
            let probed = Asks::of(&policy, &here);
            let (before, asks) = (probed.commands.clone(), probed.with_playbooks(&shelf, &here));
            asks.commands.into_iter().filter(|name| !before.contains(name)).collect::<Vec<_>>()
        };
        let anycast = ["withdraw-anycast", "anycast-withdrawn", "announce-anycast", "anycast-announced"];
        assert_eq!(asked("london"), anycast);
        assert_eq!(asked("manchester"), [""; 0]);
    }
}
