//! The leader's part of a run: call an executor, quote its ask in the intent, and see the run to its end.

use super::Node;
use super::outbox::Answered;
use super::patience::passed;
use crate::event::{CallKey, Output};
use crate::frame::{Body, Call};
use playbooks::run::{Advance, Footing, Ground, Start, advance};
use policies::tally::Verdict;
use state::fact::{Attempt, Fact};
use state::plan::{At, Ensure};
use state::run::{Direction, Run, Word};
use state::{Boot, CarrierId, Index, Mono, Nonce, Now, RunId, SiteId};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long a called executor may take to ask, before another one is called.
const CALL_PATIENCE: Duration = Duration::from_secs(5);
/// How long to wait after a call that could not be answered.
const CALL_BACKOFF: Duration = Duration::from_millis(500);
/// After so many calls in vain the pause doubles, at most so often: up to 4 s, less than a carrier could resent.
const ROUND: u32 = 4;
const DOUBLED: u32 = 3;
/// A site that could not prepare so often in a row is not the first to be called.
const SHAKY: u32 = 2;
/// An executor that was not heard for this long is taken for lost: reading decides, and reading is free.
pub(super) const LOST: Duration = Duration::from_millis(2500);

/// What the leader remembers about its calls; a new leader simply calls again.
#[derive(Debug, Default)]
pub struct Calls {
    open: BTreeMap<RunId, Called>,
    /// Who could not, for the attempt in question.
    unready: BTreeMap<CallKey, Unready>,
    /// How often in a row each site could not prepare at a carrier.
    failures: BTreeMap<SiteId, u32>,
}

#[derive(Debug)]
struct Called {
    call: Call,
    executor: SiteId,
    at: Mono,
}

#[derive(Debug, Default)]
struct Unready {
    sites: BTreeSet<SiteId>,
    times: u32,
    again: Mono,
    why: String,
}

impl Calls {
    /// Why the attempt of a run still waits, in the words of the executor that could not.
    pub fn waits_for(&self, run: RunId) -> Option<&str> {
        self.unready.iter().rev().find(|(key, _)| key.0 == run).map(|(_, unready)| unready.why.as_str())
    }

    fn is_empty(&self) -> bool {
        self.open.is_empty() && self.unready.is_empty()
    }

    fn forget(&mut self, live: &BTreeSet<RunId>) {
        self.open.retain(|run, _| live.contains(run));
        self.unready.retain(|key, _| live.contains(&key.0));
    }
}

impl Node {
    /// Moves every open run as far as it can go now.
    pub(super) fn conduct(&mut self, now: Now, out: &mut Output) {
        let runs: Vec<Run> = self.view.open_runs().cloned().collect();
        if runs.is_empty() && self.calls.is_empty() {
            return;
        }
        self.calls.forget(&runs.iter().map(|run| run.id).collect());
        for run in &runs {
            if self.outbox.any(|fact| concerns(fact, run)) == Answered::Pending {
                continue;
            }
            let ready = self.ready(run, now.mono);
            match advance(run, now.stamp, &self.ground(run, &ready, now)) {
                Advance::Rest { .. } => {}
                Advance::Pass { step, how, why } => self.lead_fact(passed(run.id, step, (how, why))),
                Advance::Start(start) => match self.no_start(run, &start, now) {
                    Some(end) => self.lead_fact(end),
                    None => self.call(run, start, now, out),
                },
                Advance::Await { fence, executor, lapses_at, .. } => {
                    self.await_report((fence, &executor), lapses_at, now);
                }
                Advance::Read { fence, numbers, .. } => self.read_after(run, (fence, numbers), now, out),
                Advance::See { step, fence, until } if now.stamp < until => {
                    self.see(run, (step, fence), now.mono, out);
                }
                Advance::See { fence, .. } => self.lead_fact(Fact::AttemptLapsed { fence }),
                Advance::Turn { why } => self.lead_fact(Fact::RunTurned { run: run.id, why }),
                Advance::End { word, why } => {
                    let waits = self.calls.waits_for(run.id).filter(|_| !run.begun());
                    let why = waits.map_or(why.clone(), |waits| format!("{why}: {waits}"));
                    let left = self.left_behind(&run.plan).filter(|_| word == Word::Done);
                    let why = left.map_or(why.clone(), |left| format!("{why}; {left}"));
                    self.lead_fact(Fact::RunEnded { run: run.id, word, why });
                }
                Advance::Over => {}
            }
        }
    }

