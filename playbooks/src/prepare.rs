//! The plan of a preparation: what the policy says of slots 2 and 3 is written there, because a person asks for it.
//!
//! It is no playbook of a file: the language has no end state that writes these slots, so that no rule can.

use crate::limits::{ATTEMPTS, BACKOFF, TIMEOUT};
use state::plan::{At, Ensure, IfFailed, Plan, PlannedStep, Pointing, Undo};
use state::{CarrierId, PlaybookId, RouteId, SiteId};

/// The name under which preparations are asked for; no file of it can be had.
pub const PREPARE: &str = "prepare";

/// Why an empty slot has no way back.
const NEVER_EMPTIED: &str = "the carrier has no word that empties a slot again";

/// Slots 2 and 3 of a route's numbers that do not show what the policy says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behind {
    /// The route.
    pub route: RouteId,
    /// Who holds the numbers.
    pub carrier: CarrierId,
    /// Who is asked first to do it.
    pub by: SiteId,
    /// Each slot with what it was seen to show and what it shall show.
    pub slots: Vec<Pointing>,
}

/// The plan: first what has a way back, then the empty slots, which have none; and slot 2 before slot 3, because an
/// attempt writes a number once.
pub fn prepare(behind: Behind) -> Plan {
    let Behind { route, carrier, by, slots } = behind;
    let ensure = |slots: Vec<Pointing>| Ensure::BehindPrepared { carrier: carrier.clone(), slots };
    let step = |slots: Vec<Pointing>, (undo, if_failed): (Undo, IfFailed)| PlannedStep {
        ensure: ensure(slots),
        undo,
        at: At::Executor,
        timeout: TIMEOUT,
        attempts: ATTEMPTS,
        backoff: BACKOFF,
        if_failed,
    };
    let mut steps = Vec::new();
    for (is, place) in [(Before::Full, 2), (Before::Full, 3), (Before::Empty, 2), (Before::Empty, 3)] {
        let meant = |slot: &&Pointing| slot.number.slot() == place && before(slot) == is;
        let those: Vec<Pointing> = slots.iter().filter(meant).cloned().collect();
        let back = match is {
            Before::Full => (Undo::Ensure(ensure(those.iter().map(turned).collect())), IfFailed::UndoAll),
            Before::Empty => (Undo::No(NEVER_EMPTIED.to_owned()), IfFailed::Stuck),
        };
        if !those.is_empty() {
            steps.push(step(those, back));
        }
    }
    Plan { playbook: PlaybookId::new(PREPARE), route, from: None, to: by, steps }
}

/// What stands in a slot before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Full,
    Empty,
}

fn before(slot: &Pointing) -> Before {
    if slot.from.as_ref().is_some_and(|shown| !shown.is_empty()) { Before::Full } else { Before::Empty }
}

/// The way back of one slot.
fn turned(slot: &Pointing) -> Pointing {
    let back = slot.from.clone().unwrap_or_else(|| slot.to.clone());
    Pointing { number: slot.number.clone(), from: Some(slot.to.clone()), to: back }
}
