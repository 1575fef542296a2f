//! Guard: a latched route stays manual until a person resumes it.

use super::{Answer, bar};
use crate::decide::Grounds;
use crate::reason::Guarding;

/// Asks what latched the route.
pub(super) fn ask(on: &Grounds<'_>) -> Answer {
    match &on.state.latch {
        Some(latch) => bar(Guarding::Latched { since: latch.since, because: latch.because.clone() }, None),
        None => Answer::Mute,
    }
}
