//! Which numbered frames of an origin have been here: each counts once, and those of an older life never.

use state::Starts;
use std::collections::BTreeSet;

/// So many numbers are remembered one by one, about ten seconds of the busiest origin; older ones count as seen.
const WINDOW: usize = 1024;

/// The numbers of one origin.
#[derive(Debug, Default)]
pub(super) struct Seen {
    starts: Starts,
    /// Everything up to here counts as seen.
    floor: u64,
    above: BTreeSet<u64>,
}

impl Seen {
    /// Whether a number of that life has been here, or is too old to be told.
    pub(super) fn has(&self, starts: Starts, n: u64) -> bool {
        let here = starts == self.starts && (n <= self.floor || self.above.contains(&n));
        starts < self.starts || here
    }

    /// It has been here. A greater life is another one, and begins anew.
    pub(super) fn note(&mut self, starts: Starts, n: u64) {
        if starts > self.starts {
            *self = Self { starts, ..Self::default() };
        }
        self.above.insert(n);
        while self.above.len() > WINDOW {
            self.floor = self.above.pop_first().unwrap_or_default().max(self.floor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_counts_once_in_any_order_and_an_old_life_never() {
        let mut seen = Seen::default();
        for n in [5, 3, 4] {
            assert!(!seen.has(Starts(2), n));
            seen.note(Starts(2), n);
            assert!(seen.has(Starts(2), n));
        }
        assert!(!seen.has(Starts(2), 6));
        assert!(seen.has(Starts(1), 6));
        assert!(!seen.has(Starts(3), 3));
        seen.note(Starts(3), 3);
        assert!(seen.has(Starts(2), 6));
    }

    #[test]
    fn what_is_too_old_to_be_told_counts_as_seen() {
        let mut seen = Seen::default();
        for n in (2..=WINDOW as u64 + 2).filter(|n| *n != 3) {
            seen.note(Starts(1), n);
        }
        seen.note(Starts(1), WINDOW as u64 + 3);
        assert!(seen.has(Starts(1), 1) && seen.has(Starts(1), 2) && !seen.has(Starts(1), 3));
        seen.note(Starts(1), WINDOW as u64 + 4);
        assert!(seen.has(Starts(1), 3), "it is below what is remembered one by one");
        assert_eq!(seen.above.len(), WINDOW);
    }
}
