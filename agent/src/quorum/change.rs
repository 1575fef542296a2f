//! Changes of the membership: one step at a time towards what is wished, learners first, and both majorities meanwhile.

use super::seats::{RaftId, Seat, Seats, Standing};
use super::{NotMoved, NotProposed, Quorum};
use raft::eraftpb::{self, ConfChangeSingle, ConfChangeTransition, ConfChangeType, ConfChangeV2, EntryType};
use serde::{Deserialize, Serialize};
use state::{Index, SiteId, Term};
use std::collections::BTreeSet;

/// How far behind the agreed end a learner may be to count as caught up: what a busy second agrees.
const CAUGHT_UP: u64 = 16;
/// More ids than any honest change has: a dozen sites with two votes each, all of them changed at once, have 48.
const IDS_MAX: usize = 64;

/// What becomes of one id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// It votes.
    Vote,
    /// It listens.
    Listen,
    /// It goes, and never comes back.
    Leave,
    /// It had a vote, and from now on it listens.
    Demote,
}

/// One entry's change of the membership.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What becomes of whom; nothing when a change that was begun is settled.
    pub steps: Vec<(RaftId, Step)>,
    /// Who sits where from then on.
    pub seats: Vec<Seat>,
}

impl Change {
    /// Whether it settles a change that was begun before.
    pub fn settles(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether it is one that an honest leader proposes.
    pub(super) fn is_sane(&self) -> bool {
        let ids = self.seats.iter().flat_map(|seat| &seat.ids).chain(self.steps.iter().map(|(id, _)| id));
        let sane = |id: &RaftId| id.0 > 0 && id.0 <= super::wire::LARGEST;
        let count = self.seats.iter().map(|seat| seat.ids.len()).sum::<usize>() + self.steps.len();
        count <= IDS_MAX && ids.into_iter().all(sane)
    }

    /// One learner more can never take a majority from anybody; everything else passes through both.
    fn to_raft(&self) -> ConfChangeV2 {
        let single = |(id, step): &(RaftId, Step)| {
            let mut single = ConfChangeSingle { node_id: id.0, ..ConfChangeSingle::default() };
            single.set_change_type(match step {
                Step::Vote => ConfChangeType::AddNode,
                Step::Listen | Step::Demote => ConfChangeType::AddLearnerNode,
                Step::Leave => ConfChangeType::RemoveNode,
            });
            single
        };
        let mut change = ConfChangeV2::default();
        let harmless = matches!(self.steps.as_slice(), [] | [(_, Step::Listen)]);
        let how = if harmless { ConfChangeTransition::Auto } else { ConfChangeTransition::Explicit };
        change.set_transition(how);
        change.set_changes(self.steps.iter().map(single).collect::<Vec<_>>().into());
        change
    }

    /// The form in which Raft carries it. Raft reads its own protobuf only where a leader proposes; what came over a
    /// network has none, and is read from our own bytes.
    pub(super) fn into_entry(self, fact: &[u8]) -> eraftpb::Entry {
        let mut entry = eraftpb::Entry { context: self.context(fact).into(), ..eraftpb::Entry::default() };
        entry.set_entry_type(EntryType::EntryConfChangeV2);
        entry
    }

    fn context(&self, fact: &[u8]) -> Vec<u8> {
        postcard::to_stdvec(&(self, fact)).expect("numbers and names can always be written")
    }

    pub(super) fn from_raft(entry: &eraftpb::Entry) -> Option<(Self, Vec<u8>)> {
        let is_change = entry.get_entry_type() == EntryType::EntryConfChangeV2;
        is_change.then(|| postcard::from_bytes(&entry.context).expect("it was put together by `into_entry`"))
    }
}

impl super::voter::Voter {
    /// An agreed change takes effect here. What Raft refuses changes nothing, on all sites alike.
    pub(super) fn apply(&mut self, entry: &eraftpb::Entry) {
        let Some((change, _)) = Change::from_raft(entry) else { return };
        match self.raw.apply_conf_change(&change.to_raft()) {
            Ok(conf) => self.seats = self.seats.after(change.seats, &conf, Index(entry.index)),
            Err(error) => {
                tracing::error!("the change of the membership at {} changes nothing: {error}", entry.index)
            }
        }
    }
}

impl Quorum {
    /// The next change towards these seats, if this site leads and one can be made now: nobody is removed before
    /// those who come have caught up, and nothing is begun that those alive could not end.
    pub fn change_towards(&self, wish: &[Seat]) -> Option<Change> {
        let voter = self.leading()?;
        if voter.raw.raft.has_pending_conf() {
            return None;
        }
        // Raft-rs panics in a leader that has removed itself: see `make_way`.
        if !self.staying(wish).contains(&voter.id) {
            return None;
        }
        let conf = voter.seats.conf();
        if !conf.voters_before.is_empty() {
            let seats = voter.seats.iter().cloned().collect();
            return Some(Change { steps: Vec::new(), seats });
        }
        let (voters, learners) = (ids(wish, Standing::Voter), ids(wish, Standing::Learner));
        let now: (BTreeSet<_>, BTreeSet<_>) =
            (conf.voters.iter().copied().collect(), conf.learners.iter().copied().collect());
        if (&now.0, &now.1) == (&voters, &learners) {
            return None;
        }
        let coming = voters.union(&learners).find(|id| !now.0.contains(id) && !now.1.contains(id));
        if let Some(&id) = coming {
            return Some(self.admit(id, wish));
        }
        let seats = self.within_reach(wish, &now.0);
        let (voters, learners) = (ids(&seats, Standing::Voter), ids(&seats, Standing::Learner));
        let steps = self.steps((&now.0, &now.1), (&voters, &learners));
        let could_act = self.is_alive(&voters) && self.is_alive(&now.0);
        (could_act && !steps.is_empty()).then_some(Change { steps, seats })
    }

