//! The journal on disk: agreed facts, chained, added at the end and never changed.

use super::gaps::{Mark, marks};
use super::{JournalRow, Store, StoreError, from_sql, to_sql};
use rusqlite::Row;
use state::{Head, Index, Term};
use std::collections::VecDeque;

/// Rows read at once in a replay: with facts of the usual size, well under a megabyte.
const PAGE: i64 = 500;

impl Store {
    /// Adds agreed facts at the end, in one transaction; gives the chain's new head.
    pub fn append_journal(&mut self, rows: &[JournalRow]) -> Result<Head, StoreError> {
        let (mut last, mut head) = (self.last, self.head);
        let mut chained = Vec::new();
        for row in rows {
            if row.index <= last {
                return Err(StoreError::Order { index: row.index, last });
            }
            (last, head) = (row.index, head.next(row.index, &row.bytes));
            chained.push((row, head));
        }
        if !chained.is_empty() {
            self.write("add to the journal", |tx| {
                let mut insert = tx.prepare_cached("INSERT INTO journal VALUES (?1, ?2, ?3, ?4)")?;
                for (row, head) in &chained {
                    insert.execute((to_sql(row.index.0), to_sql(row.term.0), &row.bytes, head.0))?;
                }
                Ok(())
            })?;
        }
        (self.last, self.head) = (last, head);
        Ok(head)
    }

    /// The facts from `index` on, in order, read page by page: start-up is replay.
    pub fn journal_from(&self, index: Index) -> JournalRows<'_> {
        JournalRows { store: self, next: Some(index), page: VecDeque::new() }
    }

    /// Follows the chain through the whole journal; leaves `last` and `head` at its end.
    pub(super) fn verify(&mut self) -> Result<(), StoreError> {
        let (last, head) = verified(self)?;
        (self.last, self.head) = (last, head);
        Ok(())
    }
}

fn verified(store: &Store) -> Result<(Index, Head), StoreError> {
    let failed = |source| store.failed("read the journal", source);
    let mut marks: VecDeque<Mark> = marks(&store.db).map_err(failed)?.into();
    let (mut last, mut head) = (store.last, store.head);
    let mut statement =
        store.db.prepare("SELECT idx, term, bytes, head FROM journal ORDER BY idx").map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let fact = journal_row(row).map_err(failed)?;
        while let Some(mark) = marks.pop_front_if(|mark| mark.at.0 < fact.index) {
            (last, head) = passed(store, head, mark)?;
        }
        let broken = || StoreError::Chain { path: store.path.clone(), index: fact.index };
        head = head.next(fact.index, &fact.bytes);
        if fact.index <= last || row.get::<_, [u8; 32]>(3).map_err(failed)? != head.0 {
            return Err(broken());
        }
        last = fact.index;
    }
    for mark in marks {
        (last, head) = passed(store, head, mark)?;
    }
    Ok((last, head))
}

/// The chain goes on from the snapshot's head; where its facts are here, they must lead to the same.
fn passed(store: &Store, head: Head, mark: Mark) -> Result<(Index, Head), StoreError> {
    if mark.filled && mark.at.1 != head {
        return Err(StoreError::Chain { path: store.path.clone(), index: mark.at.0 });
    }
    Ok(mark.at)
}

fn journal_row(row: &Row<'_>) -> rusqlite::Result<JournalRow> {
    let (index, term) = (from_sql(row.get(0)?)?, from_sql(row.get(1)?)?);
    Ok(JournalRow { index: Index(index), term: Term(term), bytes: row.get(2)? })
}

/// The facts of a journal in order of index.
pub struct JournalRows<'a> {
    store: &'a Store,
    next: Option<Index>,
    page: VecDeque<JournalRow>,
}

impl JournalRows<'_> {
    fn read(&mut self, from: Index) -> rusqlite::Result<()> {
        let sql = "SELECT idx, term, bytes FROM journal WHERE idx >= ?1 ORDER BY idx LIMIT ?2";
        let mut statement = self.store.db.prepare_cached(sql)?;
        let rows = statement.query_map((to_sql(from.0), PAGE), journal_row)?;
        self.page = rows.collect::<rusqlite::Result<_>>()?;
        Ok(())
    }
}

impl Iterator for JournalRows<'_> {
    type Item = Result<JournalRow, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.is_empty() {
            // After an error there is nothing more to read.
            let from = self.next.take()?;
            if let Err(source) = self.read(from) {
                return Some(Err(self.store.failed("read the journal", source)));
            }
        }
        let row = self.page.pop_front()?;
        self.next = Some(Index(row.index.0 + 1));
        Some(Ok(row))
    }
}
