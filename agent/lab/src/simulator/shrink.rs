//! Shortens a failure: faults are deleted, first many and then one by one, while the same invariant still fails.

use super::schedule::Fault;
use super::{Options, Outcome, run};

/// In milliseconds.
const SECOND: u64 = 1_000;

/// The fewest faults, and the shortest time, that were found to break the same invariant, with the run over them.
pub fn shrink(options: &Options, failed: Outcome) -> Outcome {
    let Some(number) = failed.violation.as_ref().map(|violation| violation.number) else { return failed };
    let fails = |faults: Vec<Fault>, millis: u64| {
        let tried = run(&Options { faults: Some(faults), millis, ..options.clone() });
        let same = tried.violation.as_ref().is_some_and(|violation| violation.number == number);
        same.then_some(tried)
    };
    let mut best = failed;
    // What came after the failure had no part in it.
    let before: Vec<Fault> = best.faults.iter().filter(|fault| fault.at <= best.millis).copied().collect();
    if let Some(shorter) = fails(before, best.struck.min(best.millis + 1)) {
        best = shorter;
    }
    let mut size = best.faults.len().div_ceil(2).max(1);
    loop {
        let mut from = 0;
        let before = best.faults.len();
        while from < best.faults.len() {
            let mut faults = best.faults.clone();
            faults.drain(from..(from + size).min(faults.len()));
            match fails(faults, best.struck) {
                Some(fewer) => best = fewer,
                None => from += size,
            }
        }
        if size == 1 && best.faults.len() == before {
            break;
        }
        size = (size / 2).max(1);
    }
    // What may still be needed of the time after the last fault is found by halving it.
    let (mut too_short, mut enough) = (best.faults.last().map_or(0, |fault| fault.at), best.struck);
    while enough.saturating_sub(too_short) > SECOND {
        let between = too_short.midpoint(enough);
        match fails(best.faults.clone(), between) {
            Some(shorter) => (best, enough) = (shorter, between),
            None => too_short = between,
        }
    }
    best
}
