//! The simulated town: four sites, their network and the carrier, in one thread and one order of events.

use super::carrier::{Carrier, Moment};
use super::dice::Dice;
use super::invariants::{Checked, Found, Invariants};
use super::net::Net;
use super::queue::{Item, Queue};
use super::schedule::Fault;
use super::site::{Setting, Site, Survival};
use super::story::{Detail, Story};
use agent::command::Telling;
use agent::event::Event;
use agent::node::Rules;
use agent::turn::Input;
use playbooks::Playbook;
use policies::Policy;
use state::{Boot, Destination, Mono, Nonce, Number, RouteId, SiteId};
use std::collections::BTreeMap;

/// The two numbers of the route, from Ofcom's drama numbers.
pub const NUMBERS: [&str; 2] = ["02079460000", "02079460001"];
/// The route.
pub const ROUTE: &str = "main";
/// A tenth of a second on a site's clock.
const TICK: std::time::Duration = agent::quorum::TICK;

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
    pub(super) dead: [u32; 4],
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

/// The policy of the town; a budget of 4 is soon spent, and then nothing moves any more, so some seeds have more.
pub fn policy(seed: u64) -> String {
    let budget = if seed.is_multiple_of(4) { "4 per day" } else { "100 per day" };
    let pace = match seed % 3 {
        0 => "calm",
        1 => "brisk",
        _ => "{ every: 1s, timeout: 500ms, fall: 3, rise: 3, blip: 3s }",
    };
    format!(
        "cluster: town\ntimezone: Europe/London\nmode: auto\npace: {pace}\n\nsites:\n  \
         london: {{ votes: 1, address: 192.0.2.1, pbx: 192.0.2.11 }}\n  \
         manchester: {{ votes: 1, address: 192.0.2.2, pbx: 192.0.2.12 }}\n  \
         office: {{ votes: 1, address: 192.0.2.4, pbx: 192.0.2.14 }}\n  \
         netherlands: {{ votes: 2, address: 192.0.2.3, pbx: 192.0.2.13 }}\n\n\
         carriers:\n  magrathea: {{ ntsapi: {{ host: 192.0.2.31, port: 777, tls: plain }} }}\n\n\
         routes:\n  main:\n    carrier: magrathea\n    numbers: [\"{}\", \"{}\"]\n    to: S:$number@$pbx\n    \
         prefer: [london, manchester, netherlands, office]\n    budget: {budget}\n\n\
         people:\n  matthew: {{ mail: matthew@example.com }}\nalerts:\n  \
         mail: {{ from: pointsman@example.com, relays: [192.0.2.25] }}\n  tell: [matthew]\n",
        NUMBERS[0], NUMBERS[1]
    )
}

