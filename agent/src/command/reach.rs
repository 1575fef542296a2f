//! Who reaches what: a door of a site, and a carrier's interface.

use policies::Verdict;
use serde::{Deserialize, Serialize};
use state::{CarrierId, SiteId, Stamp};

/// A door of a site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoorReport {
    /// Its name, as a route rings there: `london#2`.
    pub door: SiteId,
    /// The verdict on the PBX behind it.
    pub pbx: Verdict,
    /// Which sites say that they see it up.
    pub seen_by: Vec<SiteId>,
}

/// One carrier, and every site that holds its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReachReport {
    /// The carrier.
    pub carrier: CarrierId,
    /// The sites whose logins are answered.
    pub reached_by: Vec<SiteId>,
    /// Those whose are not, and since when.
    pub not_by: Vec<(SiteId, Stamp)>,
    /// Those that cannot say: they have just begun, or missed an answer, or are not heard.
    pub unsure: Vec<SiteId>,
}

impl Default for ReachReport {
    fn default() -> Self {
        Self { carrier: CarrierId::new(""), reached_by: Vec::new(), not_by: Vec::new(), unsure: Vec::new() }
    }
}
