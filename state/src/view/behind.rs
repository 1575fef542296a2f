//! The fold of what stands behind: slots 2 and 3 are written by a person's run alone, and what they show is only known.

use super::{Refusal, View};
use crate::fact::Reading;
use crate::ids::{Index, RouteId, RunId, Who};
use crate::plan::{Ensure, Plan, Pointing};
use crate::route::{GIVE_UP, Preparation};
use crate::run::{Cause, Run, Word};
use crate::view::Notice;

impl View {
    /// The run that prepares slots 2 and 3 of a route, if one is under way. It is not the route's run: nothing that
    /// callers wait for waits for it.
    pub fn preparing(&self, route: &RouteId) -> Option<RunId> {
        let of = |run: &&Run| run.plan.route == *route && run.plan.prepares();
        self.open_runs().find(of).map(|run| run.id)
    }

    /// A wish forbids nothing and cuts nothing short: slot 1 has nothing to do with it.
    pub(super) fn preparation_ordered(
        &mut self,
        index: Index,
        route: &RouteId,
        (because, who): (&str, &Who),
    ) -> Result<(), Refusal> {
        if let Some(busy) = self.preparing(route) {
            return Err(Refusal::Busy(busy));
        }
        let (because, who, at) = (because.to_owned(), who.clone(), self.stamp);
        self.route(route).preparation = Some(Preparation { because, who, index, at });
        Ok(())
    }

    /// Only a person's wish opens it, it writes nothing but slots 2 and 3, and only over what was known of them.
    pub(super) fn preparation_opened(&mut self, run: Run, basis: Index) -> Result<(), Refusal> {
        let route = run.plan.route.clone();
        if let Some(busy) = self.preparing(&route) {
            return Err(Refusal::Busy(busy));
        }
        let wish = self.routes.get(&route).and_then(|state| state.preparation.as_ref());
        let wished = wish.is_some_and(|wish| wish.index <= basis);
        let asked = matches!(run.cause, Cause::Person { .. });
        if !wished || !asked || !only_behind(&run.plan) {
            return Err(Refusal::Unordered(route));
        }
        let slots: Vec<Pointing> =
            run.plan.steps.iter().flat_map(|step| step.ensure.targets()).cloned().collect();
        self.numbers_untouched(&route, &slots, basis)?;
        self.route(&route).preparation = None;
        self.runs.insert(run.id, run);
        Ok(())
    }

    /// Its end is told and changes nothing else: no latch, no incident, no site that is avoided.
    pub(super) fn preparation_ended(&mut self, id: RunId, (word, why): (Word, &str)) {
        let Some(route) = self.runs.get(&id).map(|run| run.plan.route.clone()) else { return };
        if word != Word::Done {
            let text = format!("slots 2 and 3 of {route} were not all prepared: {id} ended {word}: {why}");
            self.notices.push(Notice { at: self.stamp, run: Some(id), text });
        }
    }

    /// What slots 2 and 3 show is known from here on. What was wanted of them stays what it was.
    pub(super) fn slots_read(
        &mut self,
        index: Index,
        route: &RouteId,
        readings: &[Reading],
    ) -> Result<(), Refusal> {
        if let Some(busy) = self.preparing(route) {
            return Err(Refusal::Busy(busy));
        }
        for reading in readings.iter().filter(|reading| reading.number.is_behind()) {
            let slot = self.route(route).numbers.entry(reading.number.clone()).or_default();
            slot.expected = Some(reading.value());
            slot.touched = index;
        }
        Ok(())
    }

    /// A wish whose run could not be opened for so long is nobody's any more.
    pub(super) fn forget_old_wishes(&mut self) {
        let now = self.stamp;
        for state in self.routes.values_mut() {
            state.preparation.take_if(|wish| now.since(wish.at) >= GIVE_UP);
        }
    }
}

/// Whether every step, and every way back, writes slots 2 and 3 and nothing else.
fn only_behind(plan: &Plan) -> bool {
    plan.ends().all(|ensure| match ensure {
        Ensure::BehindPrepared { slots, .. } => slots.iter().all(|slot| slot.number.is_behind()),
        Ensure::RoutePointsAt { .. }
        | Ensure::Notify { .. }
        | Ensure::Waited { .. }
        | Ensure::SiteReady { .. }
        | Ensure::Exec { .. }
        | Ensure::Http(_) => false,
    })
}
