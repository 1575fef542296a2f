//! The simulator: a whole cluster in one thread and virtual time, faults from a seed, invariants after every event.

mod alone;
mod ambush;
pub mod carrier;
pub mod cuts;
pub mod cutting;
pub mod desk;
mod dice;
pub mod disk;
mod drawing;
mod garbling;
mod hands;
mod heal;
pub mod invariants;
mod lost;
mod net;
mod noticing;
mod policy;
mod posting;
mod queue;
pub mod schedule;
mod seating;
mod session;
mod shrink;
mod site;
pub mod story;
mod strike;
pub mod thief;
mod town;
mod world;
mod writing;

#[cfg(test)]
mod tests;

pub use invariants::Violation;
pub use shrink::shrink;
pub use town::Rare;

use schedule::Fault;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use story::Detail;
use town::Town;

/// One run: a seed, how long its faults go on, which they are, and how much is told.
#[derive(Clone, Debug)]
pub struct Options {
    /// Decides everything.
    pub seed: u64,
    /// How long faults strike, in milliseconds of virtual time.
    pub millis: u64,
    /// The faults; `None` to draw them from the seed.
    pub faults: Option<Vec<Fault>>,
    /// How much of it is told.
    pub detail: Detail,
    /// An onlooker that allows only so many automatic switches: a failure made to order, to try the shrinker on.
    pub budget: Option<usize>,
}

/// What became of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The invariant that did not hold, if there was one.
    pub violation: Option<Violation>,
    /// The faults that were struck.
    pub faults: Vec<Fault>,
    /// The story, line by line.
    pub story: Vec<String>,
    /// Two runs with the same hash took the same way.
    pub hash: u64,
    /// How many events there were.
    pub events: u64,
    /// How much virtual time passed, in milliseconds.
    pub millis: u64,
    /// For how long of it faults could strike.
    pub struck: u64,
    /// Automatic switches, SETs, and SETs of senders whose clocks stood still.
    pub counts: (u64, u64, u64),
    /// How often what is rare has happened.
    pub rare: Rare,
}

/// Runs a seed to its end, or to the first invariant that does not hold.
pub fn run(options: &Options) -> Outcome {
    let faults = options.faults.clone().unwrap_or_else(|| drawing::draw(options.seed, options.millis));
    let mut town = Town::new(options.seed, faults.clone(), options.detail);
    if let Some(budget) = options.budget {
        town.invariants.allow(budget);
    }
    let lived = catch_unwind(AssertUnwindSafe(|| {
        town.run(options.millis * 1000)?;
        town.heal()
    }));
    let violation = match lived {
        Ok(checked) => checked.err(),
        Err(panic) => Some(panicked(&*panic)),
    };
    let snapshots = town.sites.iter_mut().map(|site| site.disk().gaps.len() as u64).sum();
    let seen = &town.invariants;
    Outcome {
        violation,
        faults,
        hash: town.story.hash(),
        events: town.story.events,
        millis: town.now / 1000,
        struck: options.millis,
        counts: (seen.switches, seen.sets, seen.late_writes),
        rare: Rare {
            snapshots,
            edits: town.invariants.edits,
            reseated: town.invariants.reseated(),
            ..town.rare.clone()
        },
        story: town.story.lines().map(str::to_owned).collect(),
    }
}

fn panicked(panic: &(dyn Any + Send)) -> Violation {
    let said = panic.downcast_ref::<String>().cloned();
    let said = said.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    let what = said.unwrap_or_else(|| "it said nothing".to_owned());
    Violation { number: 20, name: "no panic", what }
}
