//! Decisions to wait: each stands until what it rests on has changed, or its own time has come.

use policies::decide::Standing as Seen;
use state::{Index, RouteId, Stamp};
use std::collections::BTreeMap;

/// The last decision to wait of each route. A leader thinks ten times a second, and mostly the same.
#[derive(Debug, Default)]
pub struct Waits {
    of: BTreeMap<RouteId, Wait>,
}

#[derive(Debug)]
struct Wait {
    index: Index,
    seen: Seen,
    until: Option<Stamp>,
}

impl Waits {
    /// Until when the decision of a route stands, if it does: nothing was agreed, and the same votes are heard.
    pub fn stand(&self, route: &RouteId, (index, seen): (Index, &Seen), now: Stamp) -> Option<Option<Stamp>> {
        let wait = self.of.get(route).filter(|wait| wait.index == index && wait.seen == *seen)?;
        wait.until.is_none_or(|until| now < until).then_some(wait.until)
    }

    /// Keeps a decision.
    pub fn keep(&mut self, route: &RouteId, (index, seen): (Index, Seen), until: Option<Stamp>) {
        self.of.insert(route.clone(), Wait { index, seen, until });
    }
}
