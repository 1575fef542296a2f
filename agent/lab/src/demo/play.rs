//! The play: it listens, tells in the order of the times, and remembers when what happened.

use super::account::Account;
use super::gather::Gather;
use super::happening::{Deed, Happening, Heard, Raw, What};
use super::header::Place;
use super::stage::Stage;
use super::summary::{Measured, Summary};
use super::{DemoError, Finished, Options, Page, Reader, header};
use crate::carrier::judge::Switch;
use crate::rig::{self, NUMBER, Net, SITES, SiteOfRig};
use agent::clock;
use agent::command::StatusReport;
use state::{Mono, SiteId};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use tokio::time::timeout;

/// What is heard is held so long, so that it can be told in the order of its times.
const HOLD: Duration = Duration::from_millis(80);
/// How often what is held is looked through.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How often a site is asked while something is waited for.
const ASK_EVERY: Duration = Duration::from_millis(250);

/// Until something is broken, times are so much less than zero.
const BEFORE: i64 = 1 << 32;

/// A demo that is going on.
pub struct Play {
    /// The cluster.
    pub stage: Stage,
    /// What was asked for.
    pub options: Options,
    page: Page,
    account: Account,
    gather: Gather,
    held: BTreeMap<(Mono, u64), Raw>,
    heard: Vec<(Mono, Raw)>,
    begun: Mono,
    broken: Option<Mono>,
    /// From when on the time to effect counts, if not from the first fault.
    struck: Option<Mono>,
    pending: VecDeque<Happening>,
    told: Vec<Happening>,
    last_read: Option<(Mono, Happening)>,
    report: Option<StatusReport>,
}

impl Play {
    /// Says what will be shown, and puts everything up but the agents.
    pub async fn begin(options: Options, mut page: Page) -> Result<Self, DemoError> {
        if options.reader == Reader::Person {
            header::opening(options).iter().try_for_each(|line| page(line))?;
        }
        let begun = clock::mono();
        let (pace, policy) = (options.pace, rig::Written::Whole);
        let two_doors = options.scenario.two_doors();
        let rig = rig::Options { pace, policy, two_doors, ..rig::Options::default() };
        let stage = Stage::put_up(&rig).await?;
        let host = |site| (stage.rig.net.pbx(site).ip().to_string(), site.name.to_owned());
        let door = |site| (stage.rig.net.second_door(site).ip().to_string(), format!("{}#2", site.name));
        let account = Account { hosts: SITES.iter().flat_map(|site| [host(site), door(site)]).collect() };
        Ok(Self {
            stage,
            options,
            page,
            account,
            gather: Gather::default(),
            held: BTreeMap::new(),
            heard: Vec::new(),
            begun,
            broken: None,
            struck: None,
            pending: VecDeque::new(),
            told: Vec::new(),
            last_read: None,
            report: None,
        })
    }

    /// Tells what stands on the stage, and where the number points before anything is broken.
    pub fn introduce(&mut self, report: &StatusReport) -> Result<(), DemoError> {
        self.hear();
        self.release(clock::mono())?;
        if self.options.reader == Reader::Person {
            for line in header::header(self.options, &places(&self.stage.rig.net), report) {
                (self.page)(&line)?;
            }
        }
        self.report = Some(report.clone());
        Ok(())
    }

    /// Says that something was broken at `at`; the first time, times begin to count.
    pub fn broke(&mut self, at: Mono, text: &str) -> Result<(), DemoError> {
        if self.broken.is_none() {
            self.hear();
            self.release(at)?;
            let read = self.last_read.take();
            self.broken = Some(at);
            if let Some((when, read)) = read {
                self.last_read = Some((when, read.clone()));
                let t_ms = self.t_ms(when);
                self.show(&Happening { t_ms, ..read }.as_before())?;
            }
        }
        self.did(at, Deed::Broke(text.to_owned()));
        Ok(())
    }

    /// Says that only now something was broken that must move the number: its time counts from here.
    pub fn struck(&mut self, at: Mono, text: &str) -> Result<(), DemoError> {
        self.struck = Some(at);
        self.broke(at, text)
    }

    /// Notes something that the lab did.
    pub fn did(&mut self, at: Mono, deed: Deed) {
        let n = self.heard.len() as u64;
        self.held.insert((at, n), Raw::Lab(deed.clone()));
        self.heard.push((at, Raw::Lab(deed)));
    }

    /// Tells what happens until something is what is waited for, or time is up.
    pub async fn until(
        &mut self,
        deadline: Mono,
        wanted: impl Fn(&Happening) -> bool,
    ) -> Result<Option<Happening>, DemoError> {
        loop {
            while let Some(happening) = self.pending.pop_front() {
                if happening.t_ms >= 0 {
                    self.show(&happening)?;
                    self.told.push(happening.clone());
                    if wanted(&happening) {
                        return Ok(Some(happening));
                    }
                }
            }
            if clock::mono() >= deadline {
                return Ok(None);
            }
            if let Ok(Some((at, raw))) = timeout(LOOK_EVERY, self.stage.sounds.recv()).await {
                self.keep(at, raw);
            }
            self.hear();
            self.release(clock::mono() - HOLD)?;
        }
    }

    /// Tells what happens for a while.
    pub async fn linger(&mut self, span: Duration) -> Result<(), DemoError> {
        self.until(clock::mono() + span, |_| false).await.map(drop)
    }

    /// Asks a site until its answer is what is waited for, and tells what happens meanwhile; gives when, and what.
    pub async fn asked<T>(
        &mut self,
        site: &str,
        deadline: Mono,
        wanted: impl Fn(&StatusReport) -> Option<T>,
    ) -> Result<Option<(Mono, T)>, DemoError> {
        loop {
            if let Some(found) = self.stage.status(site).await.as_ref().and_then(&wanted) {
                return Ok(Some((clock::mono(), found)));
            }
            if clock::mono() >= deadline {
                return Ok(None);
            }
            self.linger(ASK_EVERY).await?;
        }
    }

