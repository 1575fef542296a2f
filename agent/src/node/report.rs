//! What is said when somebody asks: status, why and plan, all from the view and the same reasons.

use super::handover::handed_over;
use super::{Node, Rules, behind};
use crate::command::{
    Answer, CarrierReport, DoorReport, HandOver, Need, PlanReport, RouteReport, SiteReport, StatusReport,
    Voice, WhyReport,
};
use policies::decide::Decision;
use policies::judge::Case;
use policies::limits::REPAIRS_PER_HOUR;
use policies::policy::Pace;
use policies::reason::{Age, Reason, Setting};
use state::fact::{Mode, Says};
use state::handover::{Hindrance, Strength};
use state::incident::{Incident, IncidentState};
use state::{CarrierId, Now, PlaybookId, RouteId, SiteId, Stamp, Subject, View};
use std::collections::BTreeMap;
use std::collections::BTreeSet;

impl Node {
    /// What the cluster believes, as this site knows it.
    pub(super) fn status(&self, now: Now) -> StatusReport {
        let rules = self.rules.as_ref();
        let open = |i: &&Incident| !matches!(i.state, IncidentState::Closed { .. });
        StatusReport {
            cluster: rules.map(|r| r.cluster.clone()).unwrap_or_default(),
            here: self.identity.site.clone(),
            at: Some(now.stamp),
            leader: self.standing.leader.clone(),
            term: self.standing.term,
            heard: self.votes_heard(now.mono),
            votes: self.votes(),
            policy: self.policy_of(&self.identity.site),
            journal: (self.view.index, self.view.head.to_string()),
            sites: self.sites().iter().map(|site| self.site_report(site, now)).collect(),
            routes: self.routes().iter().filter_map(|route| self.route_report(route, now)).collect(),
            levers: self.levers().iter().filter_map(|lever| self.lever_report(lever, now)).collect(),
            incidents: self.view.incidents.values().filter(open).cloned().collect(),
            runs: self.view.open_runs().cloned().collect(),
            handed_over: self.hand_overs(now),
            fragile: self.fragile(now.mono),
            carriers: self.reach_reports(now),
            notices: self.notices(),
            needs_you: self.needs(now),
            watch: self.worth_knowing(now),
            late_writes: self.view.late_writes,
            hands: self.tally.clone(),
        }
    }

    /// What is said of the PBX behind one door: the verdict, and who sees it up.
    fn door_report(&self, door: &SiteId, now: Now) -> DoorReport {
        let subject = Subject::pbx(door);
        let up = |s: &&SiteId| matches!(self.view.says(s, &subject, now.stamp), Some(state::fact::Says::Up));
        let seen_by = self.sites().iter().filter(up).cloned().collect();
        DoorReport { door: door.clone(), pbx: self.verdict_of(&subject, now), seen_by }
    }

    fn site_report(&self, site: &SiteId, now: Now) -> SiteReport {
        let DoorReport { pbx, seen_by, .. } = self.door_report(site, now);
        let further = self.doors().into_iter().filter(|door| door != site && door.site() == *site);
        let silent = if self.view.silent.contains_key(site) { Voice::Silent } else { Voice::Heard };
        SiteReport {
            site: site.clone(),
            votes: self.votes_of(site),
            pbx,
            seen_by,
            further: further.map(|door| self.door_report(&door, now)).collect(),
            heard: self.peers.last(site).map(|at| now.mono.since(at)),
            silent,
            over: self.detours.get(site).cloned(),
            policy: self.policy_of(site),
        }
    }

    /// By which policy a site acts.
    fn policy_of(&self, site: &SiteId) -> Option<String> {
        if *site != self.identity.site {
            return self.peers.policy(site).map(str::to_owned);
        }
        self.view.policy.as_ref().and(self.rules.as_ref()).map(|rules| rules.digest.clone())
    }

