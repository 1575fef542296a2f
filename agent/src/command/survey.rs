//! What a survey comes to, for whoever asked for it.

use crate::live::Sight;
use serde::{Deserialize, Serialize};
use state::{SiteId, Stamp};

/// A survey that is under way, or over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SurveyReport {
    /// The site that is looked at.
    pub here: SiteId,
    /// The name of the survey, to ask for it again.
    pub n: u64,
    /// When it ended, in cluster time; now, while it is under way.
    pub at: Stamp,
    /// What was found; nothing while it is under way.
    pub sights: Option<Vec<Sight>>,
}
