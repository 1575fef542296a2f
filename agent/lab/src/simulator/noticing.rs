//! What is new on a disk after a turn, shown to the onlooker.

use super::invariants::{Checked, Found};
use super::thief::DEN;
use super::town::Town;
use agent::store::JournalRow;
use std::collections::BTreeSet;

impl Town {
    /// What is new on a disk, and what its agent makes of it.
    pub(super) fn found(&mut self, site: usize) -> Checked {
        let writes = self.sites[site].disk().writes;
        if std::mem::replace(&mut self.sites[site].checked, writes) == writes {
            return Ok(());
        }
        let rows = match self.sites[site].trays() {
            Some(trays) => {
                let seen = std::mem::replace(&mut trays.seen, trays.disk.journal.len());
                trays.disk.journal[seen..].to_vec()
            }
            // The turn in which an agent died may have written its last rows.
            None => self.sites[site].disk.journal.iter().rev().take(50).rev().cloned().collect(),
        };
        let id = self.sites[site].id.clone();
        self.invariants.another_turn();
        for row in &rows {
            let found = Found { site: &id, index: row.index, bytes: &row.bytes };
            let known = self.invariants.has(row.index);
            let holding = if known { BTreeSet::new() } else { self.holding(row) };
            self.invariants.journalled(found, &holding)?;
        }
        // What a thief's agent promises is no word of the site's.
        let lost = site == DEN || self.sites[site].has_lost();
        let disk = self.sites[site].disk();
        let (name, promises) = (disk.name, disk.promises().filter(|_| !lost).collect::<Vec<_>>());
        for (voter, promise) in promises {
            self.invariants.promised((voter, name), promise)?;
        }
        match self.sites[site].view() {
            Some(view) if !rows.is_empty() => self.invariants.remembers(&id, view),
            Some(_) | None => Ok(()),
        }
    }

    /// The votes that hold an entry. What a lost disk had promised was promised; nobody counts on it again before its
    /// site is let back in.
    fn holding(&mut self, row: &JournalRow) -> BTreeSet<u64> {
        let mut held = BTreeSet::new();
        for site in &mut self.sites {
            if site.has_lost() {
                held.extend(&site.promised);
            }
            held.extend(site.disk().holding(row.index, row.term));
        }
        held
    }
}
