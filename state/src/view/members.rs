//! The fold of who sits here: the disk that bears each site's name, its votes, and changes of the membership.

use super::{Refusal, View};
use crate::fact::{Entry, Fact, Seated};
use crate::fingerprint::Fingerprint;
use crate::ids::{Disk, Index, SiteId, Who};
use crate::time::Stamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Twins are the most that one site has.
const VOTES_MAX: usize = 2;

/// What is agreed of a site's disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The only disk that speaks for the site.
    pub disk: Disk,
    /// The ids of its votes on that disk.
    pub raft_ids: Vec<u64>,
    /// Where that was agreed.
    pub at: Index,
}

/// A bundle that speaks for nobody any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// Where that was agreed.
    pub at: Index,
    /// When, in cluster time.
    pub since: Stamp,
    /// Who decided it.
    pub who: Who,
    /// The key of the site's next bundle, once a person has named it: from then on only that one speaks for the site.
    pub next: Option<Fingerprint>,
}

impl View {
    /// Whether nobody speaks for a site: its bundle is revoked, and no next one is trusted.
    pub fn is_revoked(&self, site: &SiteId) -> bool {
        self.revoked.get(site).is_some_and(|revoked| revoked.next.is_none())
    }

    /// Whether whoever shows this key may speak for a site.
    pub fn trusts(&self, site: &SiteId, key: Fingerprint) -> bool {
        self.revoked.get(site).is_none_or(|revoked| revoked.next == Some(key))
    }

    /// What a revoked site has proposed, and what it proposed as a leader, counts no more. A change of the membership
    /// is told together with the change itself, and that has happened, whoever told it.
    pub(super) fn speaks(&self, entry: &Entry) -> Result<(), Refusal> {
        let told = matches!(entry.fact, Fact::VotesChanging { .. } | Fact::VotesChanged { .. });
        let site = &entry.origin.site;
        if self.is_revoked(site) && !told { Err(Refusal::Revoked(site.clone())) } else { Ok(()) }
    }

    /// A bundle is in wrong hands. What its site said of the services is nobody's word any more.
    pub(super) fn bundle_revoked(&mut self, index: Index, site: &SiteId, who: &Who) -> Result<(), Refusal> {
        if self.is_revoked(site) {
            return Err(Refusal::Revoked(site.clone()));
        }
        let revoked = Revoked { at: index, since: self.stamp, who: who.clone(), next: None };
        self.revoked.insert(site.clone(), revoked);
        self.forget(site);
        self.silent.insert(site.clone(), index);
        self.guard = index;
        Ok(())
    }

    /// The site has another bundle. Its lives are counted anew: whoever held the first one may have counted far ahead.
    pub(super) fn bundle_trusted(&mut self, site: &SiteId, key: Fingerprint) -> Result<(), Refusal> {
        let sits = self.members.contains_key(site);
        let revoked = self.revoked.get_mut(site).filter(|_| !sits);
        let revoked = revoked.ok_or_else(|| Refusal::Unrevoked(site.clone()))?;
        revoked.next = Some(key);
        self.seen.remove(site);
        Ok(())
    }

    /// Other votes on the same disk: some that it had, and some that nobody ever had. None: the site has left.
    pub(super) fn votes_given(&mut self, index: Index, site: &SiteId, ids: &[u64]) -> Result<(), Refusal> {
        let given = || Refusal::Given(site.clone());
        let member = self.members.get(site).ok_or_else(given)?;
        let known = |id: &u64| *id > self.ids_given || member.raft_ids.contains(id);
        let once = ids.iter().collect::<BTreeSet<_>>().len() == ids.len();
        if !ids.iter().all(known) || !once || ids.len() > VOTES_MAX {
            return Err(given());
        }
        let disk = member.disk;
        if ids.is_empty() {
            self.members.remove(site);
            self.forget(site);
            // What is done alone is counted on each disk, from its first, and the next one may be another.
            self.alone.remove(site);
            return Ok(());
        }
        if self.is_revoked(site) {
            return Err(Refusal::Revoked(site.clone()));
        }
        self.seat(index, site, (disk, ids));
        Ok(())
    }

    fn forget(&mut self, site: &SiteId) {
        self.ballots.remove(site);
        self.flapping.remove(site);
        self.silent.remove(site);
    }

    /// The first disk of a site gets its name; who has one keeps it until a person decides otherwise.
    pub(super) fn site_born(
        &mut self,
        index: Index,
        site: &SiteId,
        (disk, raft_ids): (Disk, &[u64]),
    ) -> Result<(), Refusal> {
        if self.members.contains_key(site) {
            return Err(Refusal::Named(site.clone()));
        }
        if self.is_revoked(site) {
            return Err(Refusal::Revoked(site.clone()));
        }
        self.seat(index, site, (disk, raft_ids));
        Ok(())
    }

