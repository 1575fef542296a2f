//! What stands behind: slots 2 and 3 are prepared when a person asks, read together with slot 1, and only spoken of.

use super::drift::Open;
use super::lead::opens;
use super::outbox::Answered;
use super::people::refused;
use super::{Node, Rules};
use crate::command::{Answer, PlanReport};
use playbooks::{Behind, PREPARE};
use state::fact::{Fact, Home, Reading};
use state::plan::{Plan, Pointing};
use state::route::Preparation;
use state::run::Cause;
use state::{Destination, Mono, Number, RouteId, View, Who};
use std::collections::BTreeMap;

/// The schema of facts that what stands behind came with: until all can read it nobody is asked about it.
pub(super) const SINCE: u16 = 4;
/// How many slots one run prepares: its plan must fit into an entry, whatever is written there.
const SLOTS_MAX: usize = 500;
/// How many slots with a stranger's value a plan names one by one.
const NAMED: usize = 5;

impl Node {
    /// These numbers, each with those of its slots 2 and 3 that the policy names or that were once written from here.
    pub(super) fn with_slots(&self, route: &RouteId, numbers: Vec<Number>) -> Vec<Number> {
        let rules = self.rules.as_ref().and_then(|rules| rules.route(route));
        let state = self.view.routes.get(route);
        let ours = |slot: &Number| {
            state.and_then(|state| state.numbers.get(slot)).is_some_and(|slot| slot.wanted.is_some())
        };
        let any = rules.is_some_and(|rules| !rules.behind.is_empty())
            || state
                .is_some_and(|state| state.numbers.keys().any(|number| ours(number) && number.is_behind()));
        if !any || self.view.schema() < SINCE {
            return numbers;
        }
        let named = |slot: &Number| rules.is_some_and(|rules| rules.behind.contains_key(slot));
        let slots = |number: Number| {
            let behind = [number.at_slot(2), number.at_slot(3)];
            [number].into_iter().chain(behind.into_iter().filter(|slot| named(slot) || ours(slot)))
        };
        numbers.into_iter().flat_map(slots).collect()
    }

    /// Whether the policy in force puts something behind a number: then nobody waits for the facts about it to settle.
    pub(super) fn has_behind(&self) -> bool {
        self.rules.iter().flat_map(|rules| &rules.routes).any(|route| !route.behind.is_empty())
    }

    /// What slots 2 and 3 were read to show becomes known: at once if nothing was, else once it was read twice.
    pub(super) fn audit_slots(&mut self, open: &Open, readings: Vec<Reading>, now: Mono) {
        let route = &open.route;
        let pending = |fact: &Fact| matches!(fact, Fact::SlotsRead { route: of, .. } if of == route);
        let busy = self.view.preparing(route).is_some() || self.outbox.any(pending) == Answered::Pending;
        if readings.is_empty() || busy || !self.undisturbed(open, &readings, now) {
            return;
        }
        let known = |slot: &Number| self.view.routes.get(route)?.numbers.get(slot)?.expected.clone();
        let (mut news, mut doubts) = (Vec::new(), 0);
        for reading in readings {
            let (slot, shows) = (reading.number.clone(), reading.value());
            let before = self.looks.doubted.remove(&slot);
            match known(&slot) {
                Some(known) if known == shows => {}
                Some(_) if before.as_ref() != Some(&shows) => {
                    self.looks.doubted.insert(slot, shows);
                    doubts += 1;
                }
                Some(_) | None => news.push(reading),
            }
        }
        if doubts > 0 {
            self.looks.round(route, now).soon(now);
        }
        if !news.is_empty() {
            self.lead_fact(Fact::SlotsRead { route: route.clone(), readings: news });
        }
    }

    /// A person's wish becomes a run. Nothing else opens one, and nothing that callers wait for waits for it.
    pub(super) fn open_preparation(&mut self, route: &RouteId) {
        let wish = self.view.routes.get(route).and_then(|state| state.preparation.clone());
        let Some(Preparation { because, who, .. }) = wish else { return };
        let opening = |fact: &Fact| opens(fact, route).is_some_and(Plan::prepares);
        if !self.standing.before.is_empty() || self.outbox.any(opening) == Answered::Pending {
            return;
        }
        // What cannot be opened is forgotten by the view after a while; whoever asked was told why it could be.
        if let Ok(plan) = self.preparation_plan(route) {
            let (basis, cause) = (self.view.index, Cause::Person { who, because });
            self.lead_fact(Fact::RunOpened { basis, plan, cause, home: Home::Elsewhere });
        }
    }

