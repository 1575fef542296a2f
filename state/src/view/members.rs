//! The fold of who sits here: the disk that bears each site's name, its votes, and changes of the membership.

use super::{Refusal, View};
use crate::fact::Seated;
use crate::ids::{Disk, Index, SiteId};
use serde::{Deserialize, Serialize};

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

impl View {
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
