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

/// The guards of a route in the order in which they are told: first what a person can change, last what nobody can.
const OF_ROUTE: [fn(&Matter<'_>) -> Answer; 14] = [
    |route| hold::ask(&route.on),
    |route| latch::ask(&route.on),
    |route| mode::ask(&route.on),
    |route| single_flight::ask(&route.on),
    |route| escalated::ask(&route.on),
    |route| disputed::ask(&route.on),
    |route| blip::ask(&route.on),
    steady::ask,
    damping::ask,
    |route| budget::ask(&route.on),
    never_zero::ask,
    |route| clock_gap::ask(&route.on),
    |route| quorum::ask(&route.on),
    |route| agreement::ask(&route.on),
];

/// The guards of a lever, in the same order.
const OF_LEVER: [fn(&Pull<'_>) -> Answer; 14] = [
    |lever| hold::ask(&lever.on),
    |lever| latch::ask(&lever.on),
    |lever| mode::ask(&lever.on),
    |lever| single_flight::ask(&lever.on),
    |lever| escalated::ask(&lever.on),
    |lever| disputed::ask(&lever.on),
    |lever| blip::ask(&lever.on),
    failed::ask,
    let_go::ask,
    |lever| budget::ask(&lever.on),
    keep_up::ask,
    |lever| clock_gap::ask(&lever.on),
    |lever| quorum::ask(&lever.on),
    |lever| agreement::ask(&lever.on),
];

/// The guards that bind a repair as well: what persons forbid, and what a leader must know.
const OF_REPAIR: [fn(&Grounds<'_>) -> Answer; 6] =
    [hold::ask, latch::ask, mode::ask, single_flight::ask, quorum::ask, agreement::ask];

/// Asks the guards of a repair.
pub(crate) fn ask_of_repair(on: &Grounds<'_>) -> Vec<Answer> {
    OF_REPAIR.iter().map(|ask| ask(on)).collect()
}

/// Asks every guard of a lever, also after one has forbidden it.
pub(crate) fn ask_of_lever(lever: &Pull<'_>) -> Vec<Answer> {
    OF_LEVER.iter().map(|ask| ask(lever)).collect()
}

/// Asks every guard of a route, also after one has forbidden it: people shall hear of all at once.
pub(crate) fn ask_all(matter: &Matter<'_>) -> Vec<Answer> {
    OF_ROUTE.iter().map(|ask| ask(matter)).collect()
}

fn pass(reason: Guarding) -> Answer {
    Answer::Pass(reason.into())
}

fn bar(reason: Guarding, until: Option<Stamp>) -> Answer {
    Answer::Bar { reason: reason.into(), until }
}
