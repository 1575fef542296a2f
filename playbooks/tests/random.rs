//! Random facts, legal and not: nothing panics, replay is life, and a leader that obeys always reaches an end.

mod support;

use playbooks::{Advance, Arguments, Footing, Playbook, RouteFacts, batch, plan, shipped};
use state::fact::{Attempt, Closure, Fact, Home, Mode, Outcome, Passed, Reading, Was};
use state::run::{Cause, Direction, Run, Word};
use state::{Boot, CarrierId, Destination, Index, Nonce, Number, RouteId, RunId, SiteId, Who};
use std::collections::BTreeMap;
use std::time::Duration;
use support::Journal;

const RUN: RunId = RunId(2);

/// Every end state that the shipped playbooks do not have.
const PATIENT: &str = "\
playbook: patient
about: a test
inputs: { route: route, from: site, to: site, reason: text }
steps:
  - ensure: { site_ready: { site: $to } }
    no_undo: looking changes nothing
  - ensure: { exec: { command: withdraw, check: withdrawn } }
    undo: { exec: { command: announce, check: announced } }
    at: reachable
  - ensure: { wait: { for: 10s } }
    no_undo: looking changes nothing
  - ensure: { route_points_at: { route: $route, site: $to } }
    undo: { route_points_at: { route: $route, site: $from } }
    if_failed: undo_all
  - ensure: { exec: { command: tell, check: told } }
    no_undo: what was told cannot be recalled
    at: executor
";

fn pick(dice: &mut Dice, of: usize) -> usize {
    let sides = u64::try_from(of).expect("the test is set up so");
    usize::try_from(dice.roll(sides)).expect("the test is set up so")
}

/// A generator of its own, so that a seed means the same for ever (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

fn open(journal: &mut Journal, dice: &mut Dice) {
    let mut shelf = shipped().to_vec();
    shelf.push(("patient", PATIENT));
    let (name, text) = shelf[pick(dice, shelf.len())];
    journal.agree(Fact::SchemaRaised { to: 3 });
    let playbook = Playbook::read(name, text).expect("the test is set up so");
    let mut facts = RouteFacts { carrier: Some(CarrierId::new("magrathea")), ..RouteFacts::default() };
    facts.sites = ["london", "manchester"].map(SiteId::new).to_vec();
    for n in 0..=dice.roll(9) {
        let number = Number::new(format!("0207946000{n}"));
        for site in ["london", "manchester", "refuge"] {
            let to = Destination::new(format!("S:{n}@{site}"));
            facts.destinations.insert((SiteId::new(site), number.clone()), to);
        }
        facts.numbers.push((number.clone(), Some(Destination::new(format!("S:{n}@london")))));
    }
    let (from, to) = (Some(SiteId::new("london")), SiteId::new("manchester"));
    let arguments = Arguments {
        route: RouteId::new("main"),
        from,
        to,
        reason: "dice".to_owned(),
        given: BTreeMap::new(),
    };
    let plan = plan(&playbook, &arguments, &facts).expect("the test is set up so");
    let cause = Cause::Automatic { because: vec!["dice".to_owned()] };
    journal.agree(Fact::RunOpened { basis: Index(0), plan, cause, home: Home::Elsewhere });
}

/// An attempt as a leader would propose it, or with something wrong.
fn attempt(journal: &Journal, dice: &mut Dice) -> Fact {
    let index = journal.view.index;
    let (step, direction, n, left) = match journal.next(RUN) {
        Advance::Start(start) if dice.roll(8) > 0 => {
            (start.step, start.direction, start.n, start.numbers_left)
        }
        Advance::Start(_)
        | Advance::Await { .. }
        | Advance::Read { .. }
        | Advance::See { .. }
        | Advance::Turn { .. }
        | Advance::End { .. }
        | Advance::Rest { .. }
        | Advance::Pass { .. }
        | Advance::Over => {
            (usize::try_from(dice.roll(7)).expect("the test is set up so"), Direction::Undo, 1, Vec::new())
        }
    };
    let size = batch(left.len(), journal.rate).min(left.len());
    Fact::StepStarted(Attempt {
        run: RUN,
        step: u16::try_from(step).expect("the test is set up so"),
        direction,
        n,
        executor: SiteId::new("manchester"),
        boot: Boot(dice.roll(2)),
        nonce: Nonce(index.0),
        numbers: left[..size].to_vec(),
        basis: index,
        seen: Index(index.0.saturating_sub(dice.roll(8) / 7)),
    })
}

fn fence(run: &Run, dice: &mut Dice) -> Index {
    let flying = run.steps.iter().find_map(|step| step.state.fence());
    flying.filter(|_| dice.roll(8) > 0).unwrap_or(Index(dice.roll(40)))
}

