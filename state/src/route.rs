//! A route as the cluster remembers it: where it rings, what was read, who forbade what.

use crate::alone::Told;
use crate::fact::Mode;
use crate::handover::{Hindrance, Wait};
use crate::ids::{Destination, IncidentId, Index, Number, PlaybookId, RunId, SiteId, Who};
use crate::run::Direction;
use crate::time::Stamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long a write whose outcome stayed open may still explain a reading (15 min).
pub const LATE: Duration = Duration::from_secs(15 * 60);
/// How often in an hour a value of our own that is not wanted is repaired: whoever comes back more often is no
/// straggler.
pub const REPAIRS_PER_HOUR: usize = 3;
/// How long a wanted switch may fail to begin before people are told.
pub const GIVE_UP: Duration = Duration::from_secs(300);
/// The hour.
const HOUR: Duration = Duration::from_secs(3600);

/// How long automatic switches are remembered, for budget and damping.
pub(crate) const REMEMBERED: Duration = Duration::from_secs(48 * 3600);

/// Everything remembered about one route.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteState {
    /// The site it rings in, as far as was verified; `None` before the first reading or for a stranger's value.
    pub rings_in: Option<SiteId>,
    /// Each number's values, and those of its slots 2 and 3 by their own names.
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
    /// Who brought it there: automation does not take away by itself what a person chose.
    pub brought: Brought,
    /// Sites that a run failed to reach, and when: no candidates for a while.
    pub spurned: BTreeMap<SiteId, Stamp>,
    /// The sites that automation left, the newest last: for a while nothing goes back.
    pub left: Vec<Left>,
    /// The repairs of the last hour, the newest last.
    pub repairs: Vec<Repair>,
    /// How it stands, if it is a lever and no route.
    pub lever: Lever,
    /// A person's wish that slots 2 and 3 be prepared, until its run is opened or it is old.
    pub preparation: Option<Preparation>,
}

/// A person's wish that slots 2 and 3 be prepared. It stands in nobody's way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preparation {
    /// Why.
    pub because: String,
    /// Who.
    pub who: Who,
    /// Where it was agreed.
    pub index: Index,
    /// When.
    pub at: Stamp,
}

/// How a lever stands, as its runs ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lever {
    /// What it plays was never played, or was taken back.
    #[default]
    AtRest,
    /// What it plays was played.
    Pulled {
        /// Since when.
        since: Stamp,
    },
    /// A run got stuck half-way.
    Between {
        /// Since when.
        since: Stamp,
    },
}

/// Who brought a route to where it rings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Brought {
    /// A person, or it was found there.
    #[default]
    ByPerson,
    /// An automatic run.
    ByAutomation,
}

/// A site that automation left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// The site.
    pub site: SiteId,
    /// When the last number had moved.
    pub at: Stamp,
}

/// What was wanted was asserted again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repair {
    /// By this run.
    pub run: RunId,
    /// When it was opened.
    pub at: Stamp,
    /// The attempts that it answers; none if it ended before it tried anything.
    pub late: Vec<Index>,
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
    /// What else that is given.
    pub given: BTreeMap<String, String>,
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
    /// What it shall show: changed only by an accepted fact of a greater index; `None` if it was never read.
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
    /// It was never read: it is adopted without alarm.
    First,
    /// A person's; also if we wrote the same value last week.
    Person,
}

impl NumberState {
    /// Whose value the carrier shows. No automation ever overwrites a person's.
    pub fn whose(&self, shows: &Destination, now: Stamp) -> Whose {
        let Some(wanted) = &self.wanted else { return Whose::First };
        let loose = self.loose.iter().any(|l| l.until > now && l.value == *shows);
        if shows == wanted {
            Whose::Wanted
        } else if loose || self.expected.as_ref() == Some(shows) {
            Whose::Ours
        } else {
            Whose::Person
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

    /// Every number points at a site now.
    pub(crate) fn arrive(&mut self, to: &SiteId, (brought, direction): (Brought, Direction), at: Stamp) {
        if brought == Brought::ByAutomation {
            self.leave(to, direction, at);
        }
        // A repair brings nothing anywhere: what a person chose stays a person's.
        if brought == Brought::ByPerson || self.rings_in.as_ref() != Some(to) {
            self.brought = brought;
        }
        self.rings_in = Some(to.clone());
        self.since = Some(at);
    }

    /// Notes that automation leaves the site where the route rings; an undo takes that back.
    fn leave(&mut self, to: &SiteId, direction: Direction, at: Stamp) {
        self.left.retain(|left| at.since(left.at) < REMEMBERED);
        match direction {
            Direction::Do => {
                let here = self.rings_in.iter().filter(|here| *here != to);
                self.left.extend(here.map(|site| Left { site: site.clone(), at }));
            }
            Direction::Undo => {
                if let Some(last) = self.left.iter().rposition(|left| left.site == *to) {
                    self.left.remove(last);
                }
            }
        }
    }

    /// When automation left a site within the window that ends now, the newest last.
    pub fn left_within(&self, site: &SiteId, window: Duration, now: Stamp) -> Vec<Stamp> {
        let then = self.left.iter().filter(|left| left.site == *site && now.since(left.at) < window);
        then.map(|left| left.at).collect()
    }

    /// How many automatic switches were opened in the window that ends now.
    pub fn switches_within(&self, window: Duration, now: Stamp) -> usize {
        self.switches.iter().filter(|at| now.since(**at) < window).count()
    }

    /// How many repairs were opened in the last hour.
    pub fn repairs_lately(&self, now: Stamp) -> usize {
        self.repairs.iter().filter(|repair| now.since(repair.at) < HOUR).count()
    }

    /// Whether a repair has answered this attempt.
    pub fn answered(&self, fence: Index) -> bool {
        self.repairs.iter().any(|repair| repair.late.contains(&fence))
    }

    /// Forgets the repairs that no longer count. An hour is longer than any attempt can be late.
    pub(crate) fn forget_repairs(&mut self, now: Stamp) {
        self.repairs.retain(|repair| now.since(repair.at) < HOUR);
    }
}

const _: () = assert!(HOUR.as_secs() > LATE.as_secs(), "an answered attempt is remembered while it counts");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_undone_was_not_left() {
        let (london, manchester) = (SiteId::new("london"), SiteId::new("manchester"));
        let (now, hour) = (Stamp::from_millis(60_000), Duration::from_secs(3600));
        let mut route = RouteState { rings_in: Some(london.clone()), ..RouteState::default() };
        route.leave(&manchester, Direction::Do, now);
        assert_eq!(route.left_within(&london, hour, now), [now]);
        route.rings_in = Some(manchester);
        route.leave(&london, Direction::Undo, now + hour / 2);
        assert_eq!(route.left_within(&london, hour, now + hour / 2), []);
    }

    #[test]
    fn staying_is_not_leaving_and_two_days_are_forgotten() {
        let london = SiteId::new("london");
        let (now, day) = (Stamp::from_millis(60_000), Duration::from_secs(86_400));
        let mut route = RouteState { rings_in: Some(london.clone()), ..RouteState::default() };
        route.leave(&london, Direction::Do, now);
        assert_eq!(route.left, []);
        route.leave(&SiteId::new("office"), Direction::Do, now);
        route.leave(&london, Direction::Do, now + day * 2);
        assert_eq!(route.left, []);
    }
}
