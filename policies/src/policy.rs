//! The policy: who the sites are, what is asked of them, and where each route may ring.

mod asks;
mod carriers;
mod cross;
mod deadman;
mod destination;
mod draft;
mod hours;
mod kept;
mod numbers;
mod ours;
mod pace;
mod people;
mod probes;
mod reaches;
mod read;
mod rings;
mod routes;
mod sites;
mod template;
mod url;
mod when;

pub use asks::{Ask, Dns, Http, Record, RecordType, Transport};
pub use carriers::{Carrier, Tls};
pub use deadman::Deadman;
pub use destination::{Unfit, sayable};
pub use hours::{Hours, next_at};
pub use kept::{Greeting, SorryPage, keys as kept_keys};
pub use numbers::e164;
pub use pace::Pace;
pub use people::{Alerts, Mail, OnCall, Person, Tell, Told};
pub use probes::Probe;
pub use reaches::Reach;
pub use routes::{Budget, Failback, Playbooks, Route};
pub use sites::Site;
pub use template::Template;
pub use when::Lever;

use jiff::tz::TimeZone;
use state::document::{self, Faults, Report, Sketch, Value};
use state::fact::Mode;
use state::{CarrierId, Destination, Number, RouteId, SiteId, Subject};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

/// A policy with every key that there is.
const SAMPLE: &str = include_str!("../tests/fixtures/full.yaml");

/// A policy that has been read and holds together: every name in it is known, every number has one route.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// The cluster's name, part of every certificate.
    pub cluster: String,
    /// The local time of calendars and of people, from the bundled tables.
    pub timezone: TimeZone,
    /// The mode of every route, if the policy sets one.
    pub mode: Option<Mode>,
    /// The sites in the order of the policy.
    pub sites: Vec<Site>,
    /// What is asked, the PBX of every site included.
    pub probes: Vec<Probe>,
    /// If none of these answers a site, the fault is its own; a refused connection is an answer too.
    pub references: Vec<SocketAddr>,
    /// The carriers in the order of the policy.
    pub carriers: Vec<Carrier>,
    /// How gently some of them are asked; the others in the usual way.
    pub reaches: BTreeMap<CarrierId, Reach>,
    /// The routes in the order of the policy.
    pub routes: Vec<Route>,
    /// What is moved and is no route, in the order of the policy.
    pub levers: Vec<Lever>,
    /// The people in the order of the policy.
    pub people: Vec<Person>,
    /// Who is told, and how.
    pub alerts: Alerts,
    /// When automation hands over to people.
    pub deadman: Deadman,
    /// What callers can be told; kept, and not acted on yet.
    pub greetings: Vec<Greeting>,
    /// What visitors of web pages can be told; kept, and not acted on yet.
    pub sorry_pages: Vec<SorryPage>,
}

impl Policy {
    /// Reads a policy; `name` is what the report calls the text.
    ///
    /// # Errors
    /// Every fault of the text, of all sections at once, each at its place.
    pub fn read(name: &str, text: &str) -> Result<Self, Report> {
        let faults = Faults::new();
        let policy = document::read(text, &faults).and_then(|tree| read::policy(&tree, &faults));
        match (policy, faults.report(name, text)) {
            (_, Some(report)) => Err(report),
            (Some(policy), None) => Ok(policy),
            (None, None) => unreachable!("a policy that cannot be read has left a fault"),
        }
    }

    /// The language itself, as far as editors can be told of it: what is asked of the policy that has every key.
    pub fn sketch() -> Sketch {
        let faults = Faults::sketching();
        let tree = document::read(SAMPLE, &faults).expect("the sample is read in the tests");
        drop(read::policy(&tree, &faults));
        Sketch::of(Value::root(&tree, &faults))
    }

    /// A site by its name.
    pub fn site(&self, site: &SiteId) -> Option<&Site> {
        self.sites.iter().find(|known| known.id == *site)
    }

    /// A route by its name.
    pub fn route(&self, route: &RouteId) -> Option<&Route> {
        self.routes.iter().find(|known| known.id == *route)
    }

    /// A lever by its name.
    pub fn lever(&self, lever: &RouteId) -> Option<&Lever> {
        self.levers.iter().find(|known| known.id() == *lever)
    }

    /// How long what a lever watches must have been dark for it to be pulled.
    pub fn after(&self, lever: &Lever) -> Duration {
        lever.after.unwrap_or_else(|| self.pace(&lever.watches).blip)
    }

