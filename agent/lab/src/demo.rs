//! The whole story on this machine: a cluster is put up, something is broken, and what happens is told.

mod account;
mod events;
mod finding;
pub mod gather;
pub mod happening;
mod header;
mod ledger;
mod play;
mod scenario;
mod scenes;
mod stage;
mod summary;

pub use account::Account;
pub use events::{Event, event, line};
pub use finding::{Finding, Seen};
pub use header::{Place, header, opening};
pub use scenario::Scenario;
pub use stage::{ALL, Leads, Stage};
pub use summary::{Last, Measured, Objection, Summary, bound, bound_of_refusal};

use crate::rig::{Pace, Rig, RigError};
use crate::wire::UnknownParty;
use agent::command::StatusReport;
use agent::control::client::ClientError;
use happening::Heard;
use play::Play;
use std::io;
use thiserror::Error;

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
    /// A person's order was not taken.
    #[error("cannot set the scene: {0}")]
    Scene(String),
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
    let summary = scenes::tell(options.scenario, &mut play).await?;
    play.end(summary)
}
