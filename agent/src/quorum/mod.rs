//! Agreement: the votes of one site, driven by ticks and messages, without disk, network or clock.
//!
//! The only place that names raft-rs. The driver feeds `tick`, `step` and `propose`, and after each of them
//! empties `ready`: write the batch, hand over its receipt, do what the outcome says, until nothing is left.
//! Nothing can be sent before its batch is on disk, because only the receipt of the batch buys the messages.

mod batch;
mod change;
mod compaction;
mod cycle;
mod gate;
mod log;
mod logger;
mod seats;
mod strangers;
mod voter;
pub mod wire;

#[cfg(test)]
mod tests;

pub use batch::{Agreed, Appended, Batch, Cut, Outcome, VoterBatch, VoterState, Written};
pub use change::{Change, Step};
pub use gate::Refused;
pub use log::LoadError;
pub use seats::{RaftId, Seat, Seating, Seats, SeatsError, Standing, Told};
pub use wire::Message;

use raft::GetEntriesContext;
use serde::{Deserialize, Serialize};
use state::fact::Seated;
use state::{Index, SiteId, Term};
use std::collections::BTreeMap;
use std::time::Duration;
use strangers::Strangers;
use thiserror::Error;
use voter::Voter;
use wire::{ENTRY_LIMIT, SNAPSHOT_LIMIT, Snapshot};

/// How often the driver calls `tick`.
pub const TICK: Duration = Duration::from_millis(100);
/// The least ticks without a leader before anybody campaigns: 2 s, and a leader's patience with a lost majority.
pub const ELECTION_TICK: usize = 20;
/// A leader's pulse: 0.3 s.
pub const HEARTBEAT_TICK: usize = 3;
/// From one rank's campaign to the next one's: longer than a round trip, an fsync and a tick.
pub const RANK_TICK: usize = 4;

/// How much of its log a site keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Entries for a site that is away; whoever was away longer gets a snapshot.
    pub entries: usize,
    /// A cut writes a whole snapshot, so it must be worth this many entries.
    pub worth: usize,
}

/// What an agent keeps.
pub const KEEP: Keep = Keep { entries: 10_000, worth: 1_000 };

/// What a site remembers when it starts.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// The index of the last fact in the journal (or of the snapshot that followed it).
    pub journal: Index,
    /// Its voters' logs; none for a voter that is new.
    pub voters: Vec<VoterState>,
    /// The ids of its votes, if they are others than at birth.
    pub ids: Vec<RaftId>,
}

/// A voter of this site leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reign {
    /// In this term.
    pub term: Term,
    /// Whether the log is applied to its end, up to an entry of this very reign. Until then nothing is decided.
    pub ready: bool,
    /// The last entry of the leading log. A twin's may be longer, with entries that will never be agreed.
    pub last: Index,
}

/// How far a voter has come, as the leader knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Whose voter.
    pub site: SiteId,
    /// Which one.
    pub id: RaftId,
    /// It holds the leader's log up to here.
    pub matched: Index,
    /// It has answered since the leader last counted its majority: every 2 s this begins anew, as false.
    pub connected: bool,
}

/// What a voter says of itself in a greeting; none of it ever goes back, unless a disk was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Which voter.
    pub id: RaftId,
    /// The greatest term it has heard of.
    pub hard_term: Term,
    /// Its last entry.
    pub last: Index,
    /// That entry's term.
    pub last_term: Term,
}

impl Mark {
    /// Whether nothing was ever promised or written by it.
    pub fn is_blank(&self) -> bool {
        self.hard_term == Term(0) && self.last == Index(0)
    }
}

/// Why a proposal was not taken. Whoever proposed tries again until it sees it agreed.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum NotProposed {
    /// Another site may.
    #[error("cannot propose: no voter of this site leads")]
    NotLeading,
    /// Empty, or above the limit.
    #[error("cannot propose {length} bytes: a fact has 1 to {ENTRY_LIMIT}")]
    Length {
        /// In bytes.
        length: usize,
    },
    /// Leadership is being handed on, or too much waits for a majority already.
    #[error("cannot propose now: leadership is moving, or too much waits for a majority")]
    Busy,
}

/// Why leadership was not handed on.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum NotMoved {
    /// It is not ours to give.
    #[error("cannot hand on leadership: no voter of this site leads")]
    NotLeading,
    /// Never between twins, never to a learner.
    #[error("cannot hand leadership to {0}: it is this site, or has no vote")]
    NoCandidate(SiteId),
    /// It would first have to catch up, and nobody would lead meanwhile.
    #[error("cannot hand leadership to {0}: it has not caught up")]
    Behind(SiteId),
}

/// The caller's snapshot does not fit into a message.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("cannot cut the log: the snapshot has {length} bytes, at most {SNAPSHOT_LIMIT} can be sent")]
pub struct SnapshotTooLarge {
    /// In bytes.
    pub length: usize,
}

