//! What became of each number of an attempt: whether it is as wanted, and whether the attempt on it is closed.

use state::fact::{Closure, Was};
use state::{Destination, Number};
use std::fmt;
use std::time::Duration;

/// Whether the write was over in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lateness {
    /// Over before half the guard had passed, or nothing was written.
    InTime,
    /// The write ended this long after `send_by`: read the target now, after D and after 2 D.
    Late(Duration),
}

/// What slot 1 of a number showed when it was last read in this attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It was not read, or reading failed.
    Unread,
    /// No destination at all.
    Empty,
    /// This destination, in the carrier's own spelling.
    Value(Destination),
}

/// Why the outcome is what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// Set, answered, and read back as wanted.
    ReadBack,
    /// It already showed the wanted value, so nothing was sent.
    AlreadyThere,
    /// It showed a value that is not ours to overwrite, so nothing was sent.
    Stranger,
    /// It could not be read first, so nothing was sent.
    NotRead { what: String },
    /// The window for sending had passed, or nothing could be sent.
    NotSent { what: String },
    /// The carrier answered with a digit other than 0.
    Refused { digit: u8, text: String },
    /// The carrier answered that it is done, but still shows something else at the end of the window.
    NotShown,
    /// The carrier answered that it is done, but it could not be read back.
    NotReadBack { what: String },
    /// Sent, at least in part, and no answer was read.
    AnswerLost { what: String },
    /// Not attempted, because the attempt stopped at this number.
    StoppedAt { number: Number },
}

/// What became of one number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberOutcome {
    /// Which number.
    pub number: Number,
    /// Whether it shows what we wanted, decided by reading alone; wrong if nothing was sent.
    pub was: Was,
    /// Whether the attempt on it can still have an effect.
    pub closed: Closure,
    /// What it showed last.
    pub seen: Seen,
    /// Whether the write was over in time.
    pub late: Lateness,
    /// The reason.
    pub why: Why,
}

impl NumberOutcome {
    /// An outcome of a number to which nothing was sent: closed, in time.
    pub fn unsent(number: &Number, seen: Seen, why: Why) -> Self {
        let was = if why == Why::AlreadyThere { Was::Right } else { Was::Wrong };
        Self { number: number.clone(), was, closed: Closure::Closed, seen, late: Lateness::InTime, why }
    }

    /// Whether the attempt may go on to the next number: as wanted, and closed.
    pub fn lets_the_next_go(&self) -> bool {
        self.was == Was::Right && self.closed == Closure::Closed
    }
}

impl From<Option<Destination>> for Seen {
    fn from(slot: Option<Destination>) -> Self {
        slot.map_or(Self::Empty, Self::Value)
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unread => f.write_str("not read"),
            Self::Empty => f.write_str("empty"),
            Self::Value(value) => value.fmt(f),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReadBack => f.write_str("set and read back"),
            Self::AlreadyThere => f.write_str("already there, nothing was sent"),
            Self::Stranger => f.write_str("shows a value that is not ours to overwrite"),
            Self::NotRead { what } => write!(f, "could not be read first, nothing was sent: {what}"),
            Self::NotSent { what } => write!(f, "nothing was sent: {what}"),
            Self::Refused { digit, text } => write!(f, "the carrier refused with {digit}: {text}"),
            Self::NotShown => f.write_str("the carrier said done but shows another value"),
            Self::NotReadBack { what } => {
                write!(f, "the carrier said done but could not be read back: {what}")
            }
            Self::AnswerLost { what } => write!(f, "no answer to the order was read: {what}"),
            Self::StoppedAt { number } => write!(f, "not attempted, stopped at {number}"),
        }
    }
}

/// `02079460000 moved, closed: set and read back; shows S:442079460000@192.0.2.11`.
impl fmt::Display for NumberOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let was = match self.was {
            Was::Right => "moved",
            Was::Wrong => "not moved",
            Was::Unknown => "unknown",
        };
        let closed = match self.closed {
            Closure::Closed => "closed",
            Closure::Open => "open",
        };
        write!(f, "{} {was}, {closed}: {}; shows {}", self.number, self.why, self.seen)
    }
}
