//! How long every SET took from the last look at the clock to the end of its write, and how many were late.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Powers of two of a microsecond: the last one begins at half an hour, which nothing reaches.
const BUCKETS: usize = 32;

/// The counts as they grow.
#[derive(Debug, Default)]
pub struct Spans {
    counts: [AtomicU64; BUCKETS],
    late: AtomicU64,
}

/// The counts at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    /// How many writes took less than `2^place` µs, and not less than half of it.
    pub counts: [u64; BUCKETS],
}

impl Spans {
    /// One more write.
    pub fn add(&self, span: Duration) {
        self.counts[place(span)].fetch_add(1, Ordering::Relaxed);
    }

    /// One more that ended late.
    pub fn add_late(&self) {
        self.late.fetch_add(1, Ordering::Relaxed);
    }

    /// How many ended late.
    pub fn late(&self) -> u64 {
        self.late.load(Ordering::Relaxed)
    }

    /// The counts as they are now.
    pub fn histogram(&self) -> Histogram {
        Histogram { counts: self.counts.each_ref().map(|count| count.load(Ordering::Relaxed)) }
    }
}

/// The power of two that a span stays under.
fn place(span: Duration) -> usize {
    let bits = u128::BITS - span.as_micros().leading_zeros();
    usize::try_from(bits).map_or(BUCKETS - 1, |bits| bits.min(BUCKETS - 1))
}

impl Histogram {
    /// How many writes there were.
    pub fn writes(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Each bucket that holds something: less than so many microseconds, so many times.
    pub fn filled(&self) -> impl Iterator<Item = (u64, u64)> {
        let places = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        places.map(|(place, count)| (1_u64 << place, *count))
    }
}

/// `<64us:3 <128us:12`, without what is empty.
impl fmt::Display for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (below, count)) in self.filled().enumerate() {
            let gap = if at == 0 { "" } else { " " };
            write!(f, "{gap}<{below}us:{count}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_span_has_its_power_of_two() {
        let spans = Spans::default();
        for micros in [0, 1, 2, 3, 4, 1023, 1024, u64::MAX] {
            spans.add(Duration::from_micros(micros));
        }
        let text = "<1us:1 <2us:1 <4us:2 <8us:1 <1024us:1 <2048us:1 <2147483648us:1";
        assert_eq!(spans.histogram().to_string(), text);
        assert_eq!((spans.histogram().writes(), spans.late()), (8, 0));
    }
}
