//! One site's disk, links and hands, as its agent sees them; the carrier is here too.

use super::deeds::{equipped, seen};
use super::outside::{Carrier, Disk, Heard, Mail, Outside, Set};
use super::world::{STEP, TRIP};
use agent::command::{PolicyNews, Telling};
use agent::event::{Effect, Event, Point, Presence, Report};
use agent::frame::{Body, Frame, Look};
use agent::gaps::{Fetch, Missing};
use agent::policy_file::{Fate, Found, Rewrite};
use agent::probes::plan::ProbePlan;
use agent::quorum::{Batch, VoterState, Written};
use agent::relay::{Seal, Sealed};
use agent::store::{JournalRow, Page};
use agent::turn::World;
use state::alone::AloneEntry;
use state::fact::{Closure, Outcome, Reading, Was};
use state::{Boot, Fingerprint, Head, Imprint, Index, Mono, Number, SiteId, Stamp, View};
use std::cell::RefCell;
use std::convert::Infallible;
use std::rc::Rc;
use std::time::Duration;

/// So few facts make a page here, that every story has several.
const PAGE: usize = 7;

/// One site's share of the world.
pub struct Share {
    pub here: SiteId,
    pub boot: Boot,
    pub disk: Rc<RefCell<Disk>>,
    pub outside: Rc<RefCell<Outside>>,
    pub watch: Vec<ProbePlan>,
}

impl World for Share {
    type Error = Infallible;

    fn commit(&mut self, batch: Batch) -> Result<Written, Infallible> {
        let mut disk = self.disk.borrow_mut();
        for part in batch.voters() {
            if !disk.voters.iter().any(|voter| voter.id == part.id) {
                disk.voters.push(VoterState::empty(part.id));
            }
            disk.voters
                .iter_mut()
                .find(|voter| voter.id == part.id)
                .expect("a voter was just put there")
                .write(part);
        }
        drop(disk);
        Ok(batch.written())
    }

    fn append(&mut self, rows: &[JournalRow]) -> Result<(), Infallible> {
        self.disk.borrow_mut().rows.extend(rows.iter().cloned());
        Ok(())
    }

    /// No story here is long enough for a log to be cut: snapshots and gaps are the simulator's.
    fn note_gap(&mut self, upto: Index, _view: &View) -> Result<(), Infallible> {
        panic!("a snapshot at {upto} in a short story")
    }

    fn missing(&mut self) -> Result<Option<Missing>, Infallible> {
        Ok(None)
    }

    fn facts(&mut self, fetch: Fetch) -> Result<Option<Vec<JournalRow>>, Infallible> {
        let wanted = |row: &&JournalRow| row.index > fetch.after && row.index <= fetch.upto;
        Ok(Some(self.disk.borrow().rows.iter().filter(wanted).cloned().collect()))
    }

    fn page(&mut self, after: Index) -> Result<Page, Infallible> {
        let wanted = |row: &&JournalRow| row.index > after;
        let rows = self.disk.borrow().rows.iter().filter(wanted).take(PAGE).cloned().collect();
        Ok(Page { birth: Head::birth("bytemark"), rows, gaps: Vec::new() })
    }

    fn fill(&mut self, missing: &Missing, _rows: &[JournalRow]) -> Result<(), Infallible> {
        panic!("nothing is missing here, and something up to {} came", missing.upto.0)
    }

    fn keep_led(&mut self, at: Stamp) -> Result<(), Infallible> {
        self.disk.borrow_mut().led = Some(at);
        Ok(())
    }

    fn keep(&mut self, facts: &[(String, Vec<u8>)]) -> Result<(), Infallible> {
        self.disk.borrow_mut().kept.extend(facts.iter().cloned());
        Ok(())
    }

    fn keep_alone(&mut self, n: u64, bytes: &[u8]) -> Result<(), Infallible> {
        let line = AloneEntry::decode(bytes).expect("the world is well formed");
        self.disk.borrow_mut().alone.push((n, line));
        Ok(())
    }

