//! Guard: a lever that was pulled a short while ago is not let go yet, and each time it takes longer.

use super::damping::held_for;
use super::{Answer, bar};
use crate::errand::Occasion;
use crate::lever::Pull;
use crate::reason::Guarding;

/// Asks how often it was pulled within the window of its budget; pulling it never waits for this.
pub(super) fn ask(lever: &Pull<'_>) -> Answer {
    let (site, now) = (lever.site(), lever.on.case.now);
    let pulled = lever.on.state.left_within(site, lever.on.budget.window, now);
    let until = pulled.last().map(|last| *last + held_for(pulled.len()));
    match until.filter(|until| *until > now && lever.wish() == Some(Occasion::LetGo)) {
        Some(until) => bar(Guarding::PulledLately { left: until.since(now), until }, Some(until)),
        None => Answer::Mute,
    }
}
