//! Reading what the carrier shows: at first, on time, after an unknown outcome; and whose value it is.

use super::Node;
use super::conduct::LOST;
use super::outbox::Answered;
use super::rounds::{Haste, Numbers, Pace, Round};
use crate::event::{Effect, Output};
use crate::frame::{Body, Look};
use state::fact::{Adoption, Fact, Reading};
use state::route::Whose;
use state::run::Run;
use state::{Boot, Destination, Index, Mono, Now, Number, RouteId, SiteId};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long a reading may take before another site is asked.
const PATIENCE: Duration = Duration::from_secs(10);
/// How soon after an unknown outcome a reading that failed is repeated.
const SOON: Duration = Duration::from_secs(1);
/// The same, while the carrier stays mute.
const LESS_SOON: Duration = Duration::from_secs(5);
/// How long one look may read, at the carrier's rate: less than the hands give it.
const LOOK: Duration = Duration::from_secs(6);

/// The readings under way, and the last ones.
#[derive(Debug, Default)]
pub struct Looks {
    next: u64,
    open: BTreeMap<u64, Open>,
    rounds: BTreeMap<RouteId, Round>,
    haste: Haste,
    /// When an attempt of unknown outcome may be read again; a calm route's own time must not delay that.
    again: BTreeMap<Index, Mono>,
    /// The last reading of each route's first number that succeeded, with its time.
    pub last: BTreeMap<RouteId, (Mono, Vec<Reading>)>,
    turn: usize,
    /// What slots 2 and 3 were read to show once, and is not known of them.
    pub(super) doubted: BTreeMap<Number, Destination>,
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

    /// Forgets everything but the names used so far, because an answer to an old look must never fit a new one,
    /// and the haste, because the carrier does not care who leads.
    pub fn begin_anew(&mut self) {
        let haste = std::mem::take(&mut self.haste);
        *self = Self { next: self.next, haste, ..Self::default() };
    }

    pub(super) fn round(&mut self, route: &RouteId, now: Mono) -> &mut Round {
        self.round_in_haste(route, now).0
    }

    fn round_in_haste(&mut self, route: &RouteId, now: Mono) -> (&mut Round, &mut Haste) {
        (self.rounds.entry(route.clone()).or_insert_with(|| Round::begin(now)), &mut self.haste)
    }
}

