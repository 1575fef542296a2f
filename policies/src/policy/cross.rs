//! What only shows when sections are compared: unknown names, numbers with two routes, loops, hopeless votes.

use super::Pace;
use super::draft::{Draft, DraftLever, DraftProbe, DraftRoute, Named, Written};
use super::numbers::e164;
use super::probes::Probe;
use super::rings;
use super::sites::Site;
use state::document::{Fault, Faults, Place, nearest, spell};
use state::{Number, SiteId, Subject};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::net::SocketAddr;

/// The most sites: every one of them is asked by, and agrees with, every other.
const SITES_MAX: usize = 16;

/// Compares the sections with each other.
pub(super) fn check(draft: &Draft, faults: &Faults) {
    votes(draft, faults);
    addresses(&draft.sites.entries, faults);
    probes(draft, faults);
    let mut owners = BTreeMap::new();
    for route in &draft.routes.entries {
        names(draft, &route.is, faults);
        numbers(&route.is, &mut owners, faults);
    }
    for route in &draft.routes.entries {
        rings::check(draft, &route.is, faults);
    }
    levers(draft, faults);
    for person in &draft.told {
        known("person", person, &draft.people, faults);
    }
}

/// Says that a name is not known, and which one may have been meant.
fn known<T>(what: &str, name: &Written<impl AsRef<str>>, among: &Named<T>, faults: &Faults) {
    let text = name.is.as_ref();
    if among.names.iter().any(|known| known == text) {
        return;
    }
    let note = match nearest(text, among.names.iter().map(String::as_str)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if among.names.is_empty() => format!("there is no {what} at all"),
        None => format!("one of: {}", among.names.join(", ")),
    };
    faults.add(Fault::at(name.place, format!("there is no {what} `{text}`")).note(note));
}

/// Whether a verdict is possible at all: it needs a majority, and two sites.
fn votes(draft: &Draft, faults: &Faults) {
    let sites = &draft.sites;
    // Votes that could not be read would be counted as none.
    if sites.entries.len() < sites.names.len() || sites.names.is_empty() {
        return;
    }
    if let Some(name) = sites.entries.get(SITES_MAX) {
        let fault = Fault::at(name.place, format!("more than {SITES_MAX} sites"));
        faults.add(fault.note("they would spend their time agreeing"));
    }
    let voters: Vec<&Site> =
        sites.entries.iter().map(|site| &site.is).filter(|site| site.votes > 0).collect();
    let hint = "give one vote to each site, and two to the one that is farthest away";
    if voters.is_empty() {
        faults.add(Fault::at(draft.sites_at, "no site has a vote: nothing can ever be decided").hint(hint));
    } else if voters.len() == 1 {
        let message = format!("only `{}` has votes: a verdict needs two sites", voters[0].id);
        faults.add(Fault::at(draft.sites_at, message).hint(hint));
    }
}

/// An address belongs to one site: two sites with one PBX could not be told apart at the carrier.
fn addresses<'s>(sites: &'s [Written<Site>], faults: &Faults) {
    let mut agents: BTreeMap<SocketAddr, &SiteId> = BTreeMap::new();
    let mut pbxs: BTreeMap<SocketAddr, &SiteId> = BTreeMap::new();
    for Written { place, is: site } in sites {
        let once = |what: &str, address: SocketAddr, seen: &mut BTreeMap<SocketAddr, &'s SiteId>| {
            let Some(other) = seen.insert(address, &site.id) else { return };
            let message = if *other == site.id {
                format!("two doors of `{other}` have the same address, {address}")
            } else {
                format!("`{}` and `{other}` have the same {what}, {address}", site.id)
            };
            faults.add(Fault::at(*place, message).note("an address belongs to one site"));
        };
        once("agent", site.address, &mut agents);
        site.doors().for_each(|(_, door)| once("PBX", door, &mut pbxs));
    }
}

/// A probe belongs to a site, and enough sites must ask it for a verdict.
fn probes(draft: &Draft, faults: &Faults) {
    for Written { place, is } in &draft.reaches {
        known("carrier", &Written { place: *place, is: is.carrier.clone() }, &draft.carriers, faults);
    }
    for probe in &draft.probes {
        let subject = &probe.is.probe.subject;
        let site = Written { place: probe.place, is: subject.site.to_string() };
        known("site", &site, &draft.sites, faults);
        doors(draft, probe, faults);
        let Some(by) = &probe.is.by else { continue };
        for site in by {
            known("site", &Written { place: site.place, is: site.is.to_string() }, &draft.sites, faults);
        }
        once(by, "asks twice", faults);
        let votes = |site: &Written<Site>| site.is.votes > 0 && by.iter().any(|asks| asks.is == site.is.id);
        if draft.sites.entries.iter().filter(|site| votes(site)).count() < 2 {
            let message = format!("`{subject}` is asked by fewer than two sites with votes");
            faults.add(Fault::at(probe.place, message).note("a verdict needs two sites"));
        } else {
            left(draft, (probe.place, &subject.site), by, faults);
        }
    }
}

/// Once a site is dead, the others that ask about it must be able to say so.
fn left(draft: &Draft, (place, dead): (Place, &SiteId), by: &[Written<SiteId>], faults: &Faults) {
    let asks = |site: &&Written<Site>| site.is.votes > 0 && by.iter().any(|asks| asks.is == site.is.id);
    let asking: Vec<&Site> = draft.sites.entries.iter().filter(asks).map(|site| &site.is).collect();
    let votes = |of: &mut dyn Iterator<Item = &&Site>| of.map(|site| u32::from(site.votes)).sum::<u32>();
    let others = asking.iter().filter(|site| site.id != *dead);
    let (left, all) = (votes(&mut others.clone()), votes(&mut asking.iter()));
    if left * 2 <= all || others.count() < 2 {
        let message = format!("once {dead} is dead, nobody could say so: {left} of {all} votes are left");
        faults.add(Fault::at(place, message).note("let two other sites ask, with more votes than it has"));
    }
}

