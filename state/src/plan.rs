//! A plan: a playbook with its arguments, as concrete end states that can be printed without being done.

use crate::ids::{CarrierId, Destination, Number, PlaybookId, RouteId, SiteId};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What a run is going to do; agreed with the run, so a later edit of the playbook changes nothing under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The playbook it came from.
    pub playbook: PlaybookId,
    /// The route or the lever that it is about.
    pub route: RouteId,
    /// The site that is left, if the route rang in one.
    pub from: Option<SiteId>,
    /// The site that is to answer; of a lever, the site that it belongs to.
    pub to: SiteId,
    /// The end states, in order.
    pub steps: Vec<PlannedStep>,
}

impl Plan {
    /// The schema that a plan of this form came with: whoever knows only a lesser one folds it in another way.
    pub fn schema(&self) -> u16 {
        if self.route.is_lever() { 3 } else { 1 }
    }
}

/// One end state of a plan, with its undo and its patience.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// What shall hold afterwards.
    pub ensure: Ensure,
    /// What takes it back, or the sentence why nothing does.
    pub undo: Undo,
    /// Who does it.
    pub at: At,
    /// How long one attempt may take before it counts as lapsed.
    pub timeout: Duration,
    /// How often it is tried.
    pub attempts: u8,
    /// How long to wait before the next attempt.
    pub backoff: Duration,
    /// What the run does when no attempt is left.
    pub if_failed: IfFailed,
}

/// An end state: may be brought about twice, and is read back before it counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ensure {
    /// Every number of the route points at the site (slot 1 at the carrier).
    RoutePointsAt {
        /// The carrier that holds the numbers.
        carrier: CarrierId,
        /// The site they shall point at.
        site: SiteId,
        /// Each number with what we believe it shows now and what it shall show, the first one first.
        numbers: Vec<Pointing>,
    },
    /// People have been told.
    Notify {
        /// What they are told.
        text: String,
    },
}

impl Ensure {
    /// What one effect writes and must therefore never have two writers: its numbers; nothing for words.
    pub fn targets(&self) -> &[Pointing] {
        match self {
            Self::RoutePointsAt { numbers, .. } => numbers,
            Self::Notify { .. } => &[],
        }
    }
}

/// One number's way from one destination to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pointing {
    /// The number.
    pub number: Number,
    /// What it is believed to show when the run is opened; `None` if it was never read.
    pub from: Option<Destination>,
    /// What it shall show.
    pub to: Destination,
}

/// The way back from an end state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Undo {
    /// The end state that takes it back.
    Ensure(Ensure),
    /// Why there is none.
    No(String),
}

/// Which site does a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum At {
    /// One executor: the destination, else the leader, else the first able in `prefer`.
    Executor,
    /// The leader itself.
    Leader,
    /// This site and no other.
    Site(SiteId),
}

/// What a run does with a step that could not be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum IfFailed {
    /// Go on with the next step; the run can end at best `done unverified`.
    CarryOn,
    /// Undo every step that was started, last first.
    UndoAll,
    /// Keep what was done, stop, and wake a person.
    Stuck,
}
