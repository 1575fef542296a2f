//! The schedule: every probe has its own task, its own timer and its own phase, and none delays another.

use super::{Answer, Probe};
use crate::clock::mono;
use state::Mono;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// The longest single sleep: tokio's clock stops while the machine sleeps, ours does not.
const SLEEP_MAX: Duration = Duration::from_secs(1);

/// What is asked how often, and for how long an answer is waited for.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How the policy calls the thing asked, for instance `london/pbx`; also decides the phase.
    pub target: String,
    /// The question.
    pub probe: Probe,
    /// From one question to the next; not zero.
    pub every: Duration,
    /// How long an answer is waited for; at most `every`, or questions are skipped.
    pub timeout: Duration,
}

/// One answer to one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// The plan's target.
    pub target: String,
    /// When it was asked.
    pub at: Mono,
    /// What came of it.
    pub answer: Answer,
}

/// A probe that is running; dropping this stops it, also in the middle of a question.
#[derive(Debug)]
#[must_use = "dropping it stops the probe"]
pub struct Scheduled {
    task: JoinHandle<()>,
}

impl Drop for Scheduled {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Starts asking. Observations that find the inbox full are dropped: an old one is worth less than a new one.
pub fn start(plan: Plan, sink: mpsc::Sender<Observation>) -> Scheduled {
    Scheduled { task: tokio::spawn(keep_asking(plan, sink)) }
}

async fn keep_asking(plan: Plan, sink: mpsc::Sender<Observation>) {
    let phase = phase(&plan.target, plan.every);
    let mut due = next_tick(mono(), phase, plan.every);
    loop {
        sleep_until(due).await;
        let at = mono();
        // After a sleep of the whole machine the tick is long gone: wait for the next one, ask no backlog.
        if at.since(due) < plan.every {
            let answer = plan.probe.ask(plan.timeout).await;
            let observation = Observation { target: plan.target.clone(), at, answer };
            if let Err(mpsc::error::TrySendError::Closed(_)) = sink.try_send(observation) {
                return;
            }
        }
        due = next_tick(mono(), phase, plan.every);
    }
}

/// Sleeps in pieces, looking at our own clock after each.
async fn sleep_until(due: Mono) {
    loop {
        let left = due.left(mono());
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(SLEEP_MAX)).await;
    }
}

/// The first tick after `now` on the grid `phase + k * every`. Ticks that were missed are skipped.
fn next_tick(now: Mono, phase: Duration, every: Duration) -> Mono {
    let period = every.max(Duration::from_millis(1)).as_nanos();
    let passed = now.since_boot().saturating_sub(phase).as_nanos() / period;
    let nanos = u64::try_from((passed + 1) * period).expect("a machine is up for less than 584 years");
    let tick = Mono::from_boot(phase + Duration::from_nanos(nanos));
    let first = Mono::from_boot(phase);
    if now < first { first } else { tick }
}

/// Where in the period a target's questions stand: spread by name, the same after every start.
fn phase(target: &str, every: Duration) -> Duration {
    // FNV-1a, 32 bit: any even spread would do, a random one would not be the same tomorrow.
    let hash =
        target.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    every.mul_f64(f64::from(hash) / f64::from(u32::MAX) * 0.999)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: Duration = Duration::from_millis(100);

    fn at(millis: u64) -> Mono {
        Mono::from_boot(Duration::from_millis(millis))
    }

    #[test]
    fn ticks_stand_on_their_grid_and_missed_ones_are_skipped() {
        let phase = Duration::from_millis(30);
        assert_eq!(next_tick(at(0), phase, EVERY), at(30));
        assert_eq!(next_tick(at(29), phase, EVERY), at(30));
        assert_eq!(next_tick(at(30), phase, EVERY), at(130));
        assert_eq!(next_tick(at(131), phase, EVERY), at(230));
        // A century up, at the shortest period: still on the grid.
        let century = 3_155_760_000_000;
        assert_eq!(next_tick(at(century), Duration::ZERO, Duration::from_millis(1)), at(century + 1));
        // An hour of sleep later it is the next tick again, not thirty-six thousand of them.
        assert_eq!(next_tick(at(3_600_130), phase, EVERY), at(3_600_230));
    }

    #[test]
    fn phases_lie_within_the_period_differ_and_stay() {
        let phases = ["london/pbx", "manchester/pbx", "office/pbx"].map(|target| phase(target, EVERY));
        assert!(phases.iter().all(|phase| *phase < EVERY));
        assert!(phases[0] != phases[1] && phases[1] != phases[2]);
        assert_eq!(phases[0], phase("london/pbx", EVERY));
    }
}
