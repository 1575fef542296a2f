//! Gaps of the journal: where a snapshot stands for facts, what exactly is missing, and how it is filled in.

use super::{JournalRow, Page, Store, StoreError, from_sql, to_sql};
use crate::gaps::Missing;
use rusqlite::{Connection, OptionalExtension};
use state::{Head, Index};

/// The bytes of facts that are handed to a peer at once: well below what a frame may have.
const PAGE_BYTES: usize = 256 * 1024;
/// And their number, so that many small ones stay below it too.
const PAGE_ROWS: i64 = 500;

impl Store {
    /// A snapshot took the place of facts up to `after` that this site has not seen; the chain goes on from the
    /// head that the snapshot carried.
    pub fn note_gap(&mut self, after: Index, head: Head) -> Result<(), StoreError> {
        if after <= self.last {
            return Err(StoreError::Order { index: after, last: self.last });
        }
        self.write("note a gap in the journal", |tx| {
            tx.execute("INSERT INTO gaps VALUES (?1, ?2, 0)", (to_sql(after.0), head.0)).map(drop)
        })?;
        (self.last, self.head) = (after, head);
        Ok(())
    }

    /// Each index at which a snapshot stands for facts that are missing here, with the chain's head there.
    pub fn gaps(&self) -> Result<Vec<(Index, Head)>, StoreError> {
        let marks = marks(&self.db).map_err(|source| self.failed("read the journal's gaps", source))?;
        Ok(marks.into_iter().filter(|mark| !mark.filled).map(|mark| mark.at).collect())
    }

    /// The first part of the journal that is missing here.
    pub fn missing(&self) -> Result<Option<Missing>, StoreError> {
        let Some(upto) = self.gaps()?.first().copied() else { return Ok(None) };
        let before = "SELECT idx, head FROM journal WHERE idx < ?1 ORDER BY idx DESC LIMIT 1";
        let found = self
            .db
            .query_row(before, [to_sql(upto.0.0)], |row| {
                Ok((Index(from_sql(row.get(0)?)?), Head(row.get(1)?)))
            })
            .optional()
            .map_err(|source| self.failed("read the journal's gaps", source))?;
        Ok(Some(Missing { after: found.unwrap_or((Index(0), self.birth)), upto }))
    }

    /// The next facts after an index, up to another one, as many as fit one answer; `None` if some are missing
    /// here too, or were not agreed yet.
    pub fn facts(&self, after: Index, upto: Index) -> Result<Option<Vec<JournalRow>>, StoreError> {
        // What is missing lies before the end of a gap, and a later one may begin where an earlier one ends.
        let lacks = self.gaps()?.iter().any(|(gap, _)| *gap > after);
        if lacks || upto > self.last {
            return Ok(None);
        }
        let mut page = self.rows_after(after)?;
        page.retain(|row| row.index <= upto);
        Ok(Some(page))
    }

    /// The next page for whoever reads the journal, with the places where facts are missing.
    pub fn page(&self, after: Index) -> Result<Page, StoreError> {
        Ok(Page { birth: self.birth, rows: self.rows_after(after)?, gaps: self.gaps()? })
    }

    /// The next facts after an index, as many as fit one answer.
    fn rows_after(&self, after: Index) -> Result<Vec<JournalRow>, StoreError> {
        let mut page = Vec::new();
        let mut bytes = 0;
        let from = Index(after.0.saturating_add(1));
        for row in self.journal_from(from).take(usize::try_from(PAGE_ROWS).unwrap_or(1)) {
            let row = row?;
            bytes += row.bytes.len();
            if !page.is_empty() && bytes > PAGE_BYTES {
                break;
            }
            page.push(row);
        }
        Ok(page)
    }

    /// Fills the first gap with facts whose chain was followed to the head behind it. Either all of it is there
    /// afterwards, or nothing has changed.
    pub fn fill(&mut self, missing: &Missing, rows: &[JournalRow]) -> Result<(), StoreError> {
        let mut head = missing.after.1;
        let chained: Vec<(&JournalRow, Head)> = rows
            .iter()
            .map(|row| {
                head = head.next(row.index, &row.bytes);
                (row, head)
            })
            .collect();
        if head != missing.upto.1 {
            return Err(StoreError::Chain { path: self.path.clone(), index: missing.upto.0 });
        }
        let gap = to_sql(missing.upto.0.0);
        self.write("fill a gap in the journal", |tx| {
            let mut insert = tx.prepare_cached("INSERT INTO journal VALUES (?1, ?2, ?3, ?4)")?;
            for (row, head) in &chained {
                insert.execute((to_sql(row.index.0), to_sql(row.term.0), &row.bytes, head.0))?;
            }
            tx.execute("UPDATE gaps SET filled = 1 WHERE after = ?1", [gap]).map(drop)
        })
    }
}

/// A place up to which the journal reaches though the facts before it came in a snapshot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    /// The snapshot's index and head.
    pub at: (Index, Head),
    /// Whether its facts have been fetched since, so that the chain can be followed through them.
    pub filled: bool,
}

/// All of them in order.
pub(super) fn marks(db: &Connection) -> rusqlite::Result<Vec<Mark>> {
    let mut statement = db.prepare("SELECT after, head, filled FROM gaps ORDER BY after")?;
    let rows = statement.query_map([], |row| {
        Ok(Mark { at: (Index(from_sql(row.get(0)?)?), Head(row.get(1)?)), filled: row.get(2)? })
    })?;
    rows.collect()
}
