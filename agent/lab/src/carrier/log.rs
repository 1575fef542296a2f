//! The carrier's own log: who wrote what when, readable afterwards and followable live.

use agent::clock;
use serde::{Deserialize, Serialize};
use state::Mono;
use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Mutex;
use tokio::sync::broadcast;

/// The most entries kept: an hour of a busy demo; the oldest go first.
const MOST_KEPT: usize = 100_000;

/// How far a follower may fall behind before it has to read the log instead.
const BEHIND: usize = 4096;

/// One connection, as the log names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Counted from 1 since the carrier started.
    pub connection: u64,
    /// The address it came from.
    pub peer: SocketAddr,
    /// Whose address that is, if the carrier was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// What happened. No password is ever in here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum What {
    /// A connection was accepted.
    Opened,
    /// A command was received; `text` has its secrets replaced by `***`.
    Command { text: String },
    /// One line of a reply was sent.
    Reply { text: String },
    /// A SET was received; `set` names it in the entries that follow.
    SetReceived { set: u64, number: String, slot: u8, destination: String },
    /// A SET took effect, perhaps long after it was received.
    SetApplied { set: u64, number: String, slot: u8, before: String, after: String },
    /// The client was told how a SET ended.
    SetAnswered { set: u64, number: String, code: u8 },
    /// A person changed a number on the carrier's portal.
    Edited { number: String, slot: u8, before: String, after: String },
    /// A fault struck.
    Fault { text: String },
    /// The client closed its side, or was killed.
    HungUp,
    /// The carrier closed the connection.
    Closed { why: String },
}

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Counted from 1; the order in which things happened.
    pub n: u64,
    /// Milliseconds since the carrier started, by a clock that never steps.
    pub t_ms: u64,
    /// The connection, unless it happened without one.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub line: Option<Line>,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// The log itself.
#[derive(Debug)]
pub struct Log {
    start: Mono,
    kept: Mutex<Kept>,
    live: broadcast::Sender<Entry>,
}

#[derive(Debug, Default)]
struct Kept {
    written: u64,
    entries: VecDeque<Entry>,
}

impl Default for Log {
    fn default() -> Self {
        Self { start: clock::mono(), kept: Mutex::default(), live: broadcast::Sender::new(BEHIND) }
    }
}

impl Log {
    /// Writes an entry, stamped now.
    pub fn write(&self, line: Option<&Line>, what: What) {
        let mut kept = self.kept.lock().expect("nothing panics while it holds the log");
        kept.written += 1;
        let since = clock::mono().since(self.start).as_millis();
        let t_ms = u64::try_from(since).unwrap_or(u64::MAX);
        let entry = Entry { n: kept.written, t_ms, line: line.cloned(), what };
        if kept.entries.len() == MOST_KEPT {
            kept.entries.pop_front();
        }
        kept.entries.push_back(entry.clone());
        // Sent under the lock, so that followers see the order of the log; nobody following is no error.
        let _ = self.live.send(entry);
    }

    /// The entries after number `after`.
    pub fn after(&self, after: u64) -> Vec<Entry> {
        let kept = self.kept.lock().expect("nothing panics while it holds the log");
        kept.entries.iter().filter(|entry| entry.n > after).cloned().collect()
    }

    /// Every entry from now on.
    pub fn follow(&self) -> broadcast::Receiver<Entry> {
        self.live.subscribe()
    }

    /// When the carrier started.
    pub fn start(&self) -> Mono {
        self.start
    }
}

/// ` 3.092s  #4 127.0.0.14 manchester  command SET …`
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>4}.{:03}s  ", self.t_ms / 1000, self.t_ms % 1000)?;
        if let Some(line) = &self.line {
            write!(f, "#{} {}  ", line.connection, line.peer)?;
            if let Some(label) = &line.label {
                write!(f, "{label}  ")?;
            }
        }
        self.what.fmt(f)
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opened => write!(f, "opened"),
            Self::Command { text } => write!(f, "-> {text}"),
            Self::Reply { text } => write!(f, "<- {text}"),
            Self::SetReceived { set, number, slot, destination } => {
                write!(f, "set {set} received: {number} slot {slot} to {destination}")
            }
            Self::SetApplied { set, number, slot, before, after } => {
                write!(f, "set {set} applied: {number} slot {slot} `{before}` -> `{after}`")
            }
            Self::SetAnswered { set, number, code } => write!(f, "set {set} answered: {number} {code}"),
            Self::Edited { number, slot, before, after } => {
                write!(f, "edited by a person: {number} slot {slot} `{before}` -> `{after}`")
            }
            Self::Fault { text } => write!(f, "fault: {text}"),
            Self::HungUp => write!(f, "client hung up"),
            Self::Closed { why } => write!(f, "closed: {why}"),
        }
    }
}
