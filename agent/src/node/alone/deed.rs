//! The deed of a claim alone: batch by batch the same compare, set and read, and two more looks afterwards.

use crate::command::{AloneState, Telling};
use crate::event::{Effect, Output, Point, Report};
use crate::frame::Look;
use crate::node::Node;
use policies::limits::{CLOSE_BY, SEND_GUARD, WAIT_OPEN};
use state::alone::{AloneClaim, AloneEntry};
use state::fact::{Closure, Outcome, Reading, Was};
use state::plan::Pointing;
use state::{CarrierId, Destination, Index, Mono, Nonce, Now, Number, RouteId};
use std::time::Duration;

/// How long something of an attempt may still arrive.
pub const WAIT: Duration = WAIT_OPEN;
/// How long a login may take.
const PREPARE: Duration = Duration::from_secs(4);
/// When the carrier is read again, counted from the end of the last attempt.
const AGAIN: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(15)];

/// A confirmed claim, on its way.
#[derive(Debug)]
pub struct Deed {
    n: u64,
    route: RouteId,
    carrier: CarrierId,
    claim: AloneClaim,
    left: Vec<Pointing>,
    /// How many numbers a batch takes.
    size: usize,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// Nothing of this batch was begun.
    Waiting,
    /// The session for it is being prepared.
    Preparing(Nonce),
    /// It is under way.
    Pointing(Index),
    /// The last attempt ended then, and the carrier is to be read again.
    Watching { ended: Mono, done: usize, look: Option<u64> },
}

impl Deed {
    /// Everything is still to be done.
    pub fn new(of: (RouteId, CarrierId), left: Vec<Pointing>, claim: AloneClaim, size: usize) -> Self {
        let (route, carrier) = of;
        Self { n: claim.n, route, carrier, claim, left, size, stage: Stage::Waiting }
    }

    /// Whether a session or an attempt on one of these numbers is under way.
    pub fn occupies(&self, numbers: &[Number]) -> bool {
        let flies = matches!(self.stage, Stage::Preparing(_) | Stage::Pointing(_));
        flies && self.batch().iter().any(|number| numbers.contains(number))
    }

    fn batch(&self) -> Vec<Number> {
        self.left.iter().take(self.size).map(|pointing| pointing.number.clone()).collect()
    }

    fn waits_for(&self, nonce: Nonce) -> bool {
        matches!(self.stage, Stage::Preparing(of) if of == nonce)
    }
}

impl Node {
    /// Takes the deed as far as it can go now.
    pub(in crate::node) fn act_alone(&mut self, now: Mono, out: &mut Output) {
        let Some(mut deed) = self.alone.deed.take() else { return };
        match &mut deed.stage {
            Stage::Waiting => {
                let hot = self.alone.hot.as_ref().map_or(Mono::default(), |(_, until)| *until);
                // The same rule as for everybody: nothing of an earlier attempt may still be under way.
                if self.receipts.free_at(&deed.batch(), &self.view, now).max(hot) <= now {
                    let nonce = self.asks.name();
                    deed.stage = Stage::Preparing(nonce);
                    let (carrier, until) = (deed.carrier.clone(), now + PREPARE);
                    out.act.push(Effect::Prepare { nonce, carrier, until });
                }
            }
            Stage::Watching { ended, done, look } => {
                let due = AGAIN.get(*done).is_some_and(|after| now.since(*ended) >= *after);
                if look.is_none() && due {
                    let id = self.looks.name();
                    *look = Some(id);
                    let numbers = self.numbers(&deed.route).into_iter().take(super::SAMPLE).collect();
                    out.act.push(Effect::Look(Look { id, carrier: deed.carrier.clone(), numbers }));
                }
            }
            Stage::Preparing(_) | Stage::Pointing(_) => {}
        }
        self.alone.deed = Some(deed);
    }

    /// A session stands. If it is one of a claim alone, the intent is written to the own disk, and only then the
    /// batch is ordered; its fence is above everything that is known here. Gives back a nonce that is none.
    pub(in crate::node) fn prepared_alone(
        &mut self,
        nonce: Nonce,
        now: Now,
        out: &mut Output,
    ) -> Option<Nonce> {
        let Some(mut deed) = self.alone.deed.take_if(|deed| deed.waits_for(nonce)) else {
            return Some(nonce);
        };
        let known = self.view.index.max(self.standing.end).max(self.standing.last).max(self.alone.fence);
        let fence = Index(known.0 + 1);
        self.alone.fence = fence;
        let pointings: Vec<Pointing> = deed.left.iter().take(deed.size).cloned().collect();
        self.alone.keep(AloneEntry::Started { n: deed.n, fence, pointings: pointings.clone() }, out);
        self.alone.owe((&deed.route, &deed.claim), &pointings);
        let loose = |p: &Pointing| (p.clone(), self.loose_here(&deed.route, &p.number, now));
        let batch = pointings.iter().map(loose).collect();
        let close_by = now.mono + CLOSE_BY;
        self.alone.hot = Some((deed.batch(), now.mono + WAIT));
        deed.stage = Stage::Pointing(fence);
        out.act.push(Effect::Point(Point { fence, nonce, send_by: close_by - SEND_GUARD, close_by, batch }));
        self.alone.deed = Some(deed);
        None
    }

