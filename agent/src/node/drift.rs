//! Reading what the carrier shows: at first, on time, after an unknown outcome; and whose value it is.

use super::Node;
use super::conduct::LOST;
use super::outbox::Answered;
use crate::event::{Effect, Output};
use crate::frame::{Body, Look};
use policies::limits::{CARRIER_EVERY_MIN, DRIFT_EVERY};
use state::fact::{Adoption, Fact, Reading};
use state::route::Whose;
use state::run::Run;
use state::{Boot, Index, Mono, Now, Number, RouteId, SiteId};
use std::collections::BTreeMap;
use std::time::Duration;

/// How soon a reading that differs is repeated before it counts, and how soon one that failed.
const AGAIN: Duration = Duration::from_secs(5);
/// How long a reading may take before another site is asked.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many readings may fail in a row before the next ones are less hasty.
const HASTY: u32 = 3;
/// How many numbers of a route are read each time: the first ten.
const SAMPLE: usize = 10;
/// How soon after an unknown outcome a reading that failed is repeated.
const SOON: Duration = Duration::from_secs(1);

/// The readings under way, and the last ones.
#[derive(Debug, Default)]
pub struct Looks {
    next: u64,
    open: BTreeMap<u64, Open>,
    due: BTreeMap<RouteId, Mono>,
    /// When an attempt of unknown outcome may be read again; a calm route's own time must not delay that.
    again: BTreeMap<Index, Mono>,
    /// How many readings of a route have failed in a row.
    failed: BTreeMap<RouteId, u32>,
    /// The last reading of each route that succeeded, with its time.
    pub last: BTreeMap<RouteId, (Mono, Vec<Reading>)>,
    strange: BTreeMap<RouteId, Vec<Reading>>,
    turn: usize,
}

impl Looks {
    /// Looks of a process: their names begin where those of no other process do.
    pub fn new(boot: Boot) -> Self {
        Self { next: boot.0, ..Self::default() }
    }

    /// A name that no other look has.
    pub fn name(&mut self) -> u64 {
        self.next = self.next.wrapping_add(1);
        self.next
    }

    /// Forgets everything but the names used so far: an answer to an old look must never fit a new one.
    pub fn begin_anew(&mut self) {
        *self = Self { next: self.next, ..Self::default() };
    }
}

#[derive(Debug)]
struct Open {
    route: RouteId,
    purpose: Purpose,
    /// Who was asked: nobody else may answer.
    site: SiteId,
    since: Mono,
    /// The view when it was asked: a number that was touched afterwards is not judged by the answer.
    index: Index,
}

/// What a reading is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// To see whether the carrier shows what is wanted.
    Drift,
    /// To decide an attempt whose outcome is unknown.
    Outcome(Index),
}

impl Node {
    /// Has every route read that is due and has no run.
    pub(super) fn look_after(&mut self, now: Now, out: &mut Output) {
        self.drop_lost_looks(now.mono);
        for route in self.routes() {
            let state = self.view.routes.get(&route);
            let busy = state.is_some_and(|r| r.run.is_some());
            let due = self.looks.due.get(&route).is_none_or(|at| *at <= now.mono);
            let open = self.looks.open.values().any(|open| open.route == route);
            let adopting = |f: &Fact| matches!(f, Fact::RouteAdopted { route: of, .. } if *of == route);
            if busy || !due || open || self.outbox.any(adopting) == Answered::Pending {
                continue;
            }
            let numbers = self.numbers(&route).into_iter().take(self.sample(&route)).collect();
            self.looks.due.insert(route.clone(), now.mono + AGAIN);
            self.look((route, Purpose::Drift), numbers, now, out);
        }
    }

    /// A look is lost when it takes too long, or when the site that was asked is.
    fn drop_lost_looks(&mut self, now: Mono) {
        let (here, peers) = (&self.identity.site, &self.peers);
        let heard = |site: &SiteId| site == here || peers.heard_within(site, LOST, now);
        self.looks.open.retain(|_, open| now.since(open.since) < PATIENCE && heard(&open.site));
    }

    /// The first reading is of the whole route; later ones of the first numbers.
    fn sample(&self, route: &RouteId) -> usize {
        let known = self.view.routes.get(route).is_some_and(|r| !r.numbers.is_empty());
        if known { SAMPLE } else { usize::MAX }
    }

    /// After an unknown outcome, what the carrier shows decides.
    pub(super) fn read_after(
        &mut self,
        run: &Run,
        (fence, numbers): (Index, Vec<Number>),
        now: Now,
        out: &mut Output,
    ) {
        let purpose = Purpose::Outcome(fence);
        let due = self.looks.again.get(&fence).is_none_or(|at| *at <= now.mono);
        if !due || self.looks.open.values().any(|open| open.purpose == purpose) {
            return;
        }
        self.looks.again.retain(|_, at| *at > now.mono);
        self.looks.again.insert(fence, now.mono + SOON);
        self.look((run.plan.route.clone(), purpose), numbers, now, out);
    }

    /// A run is at its end, or leadership changed: what the carrier shows is read at once.
    pub(super) fn look_now(&mut self, route: &RouteId) {
        self.looks.due.remove(route);
    }

    fn look(&mut self, of: (RouteId, Purpose), numbers: Vec<Number>, now: Now, out: &mut Output) {
        let (route, purpose) = of;
        let Some(carrier) = self.carrier(&route) else { return };
        let able: Vec<SiteId> =
            self.sites().into_iter().filter(|s| self.able(s, Some(&carrier), now)).collect();
        if able.is_empty() {
            return;
        }
        self.looks.turn += 1;
        let site = able[self.looks.turn % able.len()].clone();
        let id = self.looks.name();
        let (asked, index) = (site.clone(), self.view.index);
        self.looks.open.insert(id, Open { route, purpose, site: asked, since: now.mono, index });
        self.say(&site, Body::Look(Look { id, carrier, numbers }), out);
    }

