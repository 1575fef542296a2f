//! Real bytes to begin with: a minute of a cluster in one thread, in which London dies and people give orders.

use agent::cluster_clock::ClusterClock;
use agent::command::{Command, Telling};
use agent::door::{Door, Own, Stand};
use agent::event::{Asker, Effect, Event, Identity, Output, Presence, Report};
use agent::frame::Frame;
use agent::gaps::{Fetch, Missing};
use agent::node::{Node, Shelf, Start};
use agent::policy_file::Marks;
use agent::probes::plan::{About, ProbePlan};
use agent::quorum::{Batch, Past, Quorum, VoterState, Written};
use agent::relay::{Seal, Sealed};
use agent::start::seats;
use agent::store::{JournalRow, Page};
use agent::turn::{Clocks, Input, Turn, World};
use playbooks::Playbook;
use policies::Policy;
use state::fact::{Closure, Mode, Outcome, Reading, Was};
use state::{
    Boot, CarrierId, Destination, Disk, Fingerprint, Head, IncidentId, Index, Mono, Number, RouteId, SiteId,
    Stamp, Starts, View, Who,
};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

/// Everything is born with it.
pub const POLICY: &str = "\
cluster: bytemark
timezone: Europe/London
mode: auto
pace: { every: 1s, timeout: 500ms, fall: 3, rise: 3, blip: 3s }
sites:
  london:      { votes: 1, address: 192.0.2.10,    pbx: 192.0.2.11 }
  manchester:  { votes: 1, address: 198.51.100.10, pbx: 198.51.100.11 }
  office:      { votes: 1, address: 203.0.113.10,  pbx: 203.0.113.11 }
  netherlands: { votes: 2, address: 203.0.113.130, pbx: 203.0.113.131 }
carriers:
  magrathea: { ntsapi: { host: 192.0.2.99, port: 777, tls: plain } }
