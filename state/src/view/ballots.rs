//! The fold of what sites say: ballots, flapping and silence.

use super::{Refusal, SiteBallots, SiteFlapping, View};
use crate::fact::{Ballot, Entry, Origin, Says};
use crate::ids::{Index, SiteId, Starts, Subject};
use crate::time::Stamp;
use std::time::Duration;

impl View {
    /// The greatest `(starts, n)` wins: a late copy of an older set changes nothing.
    pub(super) fn ballots_cast(&mut self, entry: &Entry, ballots: &[Ballot]) -> Result<(), Refusal> {
        let origin = &entry.origin;
        let newest = self.ballots.get(&origin.site).map(|b| (b.starts, b.n));
        if newest.is_some_and(|newest| newest >= (origin.starts, origin.n)) {
            return Err(Refusal::Overtaken(origin.site.clone()));
        }
        let set = ballots.iter().map(|b| (b.subject.clone(), b.says)).collect();
        let cast = SiteBallots { starts: origin.starts, n: origin.n, at: entry.stamp, set };
        self.ballots.insert(origin.site.clone(), cast);
        self.silent.remove(&origin.site);
        Ok(())
    }

    /// The greatest `(starts, n)` wins here too.
    pub(super) fn flapping_seen(&mut self, origin: &Origin, subjects: &[Subject]) -> Result<(), Refusal> {
        let newest = self.flapping.get(&origin.site).map(|seen| (seen.starts, seen.n));
        if newest.is_some_and(|newest| newest >= (origin.starts, origin.n)) {
            return Err(Refusal::Overtaken(origin.site.clone()));
        }
        let set = subjects.iter().cloned().collect();
        let seen = SiteFlapping { starts: origin.starts, n: origin.n, set };
        self.flapping.insert(origin.site.clone(), seen);
        Ok(())
    }

    /// Silence drops the ballots up to the one named; a newer one, cast meanwhile, stands.
    pub(super) fn site_silent(
        &mut self,
        index: Index,
        site: &SiteId,
        upto: (Starts, u64),
    ) -> Result<(), Refusal> {
        if let Some(ballots) = self.ballots.get_mut(site) {
            if (ballots.starts, ballots.n) > upto {
                return Err(Refusal::Overtaken(site.clone()));
            }
            ballots.set.clear();
        }
        if let Some(flapping) = self.flapping.get_mut(site) {
            flapping.set.clear();
        }
        self.silent.entry(site.clone()).or_insert(index);
        Ok(())
    }

    /// What a site says of a subject, and how old its last good answer is by now.
    pub fn says(&self, site: &SiteId, subject: &Subject, now: Stamp) -> Option<Says> {
        let ballots = self.ballots.get(site)?;
        Some(match ballots.set.get(subject)? {
            Says::Up => Says::Up,
            Says::Down { dark } => Says::Down { dark: *dark + now.since(ballots.at) },
        })
    }

    /// Whether a site finds that a subject's answers come and go too often to believe.
    pub fn flaps(&self, site: &SiteId, subject: &Subject) -> bool {
        self.flapping.get(site).is_some_and(|seen| seen.set.contains(subject))
    }

    /// How long ago a site cast the ballots that stand; `None` if it has none.
    pub fn ballot_age(&self, site: &SiteId, now: Stamp) -> Option<Duration> {
        self.ballots.get(site).map(|ballots| now.since(ballots.at))
    }

    /// The last ballots of a site that an announcement of silence would drop.
    pub fn ballots_upto(&self, site: &SiteId) -> (Starts, u64) {
        self.ballots.get(site).map_or((Starts(0), 0), |ballots| (ballots.starts, ballots.n))
    }
}
