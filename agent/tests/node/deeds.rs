//! The part of the stories' language that is about commands: what each site can run, what it did, and what breaks.

use super::desk;
use super::outside::{Mail, Outside};
use super::share::Share;
use super::world::{Cluster, TRIP};
use agent::act::outcome::{ordered, untried};
use agent::command::{Answer, Command};
use agent::event::{Event, Order};
use agent::node::Stands;
use playbooks::Playbook;
use state::fact::{Closure, Was};
use state::plan::Ensure;
use state::{Destination, Nonce, Number, PlaybookId, SiteId};
use std::collections::BTreeMap;
use std::time::Duration;

/// The playbooks of the stories, beside the shipped ones: what persons play, and what the rules of levers do.
const PLAYBOOKS: [&str; 12] = [
    include_str!("playbooks/anywhere.yaml"),
    include_str!("playbooks/withdraw.yaml"),
    include_str!("playbooks/once.yaml"),
    include_str!("playbooks/own-switch.yaml"),
    include_str!("playbooks/one-switch.yaml"),
    include_str!("playbooks/everywhere.yaml"),
    include_str!("playbooks/slowly.yaml"),
    include_str!("playbooks/proven.yaml"),
    include_str!("playbooks/withdraw-prefix.yaml"),
    include_str!("playbooks/announce-prefix.yaml"),
    include_str!("playbooks/take-away.yaml"),
    include_str!("playbooks/bring-back.yaml"),
];

/// How the commands of a site behave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Commands {
    #[default]
    Well,
    /// The site file has none.
    Lacking,
    /// They end with 1 and have done nothing.
    Fail,
    /// They do it and do not come to an end.
    Hang,
}

/// What is true of commands in a story.
#[derive(Default)]
pub struct Deeds {
    behave: BTreeMap<SiteId, Commands>,
    /// The sites whose prefix is withdrawn.
    withdrawn: BTreeMap<SiteId, bool>,
    /// Every command that was run, and is no check.
    ran: Vec<(Duration, SiteId, String)>,
}

/// All playbooks of the stories.
pub fn playbooks() -> impl Iterator<Item = Playbook> {
    let shipped = playbooks::shipped().iter().map(|(_, text)| *text);
    let read = |text| Playbook::read("a story's", text).unwrap_or_else(|report| panic!("{report}"));
    shipped.chain(PLAYBOOKS).map(read)
}

/// Whether a site has what it takes.
pub fn equipped(outside: &Outside, here: &SiteId, (nonce, ensure): (Nonce, &Ensure)) -> Event {
    let Ensure::Exec { command, .. } = ensure else { return Event::Prepared { nonce } };
    match outside.deeds.behave.get(here) {
        Some(Commands::Lacking) => Event::Unprepared { nonce, why: format!("no command `{command}` here") },
        Some(Commands::Well | Commands::Fail | Commands::Hang) | None => Event::Prepared { nonce },
    }
}

/// What a command or a switch is called, the name of who looks at it, and whether the prefix shall be withdrawn.
fn meant(ensure: &Ensure) -> (String, String, bool) {
    match ensure {
        Ensure::Exec { command, check } => {
            (command.to_string(), check.to_string(), check.as_str() == "withdrawn")
        }
        Ensure::Http(switch) => {
            let wanted = switch.shows.as_ref().is_some_and(|shows| shows.is == "withdrawn");
            ("throw".to_owned(), "the reading".to_owned(), wanted)
        }
        Ensure::RoutePointsAt { .. }
        | Ensure::BehindPrepared { .. }
        | Ensure::Notify { .. }
        | Ensure::Waited { .. }
        | Ensure::SiteReady { .. } => panic!("{ensure:?} is neither a command nor a switch"),
    }
}

/// Where it stands: each site has its own prefix, and all of them together one switch.
fn place(here: &SiteId, ensure: &Ensure) -> SiteId {
    if ensure.is_each_sites_own() { here.clone() } else { SiteId::new("switch") }
}

/// How it stands, as whoever looks says.
pub fn seen(outside: &Outside, here: &SiteId, ensure: &Ensure) -> Stands {
    let (_, check, wanted) = meant(ensure);
    if outside.deeds.behave.get(here) == Some(&Commands::Lacking) {
        return Err(format!("no command `{check}` here"));
    }
    if outside.deeds.withdrawn.get(&place(here, ensure)).copied().unwrap_or_default() == wanted {
        return Ok((Was::Right, format!("{check} says it is so")));
    }
    Ok((Was::Wrong, format!("{check} says it is not so")))
}