    /// The fact that a person's `play prepare` becomes.
    pub(super) fn preparation(
        &self,
        args: &BTreeMap<String, String>,
        (because, who): (String, Who),
    ) -> Result<Fact, Box<Answer>> {
        let route = self.route_to_prepare(args)?;
        self.preparation_plan(&route).map_err(|(why, hint)| refused(&why, &hint))?;
        Ok(Fact::PreparationOrdered { route, because, who })
    }

    /// What `plan prepare` shows. Guards and budget are automation's, and have nothing to do with it.
    pub(super) fn preparation_report(&self, args: &BTreeMap<String, String>) -> Result<Answer, Box<Answer>> {
        let route = self.route_to_prepare(args)?;
        let plan = self.preparation_plan(&route).map_err(|(why, hint)| refused(&why, &hint))?;
        let mut words: Vec<String> =
            playbooks::words::Words(&plan).to_string().lines().map(str::to_owned).collect();
        words.extend(self.strangers(&plan));
        words.extend(self.left_over(&plan));
        Ok(Answer::Plan(Box::new(PlanReport { words, plan, guards: Vec::new(), budget: (0, 0) })))
    }

    /// The slots that differ as well, and find no room in one run.
    fn left_over(&self, plan: &Plan) -> Option<String> {
        let planned: usize = plan.steps.iter().map(|step| step.ensure.targets().len()).sum();
        let all = self.differing(&plan.route).count();
        (all > planned).then(|| {
            format!(
                "{} more slots differ: one run prepares {SLOTS_MAX}; play it again for them",
                all - planned
            )
        })
    }

    /// Each slot of a route that does not show what the policy says, as it was read last, with what it shall show.
    fn differing(&self, route: &RouteId) -> impl Iterator<Item = Pointing> {
        let state = self.view.routes.get(route);
        let behind = self.rules.as_ref().and_then(|rules| rules.route(route)).map(|rules| &rules.behind);
        let pointing = move |(slot, to): (&Number, &Destination)| {
            let from =
                state.and_then(|state| state.numbers.get(slot)).and_then(|known| known.expected.clone());
            Pointing { number: slot.clone(), from, to: to.clone() }
        };
        behind.into_iter().flatten().map(pointing).filter(|slot| slot.from.as_ref() != Some(&slot.to))
    }

    /// The slots of a plan that show what nobody wrote from here.
    fn strangers(&self, plan: &Plan) -> Vec<String> {
        let state = self.view.routes.get(&plan.route);
        let foreign = |slot: &&Pointing| {
            let known = state.and_then(|state| state.numbers.get(&slot.number));
            let ours = |shown| known.is_some_and(|known| known.wanted.as_ref() == Some(shown));
            slot.from.as_ref().is_some_and(|shown| !shown.is_empty() && !ours(shown))
        };
        let slots: Vec<&Pointing> =
            plan.steps.iter().flat_map(|step| step.ensure.targets()).filter(foreign).collect();
        let say = |slot: &&Pointing| {
            let (slot, number) = (slot.number.slot(), slot.number.line());
            format!("somebody else wrote slot {slot} of {number}: it is overwritten because you ask")
        };
        let more = slots.len().saturating_sub(NAMED);
        let more = (more > 0).then(|| format!("so did they with {more} more slots"));
        slots.iter().take(NAMED).map(say).chain(more).collect()
    }

    /// The route that is named, or the only one that has something behind.
    fn route_to_prepare(&self, args: &BTreeMap<String, String>) -> Result<RouteId, Box<Answer>> {
        let rules = self.rules.iter().flat_map(|rules| &rules.routes);
        let able: Vec<RouteId> =
            rules.filter(|rules| !rules.behind.is_empty()).map(|rules| rules.route.clone()).collect();
        let typed = |route: &RouteId| format!("`pointsman plan {PREPARE} route={route}`");
        let how = match able.as_slice() {
            [] => "`behind: [\"441134960999\"]` in a route of the policy".to_owned(),
            able => able.iter().map(typed).collect::<Vec<_>>().join(" or "),
        };
        if let Some(other) = args.keys().find(|key| *key != "route") {
            return Err(refused(&format!("`{PREPARE}` takes a route and no `{other}`"), &how));
        }
        match (args.get("route").map(|name| RouteId::new(name.clone())), able.as_slice()) {
            (Some(route), able) if able.contains(&route) => Ok(route),
            (Some(route), _) if !self.all_moved().contains(&route) => Err(self.no_route(&route)),
            (Some(route), _) => Err(refused(&format!("the policy puts nothing behind {route}"), &how)),
            (None, [only]) => Ok(only.clone()),
            (None, []) => Err(refused("the policy puts nothing behind any route", &how)),
            (None, [..]) => Err(refused("several routes have something behind", &how)),
        }
    }

