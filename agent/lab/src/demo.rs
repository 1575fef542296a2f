//! The whole story on this machine: a cluster is put up, something is broken, and what happens is told.

mod account;
mod events;
pub mod gather;
pub mod happening;
mod header;
mod play;
mod scenes;
mod stage;
mod summary;

pub use account::Account;
pub use events::{Event, event, line};
pub use header::{Place, header, opening};
pub use stage::Stage;
pub use summary::{Last, Measured, Objection, Summary, bound};

use crate::rig::{Pace, Rig, RigError};
use crate::wire::UnknownParty;
use agent::command::StatusReport;
use agent::control::client::ClientError;
use happening::Heard;
use play::Play;
use std::io;
use thiserror::Error;

/// Which story is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// London loses power while it has the number.
    SiteDies,
    /// London is cut off, not dead.
    Partition,
    /// The site that leads and acts dies between its SET and the reply.
    LeaderDiesMidPlaybook,
}

impl Scenario {
    /// As it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::SiteDies => "site-dies",
            Self::Partition => "partition",
            Self::LeaderDiesMidPlaybook => "leader-dies-mid-playbook",
        }
    }

    /// What happens in it.
    pub fn story(self) -> &'static str {
        match self {
            Self::SiteDies => "London loses power while it has the number",
            Self::Partition => "London is cut off, not dead, while it has the number",
            Self::LeaderDiesMidPlaybook => "London dies, then the leader that acts for it",
        }
    }

    /// What can be typed next.
    fn next(self) -> [String; 3] {
        let next = match self {
            Self::SiteDies => "  Next:  pointsman-lab demo --scenario partition     London cut off, not dead",
            Self::Partition => "  Next:  pointsman-lab demo --scenario leader-dies-mid-playbook",
            Self::LeaderDiesMidPlaybook => {
                "  Next:  pointsman-lab demo --pace calm              the product's own pace"
            }
        };
        let keep = "         pointsman-lab demo --keep                   leaves it running for you";
        [String::new(), next.to_owned(), keep.to_owned()]
    }
}

/// For whom the account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// A person: lines of 80 columns.
    Person,
    /// A program: one JSON object a line.
    Program,
}

/// What is to be shown.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Which story.
    pub scenario: Scenario,
    /// How fast the agents look.
    pub pace: Pace,
    /// For whom.
    pub reader: Reader,
}

/// Why the demo could not be run: this says nothing about the cluster's judgement.
#[derive(Debug, Error)]
pub enum DemoError {
    /// The cluster could not be put up.
    #[error("cannot put up the cluster")]
    Rig(#[from] RigError),
    /// An agent does not answer.
    #[error("cannot hear the agent of {site}; the end of its log:\n{tail}")]
    Agent { site: &'static str, tail: String, source: ClientError },
    /// It did not get ready.
    #[error("cannot break anything: after {seconds}s still {missing}; the end of the log of {site}:\n{tail}")]
    NotReady { seconds: u64, missing: String, site: &'static str, tail: String },
    /// The wire.
    #[error("cannot cut the wire")]
    Wire(#[from] UnknownParty),
    /// Nobody reads.
    #[error("cannot write the account")]
    Page(#[from] io::Error),
}

/// The end of a demo; the cluster still stands until this is dropped.
pub struct Finished {
    /// What it amounts to.
    pub summary: Summary,
    /// How the cluster stood before anything was broken.
    pub report: Option<StatusReport>,
    /// Everything that was heard, for a recording.
    pub heard: Vec<Heard>,
    /// The cluster.
    pub rig: Rig,
}

/// Takes the account, line by line.
pub type Page = Box<dyn FnMut(&str) -> io::Result<()> + Send>;

/// Puts a cluster up, breaks it, and tells what happens.
///
/// # Errors
/// When the story could not even begin; a cluster that behaves badly is no error, but a summary that says so.
pub async fn run(options: Options, page: Page) -> Result<Finished, DemoError> {
    let mut play = Play::begin(options, page).await?;
    let summary = match options.scenario {
        Scenario::SiteDies => scenes::site_dies(&mut play).await?,
        Scenario::Partition => scenes::partition(&mut play).await?,
        Scenario::LeaderDiesMidPlaybook => scenes::leader_dies(&mut play).await?,
    };
    play.end(summary)
}
