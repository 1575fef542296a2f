//! Guard: after a run of its rule that did not end well, a lever is left alone for a while.

use super::{Answer, bar};
use crate::lever::Pull;
use crate::limits::RETRY_AFTER;
use crate::reason::Guarding;

/// Asks when the last one ended so.
pub(super) fn ask(lever: &Pull<'_>) -> Answer {
    let (site, now) = (lever.site(), lever.on.case.now);
    let until = lever.on.state.spurned.get(site).map(|at| *at + RETRY_AFTER);
    match until.filter(|until| *until > now && lever.wish().is_some()) {
        Some(until) => bar(Guarding::FailedLately { left: until.since(now), until }, Some(until)),
        None => Answer::Mute,
    }
}
