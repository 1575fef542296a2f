//! One simulated site: its disk, its clocks, its agent while that runs, and what waits while it is stopped.

use super::carrier::Moment;
use super::disk::Disk;
use super::lost::Loss;
use super::net::SITES;
use super::queue::Item;
use super::session::Session;
use super::thief::bundle;
use super::world::Trays;
use agent::cluster_clock::ClusterClock;
use agent::door::{self, Door, Own, Stand};
use agent::event::{Effect, Event, Identity, Output};
use agent::links::Trust;
use agent::node::{Node, Shelf, Start};
use agent::policy_file::{MARKS, Marks};
use agent::probes::plan::ProbePlan;
use agent::quorum::{Keep, Past, Quorum, RaftId, Seats};
use agent::turn::{Anew, Clocks, GAP, Input, Turn};
use policies::Policy;
use state::view::PolicyInForce;
use state::{Boot, CarrierId, Fingerprint, Index, Mono, Nonce, Number, SiteId, Stamp, Starts, View};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// When the simulation begins, as wall clocks show it.
const EPOCH: u64 = 1_780_000_000_000;

/// What every agent is started with.
pub struct Setting {
    /// The policy's text.
    pub policy: String,
    /// The cluster's name.
    pub cluster: String,
    /// What it says of sites and votes.
    pub charter: Charter,
    /// The playbooks.
    pub shelf: Shelf,
    /// The carriers.
    pub carriers: Vec<CarrierId>,
}

/// What a policy says of sites and votes.
#[derive(Clone, Debug)]
pub struct Charter {
    /// Who would sit where, if the cluster were born with it.
    pub seats: Seats,
    /// Votes by site.
    pub votes: BTreeMap<SiteId, u32>,
}

impl Charter {
    /// What this policy says; nothing if it makes no quorum.
    pub fn of(policy: &Policy) -> Option<Self> {
        let votes = policy.sites.iter().map(|s| (s.id.clone(), u32::from(s.votes))).collect();
        Some(Self { seats: agent::start::seats(policy).ok()?, votes })
    }
}

impl Setting {
    /// The policy that a start goes by: the agreed one, or the site's own file while nothing is agreed, and where only
    /// the file has the site. With a policy that has no such site no agent starts.
    fn charter(&self, here: &SiteId, (agreed, file): (Option<&str>, &str)) -> Option<Charter> {
        let read = |text: &str| {
            if text == self.policy {
                return Some(self.charter.clone());
            }
            Policy::read("a policy", text).ok().as_ref().and_then(Charter::of)
        };
        let known = |charter: &Charter| charter.votes.contains_key(here);
        agreed.and_then(read).filter(known).or_else(|| read(file).filter(known))
    }

    /// A file by which an agent can be started that knows of nothing agreed: whoever spoilt it mends it before.
    fn mended(&self, file: String, agreed: Option<&PolicyInForce>) -> String {
        let good = file == self.policy || agreed.is_some() || Policy::read("a policy", &file).is_ok();
        if good { file } else { self.policy.clone() }
    }
}

/// Whether a machine's clock goes on while its agent is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Only the process is stopped.
    Frozen,
    /// The whole machine is.
    Paused,
}

/// One site.
pub struct Site {
    /// Its name.
    pub id: SiteId,
    /// Its agent, while it runs.
    pub turn: Option<Turn<Trays>>,
    /// Its disk, while no agent runs.
    pub disk: Disk,
    /// Counts the lives of its agent.
    pub life: u64,
    /// Why it does nothing, if it is stopped, and since when.
    pub stopped: Option<(Stop, Moment)>,
    /// What came while it was stopped.
    pub waiting: Vec<Item>,
    /// What it probes.
    pub probes: Vec<ProbePlan>,
    /// Counts the changes of what it probes.
    pub watch: u64,
    /// Its sessions at the carrier.
    pub sessions: BTreeMap<Nonce, Session>,
    /// The greatest fence of each number.
    pub fences: BTreeMap<Number, Index>,
    /// The attempts of which nothing more may be sent.
    pub revoked: BTreeSet<Index>,
    /// How far its wall clock is off, in milliseconds.
    pub wall: i64,
    /// For how long its clock has stood still, in microseconds.
    pub still: u64,
    /// How many writes of its disk were checked.
    pub checked: u64,
    /// How many wakes it asked for lately: an agent that wakes itself all the time is a fault of its own.
    pub wakes: u64,
    /// How many ticks its agents have had.
    pub ticks: u64,
    /// The name of the disk that it has lost, until it was let back in with another one.
    pub lost: Option<u64>,
    /// The votes of that disk.
    pub promised: BTreeSet<u64>,
    /// Whom its links let in, and by which key.
    pub links: [Trust; SITES],
    /// The key of its bundle, and how many it had before.
    pub key: Fingerprint,
    /// See there.
    pub bundles: u32,
    /// Its people have switched it off.
    pub off: bool,
    rate: u64,
    last: Mono,
}

