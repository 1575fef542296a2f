//! A run and its steps: one table of transitions, and the four words in which a run ends.

use crate::ids::{Index, Number, RunId, SiteId, Who};
use crate::plan::{Deed, Plan, Undo};
use crate::time::Stamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A playbook being carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its name: the index at which it was opened.
    pub id: RunId,
    /// What it does.
    pub plan: Plan,
    /// Why it was opened, and by whom.
    pub cause: Cause,
    /// When it was opened.
    pub opened: Stamp,
    /// Its steps, as many as the plan has.
    pub steps: Vec<Step>,
    /// How it ended, once it has.
    pub end: Option<End>,
    /// The last entry that changed it: an attempt decided on an older view is void.
    pub touched: Index,
    /// Who cut in, if somebody did: no further attempt of an automatic run is accepted.
    pub cut: Option<Who>,
    /// When one of its steps changed last: the turn of a step that waits came then.
    #[serde(default)]
    pub stirred: Stamp,
}

/// Who wants a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// The verdict; with its reasons as they were said.
    Automatic {
        /// Why, in the words of the decision.
        because: Vec<String>,
    },
    /// A person, by name.
    Person {
        /// Who.
        who: Who,
        /// Why, in the person's words.
        because: String,
    },
    /// The carrier shows a value of our own that is not wanted: what is wanted is asserted again.
    Repair {
        /// The attempts that are not closed and explain it; each is answered once.
        late: Vec<Index>,
        /// What was read, in words.
        because: Vec<String>,
    },
}

/// The end of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// In one of the four words.
    pub word: Word,
    /// Why that word.
    pub why: String,
    /// When.
    pub at: Stamp,
}

/// The four words in which a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// Every step done and read back.
    Done,
    /// Done as far as anybody can tell, but a step was carried over or not read back.
    DoneUnverified,
    /// Everything that was started was taken back.
    Undone,
    /// Anything else: a person must look.
    Stuck,
}

impl std::fmt::Display for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Done => "done",
            Self::DoneUnverified => "done unverified",
            Self::Undone => "undone",
            Self::Stuck => "stuck",
        })
    }
}

/// One step of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Where it stands.
    pub state: StepState,
    /// The numbers that were verified to show what this step wants, in this direction.
    pub moved: BTreeSet<Number>,
    /// The last outcome that was not a plain success, in words.
    pub note: Option<String>,
}

/// Which way a step is being carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Direction {
    /// Towards its end state.
    Do,
    /// Back.
    Undo,
}

/// The states of a step. `n` counts attempts from 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StepState {
    /// Attempt `n` has not been started.
    Waiting { n: u8, since: Stamp },
    /// Attempt `n` is in flight.
    Running { n: u8, fence: Index, executor: SiteId, since: Stamp },
    /// The outcome of attempt `n` is unknown: what the carrier shows decides.
    Reading { n: u8, fence: Index, since: Stamp },
    /// The end state holds and was read back.
    Done,
    /// No attempt is left.
    Failed,
    /// It is being taken back: attempt `n`, not started while `fence` is empty.
    Undoing { n: u8, fence: Option<Index>, since: Stamp },
    /// It was taken back.
    Undone,
    /// It could not be taken back.
    Stuck,
    /// Nobody was there to do it, and it need not be done.
    Skipped,
}

/// What can happen to a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepEvent {
    /// An attempt was agreed.
    StepStarted { fence: Index, executor: SiteId },
    /// Some numbers are right, others still wait for their batch.
    BatchSucceeded,
    /// The end state holds.
    StepSucceeded,
    /// It was tried, and it certainly did not work.
    StepFailed,
    /// Nobody knows whether it worked.
    StepUnknown,
    /// The attempt was given up without a report.
    AttemptLapsed,
    /// The run turned back.
    UndoCalled,
    /// An attempt at the undo was agreed.
    UndoStarted { fence: Index },
    /// The end state before it holds again.
    UndoSucceeded,
    /// It could not be taken back this time.
    UndoFailed,
    /// Nobody has to do anything for it: it holds.
    StepHolds,
    /// Nobody could begin it within its time, or what was waited for did not come.
    StepGivenUp,
    /// Its site is not there, and it need not be done.
    StepSkipped,
}

/// A transition that the table does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a step that is {from:?} cannot take {event:?}")]
pub struct Illegal {
    /// Where the step stood.
    pub from: Box<StepState>,
    /// What happened.
    pub event: Box<StepEvent>,
}