    fn send(&mut self, to: &SiteId, mut frame: Frame) {
        let mut outside = self.outside.borrow_mut();
        if let Body::Pulse(pulse) = &mut frame.body
            && outside.rewritten.as_ref() == Some(&self.here)
        {
            pulse.journal.1 = Head::birth("another cluster");
        }
        if let Body::Pulse(pulse) = &mut frame.body
            && let Some(reads) = outside.older.get(&self.here)
        {
            pulse.reads = *reads;
        }
        if outside.rushing.as_ref() == Some(&self.here) {
            frame.stamp = frame.stamp.map(|stamp| stamp + Duration::from_secs(7200));
        }
        let kind = kind(&frame);
        outside.sent.insert(kind);
        if outside.hushed.contains(kind) {
            return;
        }
        if outside.lose.remove(kind) || !outside.carries(&self.here, to) {
            return;
        }
        let from = self.here.clone();
        if matches!(&frame.body, Body::Relayed(sealed) if sealed.from != from) {
            outside.passed.push((to.clone(), frame.clone()));
        }
        outside.post(TRIP, (to, Boot(0)), Mail::Frame { from, frame });
    }

    /// The likeness of a signature: the words, and who says so.
    fn seal(&mut self, sealed: &Sealed) -> Option<Seal> {
        let chain = vec![bundle(&self.here, self.disk.borrow().bundle)];
        Some(Seal { chain, scheme: 0, signature: sealed.words("bytemark") })
    }

    fn check(&mut self, sealed: &Sealed) -> Result<Fingerprint, String> {
        let bundle = sealed.seal.chain.first().ok_or("it has no certificate")?;
        let name = bundle.split(|byte| *byte == b' ').next();
        let right = name == Some(sealed.from.as_str().as_bytes());
        let right = right && sealed.seal.signature == sealed.words("bytemark");
        if right { Ok(Fingerprint::of(bundle)) } else { Err("it is forged".to_owned()) }
    }

    fn act(&mut self, effect: Effect) {
        let mut outside = self.outside.borrow_mut();
        let to = (&self.here, self.boot);
        let barred = outside.barred.contains(&self.here);
        let well = outside.carrier != Carrier::Mute && !barred;
        match effect {
            Effect::Prepare { nonce, .. } if well => {
                outside.post(TRIP * 3, to, Mail::Event(Event::Prepared { nonce }));
            }
            Effect::Prepare { nonce, .. } => {
                let event = Event::Unprepared { nonce, why: "no greeting".to_owned() };
                outside.post(Duration::from_secs(4), to, Mail::Event(event));
            }
            Effect::Point(point) if outside.carrier == Carrier::Slow => {
                outside.post(Duration::from_millis(1500), to, Mail::Point(point));
            }
            Effect::Point(point) => {
                drop(outside);
                self.point(&point);
            }
            Effect::Revoke { fence } => drop(outside.revoked.insert(fence)),
            Effect::Notify { fence, .. } => {
                let report = Report { was: Was::Right, outcomes: Vec::new(), note: None, late: Vec::new() };
                outside.post(STEP, to, Mail::Event(Event::Executed { fence, report }));
            }
            Effect::Equip { nonce, ensure } => {
                let event = equipped(&outside, &self.here, (nonce, &ensure));
                outside.post(STEP, to, Mail::Event(event));
            }
            Effect::Ensure(order) => {
                drop(outside);
                self.ensure(&order);
            }
            Effect::See { id, ensure, .. } => {
                let found = seen(&outside, &self.here, &ensure);
                outside.post(STEP, to, Mail::Event(Event::Seen { id, found }));
            }
            Effect::Look(look) => {
                drop(outside);
                self.look(&look, well);
            }
            Effect::Answer { to, answer } => {
                outside.answers.insert(to, *answer);
            }
            Effect::Watch(plans) => self.watch = plans,
            Effect::Knock { carrier, .. } => {
                // Also a mute carrier's machine takes connections.
                let asked = Mono::from_boot(outside.now);
                let answer = if barred { Presence::Absent } else { Presence::Present };
                outside.post(TRIP, to, Mail::Event(Event::Knocked { carrier, asked, answer }));
            }
            Effect::Rewrite(order) => {
                drop(outside);
                self.rewrite(order);
            }
            Effect::Survey(survey) => {
                let sights = outside.sights.clone();
                outside.post(TRIP, to, Mail::Event(Event::Surveyed { n: survey.n, sights }));
            }
            Effect::Release { .. } | Effect::Reach(_) | Effect::Link(_) => {}
        }
    }

    fn tell(&mut self, telling: Telling) {
        let mut outside = self.outside.borrow_mut();
        let now = outside.now;
        if let Telling::Policy { is: PolicyNews::InForce, version, .. } = &telling {
            outside.edits.insert(version.clone());
        }
        outside.told.push((now, self.here.clone(), telling));
    }
}