/// All votes of this site. Twins share one journal: an index is handed over once, whichever twin has it first.
pub struct Quorum {
    seats: Seats,
    /// Who sat where before the first entry of all logs.
    birth: Seats,
    own: SiteId,
    voters: Vec<Voter>,
    /// Who sits here already, while this site has not come so far in its log.
    strangers: Strangers,
    /// Everything up to here was handed over.
    taken: Index,
    /// The last fact or snapshot that was handed over; what follows up to `taken` were openings of reigns.
    handed: Index,
    /// A snapshot on disk that the journal does not know: the process ended between the two.
    owed: Option<Snapshot>,
    number: u64,
    out: Option<Vec<Option<raft::Ready>>>,
    /// Whether anything was done since the last batch: else there is none, and nothing new to be told.
    stirred: bool,
    /// The seats as they are told.
    told: Told,
}

impl Quorum {
    /// Starts the votes of `own` from what its disk holds. `birth` are the seats before the first entry of all.
    pub fn new(birth: Seats, own: &SiteId, past: Past) -> Result<Self, LoadError> {
        let born = birth.ids(own);
        let given = !past.ids.is_empty();
        let ids = if given { past.ids } else { birth.of(own)?.ids.clone() };
        let mut states: BTreeMap<_, _> = past.voters.into_iter().map(|state| (state.id, state)).collect();
        // A vote that was taken back has left its log on the disk; nobody reads it any more.
        states.retain(|id, _| !given || ids.contains(id));
        if let Some(&foreign) = states.keys().find(|id| !ids.contains(id)) {
            return Err(LoadError::Foreign(foreign));
        }
        let newer = |snapshot: &&Snapshot| snapshot.index > past.journal;
        let snapshots = states.values().filter_map(|state| state.snapshot.as_ref());
        let owed = snapshots.filter(newer).max_by_key(|snapshot| snapshot.index).cloned();
        let mut voters = Vec::new();
        for (place, id) in ids.into_iter().enumerate() {
            let state = states.remove(&id).unwrap_or_else(|| VoterState::empty(id));
            // Votes that came later campaign where those stood in whose place they came.
            let rank = born.get(place).and_then(|id| birth.rank(*id)).unwrap_or_else(|| birth.last_rank(id));
            voters.push(Voter::new(&birth, rank, state)?);
        }
        let mut quorum = Self::outside(birth, own);
        (quorum.taken, quorum.handed, quorum.owed) = (past.journal, past.journal, owed);
        quorum.voters = voters;
        quorum.reseat();
        Ok(quorum)
    }

    /// A site without votes: it promises nothing, and nothing is sent to it or taken from it.
    pub fn outside(birth: Seats, own: &SiteId) -> Self {
        Self {
            told: birth.told(),
            seats: birth.clone(),
            birth,
            own: own.clone(),
            voters: Vec::new(),
            strangers: Strangers::default(),
            taken: Index(0),
            handed: Index(0),
            owed: None,
            number: 0,
            out: None,
            stirred: true,
        }
    }

    /// Who sits where, as far as it is applied here.
    pub fn seats(&self) -> &Seats {
        &self.seats
    }

    /// Who sat where before the first entry: whoever comes new begins with it.
    pub fn birth(&self) -> &Seats {
        &self.birth
    }

    /// Takes over the seats of the voter that has come furthest.
    fn reseat(&mut self) {
        if let Some(seats) = self.voters.iter().map(|voter| &voter.seats).max_by_key(|seats| seats.at())
            && seats.at() >= self.seats.at()
            && *seats != self.seats
        {
            self.seats = seats.clone();
            self.told = self.seats.told();
        }
    }

    /// A site says who sits where: of itself it is not believed, of others it may be.
    pub fn vouch(&mut self, by: &SiteId, seated: &[Seated]) {
        self.strangers.hear(by, seated);
    }

    /// What a site has said of the seats is nobody's word any more.
    pub fn disbelieve(&mut self, by: &SiteId) {
        self.strangers.forget(by);
    }

    /// A tenth of a second has passed. After a pause the driver calls it once, never in a burst.
    pub fn tick(&mut self) {
        self.stir();
        for voter in &mut self.voters {
            voter.raw.tick();
            voter.forget_lost_snapshots();
        }
    }

    /// Takes a message that `from` has carried here (by its certificate).
    pub fn step(&mut self, from: &SiteId, message: Message) -> Result<(), Refused> {
        self.stir();
        gate::admit((&self.seats, &mut self.strangers), from, &message)?;
        let to = message.to;
        let voter = self.voters.iter_mut().find(|voter| voter.id == to && *from != self.own);
        let voter = voter.ok_or(Refused::NotOurs(to))?;
        gate::fits(voter, &message)?;
        let (id, kind) = (message.from, message.kind);
        let stepped = voter.raw.step(message.into_raft());
        stepped.map_err(|_| Refused::Nonsense { id, kind, why: "raft did not take it" })
    }

    /// Proposes a fact, if a voter of this site leads; says where it would stand. It is agreed only when it
    /// comes out of `written`; another reign may put something else there.
    pub fn propose(&mut self, bytes: Vec<u8>) -> Result<(Index, Term), NotProposed> {
        self.stir();
        if bytes.is_empty() || bytes.len() > ENTRY_LIMIT {
            return Err(NotProposed::Length { length: bytes.len() });
        }
        let voter = self.leading_mut().ok_or(NotProposed::NotLeading)?;
        voter.raw.propose(Vec::new(), bytes).map_err(|_| NotProposed::Busy)?;
        Ok((Index(voter.raw.raft.raft_log.last_index()), Term(voter.raw.raft.term)))
    }

