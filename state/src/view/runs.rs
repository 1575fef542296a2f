//! The fold of runs: opened, stepped, undone and ended; every refusal that stands between a wish and an effect.

use super::{Notice, OpenAttempt, Refusal, View};
use crate::fact::{Attempt, Fact, Home, Was};
use crate::ids::{Index, Number, RouteId, RunId};
use crate::incident::{IncidentEvent, IncidentState, Way};
use crate::plan::{Deed, Ensure, Pointing};
use crate::route::{Brought, Latch, REMEMBERED};
use crate::run::{Cause, Direction, Run, StepEvent, StepState, Word};
use std::collections::BTreeSet;

impl View {
    pub(super) fn run_opened(&mut self, index: Index, fact: &Fact) -> Result<(), Refusal> {
        let Fact::RunOpened { basis, plan, cause, home } = fact else { return Ok(()) };
        let stamp = self.stamp;
        let id = RunId(index.0);
        let run = Run::open(id, plan.clone(), cause.clone(), stamp);
        if plan.prepares() {
            return self.preparation_opened(run, *basis);
        }
        // Nothing but a preparation writes behind slot 1, whatever its end state is called.
        if plan.ends().flat_map(Ensure::targets).any(|slot| slot.number.is_behind()) {
            return Err(Refusal::Unordered(plan.route.clone()));
        }
        if let Some(busy) = self.routes.get(&plan.route).and_then(|route| route.run) {
            return Err(Refusal::Busy(busy));
        }
        let automatic = run.automatic();
        if automatic {
            self.unguarded(&plan.route, *basis)?;
            self.audible(&run, *basis)?;
        } else {
            self.unclaimed(&plan.route, *basis)?;
        }
        if let Cause::Repair { late, .. } = cause {
            return self.repair_opened(run, (late, *basis));
        }
        let route = self.route(&plan.route);
        route.run = Some(id);
        if automatic {
            route.switches.push(stamp);
            route.switches.retain(|at| stamp.since(*at) < REMEMBERED);
        } else {
            route.claim = None;
        }
        self.runs.insert(id, run);
        let way = if *home == Home::Home { Way::Home } else { Way::Away };
        let Some(incident) = self.route(&plan.route).incident else {
            let begun = match way {
                Way::Away => IncidentState::Switching { run: id },
                Way::Home => IncidentState::Returning { run: id },
            };
            // Whoever is told that a person moved it must not read that a site is down.
            let failed = plan.from.clone().filter(|_| automatic);
            self.begin(index, (&plan.route, failed, begun));
            return Ok(());
        };
        self.incident_next(incident, IncidentEvent::RunOpened { run: id, way })
    }

    /// Nothing that could forbid an automatic action was agreed after it was decided.
    fn unguarded(&self, route: &RouteId, basis: Index) -> Result<(), Refusal> {
        let at = self.guard_of(route);
        if at > basis {
            return Err(Refusal::Guarded { what: "mode, hold, claim or policy", at });
        }
        Ok(())
    }

    /// A person's run must be the one of the newest claim, or it would eat a claim that nobody has heard of.
    fn unclaimed(&self, route: &RouteId, basis: Index) -> Result<(), Refusal> {
        let claim = self.routes.get(route).and_then(|route| route.claim.as_ref());
        match claim.filter(|claim| claim.index > basis) {
            Some(claim) => Err(Refusal::Guarded { what: "claim", at: claim.index }),
            None => Ok(()),
        }
    }

    /// The site where callers are sent is heard; a lever sends nobody anywhere, and is pulled when its site is dead.
    fn audible(&self, run: &Run, basis: Index) -> Result<(), Refusal> {
        if run.plan.route.is_lever() {
            return Ok(());
        }
        let site = run.plan.to.site();
        match self.silent.get(&site) {
            Some(at) if *at > basis => Err(Refusal::Silent(site)),
            Some(_) | None => Ok(()),
        }
    }

    pub(super) fn step_started(&mut self, index: Index, attempt: &Attempt) -> Result<(), Refusal> {
        let step = usize::from(attempt.step);
        let run = self.runs.get(&attempt.run).filter(|run| run.end.is_none());
        let run = run.ok_or(Refusal::NoRun(attempt.run))?;
        if run.automatic() {
            self.unguarded(&run.plan.route, attempt.basis)?;
            self.audible(run, attempt.basis)?;
        }
        if let Some(who) = &run.cut {
            return Err(Refusal::Touched { what: format!("{} by {who}", run.id), at: run.touched });
        }
        if run.touched > attempt.seen {
            return Err(Refusal::Touched { what: run.id.to_string(), at: run.touched });
        }
        let used = |a: &OpenAttempt| a.boot == attempt.boot && a.nonce == attempt.nonce;
        if self.attempts.values().any(used) {
            return Err(Refusal::Answered);
        }
        let pointings = pointings(run, attempt)?;
        self.numbers_untouched(&run.plan.route, &pointings, attempt.seen)?;
        self.step_event(
            attempt.run,
            step,
            match attempt.direction {
                Direction::Do => StepEvent::StepStarted { fence: index, executor: attempt.executor.clone() },
                Direction::Undo => StepEvent::UndoStarted { fence: index },
            },
        )?;
        self.want(index, attempt, pointings);
        Ok(())
    }

