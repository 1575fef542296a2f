//! One turn: what must be written, and what the receipt for it buys.

use super::batch::{Agreed, Appended, Batch, Outcome, VoterBatch, Written};
use super::seats::RaftId;
use super::voter::Voter;
use super::wire::{Entry, HardState, Message, Snapshot};
use super::{Quorum, Told};
use raft::eraftpb;
use state::{Index, Term};
use std::collections::BTreeMap;

impl Quorum {
    /// Who sits where, as facts tell it.
    pub fn told(&self) -> &Told {
        &self.told
    }

    /// Whether anything was done since the last batch.
    pub fn is_stirred(&self) -> bool {
        self.stirred
    }

    /// Something is done to the votes.
    pub(super) fn stir(&mut self) {
        self.assert_settled();
        self.stirred = true;
    }

    /// raft-rs forbids any change between a batch and its receipt.
    fn assert_settled(&self) {
        assert!(self.out.is_none(), "a batch is written, and its receipt handed over, before anything else");
    }

    /// What must be on disk now, of all voters of this site; none when there is nothing to do.
    /// Until its receipt comes back, nothing else may be called.
    pub fn ready(&mut self) -> Option<Batch> {
        self.assert_settled();
        let idle = |voter: &Voter| !voter.raw.has_ready() && voter.cut.is_none();
        if !self.stirred || self.owed.is_none() && self.voters.iter().all(idle) {
            self.stirred = false;
            return None;
        }
        let turns: Vec<_> = self.voters.iter_mut().map(Voter::turn).collect();
        let (voters, readys) = turns.into_iter().unzip();
        self.out = Some(readys);
        self.number += 1;
        Some(Batch { number: self.number, voters })
    }

    /// The batch is on disk: what may be said and done now.
    pub fn written(&mut self, written: Written) -> Outcome {
        let readys = self.out.take().expect("a receipt is handed over once, for the batch that is out");
        assert_eq!(written.number, self.number, "a receipt is for the batch that is out");
        let mut outcome = Outcome { appended: appended(&written.voters), ..Outcome::default() };
        let restored = written.voters.iter().filter_map(|batch| batch.snapshot.clone());
        let newest = restored.chain(self.owed.take()).max_by_key(|snapshot| snapshot.index);
        let mut moved = newest.is_some();
        let (mut committed, mut messages) = (Vec::new(), Vec::new());
        for ((voter, batch), ready) in self.voters.iter_mut().zip(written.voters).zip(readys) {
            if let Some(snapshot) = &batch.snapshot {
                voter.seats = snapshot.seats.clone();
                moved = true;
            }
            voter.raw.mut_store().write(batch);
            let Some(mut ready) = ready else { continue };
            messages.extend(ready.take_messages());
            messages.extend(ready.take_persisted_messages());
            let mut agreed = ready.take_committed_entries();
            let mut light = voter.raw.advance_append(ready);
            messages.extend(light.take_messages());
            agreed.extend(light.take_committed_entries());
            agreed.iter().for_each(|entry| voter.apply(entry));
            voter.raw.advance_apply();
            committed.extend(agreed);
        }
        if moved || !committed.is_empty() {
            self.reseat();
        }
        outcome.restored = newest.filter(|snapshot| self.begins_anew(snapshot));
        outcome.agreed = self.take_over(committed);
        outcome.applied = self.taken;
        self.deliver(messages, &mut outcome);
        outcome
    }

    /// A snapshot older than the journal moves only its own twin's log.
    fn begins_anew(&mut self, snapshot: &Snapshot) -> bool {
        let newer = snapshot.index > self.taken;
        if newer {
            self.taken = snapshot.index;
            self.handed = snapshot.index;
        }
        newer
    }

    /// One journal for both twins: an index is taken from whichever has it first.
    fn take_over(&mut self, committed: Vec<eraftpb::Entry>) -> Vec<Agreed> {
        let mut fresh = BTreeMap::new();
        for entry in committed.into_iter().filter(|entry| entry.index > self.taken.0) {
            let Entry { index, term, bytes, .. } = Entry::from_raft(entry);
            let agreed = Agreed { index, term, bytes };
            let twin = fresh.entry(index).or_insert_with(|| agreed.clone());
            assert_eq!(*twin, agreed, "twins agree on the same entry at the same index");
        }
        let mut facts = Vec::new();
        for (index, agreed) in fresh {
            assert_eq!(index.0, self.taken.0 + 1, "agreed entries come without a hole");
            self.taken = index;
            if !agreed.bytes.is_empty() {
                self.handed = index;
                facts.push(agreed);
            }
        }
        facts
    }

    /// Twins talk across this table, never over the network, and only after the write.
    fn deliver(&mut self, messages: Vec<eraftpb::Message>, outcome: &mut Outcome) {
        for message in messages {
            if let Some(twin) = self.voters.iter_mut().find(|voter| voter.id.0 == message.to) {
                // A twin that knows less than the other refuses, as over a network.
                twin.raw.step(message).unwrap_or_else(|error| tracing::debug!(%error, "a twin refused"));
                continue;
            }
            let to = RaftId(message.to);
            let site = self.seats.site(to).or_else(|| self.strangers.site(to)).cloned();
            if let (Some(site), Some(message)) = (site, Message::from_raft(message)) {
                outcome.send.push((site, message));
            }
        }
    }
}

impl Voter {
    /// This voter's part of the batch, and what raft-rs wants back once it is written.
    fn turn(&mut self) -> (VoterBatch, Option<raft::Ready>) {
        let mut batch =
            VoterBatch { id: self.id, snapshot: None, entries: Vec::new(), cut: None, hard: None };
        let ready = self.raw.has_ready().then(|| self.raw.ready());
        if let Some(ready) = &ready {
            let snapshot = ready.snapshot();
            batch.snapshot = (!snapshot.is_empty()).then(|| Snapshot::from_raft(snapshot.clone()));
            batch.entries = ready.entries().iter().cloned().map(Entry::from_raft).collect();
            batch.hard = ready.hs().map(HardState::from_raft);
        }
        // A leader's snapshot is newer than any cut of our own.
        batch.cut = self.cut.take().filter(|_| batch.snapshot.is_none());
        if batch.cut.is_some() || batch.snapshot.is_some() {
            // What is known to be agreed must not be less on disk than what is cut.
            batch.hard = Some(HardState::from_raft(&self.raw.raft.hard_state()));
        }
        (batch, ready)
    }
}

/// Every fact that enters an own log, once for both twins.
fn appended(voters: &[VoterBatch]) -> Vec<Appended> {
    let mut facts: BTreeMap<(Index, Term), Appended> = BTreeMap::new();
    for entry in voters.iter().flat_map(|batch| &batch.entries).filter(|entry| !entry.bytes.is_empty()) {
        let Entry { index, term, bytes, .. } = entry.clone();
        facts.entry((index, term)).or_insert(Appended { index, term, bytes });
    }
    facts.into_values().collect()
}
