//! What agents say to each other, beside Raft: calls, asks, proposals, readings, pulses.

use crate::gaps::{Fetch, Fetched};
use crate::live::Sight;
use crate::quorum::Message;
use crate::relay::Sealed;
use serde::{Deserialize, Serialize};
use state::fact::{Fact, Origin, Reading, Was};
use state::run::Direction;
use state::{Boot, CarrierId, Head, Index, Nonce, Number, RunId, SiteId, Stamp, Term};
use std::time::Duration;

/// One frame on a link. The sender is known by its certificate.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Frame {
    /// The sender's cluster time; `None` while it has not learned it.
    pub stamp: Option<Stamp>,
    /// Which life of the sender: what is known of one says nothing about the next.
    pub boot: Boot,
    /// What it says.
    pub body: Body,
}

/// What a frame says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Body {
    /// Raft's own messages.
    Raft(Vec<Message>),
    /// To the leader: please propose this.
    Propose { origin: Origin, fact: Fact },
    /// To everybody, once a second: I live, and this is what I can do.
    Pulse(Pulse),
    /// From the leader: prepare for this attempt, then ask.
    Prepare(Call),
    /// To the leader: I cannot, and this is why.
    Unready { call: Call, why: String },
    /// To the leader: I am ready; my deadline has started.
    Ask { call: Call, boot: Boot, nonce: Nonce },
    /// From the leader: what does the carrier show?
    Look(Look),
    /// To the leader: this.
    Looked { id: u64, found: Result<Vec<Reading>, String> },
    /// To anybody: my journal lacks these facts.
    Fetch(Fetch),
    /// To the one who lacks them: here they are.
    Fetched(Fetched),
    /// To whoever was sent nothing else lately, or when it changed: these I hear on their own links.
    Hears { sites: Vec<SiteId> },
    /// For a third site, or passed on from one: signed by its origin.
    Relayed(Box<Sealed>),
    /// From a new leader: whatever of this attempt has not been sent yet must not be sent any more; say so.
    Revoke { fence: Index, boot: Boot, nonce: Nonce },
    /// To everybody, before anything else, signed: who I am, and what I have; and what I think of you.
    Hello(Box<Sealed>),
    /// From the leader: this will not be proposed, and why; it need not be asked for again.
    Declined { origin: Origin, why: String },
    /// From the leader: how does it stand?
    See(See),
    /// To the leader: so, or not, in words; or why that cannot be seen.
    Seen { id: u64, found: Result<(Was, String), String> },
    /// To everybody who can read it: what my last survey found wrong, and when.
    Wrong { at: Stamp, sights: Vec<Sight> },
}

/// What a site can do, and what its clock says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pulse {
    /// Names this life of the agent.
    pub boot: Boot,
    /// The sender's wall clock: it starts and slews cluster time, nothing else.
    pub wall: Stamp,
    /// The short name of the policy that it has applied.
    pub policy: Option<String>,
    /// The carriers whose secret it has.
    pub secrets: Vec<CarrierId>,
    /// Its journal's last entry and the chain's head there.
    pub journal: (Index, Head),
    /// How long it was without a leader until the one that it knows.
    pub leaderless: Absent,
    /// The leader, if it knows one and has heard it lately: whoever does not hear a leader cannot renew its ballots.
    pub follows: Option<SiteId>,
    /// The sites that it hears on their own links; the turn fills it in.
    pub hears: Vec<SiteId>,
    /// The greatest schema of facts that it can read.
    pub reads: u16,
}

/// A site's time without a leader, told to the leader that ended it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absent {
    /// The reign that ended it.
    pub term: Term,
    /// How long it was.
    pub lasted: Duration,
    /// The sites where calls go that were seen down from there meanwhile.
    pub missed: Vec<SiteId>,
}

/// A call to prepare one attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The run.
    pub run: RunId,
    /// Its step, from 0.
    pub step: u16,
    /// Which way.
    pub direction: Direction,
    /// Which attempt, from 1.
    pub n: u8,
    /// The numbers of the batch.
    pub numbers: Vec<Number>,
    /// The carrier to log in at; `None` where nothing at a carrier is written.
    pub carrier: Option<CarrierId>,
}

/// A question to a carrier that changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// Names the question.
    pub id: u64,
    /// Which carrier.
    pub carrier: CarrierId,
    /// Which numbers.
    pub numbers: Vec<Number>,
}

/// A question about the end state of a step that changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct See {
    /// Names the question.
    pub id: u64,
    /// The run.
    pub run: RunId,
    /// Its step, from 0.
    pub step: u16,
}

/// Why bytes from a peer are not a frame.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The decoder's words.
    #[error("cannot read a frame: {0}")]
    Malformed(#[from] postcard::Error),
    /// A frame, and something behind it.
    #[error("cannot read a frame: {0} bytes follow it that belong to nothing")]
    Surplus(usize),
}

impl Frame {
    /// The bytes for the wire.
    pub fn encode(&self) -> Vec<u8> {
        postcard::to_stdvec(self).expect("every field of a frame is plain data")
    }

    /// The frame in these bytes; the link has limited their length.
    pub fn decode(bytes: &[u8]) -> Result<Self, FrameError> {
        let (frame, surplus) = postcard::take_from_bytes(bytes)?;
        if surplus.is_empty() { Ok(frame) } else { Err(FrameError::Surplus(surplus.len())) }
    }
}
