//! The fold of levers: how what is no route stands, once a run of its rule has ended.

use super::View;
use crate::ids::RunId;
use crate::incident::IncidentState;
use crate::route::{Brought, Left, Lever, REMEMBERED};
use crate::run::Word;

impl View {
    /// How the lever stands after a run that ends in `word` now; nothing of a route is touched.
    pub(super) fn lever_ended(&mut self, id: RunId, word: Word) {
        let since = self.stamp;
        let Some(run) = self.runs.get(&id).filter(|run| run.plan.route.is_lever()) else { return };
        let (lever, site, automatic) = (run.plan.route.clone(), run.plan.to.clone(), run.automatic());
        let back = self.brings_back(id);
        let state = self.route(&lever);
        if word != Word::Undone {
            state.brought = if automatic { Brought::ByAutomation } else { Brought::ByPerson };
        }
        match (word, back) {
            (Word::Done | Word::DoneUnverified, true) => state.lever = Lever::AtRest,
            (Word::Done | Word::DoneUnverified, false) => {
                state.lever = Lever::Pulled { since };
                if automatic {
                    state.left.retain(|left| since.since(left.at) < REMEMBERED);
                    state.left.push(Left { site, at: since });
                }
            }
            (Word::Stuck, _) => state.lever = Lever::Between { since },
            // It stands as it stood before.
            (Word::Undone, _) => {}
        }
    }

    /// Whether a run takes back what a lever had played: its incident says so from the opening of the run.
    pub fn brings_back(&self, id: RunId) -> bool {
        let returning = IncidentState::Returning { run: id };
        self.incidents.values().any(|incident| incident.state == returning)
    }
}