    /// What takes the place of an attempt, where none should be made.
    fn no_start(&self, run: &Run, start: &Start, now: Now) -> Option<Fact> {
        let lever = run.plan.route.is_lever();
        let end = if lever { self.overtaken(run, now) } else { self.dead_end(run, start, now) };
        end.or_else(|| self.pass_over(run, start, now))
    }

    fn ground<'v>(&'v self, run: &Run, ready: &'v BTreeMap<SiteId, Duration>, now: Now) -> Ground<'v> {
        // A lever takes nobody anywhere, so its way back leads to no dead place.
        let back = |site: &SiteId| run.plan.route.is_lever() || self.is_candidate(&run.plan.route, site, now);
        let able = run.plan.from.as_ref().is_some_and(back);
        let from = if able { Footing::Candidate } else { Footing::Dead };
        let rate_per_second = self.rate(&run.plan.route);
        Ground { view: &self.view, from, rate_per_second, leaderless: self.leaderless_within(run), ready }
    }

    /// No automatic attempt goes to a site that died after the run was opened: callers would follow it. If nothing
    /// was moved yet the run has done nothing, and the next choice is decided anew; else a person must look.
    fn dead_end(&self, run: &Run, start: &Start, now: Now) -> Option<Fact> {
        let site = self.dead_target(run, (start.step, start.direction), now)?;
        let moved = run.steps.iter().any(|step| !step.moved.is_empty());
        let open = self.view.attempts.values().any(|a| a.run == run.id && !a.open.is_empty());
        let (word, what) = if moved || open {
            (Word::Stuck, "some numbers may point at it")
        } else {
            (Word::Undone, "nothing was moved")
        };
        Some(Fact::RunEnded { run: run.id, word, why: format!("{site} went down meanwhile; {what}") })
    }

