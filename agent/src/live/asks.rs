//! What a policy makes worth a look at one site: carriers with their numbers, logins, relays, commands, pings.

use policies::Policy;
use policies::policy::{Ask, Probe};
use state::{CarrierId, Destination, Number, SiteId};
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
    /// Commands of the site file that probes of this site run.
    pub commands: Vec<String>,
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
    /// What the policy says of their slots 2 and 3, by the names of the slots.
    pub behind: BTreeMap<Number, Destination>,
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
            pinged: distinct(probes.iter().filter_map(pinged)),
            greetings: policy.greetings.len(),
        }
    }
}

fn carriers(policy: &Policy) -> Vec<CarrierAsk> {
    let ask = |carrier: &policies::policy::Carrier| {
        let routes = policy.routes.iter().filter(|route| route.carrier == carrier.id);
        let numbers: Vec<Number> = routes.clone().flat_map(|route| route.numbers.iter().cloned()).collect();
        let behind = routes.flat_map(|route| route.numbers.iter().flat_map(|n| policy.behind(route, n)));
        let name = carrier.host.parse::<IpAddr>().is_err();
        (!numbers.is_empty()).then(|| CarrierAsk {
            carrier: carrier.id.clone(),
            host: name.then(|| carrier.host.clone()),
            numbers,
            behind: behind.collect(),
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
