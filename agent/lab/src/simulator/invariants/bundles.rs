//! Bundles in wrong hands, as an onlooker reads it from the journal alone: for whom nobody speaks, and nobody does.

use super::{Checked, Invariants, broken};
use state::fact::{Entry, Fact};
use state::view::Applied;
use state::{Fingerprint, Index, SiteId};
use std::collections::BTreeSet;

/// What was agreed of a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// It speaks for nobody.
    Revoked,
    /// This one speaks for its site.
    Trusted(Fingerprint),
}

/// For whom nobody speaks.
#[derive(Debug, Default)]
pub(super) struct Bundles {
    /// Now.
    pub revoked: BTreeSet<SiteId>,
    /// For whom that was ever so.
    ever: BTreeSet<SiteId>,
    /// What was agreed and nobody has asked for yet.
    words: Vec<(SiteId, Word)>,
}

impl Bundles {
    /// Follows what was accepted.
    pub fn see(&mut self, fact: &Fact) {
        if let Fact::BundleRevoked { site, .. } = fact {
            self.revoked.insert(site.clone());
            self.ever.insert(site.clone());
            self.words.push((site.clone(), Word::Revoked));
        } else if let Fact::BundleTrusted { site, key, .. } = fact {
            self.revoked.remove(site);
            self.words.push((site.clone(), Word::Trusted(*key)));
        }
    }
}

impl Invariants {
    /// 18 and 1: nothing counts that was said with a revoked bundle, and nobody who shows one is to write anything. Who
    /// sits where is told together with the change itself, which has happened, whoever tells it.
    pub(super) fn nobody_speaks(&self, index: Index, entry: &Entry, applied: &Applied) -> Checked {
        if matches!(applied, Applied::Refused(_)) {
            return Ok(());
        }
        let told = matches!(entry.fact, Fact::VotesChanging { .. } | Fact::VotesChanged { .. });
        let from = &entry.origin.site;
        if !told && self.bundles.revoked.contains(from) {
            let what = format!("{index} was said by {from}, whose bundle is revoked: {:?}", entry.fact);
            return broken(18, "nobody speaks for a revoked site", what);
        }
        let Fact::StepStarted(attempt) = &entry.fact else { return Ok(()) };
        if self.bundles.revoked.contains(&attempt.executor) {
            let what =
                format!("{index} is to be carried out by {}, whose bundle is revoked", attempt.executor);
            return broken(1, "nobody acts for a revoked site", what);
        }
        Ok(())
    }

    /// The lives of a site with its next bundle are counted from the first: a thief may have counted far ahead.
    pub(super) fn count_anew(&mut self, site: &SiteId) {
        self.voices.remove(site);
        self.origins.retain(|origin| origin.site != *site);
    }

    /// Whether nobody speaks for a site.
    pub fn is_revoked(&self, site: &SiteId) -> bool {
        self.bundles.revoked.contains(site)
    }

    /// Whether that was ever so.
    pub fn was_revoked(&self, site: &SiteId) -> bool {
        self.bundles.ever.contains(site)
    }

    /// What was agreed of bundles since this was asked last.
    pub fn takes_words(&mut self) -> Vec<(SiteId, Word)> {
        std::mem::take(&mut self.bundles.words)
    }
}
