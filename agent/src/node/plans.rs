//! What the node looks up in the policy in force, and how a playbook becomes a plan for a route.

use super::{Node, Rules};
use playbooks::{Arguments, RouteFacts};
use policies::errand::Occasion;
use policies::judge::Case;
use state::fact::{Reading, Seated};
use state::plan::Plan;
use state::run::Run;
use state::{CarrierId, Mono, Now, Number, PlaybookId, RouteId, SiteId};
use std::collections::BTreeMap;
use std::time::Duration;

/// How recently a site must have been heard for its votes to count as reachable.
pub(super) const HEARD: Duration = Duration::from_secs(2);

impl Node {
    pub(super) fn routes(&self) -> Vec<RouteId> {
        let rules = self.rules.as_ref();
        rules.map(|r| r.routes.iter().map(|route| route.route.clone()).collect()).unwrap_or_default()
    }

    pub(super) fn sites(&self) -> Vec<SiteId> {
        self.rules.as_ref().map(|rules| rules.sites().cloned().collect()).unwrap_or_default()
    }

    /// Every door of every site.
    pub(super) fn doors(&self) -> Vec<SiteId> {
        self.rules.as_ref().map(|rules| rules.doors.clone()).unwrap_or_default()
    }

    /// Every site of the policy that somebody speaks for, but this one; and those that are leaving.
    pub fn others(&self) -> impl Iterator<Item = &SiteId> {
        let all = self.rules.iter().flat_map(Rules::sites).chain(self.leaving.keys());
        all.filter(|site| **site != self.identity.site && !self.shuns(site))
    }

    pub(super) fn prefer(&self, route: &RouteId) -> &[SiteId] {
        self.rules.as_ref().map(|rules| rules.prefer(route)).unwrap_or_default()
    }

    pub(super) fn carrier(&self, route: &RouteId) -> Option<CarrierId> {
        self.rules.as_ref()?.route(route).map(|rules| rules.carrier.clone())
    }

    pub(super) fn numbers(&self, route: &RouteId) -> Vec<Number> {
        let rules = self.rules.as_ref().and_then(|rules| rules.route(route));
        rules.map(|r| r.numbers.iter().map(|(number, _)| number.clone()).collect()).unwrap_or_default()
    }

    /// What is played for a route on an occasion.
    pub(super) fn played(&self, route: &RouteId, occasion: Occasion) -> Option<PlaybookId> {
        if route.is_lever() {
            return self.lever_plays(route, occasion);
        }
        self.rules.as_ref()?.route(route)?.played(occasion).cloned()
    }

    /// How many numbers the carrier of a route takes in a second.
    pub(super) fn rate(&self, route: &RouteId) -> u32 {
        let carrier = self.carrier(route);
        self.rules.as_ref().zip(carrier).map_or(1, |(rules, carrier)| rules.rate(&carrier))
    }

    /// How many numbers one attempt may cover at a carrier.
    pub(super) fn batch(&self, carrier: &CarrierId) -> usize {
        self.rules.as_ref().and_then(|rules| rules.batches.get(carrier).copied()).unwrap_or(1)
    }

    pub(super) fn site_shown(&self, route: &RouteId, readings: &[Reading]) -> Option<SiteId> {
        self.rules.as_ref()?.site_shown(route, readings)
    }

    pub(super) fn votes(&self) -> u32 {
        let (_, of) = self.majority(|_| true);
        of
    }

    /// The votes of the sites that are heard here, the own included.
    pub(super) fn votes_heard(&self, now: Mono) -> u32 {
        let (heard, _) = self.majority(|site| self.voice_of(site, now));
        heard
    }

    /// The votes of these sites, and all votes, in the membership that is applied here, whatever the policy wishes.
    /// While two majorities count, in the half in which less is left over.
    fn majority(&self, alive: impl Fn(&SiteId) -> bool) -> (u32, u32) {
        let count = |seated: &[Seated]| {
            let votes = |seated: &Seated| u32::try_from(seated.voters.len()).unwrap_or(u32::MAX);
            let living = seated.iter().filter(|seated| alive(&seated.site));
            let theirs = living.map(|seated| self.held(seated)).sum::<u32>();
            (theirs, seated.iter().map(votes).sum::<u32>())
        };
        let (now, before) = (count(&self.standing.seated), count(&self.standing.before));
        let left = |(heard, of): (u32, u32)| i64::from(heard) * 2 - i64::from(of);
        if before.1 > 0 && left(before) < left(now) { before } else { now }
    }

