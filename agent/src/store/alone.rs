//! The table of claims alone: a chain of its own on this disk, because no other site knows of them yet.

use super::{Store, StoreError, from_sql, to_sql};
use state::{Head, Index};

/// The lines of the table in order, each with its number.
pub type AloneLines = Vec<(u64, Vec<u8>)>;

/// What the chain begins with: the name of the table, so that no line of it is ever taken for one of the journal.
const BIRTH: &str = "alone";

impl Store {
    /// Adds a line at the end. Its number must follow the last one's.
    ///
    /// # Errors
    /// If it does not, or the disk fails.
    pub fn append_alone(&mut self, n: u64, bytes: &[u8]) -> Result<(), StoreError> {
        let (last, head) = self.alone_end()?;
        if n != last + 1 {
            return Err(StoreError::Order { index: Index(n), last: Index(last) });
        }
        let head = head.next(Index(n), bytes);
        self.write("remember a claim alone", |tx| {
            tx.execute("INSERT INTO alone VALUES (?1, ?2, ?3)", (to_sql(n), bytes, head.0)).map(drop)
        })
    }

    /// Every line, once the chain was followed to its end.
    ///
    /// # Errors
    /// If the chain does not hold, or the disk fails.
    pub fn alone(&self) -> Result<AloneLines, StoreError> {
        let failed = |source| self.failed("read the claims alone", source);
        let mut statement = self.db.prepare("SELECT n, bytes, head FROM alone ORDER BY n").map_err(failed)?;
        let mut rows = statement.query([]).map_err(failed)?;
        let (mut lines, mut chain) = (Vec::new(), Head::birth(BIRTH));
        while let Some(row) = rows.next().map_err(failed)? {
            let n = row.get(0).and_then(from_sql).map_err(failed)?;
            let bytes: Vec<u8> = row.get(1).map_err(failed)?;
            chain = chain.next(Index(n), &bytes);
            if row.get::<_, [u8; 32]>(2).map_err(failed)? != chain.0 {
                return Err(StoreError::Chain { path: self.path.clone(), index: Index(n) });
            }
            lines.push((n, bytes));
        }
        Ok(lines)
    }

    fn alone_end(&self) -> Result<(u64, Head), StoreError> {
        let lines = self.alone()?;
        let chain = |head: Head, (n, bytes): &(u64, Vec<u8>)| head.next(Index(*n), bytes);
        Ok((lines.last().map_or(0, |(n, _)| *n), lines.iter().fold(Head::birth(BIRTH), chain)))
    }
}
