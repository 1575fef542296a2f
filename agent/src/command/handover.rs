//! What is said of a hand-over: what is wrong, since when, how it ends, and the card of exact steps.

use super::{PolicyNews, Telling};
use serde::{Deserialize, Serialize};
use state::handover::{Hindrance, Strength, Urgency};
use state::{RouteId, SiteId, Stamp};

/// Automation does not act, and people have the lever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandOver {
    /// Which route; `None` for all of them, as seen from this site.
    pub route: Option<RouteId>,
    /// What kind of cause it is.
    pub hindrance: Hindrance,
    /// How it ends.
    pub strength: Strength,
    /// How loudly it is told.
    pub urgency: Urgency,
    /// What is wrong.
    pub because: String,
    /// Since when, in cluster time.
    pub since: Stamp,
    /// What can be done by hand, route by route.
    pub cards: Vec<Card>,
}

/// The exact steps for one route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// The route.
    pub route: RouteId,
    /// What the carrier shows, and how old that knowledge is.
    pub carrier: String,
    /// What to type for each site that may have the route, in the order of preference.
    pub deeds: Vec<Deed>,
    /// How to undo it.
    pub undo: String,
    /// How to let automation act again, where that is not left to time.
    pub resume: Option<String>,
}

/// One way out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// The site that would have the route.
    pub site: SiteId,
    /// How its PBX looks from here.
    pub pbx: String,
    /// What to type.
    pub command: String,
}

/// Whether a telling is for whoever follows, or for people who must be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loudness {
    /// It is part of the account.
    Talk,
    /// A person must hear of it, on every channel that there is.
    Warning,
}

impl Telling {
    /// Which of both it is: the log's level, and what a message to a pocket would be made of.
    pub fn loudness(&self) -> Loudness {
        match self {
            Self::HandedOver { .. }
            | Self::TakenBack { .. }
            | Self::Leaderless { .. }
            | Self::Escalated { .. }
            | Self::Flapping { .. }
            | Self::Alone { .. } => Loudness::Warning,
            Self::Policy { is, .. } => match is {
                PolicyNews::Refused | PolicyNews::SetAside | PolicyNews::Unwritten => Loudness::Warning,
                PolicyNews::Proposed | PolicyNews::InForce => Loudness::Talk,
            },
            Self::Suspect { .. }
            | Self::Ballot { .. }
            | Self::Verdict { .. }
            | Self::Decision { .. }
            | Self::Step { .. }
            | Self::CarrierRead { .. }
            | Self::Run { .. }
            | Self::Mode { .. }
            | Self::Leader { .. }
            | Self::Voice { .. }
            | Self::Refused { .. }
            | Self::Agreed { .. } => Loudness::Talk,
        }
    }
}

/// Whether something begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Course {
    /// From now on it is so.
    Begins,
    /// It is over.
    Ends,
}
