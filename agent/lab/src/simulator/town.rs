//! The simulated town: four sites, their network and the carrier, in one thread and one order of events.

use super::carrier::{Carrier, Moment};
use super::dice::Dice;
use super::invariants::{Checked, Invariants, Reseated};
use super::net::{Net, SITES};
use super::policy::{ROUTE, policy, setting};
use super::queue::{Item, Queue};
use super::schedule::{Deed, Fault, When};
use super::site::{Setting, Site, Survival};
use super::story::{Detail, Story};
use super::thief::Thief;
use agent::command::Telling;
use agent::event::Event;
use agent::node::Rules;
use agent::quorum::{KEEP, Keep};
use agent::turn::Input;
use policies::Policy;
use state::{Boot, Destination, Mono, Nonce, Number, RouteId, SiteId, Term};
use std::collections::BTreeMap;

/// So little of a log is kept in some towns.
const FORGETFUL: Keep = Keep { entries: 20, worth: 10 };
/// A tenth of a second on a site's clock.
const TICK: std::time::Duration = agent::quorum::TICK;

/// Traits of a town that are none of its faults, drawn from its seed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ways {
    /// The word that hands leadership over comes late, and twice.
    pub(super) belated: bool,
    /// Logs are cut soon, so that whoever was away needs a snapshot.
    forgetful: bool,
}

/// How often what is rare has happened in a run: faults that never strike find nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rare {
    /// How often each kind of fault struck, each order was given, and each deed befell somebody.
    pub struck: BTreeMap<String, u64>,
    /// The moments of the ambushes that were sprung.
    pub ambushes: Vec<When>,
    /// Words that handed leadership over and came late.
    pub belated: u64,
    /// Snapshots that took the place of facts.
    pub snapshots: u64,
    /// Edits of the policy that were agreed.
    pub edits: u64,
    /// Changes of sites and votes that were agreed.
    pub reseated: Reseated,
    /// Disks that were lost.
    pub wiped: u64,
    /// Lies that were told with a stolen bundle.
    pub lies: u64,
    /// Sites that were let in with their next one.
    pub trusted: u64,
    /// Disks that went back in time.
    pub rolled_back: u64,
    /// Sites that were let back in with a new disk.
    pub let_in: u64,
    /// Frames that went to a site, or came from one, over another.
    pub passed_on: u64,
    /// Frames that were garbled.
    pub garbled: u64,
    /// Writes that a person made alone.
    pub alone: u64,
    /// Moves on from a refuge or a last resort, by themselves, that were waited for.
    pub better: u64,
}

impl Rare {
    /// One more of a kind, by its name.
    pub(super) fn count(&mut self, kind: String) {
        *self.struck.entry(kind).or_default() += 1;
    }
}

/// Everything there is.
pub struct Town {
    pub(super) now: Moment,
    pub(super) queue: Queue,
    pub(super) sites: Vec<Site>,
    pub(super) boots: Vec<Boot>,
    pub(super) net: Net,
    pub(super) carrier: Carrier,
    /// The session and the end of its window, of each SET that will be answered.
    pub(super) flights_nonce: BTreeMap<usize, (Nonce, Moment)>,
    /// For each PBX, how many faults keep it dead.
    pub(super) dead: [u32; SITES],
    /// The same for those that take no more calls, and for sites whose references are silent.
    pub(super) draining: [u32; SITES],
    pub(super) blind: [u32; SITES],
    /// How many proposals to each site are still to be dropped.
    pub(super) dropping: [u64; SITES],
    /// How many frames of each link are still to be garbled.
    pub(super) garbling: [[u64; SITES]; SITES],
    /// Whether sites and votes are among what people edit.
    pub(super) reseats: bool,
    /// Whoever has a stolen bundle.
    pub(super) thief: Option<Thief>,
    /// What lies in wait.
    pub(super) ambushes: Vec<(When, Deed)>,
    /// Whether the next write is stranded.
    pub(super) strands: bool,
    /// The newest leader that anybody told of.
    pub(super) leader: Option<(Term, usize)>,
    /// What kind of town it is.
    pub(super) ways: Ways,
    /// How often what is rare has happened.
    pub(super) rare: Rare,
    pub(super) faults: Vec<Fault>,
    /// The faults from here on in the list no longer end by themselves: the town was healed.
    pub(super) healed: bool,
    pub(super) invariants: Invariants,
    pub(super) story: Story,
    pub(super) setting: Setting,
    pub(super) rules: Rules,
    pub(super) asked: u64,
    lives: Dice,
}

