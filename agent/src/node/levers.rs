//! What is moved and is no route: when an incident of it begins and ends, and what its playbooks are given.

use super::outbox::Answered;
use super::{Node, Rules, Shelf};
use crate::command::LeverReport;
use playbooks::{Arguments, Playbook, RouteFacts};
use policies::errand::Occasion;
use policies::judge::Case;
use policies::policy::Lever;
use policies::tally::Verdict;
use state::fact::{Fact, Mode};
use state::incident::IncidentState;
use state::plan::Plan;
use state::route::Lever as Stands;
use state::run::{Run, Word};
use state::{Now, PlaybookId, RouteId, SiteId, Stamp, View};
use std::collections::BTreeMap;

impl Node {
    /// The levers of the policy, in its order.
    pub(super) fn levers(&self) -> Vec<RouteId> {
        self.rules.iter().flat_map(|rules| rules.levers.iter().map(Lever::id)).collect()
    }

    /// The rule of a lever.
    pub(super) fn lever(&self, lever: &RouteId) -> Option<&Lever> {
        self.rules.as_ref()?.lever(lever)
    }

    /// Whatever persons hold, resume and ask about: the routes, then the levers.
    pub(super) fn all_moved(&self) -> Vec<RouteId> {
        self.routes().into_iter().chain(self.levers()).collect()
    }

    /// The site where a route rings, or to which a lever belongs.
    pub(super) fn stands_at(&self, route: &RouteId) -> Option<SiteId> {
        match self.lever(route) {
            Some(lever) => Some(lever.watches.site.clone()),
            None => self.view.routes.get(route)?.rings_in.clone(),
        }
    }

    /// What a lever plays on an occasion.
    pub(super) fn lever_plays(&self, lever: &RouteId, occasion: Occasion) -> Option<PlaybookId> {
        let rule = self.lever(lever)?;
        match occasion {
            Occasion::Pull => Some(rule.play.clone()),
            Occasion::LetGo => rule.until_up.clone(),
            Occasion::SiteDown | Occasion::NoneLeft | Occasion::SiteBack => None,
        }
    }

    /// An incident of a lever begins with the verdict; it passes by itself while the lever is at rest, or if nothing
    /// is ever played to let it go.
    pub(super) fn lever_incidents(&mut self, lever: &RouteId, now: Now) {
        let Some(rule) = self.lever(lever) else { return };
        let (site, once) = (rule.watches.site.clone(), rule.until_up.is_none());
        let state = self.view.routes.get(lever);
        let stands = state.map(|state| state.lever).unwrap_or_default();
        let open = state.and_then(|state| state.incident);
        if self.outbox.any(|fact| about_incident(fact, lever, open)) == Answered::Pending {
            return;
        }
        let is = open.and_then(|id| self.view.incidents.get(&id)).map(|incident| incident.state);
        match (self.verdict_at(lever, &site, now), open, is) {
            (Verdict::Down, None, _) => {
                self.lead_fact(Fact::IncidentOpened { route: lever.clone(), site });
            }
            (Verdict::Up, Some(incident), Some(IncidentState::Open)) if stands == Stands::AtRest || once => {
                self.lead_fact(Fact::IncidentPassed { incident });
            }
            (Verdict::Up, Some(incident), Some(IncidentState::Away)) if once => {
                self.lead_fact(Fact::IncidentPassed { incident });
            }
            (_, _, _) => {}
        }
    }

    /// A run of a lever that nobody has begun is not begun any more once its reason is gone.
    pub(super) fn overtaken(&self, run: &Run, now: Now) -> Option<Fact> {
        let lever = &run.plan.route;
        let rule = self.lever(lever).filter(|_| run.automatic() && !run.begun())?;
        let case = Case { judge: &self.rules.as_ref()?.judge, view: &self.view, now: now.stamp };
        let few = || {
            // The run under way does not count against the lever itself.
            case.holding(lever).len() < rule.keep_up
        };
        let why = match (self.view.brings_back(run.id), case.lever_verdict(lever)) {
            (false, Verdict::Up) => format!("{lever} answers again"),
            (true, Verdict::Down) => format!("{lever} is down again"),
            (false, _) if few() => format!("fewer {} would hold than are to be kept", rule.watches.service),
            (_, _) => return None,
        };
        Some(Fact::RunEnded { run: run.id, word: Word::Undone, why: format!("{why}; nothing was done") })
    }

