//! What the carrier's own log says beside the switches: who sent a SET when, which got no answer, who read after.

use crate::carrier::log::{Entry, What};
use std::collections::BTreeMap;

/// The SETs that an agent, or any agent, sent from some time of the log on.
pub fn sets(log: &[Entry], by: Option<&str>, from_ms: u64) -> usize {
    let meant = |entry: &&Entry| {
        let label = entry.line.as_ref().and_then(|line| line.label.as_deref());
        let sent = matches!(entry.what, What::SetReceived { .. });
        sent && entry.t_ms >= from_ms && (by.is_none() || by == label)
    };
    log.iter().filter(meant).count()
}

/// When SETs took effect whose sender was never told so.
pub fn unanswered(log: &[Entry]) -> Vec<u64> {
    let mut applied = BTreeMap::new();
    for entry in log {
        match &entry.what {
            What::SetApplied { set, .. } => drop(applied.insert(*set, entry.t_ms)),
            What::SetAnswered { set, .. } => drop(applied.remove(set)),
            What::Opened
            | What::Command { .. }
            | What::Reply { .. }
            | What::SetReceived { .. }
            | What::Edited { .. }
            | What::Fault { .. }
            | What::HungUp
            | What::Closed { .. } => {}
        }
    }
    applied.into_values().collect()
}

/// How long after some time of the log the carrier was next asked what it shows.
pub fn read_after(log: &[Entry], from_ms: u64) -> Option<u64> {
    let asked = |entry: &&Entry| {
        entry.t_ms > from_ms && matches!(&entry.what, What::Command { text } if text.starts_with("STAT"))
    };
    log.iter().find(asked).map(|entry| entry.t_ms - from_ms)
}
