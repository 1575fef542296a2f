//! Who sits here: the leader names new disks, and everybody can say who stands outside and why.

use super::Node;
use super::outbox::Answered;
use super::rules::{Rules, Weights};
use super::waits::Waits;
use crate::door::{Stand, Unfit};
use crate::event::Output;
use crate::quorum::{RaftId, Seat, Seats, Standing};
use state::fact::{Fact, Seated};
use state::{Disk, Mono, Now, SiteId, Who};
use std::time::Duration;

/// How old the greeting of a site outside may be: it greets every second.
const FRESH: Duration = Duration::from_secs(5);
/// How old a greeting may be by which a disk is named: whoever is inside greets every ten seconds.
const NAMED_WITHIN: Duration = Duration::from_secs(15);

impl Node {
    /// Brings the membership to what is agreed and written, while no run is open: the leader's part. The quorum is
    /// asked each time, and does one step, or none.
    pub(super) fn reseat(&mut self, out: &mut Output) {
        let opening = |fact: &Fact| matches!(fact, Fact::RunOpened { .. });
        let busy = self.view.open_runs().next().is_some() || self.outbox.any(opening) == Answered::Pending;
        if busy || self.view.policy.is_none() {
            return;
        }
        if self.seated_on == Some(self.view.index) {
            return;
        }
        let settled = self.standing.before.is_empty();
        if settled && self.give_votes() == Answered::Pending {
            return;
        }
        let wish = self.wish();
        if !settled || Seats::seated_as(&wish) != self.standing.seated {
            out.reseat = Some(wish);
        } else {
            self.seated_on = Some(self.view.index);
        }
    }

    /// Agrees which votes a disk has, one disk after the other, before anybody is seated with them.
    fn give_votes(&mut self) -> Answered {
        let pending = |fact: &Fact| matches!(fact, Fact::VotesGiven { .. });
        if self.outbox.any(pending) == Answered::Pending {
            return Answered::Pending;
        }
        let Some((site, raft_ids)) = self.miscounted() else { return Answered::No };
        self.lead_fact(Fact::VotesGiven { site, raft_ids });
        Answered::Pending
    }

    /// A disk that has more votes than it shall have, or fewer, and those that it shall have. A vote is never given
    /// twice; and whoever shall have none has left once nobody counts it any more.
    fn miscounted(&self) -> Option<(SiteId, Vec<u64>)> {
        let last = self.view.ids_given.max(self.standing.greatest);
        self.view.members.iter().find_map(|(site, member)| {
            let (wished, had) = (self.seats_wished(site), member.raft_ids.len());
            let sits = self.standing.seated.iter().any(|seated| seated.site == *site);
            if wished == 0 {
                return (!sits).then(|| (site.clone(), Vec::new()));
            }
            let fresh = (last + 1..).take(wished.saturating_sub(had));
            let ids: Vec<u64> = member.raft_ids.iter().copied().chain(fresh).take(wished).collect();
            (ids != member.raft_ids).then(|| (site.clone(), ids))
        })
    }

    /// How many ids a site shall have: one to listen with if it has no vote, and none if it shall not be here.
    fn seats_wished(&self, site: &SiteId) -> usize {
        let here = self.rules.as_ref().is_some_and(|rules| rules.wished.contains_key(site));
        if here && !self.view.is_revoked(site) { usize::from(self.votes_wished(site)).max(1) } else { 0 }
    }

    /// Who shall sit where: the votes of each site's own disk, as many as the policy says.
    fn wish(&self) -> Vec<Seat> {
        let now = |site: &SiteId| self.standing.seated.iter().find(|seated| seated.site == *site);
        let seated = self.standing.seated.iter().map(|seated| seated.site.clone());
        let others = self.sites().into_iter().filter(|site| now(site).is_none());
        let mut wish = Vec::new();
        for site in seated.chain(others).filter(|site| self.seats_wished(site) > 0) {
            let named = self.view.members.get(&site).map(|member| member.raft_ids.clone());
            let ids = named.unwrap_or_else(|| now(&site).map(ids_of).unwrap_or_default());
            let none = self.votes_wished(&site) == 0;
            let standing = if none { Standing::Learner } else { Standing::Voter };
            let ids: Vec<RaftId> = ids.into_iter().map(RaftId).collect();
            if !ids.is_empty() {
                wish.push(Seat { site, ids, standing });
            }
        }
        wish
    }

    /// A site that the next policy does not have keeps its links until it has left: its votes may be needed for that,
    /// and it shall hear of it.
    pub(super) fn part_from(&mut self, next: &Rules) {
        let before = self.rules.iter().flat_map(|rules| &rules.addresses);
        let gone = before.filter(|(site, _)| !next.wished.contains_key(site) && self.sits(site));
        self.leaving.extend(gone.cloned().collect::<Vec<_>>());
        self.leaving.retain(|site, _| !next.wished.contains_key(site));
    }

    /// Whoever has left loses its links.
    pub(super) fn let_go(&mut self, out: &mut Output) {
        let gone: Vec<SiteId> = self.leaving.keys().filter(|site| !self.sits(site)).cloned().collect();
        for site in &gone {
            self.leaving.remove(site);
        }
        if !gone.is_empty() {
            self.watch(out);
        }
    }

    fn sits(&self, site: &SiteId) -> bool {
        let mut seats = self.standing.seated.iter().chain(&self.standing.before);
        seats.any(|seated| seated.site == *site)
    }

    /// The votes that the policy has for a site.
    pub(super) fn votes_wished(&self, site: &SiteId) -> u8 {
        self.rules.as_ref().map_or(0, |rules| rules.votes_of(site))
    }

