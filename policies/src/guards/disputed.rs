//! Guard: where two sites still say up, a verdict of down is disputed, and people must look.

use super::{Answer, bar};
use crate::decide::Grounds;
use crate::reason::Guarding;

/// Asks for sites that contradict the majority.
pub(super) fn ask(on: &Grounds<'_>) -> Answer {
    let tally = &on.tally;
    if tally.leans_down() && tally.contested() && on.cut_off.is_none() {
        return bar(Guarding::Disputed { subject: tally.subject.clone(), up: tally.up_sites() }, None);
    }
    Answer::Mute
}
