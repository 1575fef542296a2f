//! A claim alone: what a person did at a carrier without an agreement, as the site where it was done remembers it.

use crate::fact::{Outcome, Reading};
use crate::ids::{Destination, Index, Number, RouteId, SiteId, Who};
use crate::plan::Pointing;
use crate::time::Stamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// What a person decided, and where and when it was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AloneClaim {
    /// At which site it was done.
    pub at: SiteId,
    /// Names the claim among those of that site's disk; a later one has a greater number.
    pub n: u64,
    /// The site that was to have the route.
    pub to: SiteId,
    /// Who did it.
    pub who: Who,
    /// Why.
    pub because: String,
    /// When, as far as that site knew the time.
    pub done: Stamp,
    /// The last entry that the site knew: whatever was agreed after it, the person could not know.
    pub basis: Index,
}

/// A claim alone that was agreed to have been made, until a person resumes the route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The claim.
    pub claim: AloneClaim,
    /// What it meant each number to show.
    pub values: BTreeMap<Number, Destination>,
}

/// One line of a site's own table: added at its end, chained, and never changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AloneEntry {
    /// A person confirmed it. The line's number names the claim.
    Claimed { route: RouteId, claim: AloneClaim },
    /// The go for one batch: nothing of it is sent before this line is on the disk.
    Started { n: u64, fence: Index, pointings: Vec<Pointing> },
    /// What became of that batch.
    Ended { n: u64, fence: Index, outcomes: Vec<Outcome> },
    /// What the carrier showed afterwards.
    Read { n: u64, readings: Vec<Reading> },
    /// All sites know of it.
    Merged { n: u64, index: Index },
}

impl AloneEntry {
    /// The bytes for the table.
    pub fn encode(&self) -> Vec<u8> {
        postcard::to_stdvec(self).expect("every field is plain data")
    }

    /// The line in these bytes.
    ///
    /// # Errors
    /// The decoder's, if they are none of this version.
    pub fn decode(bytes: &[u8]) -> Result<Self, postcard::Error> {
        postcard::from_bytes(bytes)
    }
}

impl Told {
    /// Whether this claim explains all of what the carrier shows.
    pub fn explains(&self, readings: &[Reading]) -> bool {
        let meant = |r: &Reading| r.shows.is_some() && self.values.get(&r.number) == r.shows.as_ref();
        !readings.is_empty() && readings.iter().all(meant)
    }
}

impl fmt::Display for AloneClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, to, who, because, done, n: _, basis: _ } = self;
        write!(f, "{who} claimed it for {to}, alone at {at}, {done}: {because}")
    }
}
