//! Guard: a node whose clock jumped observes, but does not decide, until it has had time to look again.

use super::{Answer, bar};
use crate::decide::Matter;
use crate::reason::Guarding;

/// Asks how much longer.
pub(super) fn ask(matter: &Matter<'_>) -> Answer {
    match matter.standing.jumped {
        Some(left) => bar(Guarding::ClockJumped { left }, Some(matter.case.now.once_passed(left))),
        None => Answer::Mute,
    }
}