    /// The site that is down by now and to which a step would send callers by itself.
    fn dead_target<'r>(
        &self,
        run: &'r Run,
        (step, direction): (usize, Direction),
        now: Now,
    ) -> Option<&'r SiteId> {
        let Some(Ensure::RoutePointsAt { site, .. }) = run.ensure(step, direction) else { return None };
        let dead = run.automatic() && self.verdict_at(&run.plan.route, site, now) == Verdict::Down;
        dead.then_some(site)
    }

    /// Calls an executor for the next attempt, as soon as nothing of an earlier one can still be under way.
    fn call(&mut self, run: &Run, start: Start, now: Now, out: &mut Output) {
        if start.not_before > now.stamp || self.receipts.pending_attempt() || self.gives_way(run) {
            return;
        }
        let Some(ensure) = run.ensure(start.step, start.direction) else { return };
        let (carrier, numbers) = match ensure {
            Ensure::RoutePointsAt { carrier, .. } | Ensure::BehindPrepared { carrier, .. } => {
                let size = self.batch(carrier);
                (Some(carrier.clone()), start.numbers_left.iter().take(size).cloned().collect())
            }
            Ensure::Notify { .. } | Ensure::Exec { .. } | Ensure::Http(_) => (None, Vec::new()),
            Ensure::Waited { .. } | Ensure::SiteReady { .. } => return,
        };
        if self.receipts.free_at(&numbers, &self.view, now.mono) > now.mono {
            return;
        }
        let step = u16::try_from(start.step).unwrap_or(u16::MAX);
        let mut call = Call { run: run.id, step, direction: start.direction, n: start.n, numbers, carrier };
        self.calls.give_up_on_mute(now.mono);
        if self.calls.patient(&call, now.mono) {
            return;
        }
        let Some(executor) = self.executor(run, &call, now) else { return };
        if let Some(planned) = run.plan.steps.get(start.step).filter(|_| call.carrier.is_none()) {
            call.numbers = ensure.written_by(&executor, &planned.at);
            if self.receipts.free_at(&call.numbers, &self.view, now.mono) > now.mono {
                return;
            }
        }
        let called = Called { call: call.clone(), executor: executor.clone(), at: now.mono };
        self.calls.open.insert(run.id, called);
        self.say(&executor, Body::Prepare(call), out);
    }

    /// Callers first: what stands behind is not written while a run goes on for which somebody may wait.
    fn gives_way(&self, run: &Run) -> bool {
        run.plan.prepares() && self.view.open_runs().any(|other| !other.plan.prepares())
    }

    /// The destination, else the leader, else the first in `prefer` order that is able and says that it reaches the
    /// carrier; another one each time.
    fn executor(&mut self, run: &Run, call: &Call, now: Now) -> Option<SiteId> {
        let planned = run.plan.steps.get(usize::from(call.step))?;
        let here = self.identity.site.clone();
        let sites: Vec<SiteId> = match &planned.at {
            At::Leader => vec![here],
            At::Site(site) | At::Reachable(site) => vec![site.clone()],
            At::Executor => self.executors(run, here),
        };
        let failed = self.calls.unready.get(&call.key());
        let tried = |site: &SiteId| failed.is_some_and(|unready| unready.sites.contains(site));
        let able = |site: &SiteId| self.able(site, call.carrier.as_ref(), now);
        let able: Vec<SiteId> = sites.into_iter().filter(able).collect();
        let able = match &call.carrier {
            Some(carrier) => self.who_reach(carrier, able, now),
            None => able,
        };
        // Whoever failed twice in a row is asked after all others, but asked: it may be the only one left.
        let shaky = |site: &SiteId| self.calls.failures.get(site).is_some_and(|times| *times >= SHAKY);
        let fresh = able.iter().min_by_key(|site| (tried(site), shaky(site)));
        let chosen = fresh.cloned();
        if chosen.is_none() {
            let why = match (&call.carrier, &planned.at) {
                (Some(_), _) => "no site that is heard has the carrier's secret".to_owned(),
                (None, At::Site(site) | At::Reachable(site)) => format!("{site} is not heard"),
                (None, At::Executor | At::Leader) => "no site is heard that could do it".to_owned(),
            };
            self.calls.unready.entry(call.key()).or_default().why = why;
        }
        chosen
    }

    pub(super) fn executors(&self, run: &Run, here: SiteId) -> Vec<SiteId> {
        let to = run.plan.to.site();
        // Who goes from one of its doors to another is not left.
        let left = run.plan.from.as_ref().map(SiteId::site).filter(|from| *from != to);
        let mut order = vec![to, here];
        order.extend(self.prefer(&run.plan.route).iter().map(SiteId::site));
        // Nobody is preferred for a lever: whoever lives can pull it.
        order.extend(self.sites().into_iter().filter(|_| run.plan.route.is_lever()));
        let mut seen = BTreeSet::new();
        order.retain(|site| Some(site) != left.as_ref() && seen.insert(site.clone()));
        order
    }

    /// A site that is heard, rules by the same policy, and holds the secret if one is needed.
    pub(super) fn able(&self, site: &SiteId, carrier: Option<&CarrierId>, now: Now) -> bool {
        let here = *site == self.identity.site;
        let secrets = if here { Some(&self.secrets) } else { self.peers.secrets(site) };
        let trusted = carrier.is_none_or(|carrier| secrets.is_some_and(|held| held.contains(carrier)));
        let digest = self.rules.as_ref().map(|rules| rules.digest.as_str());
        let current = here || self.peers.policy(site) == digest;
        let heard = here || self.peers.heard_within(site, LOST, now.mono);
        trusted && current && heard && !self.view.silent.contains_key(site)
    }

    /// An executor cannot: the run waits with that reason, and another one is called.
    pub(super) fn unready(&mut self, from: &SiteId, call: &Call, (why, now): (String, Now)) {
        let asked = self.calls.open.get(&call.run).is_some_and(|c| c.call == *call && c.executor == *from);
        if !asked {
            return;
        }
        self.calls.failed(call, from, (why, now.mono));
    }

    /// The ask of the executor that was called becomes the intent; its commit is the go.
    pub(super) fn asked(&mut self, from: &SiteId, call: &Call, ask: (Boot, Nonce), now: Now) {
        let Some(called) = self.calls.open.get(&call.run) else { return };
        let free = self.receipts.free_at(&call.numbers, &self.view, now.mono) <= now.mono;
        if called.call != *call || called.executor != *from || !free || !self.leads() {
            return;
        }
        let run = self.view.runs.get(&call.run);
        let to = (usize::from(call.step), call.direction);
        // It may have died since it was called: the next look at the run ends it.
        if run.is_some_and(|run| self.dead_target(run, to, now).is_some()) {
            return;
        }
        let (boot, nonce) = ask;
        self.calls.open.remove(&call.run);
        self.calls.failures.remove(from);
        self.lead_fact(Fact::StepStarted(Attempt {
            run: call.run,
            step: call.step,
            direction: call.direction,
            n: call.n,
            executor: from.clone(),
            boot,
            nonce,
            numbers: call.numbers.clone(),
            basis: self.view.index,
            seen: self.standing.last.max(self.view.index),
        }));
    }
}

