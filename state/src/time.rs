//! Two clocks: `Mono` for waiting on this machine, `Stamp` for telling in the cluster.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

/// This machine's clock: the time since it booted, sleep included (`CLOCK_BOOTTIME`).
///
/// For deadlines and waiting only. It has no serde on purpose: it is never stored and never sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Mono(Duration);

impl Mono {
    /// The reading that a clock gave.
    pub const fn from_boot(since: Duration) -> Self {
        Self(since)
    }

    /// The time since the machine booted.
    pub const fn since_boot(self) -> Duration {
        self.0
    }

    /// How long ago `earlier` was; zero if it is not earlier.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// How long it still is until this reading, seen from `now`; zero once it has passed.
    pub fn left(self, now: Self) -> Duration {
        self.0.saturating_sub(now.0)
    }
}

impl Add<Duration> for Mono {
    type Output = Self;
    fn add(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by))
    }
}

impl Sub<Duration> for Mono {
    type Output = Self;
    fn sub(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(by))
    }
}

/// Cluster time: milliseconds since 1970, agreed by the sites; never less than the stamp before.
///
/// For everything inside a fact. No effect's deadline is ever computed from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Stamp(u64);

impl Stamp {
    /// A stamp from milliseconds since 1970.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970.
    pub const fn millis(self) -> u64 {
        self.0
    }

    /// How long after `earlier` this is; zero if it is not after.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// The first stamp at which `by` has passed: a part of a millisecond counts as a whole one, so that whoever
    /// waits until then never wakes an instant early and goes back to sleep for good.
    #[must_use]
    pub fn once_passed(self, by: Duration) -> Self {
        let whole = self + by;
        if by.subsec_nanos().is_multiple_of(1_000_000) { whole } else { Self(whole.0.saturating_add(1)) }
    }
}

impl Add<Duration> for Stamp {
    type Output = Self;
    fn add(self, by: Duration) -> Self {
        let millis = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(millis))
    }
}

impl Sub<Duration> for Stamp {
    type Output = Self;
    fn sub(self, by: Duration) -> Self {
        let millis = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_sub(millis))
    }
}

/// `HH:MM:SS` of the day in UTC; the calendar belongs to whoever knows the time zone.
impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0 / 1000 % 86_400;
        write!(f, "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
    }
}

/// One event, one now: both clocks, read once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// For waiting.
    pub mono: Mono,
    /// For telling.
    pub stamp: Stamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_never_over_an_instant_early() {
        let now = Stamp::from_millis(500);
        assert_eq!(now.once_passed(Duration::ZERO), now);
        assert_eq!(now.once_passed(Duration::from_millis(3)), Stamp::from_millis(503));
        assert_eq!(now.once_passed(Duration::from_micros(3)), Stamp::from_millis(501));
    }
}
