//! Guard: nothing moves before the newest good answer of all that say down is `blip` old.

use super::{Answer, bar};
use crate::decide::Matter;
use crate::reason::Guarding;

/// Asks how old it is; what is old enough is told with the evidence.
pub(super) fn ask(matter: &Matter<'_>) -> Answer {
    let (tally, now) = (&matter.tally, matter.case.now);
    match tally.last_good().filter(|_| tally.leans_down()) {
        Some(ago) if ago < tally.blip => {
            bar(Guarding::Blip { ago, blip: tally.blip }, Some(now.once_passed(tally.blip - ago)))
        }
        Some(_) | None => Answer::Mute,
    }
}
