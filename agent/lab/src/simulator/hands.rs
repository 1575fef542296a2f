//! The simulated hands: sessions at the carrier, looks, probes and what is told to people.

use super::carrier::{Answered, Conduct, Flight, Moment};
use super::invariants::Checked;
use super::queue::Item;
use super::schedule::When;
use super::session::{Answer, LineState, Next, Question, Session, Work};
use super::town::Town;
use agent::act::outcome;
use agent::carriers::line::{LineError, SetOutcome, SetReport};
use agent::carriers::window::Window;
use agent::event::{Effect, Event, Point, Presence, Report};
use agent::frame::Look;
use agent::probes::plan::{About, ProbePlan};
use policies::limits::CLOSE_BY;
use state::fact::{Reading, Was};
use state::{CarrierId, Destination, Mono, Nonce, Number, Subject};
use std::net::SocketAddr;
use std::time::Duration;

const LOOK_PATIENCE: Duration = Duration::from_secs(8);

impl Town {
    /// Carries out what an agent ordered in a turn.
    pub(super) fn order(&mut self, site: usize, effect: Effect) -> Checked {
        match effect {
            Effect::Watch(plans) => self.watch(site, plans),
            Effect::Link(others) => self.link(site, &others),
            Effect::Reach(_) => {}
            Effect::Rewrite(order) => self.rewrite(site, order),
            Effect::Prepare { nonce, until, .. } => self.prepare(site, nonce, until),
            Effect::Release { nonce } => drop(self.sites[site].sessions.remove(&nonce)),
            Effect::Point(point) => {
                let life = self.sites[site].life;
                self.spring(When::Going, site)?;
                self.queue.put(self.now, Item::Go { site, life, point });
            }
            Effect::Revoke { fence } => drop(self.sites[site].revoked.insert(fence)),
            Effect::Notify { fence, .. } => {
                let report = Report { was: Was::Right, outcomes: Vec::new(), note: None, late: Vec::new() };
                self.soon(site, 1_000, Event::Executed { fence, report });
            }
            // No playbook of the simulator runs a command.
            Effect::Equip { nonce, .. } => self.soon(site, 1_000, Event::Prepared { nonce }),
            Effect::Ensure(order) => {
                let report = outcome::untried(&order, "no command is simulated");
                self.soon(site, 1_000, Event::Executed { fence: order.fence, report });
            }
            Effect::See { id, .. } => {
                let found = Err("no command is simulated".to_owned());
                self.soon(site, 1_000, Event::Seen { id, found });
            }
            Effect::Look(look) => self.look(site, look),
            Effect::Knock { carrier, within } => self.knock(site, (carrier, within)),
            // Machines and files have no place in simulated time: there is nothing to see.
            Effect::Survey(survey) => {
                self.soon(site, 1_000, Event::Surveyed { n: survey.n, sights: Vec::new() })
            }
            Effect::Answer { answer, .. } => return self.answered(site, &answer),
        }
        Ok(())
    }

    pub(super) fn soon(&mut self, site: usize, after: Moment, event: Event) {
        let life = self.sites[site].life;
        self.queue.put(self.now + after, Item::Event { site, life, event });
    }

    fn watch(&mut self, site: usize, plans: Vec<ProbePlan>) {
        let here = &mut self.sites[site];
        if here.probes == plans {
            return;
        }
        here.watch += 1;
        let watch = here.watch;
        let count = plans.len();
        here.probes = plans;
        for plan in 0..count {
            let every = self.sites[site].span(self.sites[site].probes[plan].every);
            let phase = self.net.throw(0, every);
            self.queue.put(self.now + phase, Item::Probe { site, watch, plan });
        }
    }

