//! What is ours and stands where only something else can: our own machines as references, our own numbers for messages.

use super::draft::{Draft, Written};
use super::numbers::e164;
use state::document::{Fault, Faults};
use state::{Number, SiteId};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

/// Compares the references and the people with what the cluster itself has.
pub(super) fn check(draft: &Draft, faults: &Faults) {
    let mut seen = BTreeSet::new();
    for Written { place, is } in &draft.references {
        if !seen.insert(*is) {
            let fault = Fault::at(*place, format!("the reference `{}` is asked twice", is.ip()));
            faults.add(fault.note("leave one of them out"));
        }
        if let Some(owner) = owner(draft, is.ip()) {
            let fault = Fault::at(*place, format!("the reference `{}` is {owner}", is.ip()));
            faults.add(fault.note("an address of somebody else, such as a provider's name server"));
        }
    }
    messages(draft, faults);
    magic(draft, faults);
}

/// A magic number is dialled when the others ring in the wrong place.
fn magic(draft: &Draft, faults: &Faults) {
    let mut seen: BTreeMap<String, &SiteId> = BTreeMap::new();
    let ours = numbers(draft);
    for Written { place, is: site } in &draft.sites.entries {
        let Some(dialled) = site.magic.as_ref().map(|digits| e164(&Number::new(digits.as_str()))) else {
            continue;
        };
        if ours.contains(&dialled) {
            let fault = Fault::at(*place, format!("the magic number of {} is a number of a route", site.id));
            faults.add(fault.note("a number that rings in this site whatever becomes of the routes"));
        }
        if let Some(other) = seen.insert(dialled, &site.id) {
            let fault = Fault::at(*place, format!("{} and {other} have the same magic number", site.id));
            faults.add(fault.note("one number for each site"));
        }
    }
}

/// The numbers of all routes, as the world dials them.
fn numbers(draft: &Draft) -> BTreeSet<String> {
    draft.routes.entries.iter().flat_map(|route| &route.is.numbers).map(|number| e164(&number.is)).collect()
}

/// Whose an address is, if it is ours: such a reference answers its own site whatever is cut.
fn owner(draft: &Draft, address: IpAddr) -> Option<String> {
    let is = |socket: SocketAddr| socket.ip() == address;
    draft.sites.entries.iter().find_map(|site| {
        let what = [("agent", site.is.address), ("PBX", site.is.pbx)];
        what.into_iter()
            .find(|(_, socket)| is(*socket))
            .map(|(what, _)| format!("the {what} of {}", site.is.id))
    })
}

/// A message to a number that is moved would reach whoever answers the phone, or nobody.
fn messages(draft: &Draft, faults: &Faults) {
    let ours = numbers(draft);
    for person in &draft.people.entries {
        let Some(Written { place, is: sms }) = &person.is.sms else { continue };
        if ours.contains(sms.trim_start_matches('+')) {
            let fault = Fault::at(*place, format!("`{sms}` is one of our own numbers"));
            faults.add(fault.note("the number of a mobile phone"));
        }
    }
}
