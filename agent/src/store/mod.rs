//! The disk of one agent: Raft logs, journal and small local facts in one SQLite file.
//!
//! A commit that fails is never tried again: after a failed `fsync` nobody knows what the disk holds. The error
//! is returned, every later call returns it too, and the caller ends the process; start-up reads what is there.

mod alone;
mod gaps;
mod journal;
mod open;
mod voters;

#[cfg(test)]
mod tests;

pub use alone::AloneLines;
pub use journal::JournalRows;

use crate::policy_file::{MARKS, Marks};
use crate::quorum::{Batch, VoterState, Written};
use rusqlite::{Connection, OptionalExtension, Transaction};
use state::{Head, Index, Stamp, Starts, Term};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Under which key a site remembers when somebody led last.
const LED: &str = "led";

/// One agreed fact, as the journal keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalRow {
    /// Where it stands in the log.
    pub index: Index,
    /// In whose reign it was written.
    pub term: Term,
    /// The fact.
    pub bytes: Vec<u8>,
}

/// Some facts of the journal in order, as many as one answer may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The chain's head before the first fact of all.
    pub birth: Head,
    /// The facts.
    pub rows: Vec<JournalRow>,
    /// Each index up to which facts are missing here, with the head of the snapshot that stands for them.
    pub gaps: Vec<(Index, Head)>,
}

/// What the disk remembered.
#[derive(Debug)]
pub struct Loaded {
    /// How often an agent has been started on this disk, this time included.
    pub starts: Starts,
    /// The log of every voter that has ever written here.
    pub voters: Vec<VoterState>,
    /// The index of the last fact of the journal, or of the gap that follows it; 0 at birth.
    pub last: Index,
    /// The chain's head there.
    pub head: Head,
}

impl Loaded {
    /// Whether nothing was ever promised or agreed on this disk.
    pub fn is_blank(&self) -> bool {
        self.voters.is_empty() && self.last == Index(0)
    }
}

/// Why the disk did not do as asked. The process cannot go on with it.
#[derive(Debug, Error)]
pub enum StoreError {
    /// SQLite failed.
    #[error("cannot {attempt} in {path}")]
    Sqlite {
        /// What was tried.
        attempt: &'static str,
        /// Which database.
        path: PathBuf,
        /// Why it failed.
        source: rusqlite::Error,
    },
    /// The lock is held.
    #[error("cannot open {0}: another agent runs on this database")]
    Locked(PathBuf),
    /// Not written by this program.
    #[error("cannot open {0}: it is not a database of pointsman")]
    Foreign(PathBuf),
    /// Another cluster's.
    #[error("cannot open {path}: it belongs to the cluster {theirs}, not to {ours}")]
    OtherCluster {
        /// Which database.
        path: PathBuf,
        /// Whose it is.
        theirs: String,
        /// Whose it should be.
        ours: String,
    },
    /// Written by a later version.
    #[error("cannot open {path}: its schema {found} is newer than this program's {known}")]
    Newer {
        /// Which database.
        path: PathBuf,
        /// Its schema.
        found: usize,
        /// The newest that is known here.
        known: usize,
    },
    /// Truncated or overwritten.
    #[error("cannot open {path}: the database is damaged ({why})")]
    Damaged {
        /// Which database.
        path: PathBuf,
        /// In SQLite's words.
        why: String,
    },
    /// May not be written.
    #[error("cannot open {0}: it is read-only")]
    ReadOnly(PathBuf),
    /// The hash chain does not hold.
    #[error("the journal in {path} is broken at {index}: its chain does not fit the fact")]
    Chain {
        /// Which database.
        path: PathBuf,
        /// The first index that does not fit.
        index: Index,
    },
    /// A fact that is not after the last one.
    #[error("cannot write {index} to the journal: it ends at {last}, and is never rewritten")]
    Order {
        /// The fact.
        index: Index,
        /// The end of the journal.
        last: Index,
    },
    /// An earlier write failed, and nobody knows what the disk holds.
    #[error("cannot {attempt}: an earlier write failed, and this process must end: {first}")]
    Ended {
        /// What was tried.
        attempt: &'static str,
        /// What failed first.
        first: String,
    },
}

/// The open database; it belongs to this process alone until it is dropped.
#[derive(Debug)]
pub struct Store {
    db: Connection,
    path: PathBuf,
    last: Index,
    head: Head,
    birth: Head,
    ended: Option<String>,
}