    /// One probe: it is answered, or its timeout passes.
    pub(super) fn probe(&mut self, site: usize, (watch, plan): (u64, usize)) {
        let here = &self.sites[site];
        let Some(of) = here.probes.get(plan).filter(|_| here.watch == watch).cloned() else { return };
        let asked = here.mono(self.now);
        let (timeout, every) = (here.span(of.timeout), here.span(of.every));
        self.queue.put(self.now + every, Item::Probe { site, watch, plan });
        let event = match of.about {
            About::Subject(subject) => self.pbx_asked(site, subject, (asked, timeout)),
            About::Reference(target) => Some(self.reference_asked(site, target, (asked, timeout))),
            About::Signalling(target) => Some(self.signalling_asked(site, target, (asked, timeout))),
            // The simulated PBXs have no manager interface.
            About::Contact(_) => None,
        };
        if let Some((at, event)) = event {
            self.soon(site, at - self.now, event);
        }
    }

    fn pbx_asked(
        &mut self,
        site: usize,
        subject: Subject,
        (asked, timeout): (Mono, Moment),
    ) -> Option<(Moment, Event)> {
        let there = self.sites.iter().position(|other| other.id == subject.site)?;
        let alive = self.dead[there] == 0;
        let back = if there == site { Some(self.now + 2_000) } else { self.net.round(site, there, self.now) };
        let back = back.filter(|at| alive && *at <= self.now + timeout);
        let (at, answer) = match back {
            // It answers 503: it is there, and takes no more calls.
            Some(at) if self.draining[there] > 0 => (at, Presence::Absent),
            Some(at) => (at, Presence::Present),
            None => (self.now + timeout, Presence::Absent),
        };
        Some((at, Event::Observed { subject, asked, answer, detail: String::new() }))
    }

    fn reference_asked(
        &mut self,
        site: usize,
        target: SocketAddr,
        (asked, timeout): (Mono, Moment),
    ) -> (Moment, Event) {
        let (at, answer) = match self.blind[site] {
            0 => (self.now + 20_000, Presence::Present),
            _ => (self.now + timeout, Presence::Absent),
        };
        (at, Event::Reference { target, asked, answer })
    }

    /// The carrier's signalling answers wherever its interface does.
    fn signalling_asked(
        &mut self,
        site: usize,
        target: SocketAddr,
        (asked, timeout): (Mono, Moment),
    ) -> (Moment, Event) {
        let (at, answer) = if self.net.reaches_carrier(site) {
            (self.now + 20_000, Presence::Present)
        } else {
            (self.now + timeout, Presence::Absent)
        };
        (at, Event::Signalled { target, asked, answer })
    }

    /// Logs in, or does not.
    fn prepare(&mut self, site: usize, nonce: Nonce, until: Mono) {
        let life = self.sites[site].life;
        let late = self.sites[site].at(until, self.now);
        let delay = 2 * self.net.carrier_way();
        let unprepared = |why: &str| Event::Unprepared { nonce, why: why.to_owned() };
        if !self.net.reaches_carrier(site) || self.carrier.conduct == Conduct::Hangs {
            self.soon(site, late - self.now, unprepared("no answer"));
        } else if self.carrier.conduct == Conduct::Closed {
            self.soon(site, delay, unprepared("connection refused"));
        } else {
            let session = Session { stood: None, stood_at: 0, asked: None, still: 0, work: None };
            self.sites[site].sessions.insert(nonce, session);
            self.queue.put(self.now + delay, Item::Stands { site, life, nonce });
        }
    }

    /// A session stands, and lets itself go when its time is over.
    pub(super) fn stands(&mut self, site: usize, nonce: Nonce) -> Checked {
        let now = self.now;
        let here = &mut self.sites[site];
        let (mono, still, life) = (here.mono(now), here.still, here.life);
        let Some(session) = here.sessions.get_mut(&nonce) else { return Ok(()) };
        (session.stood, session.stood_at, session.still) = (Some(mono), now, still);
        self.spring(When::Asking, site)?;
        self.queue.put(now, Item::Event { site, life, event: Event::Prepared { nonce } });
        Ok(())
    }

