//! One executor by itself: each line of `tests/asks.txt` is what it hears, and what it does about each of it.

use super::script::live;
use agent::event::{Effect, Event, Identity, Output, Reign, Standing};
use agent::frame::{Body, Call};
use agent::node::{Node, Start};
use agent::policy_file::Marks;
use state::fact::{Attempt, Entry, Fact};
use state::{
    Boot, CarrierId, Disk, Index, Mono, Nonce, Now, PlaybookId, RouteId, SiteId, Starts, Term, View, Who,
    codec,
};
use std::collections::BTreeMap;
use std::time::Duration;

/// A claim, as far as its first intent; the site that it is for executes.
const STORY: &str = "at 6s claim office at netherlands\nuntil 6.6s\n";
const LEADER: &str = "netherlands";

/// The text with what comes out now, and the lines of it that are not as they were.
pub fn played(text: &str) -> (String, Vec<String>) {
    let (mut all, mut wrong) = (String::new(), Vec::new());
    for line in text.lines() {
        let heard = line.split_once(" =>").map(|(heard, _)| heard).filter(|_| !line.starts_with('#'));
        let is = heard.map_or(line.to_owned(), |heard| format!("{heard} => {}", Executor::new().all(heard)));
        wrong.extend((is != line).then(|| is.clone()));
        all += &format!("{is}\n");
    }
    (all, wrong)
}

/// The agent of the office, where everything is agreed but the intent.
struct Executor {
    node: Node,
    intent: Entry,
    clock: Duration,
    asked: Vec<Nonce>,
}

impl Executor {
    fn new() -> Self {
        let (cluster, _) = live(STORY);
        let rows = cluster.disk(&SiteId::new("office")).borrow().rows.clone();
        let entries = rows.iter().map(|row| (row, codec::decode(&row.bytes).expect("it was agreed")));
        let (mut view, mut intent) = (View::birth("bytemark"), None);
        for (row, entry) in entries {
            if matches!(entry.fact, Fact::StepStarted(_)) {
                intent = Some(entry);
                break;
            }
            let _ = view.apply(row.index, &row.bytes, &entry);
        }
        let identity =
            Identity { site: SiteId::new("office"), starts: Starts(2), boot: Boot(9), disk: Disk(3) };
        let (applied, end) = (view.index, view.index);
        let start = Start {
            identity,
            view,
            file: String::new(),
            secrets: vec![CarrierId::new("magrathea")],
            playbooks: BTreeMap::new(),
            stopped: None,
            led: None,
            outside: None,
            alone: Vec::new(),
            marks: Marks::default(),
        };
        let clock = Duration::from_secs(10);
        let node = Node::new(start, Mono::from_boot(clock));
        let intent = intent.expect("the story comes to an intent");
        let mut executor = Self { node, intent, clock, asked: Vec::new() };
        let leader = Some(SiteId::new(LEADER));
        executor.step(Event::Standing(Standing {
            leader,
            term: Term(1),
            applied,
            end,
            ..Standing::default()
        }));
        executor
    }

    fn all(&mut self, heard: &str) -> String {
        heard.split(", ").map(|what| self.hear(what)).collect::<Vec<_>>().join(", ")
    }

    /// What it hears, and in a word or two what it does.
    fn hear(&mut self, what: &str) -> String {
        let (boot, last) = (self.node.identity().boot, self.asked.last().copied().unwrap_or(Nonce(1)));
        match what {
            "called" => {
                self.step(Event::Heard { from: SiteId::new(LEADER), body: Body::Prepare(self.call()) })
            }
            "ready" => self.step(Event::Prepared { nonce: last }),
            "revoked" => self.revoke(LEADER, boot),
            "revoked by london" => self.revoke("london", boot),
            "revoked of another life" => self.revoke(LEADER, Boot(8)),
            "claimed" => self.agree(Fact::Claimed {
                route: RouteId::new("main"),
                site: SiteId::new("london"),
                playbook: PlaybookId::new("fail-over"),
                because: "the test says so".to_owned(),
                who: Who::new("matthew"),
            }),
            "elected" => self.stand(Reign::Fresh),
            "at the end of its log" => self.stand(Reign::Ready),
            "agreed" => self.go(|attempt| (attempt.boot, attempt.nonce) = (boot, last)),
            "agreed of the ask before" => {
                let before = self.asked[self.asked.len() - 2];
                self.go(|attempt| (attempt.boot, attempt.nonce) = (boot, before))
            }
            "agreed of another life" => self.go(|attempt| (attempt.boot, attempt.nonce) = (Boot(8), last)),
            "agreed for london" => self.go(|attempt| {
                (attempt.executor, attempt.boot, attempt.nonce) = (SiteId::new("london"), boot, last);
            }),
            passed => {
                self.clock += super::script::time(passed);
                self.step(Event::Tick)
            }
        }
    }

