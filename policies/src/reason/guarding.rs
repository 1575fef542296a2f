//! What guards say: what forbids acting, and what was asked and does not.

use super::age::{self, Age, Setting};
use serde::{Deserialize, Serialize};
use state::fact::Mode;
use state::{IncidentId, RouteId, RunId, ServiceId, SiteId, Stamp, Subject, Who};
use std::fmt;
use std::time::Duration;

/// One guard's answer, whether it forbids or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum Guarding {
    /// Somebody chose who may act.
    ModeIs { mode: Mode },
    /// Nobody did, and the cluster is younger than a day.
    NewCluster {
        #[serde(rename = "left_ms", with = "age::millis")]
        left: Duration,
        until: Stamp,
    },
    /// Nobody forbids it.
    NoHold,
    /// A person does.
    Held { who: Who, until: Stamp, because: String },
    /// The route is manual until a person resumes it.
    Latched { since: Stamp, because: String },
    /// Switches are left.
    BudgetLeft { used: usize, of: usize },
    /// None is.
    BudgetSpent {
        used: usize,
        of: usize,
        #[serde(rename = "window_ms", with = "age::millis")]
        window: Duration,
    },
    /// Another run has the route, or the lever.
    RunUnderWay { run: RunId },
    /// A person's decision goes first.
    ClaimWaits { who: Who, site: SiteId },
    /// An automatic switch waits for somebody to have seen it: automation only leaves a site that is down.
    Unacknowledged { incident: IncidentId },
    /// This node does not lead: it may explain, not decide.
    NotLeading,
    /// This node leads, but has not yet applied what was agreed before its term.
    LogBehind,
    /// It hears a majority.
    Quorum { heard: u32, of: u32 },
    /// It does not.
    NoQuorum { heard: u32, of: u32 },
    /// Too many sites say up for a verdict of down to be trusted.
    Disputed { subject: Subject, up: Vec<SiteId> },
    /// The newest good answer of those that say down is not old enough.
    Blip {
        #[serde(rename = "ago_ms", with = "age::millis")]
        ago: Duration,
        #[serde(rename = "blip_ms", with = "age::millis")]
        blip: Duration,
    },
    /// Only a site that automation left lately could take it.
    Damped {
        site: SiteId,
        #[serde(rename = "left_ms", with = "age::millis")]
        left: Duration,
        until: Stamp,
    },
    /// A better site than where it rings could take it, but not for long enough yet.
    NotSteady {
        site: SiteId,
        #[serde(rename = "steady_ms", with = "age::millis")]
        steady: Duration,
        #[serde(rename = "needed_ms", with = "age::millis")]
        needed: Duration,
    },
    /// It goes home by itself within some hours of the day only.
    OutOfHours {
        hours: String,
        #[serde(rename = "left_ms", with = "age::millis")]
        left: Duration,
    },
    /// Nobody can take it, but not for long enough to ring its refuge.
    RefugeWaits {
        #[serde(rename = "left_ms", with = "age::millis")]
        left: Duration,
    },
    /// This node's clock jumped: it looks again before it decides.
    ClockJumped {
        #[serde(rename = "left_ms", with = "age::millis")]
        left: Duration,
    },
    /// Nobody could take it: it stays, because a dead destination beats none.
    NoneLeft { route: RouteId },
    /// As many of the same service hold at other places as the rule keeps.
    Enough { service: ServiceId, holding: Vec<SiteId>, keep: usize },
    /// Fewer do.
    TooFew { service: ServiceId, holding: Vec<SiteId>, keep: usize },
    /// A run of its rule ended badly a short while ago.
    FailedLately {
        #[serde(rename = "left_ms", with = "age::millis")]
        left: Duration,
        until: Stamp,
    },
    /// It was pulled a short while ago.
    PulledLately {
        #[serde(rename = "left_ms", with = "age::millis")]
        left: Duration,
        until: Stamp,
    },
}

const LOG_BEHIND: &str = "this site leads, but has not yet applied what was agreed before its term";

