//! What is said when somebody asks: status, why and plan, all from the view and the same reasons.

use super::Node;
use crate::command::{
    Answer, CarrierReport, Need, PlanReport, RouteReport, SiteReport, StatusReport, Voice, WhyReport,
};
use policies::judge::Case;
use policies::reason::Reason;
use state::fact::Mode;
use state::incident::{Incident, IncidentState};
use state::{Now, PlaybookId, RouteId, SiteId, Subject};

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
            policy: self.view.policy.as_ref().and(rules).map(|r| r.digest.clone()),
            journal: (self.view.index, self.view.head.to_string()),
            sites: self.sites().iter().map(|site| self.site_report(site, now)).collect(),
            routes: self.routes().iter().filter_map(|route| self.route_report(route, now)).collect(),
            incidents: self.view.incidents.values().filter(open).cloned().collect(),
            runs: self.view.open_runs().cloned().collect(),
            notices: self.view.notices.iter().map(|n| (n.at, n.text.clone())).collect(),
            needs_you: self.needs(now),
            watch: self.worth_knowing(),
        }
    }

    fn site_report(&self, site: &SiteId, now: Now) -> SiteReport {
        let subject = Subject::pbx(site);
        let up = |s: &&SiteId| matches!(self.view.says(s, &subject, now.stamp), Some(state::fact::Says::Up));
        let silent = if self.view.silent.contains_key(site) { Voice::Silent } else { Voice::Heard };
        SiteReport {
            site: site.clone(),
            votes: self.votes_of(site),
            pbx: self.verdict_of(&subject, now),
            seen_by: self.sites().iter().filter(up).cloned().collect(),
            heard: self.peers.last(site).map(|at| now.mono.since(at)),
            silent,
        }
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
            mode: case.mode(route),
            hold: hold.map(|h| format!("until {} by {}: {}", h.until, h.who, h.because)),
            latch: state.latch.map(|latch| latch.because),
            next: next.map(|candidate| candidate.site),
        })
    }

    fn carrier_report(&self, route: &RouteId, now: Now) -> Option<CarrierReport> {
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
        for (site, why) in self.outsiders() {
            need(format!("{site} is outside: {why}"), format!("pointsman readmit {site}"));
        }
        if self.standing.leader.is_none() && self.outside.is_none() {
            let what = format!("no leader: {heard} of {votes} votes reachable; automation cannot act");
            need(what, "look at the links and the other agents".to_owned());
        }
        if let Some(why) = &self.broken {
            need(
                format!("the agreed policy cannot be read here: {why}"),
                "install the same version".to_owned(),
            );
        }
        if let Some(why) = &self.stopped {
            let what = format!("{} does nothing any more: {why}", self.identity.site);
            need(what, "install the same version everywhere, or look at both journals".to_owned());
        }
        for incident in self.view.incidents.values() {
            let open = !matches!(incident.state, IncidentState::Closed { .. });
            if open && incident.acked.is_none() {
                need(format!("acknowledge {}", incident.id), format!("pointsman ack {}", incident.id));
            }
        }
        for (route, state) in &self.view.routes {
            if let Some(latch) = &state.latch {
                let what = format!("{route} is manual until a person resumes it: {}", latch.because);
                need(what, format!("pointsman resume {route}"));
            }
        }
        for (route, why) in &self.complaints {
            need(format!("{route}: {why}"), format!("pointsman why {route}"));
        }
        needs
    }

    fn worth_knowing(&self) -> Vec<String> {
        let mut watch = Vec::new();
        for subject in self.watches.flapping() {
            watch.push(format!("{subject} flaps, as seen from {}", self.identity.site));
        }
        for run in self.view.open_runs() {
            if let Some(why) = self.calls.waits_for(run.id) {
                watch.push(format!("{} waits: {why}", run.id));
            }
        }
        for (site, by) in &self.astray {
            watch.push(format!("the wall clock of {site} is {}s away from the others'", by.as_secs()));
        }
        for site in self.view.silent.keys() {
            watch.push(format!("the agent of {site} is silent"));
        }
        watch
    }

    /// Why a route is not, or would be, moved.
    pub(super) fn why(&self, route: &RouteId, now: Now) -> Option<WhyReport> {
        let rules = self.rules.as_ref()?;
        let decision = self.decide(route, now)?;
        let here = self.view.routes.get(route).and_then(|r| r.rings_in.as_ref());
        let pace = here.and_then(|site| rules.subjects.get(&Subject::pbx(site))).copied();
        let pace = pace.unwrap_or(policies::policy::Pace::CALM);
        let said = |ranked: &policies::candidates::Ranked| match ranked {
            Ok(candidate) => (candidate.site.clone(), None),
            Err(not) => (not.site.clone(), Some(not.to_string())),
        };
        Some(WhyReport {
            route: route.clone(),
            rings_in: self.view.routes.get(route).and_then(|r| r.rings_in.clone()),
            heard: (self.votes_heard(now.mono), self.votes()),
            leader: self.standing.leader.clone(),
            candidates: decision.ranked.iter().map(said).collect(),
            decision,
            after: pace.moved_within(),
        })
    }

    /// What a playbook would do for a route.
    pub(super) fn plan_report(
        &self,
        playbook: &PlaybookId,
        (route, site): (&RouteId, &SiteId),
        now: Now,
    ) -> Answer {
        let from = self.view.routes.get(route).and_then(|r| r.rings_in.clone());
        match self.plan(playbook, (route, from.as_ref(), site), "because you say so".to_owned()) {
            Ok(plan) => {
                let against = self.would_be_against(route, now);
                let budget = self.route_report(route, now).map_or((0, 0), |report| report.budget);
                let words = playbooks::words::Words(&plan).to_string().lines().map(str::to_owned).collect();
                let guards = against.iter().map(ToString::to_string).collect();
                Answer::Plan(Box::new(PlanReport { words, plan, guards, budget }))
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
