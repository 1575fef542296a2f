//! Runs told as text: each file in `tests/run` is a journal, and below each fact stands what comes next.

/// What stands behind.
mod runs {
    pub mod behind;
    pub mod steps;
}
mod support;

use playbooks::{Advance, Arguments, Astray, Footing, Playbook, RouteFacts, batch, plan, repair};
use runs::{behind, steps};
use state::fact::{Attempt, Closure, Fact, Home, Mode, Outcome, Passed, Reading, Was};
use state::plan::Pointing;
use state::run::{Cause, Direction};
use state::view::Applied;
use state::{
    Boot, CarrierId, Destination, Index, Nonce, Number, PlaybookId, RouteId, RunId, SiteId, Stamp, Starts,
    Who,
};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;
use support::{Journal, START};

const LIFE: Boot = Boot(7);

struct Story {
    journal: Journal,
    run: RunId,
    fence: Index,
    pointings: Vec<Pointing>,
    nonce: u64,
}

fn site(name: &str) -> SiteId {
    SiteId::new(name)
}

fn route() -> RouteId {
    RouteId::new("main")
}

fn destination(site: &str, number: &Number) -> Destination {
    Destination::new(format!("S:{number}@{site}"))
}

/// The plan of `route:stuck notify:carry_on`, made by the real reader and the real planner.
fn planned(words: &[&str], numbers: usize) -> state::plan::Plan {
    let text = steps::text(words);
    let playbook = Playbook::read("story", &text).unwrap_or_else(|report| panic!("{report}"));
    let mut facts = RouteFacts { carrier: Some(CarrierId::new("magrathea")), ..RouteFacts::default() };
    facts.sites = ["london", "manchester"].map(site).to_vec();
    for n in 0..numbers {
        let number = Number::new(format!("020794600{n:02}"));
        for name in ["london", "manchester"] {
            facts.destinations.insert((site(name), number.clone()), destination(name, &number));
        }
        facts.numbers.push((number.clone(), Some(destination("london", &number))));
    }
    let (from, to, reason) = (Some(site("london")), site("manchester"), "a test".to_owned());
    plan(&playbook, &Arguments { route: route(), from, to, reason, given: BTreeMap::new() }, &facts)
        .expect("the test is set up so")
}

