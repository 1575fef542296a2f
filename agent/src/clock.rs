//! The one place where the agent reads a clock.

use nix::time::{ClockId, clock_gettime};
use state::{Mono, Stamp};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// This machine's clock for waiting: `CLOCK_BOOTTIME`, which counts sleep (`std::time::Instant` does not).
pub fn mono() -> Mono {
    let spec = clock_gettime(ClockId::CLOCK_BOOTTIME).expect("Linux has had CLOCK_BOOTTIME since 2.6.39");
    Mono::from_boot(Duration::from(spec))
}

/// For how long this thread has been at work: what a measurement wants to know on a machine that others use too.
pub fn worked() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map(Duration::from).unwrap_or_default()
}

/// The wall clock, which may be wrong; it only starts and slews cluster time.
pub fn wall() -> Stamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Stamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
