//! Time without a leader: kept on the own disk, told by the site itself, reported to the leader that ends it.

use super::Node;
use super::conduct::LOST;
use super::outbox::Answered;
use crate::event::{Effect, Keep, Output, Presence, Standing};
use crate::frame::{Absent, Look};
use policies::limits::{CARRIER_EVERY_MIN, ELECTED_BY};
use state::fact::{Fact, Reading};
use state::handover::{Strength, Urgency};
use state::{Mono, Now, RouteId, SiteId, Subject, Term};
use std::collections::BTreeSet;
use std::time::Duration;

/// A process that has just begun waits for two elections before it says that nobody leads: it cannot know yet.
const JUST_BEGUN: Duration = Duration::from_secs(9);
/// How often the disk is told that somebody leads: with a restart on top still less than any `deadman.quorum`.
const NOTE_EVERY: Duration = Duration::from_secs(10);
/// How long a new leader waits for what the sites that it hears report: three pulses.
const REPORTS: Duration = Duration::from_secs(3);

/// What this site knows of the time without a leader.
#[derive(Debug)]
pub struct Absence {
    /// Since when nobody leads, in this life; `None` while somebody does.
    since: Option<Mono>,
    /// How long it was already when this life began.
    before: Duration,
    /// The sites where calls go that were seen down from here meanwhile.
    missed: BTreeSet<SiteId>,
    /// When the disk was last told that somebody leads.
    noted: Option<Mono>,
    /// What is reported to the leader.
    pub report: Absent,
    /// The last reign in which the reports were judged.
    judged: Option<Term>,
    /// This site's own reading of a route, for the card, and when the next one is due.
    look: Option<(u64, RouteId)>,
    due: Mono,
}

impl Absence {
    /// A process begins without a leader; `before` is how long ago somebody led, as the disk remembers it.
    pub fn begin(before: Option<Duration>, now: Mono) -> Self {
        Self {
            since: Some(now),
            before: before.unwrap_or_default(),
            missed: BTreeSet::new(),
            noted: None,
            report: Absent::default(),
            judged: None,
            look: None,
            due: now,
        }
    }

    /// For how long nobody leads, earlier lives of this process included.
    pub fn lasts(&self, now: Mono) -> Option<Duration> {
        self.since.map(|since| self.before + now.since(since))
    }

    /// Leadership changed as far as this site knows.
    pub fn stand(&mut self, before: &Standing, next: &Standing, now: Mono) {
        let missed = |missed: &mut BTreeSet<SiteId>| std::mem::take(missed).into_iter().collect();
        match (&next.leader, self.lasts(now)) {
            (None, None) => (self.since, self.before) = (Some(now), Duration::ZERO),
            (Some(_), Some(lasted)) => {
                self.report = Absent { term: next.term, lasted, missed: missed(&mut self.missed) };
                self.since = None;
            }
            (Some(_), None) if next.term != before.term => {
                self.report = Absent { term: next.term, ..Absent::default() };
            }
            (Some(_) | None, _) => {}
        }
    }
}

impl Node {
    /// While somebody leads, the disk is told so now and then; while nobody does, what is dead meanwhile is noted.
    pub(super) fn miss_a_leader(&mut self, now: Now, out: &mut Output) {
        if self.absence.since.is_none() {
            if self.absence.noted.is_none_or(|at| now.mono.since(at) >= NOTE_EVERY) {
                self.absence.noted = Some(now.mono);
                out.keep.push(Keep::Led);
            }
            return;
        }
        let serving = self.view.routes.values().filter_map(|route| route.rings_in.as_ref());
        let down = serving.filter(|site| self.watches.down(&Subject::pbx(site)) == Presence::Present);
        let down: Vec<SiteId> = down.cloned().collect();
        self.absence.missed.extend(down);
    }

    /// Without a quorum nobody leads the watch over the carrier: a site that has its secret reads for its own card,
    /// one route after the other and never sooner than it may.
    pub(super) fn read_for_the_card(&mut self, now: Now, out: &mut Output) {
        if self.absence.due > now.mono || self.orphaned(now).is_none() {
            return;
        }
        self.absence.due = now.mono + CARRIER_EVERY_MIN;
        let oldest = |route: &RouteId| self.looks.last.get(route).map(|(at, _)| *at);
        let mut routes = self.routes();
        routes.sort_by_key(oldest);
        let carrier = |route: &RouteId| self.carrier(route).filter(|carrier| self.secrets.contains(carrier));
        let Some((route, carrier)) = routes.into_iter().find_map(|r| Some((r.clone(), carrier(&r)?))) else {
            return;
        };
        let numbers = self.numbers(&route).into_iter().take(1).collect();
        let id = self.looks.name();
        self.absence.look = Some((id, route));
        out.act.push(Effect::Look(Look { id, carrier, numbers }));
    }

    /// The answer to such a reading.
    pub(super) fn read_here(&mut self, id: u64, found: &Result<Vec<Reading>, String>, now: Mono) {
        let Some((_, route)) = self.absence.look.take_if(|(asked, _)| *asked == id) else { return };
        if let Ok(readings) = found {
            self.looks.last.insert(route, (now, readings.clone()));
        }
    }

    /// Whether people must be told that there is no quorum here, and how loudly. A site whose own references are
    /// silent says nothing: the fault is its own, and nobody would hear it.
    pub(super) fn orphaned(&self, now: Now) -> Option<(Duration, Urgency)> {
        let lasts = self.absence.lasts(now.mono)?;
        let lives = now.mono.since(self.absence.since?);
        let late = self.rules.as_ref().is_some_and(|rules| lasts >= rules.deadman.quorum);
        let told = late
            && self.parted().is_none()
            && lives >= JUST_BEGUN
            && self.watches.blind() == Presence::Present;
        let urgency = if self.absence.missed.is_empty() { Urgency::Notice } else { Urgency::Urgent };
        told.then_some((lasts, urgency))
    }

    /// The leader's first word in a reign: for how long nobody could act. It is the least of what the sites that
    /// it hears report, because a minority's absence is nobody else's.
    pub(super) fn judge_absence(&mut self, now: Mono) {
        let term = self.standing.term;
        let pending = self.outbox.any(|fact| matches!(fact, Fact::Leaderless { .. })) == Answered::Pending;
        if self.absence.judged == Some(term) || pending {
            return;
        }
        let heard: Vec<SiteId> =
            self.others().filter(|site| self.peers.heard_within(site, LOST, now)).cloned().collect();
        let others = heard.iter().filter_map(|site| self.peers.absent(site));
        let mut reports: Vec<Absent> = others.filter(|absent| absent.term == term).cloned().collect();
        if reports.len() < heard.len() && now.since(self.elected_at) < REPORTS {
            return;
        }
        self.absence.judged = Some(term);
        reports.push(self.absence.report.clone());
        let lasted = reports.iter().map(|absent| absent.lasted).min().unwrap_or_default();
        // An ordinary election is nobody's absence.
        let Some(rules) = self.rules.as_ref().filter(|_| lasted > ELECTED_BY) else { return };
        let long = lasted >= rules.deadman.quorum;
        let strength = if long { rules.deadman.then } else { Strength::Waiting };
        let missed = reports.iter().any(|absent| !absent.missed.is_empty());
        let urgency = if missed { Urgency::Urgent } else { Urgency::Notice };
        self.lead_fact(Fact::Leaderless { lasted, strength, urgency });
    }
}