    /// A new disk in place of a lost one. Its votes are new as well: what the old ones promised is forgotten there.
    pub(super) fn readmitted(
        &mut self,
        index: Index,
        site: &SiteId,
        (disk, raft_ids): (Disk, &[u64]),
    ) -> Result<(), Refusal> {
        let fresh = raft_ids.iter().all(|id| *id > self.ids_given);
        let twice = raft_ids.windows(2).any(|pair| pair[0] == pair[1]);
        if !fresh || twice || !(1..=VOTES_MAX).contains(&raft_ids.len()) {
            return Err(Refusal::Given(site.clone()));
        }
        if self.is_revoked(site) {
            return Err(Refusal::Revoked(site.clone()));
        }
        if self.members.get(site).is_some_and(|member| member.disk == disk) {
            return Err(Refusal::Named(site.clone()));
        }
        self.seat(index, site, (disk, raft_ids));
        // What the lost disk had said of the services is as old as its loss.
        self.ballots.remove(site);
        // What is done alone is counted on each disk, from its first.
        self.alone.remove(site);
        Ok(())
    }

    /// Decisions that were taken under the majority before are taken anew under the next.
    pub(super) fn votes_changing(&mut self, index: Index, seated: &[Seated]) -> Result<(), Refusal> {
        self.give(seated);
        self.changing = Some(index);
        self.guard = index;
        Ok(())
    }

    pub(super) fn votes_changed(&mut self, index: Index, seated: &[Seated]) -> Result<(), Refusal> {
        self.give(seated);
        self.changing = None;
        self.guard = index;
        Ok(())
    }

    fn seat(&mut self, index: Index, site: &SiteId, (disk, raft_ids): (Disk, &[u64])) {
        self.ids_given = raft_ids.iter().copied().fold(self.ids_given, u64::max);
        let member = Member { disk, raft_ids: raft_ids.to_vec(), at: index };
        self.members.insert(site.clone(), member);
    }

    fn give(&mut self, seated: &[Seated]) {
        let ids = seated.iter().flat_map(|seat| seat.voters.iter().chain(&seat.learners));
        self.ids_given = ids.copied().fold(self.ids_given, u64::max);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::{Mode, Origin};
    use crate::ids::{RouteId, Starts};
    use crate::view::Applied;

    /// A view, and facts as they come.
    struct Told {
        view: View,
        n: u64,
    }

    impl Told {
        fn by(&mut self, site: &str, fact: Fact) -> Applied {
            self.n += 1;
            let origin = Origin { site: SiteId::new(site), starts: Starts(1), n: self.n };
            let entry = Entry { origin, stamp: Stamp::from_millis(self.n), fact };
            self.view.apply(Index(self.n), b"", &entry)
        }
    }

    fn manual() -> Fact {
        Fact::ModeSet { route: Some(RouteId::new("main")), mode: Mode::Manual, who: Who::new("peter") }
    }

    #[test]
    fn a_revoked_site_says_nothing_until_its_next_bundle_is_trusted() {
        let (office, matthew) = (SiteId::new("office"), Who::new("matthew"));
        let mut told = Told { view: View::birth("bytemark"), n: 0 };
        let born = Fact::Born { site: office.clone(), disk: Disk(3), raft_ids: vec![3] };
        assert_eq!(told.by("london", born), Applied::Accepted);
        assert_eq!(told.by("london", Fact::SchemaRaised { to: 3 }), Applied::Accepted);
        assert_eq!(told.by("office", manual()), Applied::Accepted);
        let revoked = Fact::BundleRevoked { site: office.clone(), who: matthew.clone() };
        assert_eq!(told.by("london", revoked), Applied::Accepted);
        let refused = Applied::Refused(Refusal::Revoked(office.clone()));
        assert_eq!(told.by("office", manual()), refused);
        // What Raft has done is so, whoever tells it.
        assert_eq!(told.by("office", Fact::VotesChanged { seated: Vec::new() }), Applied::Accepted);
        let key = Fingerprint::of(b"the next key");
        let trusted = Fact::BundleTrusted { site: office.clone(), key, who: matthew };
        let early = Applied::Refused(Refusal::Unrevoked(office.clone()));
        assert_eq!(told.by("london", trusted.clone()), early, "its votes are not out yet");
        let none = Fact::VotesGiven { site: office.clone(), raft_ids: Vec::new() };
        assert_eq!(told.by("london", none), Applied::Accepted);
        assert_eq!(told.by("london", trusted), Applied::Accepted);
        let other = Fingerprint::of(b"the stolen key");
        assert_eq!([key, other].map(|key| told.view.trusts(&office, key)), [true, false]);
        assert_eq!(told.by("office", manual()), Applied::Accepted);
    }
}
