//! The fold of switches that are wanted and cannot begin: told once, free of charge, over when their cause is.

use super::{Notice, View};
use crate::ids::{RouteId, RunId};
use crate::route::{GIVE_UP, Waiting};

impl View {
    /// Whether a run ended because it could not begin: neither its site nor the budget is to blame for that.
    pub(super) fn gave_up(&self, id: RunId) -> bool {
        self.runs.get(&id).is_some_and(|run| {
            let long = self.stamp.since(run.opened) >= GIVE_UP;
            long && run.automatic() && !run.repairs() && !run.begun() && run.cut.is_none()
        })
    }

    /// The switch stays wanted. That nothing was switched takes the run out of the budget again.
    pub(super) fn wait_on(&mut self, id: RunId, why: &str) {
        let stamp = self.stamp;
        let Some(run) = self.runs.get(&id) else { return };
        let (opened, to, route) = (run.opened, run.plan.to.clone(), run.plan.route.clone());
        let state = self.route(&route);
        if let Some(place) = state.switches.iter().rposition(|at| *at == opened) {
            state.switches.remove(place);
        }
        match &mut state.waiting {
            Some(waiting) => why.clone_into(&mut waiting.because),
            None => {
                state.waiting = Some(Waiting { since: opened, because: why.to_owned() });
                let text =
                    format!("{route} is to go to {to} since {opened} and cannot: {why}; it is still tried");
                self.notices.push(Notice { at: stamp, run: Some(id), text });
            }
        }
    }

    /// A run began, or nothing is wanted any more: what was waited for is over, and that is told too.
    pub(super) fn waits_no_more(&mut self, route: &RouteId, (id, what): (RunId, &str)) {
        let at = self.stamp;
        if let Some(waiting) = self.route(route).waiting.take() {
            let text = format!("{route} waits no more ({what}); it had since {}", waiting.since);
            self.notices.push(Notice { at, run: Some(id), text });
        }
    }
}