    fn route_report(&self, route: &RouteId, now: Now) -> Option<RouteReport> {
        let rules = self.rules.as_ref()?;
        let state = self.view.routes.get(route).cloned().unwrap_or_default();
        let case = Case { judge: &rules.judge, view: &self.view, now: now.stamp };
        let budget = rules.judge.routes.get(route).map(|r| r.budget)?;
        let hold = self.view.hold_of(route, now.stamp);
        let next = case.candidates(route).into_iter().find_map(|ranked| ranked.ok());
        Some(RouteReport {
            route: route.clone(),
            numbers: rules.route(route)?.numbers.len(),
            rings_in: state.rings_in.clone(),
            since: state.since,
            carrier: self.carrier_report(route, now),
            budget: (state.switches_within(budget.window, now.stamp), budget.switches),
            mode: if self.by_hand(route, now) { Mode::Manual } else { case.mode(route) },
            hold: hold.map(|h| format!("until {} by {}: {}", h.until, h.who, h.because)),
            latch: state.latch.as_ref().map(|latch| latch.because.clone()),
            repairs: (state.repairs_lately(now.stamp), REPAIRS_PER_HOUR),
            next: next.map(|candidate| candidate.site),
        })
    }

    fn budget_of(&self, route: &RouteId, now: Now) -> (usize, usize) {
        let lever = self.lever_report(route, now).map(|report| report.budget);
        lever.or_else(|| Some(self.route_report(route, now)?.budget)).unwrap_or_default()
    }

    /// What was told everywhere and what was told here, in the order of time.
    fn notices(&self) -> Vec<(Stamp, String)> {
        let agreed = self.view.notices.iter().map(|notice| (notice.at, notice.text.clone()));
        let mut all: Vec<(Stamp, String)> = agreed.chain(self.handovers.notices.iter().cloned()).collect();
        all.sort_by_key(|(at, _)| *at);
        all
    }

    pub(super) fn carrier_report(&self, route: &RouteId, now: Now) -> Option<CarrierReport> {
        let (at, readings) = self.looks.last.get(route)?;
        let first = readings.first()?;
        Some(CarrierReport {
            number: first.number.clone(),
            shows: first.shows.clone(),
            site: self.site_shown(route, std::slice::from_ref(first)),
            age: now.mono.since(*at),
        })
    }

    /// What waits for a person, the most urgent first.
    fn needs(&self, now: Now) -> Vec<Need> {
        let mut needs = Vec::new();
        let mut need = |what: String, hint: String| needs.push(Need { what, hint });
        let (heard, votes) = (self.votes_heard(now.mono), self.votes());
        if let Some(why) = &self.outside {
            let what = format!("{} has no vote and does nothing: {why}", self.identity.site);
            need(what, format!("on a healthy site: pointsman readmit {}", self.identity.site));
        }
        for (what, hint) in self.revoked_needs() {
            need(what, hint);
        }
        for (site, why) in self.outsiders() {
            need(format!("{site} is outside: {why}"), format!("pointsman readmit {site}"));
        }
        if self.standing.leader.is_none() && self.outside.is_none() && self.orphaned(now).is_none() {
            let what = format!("no leader: {heard} of {votes} votes reachable; automation cannot act");
            need(what, "look at the links and the other agents".to_owned());
        }
        for one in self.handed_over(now) {
            let of = one.route.as_ref().map_or("every route".to_owned(), ToString::to_string);
            need(format!("{of} is {}: {}", one.strength, one.because), hint(&one));
        }
        for incident in self.view.incidents.values() {
            let open = !matches!(incident.state, IncidentState::Closed { .. });
            if open && incident.acked.is_none() {
                need(format!("acknowledge {}", incident.id), format!("pointsman ack {}", incident.id));
            }
        }
        needs.extend(self.file_needs());
        let mut need = |what: String, hint: String| needs.push(Need { what, hint });
        for (route, why) in &self.complaints {
            need(format!("{route}: {why}"), format!("pointsman why {route}"));
        }
        needs
    }

