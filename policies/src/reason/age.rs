//! Durations for people: what has passed as an age, what was set as a setting, and milliseconds for machines.

use std::fmt;
use std::time::Duration;

/// A time that has passed or is left, for people: `0.4s`, `12s`, `3m 21s`, `5h 2m`, `6 days`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Age(pub Duration);

/// A setting, as the policy writes it: `500ms`, `3s`, `10m`, `24h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting(pub Duration);

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Cut, never rounded up: an age of 2.99s must not read as if a blip of 3s were over.
        let (tenths, secs) = (self.0.as_millis() / 100, self.0.as_secs());
        match secs {
            0..=9 => write!(f, "{}.{}s", tenths / 10, tenths % 10),
            10..=59 => write!(f, "{secs}s"),
            60..=3_599 => write!(f, "{}m {}s", secs / 60, secs % 60),
            3_600..=172_799 => write!(f, "{}h {}m", secs / 3_600, secs / 60 % 60),
            _ => write!(f, "{} days", secs / 86_400),
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (millis, secs) = (self.0.as_millis(), self.0.as_secs());
        match (millis % 1000, secs % 60, secs % 3_600) {
            _ if millis == 0 => f.write_str("0s"),
            (0, 0, 0) => write!(f, "{}h", secs / 3_600),
            (0, 0, _) => write!(f, "{}m", secs / 60),
            (0, ..) => write!(f, "{secs}s"),
            _ => write!(f, "{millis}ms"),
        }
    }
}

/// Durations as whole milliseconds, under a key that ends in `_ms`.
pub(super) mod millis {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::time::Duration;

    pub(in crate::reason) fn serialize<S: Serializer>(span: &Duration, to: S) -> Result<S::Ok, S::Error> {
        u64::try_from(span.as_millis()).unwrap_or(u64::MAX).serialize(to)
    }

    pub(in crate::reason) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }
}
