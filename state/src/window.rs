//! The write window: until when a SET may leave, when its connection is reset, and how long others wait.
//!
//! An executor asks at `asked` on its own clock. A SET may leave until `asked + C - G` and is given up at
//! `asked + C`. Everybody else who holds the intent in its log waits `W` from its own receipt before the next
//! attempt on that number, which covers the executor's window, clocks that run apart by ρ, and a request that
//! lives on inside network and carrier for `D`:
//!
//! `W = C * (1 + ρ) / (1 - ρ) + D * (1 + ρ) + tick = 8.41 s`, set to 8.5 s.

use std::time::Duration;

/// C: an attempt's connection is reset so long after it was asked for.
pub const CLOSE_BY: Duration = Duration::from_secs(5);
/// G: no SET leaves in the last part of that time; at most half of it.
pub const SEND_GUARD: Duration = Duration::from_secs(2);
/// D: the longest life assumed for a request inside network and carrier after our side closed.
pub const REQUEST_LIFE: Duration = Duration::from_secs(2);
/// ρ in percent: how far the rates of two clocks may differ (chrony slews by up to 8.3).
pub const CLOCK_RATE_PERCENT: u32 = 10;
/// W: how long an attempt that is not closed keeps its target, from the receipt of its intent.
pub const WAIT_OPEN: Duration = Duration::from_millis(8500);

/// Until when an executor whose attempts may take `timeout` has done with one, from the moment it asked: so that with
/// any clock it is over, and what it sent as well, when others have waited for `timeout`; never before C.
pub fn close_after(timeout: Duration) -> Duration {
    let rate = CLOCK_RATE_PERCENT as u64;
    let (all, life) = (millis(timeout), millis(REQUEST_LIFE) * (100 + rate) / 100 + TICK_MILLIS);
    let left = all.saturating_sub(life) * (100 - rate) / (100 + rate);
    if left > millis(CLOSE_BY) { Duration::from_millis(left) } else { CLOSE_BY }
}

/// How coarsely Raft counts time.
const TICK_MILLIS: u64 = 100;

fn millis(of: Duration) -> u64 {
    of.as_secs() * 1000 + of.subsec_millis() as u64
}

const _: () = assert!(SEND_GUARD.as_millis() * 2 <= CLOSE_BY.as_millis(), "G <= C / 2");
const _: () = {
    let (c, d, rate) = (CLOSE_BY.as_millis(), REQUEST_LIFE.as_millis(), CLOCK_RATE_PERCENT as u128);
    let least = c * (100 + rate) / (100 - rate) + d * (100 + rate) / 100 + 100;
    assert!(WAIT_OPEN.as_millis() >= least, "W >= C (1 + rho) / (1 - rho) + D (1 + rho) + tick");
};