/// The likeness of a bundle: whose it is, and the how-manyth.
pub fn bundle(site: &SiteId, number: u32) -> Vec<u8> {
    format!("{site} {number}").into_bytes()
}

impl Share {
    /// What the carrier shows, if it lets itself be asked.
    fn look(&self, look: &Look, well: bool) {
        let mut outside = self.outside.borrow_mut();
        let now = outside.now;
        outside.looks.push(now);
        let reading =
            |number: &Number| Reading { number: number.clone(), shows: outside.shows.get(number).cloned() };
        let found =
            if well { Ok(look.numbers.iter().map(reading).collect()) } else { Err("no greeting".to_owned()) };
        let event = Event::Looked { id: look.id, found };
        outside.post(TRIP * 3, (&self.here, self.boot), Mail::Event(event));
    }

    /// The folder of the policy file, and what was found there.
    pub fn look_at_file(&self) {
        let disk = self.disk.borrow();
        let found = Found {
            path: "/etc/pointsman/policy.yaml".to_owned(),
            text: Ok(disk.file.clone()),
            aside: disk.aside.iter().map(|text| format!("policy.yaml.aside-{}", Imprint::of(text))).collect(),
            unwritable: disk.unwritable.clone(),
        };
        let to = (&self.here, self.boot);
        self.outside.borrow_mut().post(TRIP, to, Mail::Event(Event::File(found)));
    }

    fn rewrite(&self, order: Rewrite) {
        let mut disk = self.disk.borrow_mut();
        if disk.unwritable.is_none() && disk.file.as_deref().map(Imprint::of) == order.over {
            let before = disk.file.replace(order.with);
            disk.aside.extend(before.filter(|_| order.fate == Fate::SetAside));
        }
        drop(disk);
        self.look_at_file();
    }

    pub fn point(&self, point: &Point) {
        let mut outside = self.outside.borrow_mut();
        let now = outside.now;
        if outside.revoked.contains(&point.fence) {
            let report = agent::act::outcome::unsent(point, "a new leader revoked it");
            let event = Event::Executed { fence: point.fence, report };
            outside.post(STEP, (&self.here, self.boot), Mail::Event(event));
            return;
        }
        let tardy = outside.carrier == Carrier::Late;
        let dropped = outside.carrier == Carrier::Drops;
        let swallowed = dropped || tardy || outside.carrier == Carrier::Swallows;
        let mut outcomes = Vec::new();
        for (pointing, _) in &point.batch {
            outside.sets.push(Set {
                at: now,
                by: self.here.clone(),
                number: pointing.number.clone(),
                to: pointing.to.clone(),
                fence: point.fence,
                heard: Heard::Never,
            });
            if !dropped {
                outside.shows.insert(pointing.number.clone(), pointing.to.clone());
            }
            outcomes.push(Outcome {
                number: pointing.number.clone(),
                was: if swallowed { Was::Unknown } else { Was::Right },
                closure: if swallowed { Closure::Open } else { Closure::Closed },
                seen: (!swallowed).then(|| pointing.to.clone()),
                why: String::new(),
            });
        }
        let was = if swallowed { Was::Unknown } else { Was::Right };
        let after = if swallowed { point.close_by.since_boot().saturating_sub(now) } else { TRIP * 4 };
        let late = if tardy { outcomes.iter().map(|o| o.number.clone()).collect() } else { Vec::new() };
        let report = Report { was, outcomes, note: None, late };
        let event = Event::Executed { fence: point.fence, report };
        outside.post(after, (&self.here, self.boot), Mail::Event(event));
    }
}

fn kind(frame: &Frame) -> &'static str {
    match &frame.body {
        Body::Raft(_) => "raft",
        Body::Propose { .. } => "propose",
        Body::Pulse(_) => "pulse",
        Body::Prepare(_) => "prepare",
        Body::Unready { .. } => "unready",
        Body::Ask { .. } => "ask",
        Body::Look(_) => "look",
        Body::Looked { .. } => "looked",
        Body::See(_) => "see",
        Body::Seen { .. } => "seen",
        Body::Wrong { .. } => "wrong",
        Body::Revoke { .. } => "revoke",
        Body::Fetch(_) => "fetch",
        Body::Fetched(_) => "fetched",
        Body::Hears { .. } => "hears",
        Body::Relayed(_) => "relayed",
        Body::Hello(_) => "hello",
        Body::Declined { .. } => "declined",
    }
}
