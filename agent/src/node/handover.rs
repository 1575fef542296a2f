//! Hand-over: what keeps automation from acting, agreed where there is a quorum and told by each site where not.

use super::Node;
use super::outbox::Answered;
use crate::command::{HandOver, Telling};
use crate::event::{Output, Reign};
use policies::decide::{Decision, Verb};
use policies::limits::GIVE_UP;
use policies::reason::{Age, Guarding, Reason};
use policies::tally::Verdict;
use state::fact::{Fact, Mode, Says};
use state::handover::{Hindrance, Strength, Urgency};
use state::incident::{Incident, IncidentState};
use state::route::RouteState;
use state::{Index, Now, RouteId, SiteId, Stamp, Subject};
use std::collections::BTreeMap;

/// How many of this site's own notices are shown.
const NOTICES: usize = 10;

/// What names a hand-over: the route, or all of them; the cause; how it ends.
type Key = (Option<RouteId>, Hindrance, Strength);

/// What this site has told of hand-overs.
#[derive(Debug, Default)]
pub struct Handovers {
    told: BTreeMap<Key, (Stamp, Urgency)>,
    /// The view of which all was told, while there was nothing to be told beside it.
    told_of: Option<Index>,
    /// What was told here and agreed nowhere.
    pub notices: Vec<(Stamp, String)>,
}

impl Handovers {
    /// Other rules, or another view: everything is looked at anew.
    pub fn look_again(&mut self) {
        self.told_of = None;
    }
}

impl Node {
    /// The leader's round: what hinders a route is agreed, and so is its end.
    pub(super) fn hand_over(&mut self, route: &RouteId, now: Now) {
        let of = |fact: &Fact| {
            matches!(fact, Fact::HandedOver { route: of, .. } if of == route)
                || matches!(fact, Fact::TakenBack { route: of, .. } if of == route)
        };
        if self.outbox.any(of) == Answered::Pending {
            return;
        }
        let hindrances = self.hindrances(route, now);
        let state = self.view.routes.get(route);
        let agreed = |hindrance: &Hindrance| state.is_some_and(|r| r.waits.contains_key(hindrance));
        let passed = state.and_then(|r| r.waits.keys().find(|of| hindrances.iter().all(|h| h.0 != **of)));
        if let Some(hindrance) = passed.copied() {
            self.lead_fact(Fact::TakenBack { route: route.clone(), hindrance });
            return;
        }
        let latched = state.is_some_and(|r| r.latch.is_some());
        let then = self.rules.as_ref().map_or(Strength::Waiting, |rules| rules.deadman.then);
        let fresh = hindrances.into_iter().find(|(hindrance, _, _)| !latched && !agreed(hindrance));
        if let Some((hindrance, because, urgency)) = fresh {
            let strength = strength(hindrance).max(then);
            let route = route.clone();
            self.lead_fact(Fact::HandedOver { route, hindrance, strength, because, urgency });
        }
    }

    /// What keeps automation from a route that nobody has forbidden it.
    fn hindrances(&self, route: &RouteId, now: Now) -> Vec<(Hindrance, String, Urgency)> {
        let held = self.view.hold_of(route, now.stamp).is_some();
        if self.mode(route, now) != Mode::Auto || held {
            return Vec::new();
        }
        let here = self.stands_at(route);
        let down = here.as_ref().filter(|site| self.verdict_at(route, site, now) == Verdict::Down);
        let urgency = if down.is_some() { Urgency::Urgent } else { Urgency::Notice };
        let mut found = Vec::new();
        if let Some(because) = self.carrier_mute(route, now) {
            found.push((Hindrance::CarrierMute, because, urgency));
        }
        found.extend(self.given_up(route, down, now).map(|because| (Hindrance::GivenUp, because, urgency)));
        if down.is_some() || route.is_lever() {
            let spent = self.decide(route, now).as_ref().and_then(budget_alone);
            found.extend(spent.map(|because| (Hindrance::BudgetSpent, because, urgency)));
        }
        found
    }

    /// Whether no site that could says that it reaches the route's carrier and one is sure that it does not, or none
    /// could.
    fn carrier_mute(&self, route: &RouteId, now: Now) -> Option<String> {
        let rules = self.rules.as_ref()?;
        let carrier = &rules.route(route)?.carrier;
        let subject = Subject::carrier(carrier);
        let mut able = rules.sites().filter(|site| self.able(site, Some(carrier), now)).peekable();
        if able.peek().is_none() {
            return Some(format!("no site that is heard holds the secret of {carrier}"));
        }
        let mut denied = false;
        for site in able {
            match self.view.says(site, &subject, now.stamp) {
                Some(Says::Up) => return None,
                Some(Says::Down { .. }) => denied = true,
                None => {}
            }
        }
        denied.then(|| format!("no site reaches the interface of {carrier}"))
    }

