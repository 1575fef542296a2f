//! What must be on disk before anything is said: the batch, its receipt, and what the receipt buys.

use super::log::LoadError;
use super::seats::RaftId;
use super::wire::{Entry, HardState, Message, Snapshot};
use state::{Index, SiteId, Term};

/// Everything a voter has on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoterState {
    /// Which voter.
    pub id: RaftId,
    /// What it has promised.
    pub hard: HardState,
    /// The last entry that is gone, index and term; zeros while none is.
    pub cut: (Index, Term),
    /// The state in place of what is gone.
    pub snapshot: Option<Snapshot>,
    /// The entries after the cut, without a hole.
    pub entries: Vec<Entry>,
}

/// Entries up to `upto` may go; `snapshot` stands for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The last entry to go.
    pub upto: Index,
    /// Its term.
    pub term: Term,
    /// Never older than `upto`.
    pub snapshot: Snapshot,
}

/// What one voter must have on disk; the fields in the order in which they are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoterBatch {
    /// Which voter.
    pub id: RaftId,
    /// From a leader: everything that the voter has goes, this takes its place.
    pub snapshot: Option<Snapshot>,
    /// Appended; whatever stood at the first one's index or after goes first.
    pub entries: Vec<Entry>,
    /// Own compaction.
    pub cut: Option<Cut>,
    /// The promise, if it has changed.
    pub hard: Option<HardState>,
}

/// What both twins must have on disk, in one transaction, before anything of either is said.
#[must_use = "write it, then hand its receipt to `Quorum::written`"]
#[derive(Debug)]
pub struct Batch {
    pub(super) number: u64,
    pub(super) voters: Vec<VoterBatch>,
}

/// The receipt of a batch: whoever holds it says that the batch is on disk. It cannot be copied.
#[must_use = "hand it to `Quorum::written`"]
#[derive(Debug)]
pub struct Written {
    pub(super) number: u64,
    pub(super) voters: Vec<VoterBatch>,
}

impl Batch {
    /// The receipt. Call it only when the disk has confirmed the whole batch (`fsync` included).
    pub fn written(self) -> Written {
        Written { number: self.number, voters: self.voters }
    }

    /// What to write, voter by voter.
    pub fn voters(&self) -> &[VoterBatch] {
        &self.voters
    }

    /// Whether there is nothing to put on disk: a heartbeat costs no `fsync`.
    pub fn is_empty(&self) -> bool {
        let idle = |b: &VoterBatch| {
            b.snapshot.is_none() && b.entries.is_empty() && b.cut.is_none() && b.hard.is_none()
        };
        self.voters.iter().all(idle)
    }
}

/// An entry that has entered an own log; it may yet be cut off again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Where it stands.
    pub index: Index,
    /// In whose reign it was written.
    pub term: Term,
    /// The fact.
    pub bytes: Vec<u8>,
}

/// An entry that a majority has: it stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// Where it stands.
    pub index: Index,
    /// In whose reign it was written.
    pub term: Term,
    /// The fact.
    pub bytes: Vec<u8>,
}

/// What a receipt buys. The order of fields is the order of duties.
#[must_use = "start the timers, restore, fold, then send"]
#[derive(Debug, Default)]
pub struct Outcome {
    /// Every fact that entered an own log in this batch, once: for receipt timers.
    pub appended: Vec<Appended>,
    /// A leader's snapshot, newer than anything agreed here: the view begins anew with it.
    pub restored: Option<Snapshot>,
    /// Newly agreed facts in order of index, each index once over both twins.
    pub agreed: Vec<Agreed>,
    /// How far the log is agreed here; moves without a fact when a reign is opened.
    pub applied: Index,
    /// Messages, each with the site to carry it to.
    pub send: Vec<(SiteId, Message)>,
}

impl VoterState {
    /// A voter that has never been anything.
    pub fn empty(id: RaftId) -> Self {
        Self { id, hard: HardState::default(), cut: Default::default(), snapshot: None, entries: Vec::new() }
    }

    /// The last index it holds.
    pub fn last(&self) -> Index {
        self.entries.last().map_or(self.cut.0, |entry| entry.index)
    }

    /// Whether these are the leavings of one voter, which raft-rs takes for granted and panics over.
    pub(super) fn check(&self) -> Result<(), LoadError> {
        let mut at = self.cut;
        for entry in &self.entries {
            if entry.index.0 != at.0.0 + 1 || entry.term < at.1 {
                return Err(LoadError::Hole { id: self.id, index: entry.index });
            }
            at = (entry.index, entry.term);
        }
        if self.hard.commit < self.cut.0 || self.hard.commit > at.0 || self.hard.term < at.1 {
            return Err(LoadError::Promise { id: self.id, commit: self.hard.commit, last: at.0 });
        }
        match &self.snapshot {
            Some(snapshot) if snapshot.index < self.cut.0 => {
                Err(LoadError::Hole { id: self.id, index: snapshot.index })
            }
            None if self.cut.0 > Index(0) => Err(LoadError::Hole { id: self.id, index: self.cut.0 }),
            Some(_) | None => Ok(()),
        }
    }

    /// Does in memory what a disk does with a batch: for simulated disks, and the model for the real one.
    pub fn write(&mut self, batch: &VoterBatch) {
        if let Some(snapshot) = &batch.snapshot {
            self.cut = (snapshot.index, snapshot.term);
            self.entries.clear();
            self.snapshot = Some(snapshot.clone());
        }
        if let Some(first) = batch.entries.first() {
            let keep = self.entries.partition_point(|entry| entry.index < first.index);
            self.entries.truncate(keep);
            self.entries.extend(batch.entries.iter().cloned());
        }
        if let Some(cut) = &batch.cut {
            self.entries.retain(|entry| entry.index > cut.upto);
            self.cut = (cut.upto, cut.term);
            self.snapshot = Some(cut.snapshot.clone());
        }
        if let Some(hard) = batch.hard {
            self.hard = hard;
        }
    }
}