    /// The votes of a seat that the site's disk has: those of a lost disk count in the majority, and nobody casts them.
    fn held(&self, seated: &Seated) -> u32 {
        let named = self.view.members.get(&seated.site).map(|member| &member.raft_ids);
        let has = |id: &&u64| named.is_none_or(|ids| ids.contains(id));
        u32::try_from(seated.voters.iter().filter(has).count()).unwrap_or(u32::MAX)
    }

    /// The votes of one site, as they count now.
    pub(super) fn votes_of(&self, site: &SiteId) -> u8 {
        let seated = self.standing.seated.iter().find(|seated| seated.site == *site);
        seated.map_or(0, |seated| u8::try_from(seated.voters.len()).unwrap_or(u8::MAX))
    }

    /// The sites that are heard and whose loss, one more, would leave no majority; empty if it takes two losses,
    /// or if there is none already.
    pub(super) fn fragile(&self, now: Mono) -> Vec<SiteId> {
        let (heard, all) = (self.votes_heard(now), self.votes());
        let Some(rules) = self.rules.as_ref().filter(|_| heard * 2 > all) else { return Vec::new() };
        let fatal = |site: &&SiteId| heard.saturating_sub(u32::from(self.votes_of(site))) * 2 <= all;
        rules.sites().filter(|site| self.voice_of(site, now)).filter(fatal).cloned().collect()
    }

    /// How many losses are left, in words; nothing while every vote is heard.
    pub(super) fn margin(&self, now: Mono) -> Option<String> {
        let (heard, all) = (self.votes_heard(now), self.votes());
        let fragile = self.fragile(now);
        if heard == all || fragile.is_empty() {
            return None;
        }
        let voters = self.rules.as_ref()?.sites().filter(|site| self.voice_of(site, now)).count();
        let names: Vec<&str> = fragile.iter().map(SiteId::as_str).collect();
        Some(if fragile.len() == voters {
            format!("{heard} of {all} votes: one more loss means people")
        } else {
            format!("{heard} of {all} votes: the loss of {} too means people", names.join(" or "))
        })
    }

    /// Whether a site with a vote is heard here.
    fn voice_of(&self, site: &SiteId, now: Mono) -> bool {
        self.votes_of(site) > 0 && (*site == self.identity.site || self.peers.heard_within(site, HEARD, now))
    }

    /// Whether people have the route, as far as this site knows.
    pub(super) fn by_hand(&self, route: &RouteId, now: Now) -> bool {
        self.handed_over(now).iter().any(|one| one.route.as_ref().is_none_or(|of| of == route))
    }

    /// Whether callers could be sent to a site.
    pub(super) fn is_candidate(&self, route: &RouteId, site: &SiteId, now: Now) -> bool {
        let Some(rules) = &self.rules else { return false };
        let case = Case { judge: &rules.judge, view: &self.view, now: now.stamp };
        case.able(route, site).is_ok()
    }

    /// For how long of its life nobody could go on with a run: from the last agreement to this leader's election.
    pub(super) fn leaderless_within(&self, run: &Run) -> Duration {
        let unattended = self.elected.filter(|(at, _)| *at > run.opened);
        unattended.map(|(_, unattended)| unattended).unwrap_or_default()
    }

    /// The plan of a playbook for a route, with what is known of its numbers.
    pub(super) fn plan(
        &self,
        playbook: &PlaybookId,
        (route, from, to): (&RouteId, Option<&SiteId>, &SiteId),
        (reason, given): (String, &BTreeMap<String, String>),
    ) -> Result<Plan, String> {
        if route.is_lever() {
            return self.lever_plan(playbook, route, reason);
        }
        let known = self.playbooks.get(playbook);
        let text = known.ok_or_else(|| format!("no playbook `{playbook}` is known here"))?;
        let rules = self.rules.as_ref().and_then(|rules| rules.route(route));
        let rules = rules.ok_or_else(|| format!("the policy has no route `{route}`"))?;
        let state = self.view.routes.get(route);
        let shown = |number: &Number| state.and_then(|s| s.numbers.get(number)?.expected.clone());
        let mut facts = RouteFacts { carrier: Some(rules.carrier.clone()), ..RouteFacts::default() };
        for (number, destinations) in &rules.numbers {
            facts.numbers.push((number.clone(), shown(number)));
            for (site, destination) in destinations {
                facts.destinations.insert((site.clone(), number.clone()), destination.clone());
            }
        }
        facts.sites = self.sites();
        let (route, from, to) = (route.clone(), from.cloned(), to.clone());
        let arguments = Arguments { route, from, to, reason, given: given.clone() };
        playbooks::plan(text, &arguments, &facts).map_err(|error| error.to_string())
    }
}