impl Site {
    /// A site whose clock runs at so many parts in a thousand of true time.
    pub fn new(id: SiteId, rate: u64) -> Self {
        Self {
            key: Fingerprint::of(&bundle(&id, 0)),
            bundles: 0,
            off: false,
            links: [Trust::Nobody; SITES],
            promised: BTreeSet::new(),
            id,
            turn: None,
            disk: Disk::default(),
            life: 0,
            stopped: None,
            waiting: Vec::new(),
            probes: Vec::new(),
            watch: 0,
            sessions: BTreeMap::new(),
            fences: BTreeMap::new(),
            revoked: BTreeSet::new(),
            wall: 0,
            still: 0,
            checked: 0,
            wakes: 0,
            ticks: 0,
            lost: None,
            rate,
            last: Mono::default(),
        }
    }

    /// What its clock for waiting shows.
    pub fn mono(&self, now: Moment) -> Mono {
        let standing = match self.stopped {
            Some((Stop::Paused, since)) => now - since,
            Some((Stop::Frozen, _)) | None => 0,
        };
        let run = now.saturating_sub(self.still + standing);
        Mono::from_boot(Duration::from_micros(60_000_000 + run * self.rate / 1000))
    }

    /// When its clock will show this, if it does not stand still until then.
    pub fn at(&self, mono: Mono, now: Moment) -> Moment {
        let left = u64::try_from(mono.left(self.mono(now)).as_micros()).unwrap_or(u64::MAX / 2000);
        now + left * 1000 / self.rate + 1
    }

    /// How long a span of its clock is in true time.
    pub fn span(&self, of: Duration) -> Moment {
        u64::try_from(of.as_micros()).unwrap_or(u64::MAX / 2000) * 1000 / self.rate
    }

    fn clocks(&self, now: Moment) -> Clocks {
        let wall = i64::try_from(EPOCH + now / 1000).unwrap_or(i64::MAX) + self.wall;
        Clocks { mono: self.mono(now), wall: Stamp::from_millis(u64::try_from(wall).unwrap_or(0)) }
    }

    /// Starts an agent on its disk, unless its policy has no such site; what it orders at once is in its tray.
    pub fn start(&mut self, setting: &Setting, (boot, now): (Boot, Moment)) {
        self.life += 1;
        self.watch += 1;
        self.probes.clear();
        self.sessions.clear();
        self.fences.clear();
        self.revoked.clear();
        self.links = [Trust::Nobody; SITES];
        let mut disk = std::mem::take(&mut self.disk);
        disk.quench();
        disk.count_start();
        let stand = disk.stand(boot.0);
        let view = disk.replay(&setting.cluster);
        let named = disk.named().map(|named| named.at).unwrap_or_default();
        let file = disk.file.take().unwrap_or_else(|| setting.policy.clone());
        let file = setting.mended(file, view.policy.as_ref());
        disk.file = Some(file.clone());
        let agreed = view.policy.as_ref().map(|policy| policy.text.as_str());
        let charter = setting.charter(&self.id, (agreed, &file));
        let Some(Charter { seats, votes }) = charter else {
            self.disk = disk;
            return;
        };
        let kept = disk.kept.get(door::BIRTH).and_then(|bytes| postcard::from_bytes(bytes).ok());
        let birth = kept.unwrap_or(seats);
        let clock = ClusterClock::new(view.stamp, votes.clone());
        let ids = disk.named().into_iter().flat_map(|named| named.raft_ids).map(RaftId).collect();
        let past = Past { journal: disk.last(), voters: disk.voters.clone(), ids };
        let (starts, name) = (Starts(disk.starts), state::Disk(disk.name));
        let identity = Identity { site: self.id.clone(), starts, boot, disk: name };
        let quorum = match &stand {
            Stand::Inside => Quorum::new(birth, &self.id, past)
                .expect("a disk that was written batch by batch can be read"),
            Stand::Newborn | Stand::Outside { .. } => Quorum::outside(birth, &self.id),
        };
        let outside = stand.outside();
        let heard = |of: &SiteId| Some((of.clone(), disk.kept.get(&door::heard(of))?.clone()));
        let remembered = votes.keys().filter_map(heard).collect();
        let door = Door::new(self.id.clone(), Own { boot, disk: name, starts, named, stand }, remembered);
        let start = Start {
            identity,
            view,
            file,
            secrets: setting.carriers.clone(),
            playbooks: setting.shelf.clone(),
            stopped: None,
            alone: disk.told_alone(),
            marks: disk.kept.get(MARKS).map(|bytes| Marks::decode(bytes)).unwrap_or_default(),
            led: disk.led.map(|at| self.clocks(now).wall.since(at)),
            outside,
        };
        let mono = self.mono(now);
        self.last = mono;
        let node = Node::new(start, mono);
        let mut first = Output::default();
        node.watch(&mut first);
        let (seen, cluster, here) = (disk.journal.len(), setting.cluster.clone(), self.id.to_string());
        let bundle = bundle(&self.id, self.bundles);
        let trays = Trays { cluster, seen, disk, orders: first.act, here, bundle, ..Trays::default() };
        self.turn = Some(Turn::new(self.id.clone(), (node, quorum, door), clock, trays));
    }