    fn worth_knowing(&self, now: Now) -> Vec<String> {
        let mut watch = self.file_words(now);
        watch.extend(self.unasked_words());
        watch.extend(self.flapping_words());
        watch.extend(self.inbound_words(now));
        for run in self.view.open_runs() {
            if let Some(why) = self.calls.waits_for(run.id) {
                watch.push(format!("{} waits: {why}", run.id));
            }
        }
        if let Some((after, upto)) = self.lacking {
            let what = "a snapshot stands for them until they are fetched from the others";
            watch.push(format!("the journal here lacks the entries from {after} to {upto}: {what}"));
        }
        if let Some(left) = self.jumped_left(now.mono) {
            watch.push(format!(
                "{} looks again after its clock jumped, for {}",
                self.identity.site,
                Age(left)
            ));
        }
        for (site, by) in &self.astray {
            watch.push(format!("the wall clock of {site} is {}s away from the others'", by.as_secs()));
        }
        watch.extend(self.survey_words(now.mono));
        watch.extend(self.revoked_words());
        watch.extend(self.unsettled(now.mono));
        watch.extend(self.margin(now.mono));
        for (site, over) in &self.detours {
            let here = &self.identity.site;
            watch.push(format!("{site} and {here} reach each other only over {over}"));
        }
        for site in self.view.silent.keys() {
            watch.push(format!("the agent of {site} is silent"));
        }
        for route in self.routes() {
            watch.extend(self.rules.iter().flat_map(|rules| behind::words(rules, &self.view, &route)));
        }
        for (route, state) in &self.view.routes {
            watch.extend(put_back(route, state.repairs_lately(now.stamp)));
        }
        match self.view.late_writes {
            0 => {}
            1 => watch
                .push("1 write ended after its window, ever: never stop a running agent for long".to_owned()),
            late => watch.push(format!(
                "{late} writes ended after their window, ever: never stop a running agent for long"
            )),
        }
        watch
    }

    /// Which sites say that no call reaches them, and whether that is the carrier's own trouble.
    fn inbound_words(&self, now: Now) -> Option<String> {
        let says = |site: &SiteId| self.view.says(site, &Subject::inbound(site), now.stamp);
        let sites = self.sites();
        let down: Vec<&str> = sites
            .iter()
            .filter(|site| matches!(says(site), Some(Says::Down { .. })))
            .map(SiteId::as_str)
            .collect();
        let up = sites.iter().any(|site| says(site) == Some(Says::Up));
        let whose = if up { "but others" } else { "nor anybody else: that is its own trouble" };
        let names = down.join(" and ");
        (!down.is_empty()).then(|| format!("the carrier's signalling does not answer {names}, {whose}"))
    }

    /// What flaps, and who sees it so.
    fn flapping_words(&self) -> Vec<String> {
        let subjects: BTreeSet<&Subject> = self.view.flapping.values().flat_map(|seen| &seen.set).collect();
        let words = |subject: &&Subject| {
            let sees = |site: &SiteId| self.view.flaps(site, subject);
            let by: Vec<&str> = self.view.flapping.keys().filter(|s| sees(s)).map(SiteId::as_str).collect();
            let pace = self.rules.as_ref().and_then(|rules| rules.subjects.get(subject)).copied();
            let carrier = CarrierId::new(subject.service.as_str());
            let reach = self.rules.as_ref().map(|rules| rules.reach(&carrier).pace());
            let pace = pace.or(reach.filter(|_| subject.is_carrier())).unwrap_or(Pace::CALM);
            let rest = Setting(pace.blip * 2);
            format!("{subject} flaps, as seen from {}: believed again once steady for {rest}", by.join(", "))
        };
        subjects.iter().map(words).collect()
    }

    /// Why a route is not, or would be, moved.
    pub(super) fn why(&self, route: &RouteId, now: Now) -> Option<WhyReport> {
        let rules = self.rules.as_ref()?;
        let decision = self.decide(route, now)?;
        let about = |one: &HandOver| one.route.as_ref().is_none_or(|of| of == route);
        Some(WhyReport {
            heard: (self.votes_heard(now.mono), self.votes()),
            leader: self.standing.leader.clone(),
            handed_over: self.hand_overs(now).into_iter().filter(about).collect(),
            ..why_as_agreed(rules, (&self.view, now.stamp), (route, decision))
        })
    }

