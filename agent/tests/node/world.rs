//! Four agents in one thread: links that can be cut, disks that survive a kill, one carrier, and virtual time.

use super::deeds;
use super::outside::{Disk, Mail, Outside, Shyness};
use super::share::Share;
use agent::cluster_clock::ClusterClock;
use agent::command::{Answer, Command, StatusReport};
use agent::door::{self, Door, Named, Own, Stand};
use agent::event::{Asker, Event, Identity, Presence};
use agent::frame::{Body, Frame};
use agent::node::{Node, Start};
use agent::policy_file::{MARKS, Marks};
use agent::probes::plan::About;
use agent::quorum::{Past, Quorum, RaftId, Seat, Seats, Standing};
use agent::turn::{Anew, Clocks, Input, Turn, World};
use policies::Policy;
use state::{Boot, CarrierId, Mono, SiteId, Stamp, Starts, Subject, View, Who, codec};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

pub const SITES: [&str; 4] = ["london", "manchester", "office", "netherlands"];
pub const STEP: Duration = Duration::from_millis(10);
pub const TRIP: Duration = Duration::from_millis(20);
/// The wall clock when the world begins.
pub const WALL: u64 = 1_800_000_000_000;

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
            cluster.disks[site].borrow_mut().file = Some(policy.to_owned());
            cluster.start(site);
        }
        cluster
    }

    /// A machine with an empty disk and a folder of its own is put up for a site, with this policy in it.
    pub fn found(&mut self, site: &SiteId, policy: &str) {
        let machine = self.disks.get(site).map_or(0, |before| before.borrow().machine + 1);
        let disk = Disk { file: Some(policy.to_owned()), machine, ..Disk::default() };
        self.disks.insert(site.clone(), Rc::new(RefCell::new(disk)));
        self.start(site);
    }

    /// A site's disk is gone, and its agent starts on a new one.
    pub fn lose_disk(&mut self, site: &SiteId) {
        self.kill(site);
        let (file, lost) = (self.disks[site].borrow().file.clone(), self.disks[site].borrow().lost + 1);
        *self.disks[site].borrow_mut() = Disk { file, lost, ..Disk::default() };
        self.start(site);
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
        let shelf = deeds::playbooks().map(|playbook| (playbook.name.clone(), playbook));
        let named = loaded.kept.get(door::NAMED).and_then(|bytes| Named::from_bytes(bytes));
        let ids = named.iter().flat_map(|named| &named.raft_ids).copied().map(RaftId).collect();
        let place = SITES.iter().position(|name| *name == site.as_str());
        let first = place.map_or_else(|| hash(site.as_str()), |at| at as u64 + 1);
        let name = state::Disk(first + 100 * loaded.lost + loaded.machine);
        let stand = match ids_are_none(&loaded) {
            true if loaded.lost > 0 => Stand::Outside { why: "its database is gone".to_owned() },
            true if place.is_none() => Stand::Newborn,
            true | false => Stand::Inside,
        };
        let at = named.map(|named| named.at).unwrap_or_default();
        let own = Own { boot, disk: name, starts: Starts(loaded.starts), named: at, stand: stand.clone() };
        let heard = |of: &SiteId| Some((of.clone(), loaded.kept.get(&door::heard(of))?.clone()));
        let remembered = SITES.map(SiteId::new).iter().filter_map(heard).collect();
        let door = Door::new(site.clone(), own, remembered);
        let start = Start {
            identity: Identity { site: site.clone(), starts: Starts(loaded.starts), boot, disk: name },
            view,
            file: loaded.file.clone().unwrap_or_else(|| self.policy.clone()),
            secrets: vec![CarrierId::new("magrathea")],
            playbooks: shelf.collect(),
            stopped: None,
            alone: loaded.alone.clone(),
            marks: loaded.kept.get(MARKS).map(|bytes| Marks::decode(bytes)).unwrap_or_default(),
            led: loaded.led.map(|at| self.wall(site).since(at)),
            outside: stand.outside(),
        };
        let now = self.outside.borrow().now;
        let node = Node::new(start, Mono::from_boot(now));
        let mut first = agent::event::Output::default();
        node.watch(&mut first);
        let quorum = self.quorum(site, &stand, (&loaded, ids));
        let outside = Rc::clone(&self.outside);
        let mut share = Share { here: site.clone(), boot, disk, outside, watch: Vec::new() };
        for effect in first.act {
            share.act(effect);
        }
        share.look_at_file();
        let turn = Turn::new(site.clone(), (node, quorum, door), clock, share);
        self.lives.insert(
            site.clone(),
            Life { turn, boot, wake: None, born: now, probed: Vec::new(), stopped: None },
        );
    }

    /// The votes of a site's disk; a machine that nobody has named yet has none.
    fn quorum(&self, site: &SiteId, stand: &Stand, (loaded, ids): (&Disk, Vec<RaftId>)) -> Quorum {
        if *stand != Stand::Inside {
            let file = Policy::read("the site's policy", loaded.file.as_deref().unwrap_or(&self.policy));
            let seats = agent::start::seats(&file.expect("the world is well formed"));
            return Quorum::outside(seats.expect("the world is well formed"), site);
        }
        let born = loaded.kept.get(door::BIRTH).and_then(|bytes| postcard::from_bytes(bytes).ok());
        let last = loaded.rows.last().map(|row| row.index).unwrap_or_default();
        let past = Past { journal: last, voters: loaded.voters.clone(), ids };
        Quorum::new(born.unwrap_or_else(seats), site, past).expect("the world is well formed")
    }

    /// A person saves another text as the policy file of a site.
    pub fn save(&mut self, site: &SiteId, change: impl FnOnce(Option<String>) -> Option<String>) {
        let before = self.disks[site].borrow_mut().file.take();
        self.disks[site].borrow_mut().file = change(before);
        if let Some(life) = self.lives.get_mut(site) {
            life.turn.world().look_at_file();
        }
    }

    /// The disk of a site, whether its agent lives or not.
    pub fn disk(&self, site: &SiteId) -> Rc<RefCell<Disk>> {
        Rc::clone(&self.disks[site])
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

    /// Says to a site, in the leader's name, that its open attempt is not wanted any more.
    pub fn revoke(&mut self, site: &SiteId, leader: &SiteId) {
        let view = self.view(site).expect("the world is well formed");
        let (fence, attempt) = view.attempts.last_key_value().expect("an attempt is open");
        let body = Body::Revoke { fence: *fence, boot: attempt.boot, nonce: attempt.nonce };
        let boot = self.lives[leader].boot;
        self.take(site, Input::Frame { from: leader.clone(), frame: Frame { stamp: None, boot, body } });
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
        if life.turn.begins() == Anew::Begins {
            self.kill(site);
            self.start(site);
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
                Mail::Point(point) if self.lives.get(&to).is_some_and(|life| life.boot == boot) => {
                    let life = self.lives.get_mut(&to).expect("the world is well formed");
                    life.turn.world().point(&point);
                }
                Mail::Event(_) | Mail::Point(_) => {}
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
                let there = of.site.site();
                outside.missing.contains(&of.site)
                    || outside.failed.contains(&of.to_string())
                    || there != *site && lost && outside.lossy.contains(&there)
                    || there != *site && !(outside.carries(site, &there) && outside.carries(&there, site))
            };
            let (after, event) = match &plan.about {
                About::Subject(subject) if outside.unable.contains(site) => {
                    let why = "the kernel lets this group send no ping".to_owned();
                    (TRIP, Event::Unasked { subject: subject.clone(), asked, why })
                }
                About::Subject(subject) => {
                    let absent = dark(subject);
                    let answer = if absent { Presence::Absent } else { Presence::Present };
                    let subject = subject.clone();
                    let event = Event::Observed { subject, asked, answer, detail: String::new() };
                    (if absent { plan.timeout } else { TRIP }, event)
                }
                About::Signalling(target) => {
                    let target = *target;
                    let absent = outside.deaf.contains(site) || outside.shy == Shyness::KnownPbxsAlone;
                    let answer = if absent { Presence::Absent } else { Presence::Present };
                    let event = Event::Signalled { target, asked, answer };
                    (if absent { plan.timeout } else { TRIP }, event)
                }
                About::Contact(target) => {
                    let target = *target;
                    let absent = outside.deaf.contains(site);
                    let answer = if absent { Presence::Absent } else { Presence::Present };
                    (TRIP, Event::Contacted { target, asked, answer })
                }
                About::Reference(target) => {
                    let target = *target;
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

fn ids_are_none(disk: &Disk) -> bool {
    !disk.kept.contains_key(door::NAMED)
}

/// A number for the disk of a site that was not there at birth.
fn hash(name: &str) -> u64 {
    name.bytes().fold(100, |sum, byte| sum * 31 + u64::from(byte))
}