    pub(super) fn step_ended(&mut self, index: Index, fact: &Fact) -> Result<(), Refusal> {
        let (Fact::StepEnded { fence, boot, was, outcomes, note }
        | Fact::StepEndedLate { fence, boot, was, outcomes, note, .. }) = fact
        else {
            return Ok(());
        };
        // Another life of its site says nothing about an attempt, whether it is in flight or superseded.
        self.close(*fence, *boot, outcomes).map_err(|()| Refusal::NoAttempt(*fence))?;
        let found = self.open_runs().find_map(|run| Some((run.id, run.step_of(*fence)?)));
        let Some((id, step)) = found else { return Ok(()) };
        if self.read_first(id, step, *was) {
            return Ok(());
        }
        let pointed = self.pointed(id, step);
        let right = outcomes.iter().filter(|o| pointed && o.was == Was::Right);
        let moved = right.map(|o| o.number.clone()).collect();
        self.verified(index, id, outcomes);
        if let Some(run) = self.runs.get_mut(&id) {
            run.touched = index;
            run.steps[step].note.clone_from(note);
        }
        match was {
            Was::Right => self.step_right(id, step, moved),
            Was::Wrong => {
                self.step_moved(id, step, moved);
                self.step_wrong(id, step, StepEvent::StepFailed)
            }
            // Before every site knew how to look, the next attempt began by looking.
            Was::Unknown if !pointed && !self.looks_at_deeds() => {
                self.step_wrong(id, step, StepEvent::StepFailed)
            }
            Was::Unknown => {
                self.step_moved(id, step, moved);
                self.step_wrong(id, step, StepEvent::StepUnknown)
            }
        }
    }

    /// Whether a step points numbers, the way it goes now.
    fn pointed(&self, id: RunId, step: usize) -> bool {
        let ensure = self.runs.get(&id).and_then(|run| run.ensure(step, run.direction(step)));
        ensure.is_some_and(|ensure| ensure.deed() == Deed::Points)
    }

    /// Whether the step waits for a reading already and this report knows no more.
    fn read_first(&self, id: RunId, step: usize, was: Was) -> bool {
        let state = self.runs.get(&id).and_then(|run| run.steps.get(step)).map(|step| &step.state);
        was == Was::Unknown && matches!(state, Some(StepState::Reading { .. }))
    }

    pub(super) fn step_moved(&mut self, id: RunId, step: usize, moved: BTreeSet<Number>) {
        if let Some(run) = self.runs.get_mut(&id) {
            run.steps[step].moved.extend(moved);
        }
    }

    /// A batch is right: the step is done when it was the last one.
    pub(super) fn step_right(
        &mut self,
        id: RunId,
        step: usize,
        moved: BTreeSet<Number>,
    ) -> Result<(), Refusal> {
        self.step_moved(id, step, moved);
        let run = self.runs.get(&id).ok_or(Refusal::NoRun(id))?;
        let direction = run.direction(step);
        let wanted = run.ensure(step, direction).cloned();
        let complete = wanted
            .as_ref()
            .is_none_or(|ensure| ensure.targets().iter().all(|t| run.steps[step].moved.contains(&t.number)));
        let event = match (complete, direction) {
            (false, _) => StepEvent::BatchSucceeded,
            (true, Direction::Do) => StepEvent::StepSucceeded,
            (true, Direction::Undo) => StepEvent::UndoSucceeded,
        };
        self.step_event(id, step, event)?;
        match wanted {
            Some(ensure) if complete => self.ensured(id, &ensure, direction),
            Some(_) | None => {}
        }
        Ok(())
    }

    /// Every number of the end state is verified.
    fn ensured(&mut self, id: RunId, ensure: &Ensure, direction: Direction) {
        let stamp = self.stamp;
        let Some(run) = self.runs.get(&id) else { return };
        match ensure {
            Ensure::RoutePointsAt { site, .. } => {
                let by = if run.automatic() { Brought::ByAutomation } else { Brought::ByPerson };
                let route = run.plan.route.clone();
                self.route(&route).arrive(site, (by, direction), stamp);
            }
            // What stands behind is nowhere that calls ring.
            Ensure::BehindPrepared { .. } => {}
            Ensure::Exec { .. } | Ensure::Http(_) | Ensure::Waited { .. } | Ensure::SiteReady { .. } => {}
            Ensure::Notify { text } => {
                self.notices.push(Notice { at: stamp, run: Some(id), text: text.clone() });
            }
        }
    }

