//! Guard: a node whose clock jumped observes, but does not decide, until it has had time to look again.

use super::{Answer, bar};
use crate::decide::Grounds;
use crate::reason::Guarding;

/// Asks how much longer.
pub(super) fn ask(on: &Grounds<'_>) -> Answer {
    match on.standing.jumped {
        Some(left) => bar(Guarding::ClockJumped { left }, Some(on.case.now.once_passed(left))),
        None => Answer::Mute,
    }
}
