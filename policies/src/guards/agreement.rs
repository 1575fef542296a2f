//! Guard: only the leader decides, and only on a view that has everything agreed before its term.

use super::{Answer, bar};
use crate::decide::{Grounds, Reign};
use crate::reason::Guarding;

/// Asks for this node's part in the term.
pub(super) fn ask(on: &Grounds<'_>) -> Answer {
    match on.standing.reign {
        Reign::Follows => bar(Guarding::NotLeading, None),
        Reign::CatchingUp => bar(Guarding::LogBehind, None),
        Reign::Leads => Answer::Mute,
    }
}
