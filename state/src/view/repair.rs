//! The fold of repairs: what is wanted is asserted again, once for each attempt that is not closed, thrice an hour.

use super::{OpenAttempt, Refusal, View};
use crate::fact::Reading;
use crate::ids::{Index, RouteId, RunId};
use crate::plan::{Ensure, Pointing};
use crate::route::{LATE, REPAIRS_PER_HOUR, Repair};
use crate::run::Run;
use crate::time::Stamp;

impl View {
    /// The attempts that explain these readings and that no repair has answered: not closed, not too old, and
    /// either the one whose value is shown or one whose value should be.
    pub fn unanswered(&self, route: &RouteId, readings: &[Reading], now: Stamp) -> Vec<Index> {
        let Some(state) = self.routes.get(route) else { return Vec::new() };
        let explains = |attempt: &OpenAttempt, reading: &Reading| {
            let wanted = state.numbers.get(&reading.number).and_then(|number| number.wanted.as_ref());
            let writes = |p: &Pointing| {
                p.number == reading.number && (p.to == reading.value() || Some(&p.to) == wanted)
            };
            attempt.open.contains(&reading.number) && attempt.pointings.iter().any(writes)
        };
        let open = self.attempts.iter().filter(|(fence, attempt)| {
            let timely = now.since(attempt.at) < LATE && !state.answered(**fence);
            timely && readings.iter().any(|reading| explains(attempt, reading))
        });
        open.map(|(fence, _)| *fence).collect()
    }

    /// A repair is no switch and begins no incident: nothing goes anywhere that was not decided before.
    pub(super) fn repair_opened(
        &mut self,
        run: Run,
        (late, basis): (&[Index], Index),
    ) -> Result<(), Refusal> {
        let stamp = self.stamp;
        // The attempt that explains it was closed meanwhile, or a number was written or read again.
        if let Some(fence) = late.iter().find(|fence| !self.attempts.contains_key(fence)) {
            return Err(Refusal::NoAttempt(*fence));
        }
        let targets: Vec<Pointing> =
            run.plan.steps.iter().map(|step| &step.ensure).flat_map(Ensure::targets).cloned().collect();
        self.numbers_untouched(&run.plan.route, &targets, basis)?;
        let known = self.routes.get(&run.plan.route);
        if known.map_or(0, |route| route.repairs_lately(stamp)) >= REPAIRS_PER_HOUR {
            return Err(Refusal::Repaired { what: format!("{REPAIRS_PER_HOUR} times within the hour") });
        }
        let lately = |fence: &&Index| known.is_some_and(|route| route.answered(**fence));
        if let Some(fence) = late.iter().find(lately) {
            return Err(Refusal::Repaired { what: format!("after {fence}") });
        }
        let (route, repair) =
            (run.plan.route.clone(), Repair { run: run.id, at: stamp, late: late.to_vec() });
        let state = self.route(&route);
        state.forget_repairs(stamp);
        state.repairs.push(repair);
        state.run = Some(run.id);
        self.runs.insert(run.id, run);
        Ok(())
    }

    /// A repair that never came to its first attempt has answered nothing, and may be made again.
    pub(super) fn repair_ended(&mut self, id: RunId) {
        let Some(run) = self.runs.get(&id) else { return };
        let began = run.steps.iter().any(|step| !step.state.untouched());
        let route = run.plan.route.clone();
        if !began {
            let of = |repair: &&mut Repair| repair.run == id;
            self.route(&route).repairs.iter_mut().filter(of).for_each(|repair| repair.late.clear());
        }
    }
}
