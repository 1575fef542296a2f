//! The guards: each is asked about every decision, in one fixed order, and says why it forbids or does not.

mod agreement;
mod blip;
mod budget;
mod clock_gap;
mod damping;
mod disputed;
mod escalated;
mod failed;
mod hold;
mod keep_up;
mod latch;
mod let_go;
mod mode;
mod never_zero;
mod quorum;
mod single_flight;
mod steady;

use crate::decide::{Grounds, Matter};
use crate::lever::Pull;
use crate::reason::{Guarding, Reason};
use state::Stamp;

/// What a guard answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It forbids nothing, and that is worth saying.
    Pass(Reason),
    /// It forbids nothing, and there is nothing to say.
    Mute,
    /// It forbids acting.
    Bar {
        /// Why.
        reason: Reason,
        /// When time alone may lift it; `None` if only a fact can.
        until: Option<Stamp>,
    },
}

/// The guards that every decision meets first, in the order in which they are told: what a person can change, and what
/// the evidence must show.
const FIRST: [fn(&Grounds<'_>) -> Answer; 7] =
    [hold::ask, latch::ask, mode::ask, single_flight::ask, escalated::ask, disputed::ask, blip::ask];

/// Those that it meets last: what nobody can change.
const LAST: [fn(&Grounds<'_>) -> Answer; 3] = [clock_gap::ask, quorum::ask, agreement::ask];

/// The guards that bind a repair as well: what persons forbid, and what a leader must know.
const OF_REPAIR: [fn(&Grounds<'_>) -> Answer; 6] =
    [hold::ask, latch::ask, mode::ask, single_flight::ask, quorum::ask, agreement::ask];

/// Asks the guards of a repair.
pub(crate) fn ask_of_repair(on: &Grounds<'_>) -> Vec<Answer> {
    OF_REPAIR.iter().map(|ask| ask(on)).collect()
}

/// Asks every guard of a lever, also after one has forbidden it.
pub(crate) fn ask_of_lever(lever: &Pull<'_>) -> Vec<Answer> {
    in_order(&lever.on, [failed::ask(lever), let_go::ask(lever)], keep_up::ask(lever))
}

/// Asks every guard of a route, also after one has forbidden it: people shall hear of all at once.
pub(crate) fn ask_all(matter: &Matter<'_>) -> Vec<Answer> {
    in_order(&matter.on, [steady::ask(matter), damping::ask(matter)], never_zero::ask(matter))
}

/// All answers: around the budget stand what `waits` and what must be `left` afterwards, of which each kind has its
/// own.
fn in_order(on: &Grounds<'_>, waits: [Answer; 2], left: Answer) -> Vec<Answer> {
    let first = FIRST.iter().map(|ask| ask(on));
    let middle = waits.into_iter().chain([budget::ask(on), left]);
    first.chain(middle).chain(LAST.iter().map(|ask| ask(on))).collect()
}

fn pass(reason: Guarding) -> Answer {
    Answer::Pass(reason.into())
}

fn bar(reason: Guarding, until: Option<Stamp>) -> Answer {
    Answer::Bar { reason: reason.into(), until }
}
