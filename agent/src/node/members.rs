//! Who sits here: the leader names new disks, and everybody can say who stands outside and why.

use super::Node;
use super::outbox::Answered;
use crate::door::{Stand, Unfit};
use state::fact::Fact;
use state::{Disk, SiteId};

impl Node {
    /// Every site's first disk is named once, so that no other ever speaks for it.
    pub(super) fn name_disks(&mut self) {
        for site in self.sites() {
            let pending = |fact: &Fact| matches!(fact, Fact::Born { site: of, .. } if *of == site);
            if self.view.members.contains_key(&site) || self.outbox.any(pending) == Answered::Pending {
                continue;
            }
            let seated = self.standing.seated.iter().find(|seated| seated.site == site);
            let ids = seated.map(|seated| [seated.voters.as_slice(), &seated.learners].concat());
            if let (Some(disk), Some(raft_ids)) = (self.disk_of(&site), ids) {
                self.lead_fact(Fact::Born { site, disk, raft_ids });
            }
        }
    }

    /// The disk that a site came with, if there is nothing against it but that it has no name.
    fn disk_of(&self, site: &SiteId) -> Option<Disk> {
        if *site == self.identity.site {
            return Some(self.identity.disk);
        }
        let greeting = self.peers.greeting(site)?;
        match &greeting.unfit {
            None | Some(Unfit::Unnamed) => Some(greeting.hello.disk),
            Some(Unfit::SaysSo { .. } | Unfit::OtherDisk { .. } | Unfit::Less { .. }) => None,
        }
    }

    /// The sites that stand outside, each with the reason, as heard from here.
    pub(super) fn outsiders(&self) -> Vec<(SiteId, String)> {
        let outside = |site: SiteId| {
            let greeting = self.peers.greeting(&site)?;
            match (&greeting.hello.stand, &greeting.unfit) {
                (Stand::Outside { why }, _) => Some((site, why.clone())),
                (
                    Stand::Inside | Stand::Newborn,
                    Some(unfit @ (Unfit::OtherDisk { .. } | Unfit::Less { .. })),
                ) => Some((site, unfit.to_string())),
                (Stand::Inside | Stand::Newborn, _) => None,
            }
        };
        self.others().into_iter().filter_map(outside).collect()
    }
}