impl Story {
    /// One line of a story; none for a line that agrees nothing.
    fn tell(&mut self, line: &str) -> Option<Applied> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let option = |name: &str| {
            words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned)
        };
        let count = |name: &str| option(name).map(|n| n.parse::<u64>().expect("a number"));
        match words[0] {
            "all-read" => Some(self.journal.agree(Fact::SchemaRaised { to: 3 })),
            "all-see" => Some(self.journal.agree(Fact::SchemaRaised { to: 5 })),
            "all-read-slots" => Some(self.journal.agree(Fact::SchemaRaised { to: 4 })),
            "prepare" => Some(self.prepare(&words, option("by"), count("basis"))),
            "slots" => {
                let readings = behind::slots(&words[1..]).into_iter();
                let reading = |slot: Pointing| Reading { number: slot.number, shows: slot.from };
                let (route, readings) = (route(), readings.map(reading).collect());
                Some(self.journal.agree(Fact::SlotsRead { route, readings }))
            }
            "at" => {
                let seconds: u64 = words[1].trim_end_matches('s').parse().expect("seconds");
                self.journal.now = Stamp::from_millis(START + seconds * 1000);
                None
            }
            "london" => {
                let dead = words[1] == "dead";
                self.journal.from = if dead { Footing::Dead } else { Footing::Candidate };
                None
            }
            "ready" => {
                let seconds = words[2].trim_end_matches('s').parse().expect("seconds");
                self.journal.ready.insert(site(words[1]), Duration::from_secs(seconds));
                None
            }
            "rate" => {
                self.journal.rate = words[1].parse().expect("a rate");
                None
            }
            "tally" => None,
            "repair" => Some(self.repair(count("late"))),
            "open" => Some(self.open(&words, option("by"), count("numbers"))),
            "start" => Some(self.start(words[1], count("seen"))),
            "repeat" => {
                let last = self.journal.last.clone().expect("something to repeat");
                Some(self.journal.propose(last))
            }
            "ended" => Some(self.ended(&words, count("boot"), count("fence"))),
            "read" => {
                let readings = self.pointings.iter().enumerate().map(|(at, p)| {
                    let wrong = words[1] == "wrong" || option("except") == Some((at + 1).to_string());
                    let shows = if wrong { p.from.clone() } else { Some(p.to.clone()) };
                    Reading { number: p.number.clone(), shows }
                });
                let readings = readings.collect();
                Some(self.journal.agree(Fact::StepRead { fence: self.fence, readings }))
            }
            "read-nothing" => {
                Some(self.journal.agree(Fact::StepRead { fence: self.fence, readings: Vec::new() }))
            }
            _ => Some(self.journal.agree(self.plain(&words, count("fence")))),
        }
    }

    fn plain(&self, words: &[&str], fence: Option<u64>) -> Fact {
        let fence = fence.map_or(self.fence, Index);
        let who = || Who::new(*words.last().expect("a word"));
        let because = "a person said so".to_owned();
        match words[0] {
            "wish" => Fact::PreparationOrdered { route: route(), because, who: who() },
            "lost" => Fact::StepLost { fence, why: "manchester was lost".to_owned() },
            "skip" | "give-up" => {
                let step = words[1].parse::<u16>().expect("a step") - 1;
                let how = if words[0] == "skip" { Passed::Skipped } else { Passed::GivenUp };
                Fact::StepPassed { run: self.run, step, how, why: "it is not heard".to_owned() }
            }
            "lapse" => Fact::AttemptLapsed { fence },
            "seen" => {
                let was = if words[1] == "right" { Was::Right } else { Was::Wrong };
                Fact::StepSeen { fence, was, by: site("london"), why: "withdrawn was asked".to_owned() }
            }
            "obey" => match self.journal.next(self.run) {
                Advance::Turn { why } => Fact::RunTurned { run: self.run, why },
                Advance::End { word, why } => Fact::RunEnded { run: self.run, word, why },
                Advance::Pass { step, how, why } => {
                    let step = u16::try_from(step).expect("the test is set up so");
                    Fact::StepPassed { run: self.run, step, how, why }
                }
                other @ (Advance::Start(_)
                | Advance::Rest { .. }
                | Advance::Await { .. }
                | Advance::Read { .. }
                | Advance::See { .. }
                | Advance::Over) => {
                    panic!("nothing to obey in {other:?}")
                }
            },
            "hold" => {
                let until = self.journal.now + Duration::from_secs(3600);
                Fact::Held { route: Some(route()), until, because, who: who() }
            }
            "silent" => Fact::SiteSilent { site: site(words[1]), starts: Starts(0), n: 0 },
            "manual" => Fact::ModeSet { route: Some(route()), mode: Mode::Manual, who: who() },
            "claim" => {
                let playbook = PlaybookId::new("fail-over");
                Fact::Claimed { route: route(), site: site("london"), playbook, because, who: who() }
            }
            other => panic!("no such line: {other}"),
        }
    }

    fn open(&mut self, words: &[&str], by: Option<String>, numbers: Option<u64>) -> Applied {
        let numbers = usize::try_from(numbers.unwrap_or(1)).expect("the test is set up so");
        let cause = match by {
            Some(who) => Cause::Person { who: Who::new(who), because: "a test".to_owned() },
            None => Cause::Automatic { because: vec!["3 of 5 votes see london/pbx down".to_owned()] },
        };
        self.run = RunId(u64::try_from(self.journal.bytes.len()).expect("the test is set up so") + 1);
        let basis = self.journal.view.index;
        let plan = planned(words, numbers);
        self.journal.agree(Fact::RunOpened { basis, plan, cause, home: Home::Elsewhere })
    }

    /// Slots 2 and 3 are to be prepared: `full` ones show something else, the others nothing.
    fn prepare(&mut self, words: &[&str], by: Option<String>, basis: Option<u64>) -> Applied {
        let mut plan = behind::planned(route(), &words[1..]);
        // What is smuggled in beside it is refused with it.
        if words.contains(&"and-slot-1") {
            plan.steps.extend(planned(&["open", "route:stuck"], 1).steps);
        }
        let cause = match by {
            Some(who) => Cause::Person { who: Who::new(who), because: "a test".to_owned() },
            None => Cause::Automatic { because: vec!["nobody said so".to_owned()] },
        };
        self.run = RunId(u64::try_from(self.journal.bytes.len()).expect("the test is set up so") + 1);
        let basis = basis.map_or(self.journal.view.index, Index);
        self.journal.agree(Fact::RunOpened { basis, plan, cause, home: Home::Elsewhere })
    }

    /// Manchester is shown, which is not wanted any more; the attempt that explains it is named.
    fn repair(&mut self, late: Option<u64>) -> Applied {
        let numbers = self.journal.view.routes[&route()].numbers.iter().map(|(number, values)| Pointing {
            number: number.clone(),
            from: Some(destination("manchester", number)),
            to: values.wanted.clone().expect("it was written before"),
        });
        let plan = repair(Astray {
            route: route(),
            carrier: CarrierId::new("magrathea"),
            shown: Some(site("manchester")),
            wanted: site("london"),
            numbers: numbers.collect(),
            text: "it is put back".to_owned(),
        });
        let late = late.map(Index).into_iter().collect();
        let cause = Cause::Repair { late, because: vec!["manchester is shown".to_owned()] };
        let (opens, basis) = (self.journal.bytes.len(), self.journal.view.index);
        self.run = RunId(u64::try_from(opens).expect("the test is set up so") + 1);
        self.journal.agree(Fact::RunOpened { basis, plan, cause, home: Home::Home })
    }

    /// What the route remembers of switches, repairs and incidents.
    fn tally(&self) -> String {
        let (view, state) = (&self.journal.view, &self.journal.view.routes[&route()]);
        let (switches, repairs) = (state.switches.len(), state.repairs_lately(self.journal.now));
        let latch = state.latch.as_ref().map_or("free", |_| "latched");
        let open: usize = view.attempts.values().map(|attempt| attempt.open.len()).sum();
        let open = if open == 0 { String::new() } else { format!(", {open} open") };
        format!("{switches} switches, {repairs} repairs, {} incidents, {latch}{open}", view.incidents.len())
    }

    fn start(&mut self, executor: &str, seen: Option<u64>) -> Applied {
        let (step, direction, n, left) = match self.journal.next(self.run) {
            Advance::Start(start) => (start.step, start.direction, start.n, start.numbers_left),
            Advance::Await { .. }
            | Advance::Read { .. }
            | Advance::See { .. }
            | Advance::Turn { .. }
            | Advance::End { .. }
            | Advance::Rest { .. }
            | Advance::Pass { .. }
            | Advance::Over => (0, Direction::Do, 1, Vec::new()),
        };
        let mut numbers: Vec<Number> = left[..batch(left.len(), self.journal.rate).min(left.len())].to_vec();
        let run = &self.journal.view.runs[&self.run];
        if let Some(ensure) = run.ensure(step, direction) {
            numbers.extend(ensure.written_by(&site(executor), &run.plan.steps[step].at));
        }
        let index = self.journal.view.index;
        let attempt = Attempt {
            run: self.run,
            step: u16::try_from(step).expect("the test is set up so"),
            direction,
            n,
            executor: site(executor),
            boot: LIFE,
            nonce: Nonce(self.nonce),
            numbers: numbers.clone(),
            basis: seen.map_or(index, Index),
            seen: seen.map_or(index, Index),
        };
        self.nonce += 1;
        let applied = self.journal.agree(Fact::StepStarted(attempt));
        if applied == Applied::Accepted {
            self.fence = self.journal.view.index;
            let run = &self.journal.view.runs[&self.run];
            let targets = run.ensure(step, direction).expect("the test is set up so").targets().iter();
            self.pointings = targets.filter(|p| numbers.contains(&p.number)).cloned().collect();
        }
        applied
    }

    /// `ended right`, `ended wrong except 3`: all but the third are right.
    fn ended(&mut self, words: &[&str], boot: Option<u64>, fence: Option<u64>) -> Applied {
        let (was, closure) = match words[1] {
            "right" => (Was::Right, Closure::Closed),
            "wrong" => (Was::Wrong, Closure::Closed),
            "unknown" => (Was::Unknown, Closure::Open),
            other => panic!("no such outcome: {other}"),
        };
        let except = words.iter().find_map(|word| word.strip_prefix("except=")?.parse::<usize>().ok());
        let outcome = |(at, p): (usize, &Pointing)| {
            let was = match except {
                Some(bad) if bad != at + 1 => Was::Right,
                Some(_) | None => was,
            };
            let seen = (was == Was::Right).then(|| p.to.clone());
            Outcome { number: p.number.clone(), was, closure, seen, why: words[1].to_owned() }
        };
        let mut outcomes: Vec<Outcome> = self.pointings.iter().enumerate().map(outcome).collect();
        let attempt = self.journal.view.attempts.get(&self.fence).filter(|_| self.pointings.is_empty());
        let others = attempt.into_iter().flat_map(|attempt| attempt.open.iter().cloned());
        let other = |number| Outcome { number, was, closure, seen: None, why: words[1].to_owned() };
        outcomes.extend(others.map(other));
        let note = (was != Was::Right).then(|| format!("the carrier said {}", words[1]));
        let fence = fence.map_or(self.fence, Index);
        self.journal.agree(Fact::StepEnded { fence, boot: boot.map_or(LIFE, Boot), was, outcomes, note })
    }

    fn next(&self) -> String {
        let after = |stamp: Stamp| format!("{}s", (stamp.millis() - START) / 1000);
        match self.journal.next(self.run) {
            Advance::Start(start) => {
                let numbers = match start.numbers_left.as_slice() {
                    [] => "no number".to_owned(),
                    [first, ..] => format!("{} numbers, {first} first", start.numbers_left.len()),
                };
                let (step, way, n) = (start.step + 1, format!("{:?}", start.direction), start.n);
                format!(
                    "start step {step} {way} attempt {n} not before {}, {numbers}",
                    after(start.not_before)
                )
            }
            Advance::Await { step, fence, executor, lapses_at } => {
                format!("await step {} {fence} of {executor}, lapses at {}", step + 1, after(lapses_at))
            }
            Advance::Read { step, fence, numbers } => {
                format!("read step {} {fence}, {} numbers", step + 1, numbers.len())
            }
            Advance::See { step, fence, until } => {
                format!("see how step {} {fence} stands, until {}", step + 1, after(until))
            }
            Advance::Turn { why } => format!("turn: {why}"),
            Advance::End { word, why } => format!("end {word}: {why}"),
            Advance::Rest { step, until } => format!("rest in step {} until {}", step + 1, after(until)),
            Advance::Pass { step, how, why } => format!("pass step {}, {how:?}: {why}", step + 1),
            Advance::Over => "over".to_owned(),
        }
    }
}

