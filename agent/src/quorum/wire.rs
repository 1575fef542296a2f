//! What voters say to each other, in our own words: network bytes never reach Raft's protobuf.

use super::change::Change;
use super::seats::{RaftId, Seats};
use raft::eraftpb;
use serde::{Deserialize, Serialize};
use state::{Index, Term};

/// One entry: the largest fact is a policy text with room to spare; more would hold up heartbeats.
pub const ENTRY_LIMIT: usize = 256 * 1024;
/// One message: a batch of entries, or a snapshot of the view with everything around it.
pub const MESSAGE_LIMIT: usize = 1024 * 1024;
/// A snapshot's bytes: a message less room for the names around them.
pub const SNAPSHOT_LIMIT: usize = MESSAGE_LIMIT - 4 * 1024;
/// Raft fills a message to `ENTRY_LIMIT` by protobuf size, of which the least entry has four bytes.
pub const ENTRIES_LIMIT: usize = ENTRY_LIMIT / 4;
/// Terms, indexes and ids stay below this, so that one more never overflows and SQLite can keep them.
pub const LARGEST: u64 = 1 << 62;
/// Raft puts only the word for a transfer here.
pub const CONTEXT_LIMIT: usize = 64;

/// The kinds that may cross the network. Proposals and local messages have no form here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// Leader to follower: entries.
    Append,
    /// Its answer.
    AppendAnswer,
    /// A candidate asks for a vote.
    Vote,
    /// Its answer.
    VoteAnswer,
    /// A candidate asks whether it would get a vote.
    PreVote,
    /// Its answer.
    PreVoteAnswer,
    /// Leader to follower: the state in place of entries that are gone.
    Snapshot,
    /// Leader to follower: I am here, and this far is agreed.
    Heartbeat,
    /// Its answer.
    HeartbeatAnswer,
    /// Leader to its successor: campaign now.
    TimeoutNow,
}

/// One place in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Where it stands.
    pub index: Index,
    /// In whose reign it was written.
    pub term: Term,
    /// The fact; empty for the entry that opens a reign.
    pub bytes: Vec<u8>,
    /// What it changes in the membership, if it does; the fact says so to people.
    pub change: Option<Change>,
}

/// What a voter has promised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HardState {
    /// The greatest term it has heard of.
    pub term: Term,
    /// Whom it has chosen in that term.
    pub vote: Option<RaftId>,
    /// How far it knows the log to be agreed.
    pub commit: Index,
}

/// The members of the group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfState {
    /// Who votes, ascending.
    pub voters: Vec<RaftId>,
    /// Who only listens, ascending.
    pub learners: Vec<RaftId>,
    /// Who voted before the change that is under way, ascending; empty while none is. Then both majorities count.
    pub voters_before: Vec<RaftId>,
    /// Who of those will only listen when it is settled, ascending.
    pub learners_next: Vec<RaftId>,
}

/// The state in place of the entries up to an index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The last entry it stands for.
    pub index: Index,
    /// That entry's term.
    pub term: Term,
    /// Who sits where at that index.
    pub seats: Seats,
    /// The caller's own, not looked into here.
    pub bytes: Vec<u8>,
}

/// One message from one voter to another. The fields mean what they mean in raft-rs 0.7, `eraftpb.proto`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are raft-rs's own, and documented there")]
pub struct Message {
    pub kind: Kind,
    pub from: RaftId,
    pub to: RaftId,
    pub term: Term,
    pub log_term: Term,
    pub index: Index,
    pub commit: Index,
    pub commit_term: Term,
    pub entries: Vec<Entry>,
    pub snapshot: Option<Snapshot>,
    pub reject: bool,
    pub reject_hint: Index,
    pub context: Vec<u8>,
}

impl Kind {
    /// None for the kinds that stay inside one machine.
    fn from_raft(kind: eraftpb::MessageType) -> Option<Self> {
        use eraftpb::MessageType as M;
        match kind {
            M::MsgAppend => Some(Self::Append),
            M::MsgAppendResponse => Some(Self::AppendAnswer),
            M::MsgRequestVote => Some(Self::Vote),
            M::MsgRequestVoteResponse => Some(Self::VoteAnswer),
            M::MsgRequestPreVote => Some(Self::PreVote),
            M::MsgRequestPreVoteResponse => Some(Self::PreVoteAnswer),
            M::MsgSnapshot => Some(Self::Snapshot),
            M::MsgHeartbeat => Some(Self::Heartbeat),
            M::MsgHeartbeatResponse => Some(Self::HeartbeatAnswer),
            M::MsgTimeoutNow => Some(Self::TimeoutNow),
            M::MsgHup
            | M::MsgBeat
            | M::MsgPropose
            | M::MsgUnreachable
            | M::MsgSnapStatus
            | M::MsgCheckQuorum
            | M::MsgTransferLeader
            | M::MsgReadIndex
            | M::MsgReadIndexResp => None,
        }
    }

