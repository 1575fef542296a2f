//! What is said of a claim alone: the offer with what the carrier shows, and how the deed goes.

use serde::{Deserialize, Serialize};
use state::{Destination, Number, RouteId, SiteId};

/// What this agent would do alone, and what a person should know before saying yes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Names the offer; it holds for two minutes.
    pub token: u64,
    /// The route.
    pub route: RouteId,
    /// The site that would have it.
    pub site: SiteId,
    /// How many numbers would be pointed there.
    pub numbers: usize,
    /// The votes that are heard here, and all.
    pub heard: (u32, u32),
    /// The first number of the route.
    pub number: Option<Number>,
    /// What it shows at this moment.
    pub shows: Option<Destination>,
    /// The site that this means, if it is one of the route's.
    pub shown: Option<SiteId>,
}

/// How far a claim alone is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AloneState {
    /// It goes on.
    Goes,
    /// It is over, and the carrier shows what was wanted.
    Done,
    /// It is over, and the carrier does not, or nobody knows.
    Failed,
}
