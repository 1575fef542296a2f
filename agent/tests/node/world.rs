//! Four agents in one thread: links that can be cut, disks that survive a kill, one carrier, and virtual time.

use super::share::Share;
use agent::cluster_clock::ClusterClock;
use agent::command::{Answer, Command, StatusReport, Telling};
use agent::door::{self, Door, Own, Stand};
use agent::event::{Asker, Event, Identity, Presence};
use agent::frame::{Body, Frame};
use agent::node::{Node, Start};
use agent::probes::plan::About;
use agent::quorum::{Past, Quorum, RaftId, Seat, Seats, Standing, VoterState};
use agent::relay::{Seal, Sealed};
use agent::store::JournalRow;
use agent::turn::{Clocks, Input, Turn, World};
use playbooks::Playbook;
use policies::Policy;
use state::fact::Was;
use state::{
    Boot, CarrierId, Destination, Index, Mono, Number, SiteId, Stamp, Starts, Subject, View, Who, codec,
};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

pub const SITES: [&str; 4] = ["london", "manchester", "office", "netherlands"];
pub const STEP: Duration = Duration::from_millis(10);
pub const TRIP: Duration = Duration::from_millis(20);
/// The wall clock when the world begins.
const WALL: u64 = 1_800_000_000_000;

/// What the carrier does with a SET or a login.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Carrier {
    #[default]
    Well,
    /// No login, no reading.
    Mute,
    /// The SET is applied, but nobody hears of it.
    Swallows,
    /// The SET is lost or comes late: nothing is applied, and nobody hears of it.
    Drops,
}

/// What is under way to a site: a frame, or the end of something that it ordered.
pub enum Mail {
    Frame { from: SiteId, frame: Frame },
    Event(Event),
}

/// One SET that reached the carrier.
#[derive(Clone, Debug)]
pub struct Set {
    pub at: Duration,
    pub by: SiteId,
    pub number: Number,
    pub to: Destination,
    pub fence: Index,
    /// Whether the process that sent it lived to hear the carrier's answer.
    pub heard: Heard,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    Never,
    Answer,
}

/// Everything outside the agents.
#[derive(Default)]
pub struct Outside {
    pub now: Duration,
    post: BTreeMap<(Duration, u64), (SiteId, Boot, Mail)>,
    posted: u64,
    pub shows: BTreeMap<Number, Destination>,
    pub carrier: Carrier,
    pub missing: BTreeSet<SiteId>,
    pub cut: BTreeSet<SiteId>,
    /// Nothing gets from the one to the other.
    pub apart: BTreeSet<(SiteId, SiteId)>,
    /// A relay that forges the words of a site, and repeats what it once passed on of them.
    pub hostile: Option<(SiteId, SiteId)>,
    /// What relays passed on last, and to whom.
    pub passed: Vec<(SiteId, Frame)>,
    pub sets: Vec<Set>,
    pub told: Vec<(Duration, SiteId, Telling)>,
    pub answers: BTreeMap<u64, Answer>,
    pub looks: Vec<Duration>,
    /// Sites whose link loses the next frame of this kind.
    pub lose: BTreeSet<&'static str>,
    /// The site whose wall clock is a minute ahead.
    pub ahead: Option<SiteId>,
    /// Sites that others reach with three questions of ten lost, in no order that anybody could foresee.
    pub lossy: BTreeSet<SiteId>,
    dice: u64,
    /// Sites whose own references do not answer.
    pub blind: BTreeSet<SiteId>,
    /// Kinds of frames that no link carries.
    pub hushed: BTreeSet<String>,
    /// The site that shows another journal than the others'.
    pub rewritten: Option<SiteId>,
}

impl Outside {
    /// Whether something gets from one site to another.
    pub fn carries(&self, from: &SiteId, to: &SiteId) -> bool {
        let whole = |site| !self.cut.contains(site);
        whole(from) && whole(to) && !self.apart.contains(&(from.clone(), to.clone()))
    }

    /// The answer to a SET has arrived where it was waited for.
    fn hear(&mut self, event: &Event) {
        let Event::Executed { fence, report } = event else { return };
        let answered = report.was == Was::Right;
        for set in self.sets.iter_mut().filter(|set| answered && set.fence == *fence) {
            set.heard = Heard::Answer;
        }
    }

