//! Where routes ring: somewhere else in each site, never in our own numbers, and only where a carrier can be told to.

use super::destination::{Unfit, fit};
use super::draft::{Draft, DraftRoute};
use super::numbers::e164;
use super::sites::SIP_PORT;
use super::template::Template;
use state::document::{Fault, Faults};
use state::{Destination, Number, SiteId};
use std::collections::BTreeSet;
use std::net::SocketAddr;

/// A PBX that every carrier can be told of.
const EXAMPLE: ([u8; 4], u16) = ([192, 0, 2, 11], SIP_PORT);

/// A route must ring somewhere else in each site, and never in one of our own numbers.
pub(super) fn check(draft: &Draft, route: &DraftRoute, faults: &Faults) {
    let ours: BTreeSet<String> = draft
        .routes
        .entries
        .iter()
        .flat_map(|route| &route.is.numbers)
        .map(|number| e164(&number.is))
        .collect();
    for template in std::iter::once(&route.to).chain(&route.refuge).chain(&route.behind) {
        for number in &route.numbers {
            let shown = template.is.fill(&number.is, EXAMPLE.into());
            if dialled(&shown).is_some_and(|dialled| ours.contains(&dialled)) {
                let message = format!("calls to `{}` would go round in a loop", number.is);
                faults.add(Fault::at(template.place, message).note("this is one of our own numbers"));
                return;
            }
        }
    }
    taken(draft, route, faults);
    if let Some(refuge) = route.refuge.as_ref().filter(|refuge| refuge.is.names_the_site()) {
        let fault = Fault::at(refuge.place, "a refuge is no site, so it has no `$pbx`");
        faults.add(fault.note("such as the number of a landline: `\"441134960999\"`"));
    }
    behind(route, faults);
    if !route.to.is.names_the_site() {
        let fault = Fault::at(route.to.place, "this is the same in every site");
        faults.add(fault.note("`$pbx` is the site's: `S:$number@$pbx`"));
    }
}

/// What the carrier would refuse when a site is dead is refused now.
fn taken(draft: &Draft, route: &DraftRoute, faults: &Faults) {
    let Some(number) = route.numbers.first() else { return };
    let told = |to: &Template, pbx: SocketAddr| fit(to.fill(&number.is, pbx).as_str());
    for to in std::iter::once(&route.to).chain(&route.refuge).chain(&route.behind) {
        if let Err(unfit) = told(&to.is, EXAMPLE.into()) {
            faults.add(Fault::at(to.place, unfit.to_string()).note(unfit.instead(&to.is.to_string())));
        }
    }
    let doors = |site: &SiteId| {
        let site = draft.sites.entries.iter().find(|known| known.is.id == *site);
        let places = site.and_then(|site| draft.doors.get(&site.is.id)).into_iter().flatten();
        site.into_iter().flat_map(|site| site.is.doors()).zip(places).collect::<Vec<_>>()
    };
    if !route.to.is.names_the_site() || told(&route.to.is, EXAMPLE.into()).is_err() {
        return;
    }
    for ((door, pbx), place) in route.prefer.iter().flat_map(|site| doors(&site.is)) {
        if let Err(unfit) = told(&route.to.is, pbx) {
            let message = format!("`{}` cannot ring in {door}: {unfit}", route.name);
            faults.add(Fault::at(*place, message).note(at_the_door(unfit, pbx)));
        }
    }
}

/// What can be written for a door that no carrier can be told of.
fn at_the_door(unfit: Unfit, pbx: SocketAddr) -> String {
    match unfit {
        Unfit::Port => format!("`{}`: it calls at {SIP_PORT}", pbx.ip()),
        Unfit::Form
        | Unfit::Password
        | Unfit::User
        | Unfit::Host
        | Unfit::Newer
        | Unfit::Country
        | Unfit::Digits => unfit.instead(&pbx.to_string()),
    }
}

/// What stands behind is the same whatever site a route rings in, and stands there once.
fn behind(route: &DraftRoute, faults: &Faults) {
    for to in route.behind.iter().filter(|to| to.is.names_the_site()) {
        let fault = Fault::at(to.place, "what stands behind is no site, so it has no `$pbx`");
        faults.add(fault.note("an address, such as `S:$number@203.0.113.131`"));
    }
    if let [first, second] = route.behind.as_slice()
        && first.is == second.is
    {
        let fault = Fault::at(second.place, "the same stands behind twice");
        faults.add(fault.note("leave one of them out"));
    }
}

/// The number that a carrier would dial for a destination, if it is one: `441189999999`, `+44...`, `0118...`.
fn dialled(shown: &Destination) -> Option<String> {
    let digits = shown.as_str().trim_start_matches('+');
    let all = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    all.then(|| e164(&Number::new(digits)))
}