    /// Whether a switch has been wanted for too long, and what was in its way last.
    fn given_up(&self, route: &RouteId, down: Option<&SiteId>, now: Now) -> Option<String> {
        let state = self.view.routes.get(route)?;
        let failed = self.view.given_up(route);
        let waits = state.run.and_then(|run| self.calls.waits_for(run)).map(str::to_owned);
        let ended = failed.and_then(|run| run.end.as_ref()).map(|end| end.why.clone());
        let why = waits.or(ended).map(|why| format!(": {why}")).unwrap_or_default();
        let Some(site) = down else {
            // Nothing is down, and it is still wanted: back from a refuge, or on from a last resort.
            let run = failed.filter(|_| state.run.is_some() || self.wants(route, now))?;
            let (plan, opened) = (&run.plan, run.opened);
            return Some(match route.is_lever() {
                true => {
                    format!("{} of {route} is to be played since {opened}, and cannot{why}", plan.playbook)
                }
                false => format!("{route} is to go to {} since {opened}, and cannot{why}", plan.to),
            });
        };
        let incident = state.incident.and_then(|id| self.view.incidents.get(&id))?;
        let waits = matches!(incident.state, IncidentState::Open | IncidentState::Switching { .. });
        let long = now.stamp.since(incident.opened) >= GIVE_UP;
        let (long_for, opened) = (Age(GIVE_UP), incident.opened);
        if route.is_lever() {
            let barred = self.decide(route, now).and_then(|decision| decision.against.first().cloned());
            let why = barred.map(|reason| format!(": {reason}")).filter(|_| why.is_empty()).unwrap_or(why);
            return (waits && long)
                .then(|| format!("{route} is down since {opened}, and was not pulled in {long_for}{why}"));
        }
        (waits && long)
            .then(|| format!("{site} is down since {opened}, and {route} was not moved in {long_for}{why}"))
    }

    /// Whether automation would move a route, whatever forbids it now.
    fn wants(&self, route: &RouteId, now: Now) -> bool {
        let decision = self.decide(route, now);
        decision.is_some_and(|d| d.would.is_some() || matches!(d.verb, Verb::Act(_)))
    }

    /// An automatic switch that nobody acknowledges is escalated.
    pub(super) fn escalate(&mut self, now: Now) {
        let Some(patience) = self.rules.as_ref().map(|rules| rules.deadman.acknowledge) else { return };
        let due = |i: &&Incident| {
            let open = !matches!(i.state, IncidentState::Closed { .. });
            let unseen = i.acked.is_none() && i.escalated.is_none();
            let switched = || self.view.routes.get(&i.route).and_then(|route| route.switches.last());
            let long = |at: &Stamp| *at >= i.opened && now.stamp.since(*at) >= patience;
            open && unseen && switched().is_some_and(long)
        };
        let Some(incident) = self.view.incidents.values().find(due).map(|i| i.id) else { return };
        let pending = |fact: &Fact| matches!(fact, Fact::Escalated { incident: of } if *of == incident);
        if self.outbox.any(pending) == Answered::No {
            self.lead_fact(Fact::Escalated { incident });
        }
    }

    /// Every hand-over as this site sees it now, without its cards: what it alone knows first, then what was agreed.
    pub(super) fn handed_over(&self, now: Now) -> Vec<HandOver> {
        let mut all: Vec<HandOver> = self.handed_over_here(now);
        all.extend(self.handed_over_by_all());
        all
    }

    /// What was agreed.
    fn handed_over_by_all(&self) -> impl Iterator<Item = HandOver> {
        self.view.routes.iter().flat_map(|(route, state)| handed_over(route, state))
    }

    /// What no agreement could tell: without a quorum, without a clock, or without a journal that can be read.
    fn handed_over_here(&self, now: Now) -> Vec<HandOver> {
        let mut all = Vec::new();
        let mut add = |hindrance: Hindrance, (because, urgency): (String, Urgency), since: Option<Stamp>| {
            let key = (None, hindrance, strength(hindrance));
            let told = self.handovers.told.get(&key).map(|(since, _)| *since);
            let since = since.or(told).unwrap_or(now.stamp);
            let (route, hindrance, strength) = key;
            all.push(HandOver { route, hindrance, strength, urgency, because, since, cards: Vec::new() });
        };
        if let Some((lasts, urgency)) = self.orphaned(now) {
            add(Hindrance::NoQuorum, (self.no_quorum(now), urgency), Some(now.stamp - lasts));
        }
        let waits = now.mono.since(self.elected_at);
        let late = self.rules.as_ref().is_some_and(|rules| waits >= rules.deadman.quorum);
        if self.standing.reign == Reign::Fresh && late {
            let because = "this site leads, but does not know the time: the others' clocks are not heard";
            add(Hindrance::Clock, (because.to_owned(), Urgency::Notice), None);
        }
        if let Some(why) = &self.broken {
            let because = format!("the agreed policy cannot be read here: {why}");
            add(Hindrance::Unreadable, (because, Urgency::Notice), None);
        }
        if let Some(why) = &self.stopped {
            add(self.stopped_by, (why.clone(), loudness(self.stopped_by)), None);
        }
        let alone = self.alone_here().map(|(route, (hindrance, strength, urgency), because, since)| {
            HandOver { route: Some(route), hindrance, strength, urgency, because, since, cards: Vec::new() }
        });
        all.extend(alone);
        all
    }