/// The PBXs of a site with several doors are all asked in the same way, each at its own address.
fn doors(draft: &Draft, probe: &Written<DraftProbe>, faults: &Faults) {
    let Probe { subject, ask, .. } = &probe.is.probe;
    let site = draft.sites.entries.iter().find(|site| site.is.id == subject.site);
    let several = site.is_some_and(|site| site.is.doors().count() > 1);
    if several && *subject == Subject::pbx(&subject.site) && !ask.goes_anywhere() {
        let message = format!("`{}` has several doors, and this asks none of them", subject.site);
        faults.add(Fault::at(probe.place, message).note("one of: sip_options, tcp, icmp, ami"));
    }
}

/// A lever watches what is judged by others, and long enough for them to be sure.
fn levers(draft: &Draft, faults: &Faults) {
    let mut seen: BTreeMap<&Subject, Place> = BTreeMap::new();
    for Written { place, is: DraftLever { lever, after } } in &draft.levers {
        watched(draft, (*place, &lever.watches), faults);
        if let Some(first) = seen.insert(&lever.watches, *place) {
            let note = format!("first in line {}; one playbook can do both", first.line);
            faults.add(Fault::at(*place, format!("`{}` has a rule already", lever.watches)).note(note));
        }
        let site = draft.sites.entries.iter().find(|site| site.is.id == lever.watches.site);
        let (Some(site), Some(after), Some(place)) = (site, lever.after, after) else { continue };
        let Pace { every, fall, .. } = site.is.pace;
        if after < every * fall {
            let (least, site) = (spell(every * fall), &site.is.id);
            let sum = format!("for >= every x fall    {} >= {least}    is false", spell(after));
            let message = format!("nobody is sure of {site} so soon");
            faults.add(Fault::at(*place, message).sum(sum).hint(format!("`for: {least}`")));
        }
    }
}

/// What a lever watches is a PBX, or something that is probed.
fn watched(draft: &Draft, (place, subject): (Place, &Subject), faults: &Faults) {
    let pbxs = draft.sites.entries.iter().map(|site| Subject::pbx(&site.is.id));
    let probed = draft.probes.iter().map(|probe| probe.is.probe.subject.clone());
    let known: Vec<String> = pbxs.chain(probed).map(|subject| subject.to_string()).collect();
    let name = subject.to_string();
    if known.contains(&name) {
        return;
    }
    let note = match nearest(&name, known.iter().map(String::as_str)) {
        Some(meant) => format!("did you mean `{meant}`? else ask it, under `probes`"),
        None if subject.is_inbound() => {
            "a site says that of itself, and only its routes are moved by it".to_owned()
        }
        None => format!("`probes: {{ {name}: {{ tcp: 5060 }} }}` would ask it"),
    };
    faults.add(Fault::at(place, format!("nobody probes `{name}`")).note(note));
}

/// The names in a route.
fn names(draft: &Draft, route: &DraftRoute, faults: &Faults) {
    known("carrier", &route.carrier, &draft.carriers, faults);
    for site in &route.prefer {
        known("site", &Written { place: site.place, is: site.is.to_string() }, &draft.sites, faults);
    }
    once(&route.prefer, "is preferred twice", faults);
    last_resort(route, faults);
    if route.prefer.is_empty() {
        let fault = Fault::at(route.prefer_at, format!("`{}` has nowhere to ring", route.name));
        faults.add(fault.note("at least one site"));
    }
}

/// A last resort is one of the route's sites, and there is a better one.
fn last_resort(route: &DraftRoute, faults: &Faults) {
    once(&route.last_resort, "is a last resort twice", faults);
    let preferred = |site: &Written<SiteId>| route.prefer.iter().any(|prefer| prefer.is == site.is);
    for site in route.last_resort.iter().filter(|site| !preferred(site)) {
        let message = format!("`{}` is no site of `{}`", site.is, route.name);
        faults.add(Fault::at(site.place, message).note("a last resort stands in `prefer` as well"));
    }
    let last = |site: &SiteId| route.last_resort.iter().any(|last| last.is == *site);
    for site in route.last_resort.iter().filter(|site| preferred(site)) {
        let above = route.prefer.iter().map(|prefer| &prefer.is).take_while(|prefer| **prefer != site.is);
        if above.into_iter().all(last) {
            let message = format!("no site of `{}` is better than `{}`", route.name, site.is);
            faults.add(Fault::at(site.place, message).note("a last resort stands at the end of `prefer`"));
        }
    }
}

/// A name stands in a list once.
fn once<T: Ord + Display>(names: &[Written<T>], does: &str, faults: &Faults) {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(&name.is) {
            faults.add(Fault::at(name.place, format!("`{}` {does}", name.is)).note("leave one of them out"));
        }
    }
}

/// A number has one route, and stands in it once.
fn numbers<'d>(
    route: &'d DraftRoute,
    owners: &mut BTreeMap<String, (&'d str, &'d Number, Place)>,
    faults: &Faults,
) {
    for Written { place, is: number } in &route.numbers {
        // Ported or not, the world dials the same number.
        let Some((owner, as_written, first)) = owners.insert(e164(number), (&route.name, number, *place))
        else {
            continue;
        };
        let message = if owner != route.name {
            format!("`{number}` belongs to the route `{owner}` already")
        } else if as_written == number {
            format!("`{number}` is in the route twice")
        } else {
            format!("`{number}` and `{as_written}` are one number")
        };
        faults.add(
            Fault::at(*place, message).note(format!("first in line {}, column {}", first.line, first.column)),
        );
    }
}