/// One reading under way.
#[derive(Debug)]
pub(super) struct Open {
    /// Of which route.
    pub(super) route: RouteId,
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
            let due = self.looks.round(&route, now.mono).is_due(now.mono);
            let open = self.looks.open.values().any(|open| open.route == route);
            let about = |f: &Fact| {
                matches!(f, Fact::RouteAdopted { route: of, .. } if *of == route)
                    || matches!(f, Fact::RunOpened { plan, .. } if plan.route == route && !plan.prepares())
            };
            if busy || !due || open || self.outbox.any(about) == Answered::Pending {
                continue;
            }
            let (all, unread) = (self.numbers(&route), self.never_read(&route));
            let of = Numbers { all: &all, unread: &unread, batch: self.readable(&route) };
            let mut numbers = self.looks.round(&route, now.mono).ask(of, now.mono);
            let doubted: BTreeSet<Number> = self.looks.doubted.keys().map(Number::line).collect();
            let more = all.into_iter().filter(|n| doubted.contains(n) && !numbers.contains(n));
            numbers.extend(more.collect::<Vec<_>>());
            numbers.truncate(self.readable(&route));
            let numbers = self.with_slots(&route, numbers);
            self.look((route, Purpose::Drift), numbers, now, out);
        }
    }

    /// How many numbers of a route one look may cover.
    fn readable(&self, route: &RouteId) -> usize {
        let numbers = u64::from(self.rate(route)) * LOOK.as_secs();
        usize::try_from(numbers).unwrap_or(usize::MAX).max(1)
    }

    fn never_read(&self, route: &RouteId) -> Vec<Number> {
        let known = self.view.routes.get(route);
        let read = |number: &Number| known.is_some_and(|route| route.numbers.contains_key(number));
        let unread = self.with_slots(route, self.numbers(route)).into_iter().filter(|number| !read(number));
        let mut lines: Vec<Number> = unread.map(|number| number.line()).collect();
        lines.dedup();
        lines
    }

    /// A look is lost when it takes too long, or when the site that was asked is.
    fn drop_lost_looks(&mut self, now: Mono) {
        let (here, peers) = (&self.identity.site, &self.peers);
        let heard = |site: &SiteId| site == here || peers.heard_within(site, LOST, now);
        self.looks.open.retain(|_, open| now.since(open.since) < PATIENCE && heard(&open.site));
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

    /// A run is at its end: what the carrier shows is read at once, and often if something may still turn up.
    pub(super) fn look_now(&mut self, route: &RouteId, now: Mono) {
        let ours =
            |number: &Number| self.view.routes.get(route).is_some_and(|r| r.numbers.contains_key(number));
        let open = self.view.attempts.values().any(|attempt| attempt.open.iter().any(ours));
        let (round, haste) = self.looks.round_in_haste(route, now);
        if open {
            round.alert(haste, now);
        }
        round.at_once();
    }

    /// Something may turn up anywhere: a site came back.
    pub(super) fn look_often(&mut self, now: Mono) {
        for route in self.routes() {
            let (round, haste) = self.looks.round_in_haste(&route, now);
            round.alert(haste, now);
        }
    }

    /// A write ended late: nothing that is known of it can be relied on.
    pub(super) fn look_for_late(&mut self, numbers: &[Number], now: Mono) {
        for route in self.routes() {
            if self.numbers(&route).iter().any(|number| numbers.iter().any(|late| late.line() == *number)) {
                let (round, haste) = self.looks.round_in_haste(&route, now);
                round.late(haste, now);
            }
        }
    }

    fn look(&mut self, of: (RouteId, Purpose), numbers: Vec<Number>, now: Now, out: &mut Output) {
        let (route, purpose) = of;
        let Some(carrier) = self.carrier(&route) else { return };
        let able: Vec<SiteId> =
            self.sites().into_iter().filter(|s| self.able(s, Some(&carrier), now)).collect();
        if able.is_empty() {
            return;
        }
        let able = self.who_reach(&carrier, able, now);
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
        let readings = match found {
            Ok(readings) => readings,
            Err(why) => {
                self.unread(&open, &why, now.mono);
                return;
            }
        };
        match open.purpose {
            Purpose::Outcome(fence) => {
                self.complaints.remove(&open.route);
                self.lead_fact(Fact::StepRead { fence, readings });
            }
            Purpose::Drift => self.drift(&open, readings, now),
        }
    }

    /// A carrier that stays mute is not asked every few seconds for hours: logging in too often is misuse.
    fn unread(&mut self, open: &Open, why: &str, now: Mono) {
        self.complain(&open.route, format!("the carrier could not be read: {why}"));
        let pace = self.looks.round(&open.route, now).unread(now);
        if let (Purpose::Outcome(fence), Pace::Patient) = (open.purpose, pace) {
            self.looks.again.insert(fence, now + LESS_SOON);
        }
    }

    /// Whether a reading tells of nothing but the present: no attempt on its numbers could still be on its way
    /// when it was asked, and none of them was written or read since.
    pub(super) fn undisturbed(&self, open: &Open, readings: &[Reading], now: Mono) -> bool {
        let numbers: Vec<Number> = readings.iter().map(|reading| reading.number.clone()).collect();
        let state = self.view.routes.get(&open.route);
        let touched =
            |n: &Number| state.and_then(|s| s.numbers.get(n)).is_some_and(|n| n.touched > open.index);
        self.receipts.free_at(&numbers, &self.view, now) <= open.since && !numbers.iter().any(touched)
    }

    /// Compares a reading with what is wanted. It counts only if nothing was open meanwhile.
    fn drift(&mut self, open: &Open, readings: Vec<Reading>, now: Now) {
        let (behind, readings): (Vec<Reading>, Vec<Reading>) =
            readings.into_iter().partition(|reading| reading.number.is_behind());
        self.audit_slots(open, behind, now.mono);
        let state = self.view.routes.get(&open.route).cloned().unwrap_or_default();
        if state.run.is_some() || !self.undisturbed(open, &readings, now.mono) {
            return;
        }
        let route = &open.route;
        self.read_in_time(route, &readings, now.mono);
        let by_hand = |r: &Reading| state.alone.iter().any(|told| told.explains(std::slice::from_ref(r)));
        let whose = |r: &Reading| {
            let number = state.numbers.get(&r.number).cloned().unwrap_or_default();
            let whose = number.whose(&r.value(), now.stamp);
            // What was done alone is nobody's late write, even if automation once wrote the same.
            if whose == Whose::Ours && by_hand(r) { Whose::Person } else { whose }
        };
        let all: Vec<Whose> = readings.iter().map(whose).collect();
        if !all.contains(&Whose::Ours) {
            self.complaints.remove(route);
        }
        if all.contains(&Whose::Person) {
            self.stranger(route, readings, now);
        } else if all.contains(&Whose::First) {
            let first = readings.into_iter().zip(all).filter(|(_, whose)| *whose == Whose::First);
            self.first(route, first.map(|(reading, _)| reading).collect());
        } else if !all.contains(&Whose::Ours) {
            self.as_wanted(route, readings, now.mono);
        } else if let Some(readings) = self.looks.round(route, now.mono).confirm(readings, now.mono) {
            let ours = readings.into_iter().zip(all).filter(|(_, whose)| *whose == Whose::Ours);
            self.ours(route, ours.map(|(reading, _)| reading).collect(), now);
        }
    }

    /// Says when the next reading is due, and keeps what the first number shows for whoever asks.
    fn read_in_time(&mut self, route: &RouteId, readings: &[Reading], now: Mono) {
        let read = |r: &&Number| !readings.iter().any(|reading| reading.number == **r);
        let unread = self.never_read(route).iter().filter(read).count();
        let pause = Duration::from_secs(1) * u32::try_from(readings.len()).unwrap_or(u32::MAX)
            / self.rate(route).max(1);
        let (round, haste) = self.looks.round_in_haste(route, now);
        round.read(unread, pause, haste, now);
        let first = self.numbers(route).into_iter().next();
        if readings.first().map(|reading| &reading.number) == first.as_ref() {
            self.looks.last.insert(route.clone(), (now, readings.to_vec()));
        }
    }

    /// Numbers that were never read: what they show is taken as it is, with an alarm if it is not of this route.
    fn first(&mut self, route: &RouteId, readings: Vec<Reading>) {
        let rings_in = self.view.routes.get(route).and_then(|route| route.rings_in.clone());
        let site = self.site_shown(route, &readings);
        let as_expected = site.is_some() && rings_in.as_ref().is_none_or(|at| site.as_ref() == Some(at));
        let from = if as_expected { Adoption::First } else { Adoption::Person };
        let site = site.filter(|_| as_expected);
        self.lead_fact(Fact::RouteAdopted { route: route.clone(), site, readings, from });
    }

    /// A person's value is adopted when it is read twice.
    fn stranger(&mut self, route: &RouteId, readings: Vec<Reading>, now: Now) {
        if let Some(readings) = self.looks.round(route, now.mono).confirm(readings, now.mono) {
            let site = self.site_shown(route, &readings);
            let from = Adoption::Person;
            self.lead_fact(Fact::RouteAdopted { route: route.clone(), site, readings, from });
        }
    }
}
