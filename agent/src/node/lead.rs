//! The leader's rounds: who fell silent, what is down, what is to be done about it.

use super::levers::about_incident;
use super::outbox::{Answered, Bond};
use super::waits::Rests;
use super::{Node, wake};
use crate::event::{Output, Reign};
use policies::decide::{Decision, Move, Standing as Seen, Verb};
use policies::judge::Case;
use policies::limits::{AFTER_GAP, SILENCE};
use policies::tally::Verdict;
use state::fact::{Fact, Home};
use state::incident::IncidentState;
use state::plan::Plan;
use state::route::Claim;
use state::run::Cause;
use state::{Mono, Now, PlaybookId, RouteId, SiteId, Subject, Who};
use std::collections::BTreeMap;
use std::time::Duration;

impl Node {
    /// Whether this site leads and knows everything that was agreed before.
    pub(super) fn leads(&self) -> bool {
        self.standing.reign == Reign::Ready && self.idle().is_none()
    }

    /// Proposes a fact that only the leader of this term may mean.
    pub(super) fn lead_fact(&mut self, fact: Fact) {
        self.outbox.add(fact, Bond::Reign(self.standing.term));
    }

    /// Everything a leader does, in order; each part proposes at most once until that is agreed.
    pub(super) fn lead(&mut self, now: Now, out: &mut Output) {
        self.resign(now, out);
        if !self.leads() {
            return;
        }
        self.judge_absence(now.mono);
        self.birth();
        self.raise(now.mono, out);
        self.name_disks(now.mono);
        self.silences(now.mono);
        self.revoke(now, out);
        self.conduct(now, out);
        for route in self.routes() {
            self.incidents(&route, now);
            self.serve(&route, now, out);
            self.hand_over(&route, now);
            self.open_preparation(&route);
        }
        for lever in self.levers() {
            self.lever_incidents(&lever, now);
            self.serve(&lever, now, out);
            self.hand_over(&lever, now);
        }
        self.escalate(now);
        self.look_after(now, out);
        self.reseat(out);
        self.place(now, out);
    }

    /// The first leader's own policy file becomes the policy; from then on a file is only a proposal.
    fn birth(&mut self) {
        let pending = |fact: &Fact| matches!(fact, Fact::PolicyAgreed { .. });
        if self.view.policy.is_none() && self.outbox.any(pending) == Answered::No {
            let who = Who::new(format!("the birth of the cluster, at {}", self.identity.site));
            self.lead_fact(Fact::PolicyAgreed { text: self.file.clone(), who });
        }
    }

    /// Silence is a fact: counted from the later of the own election and the last word that follows this leader. A
    /// site that is heard and hears nothing is as good as silent: what it said before, it cannot take back.
    fn silences(&mut self, now: Mono) {
        let silent = |site: &&SiteId| {
            let since = self.peers.followed(site, &self.identity.site);
            now.since(since.unwrap_or_default().max(self.elected_at)) > SILENCE
        };
        let silent: Vec<SiteId> = self.others().filter(silent).cloned().collect();
        for site in silent {
            let pending = |fact: &Fact| matches!(fact, Fact::SiteSilent { site: of, .. } if *of == site);
            let known = self.view.silent.contains_key(&site) || self.outbox.any(pending) == Answered::Pending;
            if !known {
                let (starts, n) = self.view.ballots_upto(&site);
                self.lead_fact(Fact::SiteSilent { site, starts, n });
            }
        }
    }

    /// An incident begins with the verdict, whatever is done about it, and may pass by itself.
    fn incidents(&mut self, route: &RouteId, now: Now) {
        let Some(site) = self.view.routes.get(route).and_then(|r| r.rings_in.clone()) else { return };
        let is = self.verdict_at(route, &site, now);
        let open = self.view.routes.get(route).and_then(|r| r.incident);
        let state = open.and_then(|id| self.view.incidents.get(&id)).map(|incident| incident.state);
        if self.outbox.any(|fact| about_incident(fact, route, open)) == Answered::Pending {
            return;
        }
        match (is, open, state) {
            (Verdict::Down, None, _) => {
                self.lead_fact(Fact::IncidentOpened { route: route.clone(), site });
            }
            (Verdict::Up, Some(incident), Some(IncidentState::Open)) => {
                self.lead_fact(Fact::IncidentPassed { incident });
            }
            (_, _, _) => {}
        }
    }

    /// One route or lever: a person's claim comes first, then the decision.
    fn serve(&mut self, route: &RouteId, now: Now, out: &mut Output) {
        let opening = |fact: &Fact| opens(fact, route).is_some_and(|plan| !plan.prepares());
        // While two majorities count, nothing is begun that might need only one of them.
        let changing = !self.standing.before.is_empty();
        let busy = changing || self.view.routes.get(route).is_some_and(|r| r.run.is_some());
        if busy || self.outbox.any(opening) == Answered::Pending {
            return;
        }
        if let Some(claim) = self.view.routes.get(route).and_then(|r| r.claim.clone()) {
            self.open_claimed(route, claim);
            return;
        }
        if let Some(until) = self.waits.stand(route, &self.rests(now.mono), now.stamp) {
            until.into_iter().for_each(|at| wake(out, now.mono + at.since(now.stamp)));
            return;
        }
        let Some(decision) = self.decide(route, now) else { return };
        if let Some(at) = decision.again_at {
            wake(out, now.mono + at.since(now.stamp));
        }
        if decision.verb == Verb::Wait {
            self.waits.keep(route, self.rests(now.mono), decision.again_at);
        }
        if let Verb::Act(Move { from, to, occasion }) = &decision.verb {
            let reasons = decision.because.iter().chain(&decision.besides);
            let because = reasons.map(ToString::to_string).collect();
            let Some(playbook) = self.played(route, *occasion) else { return };
            let cause = Cause::Automatic { because };
            self.open_run(route, (&playbook, Some(from), to), (cause, &BTreeMap::new()));
        }
    }