impl Town {
    /// A town that is about to be born, and the faults that will befall it.
    pub fn new(seed: u64, faults: Vec<Fault>, detail: Detail) -> Self {
        Self::born(seed, faults, detail, [0, 40_000, 80_000, 120_000])
    }

    /// The same, with the moment at which each agent is started for the first time.
    pub(super) fn born(seed: u64, faults: Vec<Fault>, detail: Detail, starts: [Moment; 4]) -> Self {
        let text = policy(seed);
        let policy = Policy::read("the town's policy", &text).expect("the policy of the town is good");
        let ids: Vec<SiteId> = policy.sites.iter().map(|site| site.id.clone()).collect();
        let rules = Rules::read(&text, &ids[0]).expect("it was read before");
        let setting = setting(&policy, text);
        let mut dice = Dice::new(seed, "clocks");
        let wild = dice.happens(30);
        let rate = |dice: &mut Dice| if wild { dice.within(900, 1100) } else { dice.within(999, 1001) };
        let ways = Ways { belated: dice.happens(50), forgetful: dice.happens(50) };
        let sites: Vec<Site> = ids.iter().map(|id| Site::new(id.clone(), rate(&mut dice))).collect();
        let route = rules.route(&RouteId::new(ROUTE)).expect("the town has one route");
        let first =
            |(number, to): &(Number, BTreeMap<SiteId, Destination>)| (number.clone(), to[&ids[0]].clone());
        let carrier = Carrier::new(route.numbers.iter().map(first));
        let mut queue = Queue::default();
        for (place, fault) in faults.iter().enumerate() {
            queue.put(fault.at * 1000, Item::Strike { fault: place });
        }
        for (site, at) in starts.into_iter().enumerate() {
            queue.put(at, Item::Start { site });
        }
        Self {
            now: 0,
            queue,
            boots: vec![Boot(0); sites.len()],
            sites,
            net: Net::new(seed),
            carrier,
            flights_nonce: BTreeMap::new(),
            dead: [0; SITES],
            draining: [0; SITES],
            blind: [0; SITES],
            dropping: [0; SITES],
            garbling: [[0; SITES]; SITES],
            reseats: false,
            thief: None,
            ambushes: Vec::new(),
            strands: false,
            leader: None,
            ways,
            rare: Rare::default(),
            faults,
            healed: false,
            invariants: Invariants::new(&policy.cluster, rules.clone(), &setting.charter.seats.seated()),
            story: Story::new(detail),
            setting,
            rules,
            asked: 0,
            lives: Dice::new(seed, "lives"),
        }
    }

    /// Lets time pass until this moment of true time.
    pub fn run(&mut self, until: Moment) -> Checked {
        while let Some((at, item)) = self.queue.take(until) {
            self.now = at;
            self.happen(item)?;
        }
        self.now = until;
        Ok(())
    }

    fn happen(&mut self, item: Item) -> Checked {
        if let Some(site) = item.site()
            && self.sites[site].stopped.is_some()
        {
            // One tick of each life is enough: missed ones are skipped.
            let ticks = |other: &Item| matches!(other, Item::Tick { .. }) && other.life() == item.life();
            let missed = ticks(&item) && self.sites[site].waiting.iter().any(ticks);
            if !missed {
                self.sites[site].waiting.push(item);
            }
            return Ok(());
        }
        self.story.note(self.now, (item.kind(), item.site().unwrap_or(9)), &item);
        if item.life().is_some_and(|(site, life)| self.sites[site].life != life) {
            return Ok(());
        }
        match item {
            Item::Tick { site, .. } => self.tick(site),
            Item::Wake { site, .. } => self.event(site, Event::Tick),
            Item::Probe { site, watch, plan } => {
                self.probe(site, (watch, plan));
                Ok(())
            }
            Item::Frame { from, to, .. } if !self.linked(from, to) => Ok(()),
            Item::Frame { from, to, frame } => {
                let from = self.sites[from].id.clone();
                self.turn(to, Input::Frame { from, frame })
            }
            Item::Event { site, event, .. } => self.event(site, event),
            Item::Stands { site, nonce, .. } => self.stands(site, nonce),
            Item::Answer { site, nonce, answer, .. } => self.answer(site, nonce, answer),
            Item::Go { site, point, .. } => self.point(site, point),
            Item::Write { site, write, .. } => self.write(site, write),
            Item::Apply { flight, then } => self.apply(flight, then),
            Item::Start { site } => self.start(site),
            Item::Thaw { site } => {
                self.thaw(site);
                Ok(())
            }
            Item::Strike { fault } => self.strike(fault),
            Item::Over { fault } => {
                self.over(fault);
                Ok(())
            }
            Item::Flap { site, left } => {
                self.flap(site, left);
                Ok(())
            }
            Item::Due => match self.leader {
                Some((_, leader)) => self.spring(When::Deciding, leader),
                None => Ok(()),
            },
            Item::Lie => {
                self.lie();
                Ok(())
            }
            Item::Mend { links } => {
                self.mend(&links);
                Ok(())
            }
        }
    }