    /// Its agent ends where it stands; the disk stays.
    pub fn end(&mut self) {
        if let Some(mut turn) = self.turn.take() {
            self.disk = std::mem::take(&mut turn.world().disk);
        }
        self.life += 1;
        self.sessions.clear();
    }

    /// One turn, as the driver takes it. False if the process died in it.
    pub fn take(&mut self, input: Input, now: Moment) -> Survival {
        let clocks = self.clocks(now);
        let last = std::mem::replace(&mut self.last, clocks.mono);
        let Some(turn) = &mut self.turn else { return Survival::Lives { wake_at: None } };
        if clocks.mono.since(last) > GAP {
            let gap = Input::Event(Event::ClockGap { since: last });
            if turn.take(gap, clocks).is_err() {
                return Survival::Died;
            }
        }
        match turn.take(input, clocks) {
            // Whoever begins anew is for the world a process that ends and is started again.
            Ok(_) if turn.begins() == Anew::Begins => Survival::Died,
            Ok(wake_at) => Survival::Lives { wake_at },
            Err(_) => Survival::Died,
        }
    }

    /// Every so many ticks its agent looks whether its log can be cut.
    pub fn cut_log(&mut self, (every, keep): (u64, Keep)) {
        if let Some(turn) = self.turn.as_mut().filter(|_| self.ticks.is_multiple_of(every)) {
            turn.compact(keep);
        }
    }

    /// Its trays, while its agent runs.
    pub fn trays(&mut self) -> Option<&mut Trays> {
        self.turn.as_mut().map(Turn::world)
    }

    /// Its disk, wherever it is.
    pub fn disk(&mut self) -> &Disk {
        match &mut self.turn {
            Some(turn) => &turn.world().disk,
            None => &self.disk,
        }
    }

    /// Whether what its disk had promised is gone, and nobody has let it back in yet.
    pub fn has_lost(&mut self) -> bool {
        let lost = self.lost;
        lost.is_some_and(|name| {
            let disk = self.disk();
            disk.name == name || disk.is_outside() || disk.named().is_none()
        })
    }

    /// Whether people have to let it in.
    pub fn must_be_let_in(&mut self) -> bool {
        self.disk().is_outside() || self.lost.is_some() && self.disk().named().is_none()
    }

    /// A disk that it is given now.
    pub(super) fn lose(&mut self, loss: Loss) {
        self.lost = Some(self.disk.name);
        self.promised = self.disk.promises().map(|(id, _)| id.0).collect();
        match loss {
            Loss::Wiped => self.disk.wipe(),
            Loss::Replaced => self.disk.replace(),
            Loss::RolledBack => self.disk.roll_back(),
        }
    }

    /// What its agent remembers.
    pub fn view(&self) -> Option<&View> {
        self.turn.as_ref().map(Turn::view)
    }

    /// Orders that were never meant for the hands are told apart by the caller.
    pub fn orders(&mut self) -> Vec<Effect> {
        self.trays().map(|trays| std::mem::take(&mut trays.orders)).unwrap_or_default()
    }
}

/// What became of an agent in a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Survival {
    /// It lives, and wants to be woken then.
    Lives {
        /// On its own clock.
        wake_at: Option<Mono>,
    },
    /// It died while it wrote.
    Died,
}
