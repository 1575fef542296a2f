//! Votes that this site's log does not know yet: believed of whoever speaks with them only if a third site says so too.

use super::seats::RaftId;
use super::wire::LARGEST;
use state::SiteId;
use state::fact::Seated;
use std::collections::BTreeMap;

/// More ids than any honest site names: a cluster has a few sites with two votes at most.
const IDS_MAX: usize = 64;

/// Who sits where, as the other sites say.
#[derive(Debug, Default)]
pub(super) struct Strangers {
    /// By who said it last.
    said: BTreeMap<SiteId, Vec<Seated>>,
    /// Whose the ids are that have spoken here, to answer them.
    met: BTreeMap<RaftId, SiteId>,
}

impl Strangers {
    /// A site says who sits where.
    pub(super) fn hear(&mut self, by: &SiteId, seated: &[Seated]) {
        let ids = seated.iter().map(|seat| seat.voters.len() + seat.learners.len()).sum::<usize>();
        if ids <= IDS_MAX && seated.len() <= IDS_MAX {
            self.said.insert(by.clone(), seated.to_vec());
        }
    }

    /// A site is not believed any more.
    pub(super) fn forget(&mut self, by: &SiteId) {
        self.said.remove(by);
    }

    /// Whether a third site says that an id is this site's, and, if that matters, that it votes.
    pub(super) fn vouched(&self, id: RaftId, of: &SiteId, votes: bool) -> bool {
        let theirs = |seat: &Seated| {
            seat.site == *of && (seat.voters.contains(&id.0) || !votes && seat.learners.contains(&id.0))
        };
        id.0 <= LARGEST && self.said.iter().any(|(by, seated)| by != of && seated.iter().any(theirs))
    }

    /// It spoke, and was believed.
    pub(super) fn meet(&mut self, id: RaftId, site: &SiteId) {
        if self.met.len() < IDS_MAX {
            self.met.insert(id, site.clone());
        }
    }

    /// Whose id it is, if it has spoken.
    pub(super) fn site(&self, id: RaftId) -> Option<&SiteId> {
        self.met.get(&id)
    }
}