    /// The leader wants to know: reading changes nothing, so anybody with the secret may.
    pub(super) fn asked_to_look(&mut self, from: &SiteId, look: Look, out: &mut Output) {
        let id = look.id;
        if !self.secrets.contains(&look.carrier) {
            let found = Err(format!("the secret of {} is not here", look.carrier));
            self.say(from, Body::Looked { id, found }, out);
            return;
        }
        self.reading_for.insert(id, from.clone());
        out.act.push(Effect::Look(look));
    }

    /// The own hands have read: the one who asked is told.
    pub(super) fn have_looked(&mut self, id: u64, found: Result<Vec<Reading>, String>, out: &mut Output) {
        if let Some(from) = self.reading_for.remove(&id) {
            self.say(&from, Body::Looked { id, found }, out);
        }
    }

    /// The answer to a look of this leader.
    pub(super) fn looked(
        &mut self,
        from: &SiteId,
        (id, found): (u64, Result<Vec<Reading>, String>),
        now: Now,
    ) {
        if self.looks.open.get(&id).is_none_or(|open| open.site != *from) || !self.leads() {
            return;
        }
        let Some(open) = self.looks.open.remove(&id) else { return };
        let carrier = self.carrier(&open.route);
        let readings = match found {
            Ok(readings) => {
                carrier.iter().for_each(|carrier| self.handovers.reached(carrier));
                readings
            }
            Err(why) => {
                carrier.iter().for_each(|carrier| self.handovers.missed(carrier, from));
                self.unread(&open, &why, now.mono);
                return;
            }
        };
        self.looks.failed.remove(&open.route);
        self.complaints.remove(&open.route);
        match open.purpose {
            Purpose::Outcome(fence) => self.lead_fact(Fact::StepRead { fence, readings }),
            Purpose::Drift => self.drift(&open, readings, now),
        }
    }

    /// A carrier that stays mute is not asked every few seconds for hours: logging in too often is misuse.
    fn unread(&mut self, open: &Open, why: &str, now: Mono) {
        self.complain(&open.route, format!("the carrier could not be read: {why}"));
        let failed = self.looks.failed.entry(open.route.clone()).or_default();
        *failed += 1;
        if *failed > HASTY {
            match open.purpose {
                Purpose::Drift => drop(self.looks.due.insert(open.route.clone(), now + CARRIER_EVERY_MIN)),
                Purpose::Outcome(fence) => drop(self.looks.again.insert(fence, now + AGAIN)),
            }
        }
    }

    /// Whether a reading tells of nothing but the present: no attempt on its numbers could still be on its way
    /// when it was asked, and none of them was written or read since.
    fn undisturbed(&self, open: &Open, readings: &[Reading], now: Mono) -> bool {
        let numbers: Vec<Number> = readings.iter().map(|reading| reading.number.clone()).collect();
        let state = self.view.routes.get(&open.route);
        let touched =
            |n: &Number| state.and_then(|s| s.numbers.get(n)).is_some_and(|n| n.touched > open.index);
        self.receipts.free_at(&numbers, &self.view, now) <= open.since && !numbers.iter().any(touched)
    }

    /// Compares a reading with what is wanted. It counts only if nothing was open meanwhile.
    fn drift(&mut self, open: &Open, readings: Vec<Reading>, now: Now) {
        let state = self.view.routes.get(&open.route).cloned().unwrap_or_default();
        if state.run.is_some() || !self.undisturbed(open, &readings, now.mono) {
            return;
        }
        let by_hand = |r: &Reading| state.alone.iter().any(|told| told.explains(std::slice::from_ref(r)));
        let whose = |r: &Reading| {
            let number = state.numbers.get(&r.number).cloned().unwrap_or_default();
            let whose = number.whose(r.shows.as_ref(), now.stamp);
            // What was done alone is nobody's late write, even if automation once wrote the same.
            if whose == Whose::Ours && by_hand(r) { Whose::Person } else { whose }
        };
        self.looks.due.insert(open.route.clone(), now.mono + DRIFT_EVERY);
        self.looks.last.insert(open.route.clone(), (now.mono, readings.clone()));
        let all: Vec<Whose> = readings.iter().map(whose).collect();
        if all.contains(&Whose::Person) {
            self.stranger(&open.route, readings, now);
        } else if all.contains(&Whose::First) {
            let site = self.site_shown(&open.route, &readings);
            let from = if site.is_some() { Adoption::First } else { Adoption::Person };
            self.lead_fact(Fact::RouteAdopted { route: open.route.clone(), site, readings, from });
        } else {
            self.looks.strange.remove(&open.route);
        }
        if all.contains(&Whose::Ours) {
            let what = "the carrier shows a value of an earlier attempt, which came late; automation does not \
                        repair it: claim the route for the site that shall have it";
            self.complain(&open.route, what.to_owned());
        }
    }

    /// A person's value is adopted when it is read twice.
    fn stranger(&mut self, route: &RouteId, readings: Vec<Reading>, now: Now) {
        if self.looks.strange.get(route) == Some(&readings) {
            self.looks.strange.remove(route);
            let site = self.site_shown(route, &readings);
            let from = Adoption::Person;
            self.lead_fact(Fact::RouteAdopted { route: route.clone(), site, readings, from });
        } else {
            self.looks.strange.insert(route.clone(), readings);
            self.looks.due.insert(route.clone(), now.mono + AGAIN);
        }
    }
}
