//! Decisions to wait: each stands until what it rests on has changed, or its own time has come.

use policies::decide::Standing as Seen;
use state::{Index, RouteId, Stamp};
use std::collections::BTreeMap;

/// The last decision to wait of each route. A leader thinks ten times a second, and mostly the same.
#[derive(Debug, Default)]
pub struct Waits {
    of: BTreeMap<RouteId, Wait>,
}

/// What a decision rests on.
#[derive(Debug, PartialEq, Eq)]
pub struct Rests {
    /// The last entry that was agreed.
    pub index: Index,
    /// What the node knows beside that.
    pub seen: Seen,
    /// Names what is known of how long each site could have had a route.
    pub steady: u64,
}

#[derive(Debug)]
struct Wait {
    rests: Rests,
    until: Option<Stamp>,
}

impl Waits {
    /// Until when the decision of a route stands, if it does: nothing was agreed, and the same votes are heard.
    pub fn stand(&self, route: &RouteId, rests: &Rests, now: Stamp) -> Option<Option<Stamp>> {
        let wait = self.of.get(route).filter(|wait| wait.rests == *rests)?;
        wait.until.is_none_or(|until| now < until).then_some(wait.until)
    }

    /// Keeps a decision.
    pub fn keep(&mut self, route: &RouteId, rests: Rests, until: Option<Stamp>) {
        self.of.insert(route.clone(), Wait { rests, until });
    }
}