    /// Three times of ten.
    fn lost(&mut self) -> bool {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.dice >> 33) % 10 < 3
    }

    /// The hostile relay says to everybody what its victim never said, and again what it did say.
    fn forge(&mut self) {
        let Some((relay, victim)) = self.hostile.clone() else { return };
        let mut sent = self.passed.clone();
        // It speaks in its own life: only what it says of others is forged.
        let Some(boot) = sent.first().map(|(_, frame)| frame.boot) else { return };
        for to in SITES.map(SiteId::new).into_iter().filter(|to| *to != relay && *to != victim) {
            let bytes =
                Frame { stamp: None, boot, body: Body::Hears { sites: SITES.map(SiteId::new).to_vec() } };
            let n = u64::try_from(self.now.as_millis()).expect("the world is well formed");
            let (from, bytes, seal) = (victim.clone(), bytes.encode(), Seal::default());
            let sealed = Sealed { from, to: to.clone(), starts: Starts(1), n, bytes, seal };
            sent.push((to, Frame { stamp: None, boot, body: Body::Relayed(Box::new(sealed)) }));
        }
        for (to, frame) in sent {
            self.post(TRIP, (&to, Boot(0)), Mail::Frame { from: relay.clone(), frame });
        }
    }

    pub fn post(&mut self, after: Duration, to: (&SiteId, Boot), mail: Mail) {
        self.posted += 1;
        self.post.insert((self.now + after, self.posted), (to.0.clone(), to.1, mail));
    }
}

#[derive(Clone, Default)]
pub struct Disk {
    pub voters: Vec<VoterState>,
    pub rows: Vec<JournalRow>,
    pub led: Option<Stamp>,
    pub kept: BTreeMap<String, Vec<u8>>,
    starts: u64,
}

/// One living agent.
struct Life {
    turn: Turn<Share>,
    boot: Boot,
    wake: Option<Mono>,
    born: Duration,
    probed: Vec<Duration>,
    /// Since when the process stands still, and what came in for it meanwhile.
    stopped: Option<(Duration, Vec<Input>)>,
}

/// The whole of it.
pub struct Cluster {
    pub outside: Rc<RefCell<Outside>>,
    disks: BTreeMap<SiteId, Rc<RefCell<Disk>>>,
    lives: BTreeMap<SiteId, Life>,
    policy: String,
    boots: u64,
    asked: u64,
}

impl Cluster {
    pub fn new(policy: &str) -> Self {
        let outside = Rc::new(RefCell::new(Outside::default()));
        let sites = SITES.map(SiteId::new);
        let disks = sites.iter().map(|site| (site.clone(), Rc::default())).collect();
        let mut cluster =
            Self { outside, disks, lives: BTreeMap::new(), policy: policy.to_owned(), boots: 0, asked: 0 };
        let read = Policy::read("the test's policy", policy).expect("the world is well formed");
        for number in &read.routes[0].numbers {
            let shows =
                read.destination(&read.routes[0], number, &sites[0]).expect("the world is well formed");
            cluster.outside.borrow_mut().shows.insert(number.clone(), shows);
        }
        for site in &sites {
            cluster.start(site);
        }
        cluster
    }

