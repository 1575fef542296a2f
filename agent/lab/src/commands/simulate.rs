//! `pointsman-lab simulate`: one seed, many hours, and the story if an invariant does not hold.

use super::Failure;
use agent::clock::worked;
use clap::Args;
use lab::simulator::story::Detail;
use lab::simulator::{Options, Outcome, Violation, run, shrink};
use std::io::Write;

/// The lines of the story that are printed when it failed and no replay was asked for.
const LAST: usize = 60;

/// A cluster in virtual time, with faults from a seed; tells the story if an invariant does not hold.
#[derive(Args)]
pub struct Simulate {
    /// Decides everything; the same seed takes the same way
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How long faults strike, in hours of virtual time
    #[arg(long, value_name = "H", default_value_t = 1.0)]
    hours: f64,
    /// How many seeds are run, from the first one on
    #[arg(long, value_name = "N", default_value_t = 1)]
    seeds: u64,
    /// Print every event
    #[arg(long)]
    replay: bool,
    /// Delete faults from a failure as long as it fails
    #[arg(long)]
    shrink: bool,
}

/// A run that did not hold.
#[derive(Debug, thiserror::Error)]
#[error("seed {seed}: {violation}")]
struct Broken {
    seed: u64,
    violation: Violation,
}

impl Simulate {
    /// Runs the seeds until one does not hold.
    pub fn run(self) -> Result<(), Failure> {
        let detail = if self.replay { Detail::Everything } else { Detail::Quiet };
        let millis = std::time::Duration::try_from_secs_f64(self.hours * 3600.0)
            .map_err(|error| Failure::Mistyped(error.into()))?
            .as_millis();
        let millis = u64::try_from(millis).unwrap_or(u64::MAX / 1000);
        for seed in self.seed..self.seed.saturating_add(self.seeds) {
            say(&format!("seed {seed}"))?;
            let began = worked();
            let options = Options { seed, millis, faults: None, detail, budget: None };
            let outcome = run(&options);
            say(&counted(&outcome, (worked() - began).as_secs_f64()))?;
            if outcome.violation.is_some() {
                return self.tell(&options, outcome);
            }
            if self.replay {
                outcome.story.iter().try_for_each(|line| say(line))?;
            }
        }
        Ok(())
    }

    fn tell(&self, options: &Options, outcome: Outcome) -> Result<(), Failure> {
        let outcome = if self.shrink { shrink(options, outcome) } else { outcome };
        let skipped = if self.replay { 0 } else { outcome.story.len().saturating_sub(LAST) };
        outcome.story.iter().skip(skipped).try_for_each(|line| say(line))?;
        if self.shrink {
            let seconds = outcome.struck / 1000;
            say(&format!("these {} faults in {seconds} s are enough:", outcome.faults.len()))?;
            outcome.faults.iter().try_for_each(|fault| say(&format!("  {fault:?}")))?;
        }
        match outcome.violation {
            Some(violation) => Err(Failure::Failed(Broken { seed: options.seed, violation }.into())),
            None => Ok(()),
        }
    }
}

fn counted(outcome: &Outcome, seconds: f64) -> String {
    let hours = f64::from(u32::try_from(outcome.millis / 1000).unwrap_or(u32::MAX)) / 3600.0;
    let (switches, sets, late) = outcome.counts;
    let rate = hours / seconds.max(1e-9);
    format!(
        "{hours:.2} h, {} events, {} faults, {} ambushes, {} snapshots, {} garbled, {} alone, {} waited for better, \
         {} disks lost, {} rolled back, {} let in, {switches} switches, {sets} writes, {late} late; \
         {rate:.2} simulated hours a second of one core, {:.0} times real time; trace {:016x}",
        outcome.events,
        outcome.faults.len(),
        outcome.rare.ambushes.len(),
        outcome.rare.snapshots,
        outcome.rare.garbled,
        outcome.rare.alone,
        outcome.rare.better,
        outcome.rare.wiped,
        outcome.rare.rolled_back,
        outcome.rare.let_in,
        rate * 3600.0,
        outcome.hash
    )
}

fn say(line: &str) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{line}").map_err(|error| Failure::Failed(error.into()))
}