impl fmt::Display for Guarding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ModeIs { mode: Mode::Auto } => f.write_str("mode auto"),
            Self::ModeIs { mode } => write!(f, "mode is {mode}"),
            Self::NewCluster { left, .. } => {
                let left = Age(*left);
                write!(
                    f,
                    "mode is advise for the cluster's first day, {left} more; `pointsman mode auto` ends that"
                )
            }
            Self::NoHold => f.write_str("no hold"),
            Self::Held { who, until, because } => write!(f, "hold by {who} until {until}: {because}"),
            Self::Latched { since, because } => {
                write!(f, "manual since {since}, until a person resumes it: {because}")
            }
            Self::BudgetLeft { used, of } => write!(f, "{used} of {of} switches used"),
            Self::BudgetSpent { used, of, window } => {
                write!(f, "budget spent: {used} of {of} switches used in {}", Setting(*window))
            }
            Self::RunUnderWay { run } => write!(f, "{run} is under way, and goes first"),
            Self::ClaimWaits { who, site } => write!(f, "{who} claimed it for {site}, and that goes first"),
            Self::Unacknowledged { incident } => {
                write!(f, "nobody has acknowledged {incident}, so automation only leaves a site that is down")
            }
            Self::NotLeading => f.write_str("this site does not lead, so it does not decide"),
            Self::LogBehind => f.write_str(LOG_BEHIND),
            Self::Quorum { heard, of } => write!(f, "quorum {heard} of {of}"),
            Self::NoQuorum { heard, of } => write!(f, "no quorum: {heard} of {of} votes reachable"),
            Self::Disputed { subject, up } => {
                let names: Vec<&str> = up.iter().map(SiteId::as_str).collect();
                write!(f, "disputed: {} still say {subject} is up", names.join(" and "))
            }
            Self::Blip { ago, blip } => write!(
                f,
                "blip: the last good answer is {} old, nothing moves before {}",
                Age(*ago),
                Setting(*blip)
            ),
            Self::Damped { site, left, .. } => write!(
                f,
                "damping: only {site} could take it, which was left a short while ago; back in {}",
                Age(*left)
            ),
            Self::NotSteady { site, steady, needed } => {
                write!(f, "{site} could take it for {} only, and must for {}", Age(*steady), Setting(*needed))
            }
            Self::OutOfHours { hours, left } => {
                write!(f, "it goes home by itself between {hours} only, that is in {}", Age(*left))
            }
            Self::ClockJumped { left } => {
                write!(f, "this site's clock jumped, so it looks again and decides in {}", Age(*left))
            }
            Self::NoneLeft { route } => {
                write!(f, "none left: no site could take {route}, and it never loses its destination")
            }
            Self::Enough { .. } | Self::TooFew { .. } => self.keeps(f),
            Self::RefugeWaits { .. } | Self::FailedLately { .. } | Self::PulledLately { .. } => self.waits(f),
        }
    }
}

impl Guarding {
    /// What only time takes away.
    fn waits(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::RefugeWaits { left } = self {
            return write!(f, "no site could take it; its refuge is rung in {}", Age(*left));
        }
        if let Self::FailedLately { left, .. } = self {
            return write!(f, "a run of its rule failed a short while ago; again in {}", Age(*left));
        }
        let Self::PulledLately { left, .. } = self else { return Ok(()) };
        write!(f, "damping: it was pulled a short while ago; let go in {}", Age(*left))
    }

    /// How many of a lever's services hold elsewhere.
    fn keeps(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Enough { service, holding, .. } = self {
            return write!(f, "{service} holds in {}", names(holding));
        }
        let Self::TooFew { service, holding, keep } = self else { return Ok(()) };
        match holding.as_slice() {
            [] => write!(f, "keep_up {keep}: no other {service} would hold"),
            some => write!(f, "keep_up {keep}: only the {service} of {} would hold", names(some)),
        }
    }
}

/// Names of sites in a sentence.
fn names(sites: &[SiteId]) -> String {
    sites.iter().map(SiteId::as_str).collect::<Vec<_>>().join(" and ")
}
