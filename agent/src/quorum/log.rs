//! One voter's log in memory, as Raft reads it: a copy of what its disk holds.

use super::batch::{Cut, VoterBatch, VoterState};
use super::seats::RaftId;
use super::seats::Seats;
use super::wire::{Entry, Snapshot};
use raft::eraftpb;
use raft::{GetEntriesContext, RaftState, Storage, StorageError};
use state::{Index, Term};
use thiserror::Error;

/// Why what was loaded is not a voter's log.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum LoadError {
    /// The site has no seat.
    #[error("cannot start the quorum: {0}")]
    Seats(#[from] super::seats::SeatsError),
    /// A log of somebody else.
    #[error("cannot start the quorum: this disk has a log of {0}, which is not of this site")]
    Foreign(RaftId),
    /// Entries are missing or out of order.
    #[error("cannot start {id}: its log is broken at index {index}")]
    Hole {
        /// Whose log.
        id: RaftId,
        /// The first bad index.
        index: Index,
    },
    /// The promise and the log contradict each other.
    #[error("cannot start {id}: it promised {commit} to be agreed, but its log ends at {last}")]
    Promise {
        /// Whose log.
        id: RaftId,
        /// The promise.
        commit: Index,
        /// What is there.
        last: Index,
    },
    /// The members are others than those it was started with.
    #[error("cannot start {0}: its snapshot has other members than the seats")]
    Members(RaftId),
    /// raft-rs refused.
    #[error("cannot start {id}: {why}")]
    Raft {
        /// Which voter.
        id: RaftId,
        /// In the words of raft-rs.
        why: String,
    },
}

/// The log of one voter; reads are raft-rs's, writes come from batches that are on disk.
pub(super) struct Log {
    conf: eraftpb::ConfState,
    hard: eraftpb::HardState,
    cut: (u64, u64),
    snapshot: Option<Snapshot>,
    entries: Vec<eraftpb::Entry>,
}

impl Log {
    /// The log, and the seats where it begins: at its cut, else at birth. A cut is never behind the last change of
    /// the seats, so those of the snapshot are those of the cut.
    pub(super) fn new(mut state: VoterState, birth: &Seats) -> Result<(Self, Seats), LoadError> {
        state.check()?;
        let seats = match &mut state.snapshot {
            Some(snapshot) => {
                let named = snapshot.seats.clone().named_by(birth);
                snapshot.seats = named.ok_or(LoadError::Members(state.id))?;
                snapshot.seats.clone()
            }
            None => birth.clone(),
        };
        let log = Self {
            conf: seats.conf().to_raft(),
            hard: state.hard.to_raft(),
            cut: (state.cut.0.0, state.cut.1.0),
            snapshot: state.snapshot,
            entries: state.entries.into_iter().map(Entry::into_raft).collect(),
        };
        Ok((log, seats))
    }

    /// Whether the snapshot names this id as a member.
    pub(super) fn names(&self, id: RaftId) -> bool {
        self.snapshot.as_ref().is_some_and(|snapshot| snapshot.seats.has(id))
    }

    /// Follows the disk.
    pub(super) fn write(&mut self, batch: VoterBatch) {
        if let Some(snapshot) = batch.snapshot {
            self.cut = (snapshot.index.0, snapshot.term.0);
            self.entries.clear();
            self.snapshot = Some(snapshot);
        }
        if let Some(first) = batch.entries.first() {
            let keep = first.index.0.saturating_sub(self.cut.0 + 1);
            self.entries.truncate(usize::try_from(keep).unwrap_or(usize::MAX));
            self.entries.extend(batch.entries.into_iter().map(Entry::into_raft));
        }
        if let Some(Cut { upto, term, snapshot }) = batch.cut {
            self.entries.retain(|entry| entry.index > upto.0);
            self.cut = (upto.0, term.0);
            self.snapshot = Some(snapshot);
        }
        if let Some(hard) = batch.hard {
            self.hard = hard.to_raft();
        }
    }

    /// How many entries could be cut.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn cut(&self) -> Index {
        Index(self.cut.0)
    }

    /// The term of an entry that is still there, or of the last that is gone.
    pub(super) fn term_at(&self, index: Index) -> Option<Term> {
        self.term(index.0).ok().map(Term)
    }

    fn place(&self, index: u64) -> Option<usize> {
        usize::try_from(index.checked_sub(self.cut.0 + 1)?).ok()
    }
}

impl Storage for Log {
    fn initial_state(&self) -> raft::Result<RaftState> {
        Ok(RaftState { hard_state: self.hard.clone(), conf_state: self.conf.clone() })
    }

    fn entries(
        &self,
        low: u64,
        high: u64,
        max_size: impl Into<Option<u64>>,
        _: GetEntriesContext,
    ) -> raft::Result<Vec<eraftpb::Entry>> {
        let Some(from) = self.place(low) else { return Err(StorageError::Compacted.into()) };
        let Some(upto) = self.place(high) else { return Err(StorageError::Compacted.into()) };
        let Some(range) = self.entries.get(from..upto) else { return Err(StorageError::Unavailable.into()) };
        let mut entries = range.to_vec();
        raft::util::limit_size(&mut entries, max_size.into());
        Ok(entries)
    }

    fn term(&self, index: u64) -> raft::Result<u64> {
        if index == self.cut.0 {
            return Ok(self.cut.1);
        }
        let Some(place) = self.place(index) else { return Err(StorageError::Compacted.into()) };
        self.entries.get(place).map(|entry| entry.term).ok_or_else(|| StorageError::Unavailable.into())
    }

    fn first_index(&self) -> raft::Result<u64> {
        Ok(self.cut.0 + 1)
    }

    fn last_index(&self) -> raft::Result<u64> {
        Ok(self.entries.last().map_or(self.cut.0, |entry| entry.index))
    }

    fn snapshot(&self, request_index: u64, to: u64) -> raft::Result<eraftpb::Snapshot> {
        match &self.snapshot {
            // Whoever finds itself no member of a snapshot drops it, so it would be sent for ever.
            Some(snapshot) if snapshot.index.0 >= request_index && self.names(RaftId(to)) => {
                Ok(snapshot.clone().into_raft())
            }
            Some(_) | None => Err(StorageError::SnapshotTemporarilyUnavailable.into()),
        }
    }
}
