//! What an onlooker knows beside the view: the intents, what may rightly stand at the carrier, and what is wanted.

use super::super::carrier::Flight;
use super::{Checked, Invariants, broken};
use state::alone::AloneClaim;
use state::fact::{Attempt, Entry, Fact};
use state::plan::{Ensure, Pointing};
use state::run::{Cause, Run};
use state::{Destination, Index, Number, RouteId, SiteId};
use std::collections::BTreeSet;

/// An intent that was accepted.
#[derive(Clone, Debug)]
pub(super) struct Intent {
    pub attempt: Attempt,
    pub automatic: bool,
    pub pointings: Vec<Pointing>,
    /// What may rightly stand at the carrier before it.
    pub ours: BTreeSet<Destination>,
}

impl Invariants {
    /// The route that an automatic run or attempt is about, where it goes, and the view that it was decided on.
    pub(super) fn automatic<'a>(&'a self, fact: &'a Fact) -> Option<(&'a RouteId, &'a SiteId, Index)> {
        if let Fact::RunOpened { basis, plan, cause: Cause::Automatic { .. }, .. } = fact {
            return Some((&plan.route, &plan.to, *basis));
        }
        let Fact::StepStarted(attempt) = fact else { return None };
        let run = self.view.runs.get(&attempt.run).filter(|run| run.automatic())?;
        (!attempt.numbers.is_empty()).then(|| (&run.plan.route, target(run, attempt), attempt.basis))
    }

    pub(super) fn wanted(&self) -> Vec<(RouteId, Number, Option<Destination>)> {
        let routes = self.view.routes.iter();
        let numbers = routes.flat_map(|(id, r)| r.numbers.iter().map(move |(number, n)| (id, number, n)));
        // Of slots 2 and 3 nothing is wanted that anybody waits for.
        let numbers = numbers.filter(|(_, number, _)| !number.is_behind());
        numbers.map(|(id, number, n)| (id.clone(), number.clone(), n.wanted.clone())).collect()
    }

    /// Whether all sites know of what a person did alone.
    pub fn was_told(&self, claim: &AloneClaim) -> bool {
        self.told.contains(&(claim.at.clone(), claim.n, claim.done))
    }

    /// What may rightly stand on the numbers of an attempt.
    pub(super) fn ours_before(&self, entry: &Entry) -> BTreeSet<Destination> {
        let Fact::StepStarted(attempt) = &entry.fact else { return BTreeSet::new() };
        let routes = self.view.routes.values().flat_map(|route| route.numbers.iter());
        routes
            .filter(|(number, _)| attempt.numbers.contains(number))
            .flat_map(|(_, n)| {
                let loose = n.loose_values(entry.stamp);
                n.wanted.iter().chain(&n.expected).cloned().chain(loose).collect::<Vec<_>>()
            })
            .collect()
    }

    pub(super) fn intend(&mut self, index: Index, attempt: &Attempt, mut ours: BTreeSet<Destination>) {
        let Some(run) = self.view.runs.get(&attempt.run) else { return };
        let ensure = run.ensure(usize::from(attempt.step), attempt.direction);
        let pointings: Vec<Pointing> = ensure.map(Ensure::targets).unwrap_or_default().to_vec();
        ours.extend(pointings.iter().map(|p| p.to.clone()));
        let automatic = run.automatic();
        self.intents.insert(index, Intent { attempt: attempt.clone(), automatic, pointings, ours });
    }
}

/// 4: only a person's run writes slots 2 and 3, and such a run never touches slot 1.
pub(super) fn behind(flight: &Flight, intent: &Intent) -> Checked {
    let slots = |of: bool| intent.pointings.iter().any(|pointing| pointing.number.is_behind() == of);
    if !slots(true) || !intent.automatic && !slots(false) {
        return Ok(());
    }
    let what = format!("{} set {} for {}", flight.site, flight.number, flight.fence);
    broken(4, "only a person writes slots 2 and 3, and only those", what)
}

/// Where an attempt of a run sends the numbers.
fn target<'a>(run: &'a Run, attempt: &Attempt) -> &'a SiteId {
    match run.ensure(usize::from(attempt.step), attempt.direction) {
        Some(Ensure::RoutePointsAt { site, .. }) => site,
        Some(
            Ensure::BehindPrepared { .. }
            | Ensure::Notify { .. }
            | Ensure::Waited { .. }
            | Ensure::SiteReady { .. }
            | Ensure::Exec { .. }
            | Ensure::Http(_),
        )
        | None => &run.plan.to,
    }
}