/// The text with what really happened below each line.
fn told(text: &str) -> String {
    let mut story =
        Story { journal: Journal::new(), run: RunId(0), fence: Index(0), pointings: Vec::new(), nonce: 1 };
    let mut out = String::new();
    for line in text.lines().filter(|line| !line.starts_with("  ")) {
        writeln!(out, "{line}").expect("the test is set up so");
        if line.starts_with('#') || line.trim().is_empty() {
            continue;
        }
        let applied = story.tell(line);
        if let Some(Applied::Refused(refusal)) = &applied {
            writeln!(out, "  {} refused: {refusal}", story.journal.view.index)
                .expect("the test is set up so");
        }
        if line == "tally" {
            writeln!(out, "  {}", story.tally()).expect("the test is set up so");
        } else if story.journal.view.runs.contains_key(&story.run) {
            writeln!(out, "  {}", story.next()).expect("the test is set up so");
        }
    }
    out
}

#[test]
fn every_story_goes_as_it_is_written() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/run");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the test is set up so")
        .map(|file| file.expect("the test is set up so").path())
        .collect();
    files.sort();
    assert!(files.len() >= 15, "the stories are missing");
    let mut wrong = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("the test is set up so");
        assert!(text.starts_with("# "), "{} does not say what it shows", file.display());
        let now = told(&text);
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&file, &now).expect("the test is set up so");
        } else if now != text {
            wrong.push(format!("{}\n{now}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "UPDATE=1 rewrites what differs:\n{}", wrong.join("\n"));
}
