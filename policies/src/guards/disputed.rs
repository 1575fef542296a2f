//! Guard: where two sites still say up, a verdict of down is disputed, and people must look.

use super::{Answer, bar};
use crate::decide::Matter;
use crate::reason::Guarding;

/// Asks for sites that contradict the majority.
pub(super) fn ask(matter: &Matter<'_>) -> Answer {
    let tally = &matter.tally;
    if tally.leans_down() && tally.contested() && matter.cut_off.is_none() {
        return bar(Guarding::Disputed { subject: tally.subject.clone(), up: tally.up_sites() }, None);
    }
    Answer::Mute
}