    fn no_quorum(&self, now: Now) -> String {
        let (heard, votes) = (self.votes_heard(now.mono), self.votes());
        if heard * 2 > votes {
            format!(
                "nobody leads, although {heard} of {votes} votes are reachable from {}",
                self.identity.site
            )
        } else {
            let here = &self.identity.site;
            format!("no quorum: {heard} of {votes} votes reachable from {here}; the others may be well")
        }
    }

    /// Tells what is new, what has become worse, and what is over; a mail or an SMS would hang on the same words.
    pub(super) fn tell_handovers(&mut self, now: Now, out: &mut Output) {
        let mut current = self.handed_over_here(now);
        let of = Some(self.view.index).filter(|_| current.is_empty());
        if of.is_some() && self.handovers.told_of == of {
            return;
        }
        self.handovers.told_of = of;
        current.extend(self.handed_over_by_all());
        for one in &current {
            let key = (one.route.clone(), one.hindrance, one.strength);
            if self.handovers.told.get(&key).is_some_and(|(_, urgency)| *urgency >= one.urgency) {
                continue;
            }
            self.handovers.told.insert(key, (one.since, one.urgency));
            if one.route.is_none() {
                self.note(now, format!("handed over to people, {}: {}", one.strength, one.because));
            }
            out.tell.push(Telling::HandedOver {
                route: one.route.clone(),
                hindrance: one.hindrance,
                strength: one.strength,
                urgency: one.urgency,
                because: one.because.clone(),
            });
        }
        let lasts =
            |key: &Key| current.iter().any(|h| (&h.route, h.hindrance, h.strength) == (&key.0, key.1, key.2));
        let over: Vec<Key> = self.handovers.told.keys().filter(|key| !lasts(key)).cloned().collect();
        for key in over {
            let Some((since, _)) = self.handovers.told.remove(&key) else { continue };
            let (route, hindrance, strength) = key;
            let after = now.stamp.since(since);
            if route.is_none() {
                self.note(now, format!("after {} automation may act again and judges anew", Age(after)));
            }
            out.tell.push(Telling::TakenBack { route, hindrance, strength, after });
        }
    }

    fn note(&mut self, now: Now, text: String) {
        self.handovers.notices.push((now.stamp, text));
        let surplus = self.handovers.notices.len().saturating_sub(NOTICES);
        self.handovers.notices.drain(..surplus);
    }
}

/// How a hand-over with this cause ends, unless the policy says that it shall be a person every time.
fn strength(hindrance: Hindrance) -> Strength {
    match hindrance {
        Hindrance::NoQuorum
        | Hindrance::Clock
        | Hindrance::Unreadable
        | Hindrance::CarrierMute
        | Hindrance::GivenUp => Strength::Waiting,
        Hindrance::BudgetSpent
        | Hindrance::Stuck
        | Hindrance::PersonsChange
        | Hindrance::ClaimedAlone
        | Hindrance::TwoHistories => Strength::Latched,
    }
}

/// How loudly a latch is told: where a dead site may still be ringing, urgently.
fn loudness(hindrance: Hindrance) -> Urgency {
    match hindrance {
        Hindrance::Stuck | Hindrance::BudgetSpent | Hindrance::GivenUp | Hindrance::TwoHistories => {
            Urgency::Urgent
        }
        Hindrance::NoQuorum
        | Hindrance::Clock
        | Hindrance::Unreadable
        | Hindrance::CarrierMute
        | Hindrance::PersonsChange
        | Hindrance::ClaimedAlone => Urgency::Notice,
    }
}

/// What is said if nothing but the budget forbids a switch that is wanted.
fn budget_alone(decision: &Decision) -> Option<String> {
    let spent = |reason: &Reason| matches!(reason, Reason::Guard(Guarding::BudgetSpent { .. }));
    let only = decision.would.is_some() && decision.against.iter().all(spent);
    only.then(|| decision.against.first().map(ToString::to_string)).flatten()
}

/// What was agreed to keep automation from a route; without cards, which are about this moment.
pub fn handed_over(route: &RouteId, state: &RouteState) -> Vec<HandOver> {
    let one = |(hindrance, strength, urgency), (because, since): (&String, Stamp)| HandOver {
        route: Some(route.clone()),
        hindrance,
        strength,
        urgency,
        because: because.clone(),
        since,
        cards: Vec::new(),
    };
    let waits = state.waits.iter().map(|(hindrance, wait)| {
        one((*hindrance, Strength::Waiting, wait.urgency), (&wait.because, wait.since))
    });
    let latch = state.latch.iter().map(|latch| {
        one((latch.hindrance, Strength::Latched, loudness(latch.hindrance)), (&latch.because, latch.since))
    });
    waits.chain(latch).collect()
}
