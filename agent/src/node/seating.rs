//! What keeps an edit of sites and votes from being tried: majorities that could not be had before, or afterwards.

use super::Node;
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
        if self.view.schema() >= SEATING {
            return EDIT;
        }
        let policy = Policy::read("the edit", text).ok();
        if policy.is_some_and(|policy| self.seats_otherwise(&policy)) { SEATING } else { EDIT }
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
        self.comes_or_goes(policy).or_else(|| self.outvoted(policy, now))
    }

    /// Sites that are new or gone.
    fn comes_or_goes(&self, policy: &Policy) -> Option<String> {
        let rules = self.rules.as_ref()?;
        let then = votes(policy);
        (!rules.wished.keys().eq(then.keys())).then(|| {
            "the sites are those of the birth of the cluster: this version changes only their votes while it runs"
                .to_owned()
        })
    }

    /// Whoever is heard now must be able to act afterwards: a site that is away may stay away.
    fn outvoted(&self, policy: &Policy, now: Mono) -> Option<String> {
        let counts = |site: &SiteId| !self.view.is_revoked(site);
        let lives = |site: &SiteId| *site == self.identity.site || self.peers.heard_within(site, HEARD, now);
        let then: BTreeMap<SiteId, u8> = votes(policy).into_iter().filter(|(site, _)| counts(site)).collect();
        let sum = |of: &mut dyn Iterator<Item = (&SiteId, &u8)>| {
            of.map(|(_, votes)| u32::from(*votes)).sum::<u32>()
        };
        let all = sum(&mut then.iter());
        let heard = sum(&mut then.iter().filter(|(site, _)| lives(site)));
        (heard * 2 <= all).then(|| {
            let silent: Vec<&str> = then.iter().filter(|(site, votes)| **votes > 0 && !lives(site)).map(|(site, _)| site.as_str()).collect();
            format!(
                "afterwards the sites that are heard now would have {heard} of {all} votes, and {} win: start {} first, or give others more votes",
                all / 2 + 1,
                silent.join(" and "),
            )
        })
    }
}

/// The votes that a policy has for each site.
fn votes(policy: &Policy) -> BTreeMap<SiteId, u8> {
    policy.sites.iter().map(|site| (site.id.clone(), site.votes)).collect()
}
