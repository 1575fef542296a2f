//! The fold of steps that are over without an attempt: waited for, given up, or not needed.

use super::{Refusal, View};
use crate::fact::{Fact, Passed};
use crate::ids::Index;
use crate::run::StepEvent;

impl View {
    /// Refused like an attempt if the run was touched meanwhile: a step that is in flight cannot be passed over.
    pub(super) fn step_passed(&mut self, index: Index, fact: &Fact) -> Result<(), Refusal> {
        let Fact::StepPassed { run: id, step, how, why } = fact else { return Ok(()) };
        let run = self.runs.get(id).filter(|run| run.end.is_none()).ok_or(Refusal::NoRun(*id))?;
        if let Some(who) = &run.cut {
            return Err(Refusal::Touched { what: format!("{id} by {who}"), at: run.touched });
        }
        let step = usize::from(*step);
        let event = match how {
            Passed::Holds => StepEvent::StepHolds,
            Passed::GivenUp => StepEvent::StepGivenUp,
            Passed::Skipped => StepEvent::StepSkipped,
        };
        self.step_event(*id, step, event)?;
        if let Some(run) = self.runs.get_mut(id) {
            run.touched = index;
            run.steps[step].note = Some(why.clone());
        }
        Ok(())
    }
}
