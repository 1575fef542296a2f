//! Guard: a person's hold on the route, or on everything, forbids automatic action until it ends.

use super::{Answer, bar, pass};
use crate::decide::Grounds;
use crate::reason::Guarding;

/// Asks for a hold that has not ended.
pub(super) fn ask(on: &Grounds<'_>) -> Answer {
    match on.case.view.hold_of(on.route, on.case.now) {
        Some(hold) => {
            let (who, until, because) = (hold.who.clone(), hold.until, hold.because.clone());
            bar(Guarding::Held { who, until, because }, Some(until))
        }
        None => pass(Guarding::NoHold),
    }
}
