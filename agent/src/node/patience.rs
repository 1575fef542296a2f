//! Steps without an attempt: who is ready and for how long, and what nobody can begin.

use super::Node;
use super::conduct::LOST;
use playbooks::run::Start;
use state::fact::{Fact, Passed};
use state::plan::{At, Deed, Ensure};
use state::run::Run;
use state::{Mono, Now, RunId, SiteId};
use std::collections::BTreeMap;
use std::time::Duration;

impl Node {
    /// The sites that the steps of a run ask for and that could be given its route, each with how long that has been
    /// so, as far as this site knows.
    pub(super) fn ready(&self, run: &Run, now: Mono) -> BTreeMap<SiteId, Duration> {
        let asked = run.plan.steps.iter().filter_map(|step| wanted(&step.ensure));
        let ready = asked.filter_map(|site| {
            let since = self.steady.ready_since(&run.plan.route, site)?;
            Some((site.clone(), now.since(since)))
        });
        ready.collect()
    }

    /// A step that no site can begin is not waited for until the run's deadline, unless callers wait for it: whoever
    /// need not do it is left out as soon as it is not heard, anything else is given up when all its attempts could
    /// have been made.
    pub(super) fn pass_over(&self, run: &Run, start: &Start, now: Now) -> Option<Fact> {
        let planned = run.plan.steps.get(start.step)?;
        let deed = run.ensure(start.step, start.direction)?.deed();
        // A version that does not know of such an end still waits.
        if deed == Deed::Points || self.view.schema() < 3 {
            return None;
        }
        let led = self.elected.map(|(at, _)| at).unwrap_or_default();
        let waited = now.stamp.since(run.stirred.max(start.not_before).max(led));
        if let At::Reachable(site) = &planned.at
            && start.n == 1
            && waited >= LOST
            && !self.able(site, None, now)
        {
            let why = format!("{site} is not heard, or has another policy");
            return Some(passed(run.id, start.step, (Passed::Skipped, why)));
        }
        if waited < (planned.timeout + planned.backoff) * u32::from(planned.attempts) {
            return None;
        }
        let why = self.calls.waits_for(run.id).unwrap_or("nobody could begin it in time").to_owned();
        Some(passed(run.id, start.step, (Passed::GivenUp, why)))
    }
}

/// The site that an end state asks to be ready.
pub(super) fn wanted(ensure: &Ensure) -> Option<&SiteId> {
    match ensure {
        Ensure::SiteReady { site, .. } => Some(site),
        Ensure::RoutePointsAt { .. }
        | Ensure::Notify { .. }
        | Ensure::Waited { .. }
        | Ensure::Exec { .. }
        | Ensure::Http(_)
        | Ensure::BehindPrepared { .. } => None,
    }
}

/// A step is over without an attempt.
pub(super) fn passed(run: RunId, step: usize, (how, why): (Passed, String)) -> Fact {
    Fact::StepPassed { run, step: u16::try_from(step).unwrap_or(u16::MAX), how, why }
}