    /// A wish without what cannot be had yet: a site whose new votes have not caught up keeps what it has, and nobody
    /// else waits for it.
    fn within_reach(&self, wish: &[Seat], now: &BTreeSet<RaftId>) -> Vec<Seat> {
        let behind = |seat: &&Seat| {
            let fresh = seat.ids.iter().filter(|id| !now.contains(id));
            seat.standing == Standing::Voter && fresh.into_iter().any(|id| !self.has_caught_up(*id))
        };
        let waits: BTreeSet<&SiteId> = wish.iter().filter(behind).map(|seat| &seat.site).collect();
        let ready = wish.iter().filter(|seat| !waits.contains(&seat.site));
        ready.chain(self.seats.iter().filter(|seat| waits.contains(&seat.site))).cloned().collect()
    }

    /// The votes that count now and go on counting: only one of them can bring a change to its end.
    fn staying(&self, wish: &[Seat]) -> BTreeSet<RaftId> {
        let Some(voter) = self.leading() else { return BTreeSet::new() };
        let conf = voter.seats.conf();
        let now: BTreeSet<RaftId> = conf.voters.into_iter().collect();
        if conf.voters_before.is_empty() { &now & &ids(wish, Standing::Voter) } else { now }
    }

    /// Hands leadership on if the vote that leads is one of those that go: to another site, else to its own twin.
    ///
    /// # Errors
    /// Says why nobody can take it now.
    pub fn make_way(&mut self, wish: &[Seat]) -> Result<(), NotMoved> {
        let staying = self.staying(wish);
        match self.leading() {
            Some(voter) if !staying.contains(&voter.id) => self.hand_on(|id| staying.contains(&id)),
            Some(_) | None => Ok(()),
        }
    }

    /// Hands leadership to a vote that is fit and has the whole log: one of another site, if there is one.
    ///
    /// # Errors
    /// Says why nobody can take it now.
    pub fn hand_on(&mut self, fit: impl Fn(RaftId) -> bool) -> Result<(), NotMoved> {
        let own: Vec<RaftId> = self.voters.iter().map(|voter| voter.id).collect();
        let here = self.own.clone();
        let Some(voter) = self.leading_mut() else { return Err(NotMoved::NotLeading) };
        let raft = &voter.raw.raft;
        let last = raft.raft_log.last_index();
        let others = raft.prs().iter().filter(|(id, _)| **id != voter.id.0 && fit(RaftId(**id)));
        let votes = |id: u64| voter.seats.votes(RaftId(id));
        let able = others.filter(|(id, _)| votes(**id));
        let mut heirs: Vec<(u64, bool)> =
            able.map(|(id, progress)| (*id, progress.matched == last && progress.recent_active)).collect();
        heirs.sort_by_key(|(id, _)| (own.contains(&RaftId(*id)), *id));
        if heirs.is_empty() {
            return Err(NotMoved::NoCandidate(here));
        }
        let heir = heirs.iter().find(|(_, caught_up)| *caught_up).ok_or(NotMoved::Behind(here))?.0;
        voter.raw.transfer_leader(heir);
        Ok(())
    }

