//! A hand-over: what keeps automation from acting, in which of two strengths, and how loudly it is told.

use crate::ids::Index;
use crate::time::Stamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// What keeps automation from acting, so that people have the route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hindrance {
    /// No majority of votes is reachable, so nothing can be agreed.
    NoQuorum,
    /// A leader does not know cluster time, so it may not begin.
    Clock,
    /// A site cannot read the journal or the agreed policy, so it judges nothing.
    Unreadable,
    /// No site reaches the interface of the route's carrier.
    CarrierMute,
    /// A wanted switch was not made within `give_up`.
    GivenUp,
    /// A switch is wanted, and the budget has none left.
    BudgetSpent,
    /// A run got stuck.
    Stuck,
    /// A person changed the number at the carrier.
    PersonsChange,
    /// A person pointed the route without an agreement.
    ClaimedAlone,
    /// Two sites hold different journals.
    TwoHistories,
}

/// How a hand-over ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strength {
    /// Manual until it passes: with its cause, and then the evidence is judged anew.
    Waiting,
    /// Manual until a person resumes.
    Latched,
}

/// How loudly people are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Urgency {
    /// Calls are answered meanwhile, as far as anybody knows.
    Notice,
    /// Somebody saw the site down where calls go.
    Urgent,
}

/// A hindrance of one route that passes by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// Since when.
    pub since: Stamp,
    /// In words.
    pub because: String,
    /// How loudly it was told.
    pub urgency: Urgency,
}

/// The last time without a leader that was agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaderless {
    /// Where it was agreed.
    pub index: Index,
    /// When it was over.
    pub until: Stamp,
    /// How long it was, for every site that spoke of it.
    pub lasted: Duration,
}

impl fmt::Display for Strength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Waiting => "manual until it passes",
            Self::Latched => "manual until a person resumes it",
        })
    }
}