    pub fn start(&mut self, site: &SiteId) {
        self.boots += 1;
        let boot = Boot(self.boots);
        let disk = Rc::clone(&self.disks[site]);
        disk.borrow_mut().starts += 1;
        let loaded = disk.borrow().clone();
        let mut view = View::birth("bytemark");
        for row in &loaded.rows {
            let _ = view.apply(
                row.index,
                &row.bytes,
                &codec::decode(&row.bytes).expect("the world is well formed"),
            );
        }
        let policy = Policy::read("the test's policy", &self.policy).expect("the world is well formed");
        let votes = policy.sites.iter().map(|s| (s.id.clone(), u32::from(s.votes))).collect();
        let clock = ClusterClock::new(view.stamp, votes);
        let shelf = playbooks::shipped().iter().map(|(name, text)| {
            let playbook = Playbook::read(name, text).expect("the world is well formed");
            (playbook.name.clone(), playbook)
        });
        let name =
            state::Disk(SITES.iter().position(|name| *name == site.as_str()).map_or(0, |at| at as u64 + 1));
        let own =
            Own { boot, disk: name, starts: Starts(loaded.starts), named: Index(0), stand: Stand::Inside };
        let heard = |of: &SiteId| Some((of.clone(), loaded.kept.get(&door::heard(of))?.clone()));
        let remembered = SITES.map(SiteId::new).iter().filter_map(heard).collect();
        let door = Door::new(site.clone(), own, remembered);
        let start = Start {
            identity: Identity { site: site.clone(), starts: Starts(loaded.starts), boot, disk: name },
            view,
            file: self.policy.clone(),
            secrets: vec![CarrierId::new("magrathea")],
            playbooks: shelf.collect(),
            stopped: None,
            led: loaded.led.map(|at| self.wall(site).since(at)),
            outside: None,
        };
        let now = self.outside.borrow().now;
        let node = Node::new(start, Mono::from_boot(now));
        let mut first = agent::event::Output::default();
        node.watch(&mut first);
        let last = loaded.rows.last().map(|row| row.index).unwrap_or_default();
        let quorum =
            Quorum::new(seats(), site, Past { journal: last, voters: loaded.voters, ids: Vec::new() })
                .expect("the world is well formed");
        let outside = Rc::clone(&self.outside);
        let mut share = Share { here: site.clone(), boot, disk, outside, watch: Vec::new() };
        for effect in first.act {
            share.act(effect);
        }
        let turn = Turn::new(site.clone(), (node, quorum), clock, share);
        self.lives.insert(
            site.clone(),
            Life { turn, boot, wake: None, born: now, probed: Vec::new(), stopped: None },
        );
        let turn = Turn::new(site.clone(), (node, quorum, door), clock, share);
        self.lives.insert(site.clone(), Life { turn, boot, wake: None, born: now, probed: Vec::new() });
    }

    /// A kill: memory and everything that the process had under way are gone; what is on the wire arrives.
    pub fn kill(&mut self, site: &SiteId) {
        if let Some(life) = self.lives.remove(site) {
            let kept = |mail: &Mail| matches!(mail, Mail::Frame { .. });
            self.outside.borrow_mut().post.retain(|_, (_, boot, mail)| *boot != life.boot || kept(mail));
        }
    }

    /// The process stands still, and its machine's clock does not.
    pub fn stop(&mut self, site: &SiteId) {
        let now = self.outside.borrow().now;
        if let Some(life) = self.lives.get_mut(site) {
            life.stopped.get_or_insert((now, Vec::new()));
        }
    }

    /// It goes on: the first thing that it sees is that its clock jumped.
    pub fn go_on(&mut self, site: &SiteId) {
        let stopped = self.lives.get_mut(site).and_then(|life| life.stopped.take());
        let Some((since, inputs)) = stopped else { return };
        self.take(site, Input::Event(Event::ClockGap { since: Mono::from_boot(since) }));
        for input in inputs {
            self.take(site, input);
        }
    }

    pub fn view(&self, site: &SiteId) -> Option<&View> {
        self.lives.get(site).map(|life| life.turn.view())
    }

    pub fn living(&self) -> Vec<SiteId> {
        self.lives.keys().cloned().collect()
    }

    pub fn order(&mut self, site: &SiteId, command: Command) -> u64 {
        self.asked += 1;
        let asker = Asker { id: self.asked, who: Who::new("matthew") };
        self.take(site, Input::Event(Event::Asked { asker, command }));
        self.asked
    }

    pub fn status(&mut self, site: &SiteId) -> StatusReport {
        let id = self.order(site, Command::Status);
        match self.outside.borrow_mut().answers.remove(&id) {
            Some(Answer::Status(report)) => *report,
            other => panic!("{site} answered {other:?}"),
        }
    }

    /// What the wall clock of a site shows.
    fn wall(&self, site: &SiteId) -> Stamp {
        let outside = self.outside.borrow();
        let ahead = if outside.ahead.as_ref() == Some(site) { 60_000 } else { 0 };
        let now = u64::try_from(outside.now.as_millis()).expect("the world is well formed");
        Stamp::from_millis(WALL + ahead + now)
    }