    fn tick(&mut self, site: usize) -> Checked {
        let (life, next) = (self.sites[site].life, self.now + self.sites[site].span(TICK));
        self.queue.put(next, Item::Tick { site, life });
        self.sites[site].wakes = 0;
        self.sites[site].ticks += 1;
        self.sites[site].cut_log(if self.ways.forgetful { (50, FORGETFUL) } else { (600, KEEP) });
        self.turn(site, Input::Tick)
    }

    pub(super) fn event(&mut self, site: usize, event: Event) -> Checked {
        self.asks(site, &event);
        self.turn(site, Input::Event(event))
    }

    /// Starts an agent, if none runs there.
    pub(super) fn start(&mut self, site: usize) -> Checked {
        if self.sites[site].turn.is_some() || self.sites[site].off {
            return Ok(());
        }
        let boot = Boot(self.lives.word());
        self.boots[site] = boot;
        let here = &mut self.sites[site];
        here.start(&self.setting, (boot, self.now));
        let life = here.life;
        if here.turn.is_none() {
            self.story.tell(self.now, &format!("its policy has no {} any more", self.sites[site].id));
            return Ok(());
        }
        self.look_at_loss(site)?;
        self.story.tell(self.now, &format!("the agent of {} starts", self.sites[site].id));
        self.queue.put(self.now + self.sites[site].span(TICK), Item::Tick { site, life });
        self.look_at_file(site);
        self.found(site)?;
        self.carry_out(site)
    }

    /// An agent dies, and is started again after so long.
    pub(super) fn die(&mut self, site: usize, down: Moment) -> Checked {
        const D: Moment = 2_000_000;
        let life = self.sites[site].life;
        self.story.tell(self.now, &format!("the agent of {} dies", self.sites[site].id));
        self.carrier.orphan((site, life), self.now + D);
        self.sites[site].end();
        self.queue.put(self.now + down, Item::Start { site });
        self.found(site)
    }

    /// One turn of an agent and everything that comes of it.
    pub(super) fn turn(&mut self, site: usize, input: Input) -> Checked {
        if self.sites[site].turn.is_none() {
            return Ok(());
        }
        let survival = self.sites[site].take(input, self.now);
        self.found(site)?;
        self.obey();
        if self.invariants.takes_begun() {
            self.spring(When::Reseating, site)?;
        }
        self.post(site);
        match survival {
            Survival::Died => {
                let down = self.net.throw(300_000, 20_000_000);
                self.die(site, down)
            }
            Survival::Lives { wake_at } => {
                self.wake(site, wake_at);
                self.carry_out(site)
            }
        }
    }

    fn wake(&mut self, site: usize, wake_at: Option<Mono>) {
        let Some(wake_at) = wake_at else { return };
        let at = self.sites[site].at(wake_at, self.now).max(self.now + 1_000);
        // A tick comes anyway, and asks anew.
        if at < self.now + self.sites[site].span(TICK) && self.sites[site].wakes < 10 {
            self.sites[site].wakes += 1;
            let life = self.sites[site].life;
            self.queue.put(at, Item::Wake { site, life });
            self.foresee(at);
        }
    }

    fn carry_out(&mut self, site: usize) -> Checked {
        let Some(trays) = self.sites[site].trays() else { return Ok(()) };
        for telling in std::mem::take(&mut trays.told) {
            self.hear_of_leader(&telling);
            // Ballots and counts are told by everybody and all the time; a replay shows them anyway.
            if matches!(telling, Telling::Ballot { .. } | Telling::Suspect { .. } | Telling::Verdict { .. }) {
                continue;
            }
            let text = serde_json::to_string(&telling).unwrap_or_default();
            self.story.tell(self.now, &format!("{}: {text}", self.sites[site].id));
        }
        let life = self.sites[site].life;
        for effect in self.sites[site].orders() {
            if self.sites[site].life == life {
                self.order(site, effect)?;
            }
        }
        Ok(())
    }
}
