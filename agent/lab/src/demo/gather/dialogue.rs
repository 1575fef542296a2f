//! The carrier's log as a dialogue: what was asked and what was answered, on one line each.

use crate::carrier::log::{Entry, What as Logged};
use crate::demo::happening::{Happening, Login, Moved, What};
use std::collections::BTreeMap;

/// A SET whose answer has not come so soon after it took effect is told without it.
const ANSWER_MS: i64 = 30;

/// All connections that are open, and the SETs that are under way.
#[derive(Debug, Default)]
pub struct Dialogues {
    lines: BTreeMap<u64, Dialogue>,
    sets: BTreeMap<u64, Set>,
}

#[derive(Debug, Default)]
struct Dialogue {
    asked: Option<String>,
    fresh: bool,
}

#[derive(Debug)]
struct Set {
    t_ms: i64,
    what: What,
    applied: bool,
}

impl Dialogues {
    /// Takes one entry of the log.
    pub fn take(&mut self, t_ms: i64, entry: &Entry) -> Vec<Happening> {
        let by = entry.line.as_ref().map_or_else(String::new, |line| {
            line.label.clone().unwrap_or_else(|| line.peer.ip().to_string())
        });
        let connection = entry.line.as_ref().map_or(0, |line| line.connection);
        let one = |what| vec![Happening { t_ms, what }];
        match &entry.what {
            Logged::Command { text } => {
                self.lines.entry(connection).or_default().asked = Some(text.clone());
                Vec::new()
            }
            Logged::Reply { text } => self.answered(connection, text, by).map_or_else(Vec::new, one),
            Logged::SetReceived { set, number, slot, destination } => {
                let (number, to) = (number.clone(), destination.clone());
                let what = What::Set { number, slot: *slot, to, by, moved: Moved::Not, code: None };
                self.sets.insert(*set, Set { t_ms, what, applied: false });
                Vec::new()
            }
            Logged::SetApplied { set, before, after, .. } => self.applied(*set, t_ms, before == after),
            Logged::SetAnswered { set, code, .. } => self.set_answered(*set, *code),
            Logged::Edited { number, slot, after, .. } => {
                one(What::Carrier { text: format!("a person sets {number} {slot} {after}"), by })
            }
            Logged::Fault { text } => one(What::Carrier { text: format!("misbehaves: {text}"), by }),
            Logged::HungUp | Logged::Closed { .. } => {
                self.lines.remove(&connection);
                Vec::new()
            }
            Logged::Opened => Vec::new(),
        }
    }

    /// SETs that took effect and whose answer is held.
    pub fn due(&mut self, now_ms: i64) -> Vec<Happening> {
        let late = |set: &Set| set.applied && now_ms > set.t_ms + ANSWER_MS;
        let late: Vec<u64> = self.sets.iter().filter(|(_, set)| late(set)).map(|(id, _)| *id).collect();
        late.iter().filter_map(|id| self.sets.remove(id)).map(Set::told).collect()
    }

    /// Since when the oldest SET waits for its answer to be told.
    pub fn waits(&self) -> Option<i64> {
        self.sets.values().filter(|set| set.applied).map(|set| set.t_ms).min()
    }

    fn answered(&mut self, connection: u64, reply: &str, by: String) -> Option<What> {
        let line = self.lines.entry(connection).or_default();
        let asked = line.asked.take()?;
        let mut words = asked.split_whitespace();
        let verb = words.next()?;
        let (code, rest) = reply.split_once(' ').unwrap_or((reply, ""));
        match (verb, code) {
            ("AUTH", "0") => {
                line.fresh = true;
                None
            }
            ("AUTH", _) => Some(What::Carrier { text: format!("AUTH refused: {reply}"), by }),
            ("STAT", "0") => {
                let login = if std::mem::take(&mut line.fresh) { Login::Fresh } else { Login::Before };
                let number = words.next()?.to_owned();
                // The number, whether it works, until when it is paid, and then the slots.
                let slots = rest.splitn(4, ' ').nth(3).unwrap_or_default();
                let shows = slots.split('|').next().unwrap_or_default().to_owned();
                Some(What::Read { number, shows, by, login })
            }
            ("STAT", _) => Some(What::Carrier { text: format!("{asked} -> {reply}"), by }),
            (_, _) => None,
        }
    }

    fn applied(&mut self, set: u64, at: i64, same: bool) -> Vec<Happening> {
        if let Some(Set { t_ms, what: What::Set { moved, .. }, applied }) = self.sets.get_mut(&set) {
            *moved = if same { Moved::Already } else { Moved::Moved };
            (*t_ms, *applied) = (at, true);
        }
        Vec::new()
    }

    fn set_answered(&mut self, set: u64, answer: u8) -> Vec<Happening> {
        let Some(mut set) = self.sets.remove(&set) else { return Vec::new() };
        if let What::Set { code, .. } = &mut set.what {
            *code = Some(answer);
        }
        vec![set.told()]
    }
}

impl Set {
    fn told(self) -> Happening {
        Happening { t_ms: self.t_ms, what: self.what }
    }
}
