//! Guard: a lever is not pulled where fewer would hold afterwards than its rule keeps.

use super::{Answer, bar, pass};
use crate::errand::Occasion;
use crate::lever::Pull;
use crate::reason::Guarding;

/// Asks which of the same services at other places are up and in place; letting go takes nothing away.
pub(super) fn ask(lever: &Pull<'_>) -> Answer {
    let keep = lever.rule.keep_up;
    if keep == 0 || lever.wish() == Some(Occasion::LetGo) {
        return Answer::Mute;
    }
    let (service, holding) = (lever.rule.watches.service.clone(), lever.on.case.holding(lever.on.route));
    if holding.len() >= keep {
        return pass(Guarding::Enough { service, holding, keep });
    }
    // It is asked all the time; that too few hold is worth saying only where it stands in the way.
    match lever.wish() {
        Some(_) => bar(Guarding::TooFew { service, holding, keep }, None),
        None => Answer::Mute,
    }
}
