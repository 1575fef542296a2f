//! The journal's chain: one hash over every agreed fact, the same on all sites.

use crate::Index;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// The hash over everything agreed so far (SHA-256). Two sites with one head at one index hold one journal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Head(pub [u8; 32]);

impl Head {
    /// The head before the first fact; it holds the cluster's name, so that two clusters never share a journal.
    pub fn birth(cluster: &str) -> Self {
        Self(Sha256::new().chain_update(b"pointsman journal\0").chain_update(cluster).finalize().into())
    }

    /// The head after the fact `bytes` was agreed at `index`.
    ///
    /// `bytes` are whole, as agreed: they begin with their schema number and length. Head and index have a
    /// fixed length, so no two different (head, index, bytes) are hashed as the same text.
    #[must_use]
    pub fn next(self, index: Index, bytes: &[u8]) -> Self {
        let hash = Sha256::new().chain_update(self.0).chain_update(index.0.to_be_bytes()).chain_update(bytes);
        Self(hash.finalize().into())
    }
}

/// The short name of a text, such as a policy: the first four hex digits of its SHA-256.
pub fn digest(text: &str) -> String {
    Imprint::of(text).to_string()
}

/// The whole hash of a text (SHA-256): it names a version of a policy where four digits could mean two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Imprint([u8; 32]);

impl Imprint {
    /// The imprint of a text.
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }
}

/// The short name.
impl fmt::Display for Imprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Head(self.0), f)
    }
}

/// What a person reads out over the phone: the first four hex digits.
impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:02x}{:02x}", self.0[0], self.0[1]))
    }
}

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// These bytes are on people's disks: a change here makes every journal unreadable.
    #[test]
    fn the_chain_is_golden() {
        let birth = Head::birth("example");
        let next = birth.next(Index(2), b"\x01\x02hi");
        assert_eq!(format!("{birth} {next}"), "c705 7c86");
        assert_eq!(format!("{next:?}").len(), 64);
    }

    #[test]
    fn each_part_counts() {
        let birth = Head::birth("example");
        let head = birth.next(Index(2), b"a");
        assert_ne!(head, birth.next(Index(3), b"a"));
        assert_ne!(head, birth.next(Index(2), b"b"));
        assert_ne!(head, Head::birth("other").next(Index(2), b"a"));
        assert_ne!(head, head.next(Index(2), b"a"));
    }
}
