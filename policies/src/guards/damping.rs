//! Guard: nothing moves back, by itself, to a site that automation left a short while ago.

use super::{Answer, bar};
use crate::decide::Matter;
use crate::judge::Case;
use crate::limits::{DAMPING, DAMPING_MAX};
use crate::reason::{Guarding, Refused};
use state::{RouteId, SiteId, Stamp};
use std::time::Duration;

/// Asks for a site that could take the route if it had not been left; only where no other can.
pub(super) fn ask(matter: &Matter<'_>) -> Answer {
    match (matter.chosen(), matter.damped()) {
        (None, Some((site, until))) if matter.refuge_opens().is_none() => {
            let (site, left) = (site.clone(), until.since(matter.on.case.now));
            bar(Guarding::Damped { site, left, until }, Some(until))
        }
        (_, _) => Answer::Mute,
    }
}

impl Matter<'_> {
    /// The first site that only damping keeps from having the route, and until when.
    pub(crate) fn damped(&self) -> Option<(&SiteId, Stamp)> {
        self.ranked.iter().find_map(|ranked| match ranked.as_ref().err().map(|not| (&not.site, &not.why)) {
            Some((site, Refused::Damped { until, .. })) => Some((site, *until)),
            Some(_) | None => None,
        })
    }
}

impl Case<'_> {
    /// Until when a route does not move back to a site; `None` if nothing is held against that, as with a last
    /// resort: it was left because another site was better.
    pub(crate) fn damped(&self, route: &RouteId, site: &SiteId) -> Option<Stamp> {
        let rule = self.judge.routes.get(route).filter(|rule| !rule.last_resort.contains(site))?;
        let left = self.view.routes.get(route)?.left_within(site, rule.budget.window, self.now);
        let until = *left.last()? + held_for(left.len());
        Some(until).filter(|until| *until > self.now)
    }
}

/// How long after the `times`th leaving: it doubles each time, up to a limit.
pub(super) fn held_for(times: usize) -> Duration {
    let doubled = u32::try_from(times.saturating_sub(1)).ok().and_then(|n| 2_u32.checked_pow(n));
    doubled.and_then(|doubled| DAMPING.checked_mul(doubled)).unwrap_or(DAMPING_MAX).min(DAMPING_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_four_hours() {
        let minutes = [1, 2, 3, 6, 7, 40, usize::MAX].map(|times| held_for(times).as_secs() / 60);
        assert_eq!(minutes, [5, 10, 20, 160, 240, 240, 240]);
    }
}
