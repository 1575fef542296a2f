//! A greeting: what a site says of its disk, of the membership and of its listener, with its own signature below it.

use super::{Stand, Unfit, plain};
use crate::quorum::{Mark, Seats};
use crate::relay::Sealed;
use serde::{Deserialize, Serialize};
use state::fact::Seated;
use state::view::Member;
use state::{Boot, Disk, Index, SiteId, Starts};

/// So that what is signed as a greeting is never read as a frame that was signed to be passed on, nor the reverse.
const OPENING: &[u8] = b"hello ";

/// The first thing that is said to a peer, and the answer to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The speaker's disk.
    pub disk: Disk,
    /// How often an agent was started on it.
    pub starts: Starts,
    /// Where it was agreed that this disk is the speaker's, as far as it knows.
    pub named: Index,
    /// Whether it may vote.
    pub stand: Stand,
    /// The last entry of its journal.
    pub journal: Index,
    /// What each of its votes has come to.
    pub marks: Vec<Mark>,
    /// What is agreed of every site's disk, as far as the speaker knows.
    pub members: Vec<(SiteId, Member)>,
    /// Who sits where, as far as the speaker knows: a listener that slept may believe it of third sites.
    pub seated: Vec<Seated>,
    /// The newest life of the listener that the speaker knows of.
    pub life: Starts,
    /// Why the speaker takes nothing from the listener, and from which life of it.
    pub unfit: Option<(Boot, Unfit)>,
    /// The listener's own word, if it has less than that now: nobody else can have signed it.
    pub proof: Option<Box<Sealed>>,
    /// Counts what the speaker says to the listener: a greeting may come late, and after a later one.
    pub n: u64,
    /// The last greeting of the listener that the speaker has heard: this one was said after it.
    pub echo: Option<(Boot, u64)>,
    /// Whether it waits for an answer.
    pub asks: Asks,
    /// Who sat where at the birth of the cluster, for a listener that has lost it.
    pub birth: Option<Seats>,
}

/// Whether a greeting waits for an answer. An answer never does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Asks {
    /// It does.
    Yes,
    /// It does not.
    No,
}

/// A greeting as it came: who said it in which life, and the very bytes that were signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The life of the speaker.
    pub boot: Boot,
    /// Its words.
    pub hello: Hello,
    /// The same with its signature.
    pub sealed: Sealed,
}

impl Hello {
    /// The bytes that its speaker signs.
    pub fn encode(&self, boot: Boot) -> Vec<u8> {
        [OPENING, &plain(&(boot, self))].concat()
    }

    /// What was signed; `None` if it is no greeting, or something stands behind it.
    pub fn decode(bytes: &[u8]) -> Option<(Boot, Self)> {
        let (said, rest) = postcard::take_from_bytes(bytes.strip_prefix(OPENING)?).ok()?;
        rest.is_empty().then_some(said)
    }

    /// What the speaker knows of a site's disk.
    pub(super) fn member(&self, of: &SiteId) -> Option<&Member> {
        self.members.iter().find(|(site, _)| site == of).map(|(_, member)| member)
    }
}
