//! The journal as it is shown: the bytes of facts, page by page, and what other sites say of theirs.

use super::millis;
use serde::{Deserialize, Serialize};
use state::{Head, Index, SiteId, Stamp};
use std::time::Duration;

/// Some facts in order; none when there are no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalPage {
    /// Whose journal it is.
    pub here: SiteId,
    /// Cluster time, now.
    pub at: Stamp,
    /// The chain's head before the first fact of all.
    pub birth: Head,
    /// The facts, with their own bytes: whoever reads them can follow the chain without trusting anybody.
    pub facts: Vec<FactBytes>,
    /// Each index up to which facts are missing here, with the head of the snapshot that stands for them.
    pub gaps: Vec<(Index, Head)>,
    /// How far this agent has folded, and its head there.
    pub folded: (Index, Head),
    /// What other sites said of their own journals within the last minute.
    pub peers: Vec<PeerHead>,
}

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactBytes {
    /// Where it stands.
    pub index: Index,
    /// Schema, length and fact, as agreed.
    #[serde(with = "hex")]
    pub bytes: Vec<u8>,
}

/// What another site said of its journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerHead {
    /// Which.
    pub site: SiteId,
    /// How far it had folded.
    pub index: Index,
    /// Its head there.
    pub head: Head,
    /// How long ago it said so.
    #[serde(rename = "age_ms", with = "millis::one")]
    pub age: Duration,
}

/// Bytes as two hex digits each: half the size of a list of numbers, and readable beside a dump of the disk.
mod hex {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use std::fmt::Write;

    pub fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        let mut text = String::with_capacity(bytes.len() * 2);
        for byte in bytes {
            // Writing to a text cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        to.serialize_str(&text)
    }

    pub fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        let digits = text.as_bytes().chunks(2);
        let byte = |two: &[u8]| {
            let two = std::str::from_utf8(two).ok().filter(|two| two.len() == 2)?;
            u8::from_str_radix(two, 16).ok()
        };
        digits.map(byte).collect::<Option<_>>().ok_or_else(|| D::Error::custom("these are no bytes in hex"))
    }
}