    /// Verdicts are of the votes that count: while two majorities do, of those from before.
    pub(super) fn weigh(&mut self) {
        let (now, before) = (&self.standing.seated, &self.standing.before);
        let seated = if before.is_empty() { now } else { before };
        let Some(rules) = self.rules.as_mut().filter(|_| !seated.is_empty()) else { return };
        if rules.weigh(seated) == Weights::Others {
            self.waits = Waits::default();
            self.verdicts.recount();
            self.steady.recount();
        }
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
        if !self.sites().contains(site) {
            return no(format!("the policy has no site `{site}`"), "`pointsman status` names the sites");
        }
        if self.view.is_revoked(site) {
            let what = format!("the bundle of {site} is revoked: it comes back with its next one");
            let hint = "with the key that `pointsman init --add` printed";
            return no(what, &format!("`pointsman readmit {site} --key KEY`, {hint}"));
        }
        let fresh = |at: Mono| now.mono.since(at) < FRESH;
        let Some(greeting) = self.peers.greeting(site).filter(|greeting| fresh(greeting.at)) else {
            return no(format!("{site} is not heard"), "start its agent first");
        };
        let disk = greeting.hello.disk;
        // A machine in place of one that is gone does not know that there was another: the others do.
        let replaced = matches!(greeting.unfit, Some(Unfit::OtherDisk { .. }));
        if greeting.hello.stand.outside().is_none() && !(replaced && greeting.hello.stand == Stand::Newborn) {
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
    pub(super) fn name_disks(&mut self, now: Mono) {
        let sites = self.rules.iter().flat_map(Rules::sites);
        let nameless = sites.filter(|site| !self.view.members.contains_key(*site));
        let nameless: Vec<SiteId> = nameless.cloned().collect();
        for site in nameless {
            let pending = |fact: &Fact| matches!(fact, Fact::Born { site: of, .. } if *of == site);
            if self.outbox.any(pending) == Answered::Pending {
                continue;
            }
            let seated = self.standing.seated.iter().find(|seated| seated.site == site);
            // Whoever comes to a cluster that lives is named first, and given votes that nobody had before.
            let raft_ids = seated.map(ids_of).unwrap_or_default();
            if let Some(disk) = self.disk_of(&site, now) {
                self.lead_fact(Fact::Born { site, disk, raft_ids });
            }
        }
    }

    /// The disk that a site came with, if there is nothing against it but that it has no name.
    fn disk_of(&self, site: &SiteId, now: Mono) -> Option<Disk> {
        if *site == self.identity.site {
            return Some(self.identity.disk);
        }
        let fresh = |at: Mono| now.since(at) < NAMED_WITHIN;
        let greeting = self.peers.greeting(site).filter(|greeting| fresh(greeting.at))?;
        match &greeting.unfit {
            None | Some(Unfit::Unnamed) => Some(greeting.hello.disk),
            Some(Unfit::SaysSo { .. } | Unfit::OtherDisk { .. } | Unfit::Less { .. }) => None,
        }
    }

    /// Whose votes do not count yet, though they were given; nothing once everybody sits where it was agreed.
    pub(super) fn unsettled(&self, now: Mono) -> Option<String> {
        let sits = |site: &SiteId, ids: &Vec<u64>| {
            self.standing
                .seated
                .iter()
                .any(|seated| seated.site == *site && ids.iter().all(|id| seated.voters.contains(id)))
        };
        let votes = |site: &&SiteId| self.votes_wished(site) > 0 && self.seats_wished(site) > 0;
        let waiting = self.view.members.iter().filter(|(site, member)| !sits(site, &member.raft_ids));
        let names: Vec<&str> = waiting.map(|(site, _)| site).filter(votes).map(SiteId::as_str).collect();
        if !names.is_empty() {
            return Some(format!("the new votes of {} do not count yet: catching up", names.join(" and ")));
        }
        if !self.standing.before.is_empty() {
            return Some(
                "the votes are changing: until that is settled, the old majority counts as well".to_owned(),
            );
        }
        let differs = |site: &SiteId| self.votes_of(site) != self.votes_wished(site);
        let sites = self.sites().into_iter().filter(|site| differs(site) && !self.view.is_revoked(site));
        let words: Vec<String> = sites
            .map(|site| {
                format!("{site} has {} and shall have {}", self.votes_of(&site), self.votes_wished(&site))
            })
            .collect();
        let agreed = self.view.policy.is_some() && !self.standing.seated.is_empty();
        let wished = self.rules.as_ref().map(|rules| rules.wished.clone());
        let waits = wished.and_then(|then| self.outvoted(then, now)).map(|why| format!("; it waits: {why}"));
        (agreed && !words.is_empty())
            .then(|| format!("votes: {}{}", words.join(", "), waits.unwrap_or_default()))
    }

    /// The sites that stand outside, each with the reason, as heard from here.
    pub(super) fn outsiders(&self) -> Vec<(SiteId, String)> {
        let outside = |site: &SiteId| {
            let greeting = self.peers.greeting(site)?;
            match (&greeting.hello.stand, &greeting.unfit) {
                (Stand::Outside { why }, _) => Some((site.clone(), why.clone())),
                (
                    Stand::Inside | Stand::Newborn,
                    Some(unfit @ (Unfit::OtherDisk { .. } | Unfit::Less { .. })),
                ) => Some((site.clone(), unfit.to_string())),
                (Stand::Inside | Stand::Newborn, _) => None,
            }
        };
        self.others().filter_map(outside).collect()
    }
}

/// Every id of a site's seats, those that vote first.
fn ids_of(seated: &Seated) -> Vec<u64> {
    [seated.voters.as_slice(), &seated.learners].concat()
}
