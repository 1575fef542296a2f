//! What a policy says before its parts were compared: values with their places, for faults that span sections.

use super::asks::At;
use super::carriers::Carrier;
use super::probes::Probe;
use super::routes::{Budget, Failback, Playbooks};
use super::template::Template;
use super::{Lever, Person, Reach, Site};
use state::document::{Key, Place, Value};
use state::fact::Mode;
use state::{Number, SiteId};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// A value and where it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written<T> {
    /// Where.
    pub place: Place,
    /// What.
    pub is: T,
}

impl<T> Written<T> {
    /// A value at the place where the document has it.
    pub fn at(value: Value<'_>, is: T) -> Self {
        Self { place: value.place(), is }
    }
}

/// A section whose entries have names: every name counts as known, even if its entry could not be read.
#[derive(Clone, Debug, Default)]
pub(super) struct Named<T> {
    /// The names, for questions whether something is known.
    pub names: Vec<String>,
    /// What could be read.
    pub entries: Vec<Written<T>>,
}

impl<T> Named<T> {
    /// Reads every entry of a section with `read`; the place of an entry is its key.
    pub fn read<'t>(
        section: Option<Value<'t>>,
        mut read: impl FnMut(&'t Key, Value<'t>) -> Option<T>,
    ) -> Self {
        let mut named = Self { names: Vec::new(), entries: Vec::new() };
        for (key, value) in section.map(Value::entries).unwrap_or_default() {
            named.names.push(key.text.clone());
            if let Some(is) = read(key, value) {
                named.entries.push(Written { place: key.place, is });
            }
        }
        named
    }
}

/// The parts of a policy that speak of each other.
#[derive(Debug)]
pub(super) struct Draft {
    /// Where the sites are written, for faults about all of them.
    pub sites_at: Place,
    /// The sites.
    pub sites: Named<Site>,
    /// Where the doors of each site are written, in their order.
    pub doors: BTreeMap<SiteId, Vec<Place>>,
    /// The probes that are written out.
    pub probes: Vec<Written<DraftProbe>>,
    /// How gently carriers are asked.
    pub reaches: Vec<Written<DraftReach>>,
    /// The references.
    pub references: Vec<Written<SocketAddr>>,
    /// The carriers.
    pub carriers: Named<Carrier>,
    /// The routes.
    pub routes: Named<DraftRoute>,
    /// The levers, each at the place of what it watches.
    pub levers: Vec<Written<DraftLever>>,
    /// The people.
    pub people: Named<DraftPerson>,
    /// Everybody who is named among those who are told.
    pub told: Vec<Written<String>>,
}

/// A person whose number may be one of ours.
#[derive(Clone, Debug)]
pub(super) struct DraftPerson {
    /// The person.
    pub person: Person,
    /// The number for short messages, where it is written.
    pub sms: Option<Written<String>>,
}

/// A probe whose site and askers may not exist.
#[derive(Clone, Debug)]
pub(super) struct DraftProbe {
    /// The probe; without an address of its own it goes to the PBX.
    pub probe: Probe,
    /// Where is asked.
    pub at: At,
    /// Who asks, if it is not everybody.
    pub by: Option<Vec<Written<SiteId>>>,
}

/// A route whose carrier and sites may not exist.
#[derive(Clone, Debug)]
pub(super) struct DraftRoute {
    /// Its name.
    pub name: String,
    /// The carrier.
    pub carrier: Written<String>,
    /// The numbers, each at the place of its range.
    pub numbers: Vec<Written<Number>>,
    /// What the carrier is told.
    pub to: Written<Template>,
    /// The sites, the first choice first.
    pub prefer: Vec<Written<SiteId>>,
    /// Where `prefer` is written.
    pub prefer_at: Place,
    /// Those from which it moves on by itself.
    pub last_resort: Vec<Written<SiteId>>,
    /// Where it rings when no site could take it.
    pub refuge: Option<Written<Template>>,
    /// What stands in slots 2 and 3.
    pub behind: Vec<Written<Template>>,
    /// When it goes home by itself, if it does.
    pub failback: Option<Failback>,
    /// How many automatic switches it may make.
    pub budget: Budget,
    /// Its playbooks.
    pub playbooks: Playbooks,
    /// Its mode.
    pub mode: Option<Mode>,
}

/// A lever that may watch what nobody probes.
#[derive(Clone, Debug)]
pub(super) struct DraftLever {
    /// The lever.
    pub lever: Lever,
    /// Where its `for` is written, if it is.
    pub after: Option<Place>,
}

/// How gently a carrier is asked that may not exist.
#[derive(Clone, Debug)]
pub(super) struct DraftReach {
    /// The carrier.
    pub carrier: String,
    /// The numbers.
    pub reach: Reach,
}
