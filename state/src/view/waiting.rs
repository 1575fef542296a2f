//! The fold of switches that are wanted and cannot begin: free of charge, and known until one begins.

use super::View;
use crate::ids::{RouteId, RunId};
use crate::route::GIVE_UP;
use crate::run::Run;

impl View {
    /// The last automatic switch of a route, if it ended because it could not begin, and none has begun since.
    pub fn given_up(&self, route: &RouteId) -> Option<&Run> {
        let mut runs = self.runs.values().rev().filter(|run| run.plan.route == *route && !run.repairs());
        let last = runs.find(|run| run.end.is_some() || run.begun())?;
        self.gave_up(last.id).then_some(last)
    }

    /// Whether a run ended because it could not begin: neither its site nor the budget is to blame for that.
    pub(super) fn gave_up(&self, id: RunId) -> bool {
        self.runs.get(&id).is_some_and(|run| {
            let long = run.end.as_ref().is_some_and(|end| end.at.since(run.opened) >= GIVE_UP);
            long && run.automatic() && !run.repairs() && !run.begun() && run.cut.is_none()
        })
    }

    /// The switch stays wanted. That nothing was switched takes the run out of the budget again.
    pub(super) fn unspend(&mut self, id: RunId) {
        let Some(run) = self.runs.get(&id) else { return };
        let (opened, route) = (run.opened, run.plan.route.clone());
        let state = self.route(&route);
        if let Some(place) = state.switches.iter().rposition(|at| *at == opened) {
            state.switches.remove(place);
        }
    }
}
