//! Who may be chosen for a route: alive in its own words and in another's, and not lately failed.

use crate::judge::Case;
use crate::reason::{NotChosen, Refused};
use crate::tally::{Verdict, Word};
use serde::{Deserialize, Serialize};
use state::{RouteId, SiteId, Stamp, Subject};
use std::time::Duration;

/// A site that may have the route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The site.
    pub site: SiteId,
    /// What answers there.
    pub subject: Subject,
    /// How long ago the site said of itself that it is up.
    pub ago: Duration,
}

/// One site of `prefer`, judged.
pub type Ranked = Result<Candidate, NotChosen>;

impl Case<'_> {
    /// Judges one site for a route, the site that has it included; the first thing against it is named.
    pub fn candidate(&self, route: &RouteId, site: &SiteId) -> Ranked {
        let able = self.able(route, site)?;
        match self.damped(route, site) {
            Some(until) => {
                let why = Refused::Damped { left: until.since(self.now), until };
                Err(NotChosen { site: site.clone(), why })
            }
            None => Ok(able),
        }
    }

    /// The same, whether or not automation left it lately: damping is no reason not to take a step back.
    pub fn able(&self, route: &RouteId, site: &SiteId) -> Ranked {
        let refuse = |why| Err(NotChosen { site: site.clone(), why });
        let Some(rule) = self.judge.routes.get(route) else { return refuse(Refused::NotListed) };
        if !rule.prefer.contains(site) {
            return refuse(Refused::NotListed);
        }
        let subject = rule.subject(site);
        let tally = self.tally(&subject);
        match tally.verdict() {
            Verdict::Down => {
                return refuse(Refused::Down { subject, votes: tally.down_votes(), of: tally.total() });
            }
            Verdict::Disputed => return refuse(Refused::Disputed { subject }),
            Verdict::Up | Verdict::Pending => {}
        }
        let at = site.site();
        if self.view.is_revoked(&at) {
            return refuse(Refused::Revoked);
        }
        let ago = match self.word(&at, &subject) {
            Word::Up { ago } => ago,
            Word::Down { .. } => return refuse(Refused::SaysDown { subject }),
            Word::Unsure => return refuse(Refused::SaysNothing { subject }),
            Word::Flapping => return refuse(Refused::Flaps { subject }),
            Word::Silent => return refuse(Refused::Silent),
        };
        if !tally.up_sites().iter().any(|other| *other != at) {
            return refuse(Refused::Alone { subject });
        }
        if let Some(cut_off) = self.cut_off(route, site) {
            return refuse(Refused::CutOff { subject: cut_off.subject });
        }
        match self.spurned_until(route, site) {
            Some(until) => refuse(Refused::Spurned { left: until.since(self.now), until }),
            None => Ok(Candidate { site: site.clone(), subject, ago }),
        }
    }

    /// Every door of `prefer` but the one that has the route, judged: the other doors of the site where it rings come
    /// first, because the nearest step is the smallest.
    pub fn candidates(&self, route: &RouteId) -> Vec<Ranked> {
        let Some(rule) = self.judge.routes.get(route) else { return Vec::new() };
        let here = self.view.routes.get(route).and_then(|state| state.rings_in.as_ref());
        let mut others: Vec<&SiteId> = rule.prefer.iter().filter(|site| Some(*site) != here).collect();
        if let Some(at) = here.map(SiteId::site) {
            others.sort_by_key(|door| door.site() != at);
        }
        others.into_iter().map(|site| self.candidate(route, site)).collect()
    }

    /// When the answer of [`able`](Self::able) can change at the earliest, though nothing new is agreed.
    pub fn able_until(&self, route: &RouteId, site: &SiteId) -> Option<Stamp> {
        let rule = self.judge.routes.get(route)?;
        let due = self.tally(&rule.subject(site)).down_in().filter(|left| !left.is_zero());
        let due = due.map(|left| self.now.once_passed(left));
        due.into_iter().chain(self.spurned_until(route, site)).min()
    }

    /// When a site that a run failed to reach may be tried again; `None` if nothing is held against it.
    pub(crate) fn spurned_until(&self, route: &RouteId, site: &SiteId) -> Option<Stamp> {
        let rule = self.judge.routes.get(route)?;
        let at = self.view.routes.get(route)?.spurned.get(site)?;
        Some(*at + rule.retry_after).filter(|until| *until > self.now)
    }
}