    /// The plan, or why there is none and what can be typed. A slot that nobody has read is not written over.
    fn preparation_plan(&self, route: &RouteId) -> Result<Plan, (String, String)> {
        let looks = || format!("`pointsman why {route}`");
        let no = |why: String| (why, looks());
        let rules = self.rules.as_ref().and_then(|rules| rules.route(route));
        let rules = rules.ok_or_else(|| no(format!("the policy has no route `{route}`")))?;
        if let Some(run) = self.view.preparing(route) {
            let show = format!("`pointsman runs show {}`", run.0);
            return Err((format!("{run} prepares {route} already"), show));
        }
        if self.view.schema() < SINCE {
            let why = "not every site runs a version that knows of slots 2 and 3";
            return Err((why.to_owned(), "install the same version everywhere".to_owned()));
        }
        let state = self.view.routes.get(route);
        let shown = |slot: &Number| state?.numbers.get(slot)?.expected.clone();
        if let Some(slot) = rules.behind.keys().find(|slot| shown(slot).is_none()) {
            let why = format!("nobody has read slot {} of {} yet", slot.slot(), slot.line());
            return Err((
                why,
                "try again in a minute; `pointsman status` says if the carrier is mute".to_owned(),
            ));
        }
        let slots: Vec<Pointing> = self.differing(route).take(SLOTS_MAX).collect();
        if slots.is_empty() {
            let why = "slots 2 and 3 show what the policy says, as they were read last";
            return Err(no(format!("nothing to prepare for {route}: {why}")));
        }
        let first = || self.prefer(route).first().cloned();
        let by = state.and_then(|state| state.rings_in.clone()).or_else(first);
        let by = by.unwrap_or_else(|| self.identity.site.clone());
        Ok(playbooks::prepare(Behind { route: route.clone(), carrier: rules.carrier.clone(), by, slots }))
    }
}

/// Where slots 2 and 3 of a route do not show what the policy says: a word to people, and nothing more.
pub(super) fn words(rules: &Rules, view: &View, route: &RouteId) -> Vec<String> {
    let (Some(rules), Some(state)) = (rules.route(route), view.routes.get(route)) else { return Vec::new() };
    if let Some(run) = view.preparing(route) {
        return vec![format!("{run} prepares slots 2 and 3 of {route}")];
    }
    let shown = |slot: &Number| state.numbers.get(slot).and_then(|slot| slot.expected.as_ref());
    let differ: Vec<(&Number, &Destination, &Destination)> =
        rules.behind.iter().filter_map(|(slot, to)| Some((slot, shown(slot)?, to))).collect();
    let differ: Vec<_> = differ.into_iter().filter(|(_, shows, to)| shows != to).collect();
    let left = state.numbers.iter().filter(|(number, slot)| {
        let ours = slot.wanted.is_some() && slot.wanted == slot.expected;
        number.is_behind() && ours && !rules.behind.contains_key(*number)
    });
    let left: Vec<&Number> = left.map(|(number, _)| number).collect();
    let mut words = Vec::new();
    if let Some((slot, shows, to)) = differ.first() {
        let shows = if shows.is_empty() { "nothing" } else { shows.as_str() };
        let (number, slot, more) = (slot.line(), slot.slot(), more(differ.len(), "differs", "differ"));
        let how = format!("`pointsman plan {PREPARE} route={route}`");
        words.push(format!("slot {slot} of {number} shows {shows}, and the policy says {to}{more}; {how}"));
    }
    if let Some(slot) = left.first() {
        let (number, slot, more) = (slot.line(), slot.slot(), more(left.len(), "is so", "are so"));
        words.push(format!(
            "slot {slot} of {number} shows what the policy named once{more}: only the carrier's staff can empty it"
        ));
    }
    words
}

/// The others, counted.
fn more(all: usize, does: &str, do_so: &str) -> String {
    match all.saturating_sub(1) {
        0 => String::new(),
        1 => format!("; 1 more slot {does}"),
        more => format!("; {more} more slots {do_so}"),
    }
}