    /// The same service as a lever watches, wherever else it is probed.
    pub fn beside(&self, lever: &Lever) -> Vec<Subject> {
        let mut others = self.subjects();
        others.retain(|other| other.service == lever.watches.service && *other != lever.watches);
        others
    }

    /// A carrier by its name.
    pub fn carrier(&self, carrier: &CarrierId) -> Option<&Carrier> {
        self.carriers.iter().find(|known| known.id == *carrier)
    }

    /// How gently a carrier is asked whether it is reached.
    pub fn reach(&self, carrier: &CarrierId) -> Reach {
        self.reaches.get(carrier).copied().unwrap_or(Reach::USUAL)
    }

    /// All votes together.
    pub fn votes(&self) -> u32 {
        self.sites.iter().map(|site| u32::from(site.votes)).sum()
    }

    /// The least number of votes that wins.
    pub fn majority(&self) -> u32 {
        self.votes() / 2 + 1
    }

    /// What is judged, in the order of the policy: the PBX of every site, then whatever else is probed, then whether
    /// calls reach each site.
    pub fn subjects(&self) -> Vec<Subject> {
        let probed = self.probes.iter().map(|probe| probe.subject.clone());
        let asked = self.carriers.iter().any(|carrier| !self.signalling(carrier).is_empty());
        let inbound = self.sites.iter().filter(|_| asked).map(|site| Subject::inbound(&site.id));
        probed.chain(inbound).collect()
    }

    /// Where it is asked whether a carrier's calls can come in: nowhere without references, because a site that is
    /// believed about itself must know that its own way out is well.
    pub fn signalling<'p>(&self, carrier: &'p Carrier) -> &'p [SocketAddr] {
        if self.references.is_empty() { &[] } else { &carrier.signalling }
    }

    /// How a subject is asked.
    pub fn probe(&self, subject: &Subject) -> Option<&Probe> {
        self.probes.iter().find(|probe| probe.subject == *subject)
    }

    /// The sites that probe a subject and whose ballots on it count, in the order of the policy.
    ///
    /// All sites with votes, unless the probe names some.
    pub fn electorate(&self, subject: &Subject) -> Vec<&Site> {
        let only = self.probe(subject).and_then(|probe| probe.by.as_ref());
        let alone = |site: &Site| !subject.is_inbound() || site.id == subject.site;
        let asked =
            |site: &&Site| site.votes > 0 && alone(site) && only.is_none_or(|only| only.contains(&site.id));
        self.sites.iter().filter(asked).collect()
    }

    /// How fast a subject is judged: the pace of its site.
    pub fn pace(&self, subject: &Subject) -> Pace {
        self.site(&subject.site.site()).map_or(Pace::CALM, |site| site.pace)
    }

    /// What the carrier is told so that a number of a route rings at a door of a site, or in its refuge; none for a
    /// door that is not known, or that no carrier can be told of.
    pub fn destination(&self, route: &Route, number: &Number, site: &SiteId) -> Option<Destination> {
        if site.is_refuge() {
            return route.refuge.as_ref().and_then(|refuge| refuge.fixed(number));
        }
        let (_, pbx) = self.site(&site.site())?.doors().find(|(door, _)| door == site)?;
        Some(route.to.fill(number, pbx)).filter(|to| sayable(to.as_str()).is_ok())
    }

    /// What stands behind a number of a route: each slot with what the carrier is told, slot 2 first.
    pub fn behind(&self, route: &Route, number: &Number) -> Vec<(Number, Destination)> {
        let slots = route.behind.iter().zip(2..);
        slots.filter_map(|(to, slot)| Some((number.at_slot(slot), to.fixed(number)?))).collect()
    }

    /// All doors of some sites, site by site.
    pub fn doors_of(&self, sites: &[SiteId]) -> Vec<SiteId> {
        let known = sites.iter().filter_map(|site| self.site(site));
        known.flat_map(|site| site.doors().map(|(door, _)| door).collect::<Vec<_>>()).collect()
    }

    /// The site of the route that a destination names, by whichever of its doors; none if it is somebody else's.
    pub fn site_of(&self, route: &Route, number: &Number, shown: &Destination) -> Option<&Site> {
        let meant = |site: &&Site| site.doors().any(|(_, pbx)| route.to.fill(number, pbx) == *shown);
        self.sites.iter().find(meant)
    }

    /// The mode that the policy gives a route: the stricter of the cluster's and its own, if it gives any.
    pub fn mode_of(&self, route: &Route) -> Option<Mode> {
        self.mode.max(route.mode)
    }
}
