//! Reads a policy section by section, compares the sections, and builds the policy if nothing is wrong.

use super::asks::At;
use super::draft::{Draft, DraftProbe, DraftReach, DraftRoute, Written};
use super::routes::MODES;
use super::{
    Pace, Policy, Probe, Reach, Route, carriers, cross, deadman, kept, ours, pace, people, probes, routes,
    sites, when,
};
use jiff::tz::TimeZone;
use state::document::{Faults, Tree, Value};
use state::{CarrierId, RouteId, Subject};
use std::net::SocketAddr;

/// What a reference is asked at: any answer proves the way out, a refusal as well.
const REFERENCE_PORT: u16 = 53;

/// The policy of a tree; none if anything is wrong, and then `faults` says what.
pub(super) fn policy(tree: &Tree, faults: &Faults) -> Option<Policy> {
    let mut top = Value::root(tree, faults).map()?;
    let cluster = top.required("cluster").and_then(Value::name);
    let timezone = top.optional("timezone").map_or(Some(TimeZone::UTC), timezone);
    let mode = top.optional("mode").and_then(|mode| mode.one_of(&MODES));
    let pace = pace::read(top.optional("pace"), Pace::CALM);
    let sites = top.required("sites");
    let references = top.optional("references").map(Value::list).unwrap_or_default();
    let reference = |value: Value<'_>| Some(Written::at(value, value.socket(REFERENCE_PORT)?));
    let references = references.into_iter().filter_map(reference).collect();
    let people::DraftAlerts { alerts, told } = people::alerts(top.optional("alerts"));
    let greetings = kept::greetings(top.optional("greetings"));
    let sorry_pages = kept::sorry_pages(top.optional("sorry_pages"));
    let deadman = deadman::read(top.optional("deadman"));
    let (probes, reaches) = probes::read(top.optional("probes"));
    let sites_at = sites.map_or(tree.place, Value::key_place);
    let (sites, doors) = sites::read(sites, pace);
    let draft = Draft {
        sites_at,
        sites,
        doors,
        probes,
        reaches,
        references,
        carriers: carriers::read(top.required("carriers")),
        routes: routes::read(top.required("routes")),
        levers: when::read(top.optional("when")),
        people: people::read(top.optional("people")),
        told,
    };
    top.finish();
    cross::check(&draft, faults);
    ours::check(&draft, faults);
    if faults.count() > 0 {
        return None;
    }
    Some(Policy {
        cluster: cluster?.to_string(),
        timezone: timezone?,
        mode,
        probes: all_probes(&draft),
        sites: plain(draft.sites.entries),
        references: plain(draft.references),
        reaches: draft.reaches.into_iter().map(reach).collect(),
        carriers: plain(draft.carriers.entries),
        levers: plain(draft.levers).into_iter().map(|draft| draft.lever).collect(),
        routes: draft.routes.entries.into_iter().map(|route| whole_route(route.is)).collect(),
        people: plain(draft.people.entries).into_iter().map(|draft| draft.person).collect(),
        alerts,
        deadman,
        greetings,
        sorry_pages,
    })
}

/// A carrier and how gently it is asked.
fn reach(draft: Written<DraftReach>) -> (CarrierId, Reach) {
    (CarrierId::new(draft.is.carrier), draft.is.reach)
}

/// The values without their places.
fn plain<T>(written: Vec<Written<T>>) -> Vec<T> {
    written.into_iter().map(|written| written.is).collect()
}

/// Reads the name of a time zone; the zones are in the program, so that two sites never disagree about 09:00.
fn timezone(value: Value<'_>) -> Option<TimeZone> {
    let text = value.words()?;
    match TimeZone::get(text) {
        Ok(zone) => Some(zone),
        Err(_) => value.refuse(format!("`{text}` is no time zone"), "such as `Europe/London` or `UTC`"),
    }
}

/// The PBX of every site, asked as the policy says or in the usual way, then whatever else is probed.
fn all_probes(draft: &Draft) -> Vec<Probe> {
    let written = |subject: &Subject| draft.probes.iter().find(|probe| probe.is.probe.subject == *subject);
    let sites = draft.sites.entries.iter().map(|site| &site.is);
    let mut probes: Vec<Probe> = sites
        .flat_map(|site| site.doors().map(move |door| (site, door)))
        .map(|(site, (door, pbx))| match written(&Subject::pbx(&site.id)) {
            // An address of its own is that of the first door: the others are asked in the same way, each at its own.
            Some(probe) if door == site.id => whole_probe(&probe.is, pbx),
            Some(probe) => {
                let elsewhere = DraftProbe { at: probe.is.at.at_the_pbx(), ..probe.is.clone() };
                Probe { subject: Subject::pbx(&door), ..whole_probe(&elsewhere, pbx) }
            }
            None => Probe::pbx(&door, pbx),
        })
        .collect();
    for probe in &draft.probes {
        let subject = &probe.is.probe.subject;
        let site = draft.sites.entries.iter().find(|site| site.is.id == subject.site);
        if let Some(site) = site.filter(|_| probes.iter().all(|known| known.subject != *subject)) {
            probes.push(whole_probe(&probe.is, site.is.pbx));
        }
    }
    probes
}

/// A probe with its address: its own, or the PBX's.
fn whole_probe(draft: &DraftProbe, pbx: SocketAddr) -> Probe {
    let address = match draft.at {
        At::Pbx(port) => Some(SocketAddr::new(pbx.ip(), port)),
        At::Own(address) => Some(address),
        At::Here => None,
    };
    Probe { address, by: draft.by.clone().map(plain), ..draft.probe.clone() }
}

/// A route whose names were all found.
fn whole_route(draft: DraftRoute) -> Route {
    Route {
        id: RouteId::new(draft.name),
        carrier: CarrierId::new(draft.carrier.is),
        numbers: plain(draft.numbers),
        to: draft.to.is,
        prefer: plain(draft.prefer),
        last_resort: plain(draft.last_resort),
        refuge: draft.refuge.map(|refuge| refuge.is),
        behind: plain(draft.behind),
        failback: draft.failback,
        budget: draft.budget,
        playbooks: draft.playbooks,
        mode: draft.mode,
    }
}