    /// The decision on a route, as this site sees it now; `None` while there is no policy.
    pub(super) fn decide(&self, route: &RouteId, now: Now) -> Option<Decision> {
        let rules = self.rules.as_ref()?;
        let case = Case { judge: &rules.judge, view: &self.view, now: now.stamp };
        Some(case.decide(route, &self.seen(now.mono)))
    }

    /// What only this node knows: whether it may decide, and whom it hears.
    pub(super) fn seen(&self, now: Mono) -> Seen {
        let heard = |site: &SiteId| Some((site.clone(), now.since(self.peers.last(site)?)));
        let fresh = self.others().filter_map(heard).collect();
        Seen { fresh, steady: self.steady.for_how_long(now), ..self.stands(now) }
    }

    /// What a decision rests on: ages only colour its reasons, and what they lead to has its own time.
    fn rests(&self, now: Mono) -> Rests {
        Rests { index: self.view.index, seen: self.stands(now), steady: self.steady.changes() }
    }

    /// What this node knows, without anything that grows older.
    fn stands(&self, now: Mono) -> Seen {
        let reign = match self.standing.reign {
            Reign::Following => policies::decide::Reign::Follows,
            Reign::Fresh => policies::decide::Reign::CatchingUp,
            Reign::Ready => policies::decide::Reign::Leads,
        };
        let (heard, of) = (self.votes_heard(now), self.votes());
        let jumped = self.jumped_left(now);
        Seen { reign, heard, of, steady: BTreeMap::new(), jumped, fresh: BTreeMap::new() }
    }

    /// How much longer this site only observes, because its clock jumped.
    pub(super) fn jumped_left(&self, now: Mono) -> Option<Duration> {
        self.jumped.map(|at| (at + AFTER_GAP).left(now)).filter(|left| !left.is_zero())
    }

    /// The verdict on a site as the place of a route: down also if no call reaches it. Of a lever, on what it watches.
    pub(super) fn verdict_at(&self, route: &RouteId, site: &SiteId, now: Now) -> Verdict {
        let Some(rules) = &self.rules else { return Verdict::Pending };
        let case = Case { judge: &rules.judge, view: &self.view, now: now.stamp };
        if route.is_lever() {
            return case.lever_verdict(route);
        }
        match (self.verdict_of(&Subject::pbx(site), now), case.cut_off(route, site)) {
            (_, Some(cut_off)) if cut_off.due().is_zero() => Verdict::Down,
            (Verdict::Up, Some(_)) => Verdict::Pending,
            (verdict, _) => verdict,
        }
    }

    /// The verdict on a subject, as this site sees it now: as it was counted last, while that still stands.
    pub(super) fn verdict_of(&self, subject: &Subject, now: Now) -> Verdict {
        let Some(rules) = &self.rules else { return Verdict::Pending };
        if let Some(is) = self.verdicts.standing(subject, (self.view.index, now.stamp)) {
            return is;
        }
        Case { judge: &rules.judge, view: &self.view, now: now.stamp }.verdict(subject)
    }

    fn open_claimed(&mut self, route: &RouteId, claim: Claim) {
        let from = self.stands_at(route);
        let cause = Cause::Person { who: claim.who, because: claim.because };
        self.open_run(route, (&claim.playbook, from.as_ref(), &claim.site), (cause, &claim.given));
    }

    fn open_run(
        &mut self,
        route: &RouteId,
        (playbook, from, to): (&PlaybookId, Option<&SiteId>, &SiteId),
        (cause, given): (Cause, &BTreeMap<String, String>),
    ) {
        let reason = match &cause {
            Cause::Automatic { because } | Cause::Repair { because, .. } => {
                because.first().cloned().unwrap_or_default()
            }
            Cause::Person { who, because } => format!("{because} ({who})"),
        };
        match self.plan(playbook, (route, from, to), (reason, given)) {
            Ok(plan) => {
                let home = self.way(&plan);
                self.lead_fact(Fact::RunOpened { basis: self.view.index, plan, cause, home });
            }
            Err(why) => self.complain(route, why),
        }
    }

    fn way(&self, plan: &Plan) -> Home {
        if let Some(lever) = self.lever(&plan.route) {
            let back = lever.until_up.as_ref() == Some(&plan.playbook);
            return if back { Home::Home } else { Home::Elsewhere };
        }
        let first = self.rules.as_ref().and_then(|rules| rules.prefer(&plan.route).first());
        if first == Some(&plan.to) { Home::Home } else { Home::Elsewhere }
    }
}

/// The plan of the run that a fact opens on a route.
pub(super) fn opens<'f>(fact: &'f Fact, route: &RouteId) -> Option<&'f Plan> {
    let Fact::RunOpened { plan, .. } = fact else { return None };
    (plan.route == *route).then_some(plan)
}
