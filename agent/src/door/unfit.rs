//! What is held against a peer, as a value and in words.

use serde::{Deserialize, Serialize};
use state::{Disk, Index};
use std::fmt;

/// Why nothing is taken from a peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unfit {
    /// It says itself that it is outside.
    SaysSo {
        /// In its own words.
        why: String,
    },
    /// Its disk is new, the cluster is not, and nobody has named it yet.
    Unnamed,
    /// Another disk is agreed to be the site's.
    OtherDisk {
        /// That one.
        agreed: Disk,
        /// Where it was agreed; 0 if it is only what was heard before.
        at: Index,
    },
    /// It had more when it was heard before.
    Less {
        /// Of what.
        what: String,
    },
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SaysSo { why } => f.write_str(why),
            Self::Unnamed => f.write_str("its disk is new and has no name yet"),
            Self::OtherDisk { .. } => f.write_str("it comes with another disk than before"),
            Self::Less { what } => write!(f, "its disk went back in time: {what}"),
        }
    }
}
