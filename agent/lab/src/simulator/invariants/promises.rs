//! What voters have promised: it never goes back, and no disk speaks with the votes of another.

use super::{Checked, Invariants, Promise, broken};
use agent::quorum::RaftId;

impl Invariants {
    /// 16: a voter's term, what it knows to be agreed and where its log ends never go back, and its id is never
    /// given to another disk.
    pub fn promised(&mut self, (voter, disk): (RaftId, u64), now: Promise) -> Checked {
        let (owner, before) = self.promises.insert(voter, (disk, now)).unwrap_or((disk, now));
        if owner != disk {
            return broken(
                16,
                "no id is used twice",
                format!("{voter} was of disk {owner}, and is of {disk}"),
            );
        }
        if now.term < before.term || now.commit < before.commit || now.end < before.end {
            let what = format!("{voter} went from {before:?} back to {now:?}");
            return broken(16, "promises never go back", what);
        }
        Ok(())
    }
}
