//! Every limit and waiting time with its default, what it means, and the inequality that must hold.
//!
//! What a policy may change is checked when the policy is read (`policy/pace.rs`, `policy/deadman.rs`); what is
//! fixed is checked here, in the tests. The figures belong together: whoever changes one reads all of them.

use std::time::Duration;

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// The slowest round trip between two sites that we promise to work with.
pub const RTT_MAX: Duration = millis(100);
/// The slowest write to disk that we promise to work with.
pub const FSYNC_MAX: Duration = millis(100);
/// The least time unit of Raft.
pub const TICK: Duration = millis(100);
/// How often a leader shows that it lives.
pub const HEARTBEAT: Duration = millis(300);
/// How long nobody asks for a new leader; `election_tick >= 5 x heartbeat + rtt_max`.
pub const ELECTION_TICK: Duration = millis(2000);
/// How wide the window is in which one rank may ask to lead; `>= rtt_max + fsync_max + tick`.
pub const ELECTION_WINDOW: Duration = millis(400);
/// How many windows there are; they are disjoint, so that two sites never ask at once.
pub const ELECTION_RANKS: u32 = 5;
/// The longest time without a leader; `>= the end of the last window + 2 rtt_max + 2 fsync_max`.
pub const ELECTED_BY: Duration = millis(4500);
/// From when on a frame may take one relay; `3 heartbeats <= relay_after < election_tick`.
pub const RELAY_AFTER: Duration = millis(900);
/// A pause of this machine after which it trusts none of its opinions; `gap <= send_guard / 2`.
pub const GAP: Duration = secs(1);
/// After so long without a frame a site is silent, and its ballots are dropped; `> elected_by + heartbeat`.
pub const SILENCE: Duration = secs(6);
/// How long a site that sees its own clock jump decides nothing; `>= silence`: by then nobody counts what it said
/// before, and it has been heard anew.
pub const AFTER_GAP: Duration = SILENCE;
/// How often ballots that are not yet agreed are said again; less where a blip is short: `<= blip / 4`.
pub const BALLOT_EVERY: Duration = millis(500);
/// The least of it: what is still on its way need not be said again; `>= rtt_max + fsync_max`.
pub const BALLOT_EVERY_MIN: Duration = millis(250);

/// From the moment a verdict is possible to the carrier's answer: a ballot, two commits, the carrier's login and
/// one SET, over lines as slow as we promise to work with.
pub const ACT_WITHIN: Duration = secs(2);

pub use state::window::{CLOCK_RATE_PERCENT, CLOSE_BY, REQUEST_LIFE, SEND_GUARD, WAIT_OPEN};

/// An orphaned run goes on after so long at the latest; `>= wait_open / (1 - rho) + a commit`.
pub const ADOPTED_BY: Duration = secs(10);

/// How long one attempt of a step may take; `>= wait_open`.
pub const STEP_TIMEOUT: Duration = secs(10);
/// How often a step is tried.
pub const STEP_ATTEMPTS: u8 = 3;
/// The pause before the next attempt.
pub const STEP_BACKOFF: Duration = secs(1);
/// The time of a run apart from its numbers; `>= the sum of attempts x (timeout + backoff), undo included`.
pub const RUN_DEADLINE: Duration = secs(300);
/// How long after an attempt that is not closed its value may still appear (`> 2 x wait_open + drift_every`), and
/// how often in an hour it is put back.
pub use state::route::{LATE, REPAIRS_PER_HOUR};
/// How often the carrier is read while nothing happens.
pub const DRIFT_EVERY: Duration = secs(60);
/// How often it is read while something of ours may still turn up.
pub const DRIFT_SOON: Duration = secs(5);
/// For how long after an open or late outcome, an election, or a site's return; `> wait_open + drift_soon`.
pub const DRIFT_ALERT: Duration = secs(60);
/// How many hurried readings a site has made in an hour, as leader; beyond it the carrier's clause on misuse wins.
pub const DRIFT_SOON_PER_HOUR: usize = 180;
/// How many numbers of a route are read each time: the first ones, which callers know, and one more in turn.
pub const DRIFT_FIRST: usize = 10;
/// How often every number of a route has been read once.
pub const DRIFT_ALL: Duration = secs(6 * 3600);

/// How often the carrier's API is logged into; never under `CARRIER_EVERY_MIN`, by its clause on misuse.
pub const CARRIER_EVERY: Duration = secs(60);
/// The least time between two logins.
pub const CARRIER_EVERY_MIN: Duration = secs(20);
/// How long the carrier may take to answer.
pub const CARRIER_TIMEOUT: Duration = secs(10);
/// How many logins must fail before the API counts as down.
pub const CARRIER_FALL: u32 = 2;
/// How often a bare connection shows that the carrier's API is there, between the logins.
pub const CARRIER_CONNECT_EVERY: Duration = secs(10);
/// How many commands a second a carrier is sent if the policy does not say; `rate x batch <= close_by - send_guard`.
pub const CARRIER_RATE: u32 = 5;

/// How many automatic switches a route may make in `BUDGET_WINDOW`.
pub const BUDGET: u32 = 4;
/// The window of the budget; `>= damping_max`.
pub const BUDGET_WINDOW: Duration = secs(24 * 3600);
/// The first hold of a move back to a site that was left; it doubles each time.
pub const DAMPING: Duration = secs(300);
/// The longest hold of a move back.
pub const DAMPING_MAX: Duration = secs(4 * 3600);

/// How long a better site must have been able to take a route before the route leaves its last resort by itself.
pub const STEADY_LAST_RESORT: Duration = secs(30 * 60);
/// The same for a refuge: no PBX of ours answers there, so it is left sooner; `>= damping`.
pub const STEADY_REFUGE: Duration = secs(300);

