//! The fold of attempts that nobody speaks of: lost, lapsed, and decided by what the carrier shows.

use super::{Refusal, View};
use crate::fact::{Closure, Outcome, Reading, Was};
use crate::ids::{Index, Number};
use crate::plan::Ensure;
use crate::run::{StepEvent, StepState};
use std::collections::BTreeSet;

impl View {
    pub(super) fn step_lost(&mut self, index: Index, fence: Index, why: &str) -> Result<(), Refusal> {
        self.step_by_fence(index, fence, (StepEvent::StepUnknown, why))
    }

    pub(super) fn attempt_lapsed(&mut self, index: Index, fence: Index) -> Result<(), Refusal> {
        self.step_by_fence(index, fence, (StepEvent::AttemptLapsed, "nothing was heard of it in time"))
    }

    fn step_by_fence(
        &mut self,
        index: Index,
        fence: Index,
        (event, why): (StepEvent, &str),
    ) -> Result<(), Refusal> {
        let found = self.open_runs().find_map(|run| Some((run.id, run.step_of(fence)?)));
        let (id, step) = found.ok_or(Refusal::NoAttempt(fence))?;
        self.step_wrong(id, step, event)?;
        if let Some(run) = self.runs.get_mut(&id) {
            run.touched = index;
            run.steps[step].note = Some(why.to_owned());
        }
        Ok(())
    }

    /// How it stands decides an unknown outcome of what is no number; only a step that waits for that is decided by it.
    pub(super) fn step_seen(
        &mut self,
        index: Index,
        fence: Index,
        (was, why): (Was, &str),
    ) -> Result<(), Refusal> {
        let found = self.open_runs().find_map(|run| Some((run, run.step_of(fence)?)));
        let (run, step) = found.ok_or(Refusal::NoAttempt(fence))?;
        let (id, pointed) = (run.id, !run.plan.steps[step].ensure.targets().is_empty());
        if pointed || !matches!(run.steps[step].state, StepState::Reading { .. }) {
            return Err(Refusal::NoAttempt(fence));
        }
        match was {
            Was::Right => self.step_right(id, step, BTreeSet::new())?,
            Was::Wrong | Was::Unknown => self.step_wrong(id, step, StepEvent::StepFailed)?,
        }
        if let Some(run) = self.runs.get_mut(&id) {
            run.touched = index;
            run.steps[step].note = Some(why.to_owned());
        }
        Ok(())
    }

    /// What the carrier shows after an unknown outcome decides it.
    pub(super) fn step_read(
        &mut self,
        index: Index,
        fence: Index,
        readings: &[Reading],
    ) -> Result<(), Refusal> {
        let found = self.open_runs().find_map(|run| Some((run, run.step_of(fence)?)));
        let (run, step) = found.ok_or(Refusal::NoAttempt(fence))?;
        let id = run.id;
        let wanted = run.ensure(step, run.direction(step)).map(Ensure::targets).unwrap_or_default();
        let right = |r: &&Reading| wanted.iter().any(|p| p.number == r.number && r.value() == p.to);
        // A number of the attempt that was not read is not known to be right.
        let numbers = self.attempts.get(&fence).map(|a| a.pointings.as_slice()).unwrap_or_default();
        let all_right = readings.iter().all(|r| right(&r))
            && numbers.iter().all(|p| readings.iter().any(|r| r.number == p.number));
        let outcomes: Vec<Outcome> = readings
            .iter()
            .filter(right)
            .map(|r| Outcome {
                number: r.number.clone(),
                was: Was::Right,
                closure: Closure::Open,
                seen: Some(r.value()),
                why: "read after an unknown outcome".to_owned(),
            })
            .collect();
        let moved: BTreeSet<Number> = outcomes.iter().map(|o| o.number.clone()).collect();
        self.verified(index, id, &outcomes);
        if let Some(run) = self.runs.get_mut(&id) {
            run.touched = index;
        }
        if all_right {
            return self.step_right(id, step, moved);
        }
        self.step_moved(id, step, moved);
        self.step_wrong(id, step, StepEvent::StepFailed)
    }
}
