//! A command of the site file brings something about: its check is asked first, and once more afterwards.

use super::order::{Hand, Tried};
use crate::clock::mono;
use crate::node::Stands;
use crate::probes::means::Means;
use crate::program::{End, may_be_run, run};
use state::fact::{Closure, Was};
use state::{CommandId, Mono};
use std::time::Duration;

/// What is left of an attempt's time for looking once more at what was killed.
const LAST_LOOK: Duration = Duration::from_secs(1);
/// How soon a check that says no is asked again, after a command that ended well.
const AGAIN: Duration = Duration::from_millis(250);

/// Both commands, with the words that the site file has for them.
#[derive(Clone, Debug)]
pub struct Exec {
    command: (CommandId, Vec<String>),
    check: (CommandId, Vec<String>),
}

/// What the check says.
enum Says {
    /// It is so.
    So,
    /// It is not, in its own words.
    No(String),
    /// It could not be asked, or did not answer.
    Nothing(String),
}

impl Exec {
    /// The commands as this site has them.
    ///
    /// # Errors
    /// Says what is missing here.
    pub fn new(means: &Means, (command, check): (&CommandId, &CommandId)) -> Result<Self, String> {
        let of = |name: &CommandId| words(means, name).map(|words| (name.clone(), words));
        Ok(Self { command: of(command)?, check: of(check)? })
    }

    /// One attempt: nothing is run if it is so already.
    pub async fn bring_about(&self, hand: &Hand) -> Tried {
        match self.says(hand.begin_by).await {
            Says::So => {
                let why = format!("it was so already, as {} says", self.check.0);
                return Tried { was: Was::Right, closure: Closure::Closed, why };
            }
            Says::No(_) => {}
            Says::Nothing(why) => return Tried::nothing(format!("nothing was run: {why}")),
        }
        if let Some(why) = hand.held_back() {
            return Tried::nothing(format!("{} was not run: {why}", self.command.0));
        }
        let end = run(&self.command.1, (hand.close_by - LAST_LOOK).left(mono())).await;
        let ended = format!("{} {end}", self.command.0);
        let (closure, patience) = match end {
            End::Unstarted(_) => return Tried::nothing(ended),
            End::Well(_) => (Closure::Closed, Patience::Left),
            End::Ill(_) => (Closure::Closed, Patience::None),
            // What it began elsewhere may go on without it.
            End::Flood | End::Late | End::Unknown(_) => (Closure::Open, Patience::None),
        };
        self.read_back((closure, ended), patience, hand.close_by).await
    }

    /// What the check says decides whether it is right, and never whether it is over.
    async fn read_back(&self, (closure, ended): (Closure, String), patience: Patience, by: Mono) -> Tried {
        let tried = |was, why| Tried { was, closure, why };
        loop {
            match (self.says(by).await, patience) {
                (Says::So, Patience::Left) => return tried(Was::Right, String::new()),
                (Says::So, Patience::None) => {
                    return tried(Was::Right, format!("{ended}; and {} says it is so", self.check.0));
                }
                (Says::No(_), Patience::Left) if by.left(mono()) > AGAIN => tokio::time::sleep(AGAIN).await,
                (Says::No(no), _) => {
                    let was = if closure == Closure::Closed { Was::Wrong } else { Was::Unknown };
                    return tried(was, format!("{ended}; and {no}"));
                }
                (Says::Nothing(why), _) => return tried(Was::Unknown, format!("{ended}; and {why}")),
            }
        }
    }

    /// How it stands, as the check says.
    pub async fn stands(&self, by: Mono) -> Stands {
        match self.says(by).await {
            Says::So => Ok((Was::Right, format!("{} says it is so", self.check.0))),
            Says::No(why) => Ok((Was::Wrong, why)),
            Says::Nothing(why) => Err(why),
        }
    }

    async fn says(&self, by: Mono) -> Says {
        let (name, words) = &self.check;
        let end = run(words, by.left(mono())).await;
        match end {
            End::Well(_) => Says::So,
            End::Ill(_) => Says::No(format!("{name} {end}")),
            End::Flood | End::Late | End::Unstarted(_) | End::Unknown(_) => {
                Says::Nothing(format!("{name} {end}"))
            }
        }
    }
}

/// Whether it may take a while until the check sees what the command did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Patience {
    /// The command said that it did it.
    Left,
    /// It said that it did not, or was killed.
    None,
}

/// The words of a command, if it can be run here as far as can be seen.
fn words(means: &Means, name: &CommandId) -> Result<Vec<String>, String> {
    let words = means.commands.get(name.as_str()).ok_or_else(|| {
        format!("no command `{name}` here; hint: add it to `commands` in the site file, and restart")
    })?;
    let program = words.first().ok_or_else(|| format!("the command `{name}` is empty"))?;
    let may = may_be_run(program);
    may.map(|()| words.clone())
        .map_err(|why| format!("cannot run `{program}`: {why}; hint: `ls -l {program}`"))
}
