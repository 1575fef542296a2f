//! The guards: each is asked about every decision, in one fixed order, and says why it forbids or does not.

mod agreement;
mod blip;
mod budget;
mod clock_gap;
mod damping;
mod disputed;
mod escalated;
mod hold;
mod latch;
mod mode;
mod never_zero;
mod quorum;
mod single_flight;
mod steady;

use crate::decide::Matter;
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

/// All guards in the order in which they are told: first what a person can change, last what nobody can.
const ALL: [fn(&Matter<'_>) -> Answer; 14] = [
    hold::ask,
    latch::ask,
    mode::ask,
    single_flight::ask,
    escalated::ask,
    disputed::ask,
    blip::ask,
    steady::ask,
    damping::ask,
    budget::ask,
    never_zero::ask,
    clock_gap::ask,
    quorum::ask,
    agreement::ask,
];

/// The guards that bind a repair as well: what persons forbid, and what a leader must know.
const OF_REPAIR: [fn(&Matter<'_>) -> Answer; 6] =
    [hold::ask, latch::ask, mode::ask, single_flight::ask, quorum::ask, agreement::ask];

/// Asks the guards of a repair.
pub(crate) fn ask_of_repair(matter: &Matter<'_>) -> Vec<Answer> {
    OF_REPAIR.iter().map(|ask| ask(matter)).collect()
}

/// Asks every guard, also after one has forbidden it: people shall hear of all at once.
pub(crate) fn ask_all(matter: &Matter<'_>) -> Vec<Answer> {
    ALL.iter().map(|ask| ask(matter)).collect()
}

fn pass(reason: Guarding) -> Answer {
    Answer::Pass(reason.into())
}

fn bar(reason: Guarding, until: Option<Stamp>) -> Answer {
    Answer::Bar { reason: reason.into(), until }
}