impl Calls {
    /// A site could not, or did not answer: another one is called next, and this one again when all have failed.
    fn failed(&mut self, call: &Call, site: &SiteId, (why, now): (String, Mono)) {
        self.open.remove(&call.run);
        if call.carrier.is_some() {
            *self.failures.entry(site.clone()).or_default() += 1;
        }
        let unready = self.unready.entry(call.key()).or_default();
        if !unready.sites.insert(site.clone()) {
            unready.sites = BTreeSet::from([site.clone()]);
        }
        unready.again = now + CALL_BACKOFF * 2_u32.pow((unready.times / ROUND).min(DOUBLED));
        unready.times += 1;
        unready.why = format!("{site}: {why}");
    }

    /// A site that was called and says nothing for too long has failed like one that says why.
    fn give_up_on_mute(&mut self, now: Mono) {
        let mute = self.open.values().filter(|called| now.since(called.at) >= CALL_PATIENCE);
        let mute: Vec<(Call, SiteId)> = mute.map(|c| (c.call.clone(), c.executor.clone())).collect();
        for (call, site) in mute {
            self.failed(&call, &site, ("it was called and did not answer".to_owned(), now));
        }
    }

    /// Whether to wait: the call is out, or the next one is not due.
    fn patient(&self, call: &Call, now: Mono) -> bool {
        let out = self.open.get(&call.run);
        // What an attempt writes that is no number is known only with its executor.
        let same = |c: &Call| c.key() == call.key() && (call.carrier.is_none() || c.numbers == call.numbers);
        let waiting = out.is_some_and(|c| same(&c.call));
        waiting || self.unready.get(&call.key()).is_some_and(|unready| unready.again > now)
    }
}

/// Whether a fact is about this run, so that nothing else is proposed for it until it is agreed.
fn concerns(fact: &Fact, run: &Run) -> bool {
    let fence = |of: &Index| run.step_of(*of).is_some();
    match fact {
        Fact::StepStarted(attempt) => attempt.run == run.id,
        Fact::StepEnded { fence: of, .. }
        | Fact::StepEndedLate { fence: of, .. }
        | Fact::StepLost { fence: of, .. }
        | Fact::AttemptLapsed { fence: of }
        | Fact::StepRead { fence: of, .. }
        | Fact::StepSeen { fence: of, .. } => fence(of),
        Fact::RunTurned { run: of, .. }
        | Fact::RunEnded { run: of, .. }
        | Fact::StepPassed { run: of, .. } => *of == run.id,
        Fact::PolicyAgreed { .. }
        | Fact::PolicyEdited { .. }
        | Fact::SchemaRaised { .. }
        | Fact::BallotsCast { .. }
        | Fact::SiteSilent { .. }
        | Fact::IncidentOpened { .. }
        | Fact::IncidentPassed { .. }
        | Fact::IncidentAcked { .. }
        | Fact::RunOpened { .. }
        | Fact::RouteAdopted { .. }
        | Fact::ModeSet { .. }
        | Fact::Held { .. }
        | Fact::Resumed { .. }
        | Fact::Claimed { .. }
        | Fact::Played { .. }
        | Fact::FlappingSeen { .. }
        | Fact::HandedOver { .. }
        | Fact::TakenBack { .. }
        | Fact::Leaderless { .. }
        | Fact::Escalated { .. }
        | Fact::ClaimedAlone { .. } => false,
        Fact::Born { .. }
        | Fact::Readmitted { .. }
        | Fact::VotesChanging { .. }
        | Fact::VotesChanged { .. }
        | Fact::VotesGiven { .. }
        | Fact::BundleRevoked { .. }
        | Fact::BundleTrusted { .. }
        | Fact::PreparationOrdered { .. }
        | Fact::SlotsRead { .. } => false,
    }
}