routes:
  main:
    carrier: magrathea
    numbers: [\"02079460000\", \"02079460001\"]
    to: S:$number@$pbx
    prefer: [london, manchester, netherlands, office]
people:
  matthew: { mail: matthew@example.com }
alerts:
  mail: { from: pointsman@example.com, relays: [192.0.2.25] }
  tell: [matthew]
";

/// The sites, in the order of the policy.
pub const SITES: [&str; 4] = ["london", "manchester", "office", "netherlands"];

const TICK: Duration = Duration::from_millis(100);
/// How many ticks are lived, and when London's PBX falls silent.
const LIFE: u32 = 600;
const DEATH: u32 = 200;

/// One agent's world: nothing is done, everything is kept.
#[derive(Default)]
pub struct Tape {
    voters: Vec<VoterState>,
    rows: Vec<JournalRow>,
    sent: Vec<(SiteId, Frame)>,
    orders: Vec<Effect>,
}

impl World for Tape {
    type Error = Infallible;

    fn commit(&mut self, batch: Batch) -> Result<Written, Infallible> {
        for part in batch.voters() {
            if !self.voters.iter().any(|voter| voter.id == part.id) {
                self.voters.push(VoterState::empty(part.id));
            }
            self.voters.iter_mut().filter(|voter| voter.id == part.id).for_each(|voter| voter.write(part));
        }
        Ok(batch.written())
    }

    fn append(&mut self, rows: &[JournalRow]) -> Result<(), Infallible> {
        self.rows.extend(rows.iter().cloned());
        Ok(())
    }

    fn keep(&mut self, _facts: &[(String, Vec<u8>)]) -> Result<(), Infallible> {
        Ok(())
    }

    fn note_gap(&mut self, _upto: Index, _view: &View) -> Result<(), Infallible> {
        Ok(())
    }

    fn missing(&mut self) -> Result<Option<Missing>, Infallible> {
        Ok(None)
    }

    fn facts(&mut self, fetch: Fetch) -> Result<Option<Vec<JournalRow>>, Infallible> {
        let wanted = |row: &&JournalRow| row.index > fetch.after && row.index <= fetch.upto;
        Ok(Some(self.rows.iter().filter(wanted).cloned().collect()))
    }

    fn page(&mut self, after: Index) -> Result<Page, Infallible> {
        let rows = self.rows.iter().filter(|row| row.index > after).cloned().collect();
        Ok(Page { birth: Head::birth("bytemark"), rows, gaps: Vec::new() })
    }

    fn fill(&mut self, _missing: &Missing, _rows: &[JournalRow]) -> Result<(), Infallible> {
        Ok(())
    }

    fn keep_led(&mut self, _at: Stamp) -> Result<(), Infallible> {
        Ok(())
    }

    fn keep_alone(&mut self, _n: u64, _bytes: &[u8]) -> Result<(), Infallible> {
        Ok(())
    }

    /// As long as a real one, and as meaningless as bytes from a stranger.
    fn seal(&mut self, sealed: &Sealed) -> Option<Seal> {
        Some(Seal { chain: vec![vec![7; 600]], scheme: 0, signature: sealed.words("bytemark") })
    }

    fn check(&mut self, _sealed: &Sealed) -> Result<Fingerprint, String> {
        Ok(Fingerprint::of(&[7; 600]))
    }

    fn send(&mut self, to: &SiteId, frame: Frame) {
        self.sent.push((to.clone(), frame));
    }

    fn act(&mut self, effect: Effect) {
        self.orders.push(effect);
    }

    fn tell(&mut self, _telling: Telling) {}
}

/// What a minute leaves behind.
pub struct Recorded {
    /// Every frame that went to the witness, in order, with its sender.
    pub frames: Vec<(SiteId, Vec<u8>)>,
    /// The journal.
    pub rows: Vec<JournalRow>,
    /// What it amounts to.
    pub view: View,
}

/// The playbooks that come with the program.
pub fn shelf() -> Shelf {
    let read = |(name, text): &(&str, &str)| {
        let playbook = Playbook::read(name, text).expect("it is shipped");
        (playbook.name.clone(), playbook)
    };
    playbooks::shipped().iter().map(read).collect()
}

/// An agent of a site as it is born.
pub fn node(site: &str, boot: u64) -> Node {
    let identity =
        Identity { site: SiteId::new(site), starts: Starts(1), boot: Boot(boot), disk: Disk(boot) };
    let start = Start {
        identity,
        view: View::birth("bytemark"),
        file: POLICY.to_owned(),
        secrets: vec![CarrierId::new("magrathea")],
        playbooks: shelf(),
        stopped: None,
        outside: None,
        led: None,
        alone: Vec::new(),
        marks: Marks::default(),
    };
    Node::new(start, Mono::default())
}

/// The votes of a site as they are born.
pub fn quorum(site: &str) -> Quorum {
    let policy = Policy::read("the test's", POLICY).expect("it is a policy");
    let seats = seats(&policy).expect("they can be counted");
    Quorum::new(seats, &SiteId::new(site), Past::default()).expect("it is born")
}

/// Who may speak to a site as it is born.
pub fn door(site: &str, boot: u64) -> Door {
    let own =
        Own { boot: Boot(boot), disk: Disk(boot), starts: Starts(1), named: Index(0), stand: Stand::Inside };
    Door::new(SiteId::new(site), own, Vec::new())
}

struct Town {
    turns: BTreeMap<SiteId, Turn<Tape>>,
    watch: BTreeMap<SiteId, Vec<ProbePlan>>,
    shows: BTreeMap<Number, Destination>,
    tick: u32,
    mail: Vec<(SiteId, SiteId, Frame)>,
    events: Vec<(SiteId, Event)>,
    frames: Vec<(SiteId, Vec<u8>)>,
}

/// Lives the minute.
pub fn record() -> Recorded {
    let votes: BTreeMap<SiteId, u32> =
        SITES.iter().map(|site| (SiteId::new(*site), if *site == "netherlands" { 2 } else { 1 })).collect();
    let mut town = Town {
        turns: BTreeMap::new(),
        watch: BTreeMap::new(),
        shows: BTreeMap::new(),
        tick: 0,
        mail: Vec::new(),
        events: Vec::new(),
        frames: Vec::new(),
    };
    for number in ["02079460000", "02079460001"] {
        let to = Destination::new(format!("S:44{}@192.0.2.11", &number[1..]));
        town.shows.insert(Number::new(number), to);
    }
    for (site, boot) in SITES.iter().zip(1..) {
        let (id, node) = (SiteId::new(*site), node(site, boot));
        let mut first = Output::default();
        node.watch(&mut first);
        let clock = ClusterClock::new(Stamp::default(), votes.clone());
        let mut turn = Turn::new(id.clone(), (node, quorum(site), door(site, boot)), clock, Tape::default());
        turn.world().orders = first.act;
        town.turns.insert(id, turn);
    }
    for _ in 0..LIFE {
        town.live();
    }
    let witness = town.turns.get_mut(&SiteId::new("netherlands")).expect("it lives");
    let view = witness.view().clone();
    Recorded { frames: town.frames, rows: std::mem::take(&mut witness.world().rows), view }
}

impl Town {
    fn clocks(&self) -> Clocks {
        let since = TICK * self.tick;
        let wall = 1_800_000_000_000 + u64::try_from(since.as_millis()).expect("a minute");
        Clocks { mono: Mono::from_boot(Duration::from_secs(100) + since), wall: Stamp::from_millis(wall) }
    }

    fn take(&mut self, site: &SiteId, input: Input) {
        let clocks = self.clocks();
        let turn = self.turns.get_mut(site).expect("it lives");
        let Ok(_) = turn.take(input, clocks);
        let world = turn.world();
        let sent = std::mem::take(&mut world.sent).into_iter();
        self.mail.extend(sent.map(|(to, frame)| (site.clone(), to, frame)));
        for effect in std::mem::take(&mut world.orders) {
            self.done(site, effect);
        }
    }

    fn live(&mut self) {
        self.tick += 1;
        for (from, to, frame) in std::mem::take(&mut self.mail) {
            if to.as_str() == "netherlands" {
                self.frames.push((from.clone(), frame.encode()));
            }
            self.take(&to, Input::Frame { from, frame });
        }
        for (site, event) in std::mem::take(&mut self.events) {
            self.take(&site, Input::Event(event));
        }
        for site in SITES.map(SiteId::new) {
            if self.tick.is_multiple_of(10) {
                self.probe(&site);
            }
            self.take(&site, Input::Tick);
        }
        self.people();
    }

    fn probe(&mut self, site: &SiteId) {
        let asked = self.clocks().mono;
        for plan in self.watch.get(site).cloned().unwrap_or_default() {
            let About::Subject(subject) = plan.about else { continue };
            let dead = self.tick > DEATH && subject.site.as_str() == "london";
            let answer = if dead { Presence::Absent } else { Presence::Present };
            self.take(site, Input::Event(Event::Observed { subject, asked, answer, detail: String::new() }));
        }
    }

    /// Orders of every kind.
    fn people(&mut self) {
        let (main, because) = (RouteId::new("main"), "a test".to_owned());
        let route = Some(main.clone());
        let command = match self.tick {
            60 => Command::Mode { route: route.clone(), mode: Mode::Auto },
            70 => Command::Hold { route: None, lasts: Duration::from_secs(5), because },
            80 => Command::Resume { route: None },
            100 => Command::Claim { route: main, site: SiteId::new("manchester"), because },
            150 => Command::Claim { route: main, site: SiteId::new("london"), because },
            400 => Command::Ack { incident: self.incident() },
            450 => Command::Claim { route: main, site: SiteId::new("office"), because },
            _ => return,
        };
        let asker = Asker { id: u64::from(self.tick), who: Who::new("matthew") };
        self.take(&SiteId::new("office"), Input::Event(Event::Asked { asker, command }));
    }

    fn incident(&self) -> IncidentId {
        let view = self.turns[&SiteId::new("office")].view();
        *view.incidents.keys().next().expect("London's death is an incident")
    }

    /// What becomes of an order: all is well, except that the carrier is mute once.
    fn done(&mut self, site: &SiteId, effect: Effect) {
        let event = match effect {
            Effect::Watch(plans) => {
                self.watch.insert(site.clone(), plans);
                return;
            }
            Effect::Prepare { nonce, .. } if self.tick == 101 => {
                Event::Unprepared { nonce, why: "no greeting".to_owned() }
            }
            Effect::Prepare { nonce, .. } | Effect::Equip { nonce, .. } => Event::Prepared { nonce },
            Effect::See { id, .. } => Event::Seen { id, found: Err("no command is here".to_owned()) },
            Effect::Ensure(order) => Event::Executed {
                fence: order.fence,
                report: agent::act::outcome::untried(&order, "no command is here"),
            },
            Effect::Notify { fence, .. } => Event::Executed {
                fence,
                report: Report { was: Was::Right, outcomes: Vec::new(), note: None, late: Vec::new() },
            },
            Effect::Look(look) => {
                let show = |number: &Number| Reading {
                    number: number.clone(),
                    shows: self.shows.get(number).cloned(),
                };
                Event::Looked { id: look.id, found: Ok(look.numbers.iter().map(show).collect()) }
            }
            Effect::Point(point) => {
                let mut outcomes = Vec::new();
                for (pointing, _) in point.batch {
                    self.shows.insert(pointing.number.clone(), pointing.to.clone());
                    let (was, closure, why) = (Was::Right, Closure::Closed, String::new());
                    outcomes.push(Outcome {
                        number: pointing.number,
                        was,
                        closure,
                        seen: Some(pointing.to),
                        why,
                    });
                }
                let report = Report { was: Was::Right, outcomes, note: None, late: Vec::new() };
                Event::Executed { fence: point.fence, report }
            }
            Effect::Knock { .. }
            | Effect::Release { .. }
            | Effect::Revoke { .. }
            | Effect::Answer { .. }
            | Effect::Reach(_)
            | Effect::Link(_)
            | Effect::Survey(_)
            | Effect::Rewrite(_) => {
                return;
            }
        };
        self.events.push((site.clone(), event));
    }
}

#[test]
fn the_minute_has_every_kind_of_frame_and_a_run_that_ended() {
    let recorded = record();
    let kinds: std::collections::BTreeSet<String> = recorded
        .frames
        .iter()
        .map(|(_, bytes)| format!("{:?}", Frame::decode(bytes).expect("it was sent").body))
        .map(|shown| shown.chars().take_while(|c| c.is_alphabetic()).collect())
        .collect();
    assert!(kinds.len() >= 5, "{kinds:?}");
    assert!(recorded.rows.len() > 30, "{} facts", recorded.rows.len());
    assert!(recorded.view.runs.values().filter(|run| run.end.is_some()).count() >= 2);
}