    /// One id more that listens.
    fn admit(&self, id: RaftId, wish: &[Seat]) -> Change {
        let mut seats: Vec<Seat> = self.seats.iter().cloned().collect();
        let site = wish.iter().find(|seat| seat.ids.contains(&id)).map(|seat| seat.site.clone());
        seats.extend(site.map(|site| Seat { site, ids: vec![id], standing: Standing::Learner }));
        Change { steps: vec![(id, Step::Listen)], seats }
    }

    fn steps(
        &self,
        (voters, learners): (&BTreeSet<RaftId>, &BTreeSet<RaftId>),
        wish: (&BTreeSet<RaftId>, &BTreeSet<RaftId>),
    ) -> Vec<(RaftId, Step)> {
        let step = |id: &RaftId| match (wish.0.contains(id), wish.1.contains(id)) {
            (true, _) => (!voters.contains(id)).then_some((*id, Step::Vote)),
            (false, true) => (!learners.contains(id)).then_some((*id, Step::Demote)),
            (false, false) => Some((*id, Step::Leave)),
        };
        voters.union(learners).filter_map(step).collect()
    }

    /// It holds the entry by which it came, so it has answered: raft-rs takes a newcomer for active before that.
    fn has_caught_up(&self, id: RaftId) -> bool {
        let Some(voter) = self.leading() else { return false };
        let raft = &voter.raw.raft;
        raft.prs().get(id.0).is_some_and(|progress| {
            let near = progress.matched + CAUGHT_UP >= raft.raft_log.committed;
            progress.recent_active && near && progress.matched >= voter.seats.at().0
        })
    }

    /// Whether a majority of these voters answers.
    fn is_alive(&self, voters: &BTreeSet<RaftId>) -> bool {
        let Some(leader) = self.leading() else { return false };
        let prs = leader.raw.raft.prs();
        let answers =
            |id: &&RaftId| **id == leader.id || prs.get(id.0).is_some_and(|progress| progress.recent_active);
        voters.iter().filter(answers).count() * 2 > voters.len()
    }

    /// The votes that this site should have, if they are others than it has: all that it was given, and those of its
    /// own that still count, because nobody has agreed yet that they do not.
    pub fn due(&self, given: &[u64]) -> Option<Vec<RaftId>> {
        let had = self.voters.iter().map(|voter| voter.id);
        let stays = |id: &RaftId| given.contains(&id.0) || self.seats.has(*id);
        let fresh = given.iter().copied().map(RaftId).filter(|id| !had.clone().any(|own| own == *id));
        // Asked at every tick, and mostly nothing is due.
        if had.clone().all(|id| stays(&id)) && fresh.clone().next().is_none() {
            return None;
        }
        let due: Vec<RaftId> = had.clone().filter(stays).chain(fresh).collect();
        (!due.is_empty()).then_some(due)
    }

    /// Proposes a change together with the fact that tells it; says where it would stand.
    pub fn change(&mut self, change: Change, fact: Vec<u8>) -> Result<(Index, Term), NotProposed> {
        self.stir();
        if fact.is_empty() || fact.len() > super::wire::ENTRY_LIMIT / 2 {
            return Err(NotProposed::Length { length: fact.len() });
        }
        let voter = self.leading_mut().ok_or(NotProposed::NotLeading)?;
        if voter.raw.raft.has_pending_conf() {
            return Err(NotProposed::Busy);
        }
        let context = change.context(&fact);
        voter.raw.propose_conf_change(context, change.to_raft()).map_err(|_| NotProposed::Busy)?;
        Ok((Index(voter.raw.raft.raft_log.last_index()), Term(voter.raw.raft.term)))
    }

    /// Whether somebody waits for a snapshot that names it as a member, and the last one does not.
    pub fn owes_snapshot(&self) -> bool {
        let Some(voter) = self.leading() else { return false };
        let log = voter.raw.store();
        let waits = |id: u64, matched: u64| matched < log.cut().0 && !log.names(RaftId(id));
        voter.raw.raft.prs().iter().any(|(&id, progress)| waits(id, progress.matched))
    }
}

/// The ids of a wish that shall stand so.
fn ids(wish: &[Seat], standing: Standing) -> BTreeSet<RaftId> {
    let seats = wish.iter().filter(|seat| seat.standing == standing);
    seats.flat_map(|seat| seat.ids.iter().copied()).collect()
}

impl Seats {
    /// The seats after an agreed change. While both majorities count, whoever goes is still spoken to.
    fn after(&self, seats: Vec<Seat>, conf: &eraftpb::ConfState, at: Index) -> Self {
        let conf = super::wire::ConfState::from_raft(conf);
        let before = if conf.voters_before.is_empty() { Vec::new() } else { self.iter().cloned().collect() };
        self.changed((seats, before), conf, at)
    }
}