fn ended(journal: &Journal, dice: &mut Dice) -> Fact {
    let fence = fence(&journal.view.runs[&RUN], dice);
    let attempt = journal.view.attempts.get(&fence);
    let was = [Was::Right, Was::Right, Was::Wrong, Was::Unknown]
        [usize::try_from(dice.roll(4)).expect("the test is set up so")];
    let closure = if was == Was::Unknown { Closure::Open } else { Closure::Closed };
    let pointings = attempt.map(|a| a.pointings.clone()).unwrap_or_default();
    let outcomes = pointings.into_iter().map(|p| {
        let seen = (was == Was::Right).then_some(p.to);
        Outcome { number: p.number, was, closure, seen, why: "dice".to_owned() }
    });
    let boot = attempt.map_or(Boot(0), |a| a.boot);
    let boot = Boot(boot.0 + dice.roll(8) / 7);
    Fact::StepEnded { fence, boot, was, outcomes: outcomes.collect(), note: None }
}

fn read(journal: &Journal, dice: &mut Dice) -> Fact {
    let fence = fence(&journal.view.runs[&RUN], dice);
    let pointings = journal.view.attempts.get(&fence).map(|a| a.pointings.clone()).unwrap_or_default();
    let readings = pointings.into_iter().filter(|_| dice.roll(9) > 0).collect::<Vec<_>>();
    let readings = readings.into_iter().map(|p| {
        let shows = if dice.roll(2) == 0 { p.from } else { Some(p.to) };
        Reading { number: p.number, shows }
    });
    Fact::StepRead { fence, readings: readings.collect() }
}

fn anything(journal: &Journal, dice: &mut Dice) -> Fact {
    let route = RouteId::new("main");
    let run = &journal.view.runs[&RUN];
    match dice.roll(44) {
        0..12 => attempt(journal, dice),
        12..24 => ended(journal, dice),
        24..30 => read(journal, dice),
        30..32 => Fact::StepLost { fence: fence(run, dice), why: "dice".to_owned() },
        32..34 => Fact::AttemptLapsed { fence: fence(run, dice) },
        34 => Fact::RunTurned { run: RUN, why: "dice".to_owned() },
        35 => Fact::ModeSet { route: None, mode: Mode::Auto, who: Who::new("ada") },
        36 => Fact::ModeSet { route: Some(route), mode: Mode::Manual, who: Who::new("ada") },
        37 => Fact::Resumed { route: Some(route), who: Who::new("ada") },
        39..=42 => {
            let how = [Passed::Holds, Passed::GivenUp, Passed::Skipped][pick(dice, 3)];
            let step = u16::try_from(pick(dice, 7)).expect("the test is set up so");
            Fact::StepPassed { run: RUN, step, how, why: "dice".to_owned() }
        }
        38 => Fact::RunTurned { run: RunId(9), why: "dice".to_owned() },
        _ => Fact::SiteSilent { site: SiteId::new("manchester"), starts: state::Starts(1), n: 0 },
    }
}

/// From wherever the dice have led: a leader that does what it is told comes to an end.
fn obey(journal: &mut Journal, dice: &mut Dice, seed: u64) -> Word {
    for _ in 0..200 {
        journal.now = journal.now + Duration::from_secs(1);
        let fact = match journal.next(RUN) {
            Advance::Start(_) => attempt(journal, dice),
            Advance::Await { fence, lapses_at, .. } if journal.now >= lapses_at => {
                Fact::AttemptLapsed { fence }
            }
            Advance::Await { .. } => ended(journal, dice),
            Advance::Read { .. } => read(journal, dice),
            Advance::See { fence, .. } => {
                let (by, why) = (SiteId::new("manchester"), "dice".to_owned());
                Fact::StepSeen { fence, was: Was::Right, by, why }
            }
            Advance::Turn { why } => Fact::RunTurned { run: RUN, why },
            Advance::Rest { until, .. } => {
                journal.now = until;
                continue;
            }
            Advance::Pass { step, how, why } => {
                let step = u16::try_from(step).expect("the test is set up so");
                Fact::StepPassed { run: RUN, step, how, why }
            }
            Advance::End { word, why } => Fact::RunEnded { run: RUN, word, why },
            Advance::Over => {
                return journal.view.runs[&RUN].end.as_ref().expect("the test is set up so").word;
            }
        };
        journal.agree(fact);
    }
    panic!("seed {seed}: no end after 200 facts: {:?}", journal.next(RUN));
}

#[test]
fn random_facts_never_break_a_run() {
    let mut words = std::collections::BTreeSet::new();
    for seed in 0..80 {
        println!("seed {seed}");
        let mut dice = Dice(seed);
        let mut journal = Journal::new();
        open(&mut journal, &mut dice);
        for _ in 0..dice.roll(25) {
            journal.now = journal.now + Duration::from_millis(dice.roll(3000));
            journal.from = if dice.roll(6) == 0 { Footing::Dead } else { Footing::Candidate };
            let fact = anything(&journal, &mut dice);
            journal.agree(fact);
        }
        words.insert(obey(&mut journal, &mut dice, seed).to_string());
    }
    assert_eq!(words.len(), 4, "the dice reach every word: {words:?}");
}
