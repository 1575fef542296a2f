//! The most that was ever heard of a peer's disk, and what in a greeting falls short of it.

use super::{Hello, Stand};
use crate::quorum::Mark;
use serde::{Deserialize, Serialize};
use state::{Disk, Index, Starts};

/// The most that was ever heard of a peer's disk; kept on the own disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    pub(super) disk: Disk,
    pub(super) starts: Starts,
    journal: Index,
    marks: Vec<Mark>,
}

impl Memory {
    /// What goes on from this greeting: the most of the same disk, or another disk's.
    pub(super) fn with(&self, hello: &Hello) -> Self {
        let blank = hello.stand == Stand::Newborn || hello.marks.iter().all(Mark::is_blank);
        if self.disk != hello.disk && blank && hello.named == Index(0) {
            return self.clone();
        }
        Self { disk: hello.disk, starts: hello.starts, journal: hello.journal, marks: hello.marks.clone() }
    }

    /// Of what the disk had more than it says now. A log may be cut back where a new leader overrules its end, so
    /// only what never goes back is compared: promises, the journal, and a log that ends in the same term.
    pub(super) fn exceeds(&self, hello: &Hello) -> Option<String> {
        if hello.starts < self.starts {
            return Some(format!("it was started {} times, and says {}", self.starts, hello.starts));
        }
        if hello.journal < self.journal {
            return Some(format!("its journal had {}, and ends at {}", self.journal, hello.journal));
        }
        self.marks.iter().find_map(|had| {
            let id = had.id;
            let has = hello.marks.iter().find(|mark| mark.id == id)?;
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
