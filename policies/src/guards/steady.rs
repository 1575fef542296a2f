//! Guard: a route goes to its refuge, or on to a better site, only after that has been right for a while.

use super::{Answer, bar};
use crate::decide::Matter;
use crate::errand::Errand;
use crate::reason::Guarding;

/// Asks for how long; a site that is dead is left without this.
pub(super) fn ask(matter: &Matter<'_>) -> Answer {
    let now = matter.on.case.now;
    match matter.errand() {
        Errand::Better { to, steady, needed, .. } if steady < needed => {
            bar(Guarding::NotSteady { site: to, steady, needed }, Some(now.once_passed(needed - steady)))
        }
        Errand::Better { hours: Some((hours, begin)), .. } => {
            let reason = Guarding::OutOfHours { hours: hours.to_string(), left: begin.since(now) };
            bar(reason, Some(begin))
        }
        Errand::Refuge { left } if !left.is_zero() => {
            bar(Guarding::RefugeWaits { left }, Some(now.once_passed(left)))
        }
        Errand::Better { .. } | Errand::Refuge { .. } | Errand::Leave { .. } | Errand::Stay => Answer::Mute,
    }
}
