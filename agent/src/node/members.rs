//! Who sits here: the leader names new disks, and everybody can say who stands outside and why.

use super::Node;
use super::outbox::Answered;
use crate::door::{Stand, Unfit};
use crate::event::Output;
use crate::quorum::{RaftId, Seat, Seats, Standing};
use state::fact::Fact;
use state::{Disk, Mono, Now, SiteId, Who};
use std::time::Duration;

/// How old the greeting of a site outside may be: it greets every second.
const FRESH: Duration = Duration::from_secs(5);

impl Node {
    /// Brings the membership to what is agreed and written, while no run is open: the leader's part. The quorum is
    /// asked each time, and does one step, or none.
    pub(super) fn reseat(&self, out: &mut Output) {
        let opening = |fact: &Fact| matches!(fact, Fact::RunOpened { .. });
        let busy = self.view.open_runs().next().is_some() || self.outbox.any(opening) == Answered::Pending;
        if busy || self.view.policy.is_none() {
            return;
        }
        let wish = self.wish();
        if !self.standing.before.is_empty() || Seats::seated_as(&wish) != self.standing.seated {
            out.reseat = Some(wish);
        }
    }

    /// Who shall sit where: the votes of each site's own disk.
    fn wish(&self) -> Vec<Seat> {
        let mut wish = Vec::new();
        for seated in &self.standing.seated {
            let now = if seated.voters.is_empty() { &seated.learners } else { &seated.voters };
            let ids = self.view.members.get(&seated.site).map_or(now, |member| &member.raft_ids);
            let none = self.votes_wished(&seated.site) == 0;
            let standing = if none { Standing::Learner } else { Standing::Voter };
            let ids = ids.iter().copied().map(RaftId).collect();
            wish.push(Seat { site: seated.site.clone(), ids, standing });
        }
        wish
    }

    /// The votes that the policy has for a site.
    fn votes_wished(&self, site: &SiteId) -> u8 {
        self.rules.as_ref().map_or(0, |rules| rules.votes_of(site))
    }

    /// The fact that lets a site back in, if it may come in now; else why not, and what can be done.
    pub(super) fn readmit(&self, site: &SiteId, who: &Who, now: Now) -> Result<Fact, (String, String)> {
        let no = |what: String, hint: &str| Err((what, hint.to_owned()));
        if *site == self.identity.site {
            return no(format!("{site} cannot let itself in"), "type it on a healthy site");
        }
        if let Some(why) = self.idle() {
            return no(format!("this site cannot let anybody in: {why}"), "type it on a healthy site");
        }
        if !self.others().contains(site) {
            return no(format!("the policy has no site `{site}`"), "`pointsman status` names the sites");
        }
        let fresh = |at: Mono| now.mono.since(at) < FRESH;
        let Some(greeting) = self.peers.greeting(site).filter(|greeting| fresh(greeting.at)) else {
            return no(format!("{site} is not heard"), "start its agent first");
        };
        let disk = greeting.hello.disk;
        if greeting.hello.stand.outside().is_none() {
            return no(
                format!("{site} is not outside: its disk has its votes"),
                "`pointsman status` shows who is",
            );
        }
        if self.view.members.get(site).is_some_and(|member| member.disk == disk) {
            return no(format!("{site} is being let in already"), "`pointsman status` shows how far it is");
        }
        if let Some(run) = self.view.open_runs().next() {
            return no(format!("{} is under way", run.id), "wait until it has ended: `pointsman runs`");
        }
        let (heard, votes) = (self.votes_heard(now.mono), self.votes());
        if heard * 2 <= votes {
            return no(
                format!("no quorum: {heard} of {votes} votes reachable"),
                "`pointsman status` shows who is missing",
            );
        }
        let last = self.view.ids_given.max(self.standing.greatest);
        let count = u64::from(self.votes_wished(site).max(1));
        let raft_ids = (last + 1..=last + count).collect();
        Ok(Fact::Readmitted { site: site.clone(), disk, raft_ids, who: who.clone() })
    }

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

    /// Whose votes do not count yet, though they were given; nothing once everybody sits where it was agreed.
    pub(super) fn unsettled(&self) -> Option<String> {
        let sits = |site: &SiteId, ids: &Vec<u64>| {
            self.standing
                .seated
                .iter()
                .any(|seated| seated.site == *site && ids.iter().all(|id| seated.voters.contains(id)))
        };
        let votes = |site: &&SiteId| self.votes_wished(site) > 0;
        let waiting = self.view.members.iter().filter(|(site, member)| !sits(site, &member.raft_ids));
        let names: Vec<&str> = waiting.map(|(site, _)| site).filter(votes).map(SiteId::as_str).collect();
        if !names.is_empty() {
            return Some(format!("the new votes of {} do not count yet: catching up", names.join(" and ")));
        }
        let both = !self.standing.before.is_empty();
        both.then(|| {
            "the votes are changing: until that is settled, the old majority counts as well".to_owned()
        })
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