    /// The agent asks in the turn in which it hears that its session stands; it may have been stopped in between.
    pub(super) fn asks(&mut self, site: usize, event: &Event) {
        let Event::Prepared { nonce } = event else { return };
        let mono = self.sites[site].mono(self.now);
        if let Some(session) = self.sites[site].sessions.get_mut(nonce) {
            session.asked = Some(mono);
        }
    }

    /// An attempt is ordered: it is fenced, and its session carries it out.
    pub(super) fn point(&mut self, site: usize, point: Point) -> Checked {
        let (now, mandate) = (self.now, self.mandate(site, &point));
        let mono = self.sites[site].mono(now);
        let here = &mut self.sites[site];
        let greater =
            |number: &Number| here.fences.get(&number.line()).is_some_and(|fence| *fence >= point.fence);
        let refused = point.batch.iter().any(|(pointing, _)| greater(&pointing.number));
        let stood = here.sessions.get(&point.nonce).and_then(|session| session.stood);
        let usable = stood.filter(|stood| mono.since(*stood) <= CLOSE_BY && !refused);
        let asked = here.sessions.get(&point.nonce).and_then(|session| session.asked);
        let Some(asked) = usable.and(asked) else {
            here.sessions.remove(&point.nonce);
            let report = outcome::unsent(&point, "no session is prepared for it any more");
            self.soon(site, 100, Event::Executed { fence: point.fence, report });
            return Ok(());
        };
        for (pointing, _) in &point.batch {
            here.fences.insert(pointing.number.line(), point.fence);
        }
        let work = Work {
            mandate,
            fence: point.fence,
            batch: outcome::moves(&point),
            window: Window { send_by: point.send_by, close_by: point.close_by },
            began: mono,
            script: Vec::new(),
            line: LineState::Whole,
        };
        if let Some(session) = here.sessions.get_mut(&point.nonce) {
            session.work = Some(work);
        }
        self.invariants.ordered(point.fence, point.send_by.since(asked))?;
        self.work(site, point.nonce)
    }

    /// An answer has come to an attempt: on to its next question, or to its end.
    pub(super) fn answer(&mut self, site: usize, nonce: Nonce, answer: Answer) -> Checked {
        let mono = self.sites[site].mono(self.now);
        let session = self.sites[site].sessions.get_mut(&nonce);
        let Some(work) = session.and_then(|session| session.work.as_mut()) else { return Ok(()) };
        let (fence, read) = (work.fence, carriers_answer(&answer));
        match &answer {
            Answer::Read(Err(_)) => work.line = LineState::Lost,
            Answer::Set(_) if read == Answered::No => work.line = LineState::Lost,
            Answer::Reopened(Ok(())) => work.line = LineState::Whole,
            Answer::Read(Ok(_)) | Answer::Set(_) | Answer::Reopened(Err(_)) | Answer::Rested => {}
        }
        if read == Answered::Read {
            let ours = |flight: &&mut Flight| flight.fence == fence && flight.site == site;
            self.carrier.flights.iter_mut().filter(ours).for_each(|flight| flight.answer = Answered::Read);
        }
        work.script.push((answer, mono));
        self.work(site, nonce)
    }