    fn loose_here(&self, route: &RouteId, number: &Number, now: Now) -> Vec<Destination> {
        let state = self.view.routes.get(route).and_then(|route| route.numbers.get(number));
        state.map(|number| number.loose_values(now.stamp)).unwrap_or_default()
    }

    /// Nobody could log in: of this batch nothing was written.
    pub(in crate::node) fn unprepared_alone(&mut self, nonce: Nonce, why: &str, out: &mut Output) {
        if let Some(deed) = self.alone.deed.take_if(|deed| deed.waits_for(nonce)) {
            let text = format!("the carrier could not be reached, and nothing more was written: {why}");
            tell(&deed, (AloneState::Failed, text), out);
        }
    }

    /// An attempt ended. Gives back a report that is none of a claim alone's.
    pub(in crate::node) fn executed_alone(
        &mut self,
        (fence, report): (Index, Report),
        now: Mono,
        out: &mut Output,
    ) -> Option<Report> {
        let ours = |deed: &mut Deed| matches!(deed.stage, Stage::Pointing(of) if of == fence);
        let Some(mut deed) = self.alone.deed.take_if(ours) else { return Some(report) };
        let entry = AloneEntry::Ended { n: deed.n, fence, outcomes: report.outcomes.clone() };
        self.alone.keep(entry, out);
        if report.outcomes.iter().all(|outcome| outcome.closure == Closure::Closed) {
            self.alone.hot = None;
        }
        let right = report.was == Was::Right;
        let sent = report.outcomes.iter().any(|o| o.was == Was::Right || o.closure == Closure::Open);
        tell(&deed, (AloneState::Goes, self.deed_in_words(&deed, &report)), out);
        let batch = deed.size.min(deed.left.len());
        deed.left.drain(..batch);
        if right && !deed.left.is_empty() {
            deed.stage = Stage::Waiting;
        } else if right || sent {
            deed.stage = Stage::Watching { ended: now, done: 0, look: None };
        } else {
            tell(&deed, (AloneState::Failed, "nothing was changed".to_owned()), out);
            return None;
        }
        self.alone.deed = Some(deed);
        None
    }

    fn deed_in_words(&self, deed: &Deed, report: &Report) -> String {
        let wrong = report.outcomes.iter().find(|outcome| outcome.was != Was::Right);
        let Some(Outcome { number, seen, why, .. }) = wrong else {
            let first = report.outcomes.first().map_or("no number", |outcome| outcome.number.as_str());
            return format!("{first} of {} points at {}, read back", deed.route, deed.claim.to);
        };
        let shows = Reading { number: number.clone(), shows: seen.clone() };
        let site = self.site_shown(&deed.route, &[shows]);
        let seen = seen.as_ref().map_or("nothing that was read".to_owned(), ToString::to_string);
        format!("{number}: {why}; it shows {}", site.map_or(seen, |site| site.to_string()))
    }

    /// Five and fifteen seconds later: has somebody else pointed it elsewhere since?
    pub(super) fn read_after_deed(&mut self, of: (u64, &Result<Vec<Reading>, String>), out: &mut Output) {
        let (id, found) = of;
        let asked =
            |deed: &mut Deed| matches!(deed.stage, Stage::Watching { look: Some(of), .. } if of == id);
        let Some(mut deed) = self.alone.deed.take_if(asked) else { return };
        let Stage::Watching { done, look, .. } = &mut deed.stage else { return };
        *done += 1;
        *look = None;
        let last = *done >= AGAIN.len();
        let (is, text) = self.shown_after(&deed, found);
        if let Ok(readings) = found {
            self.alone.keep(AloneEntry::Read { n: deed.n, readings: readings.clone() }, out);
            self.alone.remember(readings);
        }
        let state = match (last, is) {
            (false, _) => AloneState::Goes,
            (true, Was::Right) => AloneState::Done,
            (true, Was::Wrong | Was::Unknown) => AloneState::Failed,
        };
        tell(&deed, (state, text), out);
        if !last {
            self.alone.deed = Some(deed);
        }
    }

    fn shown_after(&self, deed: &Deed, found: &Result<Vec<Reading>, String>) -> (Was, String) {
        let readings = match found {
            Ok(readings) => readings,
            Err(why) => return (Was::Unknown, format!("the carrier could not be read again: {why}")),
        };
        let (route, to) = (&deed.route, &deed.claim.to);
        match self.site_shown(route, readings) {
            Some(site) if site == *to => (Was::Right, format!("the carrier still shows {to} for {route}")),
            Some(site) => (Was::Wrong, format!("somebody else has since pointed {route} at {site}")),
            None => (Was::Wrong, format!("the numbers of {route} do not all show one site of ours")),
        }
    }
}

fn tell(deed: &Deed, (is, text): (AloneState, String), out: &mut Output) {
    let (n, route, site) = (deed.n, deed.route.clone(), deed.claim.to.clone());
    out.tell.push(Telling::Alone { n, route, site, is, text });
}
