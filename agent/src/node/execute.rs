//! The executor's part: prepare, ask, and act only on the commit of the very intent that was asked for.

use super::Node;
use super::outbox::Bond;
use crate::event::{Effect, Order, Output, Point, Report};
use crate::frame::{Body, Call};
use policies::limits::{CLOSE_BY, SEND_GUARD};
use state::fact::{Attempt, Closure, Fact, Outcome, Was};
use state::plan::{Deed, Ensure, Pointing};
use state::window::{WAIT_OPEN, close_after};
use state::{Destination, Index, Mono, Nonce, Now, Number, SiteId};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long a login may take before the call counts as unanswerable.
const PREPARE: Duration = Duration::from_secs(4);
/// How many calls may be prepared at once: one per route and some that the leader has forgotten.
const ASKS: usize = 16;

/// The asks of this process. They live in memory only: a restarted process runs nothing old.
#[derive(Debug, Default)]
pub struct Asks {
    next: u64,
    open: BTreeMap<Nonce, Ask>,
}

#[derive(Debug)]
struct Ask {
    call: Call,
    leader: SiteId,
    /// When it was asked; `None` while the session is still being prepared.
    asked: Option<Mono>,
    since: Mono,
}

impl Asks {
    /// A nonce that this process has never used.
    pub fn name(&mut self) -> Nonce {
        self.next += 1;
        Nonce(self.next)
    }
}

impl Node {
    /// The leader calls: log in first, ask afterwards, so that the window is short.
    pub(super) fn prepare(&mut self, leader: &SiteId, call: Call, now: Now, out: &mut Output) {
        if let Some(why) = self.unable(leader, &call) {
            self.say(leader, Body::Unready { call, why }, out);
            return;
        }
        self.forget_calls_of(&call, out);
        let nonce = self.asks.name();
        let carrier = call.carrier.clone();
        let run = self.view.runs.get(&call.run);
        let ensure = run.and_then(|run| run.ensure(usize::from(call.step), call.direction)).cloned();
        let ask = Ask { call, leader: leader.clone(), asked: None, since: now.mono };
        self.asks.open.insert(nonce, ask);
        match (carrier, ensure) {
            (Some(carrier), _) => out.act.push(Effect::Prepare { nonce, carrier, until: now.mono + PREPARE }),
            (None, Some(ensure)) if ensure.deed() == Deed::Changes => {
                out.act.push(Effect::Equip { nonce, ensure });
            }
            (None, Some(_) | None) => self.prepared(nonce, now, out),
        }
    }

    /// A repeated call is a new nonce; whatever was asked for the same run before is let go.
    fn forget_calls_of(&mut self, call: &Call, out: &mut Output) {
        let old = self.asks.open.iter().filter(|(_, ask)| ask.call.run == call.run);
        let old: Vec<Nonce> = old.map(|(nonce, _)| *nonce).collect();
        for nonce in old {
            self.asks.open.remove(&nonce);
            out.act.push(Effect::Release { nonce });
        }
    }

    /// Forgets an ask, so that it can never be run; says what it was for.
    pub(super) fn drop_ask(&mut self, nonce: Nonce) -> Option<Call> {
        self.asks.open.remove(&nonce).map(|ask| ask.call)
    }

    fn unable(&self, leader: &SiteId, call: &Call) -> Option<String> {
        if let Some(why) = self.idle() {
            return Some(why.to_owned());
        }
        if self.standing.leader.as_ref() != Some(leader) {
            return Some(format!("{leader} does not lead, as far as is known here"));
        }
        if self.asks.open.len() >= ASKS {
            return Some(format!("{ASKS} calls are being prepared already"));
        }
        let carrier = call.carrier.as_ref()?;
        let held = self.secrets.contains(carrier);
        (!held).then(|| format!("the secret of {carrier} is not here"))
    }

    /// The session stands: the deadline starts, then the ask goes out.
    pub(super) fn prepared(&mut self, nonce: Nonce, now: Now, out: &mut Output) {
        let Some(ask) = self.asks.open.get_mut(&nonce) else {
            out.act.push(Effect::Release { nonce });
            return;
        };
        ask.asked = Some(now.mono);
        let (call, leader) = (ask.call.clone(), ask.leader.clone());
        let boot = self.identity.boot;
        self.say(&leader, Body::Ask { call, boot, nonce }, out);
    }

    /// The session could not be had: no attempt was made.
    pub(super) fn unprepared(&mut self, nonce: Nonce, why: String, out: &mut Output) {
        if let Some(ask) = self.asks.open.remove(&nonce) {
            self.say(&ask.leader, Body::Unready { call: ask.call, why }, out);
        }
    }

