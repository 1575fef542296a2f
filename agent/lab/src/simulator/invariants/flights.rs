//! What may be on its way to the carrier beside a SET, and what a SET may write over.

use super::{Answered, By, Carrier, Checked, Flight, Intent, Mandate, Timing, broken};

/// 2: nothing else is alive on the number, and nothing later was sent before.
pub fn single_flight(flight: &Flight, carrier: &Carrier) -> Checked {
    for other in carrier.flights.iter().filter(|other| other.number.meets(&flight.number)) {
        // What was done alone may meet what the others do, but not what its own site does.
        let apart = flight.mandate != other.mandate || flight.mandate == Mandate::Alone;
        if other.id == flight.id || other.timing == Timing::Late || apart && other.site != flight.site {
            continue;
        }
        let alive = other.answer == Answered::No && other.until > flight.sent;
        let same = other.fence == flight.fence && other.mandate == flight.mandate;
        if alive && !same || other.fence > flight.fence && !apart {
            let left = other.until.saturating_sub(flight.sent) / 1000;
            let (number, fence, before) = (&flight.number, flight.fence, other.fence);
            let what = format!("{fence} was sent on {number} while {before} can live for {left} ms");
            return broken(2, "single flight", what);
        }
    }
    Ok(())
}

/// 5: what a person put there, and could be read before the SET, is not overwritten.
pub(super) fn not_over_a_stranger(flight: &Flight, intent: &Intent, carrier: &Carrier) -> Checked {
    let Some(register) = carrier.registers.get(&flight.number) else { return Ok(()) };
    let stands = flight.sent.saturating_sub(register.since) > 4_000_000;
    if register.by == By::Person && stands && !intent.ours.contains(&register.value) {
        let what = format!("{} overwrites {} on {}", flight.fence, register.value, flight.number);
        return broken(5, "no automatic write over a stranger's value", what);
    }
    Ok(())
}
