//! What keeps an edit of sites and votes from being tried: majorities that could not be had before, or afterwards.

use super::Node;
use super::behind::SINCE;
use super::plans::HEARD;
use policies::Policy;
use state::fact::Fact;
use state::{Mono, SiteId};
use std::collections::BTreeMap;

/// The schema that brought edits.
const EDIT: u16 = 2;
/// The schema that brought what such an edit needs: an agent that does not know it must not be among those who agree.
pub(super) const SEATING: u16 = 3;

impl Node {
    /// The schema that must be readable everywhere before a fact may be agreed: that of what follows from it as well.
    pub(super) fn schema_of(&self, fact: &Fact) -> u16 {
        if let Fact::PolicyEdited { text, .. } = fact { self.schema_of_edit(text) } else { fact.schema() }
    }

    /// The same of an edit.
    pub(super) fn schema_of_edit(&self, text: &str) -> u16 {
        if self.view.schema() >= SINCE {
            return EDIT;
        }
        match Policy::read("the edit", text) {
            Ok(policy) if policy.routes.iter().any(|route| !route.behind.is_empty()) => SINCE,
            Ok(policy) if self.view.schema() < SEATING && self.seats_otherwise(&policy) => SEATING,
            Ok(_) | Err(_) => EDIT,
        }
    }

    /// Whether a policy has other sites, or other votes, than the one in force.
    fn seats_otherwise(&self, policy: &Policy) -> bool {
        self.rules.as_ref().is_some_and(|rules| rules.wished != votes(policy))
    }

    /// Why other sites, or other votes, cannot be had now.
    pub(super) fn reseated(&self, policy: &Policy, now: Mono) -> Option<String> {
        if !self.seats_otherwise(policy) {
            return None;
        }
        if !self.standing.before.is_empty() {
            return Some(
                "the votes are being changed already: wait until `pointsman status` says no more of it"
                    .to_owned(),
            );
        }
        self.comes_or_goes(policy, now).or_else(|| self.outvoted(votes(policy), now))
    }

    /// Those that stay must be a majority without those that go: nobody is asked to vote itself out.
    fn comes_or_goes(&self, policy: &Policy, now: Mono) -> Option<String> {
        let then = votes(policy);
        let stays = |site: &SiteId| then.contains_key(site);
        let goes =
            self.standing.seated.iter().find(|seated| !stays(&seated.site) && !seated.voters.is_empty())?;
        let sum = |counts: &dyn Fn(&SiteId) -> bool| -> usize {
            let seated = self.standing.seated.iter().filter(|seated| counts(&seated.site));
            seated.map(|seated| seated.voters.len()).sum()
        };
        let (all, heard) = (sum(&|_| true), sum(&|site| stays(site) && self.lives(site, now)));
        let site = &goes.site;
        (heard * 2 <= all).then(|| {
            format!(
                "{site} cannot be taken out now: those that stay and are heard have {heard} of the {all} votes that \
                 count, and {} win: write `votes: 0` for it first, or start the agents that are missing",
                all / 2 + 1
            )
        })
    }

    /// Whoever is heard now must be able to act afterwards: a site that is away may stay away, and a new one may never
    /// come.
    pub(super) fn outvoted(&self, mut then: BTreeMap<SiteId, u8>, now: Mono) -> Option<String> {
        then.retain(|site, votes| *votes > 0 && !self.view.is_revoked(site));
        let sum = |counts: &dyn Fn(&SiteId) -> bool| -> u32 {
            then.iter().filter(|(site, _)| counts(site)).map(|(_, votes)| u32::from(*votes)).sum()
        };
        let (all, heard) = (sum(&|_| true), sum(&|site| self.lives(site, now)));
        let missing: Vec<&str> =
            then.keys().filter(|site| !self.lives(site, now)).map(SiteId::as_str).collect();
        (heard * 2 <= all).then(|| {
            format!(
                "afterwards the sites that are heard now would have {heard} of {all} votes, and {} win: let {} have \
                 no more than the others together, or be heard first",
                all / 2 + 1,
                missing.join(" and "),
            )
        })
    }

    /// Whether a site is heard now.
    pub(super) fn lives(&self, site: &SiteId, now: Mono) -> bool {
        *site == self.identity.site || self.peers.heard_within(site, HEARD, now)
    }
}

/// The votes that a policy has for each site.
fn votes(policy: &Policy) -> BTreeMap<SiteId, u8> {
    policy.sites.iter().map(|site| (site.id.clone(), site.votes)).collect()
}
