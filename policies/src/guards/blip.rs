//! Guard: nothing moves before the newest good answer of all that say down is `blip` old.

use super::{Answer, bar};
use crate::decide::Grounds;
use crate::reason::Guarding;
use std::time::Duration;

/// Asks how old it is, of whatever is old enough first; what is old enough is told with the evidence.
pub(super) fn ask(on: &Grounds<'_>) -> Answer {
    let (tally, now) = (&on.tally, on.case.now);
    let seen = tally.last_good().filter(|_| tally.leans_down()).map(|ago| (ago, tally.blip));
    let said = on.cut_off.as_ref().map(|cut_off| (cut_off.dark, cut_off.blip));
    let left = |(ago, blip): &(Duration, Duration)| blip.saturating_sub(*ago);
    match seen.into_iter().chain(said).min_by_key(left) {
        Some((ago, blip)) if ago < blip => {
            bar(Guarding::Blip { ago, blip }, Some(now.once_passed(blip - ago)))
        }
        Some(_) | None => Answer::Mute,
    }
}