    fn take(&mut self, site: &SiteId, input: Input) {
        let clocks = Clocks { mono: Mono::from_boot(self.outside.borrow().now), wall: self.wall(site) };
        let Some(life) = self.lives.get_mut(site) else { return };
        match &mut life.stopped {
            Some((_, inputs)) => inputs.push(input),
            None => {
                let Ok(wake) = life.turn.take(input, clocks);
                life.wake = wake;
            }
        }
    }

    /// A hundredth of a second.
    pub fn step(&mut self) {
        self.outside.borrow_mut().now += STEP;
        let now = self.outside.borrow().now;
        if now.as_millis().is_multiple_of(100) {
            self.outside.borrow_mut().forge();
        }
        loop {
            let due = {
                let mut outside = self.outside.borrow_mut();
                let first = outside.post.first_key_value().map(|(key, _)| *key);
                first.filter(|(at, _)| *at <= now).and_then(|key| outside.post.remove(&key))
            };
            let Some((to, boot, mail)) = due else { break };
            match mail {
                Mail::Frame { from, frame } => self.take(&to, Input::Frame { from, frame }),
                Mail::Event(event) if self.lives.get(&to).is_some_and(|life| life.boot == boot) => {
                    self.outside.borrow_mut().hear(&event);
                    self.take(&to, Input::Event(event));
                }
                Mail::Event(_) => {}
            }
        }
        for site in self.living() {
            if self.lives[&site].stopped.is_some() {
                continue;
            }
            self.probe(&site, now);
            let life = &self.lives[&site];
            if (now - life.born).as_millis().is_multiple_of(100) {
                self.take(&site, Input::Tick);
            } else if life.wake.is_some_and(|at| at <= Mono::from_boot(now)) {
                self.take(&site, Input::Event(Event::Tick));
            }
        }
    }

    fn probe(&mut self, site: &SiteId, now: Duration) {
        let life = self.lives.get_mut(site).expect("the world is well formed");
        let plans = life.turn.world().watch.clone();
        life.probed.resize(plans.len(), Duration::ZERO);
        for (at, plan) in plans.iter().enumerate() {
            let life = self.lives.get_mut(site).expect("the world is well formed");
            if now - life.probed[at].min(now) < plan.every {
                continue;
            }
            life.probed[at] = now;
            let boot = life.boot;
            let asked = Mono::from_boot(now);
            let mut outside = self.outside.borrow_mut();
            let lost = outside.lost();
            let dark = |of: &Subject| {
                outside.missing.contains(&of.site)
                    || of.site != *site && lost && outside.lossy.contains(&of.site)
                    || of.site != *site
                        && !(outside.carries(site, &of.site) && outside.carries(&of.site, site))
            };
            let (after, event) = match &plan.about {
                About::Subject(subject) => {
                    let absent = dark(subject);
                    let answer = if absent { Presence::Absent } else { Presence::Present };
                    let subject = subject.clone();
                    let event = Event::Observed { subject, asked, answer, detail: String::new() };
                    (if absent { plan.timeout } else { TRIP }, event)
                }
                About::Reference => {
                    let target = "192.0.2.1:53".parse().expect("the world is well formed");
                    let blind = outside.blind.contains(site);
                    let answer = if blind { Presence::Absent } else { Presence::Present };
                    (TRIP, Event::Reference { target, asked, answer })
                }
            };
            outside.post(after, (site, boot), Mail::Event(event));
        }
    }
}

fn seats() -> Seats {
    let ids = |site: &str| -> &[u64] {
        match site {
            "london" => &[1],
            "manchester" => &[2],
            "office" => &[3],
            _ => &[4, 5],
        }
    };
    let seat = |site: &str| Seat {
        site: SiteId::new(site),
        ids: ids(site).iter().copied().map(RaftId).collect(),
        standing: Standing::Voter,
    };
    Seats::new(SITES.iter().map(|site| seat(site)).collect(), [4, 2, 3, 1, 5].map(RaftId).to_vec())
        .expect("the world is well formed")
}
