//! What survives a crash of a simulated site: a disk in memory, or the real one in a directory of its own.

use crate::quorum::{Agreed, Batch, Past, VoterState, Written};
use crate::store::{JournalRow, Store};
use state::{Head, Index};
use std::path::PathBuf;

/// What survives a crash.
pub trait Disk {
    fn commit(&mut self, batch: Batch) -> Written;
    fn journal(&mut self, facts: &[Agreed]);
    fn restore(&mut self, at: Index);
    fn past(&mut self) -> Past;
    /// Everything on it is lost.
    fn wipe(&mut self);
}

#[derive(Default)]
pub struct Memory {
    voters: Vec<VoterState>,
    last: Index,
}

impl Disk for Memory {
    fn commit(&mut self, batch: Batch) -> Written {
        for part in batch.voters() {
            if !self.voters.iter().any(|voter| voter.id == part.id) {
                self.voters.push(VoterState::empty(part.id));
            }
            self.voters.iter_mut().find(|voter| voter.id == part.id).unwrap().write(part);
        }
        batch.written()
    }

    fn journal(&mut self, facts: &[Agreed]) {
        self.last = facts.last().map_or(self.last, |fact| fact.index);
    }

    fn restore(&mut self, at: Index) {
        self.last = at;
    }

    fn past(&mut self) -> Past {
        Past { journal: self.last, voters: self.voters.clone(), ids: Vec::new() }
    }

    fn wipe(&mut self) {
        *self = Self::default();
    }
}

/// The real thing, in a directory of its own.
pub struct File {
    path: PathBuf,
    store: Option<Store>,
}

impl File {
    pub fn new(path: PathBuf) -> Self {
        Self { path, store: None }
    }
}

impl Disk for File {
    fn commit(&mut self, batch: Batch) -> Written {
        self.store.as_mut().unwrap().commit(batch).unwrap()
    }

    fn journal(&mut self, facts: &[Agreed]) {
        let row =
            |fact: &Agreed| JournalRow { index: fact.index, term: fact.term, bytes: fact.bytes.clone() };
        let rows: Vec<_> = facts.iter().map(row).collect();
        self.store.as_mut().unwrap().append_journal(&rows).unwrap();
    }

    fn restore(&mut self, at: Index) {
        self.store.as_mut().unwrap().note_gap(at, Head([0; 32])).unwrap();
    }

    fn past(&mut self) -> Past {
        self.store = None;
        let (store, loaded) = Store::open(&self.path, "example").unwrap();
        self.store = Some(store);
        Past { journal: loaded.last, voters: loaded.voters, ids: Vec::new() }
    }

    fn wipe(&mut self) {
        self.store = None;
        for ending in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{ending}", self.path.display()));
        }
    }
}
