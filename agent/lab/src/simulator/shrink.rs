//! Shortens a failure: faults are deleted, first many and then one by one, while the same invariant still fails.

use super::{Options, Outcome, run};

/// The fewest faults that were found to break the same invariant, with the run over them.
pub fn shrink(options: &Options, failed: Outcome) -> Outcome {
    let Some(number) = failed.violation.as_ref().map(|violation| violation.number) else { return failed };
    let mut best = failed;
    let mut size = best.faults.len().div_ceil(2).max(1);
    loop {
        let mut from = 0;
        let before = best.faults.len();
        while from < best.faults.len() {
            let mut faults = best.faults.clone();
            faults.drain(from..(from + size).min(faults.len()));
            let tried = run(&Options { faults: Some(faults), ..options.clone() });
            if tried.violation.as_ref().is_some_and(|violation| violation.number == number) {
                best = tried;
            } else {
                from += size;
            }
        }
        if size == 1 && best.faults.len() == before {
            return best;
        }
        size = (size / 2).max(1);
    }
}