    /// The reign of this site, if it believes to lead. It may have been followed without knowing it.
    pub fn leads(&self) -> Option<Reign> {
        let raft = &self.leading()?.raw.raft;
        let last = Index(raft.raft_log.last_index());
        Some(Reign { term: Term(raft.term), ready: raft.apply_to_current_term(), last })
    }

    /// Who leads, as far as this site has heard.
    pub fn leader(&self) -> Option<(SiteId, Term)> {
        let known = self.voters.iter().filter(|voter| voter.raw.raft.leader_id != raft::INVALID_ID);
        let raft = &known.max_by_key(|voter| voter.raw.raft.term)?.raw.raft;
        Some((self.seats.site(RaftId(raft.leader_id))?.clone(), Term(raft.term)))
    }

    /// Lays leadership down at once, without a successor: after a gap in the clock one cannot know how old it is.
    pub fn step_down(&mut self) {
        self.stir();
        for voter in self.voters.iter_mut().filter(|voter| voter.leads()) {
            let term = voter.raw.raft.term;
            voter.raw.raft.become_follower(term, raft::INVALID_ID);
        }
    }

    /// Hands leadership to a voter of `to` that has the whole log and was heard lately.
    ///
    /// Takes effect, or not, within 2 s; until then
    /// proposals are refused.
    pub fn transfer(&mut self, to: &SiteId) -> Result<(), NotMoved> {
        self.stir();
        let mut ids = self.seats.ids(to);
        ids.retain(|id| self.seats.votes(*id));
        if *to == self.own || ids.is_empty() {
            return Err(NotMoved::NoCandidate(to.clone()));
        }
        let voter = self.leading_mut().ok_or(NotMoved::NotLeading)?;
        let raft = &voter.raw.raft;
        let last = raft.raft_log.last_index();
        let caught_up = |id: &&RaftId| {
            raft.prs().get(id.0).is_some_and(|progress| progress.matched == last && progress.recent_active)
        };
        let id = *ids.iter().find(caught_up).ok_or_else(|| NotMoved::Behind(to.clone()))?;
        voter.raw.transfer_leader(id.0);
        Ok(())
    }

    /// How far each voter and learner has come; empty unless this site leads.
    pub fn progress(&self) -> Vec<Progress> {
        let Some(voter) = self.leading() else { return Vec::new() };
        let mut all = Vec::new();
        for (&id, progress) in voter.raw.raft.prs().iter() {
            let id = RaftId(id);
            let Some(site) = self.seats.site(id).cloned() else { continue };
            let connected = progress.recent_active || id == voter.id;
            all.push(Progress { site, id, matched: Index(progress.matched), connected });
        }
        all.sort_by_key(|progress| progress.id);
        all
    }

    /// What each voter of this site says of itself.
    pub fn marks(&self) -> Vec<Mark> {
        let mark = |voter: &Voter| {
            let log = &voter.raw.raft.raft_log;
            let (last, last_term) = (Index(log.last_index()), Term(log.last_term()));
            Mark { id: voter.id, hard_term: Term(voter.raw.raft.term), last, last_term }
        };
        self.voters.iter().map(mark).collect()
    }

    /// The last entry of the longest own log.
    pub fn end(&self) -> Index {
        let last = |voter: &Voter| Index(voter.raw.raft.raft_log.last_index());
        self.voters.iter().map(last).max().unwrap_or_default()
    }

    /// Every site that has a seat, this one too.
    pub fn sites(&self) -> impl Iterator<Item = SiteId> + '_ {
        self.seats.iter().map(|seat| seat.site.clone())
    }

    /// How far the log is agreed and handed over.
    pub fn applied(&self) -> Index {
        self.taken
    }

    /// The facts in the own logs that are not agreed yet, twins' both, in order of index.
    pub fn tail(&self) -> Vec<Appended> {
        let mut tail = BTreeMap::new();
        for voter in &self.voters {
            let log = &voter.raw.raft.raft_log;
            let from = self.taken.0.max(log.first_index() - 1) + 1;
            let entries = log.entries(from, None, GetEntriesContext::empty(false)).unwrap_or_default();
            let entries = entries.into_iter().map(wire::Entry::from_raft);
            for wire::Entry { index, term, bytes, .. } in entries.filter(|entry| !entry.bytes.is_empty()) {
                tail.insert((index, term), Appended { index, term, bytes });
            }
        }
        tail.into_values().collect()
    }

    fn leading(&self) -> Option<&Voter> {
        self.voters.iter().filter(|voter| voter.leads()).max_by_key(|voter| voter.raw.raft.term)
    }

    fn leading_mut(&mut self) -> Option<&mut Voter> {
        self.voters.iter_mut().filter(|voter| voter.leads()).max_by_key(|voter| voter.raw.raft.term)
    }
}