impl Share {
    /// Look, do, look again.
    pub fn ensure(&self, order: &Order) {
        let mut outside = self.outside.borrow_mut();
        let (now, here) = (outside.now, self.here.clone());
        let (command, _, wanted) = meant(&order.ensure);
        let place = place(&here, &order.ensure);
        let is = outside.deeds.withdrawn.get(&place).copied().unwrap_or_default();
        let behaves = outside.deeds.behave.get(&here).copied().unwrap_or_default();
        let close = order.close_by.since_boot().saturating_sub(now);
        let (after, report) = if outside.revoked.contains(&order.fence) {
            (TRIP, untried(order, "a new leader revoked it"))
        } else if is == wanted {
            (TRIP, ordered(order, (Was::Right, Closure::Closed), "it was so already".to_owned()))
        } else {
            outside.deeds.ran.push((now, here.clone(), command.clone()));
            if behaves != Commands::Fail {
                outside.deeds.withdrawn.insert(place, wanted);
            }
            match behaves {
                Commands::Hang => {
                    let why = "it took too long and was killed".to_owned();
                    (close, ordered(order, (Was::Unknown, Closure::Open), why))
                }
                Commands::Fail => {
                    let why = format!("{command} ended with 1");
                    (TRIP, ordered(order, (Was::Wrong, Closure::Closed), why))
                }
                Commands::Well | Commands::Lacking => {
                    (TRIP * 5, ordered(order, (Was::Right, Closure::Closed), String::new()))
                }
            }
        };
        let event = Event::Executed { fence: order.fence, report };
        outside.post(after, (&here, self.boot), Mail::Event(event));
    }
}

/// What a story does: this, or something at somebody's desk.
pub fn act(cluster: &mut Cluster, words: &[&str]) {
    match words {
        ["commands", name, how] => {
            let how = match *how {
                "well" => Commands::Well,
                "lacking" => Commands::Lacking,
                "fail" => Commands::Fail,
                "hang" => Commands::Hang,
                strange => panic!("commands are never {strange}"),
            };
            cluster.outside.borrow_mut().deeds.behave.insert(SiteId::new(*name), how);
        }
        ["play", playbook, "to", to, "at", at, given @ ..] => {
            let mut args = BTreeMap::from([("route", "main"), ("to", *to)]);
            args.extend(given.iter().filter_map(|pair| pair.split_once('=')));
            let args = args.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
            let (playbook, because) = (PlaybookId::new(*playbook), "the test says so".to_owned());
            cluster.order(&SiteId::new(*at), Command::Play { playbook, args, because });
        }
        ["prepare", "at", at] => {
            let (playbook, because) = (PlaybookId::new(playbooks::PREPARE), "the test says so".to_owned());
            cluster.order(&SiteId::new(*at), Command::Play { playbook, args: BTreeMap::new(), because });
        }
        // Somebody writes a slot of the first number at the carrier.
        ["slot", slot, "gets", value] => {
            let slot = Number::new("02079460000").at_slot(slot.parse().expect("the story is well formed"));
            cluster.outside.borrow_mut().shows.insert(slot, Destination::new(*value));
        }
        others => desk::act(cluster, others),
    }
}

/// What a story expects: nothing if it was not this.
pub fn expect(cluster: &Cluster, words: &[&str]) -> Option<Result<(), String>> {
    let outside = cluster.outside.borrow();
    let deeds = &outside.deeds;
    if let ["refused", rest @ ..] = words {
        let last = outside.answers.values().last();
        let good = matches!(last, Some(Answer::Refused { why, .. }) if why.contains(&rest.join(" ")));
        return Some(if good { Ok(()) } else { Err(format!("{last:?}")) });
    }
    let times = |count: &str, site: Option<&str>, command: &str| {
        let meant =
            deeds.ran.iter().filter(|(_, at, ran)| ran == command && site.is_none_or(|s| at.as_str() == s));
        if meant.count().to_string() == count { Ok(()) } else { Err(format!("{:?}", deeds.ran)) }
    };
    Some(match words {
        ["slot", slot, "shows", value] => {
            let slot = Number::new("02079460000").at_slot(slot.parse().expect("the story is well formed"));
            let shows = outside.shows.get(&slot).map_or("nothing", Destination::as_str);
            if shows == *value { Ok(()) } else { Err(shows.to_owned()) }
        }
        ["set", place, "is", "slot", slot] => {
            let place: usize = place.parse().expect("the story is well formed");
            let is = outside.sets.get(place - 1).map(|set| set.number.slot().to_string());
            if is.as_deref() == Some(*slot) { Ok(()) } else { Err(format!("{is:?}")) }
        }
        ["ran", command, count, "times"] => times(count, None, command),
        ["ran", command, "at", site, count, "times"] => times(count, Some(site), command),
        ["ran", command, "apart", seconds] => {
            let at: Vec<Duration> =
                deeds.ran.iter().filter(|(_, _, ran)| ran == command).map(|(at, _, _)| *at).collect();
            let least = Duration::from_secs(seconds.parse().expect("the story is well formed"));
            let apart = at.len() > 1 && at.windows(2).all(|pair| pair[1] - pair[0] >= least);
            if apart { Ok(()) } else { Err(format!("{at:?}")) }
        }
        _ => return None,
    })
}