    /// What a playbook would do for a route.
    pub(super) fn plan_report(
        &self,
        playbook: &PlaybookId,
        (route, site, given): (&RouteId, &SiteId, &BTreeMap<String, String>),
        now: Now,
    ) -> Answer {
        let from = self.stands_at(route);
        let reason = "because you say so".to_owned();
        match self.plan(playbook, (route, from.as_ref(), site), (reason, given)) {
            Ok(plan) => {
                let against = self.would_be_against(route, now);
                let budget = self.budget_of(route, now);
                let words = playbooks::words::Words(&plan).to_string().lines().map(str::to_owned).collect();
                let guards = against.iter().map(ToString::to_string).collect();
                Answer::Plan(Box::new(PlanReport { words, plan, left: 0, guards, budget }))
            }
            Err(why) => Answer::Refused { why, hint: None },
        }
    }

    /// What would forbid it, as whoever leads would say: that this site does not lead is no answer to that.
    fn would_be_against(&self, route: &RouteId, now: Now) -> Vec<Reason> {
        let Some(rules) = &self.rules else { return Vec::new() };
        let mut seen = self.seen(now.mono);
        if self.standing.leader.is_some() {
            seen.reign = policies::decide::Reign::Leads;
            seen.jumped = None;
        }
        let case = Case { judge: &rules.judge, view: &self.view, now: now.stamp };
        case.decide(route, &seen).against
    }

    /// Who may act on a route.
    pub(super) fn mode(&self, route: &RouteId, now: Now) -> Mode {
        let Some(rules) = &self.rules else { return Mode::Manual };
        Case { judge: &rules.judge, view: &self.view, now: now.stamp }.mode(route)
    }
}

/// What rests on agreed facts alone: the same now and, by replay, for any moment of the past.
pub fn why_as_agreed(
    rules: &Rules,
    (view, now): (&View, Stamp),
    (route, decision): (&RouteId, Decision),
) -> WhyReport {
    let here = view.routes.get(route).and_then(|r| r.rings_in.as_ref());
    let lever = rules.lever(route).zip(rules.judge.levers.get(route));
    let pace = match lever {
        Some((lever, rule)) => {
            rules.subjects.get(&lever.watches).map(|pace| Pace { blip: rule.after, ..*pace })
        }
        None => here.and_then(|site| rules.subjects.get(&Subject::pbx(site))).copied(),
    };
    let said = |ranked: &policies::candidates::Ranked| match ranked {
        Ok(candidate) => (candidate.site.clone(), None),
        Err(not) => (not.site.clone(), Some(not.to_string())),
    };
    let handed_over = view.routes.get(route).map(|state| handed_over(route, state)).unwrap_or_default();
    WhyReport {
        route: route.clone(),
        rings_in: here.cloned(),
        heard: (rules.votes(), rules.votes()),
        leader: None,
        candidates: decision.ranked.iter().map(said).collect(),
        lever: super::levers::report(rules, view, (route, now)),
        decision,
        handed_over,
        behind: behind::words(rules, view, route),
        after: pace.unwrap_or(Pace::CALM).moved_within(),
    }
}

/// What is said of repairs.
fn put_back(route: &RouteId, count: usize) -> Option<String> {
    let times = match count {
        0 => return None,
        1 => "1 time".to_owned(),
        count => format!("{count} times"),
    };
    Some(format!("{route}: an older value of our own was put back {times} in the last hour"))
}

/// What to do about a hand-over; the card has all of it.
fn hint(one: &HandOver) -> String {
    match (one.hindrance, &one.route) {
        (Hindrance::Unreadable, _) => "install the same version everywhere".to_owned(),
        (Hindrance::TwoHistories, _) => "look at both journals, and at the card below".to_owned(),
        (_, Some(route)) if one.strength == Strength::Latched => format!("pointsman resume {route}"),
        (_, Some(route)) => format!("pointsman why {route}"),
        (_, None) => "pointsman why".to_owned(),
    }
}