    /// A deadline that keeps the whole within its limit.
    pub fn deadline(&self, patience: Duration) -> Mono {
        let demo = rig::Pace::Demo.numbers();
        let mine = self.options.pace.numbers();
        let slower = (mine.blip + mine.every * mine.rise).saturating_sub(demo.blip + demo.every * demo.rise);
        (clock::mono() + patience).min(self.begun + self.options.scenario.longest() + slower * 3)
    }

    /// What was told since the fault.
    pub fn told(&self) -> &[Happening] {
        &self.told
    }

    /// Milliseconds after the fault.
    pub fn t_ms(&self, at: Mono) -> i64 {
        match self.broken {
            Some(broken) => signed(at, broken),
            // Before the fault only the order counts.
            None => signed(at, self.begun) - BEFORE,
        }
    }

    /// A moment as the carrier's log counts it.
    pub fn carrier_ms(&self, at: Mono) -> u64 {
        u64::try_from(at.since(self.stage.rig.carrier.started()).as_millis()).unwrap_or(u64::MAX)
    }

    /// So many milliseconds after the fault, as a moment.
    fn moment(&self, t_ms: i64) -> Mono {
        let (zero, t_ms) = match self.broken {
            Some(broken) => (broken, t_ms),
            None => (self.begun, t_ms + BEFORE),
        };
        let span = Duration::from_millis(t_ms.unsigned_abs());
        if t_ms < 0 { zero - span } else { zero + span }
    }

    /// What every story measures, as it is now.
    pub async fn measure(&mut self) -> Measured {
        let carrier = &self.stage.rig.carrier;
        let judgement = carrier.judgement();
        let struck = self.struck.or(self.broken).unwrap_or(self.begun);
        let at = |switch: &Switch| carrier.started() + Duration::from_millis(switch.t_ms);
        let effect = judgement.switches.iter().map(at).find(|at| *at >= struck);
        let effect_ms = effect.and_then(|at| u64::try_from(at.since(struck).as_millis()).ok());
        let numbers = carrier.numbers();
        let shown = numbers.get(NUMBER).map(|held| self.account.site(&held.slots[0]));
        let ago = self.last_read.as_ref().map(|(at, _)| clock::mono().since(*at));
        let ended = self.told.iter().rev().find_map(Happening::ended);
        let moves = judgement.switches.iter();
        let moves = moves.map(|s| (self.account.site(&s.before), self.account.site(&s.after)));
        let moves = moves.collect();
        Measured { moves, effect_ms, judgement, shows: shown.zip(ago), ended, ..Measured::default() }
    }

    /// Takes only suspicions from a site that is cut off, from now on.
    pub fn cut(&mut self, at: Mono, site: &'static str) {
        self.did(at, Deed::CutOff(SiteId::new(site)));
    }

    /// Tells the summary.
    pub fn end(mut self, summary: Summary) -> Result<Finished, DemoError> {
        match self.options.reader {
            Reader::Person => summary.lines().iter().try_for_each(|line| (self.page)(line))?,
            Reader::Program => (self.page)(&super::line(&summary.event()))?,
        }
        let broken = self.broken.unwrap_or(self.begun);
        let heard = self.heard.into_iter().map(|(at, raw)| Heard { t_ms: signed(at, broken), raw });
        Ok(Finished { summary, report: self.report, heard: heard.collect(), rig: self.stage.rig })
    }

    fn hear(&mut self) {
        while let Ok((at, raw)) = self.stage.sounds.try_recv() {
            self.keep(at, raw);
        }
    }

    fn keep(&mut self, at: Mono, raw: Raw) {
        let n = self.heard.len() as u64;
        self.heard.push((at, raw.clone()));
        self.held.insert((at, n), raw);
    }

    /// Lets go of what was heard up to a moment, and of what has waited for company until then.
    fn release(&mut self, upto: Mono) -> Result<(), DemoError> {
        let later = self.held.split_off(&(upto, u64::MAX));
        for ((at, _), raw) in std::mem::replace(&mut self.held, later) {
            let t_ms = self.t_ms(at);
            let happened = self.gather.take(Heard { t_ms, raw });
            self.happened(happened);
        }
        let due = self.gather.due(self.t_ms(upto));
        self.happened(due);
        Ok(())
    }

    fn happened(&mut self, happened: Vec<Happening>) {
        for happening in happened {
            if let What::Read { .. } = happening.what {
                self.last_read = Some((self.moment(happening.t_ms), happening.clone()));
            }
            self.pending.push_back(happening);
        }
    }

    fn show(&mut self, happening: &Happening) -> Result<(), DemoError> {
        match self.options.reader {
            Reader::Person => {
                let lines = self.account.lines(happening);
                lines.iter().try_for_each(|line| (self.page)(line))?;
            }
            Reader::Program => {
                let event = super::event(happening, |destination| self.account.site(destination));
                if let Some(event) = event {
                    (self.page)(&super::line(&event))?;
                }
            }
        }
        Ok(())
    }
}

fn places(net: &Net) -> Vec<Place> {
    let place = |site: &SiteOfRig| Place {
        site: site.name.to_owned(),
        votes: site.votes,
        pbx: net.pbx(site).ip(),
        agent: net.peers(site),
    };
    SITES.iter().map(place).collect()
}

fn signed(at: Mono, zero: Mono) -> i64 {
    let span = |span: Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    if at >= zero { span(at.since(zero)) } else { -span(zero.since(at)) - 1 }
}
