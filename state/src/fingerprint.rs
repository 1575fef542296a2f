//! The fingerprint of a key: what a person compares, and types, to say which bundle is meant.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// The first half of the SHA-256 of a public key: nobody finds another key with the same one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// The fingerprint of a public key, as the certificate holds it.
    pub fn of(key: &[u8]) -> Self {
        let hash: [u8; 32] = Sha256::digest(key).into();
        let mut half = [0; 16];
        half.copy_from_slice(&hash[..16]);
        Self(half)
    }
}

/// Thirty-two hex digits, in groups that can be read out.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups: Vec<String> =
            self.0.chunks(4).map(|four| four.iter().map(|byte| format!("{byte:02x}")).collect()).collect();
        f.pad(&groups.join("-"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Sixteen bytes on a disk, and what a person reads in JSON.
impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
        if into.is_human_readable() { into.collect_str(self) } else { self.0.serialize(into) }
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if from.is_human_readable() {
            String::deserialize(from)?.parse().map_err(de::Error::custom)
        } else {
            <[u8; 16]>::deserialize(from).map(Self)
        }
    }
}

/// What was typed is no fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint has 32 hex digits, in groups or not: 3f0c9a71-52d4e8b6-07aa41fe-9c6d2b85")]
pub struct NoFingerprint;

impl FromStr for Fingerprint {
    type Err = NoFingerprint;

    fn from_str(text: &str) -> Result<Self, NoFingerprint> {
        let digits: String = text.chars().filter(|c| !matches!(c, '-' | ':' | ' ')).collect();
        if digits.len() != 32 || !digits.chars().all(|c| c.is_ascii_hexdigit()) {
            return Err(NoFingerprint);
        }
        u128::from_str_radix(&digits, 16).map(|number| Self(number.to_be_bytes())).map_err(|_| NoFingerprint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_can_be_typed() {
        let key = Fingerprint::of(b"a public key");
        let shown = key.to_string();
        assert_eq!(shown.len(), 35);
        for typed in [shown.clone(), shown.replace('-', ""), shown.replace('-', ":").to_uppercase()] {
            assert_eq!(typed.parse(), Ok(key), "{typed}");
        }
        for wrong in ["", "3f0c9a71", "zz0c9a7152d4e8b607aa41fe9c6d2b85", &format!("{shown}0")] {
            assert_eq!(wrong.parse::<Fingerprint>(), Err(NoFingerprint), "{wrong}");
        }
    }
}