    fn to_raft(self) -> eraftpb::MessageType {
        use eraftpb::MessageType as M;
        match self {
            Self::Append => M::MsgAppend,
            Self::AppendAnswer => M::MsgAppendResponse,
            Self::Vote => M::MsgRequestVote,
            Self::VoteAnswer => M::MsgRequestVoteResponse,
            Self::PreVote => M::MsgRequestPreVote,
            Self::PreVoteAnswer => M::MsgRequestPreVoteResponse,
            Self::Snapshot => M::MsgSnapshot,
            Self::Heartbeat => M::MsgHeartbeat,
            Self::HeartbeatAnswer => M::MsgHeartbeatResponse,
            Self::TimeoutNow => M::MsgTimeoutNow,
        }
    }
}

impl Entry {
    pub(super) fn from_raft(entry: eraftpb::Entry) -> Self {
        let (index, term) = (Index(entry.index), Term(entry.term));
        match Change::from_raft(&entry) {
            Some((change, bytes)) => Self { index, term, bytes, change: Some(change) },
            None => Self { index, term, bytes: entry.data.into(), change: None },
        }
    }

    pub(super) fn into_raft(self) -> eraftpb::Entry {
        let (index, term) = (self.index.0, self.term.0);
        let entry = match self.change {
            Some(change) => change.into_entry(&self.bytes),
            None => eraftpb::Entry { data: self.bytes.into(), ..eraftpb::Entry::default() },
        };
        eraftpb::Entry { index, term, ..entry }
    }
}

impl HardState {
    pub(super) fn from_raft(hard: &eraftpb::HardState) -> Self {
        let vote = (hard.vote != 0).then_some(RaftId(hard.vote));
        Self { term: Term(hard.term), vote, commit: Index(hard.commit) }
    }

    pub(super) fn to_raft(self) -> eraftpb::HardState {
        eraftpb::HardState {
            term: self.term.0,
            vote: self.vote.map_or(0, |id| id.0),
            commit: self.commit.0,
            ..eraftpb::HardState::default()
        }
    }
}

impl ConfState {
    pub(super) fn from_raft(conf: &eraftpb::ConfState) -> Self {
        let sorted = |ids: &[u64]| {
            let mut ids: Vec<_> = ids.iter().copied().map(RaftId).collect();
            ids.sort();
            ids
        };
        Self {
            voters: sorted(&conf.voters),
            learners: sorted(&conf.learners),
            voters_before: sorted(&conf.voters_outgoing),
            learners_next: sorted(&conf.learners_next),
        }
    }

    pub(super) fn to_raft(&self) -> eraftpb::ConfState {
        let plain = |ids: &[RaftId]| ids.iter().map(|id| id.0).collect();
        eraftpb::ConfState {
            voters: plain(&self.voters),
            learners: plain(&self.learners),
            voters_outgoing: plain(&self.voters_before),
            learners_next: plain(&self.learners_next),
            ..eraftpb::ConfState::default()
        }
    }
}

impl Snapshot {
    pub(super) fn from_raft(mut snapshot: eraftpb::Snapshot) -> Self {
        let meta = snapshot.take_metadata();
        let (seats, bytes) = postcard::from_bytes(&snapshot.data)
            .expect("what Raft holds as a snapshot was put together below");
        Self { index: Index(meta.index), term: Term(meta.term), seats, bytes }
    }

    pub(super) fn into_raft(self) -> eraftpb::Snapshot {
        let data =
            postcard::to_stdvec(&(&self.seats, &self.bytes)).expect("plain values can always be written");
        let mut snapshot = eraftpb::Snapshot { data: data.into(), ..eraftpb::Snapshot::default() };
        let meta = snapshot.mut_metadata();
        meta.index = self.index.0;
        meta.term = self.term.0;
        meta.set_conf_state(self.seats.conf().to_raft());
        snapshot
    }
}

impl Message {
    /// None for a message that has no business on the network.
    pub(super) fn from_raft(mut message: eraftpb::Message) -> Option<Self> {
        let kind = Kind::from_raft(message.get_msg_type())?;
        let snapshot = message.has_snapshot().then(|| Snapshot::from_raft(message.take_snapshot()));
        Some(Self {
            kind,
            from: RaftId(message.from),
            to: RaftId(message.to),
            term: Term(message.term),
            log_term: Term(message.log_term),
            index: Index(message.index),
            commit: Index(message.commit),
            commit_term: Term(message.commit_term),
            entries: message.take_entries().into_iter().map(Entry::from_raft).collect(),
            snapshot,
            reject: message.reject,
            reject_hint: Index(message.reject_hint),
            context: message.context.into(),
        })
    }

    pub(super) fn into_raft(self) -> eraftpb::Message {
        let mut message = eraftpb::Message {
            to: self.to.0,
            from: self.from.0,
            term: self.term.0,
            log_term: self.log_term.0,
            index: self.index.0,
            commit: self.commit.0,
            commit_term: self.commit_term.0,
            reject: self.reject,
            reject_hint: self.reject_hint.0,
            context: self.context.into(),
            ..eraftpb::Message::default()
        };
        message.set_msg_type(self.kind.to_raft());
        message.set_entries(self.entries.into_iter().map(Entry::into_raft).collect());
        if let Some(snapshot) = self.snapshot {
            message.set_snapshot(snapshot.into_raft());
        }
        message
    }
}
