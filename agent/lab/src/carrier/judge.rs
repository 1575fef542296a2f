//! What the carrier's log says about the writers: how often a number moved, and whether two wrote at once.

use super::log::{Entry, Line, What};
use serde::Serialize;
use std::collections::BTreeMap;

/// Slot 1 of a number moved at an agent's order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Switch {
    /// When it took effect.
    pub t_ms: u64,
    /// The number.
    pub number: String,
    /// Who ordered it.
    pub agent: String,
    /// Where it pointed.
    pub before: String,
    /// Where it points.
    pub after: String,
}

/// In which way two agents wrote one number at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Clash {
    /// A SET was received while another agent's was neither answered nor its connection closed.
    Overlap,
    /// A SET was applied after one of another agent that was received later.
    Overtaken,
    /// A SET put back a destination that another agent's SET had replaced.
    PutBack,
}

/// Two agents that wrote one number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DualWriter {
    /// When it showed.
    pub t_ms: u64,
    /// The number.
    pub number: String,
    /// Who wrote first.
    pub first: String,
    /// Who wrote second.
    pub second: String,
    /// What they did.
    pub clash: Clash,
}

/// What the log amounts to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Judgement {
    /// Slot 1 moved by agents; a SET of the value that is there already moves nothing, an edit is a person's.
    pub switches: Vec<Switch>,
    /// At most one clash per SET.
    pub dual_writers: Vec<DualWriter>,
}

/// A SET that has been received, and perhaps applied.
struct Seen {
    agent: String,
    number: String,
    slot: u8,
    connection: u64,
    open: bool,
    clashed: bool,
}

/// A destination that stood in a slot until some SET replaced it.
struct Replaced {
    destination: String,
    by: u64,
}

/// Judges a log, or a part of it: one that begins after a move back was ordered does not call that a put-back, which
/// the log alone cannot tell from a fight.
pub fn judge(entries: &[Entry], agent: impl Fn(&Line) -> String) -> Judgement {
    let mut judge = Judge::default();
    for entry in entries {
        judge.read(entry, &agent);
    }
    judge.found
}

/// The label of a connection, or else its address.
pub fn by_label(line: &Line) -> String {
    line.label.clone().unwrap_or_else(|| line.peer.ip().to_string())
}

#[derive(Default)]
struct Judge {
    found: Judgement,
    seen: BTreeMap<u64, Seen>,
    replaced: BTreeMap<(String, u8), Vec<Replaced>>,
    applied: BTreeMap<(String, u8), Vec<u64>>,
}

impl Judge {
    fn read(&mut self, entry: &Entry, agent: impl Fn(&Line) -> String) {
        let connection = entry.line.as_ref().map_or(0, |line| line.connection);
        match &entry.what {
            What::SetReceived { set, number, slot, .. } => {
                let agent = entry.line.as_ref().map_or_else(String::new, agent);
                let (number, slot) = (number.clone(), *slot);
                let seen = Seen { agent, number, slot, connection, open: true, clashed: false };
                let rival = self
                    .seen
                    .iter()
                    .find(|(_, other)| other.open && other.number == seen.number && other.agent != seen.agent)
                    .map(|(set, _)| *set);
                self.seen.insert(*set, seen);
                if let Some(rival) = rival {
                    self.clash(entry.t_ms, (rival, *set), Clash::Overlap);
                }
            }
            What::SetAnswered { set, .. } => {
                if let Some(seen) = self.seen.get_mut(set) {
                    seen.open = false;
                }
            }
            What::HungUp | What::Closed { .. } => {
                for seen in self.seen.values_mut().filter(|seen| seen.connection == connection) {
                    seen.open = false;
                }
            }
            What::SetApplied { set, before, after, .. } => self.apply(entry.t_ms, *set, (before, after)),
            What::Edited { number, slot, .. } => {
                // A person's word starts a new story: what stood there before is nobody's to put back.
                self.replaced.remove(&(number.clone(), *slot));
            }
            What::Opened | What::Command { .. } | What::Reply { .. } | What::Fault { .. } => {}
        }
    }

    fn apply(&mut self, t_ms: u64, set: u64, (before, after): (&str, &str)) {
        let Some(seen) = self.seen.get(&set) else { return };
        let (agent, number, slot) = (seen.agent.clone(), seen.number.clone(), seen.slot);
        let key = (number.clone(), slot);
        let by_other = |other: &&u64| self.seen.get(other).is_some_and(|seen| seen.agent != agent);
        let overtaker = self
            .applied
            .get(&key)
            .and_then(|sets| sets.iter().filter(|other| **other > set).find(by_other).copied());
        let replacer = self.replaced.get(&key).and_then(|all| {
            all.iter()
                .filter(|old| old.destination == after && before != after)
                .map(|old| &old.by)
                .find(by_other)
        });
        match (overtaker, replacer.copied()) {
            (Some(rival), _) => self.clash(t_ms, (rival, set), Clash::Overtaken),
            (None, Some(rival)) => self.clash(t_ms, (rival, set), Clash::PutBack),
            (None, None) => {}
        }
        self.applied.entry(key.clone()).or_default().push(set);
        if before == after {
            return;
        }
        self.replaced.entry(key).or_default().push(Replaced { destination: before.to_owned(), by: set });
        if slot == 1 {
            let (before, after) = (before.to_owned(), after.to_owned());
            self.found.switches.push(Switch { t_ms, number, agent, before, after });
        }
    }

