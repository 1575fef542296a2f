//! Guard: a route is never left without a destination, so it stays while nobody could take it.

use super::{Answer, bar};
use crate::decide::Matter;
use crate::reason::Guarding;

/// Asks for a candidate.
pub(super) fn ask(matter: &Matter<'_>) -> Answer {
    match (matter.chosen(), matter.damped()) {
        (Some(_), _) | (None, Some(_)) => Answer::Mute,
        (None, None) if matter.refuge_opens().is_some() => Answer::Mute,
        (None, None) => bar(Guarding::NoneLeft { route: matter.on.route.clone() }, None),
    }
}