    /// An attempt was agreed, and the fold accepted it: the commit is the go.
    pub(super) fn go(&mut self, fence: Index, attempt: &Attempt, now: Now, out: &mut Output) {
        if attempt.executor != self.identity.site || attempt.boot != self.identity.boot {
            return;
        }
        // The nonce is forgotten as the attempt starts, so that it can never start twice.
        let asked = self.asks.open.remove(&attempt.nonce).and_then(|ask| ask.asked);
        // This process has never run this fence, so it may say so; without a word the number would be kept for
        // seconds, and the run would wait for nothing.
        let timely = asked.map(|asked| (asked, asked + CLOSE_BY - SEND_GUARD));
        let Some((asked, send_by)) = timely.filter(|(_, send_by)| now.mono <= *send_by) else {
            out.act.push(Effect::Release { nonce: attempt.nonce });
            let report = not_sent(&attempt.numbers, "the agreement came after the window to send had closed");
            self.report(fence, report);
            return;
        };
        let lines: Vec<Number> = attempt.numbers.iter().map(Number::line).collect();
        if let Some(why) = self.alone.occupies(&lines, now.mono) {
            out.act.push(Effect::Release { nonce: attempt.nonce });
            self.report(fence, not_sent(&attempt.numbers, why));
            return;
        }
        let Some(ensure) = self.wanted(attempt) else { return };
        match ensure {
            Ensure::Notify { text } => out.act.push(Effect::Notify { fence, text }),
            ensure @ (Ensure::Exec { .. } | Ensure::Http(_)) => {
                let close_by = asked + close_after(self.timeout(attempt));
                let writes = attempt.numbers.clone();
                let begin_by = close_by - SEND_GUARD;
                out.act.push(Effect::Ensure(Order { fence, ensure, writes, begin_by, close_by }));
            }
            // Nobody is asked to execute these.
            Ensure::Waited { .. } | Ensure::SiteReady { .. } => {}
            Ensure::RoutePointsAt { numbers, .. } | Ensure::BehindPrepared { slots: numbers, .. } => {
                let batch = self.with_loose(attempt, numbers, now);
                out.act.push(Effect::Point(Point {
                    fence,
                    nonce: attempt.nonce,
                    send_by,
                    close_by: asked + CLOSE_BY,
                    batch,
                }));
            }
        }
    }

    /// How long the attempt may take in the eyes of everybody else.
    fn timeout(&self, attempt: &Attempt) -> Duration {
        let run = self.view.runs.get(&attempt.run);
        let planned = run.and_then(|run| run.plan.steps.get(usize::from(attempt.step)));
        planned.map_or(WAIT_OPEN, |planned| planned.timeout)
    }

    fn wanted(&self, attempt: &Attempt) -> Option<Ensure> {
        let run = self.view.runs.get(&attempt.run)?;
        run.ensure(usize::from(attempt.step), attempt.direction).cloned()
    }

    /// Each number of the batch with the values of earlier attempts that may rightly stand there.
    fn with_loose(
        &self,
        attempt: &Attempt,
        numbers: Vec<Pointing>,
        now: Now,
    ) -> Vec<(Pointing, Vec<Destination>)> {
        let route = self.view.runs.get(&attempt.run).and_then(|run| self.view.routes.get(&run.plan.route));
        let loose = |pointing: &Pointing| {
            let number = route.and_then(|route| route.numbers.get(&pointing.number));
            number.map(|number| number.loose_values(now.stamp)).unwrap_or_default()
        };
        let named = numbers.into_iter().filter(|p| attempt.numbers.contains(&p.number));
        named.map(|pointing| (pointing.clone(), loose(&pointing))).collect()
    }

    /// An attempt was agreed, but the fold refused it: what was prepared for it is let go.
    pub(super) fn void(&mut self, attempt: &Attempt, out: &mut Output) {
        let ours = attempt.executor == self.identity.site && attempt.boot == self.identity.boot;
        if ours && self.asks.open.remove(&attempt.nonce).is_some() {
            out.act.push(Effect::Release { nonce: attempt.nonce });
        }
    }

    /// What this process knows about its attempt becomes a fact.
    pub(super) fn report(&mut self, fence: Index, report: Report) {
        let Report { was, outcomes, note, late } = report;
        let boot = self.identity.boot;
        let ended = if late.is_empty() {
            Fact::StepEnded { fence, boot, was, outcomes, note }
        } else {
            Fact::StepEndedLate { fence, boot, was, outcomes, note, late }
        };
        self.outbox.add(ended, Bond::Own);
    }

    /// Sessions that were asked for and never called are let go when their window has closed.
    pub(super) fn expire_asks(&mut self, now: Now, out: &mut Output) {
        let over = |ask: &Ask| match ask.asked {
            Some(asked) => now.mono.since(asked) > CLOSE_BY,
            None => now.mono.since(ask.since) > PREPARE + CLOSE_BY,
        };
        let gone: Vec<Nonce> = self.asks.open.iter().filter(|(_, a)| over(a)).map(|(n, _)| *n).collect();
        for nonce in gone {
            self.asks.open.remove(&nonce);
            out.act.push(Effect::Release { nonce });
        }
    }
}

/// The report of an attempt of which no byte was sent.
pub(super) fn not_sent(numbers: &[Number], why: &str) -> Report {
    let outcome = |number: &Number| Outcome {
        number: number.clone(),
        was: Was::Wrong,
        closure: Closure::Closed,
        seen: None,
        why: format!("not sent: {why}"),
    };
    let outcomes = numbers.iter().map(outcome).collect();
    Report { was: Was::Wrong, outcomes, note: Some(why.to_owned()), late: Vec::new() }
}
