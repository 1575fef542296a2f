//! What an attempt needs of a carrier: read, set once within a window, a fresh line, a clock.

use super::outcome::Lateness;
use super::window::Window;
use state::fact::Closure;
use state::{Destination, Mono, Number};
use std::time::Duration;

/// Why a line gave no answer to a question.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// The carrier answered no; the line can still be used.
    #[error("{0}")]
    Refused(String),
    /// The line is gone.
    #[error("{0}")]
    Lost(String),
    /// The line is gone because what came answers no question of ours: what was taken for the answer to the
    /// order before it may have been none.
    #[error("{0}")]
    OutOfStep(String),
    /// A fresh line was refused for its credentials, which nobody may try again.
    #[error("{0}")]
    LoginRefused(String),
}

/// The three slots of a number, the first one first.
pub type Slots = [Option<Destination>; 3];

/// What an attempt needs of a carrier; a simulator can stand in, clock included.
pub trait Line {
    /// What a number shows, in the slot that it names.
    fn read(&mut self, number: &Number, deadline: Mono) -> Result<Option<Destination>, LineError>;
    /// What all slots of a number show; a carrier may say it in one answer.
    fn read_all(&mut self, number: &Number, deadline: Mono) -> Result<Slots, LineError> {
        let mut slot = |slot| self.read(&number.at_slot(slot), deadline);
        Ok([slot(1)?, slot(2)?, slot(3)?])
    }
    /// Points the slot that the number names at `value`, within the window or not at all.
    fn set(&mut self, number: &Number, value: &Destination, window: Window) -> SetReport;
    /// Replaces a lost line by a fresh one, at most once in an attempt.
    fn reopen(&mut self, deadline: Mono) -> Result<(), LineError>;
    /// The clock for waiting.
    fn now(&self) -> Mono;
    /// Waits.
    fn rest(&mut self, pause: Duration);
}

/// What became of one SET.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetOutcome {
    /// The carrier answered 0. It does not prove anything: read it back.
    Answered,
    /// The carrier answered another digit.
    Refused { digit: u8, text: String },
    /// No byte was sent.
    NotSent { why: String },
    /// Some bytes may have been sent, and no answer was read.
    Unknown { why: String },
}

/// The outcome of one SET, and how close to the window's end it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetReport {
    /// What became of it.
    pub outcome: SetOutcome,
    /// Whether the write was over in time.
    pub late: Lateness,
    /// From the last look at the clock to the end of the write; nothing if nothing was written.
    pub last_check_to_write: Option<Duration>,
}

impl SetReport {
    /// Nothing left this machine.
    pub fn unsent(why: impl Into<String>) -> Self {
        let outcome = SetOutcome::NotSent { why: why.into() };
        Self { outcome, late: Lateness::InTime, last_check_to_write: None }
    }

    /// Closed if an answer to this very SET was read, or no byte was sent.
    pub fn closure(&self) -> Closure {
        match self.outcome {
            SetOutcome::Answered | SetOutcome::Refused { .. } | SetOutcome::NotSent { .. } => Closure::Closed,
            SetOutcome::Unknown { .. } => Closure::Open,
        }
    }
}