fn setting(policy: &Policy, text: String) -> Setting {
    let read = |(name, text): &(&str, &str)| Playbook::read(name, text).expect("it is shipped");
    let shelf = playbooks::shipped().iter().map(read).map(|book| (book.name.clone(), book)).collect();
    Setting {
        policy: text,
        cluster: policy.cluster.clone(),
        seats: agent::start::seats(policy).expect("the policy of the town has a quorum"),
        votes: policy.sites.iter().map(|s| (s.id.clone(), u32::from(s.votes))).collect(),
        shelf,
        carriers: policy.carriers.iter().map(|carrier| carrier.id.clone()).collect(),
    }
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
        let mut dice = Dice::new(seed, "clocks");
        let wild = dice.happens(30);
        let rate = |dice: &mut Dice| if wild { dice.within(900, 1100) } else { dice.within(999, 1001) };
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
            dead: [0; 4],
            faults,
            healed: false,
            invariants: Invariants::new(&policy.cluster, rules.judge.clone()),
            story: Story::new(detail),
            setting: setting(&policy, text),
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
            // One tick is enough: missed ones are skipped.
            let tick = matches!(item, Item::Tick { .. });
            let waits = self.sites[site].waiting.iter().any(|other| matches!(other, Item::Tick { .. }));
            if !(tick && waits) {
                self.sites[site].waiting.push(item);
            }
            return Ok(());
        }
        self.story.note(self.now, (kind(&item), item.site().unwrap_or(9)), &item);
        match item {
            Item::Tick { site, life } if self.sites[site].life == life => self.tick(site),
            Item::Wake { site, life } if self.sites[site].life == life => self.event(site, Event::Tick),
            Item::Probe { site, watch, plan } => {
                self.probe(site, (watch, plan));
                Ok(())
            }
            Item::Frame { from, to, frame } => {
                let from = self.sites[from].id.clone();
                self.turn(to, Input::Frame { from, frame })
            }
            Item::Event { site, life, event } if self.sites[site].life == life => self.event(site, event),
            Item::Stands { site, life, nonce } if self.sites[site].life == life => self.stands(site, nonce),
            Item::Answer { site, life, nonce, answer } if self.sites[site].life == life => {
                self.answer(site, nonce, answer)
            }
            Item::Tick { .. }
            | Item::Wake { .. }
            | Item::Event { .. }
            | Item::Stands { .. }
            | Item::Answer { .. } => Ok(()),
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
        }
    }

    fn tick(&mut self, site: usize) -> Checked {
        let (life, next) = (self.sites[site].life, self.now + self.sites[site].span(TICK));
        self.queue.put(next, Item::Tick { site, life });
        self.sites[site].wakes = 0;
        self.turn(site, Input::Tick)
    }

    pub(super) fn event(&mut self, site: usize, event: Event) -> Checked {
        self.turn(site, Input::Event(event))
    }

    /// Starts an agent, if none runs there.
    pub(super) fn start(&mut self, site: usize) -> Checked {
        if self.sites[site].turn.is_some() {
            return Ok(());
        }
        let boot = Boot(self.lives.word());
        self.boots[site] = boot;
        let here = &mut self.sites[site];
        here.start(&self.setting, (boot, self.now));
        let life = here.life;
        self.story.tell(self.now, &format!("the agent of {} starts", self.sites[site].id));
        self.queue.put(self.now + self.sites[site].span(TICK), Item::Tick { site, life });
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
        }
    }

    /// Frames go out.
    fn post(&mut self, from: usize) {
        let Some(trays) = self.sites[from].trays() else { return };
        let mut sent = std::mem::take(&mut trays.sent);
        for (name, frame) in sent.drain(..) {
            let Some(to) = self.sites.iter().position(|site| site.id == name) else { continue };
            let [first, second] = self.net.frame(from, to, self.now);
            if let Some(at) = second {
                self.queue.put(at, Item::Frame { from, to, frame: frame.clone() });
            }
            if let Some(at) = first {
                self.queue.put(at, Item::Frame { from, to, frame });
            }
        }
        if let Some(trays) = self.sites[from].trays() {
            trays.sent = sent;
        }
    }

    fn carry_out(&mut self, site: usize) -> Checked {
        let Some(trays) = self.sites[site].trays() else { return Ok(()) };
        for telling in std::mem::take(&mut trays.told) {
            // Ballots and counts are told by everybody and all the time; a replay shows them anyway.
            if matches!(telling, Telling::Ballot { .. } | Telling::Suspect { .. } | Telling::Verdict { .. }) {
                continue;
            }
            let text = serde_json::to_string(&telling).unwrap_or_default();
            self.story.tell(self.now, &format!("{}: {text}", self.sites[site].id));
        }
        for effect in self.sites[site].orders() {
            self.order(site, effect)?;
        }
        Ok(())
    }

    /// What is new on a disk, and what its agent makes of it.
    fn found(&mut self, site: usize) -> Checked {
        let writes = self.sites[site].disk().writes;
        if std::mem::replace(&mut self.sites[site].checked, writes) == writes {
            return Ok(());
        }
        let rows = match self.sites[site].trays() {
            Some(trays) => {
                let seen = std::mem::replace(&mut trays.seen, trays.disk.journal.len());
                trays.disk.journal[seen..].to_vec()
            }
            // The turn in which an agent died may have written its last rows.
            None => self.sites[site].disk.journal.iter().rev().take(50).rev().cloned().collect(),
        };
        let id = self.sites[site].id.clone();
        for row in &rows {
            let found = Found { site: &id, index: row.index, bytes: &row.bytes };
            let holding: usize =
                self.sites.iter_mut().map(|site| site.disk().holding(row.index, row.term)).sum();
            self.invariants.journalled(found, || holding)?;
        }
        let promises: Vec<_> = self.sites[site].disk().promises().collect();
        for (voter, term, commit) in promises {
            self.invariants.promised(voter.0, (term, commit))?;
        }
        match self.sites[site].view() {
            Some(view) if !rows.is_empty() => self.invariants.remembers(&id, view),
            Some(_) | None => Ok(()),
        }
    }
}

fn kind(item: &Item) -> u8 {
    match item {
        Item::Tick { .. } => 0,
        Item::Wake { .. } => 1,
        Item::Probe { .. } => 2,
        Item::Frame { .. } => 3,
        Item::Event { .. } => 4,
        Item::Stands { .. } => 5,
        Item::Answer { .. } => 6,
        Item::Apply { .. } => 7,
        Item::Start { .. } => 8,
        Item::Thaw { .. } => 9,
        Item::Strike { .. } => 10,
        Item::Over { .. } => 11,
        Item::Flap { .. } => 12,
    }
}