/// The least and the longest time after which a policy may send a route home by itself; `>= damping`.
pub const FAILBACK_MIN: Duration = secs(600);
/// Whoever wants to wait longer decides himself.
pub const FAILBACK_MAX: Duration = secs(7 * 86_400);

/// How long no site must have been able to take a route before its refuge is rung: as long as a site needs to be
/// believed again after one lost answer.
pub fn refuge_after(blip: Duration) -> Duration {
    blip * 2
}

/// How long without a quorum before people are told; `2 x elected_by + silence < quorum`.
pub const DEADMAN_QUORUM: Duration = secs(30);
/// How long an alert may take to a person's pocket; `quorum + alert_path <= DEADMAN_TOLD_BY`.
pub const ALERT_PATH: Duration = secs(20);
/// A person knows after so long that automation has stopped.
pub const DEADMAN_TOLD_BY: Duration = secs(60);
/// How long a switch may go without anybody acknowledging it before it is escalated.
pub const DEADMAN_ACKNOWLEDGE: Duration = secs(30 * 60);
/// How long a wanted switch is tried before people are told that it does not succeed.
pub use state::route::GIVE_UP;
/// How long a site is no candidate after a run to it that did not end `done`.
pub const RETRY_AFTER: Duration = secs(600);
/// The longest hold.
pub const HOLD_MAX: Duration = secs(7 * 86_400);
/// How long systemd waits for a sign of life; `> 2 x fsync_max + gap`, `> the end of the last election window`.
pub const WATCHDOG: Duration = secs(15);

/// How long an address of a carrier that answered once may be missed; one that never answers strangers never is.
pub const SIGNALLING_TRUST: Duration = secs(86_400);

/// How often the PBX is asked whether it reaches the addresses that calls come from; it asks them itself once a minute.
pub const CONTACT_EVERY: Duration = secs(15);

/// When a site begins to look at everything that it leans on, each night: an hour in which few call, and at which no
/// clock is turned.
pub const LOOK_OVER_AT: Duration = secs(250 * 60);
/// How much later each further site of the policy does so: they share the carriers.
pub const LOOK_OVER_SPREAD: Duration = secs(600);

/// More changes than this within `FLAP_WINDOW` and an opinion is worth nothing.
pub const FLAP_CHANGES: usize = 6;
/// The time over which changes are counted.
pub const FLAP_WINDOW: Duration = secs(600);

/// When the last rank's election window ends.
pub fn election_max() -> Duration {
    ELECTION_TICK + ELECTION_WINDOW * ELECTION_RANKS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fixed_limits_agree_with_each_other() {
        assert!(ELECTION_TICK >= HEARTBEAT * 5 + RTT_MAX);
        assert!(ELECTION_WINDOW >= RTT_MAX + FSYNC_MAX + TICK);
        assert!(ELECTED_BY >= election_max() + RTT_MAX * 2 + FSYNC_MAX * 2);
        assert!(HEARTBEAT * 3 <= RELAY_AFTER && RELAY_AFTER < ELECTION_TICK);
        assert!(GAP <= SEND_GUARD / 2);
        assert!(SILENCE > ELECTED_BY + HEARTBEAT);
        assert!(BALLOT_EVERY_MIN >= RTT_MAX + FSYNC_MAX);
        assert!(AFTER_GAP >= SILENCE && AFTER_GAP < ADOPTED_BY);
        assert!(SEND_GUARD <= CLOSE_BY / 2);
        assert!(CLOSE_BY - SEND_GUARD >= RTT_MAX * 4 + FSYNC_MAX);
        assert!(ACT_WITHIN >= BALLOT_EVERY + (RTT_MAX + FSYNC_MAX) * 3 + RTT_MAX * 6);
        assert!(STEP_TIMEOUT >= WAIT_OPEN);
        assert!(RUN_DEADLINE >= (STEP_TIMEOUT + STEP_BACKOFF) * u32::from(STEP_ATTEMPTS) * 2 * 4);
        assert!(LATE > WAIT_OPEN * 2 + DRIFT_EVERY);
        assert!(DRIFT_ALERT > WAIT_OPEN + DRIFT_SOON && DRIFT_SOON > REQUEST_LIFE);
        assert!(CARRIER_EVERY >= CARRIER_EVERY_MIN && DRIFT_EVERY >= CARRIER_EVERY_MIN);
        assert!(BUDGET_WINDOW >= DAMPING_MAX);
        assert!(FAILBACK_MIN >= DAMPING && FAILBACK_MIN <= FAILBACK_MAX);
        assert!(STEADY_REFUGE >= DAMPING && STEADY_LAST_RESORT >= STEADY_REFUGE);
        assert!(ELECTED_BY * 2 + SILENCE < DEADMAN_QUORUM);
        assert!(DEADMAN_QUORUM + ALERT_PATH <= DEADMAN_TOLD_BY);
        assert!(WATCHDOG > FSYNC_MAX * 2 + GAP && WATCHDOG > election_max());
    }

    #[test]
    fn an_open_attempt_is_waited_out_on_the_slowest_clock() {
        let rho = CLOCK_RATE_PERCENT;
        let longest = CLOSE_BY * (100 + rho) / (100 - rho) + REQUEST_LIFE * (100 + rho) / 100 + TICK;
        assert!(WAIT_OPEN >= longest, "{longest:?}");
        assert!(ADOPTED_BY >= WAIT_OPEN * 100 / (100 - rho) + RTT_MAX + FSYNC_MAX);
        assert!(ADOPTED_BY >= election_max() + RTT_MAX * 3 + FSYNC_MAX);
    }
}