impl Store {
    /// Opens the database of an agent of `cluster`, or creates it, and counts one more start.
    ///
    /// It is locked, recognised, checked from end to end and brought to the newest schema; the journal's chain
    /// is verified. An empty file counts as new: whether a disk may be new is not decided here.
    pub fn open(path: &Path, cluster: &str) -> Result<(Self, Loaded), StoreError> {
        let db = open::open(path, cluster)?;
        let birth = Head::birth(cluster);
        let mut store = Self { db, path: path.to_owned(), last: Index(0), head: birth, birth, ended: None };
        store.verify()?;
        let starts = store.count_start()?;
        let voters = voters::load(&store.db);
        let voters = voters.map_err(|source| store.failed("read the logs", source))?;
        let loaded = Loaded { starts, voters, last: store.last, head: store.head };
        Ok((store, loaded))
    }

    /// Writes a batch, both twins in one transaction, and gives the receipt for it once the disk has confirmed.
    pub fn commit(&mut self, batch: Batch) -> Result<Written, StoreError> {
        if !batch.is_empty() {
            self.write("write a batch", |tx| {
                batch.voters().iter().try_for_each(|part| voters::write(tx, part))
            })?;
        }
        Ok(batch.written())
    }

    /// A small local fact, if it is known.
    pub fn kept(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let found = self.db.query_row("SELECT value FROM kept WHERE key = ?1", [key], |row| row.get(0));
        found.optional().map_err(|source| self.failed("read a local fact", source))
    }

    /// Remembers a small local fact, in place of what was known under this key.
    pub fn keep(&mut self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        self.write("keep a local fact", |tx| keep(tx, key, value))
    }

    /// When somebody led last, by this machine's wall clock, to ten seconds; `None` if that was never noted.
    pub fn led(&self) -> Result<Option<Stamp>, StoreError> {
        let millis = self.kept(LED)?.and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
        Ok(millis.map(Stamp::from_millis))
    }

    /// Remembers that somebody leads now: what remains when nobody does is since when.
    pub fn keep_led(&mut self, at: Stamp) -> Result<(), StoreError> {
        self.keep(LED, &at.millis().to_be_bytes())
    }

    /// What the policy file has held; nothing on a new disk.
    pub fn marks(&self) -> Result<Marks, StoreError> {
        Ok(self.kept(MARKS)?.map(|bytes| Marks::decode(&bytes)).unwrap_or_default())
    }

    /// Where the journal ends, and the chain's head there.
    pub fn head(&self) -> (Index, Head) {
        (self.last, self.head)
    }

    /// The same for several, which are then known together or not at all.
    pub fn keep_all(&mut self, facts: &[(String, Vec<u8>)]) -> Result<(), StoreError> {
        self.write("keep local facts", |tx| facts.iter().try_for_each(|(key, value)| keep(tx, key, value)))
    }

    fn count_start(&mut self) -> Result<Starts, StoreError> {
        let before =
            self.kept("starts")?.and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_be_bytes);
        let starts = before.saturating_add(1);
        self.keep("starts", &starts.to_be_bytes())?;
        Ok(Starts(starts))
    }

    /// One transaction. If it fails, it was the last one.
    fn write(
        &mut self,
        attempt: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), StoreError> {
        if let Some(first) = &self.ended {
            return Err(StoreError::Ended { attempt, first: first.clone() });
        }
        let run = |db: &mut Connection| {
            let tx = db.transaction()?;
            work(&tx)?;
            tx.commit()
        };
        let done = run(&mut self.db);
        done.map_err(|source| {
            self.ended = Some(format!("{attempt}: {source}"));
            self.failed(attempt, source)
        })
    }

    fn failed(&self, attempt: &'static str, source: rusqlite::Error) -> StoreError {
        StoreError::Sqlite { attempt, path: self.path.clone(), source }
    }
}

fn keep(db: &Connection, key: &str, value: &[u8]) -> rusqlite::Result<()> {
    let sql = "INSERT INTO kept VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    db.execute(sql, (key, value)).map(drop)
}

/// SQLite's integers are signed; ours stay below 2^62, which the quorum checks of everything that comes in.
fn to_sql(number: u64) -> i64 {
    i64::try_from(number).expect("terms, indexes and ids stay below 2^62")
}

/// A negative number is no number of ours: the file was changed by another hand.
fn from_sql(number: i64) -> rusqlite::Result<u64> {
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(0, number))
}