    fn work(&mut self, site: usize, nonce: Nonce) -> Checked {
        let session = self.sites[site].sessions.get(&nonce);
        let Some(work) = session.and_then(|session| session.work.as_ref()) else { return Ok(()) };
        let lost = work.line == LineState::Lost;
        match work.next() {
            Next::Ended(report) => {
                let event = Event::Executed { fence: work.fence, report: outcome::told(&report) };
                self.sites[site].sessions.remove(&nonce);
                self.event(site, event)
            }
            Next::Asks(Question::Rest { pause }) => {
                let at = self.now + self.sites[site].span(pause);
                self.reply(site, nonce, (at, Answer::Rested));
                Ok(())
            }
            Next::Asks(Question::Read { number, deadline }) => {
                let found = if lost { None } else { self.reading(site, &number) };
                let (at, found) = self.told(site, deadline, found);
                self.reply(site, nonce, (at, Answer::Read(found)));
                Ok(())
            }
            Next::Asks(Question::Reopen { deadline }) => {
                let open = self.reading(site, &Number::new("")).map(|(at, _)| (at, None));
                let (at, opened) = self.told(site, deadline, open);
                self.reply(site, nonce, (at, Answer::Reopened(opened.map(|_| ()))));
                Ok(())
            }
            Next::Asks(Question::Set { number, value, window }) => {
                if lost {
                    let report = SetReport::unsent("the line is gone");
                    self.reply(site, nonce, (self.now, Answer::Set(report)));
                    return Ok(());
                }
                self.set((site, nonce), (number, value), window)
            }
        }
    }

    pub(super) fn reply(&mut self, site: usize, nonce: Nonce, (at, answer): (Moment, Answer)) {
        let life = self.sites[site].life;
        self.queue.put(at.max(self.now), Item::Answer { site, life, nonce, answer });
    }

    /// What a question to the carrier brings, and when; nothing if it is never answered.
    fn reading(&mut self, site: usize, number: &Number) -> Option<(Moment, Option<Destination>)> {
        let at = self.now + self.net.carrier_way() + self.net.carrier_way();
        let open = match self.carrier.conduct {
            Conduct::Hangs | Conduct::Closed => false,
            Conduct::Fair
            | Conduct::Refuses
            | Conduct::Mute
            | Conduct::Late
            | Conduct::Lies
            | Conduct::Stale => self.net.reaches_carrier(site),
        };
        open.then(|| (at, self.carrier.shows(number, (site, self.now))))
    }

    fn told(
        &self,
        site: usize,
        deadline: Mono,
        found: Option<(Moment, Option<Destination>)>,
    ) -> (Moment, Result<Option<Destination>, LineError>) {
        let late = self.sites[site].at(deadline, self.now);
        match found {
            Some((at, shown)) if at <= late => (at, Ok(shown)),
            Some(_) | None => (late, Err(LineError::Lost("no answer within its time".to_owned()))),
        }
    }

    /// A bare connection: taken by a carrier that hangs as well, because its machine lives.
    fn knock(&mut self, site: usize, (carrier, within): (CarrierId, Duration)) {
        let asked = self.sites[site].mono(self.now);
        let open = self.net.reaches_carrier(site);
        let answer = if open && self.carrier.conduct != Conduct::Closed {
            Presence::Present
        } else {
            Presence::Absent
        };
        let after = if open { 2 * self.net.carrier_way() } else { self.sites[site].span(within) };
        self.soon(site, after, Event::Knocked { carrier, asked, answer });
    }

    fn look(&mut self, site: usize, look: Look) {
        let late = self.sites[site].span(LOOK_PATIENCE);
        let found: Option<Vec<_>> = look.numbers.iter().map(|n| self.reading(site, n)).collect();
        let (after, found) = match found {
            Some(shown) => {
                let read = look.numbers.iter().zip(shown);
                let read = read.map(|(number, (_, shows))| Reading { number: number.clone(), shows });
                (2 * self.net.carrier_way(), Ok(read.collect()))
            }
            None => (late, Err("no answer".to_owned())),
        };
        self.soon(site, after, Event::Looked { id: look.id, found });
    }
}

/// Whether an answer of the carrier to a SET was read.
fn carriers_answer(answer: &Answer) -> Answered {
    let Answer::Set(report) = answer else { return Answered::No };
    match report.outcome {
        SetOutcome::Answered | SetOutcome::Refused { .. } => Answered::Read,
        SetOutcome::NotSent { .. } | SetOutcome::Unknown { .. } => Answered::No,
    }
}

/// A span in true time.
pub fn micros(span: Duration) -> Moment {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}
