//! The voters' logs on disk: what a batch does to the tables, and how they are read again.

use super::{from_sql, to_sql};
use crate::quorum::wire::{Entry, HardState, Snapshot};
use crate::quorum::{RaftId, Seats, VoterBatch, VoterState};
use rusqlite::types::Type;
use rusqlite::{Connection, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;
use state::{Index, Term};
use std::collections::BTreeMap;

/// One voter's part of a batch. The order is that of `VoterState::write`, which is the model for it.
pub(super) fn write(db: &Connection, batch: &VoterBatch) -> rusqlite::Result<()> {
    let id = to_sql(batch.id.0);
    if let Some(snapshot) = &batch.snapshot {
        db.execute("DELETE FROM raft_entries WHERE id = ?1", [id])?;
        write_snapshot(db, batch.id, (snapshot.index, snapshot.term), snapshot)?;
    }
    if let Some(first) = batch.entries.first() {
        let sql = "DELETE FROM raft_entries WHERE id = ?1 AND idx >= ?2";
        db.prepare_cached(sql)?.execute((id, to_sql(first.index.0)))?;
    }
    let mut insert = db.prepare_cached("INSERT INTO raft_entries VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for entry in &batch.entries {
        let change = entry.change.as_ref().map(plain);
        insert.execute((id, to_sql(entry.index.0), to_sql(entry.term.0), &entry.bytes, change))?;
    }
    if let Some(cut) = &batch.cut {
        db.execute("DELETE FROM raft_entries WHERE id = ?1 AND idx <= ?2", (id, to_sql(cut.upto.0)))?;
        write_snapshot(db, batch.id, (cut.upto, cut.term), &cut.snapshot)?;
    }
    if let Some(hard) = batch.hard {
        let vote = to_sql(hard.vote.map_or(0, |id| id.0));
        let sql = "INSERT OR REPLACE INTO raft_hard VALUES (?1, ?2, ?3, ?4)";
        db.prepare_cached(sql)?.execute((id, to_sql(hard.term.0), vote, to_sql(hard.commit.0)))?;
    }
    Ok(())
}

fn write_snapshot(
    db: &Connection,
    id: RaftId,
    cut: (Index, Term),
    snapshot: &Snapshot,
) -> rusqlite::Result<()> {
    let numbers = [id.0, cut.0.0, cut.1.0, snapshot.index.0, snapshot.term.0].map(to_sql);
    let [id, cut, cut_term, index, term] = numbers;
    // The members have a column of their own since they have names; the first one stays empty.
    let sql = "INSERT OR REPLACE INTO raft_snapshots VALUES (?1, ?2, ?3, ?4, ?5, x'', ?6, ?7)";
    db.execute(sql, (id, cut, cut_term, index, term, &snapshot.bytes, plain(&snapshot.seats))).map(drop)
}

/// Every voter that has ever written anything, in order of id.
pub(super) fn load(db: &Connection) -> rusqlite::Result<Vec<VoterState>> {
    let mut voters = BTreeMap::new();
    each(db, "SELECT id, term, vote, commit_index FROM raft_hard", |row| {
        let vote = number(row, 2)?;
        let hard = HardState {
            term: Term(number(row, 1)?),
            vote: (vote != 0).then_some(RaftId(vote)),
            commit: Index(number(row, 3)?),
        };
        voter(&mut voters, row)?.hard = hard;
        Ok(())
    })?;
    let sql = "SELECT id, cut_index, cut_term, idx, term, conf, bytes, seats FROM raft_snapshots";
    each(db, sql, |row| {
        let seats = match read::<Seats>(row, 7)? {
            Some(seats) => seats,
            None => {
                let (voters, learners) = read(row, 5)?.unwrap_or_default();
                Seats::nameless(voters, learners)
            }
        };
        let (index, term) = (Index(number(row, 3)?), Term(number(row, 4)?));
        let snapshot = Snapshot { index, term, seats, bytes: row.get(6)? };
        let cut = (Index(number(row, 1)?), Term(number(row, 2)?));
        let voter = voter(&mut voters, row)?;
        voter.cut = cut;
        voter.snapshot = Some(snapshot);
        Ok(())
    })?;
    each(db, "SELECT id, idx, term, bytes, change FROM raft_entries ORDER BY id, idx", |row| {
        let (index, term) = (Index(number(row, 1)?), Term(number(row, 2)?));
        let entry = Entry { index, term, bytes: row.get(3)?, change: read(row, 4)? };
        voter(&mut voters, row)?.entries.push(entry);
        Ok(())
    })?;
    Ok(voters.into_values().collect())
}

fn plain(value: &impl Serialize) -> Vec<u8> {
    postcard::to_stdvec(value).expect("names and numbers can always be written")
}

/// A value that may be absent.
fn read<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>> {
    let bytes: Option<Vec<u8>> = row.get(column)?;
    let read = bytes.map(|bytes| postcard::from_bytes(&bytes)).transpose();
    read.map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Blob, Box::new(error)))
}

fn each(
    db: &Connection,
    sql: &str,
    mut take: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let mut statement = db.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        take(row)?;
    }
    Ok(())
}

fn voter<'a>(
    voters: &'a mut BTreeMap<RaftId, VoterState>,
    row: &Row<'_>,
) -> rusqlite::Result<&'a mut VoterState> {
    let id = RaftId(number(row, 0)?);
    Ok(voters.entry(id).or_insert_with(|| VoterState::empty(id)))
}

fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    from_sql(row.get(column)?)
}
