//! The most that was ever heard of a peer's disk, in its own signed words, and what falls short of it.

use super::{Hello, Own, Stand};
use crate::quorum::Mark;
use crate::relay::Sealed;
use serde::{Deserialize, Serialize};
use state::{Disk, Index, Starts};

/// What a disk has come to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    pub(super) disk: Disk,
    pub(super) starts: Starts,
    journal: Index,
    marks: Vec<Mark>,
}

/// What the own disk holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Held {
    /// The last entry of the journal.
    pub(super) journal: Index,
    /// What each vote has come to.
    pub(super) marks: Vec<Mark>,
}

/// What is kept of a peer on the own disk: the most that was heard, and the greeting that said so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    pub(super) memory: Memory,
    pub(super) proof: Option<Sealed>,
}

impl Kept {
    /// What was kept; `None` if it is unreadable.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes(bytes).ok()
    }

    /// The greeting in which most was heard.
    pub fn proof(&self) -> Option<&Sealed> {
        self.proof.as_ref()
    }
}

impl Memory {
    /// What a greeting says of its speaker's disk.
    pub(super) fn of(hello: &Hello) -> Self {
        let Hello { disk, starts, journal, marks, .. } = hello.clone();
        Self { disk, starts, journal, marks }
    }

    /// What the own disk has come to.
    pub(super) fn own(own: &Own, Held { journal, marks }: Held) -> Self {
        Self { disk: own.disk, starts: own.starts, journal, marks }
    }

    /// What goes on from this greeting: the most of the same disk, or another disk's. A vote that is not spoken of
    /// is not forgotten.
    pub(super) fn with(&self, hello: &Hello) -> Self {
        let blank = hello.stand == Stand::Newborn || hello.marks.iter().all(Mark::is_blank);
        let mut memory = Self::of(hello);
        if self.disk == hello.disk {
            let silent = |had: &&Mark| hello.marks.iter().all(|mark| mark.id != had.id);
            memory.marks.extend(self.marks.iter().filter(silent));
        } else if blank && hello.named == Index(0) {
            return self.clone();
        }
        memory
    }

    /// Of what the disk had more than it has now. A log may be cut back where a new leader overrules its end, so
    /// only what never goes back is compared: promises, the journal, and a log that ends in the same term.
    pub(super) fn exceeds(&self, now: &Self) -> Option<String> {
        if now.starts < self.starts {
            return Some(format!("it was started {} times, and says {}", self.starts, now.starts));
        }
        if now.journal < self.journal {
            return Some(format!("its journal had {}, and ends at {}", self.journal, now.journal));
        }
        self.marks.iter().find_map(|had| {
            let id = had.id;
            let has = now.marks.iter().find(|mark| mark.id == id)?;
            if has.hard_term < had.hard_term {
                return Some(format!(
                    "{id} had heard of term {}, and now of {}",
                    had.hard_term, has.hard_term
                ));
            }
            let shorter = has.last_term == had.last_term && has.last < had.last;
            shorter.then(|| format!("the log of {id} had {}, and ends at {}", had.last, has.last))
        })
    }
}