    /// The plan of a playbook for a lever.
    pub(super) fn lever_plan(
        &self,
        playbook: &PlaybookId,
        lever: &RouteId,
        reason: String,
    ) -> Result<Plan, String> {
        let known = self.playbooks.get(playbook);
        let text = known.ok_or_else(|| format!("no playbook `{playbook}` is known here"))?;
        let rule = self.lever(lever).ok_or_else(|| format!("the policy has no rule for `{lever}`"))?;
        let site = rule.watches.site.clone();
        let (from, given) = (Some(site.clone()), given(rule, text));
        let arguments = Arguments { route: lever.clone(), from, to: site, reason, given };
        let facts = RouteFacts { sites: self.sites(), ..RouteFacts::default() };
        playbooks::plan(text, &arguments, &facts).map_err(|error| error.to_string())
    }

    /// How a lever stands, for people.
    pub(super) fn lever_report(&self, lever: &RouteId, now: Now) -> Option<LeverReport> {
        let report = report(self.rules.as_ref()?, &self.view, (lever, now.stamp))?;
        let mode = if self.by_hand(lever, now) { Mode::Manual } else { report.mode };
        Some(LeverReport { mode, ..report })
    }
}

/// How a lever stands, as it was agreed; nothing for a route.
pub(super) fn report(rules: &Rules, view: &View, (lever, now): (&RouteId, Stamp)) -> Option<LeverReport> {
    let (rule, budget) = (rules.lever(lever)?, rules.judge.levers.get(lever)?.budget);
    let case = Case { judge: &rules.judge, view, now };
    let state = view.routes.get(lever).cloned().unwrap_or_default();
    let hold = view.hold_of(lever, now);
    Some(LeverReport {
        lever: lever.clone(),
        is: case.lever_verdict(lever),
        stands: state.lever,
        play: rule.play.clone(),
        until_up: rule.until_up.clone(),
        keep_up: rule.keep_up,
        holding: case.holding(lever),
        budget: (state.switches_within(budget.window, now), budget.switches),
        mode: case.mode(lever),
        hold: hold.map(|h| format!("until {} by {}: {}", h.until, h.who, h.because)),
    })
}

/// What a playbook is given of a rule's `with`: each of the two takes what it declares.
fn given(rule: &Lever, playbook: &Playbook) -> BTreeMap<String, String> {
    let declares = |name: &str| playbook.inputs.declared().iter().any(|input| input.name == name);
    let with = rule.with.iter().filter(|(name, _)| declares(name));
    with.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// What of a rule's `with` does not fit the playbooks that it names, if all of them are known.
pub fn unfit(rule: &Lever, shelf: &Shelf) -> Option<String> {
    let plays = || [&rule.play].into_iter().chain(&rule.until_up).filter_map(|book| shelf.get(book));
    let taken = |name: &String| plays().any(|playbook| given(rule, playbook).contains_key(name));
    let strange = rule.with.keys().find(|name| !taken(name));
    let strange = strange.map(|name| format!("{} takes no `{name}`", rule.play));
    let wrong = |playbook: &Playbook| {
        let unfit = playbook.inputs.fit(&given(rule, playbook)).err()?;
        Some(format!("{}: {unfit}", playbook.name))
    };
    strange.or_else(|| plays().find_map(wrong))
}

/// Whether a fact begins or ends an incident of a route or lever.
pub(super) fn about_incident(fact: &Fact, route: &RouteId, open: Option<state::IncidentId>) -> bool {
    matches!(fact, Fact::IncidentOpened { route: of, .. } if of == route)
        || matches!(fact, Fact::IncidentPassed { incident } if Some(*incident) == open)
}
