//! Guard: one run at a time on a route, and a person's claim that waits goes first.

use super::{Answer, bar};
use crate::decide::Matter;
use crate::reason::Guarding;

/// Asks for a run under way, then for a claim.
pub(super) fn ask(matter: &Matter<'_>) -> Answer {
    match (matter.state.run, &matter.state.claim) {
        (Some(run), _) => bar(Guarding::RunUnderWay { run }, None),
        (None, Some(claim)) => {
            bar(Guarding::ClaimWaits { who: claim.who.clone(), site: claim.site.clone() }, None)
        }
        (None, None) => Answer::Mute,
    }
}
