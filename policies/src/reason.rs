//! Why: every reason of a decision as a value, and its one wording for the terminal, page, mail and phone.

use serde::{Deserialize, Serialize};
use state::{RouteId, SiteId, Stamp, Subject};
use std::fmt;
use std::time::Duration;

mod age;
mod guarding;

pub use age::{Age, Setting};
pub use guarding::Guarding;

/// One reason, for or against; as JSON an object whose `reason` names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Reason {
    /// What the ballots say.
    Seen(Evidence),
    /// What a guard says.
    Guard(Guarding),
}

/// What the ballots say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum Evidence {
    /// So many votes see it down.
    SeeDown { subject: Subject, votes: u32, of: u32 },
    /// So many votes see it up.
    SeeUp { subject: Subject, votes: u32, of: u32 },
    /// There is no verdict: neither side has enough.
    NoVerdict { subject: Subject, down: u32, up: u32, of: u32 },
    /// These sites, with their votes, see it down.
    DownBy { subject: Subject, by: Vec<(SiteId, u32)>, votes: u32, of: u32 },
    /// These sites, with their votes, see it up.
    UpBy { subject: Subject, by: Vec<(SiteId, u32)>, votes: u32, of: u32 },
    /// A site casts no ballot on it.
    Unsure { site: SiteId, votes: u32 },
    /// A site finds that the answers come and go too often to believe.
    Flapping { site: SiteId, votes: u32 },
    /// A site is not heard.
    Silent { site: SiteId, votes: u32 },
    /// A site says that the carrier does not answer it, though it answers these.
    CutOff {
        subject: Subject,
        #[serde(rename = "dark_ms", with = "age::millis")]
        dark: Duration,
        others: Vec<SiteId>,
    },
    /// The chosen site speaks for itself.
    SaysUp {
        subject: Subject,
        #[serde(rename = "ago_ms", with = "age::millis")]
        ago: Duration,
    },
    /// The newest good answer of those that say down is old enough.
    LastGood {
        #[serde(rename = "ago_ms", with = "age::millis")]
        ago: Duration,
        #[serde(rename = "blip_ms", with = "age::millis")]
        blip: Duration,
    },
    /// It rings in its refuge.
    InRefuge { route: RouteId },
    /// Its first choice could take it, for so long without a break.
    Home {
        site: SiteId,
        #[serde(rename = "steady_ms", with = "age::millis")]
        steady: Duration,
    },
    /// A better site than its last resort, or its refuge, could take it, for so long without a break.
    Better {
        site: SiteId,
        than: SiteId,
        #[serde(rename = "steady_ms", with = "age::millis")]
        steady: Duration,
    },
    /// Where it rings is not known: never read, or a value that names no site.
    NotRead { route: RouteId },
    /// The policy does not name the route.
    NoSuchRoute { route: RouteId },
    /// A site was passed over.
    NotChosen(NotChosen),
    /// What a lever plays was played, and not taken back yet.
    Pulled { since: Stamp },
    /// A person pulled it, and lets it go.
    PulledByHand { since: Stamp },
    /// A run of its rule got stuck half-way.
    Between { since: Stamp },
}

/// A site that is no candidate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotChosen {
    /// The site.
    pub site: SiteId,
    /// What is against it.
    pub why: Refused,
}

/// Why a site is no candidate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refused {
    /// The route does not prefer it at all.
    NotListed,
    /// The verdict on it is down.
    Down { subject: Subject, votes: u32, of: u32 },
    /// The verdict on it is disputed.
    Disputed { subject: Subject },
    /// It is not heard.
    Silent,
    /// Nothing is taken from whoever holds its bundle.
    Revoked,
    /// It says of itself that it is down.
    SaysDown { subject: Subject },
    /// Its own answers come and go too often for it to believe them.
    Flaps { subject: Subject },
    /// It says nothing of itself.
    SaysNothing { subject: Subject },
    /// Nobody but itself says that it is up.
    Alone { subject: Subject },
    /// It says that no call of the carrier reaches it.
    CutOff { subject: Subject },
    /// A run lately failed to get there.
    Spurned {
        #[serde(rename = "left_ms", with = "age::millis")]
        left: Duration,
        until: Stamp,
    },
    /// Automation left it a short while ago.
    Damped {
        #[serde(rename = "left_ms", with = "age::millis")]
        left: Duration,
        until: Stamp,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seen(evidence) => evidence.fmt(f),
            Self::Guard(guarding) => guarding.fmt(f),
        }
    }
}

impl From<Evidence> for Reason {
    fn from(evidence: Evidence) -> Self {
        Self::Seen(evidence)
    }
}

impl From<Guarding> for Reason {
    fn from(guarding: Guarding) -> Self {
        Self::Guard(guarding)
    }
}

