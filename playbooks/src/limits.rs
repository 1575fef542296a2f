//! Every limit and default of playbooks in one table, with the inequalities that tie them.

use std::time::Duration;

pub use state::window::{CLOSE_BY, SEND_GUARD, WAIT_OPEN};

/// How long one attempt may take before it counts as lapsed.
pub const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest timeout that a playbook may ask for.
pub const TIMEOUT_MAX: Duration = Duration::from_secs(60);
/// How often a step is tried.
pub const ATTEMPTS: u8 = 3;
/// How often a step may be tried at most.
pub const ATTEMPTS_MAX: u8 = 10;
/// How long to wait before the next attempt.
pub const BACKOFF: Duration = Duration::from_secs(1);
/// The longest backoff that a playbook may ask for.
pub const BACKOFF_MAX: Duration = Duration::from_secs(60);
/// How long a run may take, the time for writing its numbers added.
pub const RUN: Duration = Duration::from_secs(300);
/// The longest that a step may wait, for time to pass or for a site; it comes on top of the run's own time.
pub const WAIT_MAX: Duration = Duration::from_secs(3600);
/// The longest that a site can be asked to have been ready.
pub const STEADY_MAX: Duration = Duration::from_secs(86_400);
/// The most steps in one playbook.
pub const STEPS_MAX: usize = 16;
/// The longest text that a step tells, in characters, before its names are filled in.
pub const TEXT_MAX: usize = 500;

const _: () = assert!(TIMEOUT.as_millis() >= WAIT_OPEN.as_millis(), "timeout >= W");
const _: () = assert!(TIMEOUT.as_millis() <= TIMEOUT_MAX.as_millis(), "timeout <= its greatest");
const _: () = assert!(
    RUN.as_millis() >= 4 * ATTEMPTS as u128 * (TIMEOUT.as_millis() + BACKOFF.as_millis()),
    "a run has time for two steps at their defaults, with their undo"
);
