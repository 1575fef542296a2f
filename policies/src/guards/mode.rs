//! Guard: only in `auto` is anything done; the stricter mode of person, policy and route wins.

use super::{Answer, bar, pass};
use crate::decide::Grounds;
use crate::judge::Case;
use crate::reason::Guarding;
use state::fact::Mode;
use state::{RouteId, Stamp};
use std::time::Duration;

/// How long a new cluster only advises, unless somebody has said otherwise.
const FIRST_DAY: Duration = Duration::from_secs(24 * 3600);

/// Asks for the mode in force.
pub(super) fn ask(on: &Grounds<'_>) -> Answer {
    let case = &on.case;
    match case.mode_said(on.route) {
        Some(Mode::Auto) => pass(Guarding::ModeIs { mode: Mode::Auto }),
        Some(mode @ (Mode::Advise | Mode::Manual)) => bar(Guarding::ModeIs { mode }, None),
        None => {
            // A cluster that has agreed nothing yet is as new as can be.
            let until = case.first_day_ends();
            if case.now >= until {
                return pass(Guarding::ModeIs { mode: Mode::Auto });
            }
            bar(Guarding::NewCluster { left: until.since(case.now), until }, Some(until))
        }
    }
}

impl Case<'_> {
    /// Who may act on a route: what was said of it, else what a new cluster may.
    pub fn mode(&self, route: &RouteId) -> Mode {
        let young = self.now < self.first_day_ends();
        self.mode_said(route).unwrap_or(if young { Mode::Advise } else { Mode::Auto })
    }

    /// The stricter of what persons and the policy say, if anybody says anything.
    fn mode_said(&self, route: &RouteId) -> Option<Mode> {
        let rule = self.judge.routes.get(route).map(|rule| rule.mode);
        let rule = rule.or_else(|| self.judge.levers.get(route).map(|rule| rule.mode)).flatten();
        self.view.mode_of(route).max(rule).max(self.judge.mode)
    }

    fn first_day_ends(&self) -> Stamp {
        self.view.born.unwrap_or(self.now) + FIRST_DAY
    }
}
