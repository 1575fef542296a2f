//! Guard: one run at a time on a route, and a person's claim that waits goes first.

use super::{Answer, bar};
use crate::decide::Grounds;
use crate::reason::Guarding;

/// Asks for a run under way, then for a claim.
pub(super) fn ask(on: &Grounds<'_>) -> Answer {
    match (on.state.run, &on.state.claim) {
        (Some(run), _) => bar(Guarding::RunUnderWay { run }, None),
        (None, Some(claim)) => {
            bar(Guarding::ClaimWaits { who: claim.who.clone(), site: claim.site.clone() }, None)
        }
        (None, None) => Answer::Mute,
    }
}
