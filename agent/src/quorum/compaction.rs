//! Compaction: how far the logs may be forgotten, and the snapshot that stands for what was.

use super::wire::{SNAPSHOT_LIMIT, Snapshot};
use super::{Cut, Keep, Quorum, SnapshotTooLarge};
use state::Index;

impl Quorum {
    /// Up to where the logs may be cut, if that is worth a snapshot: what every site has, else all but the last
    /// entries that are kept.
    pub fn compactable(&self, keep: Keep) -> Option<Index> {
        let mut upto = if self.owes_snapshot() { self.seats.at() } else { Index(0) };
        for voter in &self.voters {
            let (raft, log) = (&voter.raw.raft, voter.raw.store());
            let old = raft.raft_log.last_index().saturating_sub(keep.entries as u64);
            let shared = raft.prs().iter().map(|(_, progress)| progress.matched).min().unwrap_or(0);
            let may = if voter.leads() { shared.max(old) } else { old };
            if log.len() > keep.worth && may.min(self.handed.0) >= log.cut().0 + keep.worth as u64 {
                upto = upto.max(Index(may.min(self.handed.0)));
            }
        }
        (upto > Index(0)).then_some(upto)
    }

    /// Cuts the own logs up to `upto`. `snapshot` is the state after the last fact that was handed over.
    /// The cut is in the next batch. A twin that has not come so far is left alone.
    pub fn compact(&mut self, upto: Index, snapshot: &[u8]) -> Result<(), SnapshotTooLarge> {
        self.stir();
        if snapshot.len() > SNAPSHOT_LIMIT {
            return Err(SnapshotTooLarge { length: snapshot.len() });
        }
        let handed = self.handed;
        for voter in &mut self.voters {
            let log = voter.raw.store();
            // What stays of the log begins after the last change of the seats, so that its seats are the snapshot's.
            let upto = upto.max(voter.seats.at()).min(handed);
            if handed.0 > voter.raw.raft.raft_log.applied || upto <= log.cut() {
                continue;
            }
            if let (Some(term), Some(at)) = (log.term_at(upto), log.term_at(handed)) {
                let bytes = snapshot.to_vec();
                let snapshot = Snapshot { index: handed, term: at, seats: voter.seats.clone(), bytes };
                voter.cut = Some(Cut { upto, term, snapshot });
            }
        }
        Ok(())
    }
}