    pub(super) fn step_wrong(&mut self, id: RunId, step: usize, event: StepEvent) -> Result<(), Refusal> {
        let direction = self.runs.get(&id).map(|run| run.direction(step));
        let event = match direction {
            Some(Direction::Undo) => StepEvent::UndoFailed,
            Some(Direction::Do) | None => event,
        };
        self.step_event(id, step, event)
    }

    /// The run turns back: every step that was started is undone, except where nothing is to undo.
    pub(super) fn run_turned(&mut self, index: Index, id: RunId, why: &str) -> Result<(), Refusal> {
        let run = self.runs.get_mut(&id).filter(|run| run.end.is_none()).ok_or(Refusal::NoRun(id))?;
        run.touched = index;
        for step in 0..run.steps.len() {
            let undoable = run.ensure(step, Direction::Undo).is_some();
            let started = !run.steps[step].state.untouched();
            if started && undoable {
                let state = run.steps[step].state.clone();
                if let Ok(next) = state.next(StepEvent::UndoCalled, u8::MAX, self.stamp) {
                    run.steps[step].state = next;
                    run.steps[step].moved.clear();
                    run.steps[step].note = Some(why.to_owned());
                }
            }
        }
        Ok(())
    }

    pub(super) fn run_ended(
        &mut self,
        index: Index,
        id: RunId,
        (word, why): (Word, &str),
    ) -> Result<(), Refusal> {
        let stamp = self.stamp;
        let run = self.runs.get_mut(&id).filter(|run| run.end.is_none()).ok_or(Refusal::NoRun(id))?;
        run.end = Some(crate::run::End { word, why: why.to_owned(), at: stamp });
        run.touched = index;
        if run.plan.prepares() {
            self.preparation_ended(id, (word, why));
            return Ok(());
        }
        let (route, to) = (run.plan.route.clone(), run.plan.to.clone());
        let (repairs, looked) = (run.repairs(), run.only_looked());
        if repairs {
            self.repair_ended(id);
        }
        let gave_up = self.gave_up(id);
        if gave_up {
            self.unspend(id);
        }
        self.lever_ended(id, word);
        // A lever that nobody has touched yet may be pulled at once.
        let idle = route.is_lever() && !self.runs.get(&id).is_some_and(Run::begun);
        let state = self.route(&route);
        state.run = None;
        if word != Word::Done && !repairs && !gave_up && !looked && !idle {
            state.spurned.insert(to, stamp);
        }
        if word == Word::Stuck {
            let because = format!("{id} got stuck: {why}");
            state.latch = Some(Latch { since: stamp, because, hindrance: crate::handover::Hindrance::Stuck });
            state.guard = index;
        }
        let event = match word {
            Word::Done | Word::DoneUnverified => IncidentEvent::RunDone,
            Word::Undone => IncidentEvent::RunUndone,
            Word::Stuck => IncidentEvent::RunStuck,
        };
        match self.route(&route).incident.filter(|_| !repairs) {
            Some(incident) => self.incident_next(incident, event),
            None => Ok(()),
        }
    }

    pub(super) fn step_event(&mut self, id: RunId, step: usize, event: StepEvent) -> Result<(), Refusal> {
        let stamp = self.stamp;
        let number = u16::try_from(step).unwrap_or(u16::MAX);
        let refused = Refusal::NotWaiting { run: id, step: number };
        let run = self.runs.get_mut(&id).ok_or(Refusal::NoRun(id))?;
        let attempts = run.plan.steps.get(step).map_or(1, |planned| planned.attempts);
        let Some(slot) = run.steps.get_mut(step) else { return Err(refused) };
        slot.state = slot.state.clone().next(event, attempts, stamp).map_err(|_| refused)?;
        run.stirred = stamp;
        Ok(())
    }
}

/// What an attempt writes: the part of its end state that it names; refused if the step is not ready for it.
fn pointings(run: &Run, attempt: &Attempt) -> Result<Vec<Pointing>, Refusal> {
    let refused = Refusal::NotWaiting { run: run.id, step: attempt.step };
    let step = usize::from(attempt.step);
    let ready = match run.steps.get(step).map(|s| (&s.state, attempt.direction)) {
        Some((StepState::Waiting { n, .. }, Direction::Do)) => *n == attempt.n,
        Some((StepState::Undoing { n, fence: None, .. }, Direction::Undo)) => *n == attempt.n,
        Some(_) | None => false,
    };
    let Some(ensure) = run.ensure(step, attempt.direction).filter(|_| ready) else { return Err(refused) };
    let targets = ensure.targets().iter().filter(|t| attempt.numbers.contains(&t.number));
    Ok(targets.cloned().collect())
}
