//! A route as the cluster remembers it: where it rings, what was read, who forbade what.

use crate::alone::Told;
use crate::fact::Mode;
use crate::handover::{Hindrance, Wait};
use crate::ids::{Destination, IncidentId, Index, Number, PlaybookId, RunId, SiteId, Who};
use crate::time::Stamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long a write whose outcome stayed open may still explain a reading (15 min).
pub const LATE: Duration = Duration::from_secs(15 * 60);

/// Everything remembered about one route.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteState {
    /// The site it rings in, as far as was verified; `None` before the first reading or for a stranger's value.
    pub rings_in: Option<SiteId>,
    /// Each number's values.
    pub numbers: BTreeMap<Number, NumberState>,
    /// The run under way.
    pub run: Option<RunId>,
    /// The incident that is not over.
    pub incident: Option<IncidentId>,
    /// A person's choice of who may act on this route.
    pub mode: Option<Mode>,
    /// A person's hold.
    pub hold: Option<Hold>,
    /// What sent the route to manual until a person resumes it.
    pub latch: Option<Latch>,
    /// What persons did without an agreement, until one resumes the route.
    pub alone: Vec<Told>,
    /// What keeps automation from acting until it passes.
    pub waits: BTreeMap<Hindrance, Wait>,
    /// A person's decision that still waits for its run.
    pub claim: Option<Claim>,
    /// The last entry that could forbid an action decided before it.
    pub guard: Index,
    /// When automatic switches were opened, the newest last; pruned after the budget's window.
    pub switches: Vec<Stamp>,
    /// Since when it rings where it rings.
    pub since: Option<Stamp>,
    /// Sites that a run failed to reach, and when: no candidates for a while.
    pub spurned: BTreeMap<SiteId, Stamp>,
}

/// A person's hold on automation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// When it ends by itself.
    pub until: Stamp,
    /// Why.
    pub because: String,
    /// Who.
    pub who: Who,
}

/// Why a route is manual until a person resumes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latch {
    /// Since when.
    pub since: Stamp,
    /// Why.
    pub because: String,
    /// What kind of cause it was.
    pub hindrance: Hindrance,
}

/// A person's decision about a route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The site that shall have it.
    pub site: SiteId,
    /// By which playbook.
    pub playbook: PlaybookId,
    /// Why.
    pub because: String,
    /// Who.
    pub who: Who,
    /// Where it was agreed.
    pub index: Index,
}

/// One number's values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberState {
    /// What it shall show: changed only by an accepted fact of a greater index.
    pub wanted: Option<Destination>,
    /// The last value verified by reading, in the carrier's own spelling.
    pub expected: Option<Destination>,
    /// Values of attempts that are not closed: ours, should they turn up.
    pub loose: Vec<Loose>,
    /// The last entry that wrote or read it.
    pub touched: Index,
}

/// A value that may still arrive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loose {
    /// The value.
    pub value: Destination,
    /// The attempt.
    pub fence: Index,
    /// After this it no longer explains anything.
    pub until: Stamp,
}

/// Whose value a reading shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// As wanted, whoever did it.
    Wanted,
    /// Ours, late or lost: to be repaired by an ordinary attempt.
    Ours,
    /// Nothing was ever wanted: it is adopted without alarm.
    First,
    /// A person's; also if we wrote the same value last week.
    Person,
}

impl NumberState {
    /// Whose value the carrier shows. No automation ever overwrites a person's.
    pub fn whose(&self, shows: Option<&Destination>, now: Stamp) -> Whose {
        let Some(wanted) = &self.wanted else { return Whose::First };
        let loose = |value: &Destination| self.loose.iter().any(|l| l.until > now && l.value == *value);
        match shows {
            Some(value) if value == wanted => Whose::Wanted,
            Some(value) if loose(value) => Whose::Ours,
            Some(value) if self.expected.as_ref() == Some(value) => Whose::Ours,
            Some(_) | None => Whose::Person,
        }
    }

    /// The values of earlier attempts that a compare may meet.
    pub fn loose_values(&self, now: Stamp) -> Vec<Destination> {
        self.loose.iter().filter(|l| l.until > now).map(|l| l.value.clone()).collect()
    }
}

impl RouteState {
    /// The hold, if it has not ended.
    pub fn held(&self, now: Stamp) -> Option<&Hold> {
        self.hold.as_ref().filter(|hold| hold.until > now)
    }

    /// How many automatic switches were opened in the window that ends now.
    pub fn switches_within(&self, window: Duration, now: Stamp) -> usize {
        self.switches.iter().filter(|at| now.since(**at) < window).count()
    }
}
