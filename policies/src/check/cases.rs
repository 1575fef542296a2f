//! What would become of a route if exactly these sites lived.

use crate::limits::refuge_after;
use crate::policy::{Policy, Route, Site};
use state::{SiteId, Subject};
use std::time::Duration;

/// What becomes of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It rings where it rang, and the living could move it.
    Stays(SiteId),
    /// It rings where it rang; nobody could move it, and people are told.
    StaysUnguarded(SiteId),
    /// It is moved, between these two times after the fault.
    Moves {
        /// Where to.
        to: SiteId,
        /// At the earliest.
        from: Duration,
        /// At the latest, while leader and executor live.
        until: Duration,
    },
    /// It rings in its refuge, between these two times after the fault.
    Refuge {
        /// At the earliest.
        from: Duration,
        /// At the latest, while leader and executor live.
        until: Duration,
    },
    /// People must act.
    People(Because),
}

/// Why people must act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// The living have too few votes.
    NoQuorum,
    /// The living cannot agree that the site is down.
    NoVerdict,
    /// No site that the route may ring in lives, or none that another site can vouch for.
    NoneLeft,
}

/// The fate of a route that rang in its first choice, once only `living` are left.
pub fn fate(policy: &Policy, route: &Route, living: &[&Site]) -> Fate {
    let lives = |site: &SiteId| living.iter().any(|living| living.id == *site);
    let home = &route.prefer[0];
    let quorum = votes(living) >= policy.majority();
    if lives(home) {
        return if quorum { Fate::Stays(home.clone()) } else { Fate::StaysUnguarded(home.clone()) };
    }
    if !quorum {
        return Fate::People(Because::NoQuorum);
    }
    let subject = Subject::pbx(home);
    if !verdict(policy, &subject, &lives) {
        return Fate::People(Because::NoVerdict);
    }
    let vouched = |site: &&SiteId| {
        let others = policy.electorate(&Subject::pbx(site));
        others.iter().any(|other| other.id != **site && lives(&other.id))
    };
    let (from, until) = policy.pace(&subject).moved_within();
    match route.prefer.iter().filter(|site| lives(site)).find(vouched) {
        Some(to) => Fate::Moves { to: to.clone(), from, until },
        None if route.refuge.is_some() => {
            Fate::Refuge { from, until: until + refuge_after(policy.pace(&subject).blip) }
        }
        None => Fate::People(Because::NoneLeft),
    }
}

/// Whether the living can agree that a subject is down: a majority of its electorate, and two sites.
fn verdict(policy: &Policy, subject: &Subject, lives: &dyn Fn(&SiteId) -> bool) -> bool {
    let electorate = policy.electorate(subject);
    let living: Vec<&Site> = electorate.iter().copied().filter(|site| lives(&site.id)).collect();
    votes(&living) > votes(&electorate) / 2 && living.len() >= 2
}

/// The votes of some sites together.
pub fn votes(sites: &[&Site]) -> u32 {
    sites.iter().map(|site| u32::from(site.votes)).sum()
}
