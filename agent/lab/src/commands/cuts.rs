//! `pointsman-lab cuts`: every set of cut links, run; who can act then, as a table.

use super::Failure;
use agent::clock::mono;
use clap::Args;
use lab::simulator::Violation;
use lab::simulator::cuts::table;
use lab::simulator::cutting::{CASES, Case, STAGES, Sum, prove};
use std::io::Write;

/// The lines of the story that are printed of a case that does not hold.
const LAST: usize = 60;

/// Every set of cut links between four sites, under every leader, before, during and after a switch.
#[derive(Args)]
pub struct Cuts {
    /// Run every N-th case only; 97 is a fair sample
    #[arg(long, value_name = "N", default_value_t = 1)]
    stride: u32,
    /// Print who can act when, and run nothing
    #[arg(long)]
    table: bool,
    /// Run this one case and print its story
    #[arg(long, value_name = "N", conflicts_with = "table")]
    case: Option<u32>,
}

/// A case that did not hold.
#[derive(Debug, thiserror::Error)]
#[error("{count} cases did not hold; the first: {violation}")]
struct Broken {
    count: usize,
    violation: Violation,
}

impl Cuts {
    /// Prints the table, or runs the cases and says what came of them.
    pub fn run(self) -> Result<(), Failure> {
        if self.table {
            return table().iter().try_for_each(|line| say(line));
        }
        if let Some(n) = self.case {
            return one(n);
        }
        let began = mono();
        let seconds = || mono().since(began).as_secs();
        let (sum, broken) = prove(self.stride, |part| {
            // Talk for whoever waits: one thread speaks for all of them.
            eprintln!("pointsman-lab: {} cases of one thread after {} s", part.cases, seconds());
        });
        for line in told(&sum) {
            say(&line)?;
        }
        say(&format!("{} of {CASES} cases in {} s", sum.cases, seconds()))?;
        let count = broken.len();
        let Some((case, found)) = broken.into_iter().next() else { return Ok(()) };
        let skipped = found.story.len().saturating_sub(LAST);
        found.story.iter().skip(skipped).try_for_each(|line| say(line))?;
        say(&format!("to see it again: pointsman-lab cuts --case {}", case.number()))?;
        match found.violation {
            Some(violation) => Err(Failure::Failed(Broken { count, violation }.into())),
            None => Ok(()),
        }
    }
}

fn one(n: u32) -> Result<(), Failure> {
    if n >= CASES {
        return Err(Failure::Mistyped(format!("there are {CASES} cases, counted from 0").into()));
    }
    let (case, found) = (Case::nth(n), Case::nth(n).run());
    found.story.iter().try_for_each(|line| say(line))?;
    say(&format!("{case:?}, {:?}: moved after {:?}", case.fate(), found.moved))?;
    match found.violation {
        Some(violation) => Err(Failure::Failed(Broken { count: 1, violation }.into())),
        None => Ok(()),
    }
}

fn told(sum: &Sum) -> Vec<String> {
    let [must, may, told] = sum.moved;
    let slowest = STAGES.iter().zip(sum.slowest).map(|(stage, (took, case))| {
        format!("cut {}: {:.1} s at the slowest (case {case})", stage.word(), took.as_secs_f64())
    });
    let counts = [
        format!("{} of {} were moved where the votes meet and somebody can be chosen", must.1, must.0),
        format!("{} of {} where that depends on who leads", may.1, may.0),
        format!("{} of {} where no three votes meet", told.1, told.0),
        format!("{} of all were left to a person: a run was cut off from its numbers", sum.stuck),
    ];
    counts.into_iter().chain(slowest).collect()
}

fn say(line: &str) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{line}").map_err(|error| Failure::Failed(error.into()))
}
