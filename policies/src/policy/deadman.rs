//! The dead-man: when automation says that it cannot act, and hands over to people.

use super::draft::Written;
use super::pace::within;
use crate::limits::{ALERT_PATH, DEADMAN_ACKNOWLEDGE, DEADMAN_QUORUM, DEADMAN_TOLD_BY, ELECTED_BY, SILENCE};
use state::document::{Fault, Value, spell};
use state::handover::Strength;
use std::time::Duration;

/// When automation hands over to people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadman {
    /// After so long without a quorum.
    pub quorum: Duration,
    /// After so long without anybody acknowledging a switch.
    pub acknowledge: Duration,
    /// Whether a hand-over that would pass by itself does.
    pub then: Strength,
    /// The address outside that raises the alarm when it is no longer called; kept, and not acted on yet.
    pub watcher: Option<String>,
}

impl Default for Deadman {
    fn default() -> Self {
        Self {
            quorum: DEADMAN_QUORUM,
            acknowledge: DEADMAN_ACKNOWLEDGE,
            then: Strength::Waiting,
            watcher: None,
        }
    }
}

/// Whoever waits longer than a day for an answer has no dead-man.
const ACKNOWLEDGE_MAX: Duration = Duration::from_secs(86_400);

/// What comes after a hand-over.
const THEN: [(&str, Strength); 2] = [("wait", Strength::Waiting), ("latch", Strength::Latched)];

/// Reads `deadman`.
pub(super) fn read(value: Option<Value<'_>>) -> Deadman {
    let mut deadman = Deadman::default();
    let Some(mut fields) = value.and_then(Value::map) else { return deadman };
    deadman.watcher = fields.optional("watcher").and_then(watcher);
    let quorum = within(fields.optional("quorum"), Duration::ZERO, ACKNOWLEDGE_MAX);
    if let Some(quorum) = quorum {
        deadman.quorum = quorum.is;
        if let Some(fault) = wrong_quorum(quorum) {
            fields.whole().faults().add(fault);
        }
    }
    let acknowledge = fields.optional("acknowledge");
    if let Some(acknowledge) = within(acknowledge, Duration::from_secs(60), ACKNOWLEDGE_MAX) {
        deadman.acknowledge = acknowledge.is;
    }
    let then = fields.optional("then").and_then(|then| then.one_of(&THEN));
    deadman.then = then.unwrap_or(deadman.then);
    fields.finish();
    deadman
}

/// Reads `https://hc.example.com/ping/bytemark`.
fn watcher(value: Value<'_>) -> Option<String> {
    let text = value.text()?;
    let rest = text.strip_prefix("https://");
    match rest.map(|rest| rest.split('/').next().unwrap_or(rest)) {
        Some(host) if host.contains('.') && text.chars().all(|c| c.is_ascii_graphic()) => {
            Some(text.to_string())
        }
        Some(_) | None => value.refuse(
            format!("`{text}` is no watcher"),
            "an address such as `https://hc.example.com/ping/bytemark`",
        ),
    }
}

/// The inequality that a time without quorum breaks, and what can be written instead.
fn wrong_quorum(quorum: Written<Duration>) -> Option<Fault> {
    let elections = ELECTED_BY * 2 + SILENCE;
    let latest = DEADMAN_TOLD_BY - ALERT_PATH;
    let written = spell(quorum.is);
    let (message, sum) = if quorum.is <= elections {
        let sum =
            format!("quorum > 2 x elected_by + silence    {written} > {}    is false", spell(elections));
        ("people would be told of every ordinary election", sum)
    } else if quorum.is > latest {
        let (path, by) = (spell(ALERT_PATH), spell(DEADMAN_TOLD_BY));
        let sum = format!("quorum + alert path <= {by}    {written} + {path} <= {by}    is false");
        ("people would be told too late", sum)
    } else {
        return None;
    };
    let least = spell(elections + Duration::from_secs(1));
    let hint = format!("from `quorum: {least}` to `quorum: {}`", spell(latest));
    Some(Fault::at(quorum.place, message).sum(sum).hint(hint))
}
