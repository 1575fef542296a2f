//! Steps that only wait or look: judged from the agreed state by whoever leads, with no attempt and no executor.

use super::{Advance, Ground};
use state::Stamp;
use state::document::spell;
use state::fact::Passed;
use state::plan::Ensure;
use state::run::Run;
use std::time::Duration;

/// What comes of a step whose turn has come: it is over, or it is waited for.
pub(super) fn look(run: &Run, step: usize, (ground, now): (&Ground<'_>, Stamp)) -> Advance {
    match run.plan.steps.get(step).map(|planned| &planned.ensure) {
        Some(Ensure::Waited { lasts }) => {
            let until = run.stirred + *lasts;
            if now < until {
                return Advance::Rest { step, until };
            }
            Advance::Pass { step, how: Passed::Holds, why: format!("{} have passed", spell(*lasts)) }
        }
        Some(Ensure::SiteReady { site, steady, patience }) => {
            let (until, ready) = (run.stirred + *patience, ground.ready.get(site).copied());
            if let Some(long) = ready.filter(|long| long >= steady) {
                let why = format!("{site} is ready{}", since(long));
                return Advance::Pass { step, how: Passed::Holds, why };
            }
            if now < until {
                return Advance::Rest { step, until };
            }
            let why = match ready {
                Some(long) => format!("{site} is ready{}, and not for {}", since(long), spell(*steady)),
                None => format!("{site} is not ready"),
            };
            Advance::Pass { step, how: Passed::GivenUp, why }
        }
        // The caller asks for steps that look; any other would be waited for in vain.
        Some(
            Ensure::RoutePointsAt { .. }
            | Ensure::Notify { .. }
            | Ensure::Exec { .. }
            | Ensure::Http(_)
            | Ensure::BehindPrepared { .. },
        )
        | None => Advance::Rest { step, until: now },
    }
}

fn since(long: Duration) -> String {
    if long.as_secs() == 0 { String::new() } else { format!(" since {}s", long.as_secs()) }
}
