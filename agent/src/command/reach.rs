//! Who reaches a carrier's interface, as the sites say it of themselves.

use serde::{Deserialize, Serialize};
use state::{CarrierId, SiteId, Stamp};

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