impl From<NotChosen> for Reason {
    fn from(not: NotChosen) -> Self {
        Self::Seen(Evidence::NotChosen(not))
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SeeDown { subject, votes, of } => write!(f, "{votes} of {of} votes see {subject} down"),
            Self::SeeUp { subject, votes, of } => write!(f, "{subject} is up: {votes} of {of} votes"),
            Self::NoVerdict { subject, down, up, of } => {
                write!(f, "there is no verdict on {subject}: {down} down, {up} up, of {of} votes")
            }
            Self::DownBy { subject, by, votes, of } => {
                write!(f, "{} {subject} down: {votes} of {of}", Sees(by))
            }
            Self::UpBy { subject, by, votes, of } => write!(f, "{} {subject} up: {votes} of {of}", Sees(by)),
            Self::Unsure { site, votes } => write!(f, "{site} ({votes}) says nothing certain"),
            Self::Flapping { site, votes } => {
                write!(f, "{site} ({votes}) says that it flaps; answers that come and go are not a vote")
            }
            Self::Silent { site, votes } => write!(f, "{site} ({votes}) is silent; silence is not a vote"),
            Self::CutOff { subject, dark, others } => {
                let names: Vec<&str> = others.iter().map(SiteId::as_str).collect();
                let (site, names) = (&subject.site, names.join(" and "));
                let dark = Age(*dark);
                write!(
                    f,
                    "{subject} is down: the carrier has not answered {site} for {dark}, and answers {names}"
                )
            }
            Self::SaysUp { subject, ago } => write!(f, "{subject} says it is up, {} ago", Age(*ago)),
            Self::LastGood { ago, blip } => {
                write!(f, "the last good answer is {} old (blip {})", Age(*ago), Setting(*blip))
            }
            Self::InRefuge { route } => write!(f, "{route} rings in its refuge, which is no site of ours"),
            Self::Home { site, steady } => {
                write!(f, "{site} is its first choice, and could take it for {}", Age(*steady))
            }
            Self::Better { site, than, steady } => {
                let what = if than.is_refuge() {
                    "the refuge".to_owned()
                } else {
                    format!("{than}, its last resort")
                };
                write!(f, "{site} is better than {what}, and could take it for {}", Age(*steady))
            }
            Self::NotRead { route } => {
                write!(
                    f,
                    "nobody knows where {route} rings: what the carrier shows was not read, or names no site"
                )
            }
            Self::NoSuchRoute { route } if route.is_lever() => {
                write!(f, "the policy has no rule under `when` that watches `{route}`")
            }
            Self::NoSuchRoute { route } => write!(f, "the policy has no route `{route}`"),
            Self::NotChosen(not) => not.fmt(f),
            Self::Pulled { since } => write!(f, "it was pulled at {since}, and not let go since"),
            Self::PulledByHand { since } => {
                write!(f, "a person had it pulled at {since}, and so a person lets it go")
            }
            Self::Between { since } => write!(f, "a run of its rule got stuck half-way, at {since}"),
        }
    }
}

impl NotChosen {
    /// When time alone takes away what is against the site.
    pub fn until(&self) -> Option<Stamp> {
        match &self.why {
            Refused::Spurned { until, .. } | Refused::Damped { until, .. } => Some(*until),
            Refused::NotListed
            | Refused::Down { .. }
            | Refused::Disputed { .. }
            | Refused::Silent
            | Refused::Revoked
            | Refused::SaysDown { .. }
            | Refused::CutOff { .. }
            | Refused::Flaps { .. }
            | Refused::SaysNothing { .. }
            | Refused::Alone { .. } => None,
        }
    }
}

impl fmt::Display for NotChosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { site, why } = self;
        match why {
            Refused::NotListed => write!(f, "not {site}: the route does not prefer it"),
            Refused::Down { subject, votes, of } => {
                write!(f, "not {site}: {votes} of {of} votes see {subject} down")
            }
            Refused::Disputed { subject } => write!(f, "not {site}: sites disagree about {subject}"),
            Refused::Silent => write!(f, "not {site}: it is silent"),
            Refused::Revoked => write!(f, "not {site}: its bundle is revoked"),
            Refused::SaysDown { subject } => write!(f, "not {site}: its own probe of {subject} fails"),
            Refused::Flaps { subject } => write!(f, "not {site}: {subject} flaps"),
            Refused::SaysNothing { subject } => write!(f, "not {site}: it does not say that {subject} is up"),
            Refused::Alone { subject } => write!(f, "not {site}: nobody else says that {subject} is up"),
            Refused::CutOff { subject } => {
                write!(f, "not {site}: {subject} is down, as it says itself: no call would reach it")
            }
            Refused::Spurned { left, .. } => {
                write!(f, "not {site}: a run failed to get there; again in {}", Age(*left))
            }
            Refused::Damped { left, .. } => {
                write!(f, "not {site}: it was left a short while ago; back in {}", Age(*left))
            }
        }
    }
}

/// `netherlands (2) and office (1) see`: sites with their votes, and the verb that fits their number.
struct Sees<'a>(&'a [(SiteId, u32)]);

impl fmt::Display for Sees<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.0.iter().map(|(site, votes)| format!("{site} ({votes})")).collect();
        match names.as_slice() {
            [] => f.write_str("nobody sees"),
            [one] => write!(f, "{one} sees"),
            [most @ .., last] => write!(f, "{} and {last} see", most.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_cut_and_settings_read_as_written() {
        let ages = [0, 399, 2_999, 12_900, 201_000, 18_120_000, 518_400_000];
        let ages = ages.map(|millis| Age(Duration::from_millis(millis)).to_string());
        assert_eq!(ages, ["0.0s", "0.3s", "2.9s", "12s", "3m 21s", "5h 2m", "6 days"]);
        let settings = [0, 500, 1_500, 3_000, 90_000, 600_000, 86_400_000];
        let settings = settings.map(|millis| Setting(Duration::from_millis(millis)).to_string());
        assert_eq!(settings, ["0s", "500ms", "1500ms", "3s", "90s", "10m", "24h"]);
    }
}
