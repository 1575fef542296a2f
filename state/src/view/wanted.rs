//! The fold of what numbers shall show: wanted by an attempt, possible until it is closed, expected once it was read.

use super::{OpenAttempt, Refusal, View};
use crate::fact::{Attempt, Closure, Outcome, Was};
use crate::ids::{Boot, Index, Number, RouteId, RunId};
use crate::plan::{PlannedStep, Pointing};
use crate::route::{LATE, Loose};
use crate::window::WAIT_OPEN;
use std::collections::BTreeSet;

impl View {
    /// Whether nothing was heard or written of these numbers that a fact did not know of.
    pub(super) fn numbers_untouched(
        &self,
        route: &RouteId,
        of: &[Pointing],
        seen: Index,
    ) -> Result<(), Refusal> {
        let Some(route) = self.routes.get(route) else { return Ok(()) };
        for pointing in of {
            if let Some(number) = route.numbers.get(&pointing.number)
                && number.touched > seen
            {
                return Err(Refusal::Touched { what: pointing.number.to_string(), at: number.touched });
            }
        }
        Ok(())
    }

    /// From here on these values are wanted, and until the attempt is closed they may turn up at any time.
    pub(super) fn want(&mut self, index: Index, attempt: &Attempt, pointings: Vec<Pointing>) {
        let until = self.stamp + LATE;
        let Some(run) = self.runs.get(&attempt.run) else { return };
        let planned = run.plan.steps.get(usize::from(attempt.step));
        let wait = planned.map_or(WAIT_OPEN, PlannedStep::wait_open);
        let route = run.plan.route.clone();
        let route = self.route(&route);
        for pointing in &pointings {
            let number = route.numbers.entry(pointing.number.clone()).or_default();
            number.wanted = Some(pointing.to.clone());
            number.loose.push(Loose { value: pointing.to.clone(), fence: index, until });
            number.touched = index;
        }
        // What is no number has no value that the carrier could show, and no second writer either.
        let open = match pointings.as_slice() {
            [] => attempt.numbers.iter().cloned().collect(),
            numbers => numbers.iter().map(|p| p.number.clone()).collect(),
        };
        let open = OpenAttempt {
            run: attempt.run,
            executor: attempt.executor.clone(),
            boot: attempt.boot,
            nonce: attempt.nonce,
            pointings,
            open,
            at: self.stamp,
            wait,
        };
        self.attempts.insert(index, open);
    }

    /// A closed outcome, said by the process that asked, takes its number out of the attempt.
    pub(super) fn close(&mut self, fence: Index, boot: Boot, outcomes: &[Outcome]) -> Result<(), ()> {
        let Some(attempt) = self.attempts.get_mut(&fence).filter(|a| a.boot == boot) else { return Err(()) };
        let closed = outcomes.iter().filter(|o| o.closure == Closure::Closed);
        let closed: BTreeSet<Number> = closed.map(|o| o.number.clone()).collect();
        attempt.open.retain(|number| !closed.contains(number));
        for number in self.routes.values_mut().flat_map(|route| route.numbers.iter_mut()) {
            if closed.contains(number.0) {
                number.1.loose.retain(|loose| loose.fence != fence);
            }
        }
        Ok(())
    }

    /// What was read back is what is expected from now on.
    pub(super) fn verified(&mut self, index: Index, id: RunId, outcomes: &[Outcome]) {
        let Some(run) = self.runs.get(&id) else { return };
        let route = run.plan.route.clone();
        let route = self.route(&route);
        for outcome in outcomes.iter().filter(|o| o.was == Was::Right && o.seen.is_some()) {
            let number = route.numbers.entry(outcome.number.clone()).or_default();
            number.expected.clone_from(&outcome.seen);
            number.touched = index;
        }
    }
}