impl StepState {
    /// The one table. `attempts` is how many attempts the plan allows.
    pub fn next(self, event: StepEvent, attempts: u8, at: Stamp) -> Result<Self, Illegal> {
        use StepEvent as E;
        use StepState as S;
        let retry = |n: u8| if n < attempts { S::Waiting { n: n + 1, since: at } } else { S::Failed };
        let again = |n: u8| {
            if n < attempts { S::Undoing { n: n + 1, fence: None, since: at } } else { S::Stuck }
        };
        Ok(match (self, event) {
            (S::Waiting { n, .. }, E::StepStarted { fence, executor }) => {
                S::Running { n, fence, executor, since: at }
            }
            (S::Running { n, .. } | S::Reading { n, .. }, E::BatchSucceeded) => S::Waiting { n, since: at },
            (S::Running { .. } | S::Reading { .. }, E::StepSucceeded) => S::Done,
            (S::Running { n, .. } | S::Reading { n, .. }, E::StepFailed | E::AttemptLapsed) => retry(n),
            (S::Running { n, fence, .. }, E::StepUnknown) => S::Reading { n, fence, since: at },
            (S::Done | S::Failed | S::Reading { .. }, E::UndoCalled) => {
                S::Undoing { n: 1, fence: None, since: at }
            }
            (S::Undoing { n, fence: None, .. }, E::UndoStarted { fence }) => {
                S::Undoing { n, fence: Some(fence), since: at }
            }
            (S::Undoing { n, .. }, E::BatchSucceeded) => S::Undoing { n, fence: None, since: at },
            (S::Undoing { .. }, E::UndoSucceeded) => S::Undone,
            (S::Undoing { n, .. }, E::UndoFailed | E::AttemptLapsed) => again(n),
            (S::Waiting { .. }, E::StepHolds) => S::Done,
            (S::Waiting { .. }, E::StepGivenUp) => S::Failed,
            (S::Undoing { fence: None, .. }, E::StepGivenUp) => S::Stuck,
            (S::Waiting { .. } | S::Undoing { fence: None, .. }, E::StepSkipped) => S::Skipped,
            (from, event) => return Err(Illegal { from: Box::new(from), event: Box::new(event) }),
        })
    }

    /// The attempt in flight, if there is one.
    pub fn fence(&self) -> Option<Index> {
        match self {
            Self::Running { fence, .. } | Self::Reading { fence, .. } => Some(*fence),
            Self::Undoing { fence, .. } => *fence,
            Self::Waiting { .. } | Self::Done | Self::Failed | Self::Undone | Self::Stuck | Self::Skipped => {
                None
            }
        }
    }

    /// Whether anything of this step was ever started.
    pub fn untouched(&self) -> bool {
        matches!(self, Self::Waiting { n: 1, .. } | Self::Skipped)
    }
}

impl Run {
    /// A run as it is when it is opened: nothing started.
    pub fn open(id: RunId, plan: Plan, cause: Cause, opened: Stamp) -> Self {
        let fresh =
            Step { state: StepState::Waiting { n: 1, since: opened }, moved: BTreeSet::new(), note: None };
        let steps = vec![fresh; plan.steps.len()];
        let touched = Index(id.0);
        Self { id, plan, cause, opened, steps, end: None, touched, cut: None, stirred: opened }
    }

    /// Whether no person wants it: every hold, mode and latch binds it.
    pub fn automatic(&self) -> bool {
        !matches!(self.cause, Cause::Person { .. })
    }

    /// Whether it only puts back what is wanted already: no switch, and no incident.
    pub fn repairs(&self) -> bool {
        matches!(self.cause, Cause::Repair { .. })
    }

    /// Whether an attempt at any step was ever started.
    pub fn begun(&self) -> bool {
        self.steps.iter().any(|step| !step.state.untouched() || !step.moved.is_empty())
    }

    /// Whether it got no further than to look: that a site was not ready yet is nothing that was tried with it.
    pub fn only_looked(&self) -> bool {
        let looks = |at: usize| self.plan.steps.get(at).is_some_and(|s| s.ensure.deed() == Deed::Looks);
        let touched = |step: &Step| !step.state.untouched() || !step.moved.is_empty();
        let mut begun = self.steps.iter().enumerate().filter(|(_, step)| touched(step)).peekable();
        begun.peek().is_some() && begun.all(|(at, _)| looks(at))
    }

    /// The step whose attempt has this fence.
    pub fn step_of(&self, fence: Index) -> Option<usize> {
        self.steps.iter().position(|step| step.state.fence() == Some(fence))
    }

    /// Which way the step is going.
    pub fn direction(&self, step: usize) -> Direction {
        match self.steps.get(step).map(|step| &step.state) {
            Some(StepState::Undoing { .. } | StepState::Undone | StepState::Stuck) => Direction::Undo,
            Some(
                StepState::Waiting { .. }
                | StepState::Running { .. }
                | StepState::Reading { .. }
                | StepState::Done
                | StepState::Failed
                | StepState::Skipped,
            )
            | None => Direction::Do,
        }
    }

    /// The end state that a step wants in a direction; `None` where there is nothing to undo.
    pub fn ensure(&self, step: usize, direction: Direction) -> Option<&crate::plan::Ensure> {
        let planned = self.plan.steps.get(step)?;
        match (direction, &planned.undo) {
            (Direction::Do, _) => Some(&planned.ensure),
            (Direction::Undo, Undo::Ensure(ensure)) => Some(ensure),
            (Direction::Undo, Undo::No(_)) => None,
        }
    }
}