    fn clash(&mut self, t_ms: u64, (first, second): (u64, u64), clash: Clash) {
        let name = |set: u64| self.seen.get(&set).map_or_else(String::new, |seen| seen.agent.clone());
        let (first, by) = (name(first), name(second));
        let Some(seen) = self.seen.get_mut(&second) else { return };
        if std::mem::replace(&mut seen.clashed, true) {
            return;
        }
        let number = seen.number.clone();
        self.found.dual_writers.push(DualWriter { t_ms, number, first, second: by, clash });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A log as text: `agent received|applied|answered set ...`; times count up by one a line.
    fn parse(n: u64, text: &str) -> Entry {
        let words = text.split_whitespace().collect::<Vec<_>>();
        let slot = 1;
        let number = |at: usize| words[at].to_owned();
        let set = || words[2].parse().unwrap();
        let what = match words[1] {
            "received" => What::SetReceived { set: set(), number: number(3), slot, destination: number(4) },
            "applied" => {
                What::SetApplied { set: set(), number: number(3), slot, before: number(4), after: number(5) }
            }
            "answered" => What::SetAnswered { set: set(), number: number(3), code: 0 },
            "edited" => What::Edited { number: number(2), slot, before: number(3), after: number(4) },
            "left" => What::HungUp,
            other => panic!("no event is called {other}"),
        };
        let address = |agent: &str| u64::from(agent.as_bytes()[0]);
        let line = (words[0] != "person").then(|| Line {
            connection: address(words[0]),
            peer: "127.0.0.1:1".parse().unwrap(),
            label: Some(words[0].to_owned()),
        });
        Entry { n, t_ms: n, line, what }
    }

    #[track_caller]
    fn check(log: &str, expected: &str) {
        let lines = |text: &str| {
            text.lines().map(|line| line.trim().to_owned()).filter(|l| !l.is_empty()).collect::<Vec<_>>()
        };
        let entries = (1..).zip(lines(log)).map(|(n, line)| parse(n, &line)).collect::<Vec<_>>();
        let found = judge(&entries, by_label);
        let mut got = Vec::new();
        for s in found.switches {
            got.push(format!("{} switch {} by {}: {} -> {}", s.t_ms, s.number, s.agent, s.before, s.after));
        }
        for d in found.dual_writers {
            got.push(format!("{} {:?} {} by {} and {}", d.t_ms, d.clash, d.number, d.first, d.second));
        }
        assert_eq!(got, lines(expected));
    }

    #[test]
    fn one_writer_is_one_switch_however_often_it_repeats_itself() {
        check(
            "manchester received 1 N B
             manchester applied 1 N A B
             manchester answered 1 N
             manchester received 2 N B
             manchester applied 2 N B B
             manchester answered 2 N",
            "2 switch N by manchester: A -> B",
        );
    }

    #[test]
    fn a_dead_writer_is_followed_not_fought() {
        check(
            "manchester received 1 N B
             manchester applied 1 N A B
             manchester left
             office received 2 N B
             office applied 2 N B B
             office answered 2 N",
            "2 switch N by manchester: A -> B",
        );
    }

    #[test]
    fn a_second_set_before_the_first_is_answered_is_a_dual_writer() {
        check(
            "manchester received 1 N B
             office received 2 N B
             office answered 2 N
             manchester answered 1 N",
            "2 Overlap N by manchester and office",
        );
        // Not on another number, and not by the same agent.
        check(
            "manchester received 1 N B
             office received 2 M B
             manchester received 3 N B",
            "",
        );
    }

    #[test]
    fn an_older_set_that_takes_effect_late_is_a_dual_writer() {
        check(
            "london received 1 N C
             london left
             manchester received 2 N B
             manchester applied 2 N A B
             manchester answered 2 N
             london applied 1 N B C",
            "4 switch N by manchester: A -> B
             6 switch N by london: B -> C
             6 Overtaken N by manchester and london",
        );
    }

    #[test]
    fn putting_back_what_another_agent_replaced_is_a_dual_writer() {
        let fight = "manchester received 1 N B
             manchester applied 1 N A B
             manchester answered 1 N
             london received 2 N A
             london applied 2 N B A
             london answered 2 N";
        check(
            fight,
            "2 switch N by manchester: A -> B
             5 switch N by london: B -> A
             5 PutBack N by manchester and london",
        );
        // Its own undo is not, nor is going where a person was before.
        check(
            &fight.replace("london", "manchester"),
            "2 switch N by manchester: A -> B
             5 switch N by manchester: B -> A",
        );
        check(
            "manchester received 1 N B
             manchester applied 1 N A B
             manchester answered 1 N
             person edited N B C
             london received 2 N A
             london applied 2 N C A",
            "2 switch N by manchester: A -> B
             6 switch N by london: C -> A",
        );
    }
}