    fn revoke(&mut self, by: &str, boot: Boot) -> String {
        let fence = Index(self.node.view().index.0 + 1);
        let body = Body::Revoke { fence, boot, nonce: self.asked.last().copied().unwrap_or(Nonce(1)) };
        self.step(Event::Heard { from: SiteId::new(by), body })
    }

    /// It leads itself. What it then says to itself is not delivered.
    fn stand(&mut self, reign: Reign) -> String {
        let (leader, end) = (Some(SiteId::new("office")), Index(self.node.view().index.0 + 2));
        let (applied, last) = (self.node.view().index, end);
        let term = Term(2);
        self.step(Event::Standing(Standing {
            term,
            leader,
            reign,
            last,
            applied,
            end,
            ..Standing::default()
        }))
    }

    fn attempt(&self) -> Attempt {
        let Fact::StepStarted(attempt) = &self.intent.fact else { panic!("it is an intent") };
        attempt.clone()
    }

    fn call(&self) -> Call {
        let Attempt { run, step, direction, n, numbers, .. } = self.attempt();
        Call { run, step, direction, n, numbers, carrier: Some(CarrierId::new("magrathea")) }
    }

    fn go(&mut self, change: impl FnOnce(&mut Attempt)) -> String {
        let mut attempt = self.attempt();
        change(&mut attempt);
        self.agree(Fact::StepStarted(attempt))
    }

    fn agree(&mut self, fact: Fact) -> String {
        self.intent.origin.n += 1;
        let entry = Entry { fact, ..self.intent.clone() };
        let bytes = codec::encode(&entry).expect("it is a fact");
        let index = Index(self.node.view().index.0 + 1);
        self.step(Event::Agreed { index, bytes, entry: Box::new(entry) })
    }

    fn step(&mut self, event: Event) -> String {
        let now = Now { mono: Mono::from_boot(self.clock), stamp: self.intent.stamp };
        let Output { act, send, propose, .. } = self.node.step(event, now);
        let done = act.into_iter().filter_map(|effect| self.done(&effect)).collect::<Vec<_>>();
        let said = send.iter().filter_map(|(_, body)| said(body));
        let decided = propose.iter().filter(|(_, fact)| !fact.may_be_asked_for()).count();
        let decided = (decided > 0).then(|| format!("decides {decided} times"));
        let words: Vec<String> = done.into_iter().chain(said).chain(decided).collect();
        if words.is_empty() { "nothing".to_owned() } else { words.join(" and ") }
    }

    fn done(&mut self, effect: &Effect) -> Option<String> {
        if let Effect::Prepare { nonce, .. } = effect {
            self.asked.push(*nonce);
            return Some("logs in".to_owned());
        }
        if let Effect::Point(point) = effect {
            let left = point.send_by.left(Mono::from_boot(self.clock)).as_millis();
            return Some(format!("writes within {left} ms"));
        }
        matches!(effect, Effect::Release { .. }).then(|| "lets go".to_owned())
    }
}

fn said(body: &Body) -> Option<String> {
    if let Body::Propose { fact: Fact::StepEnded { outcomes, .. }, .. } = body {
        return outcomes.first().map(|outcome| format!("says {}", outcome.why));
    }
    if let Body::Unready { why, .. } = body {
        return Some(format!("cannot: {why}"));
    }
    if let Body::Prepare(_) = body {
        return Some("calls".to_owned());
    }
    matches!(body, Body::Ask { .. }).then(|| "asks".to_owned())
}
