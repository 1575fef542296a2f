//! From an order to an adapter's batch, and from an adapter's report to what is agreed as a fact.

use super::histogram::Spans;
use crate::carriers::attempt::{self, Move};
use crate::carriers::outcome::{Lateness, NumberOutcome, Seen};
use crate::event::{Order, Point, Report};
use state::fact::{Closure, Outcome, Was};
use state::{Destination, Number};
use std::time::Duration;

/// The batch as the adapter knows it.
pub fn moves(point: &Point) -> Vec<Move> {
    let wish = |(pointing, loose): &(state::plan::Pointing, Vec<state::Destination>)| Move {
        number: pointing.number.clone(),
        value: pointing.to.clone(),
        from: pointing.from.clone(),
        loose: loose.clone(),
    };
    point.batch.iter().map(wish).collect()
}

/// The report of an attempt of which no byte was sent.
pub fn unsent(point: &Point, why: &str) -> Report {
    let outcome = |(pointing, _): &(state::plan::Pointing, Vec<state::Destination>)| Outcome {
        number: pointing.number.clone(),
        was: Was::Wrong,
        closure: Closure::Closed,
        seen: None,
        why: format!("nothing was sent: {why}"),
    };
    let outcomes = point.batch.iter().map(outcome).collect();
    Report { was: Was::Wrong, outcomes, note: Some(why.to_owned()), late: Vec::new() }
}

/// The report of an order of which nothing was begun.
pub fn untried(order: &Order, why: &str) -> Report {
    ordered(order, (Was::Wrong, Closure::Closed), why.to_owned())
}

/// The report of an order: one word about all that it writes.
pub fn ordered(order: &Order, (was, closure): (Was, Closure), why: String) -> Report {
    let outcome =
        |number: &Number| Outcome { number: number.clone(), was, closure, seen: None, why: why.clone() };
    let outcomes = order.writes.iter().map(outcome).collect();
    Report { was, outcomes, note: Some(why).filter(|why| !why.is_empty()), late: Vec::new() }
}

/// What the node is told.
pub fn told(report: &attempt::Report) -> Report {
    let outcomes: Vec<Outcome> = report.numbers.iter().map(outcome).collect();
    let late = || report.numbers.iter().filter_map(|number| Some((number, lateness(number)?)));
    let words = late().map(|(number, by)| {
        format!("the write for {} ended {} ms after its window", number.number, by.as_millis())
    });
    let notes: Vec<String> = words.chain(report.login_refused.clone()).collect();
    let note = (!notes.is_empty()).then(|| notes.join("; "));
    let late = late().map(|(number, _)| number.number.clone()).collect();
    Report { was: on_the_whole(&outcomes), outcomes, note, late }
}

/// Right if all are; nobody knows if one is not known; an empty batch brought nothing about.
fn on_the_whole(outcomes: &[Outcome]) -> Was {
    if outcomes.iter().any(|outcome| outcome.was == Was::Unknown) {
        Was::Unknown
    } else if !outcomes.is_empty() && outcomes.iter().all(|outcome| outcome.was == Was::Right) {
        Was::Right
    } else {
        Was::Wrong
    }
}

fn outcome(number: &NumberOutcome) -> Outcome {
    let (seen, why) = match &number.seen {
        Seen::Unread => (None, number.why.to_string()),
        Seen::Empty => {
            (Some(Destination::empty()), format!("{}; the number shows no destination", number.why))
        }
        Seen::Value(value) => (Some(value.clone()), number.why.to_string()),
    };
    Outcome { number: number.number.clone(), was: number.was, closure: number.closed, seen, why }
}

fn lateness(number: &NumberOutcome) -> Option<Duration> {
    match number.late {
        Lateness::InTime => None,
        Lateness::Late(by) => Some(by),
    }
}

/// Adds an attempt's writes to the histogram.
pub fn count(report: &attempt::Report, spans: &Spans) {
    report.last_check_to_write.iter().for_each(|span| spans.add(*span));
    report.numbers.iter().filter_map(lateness).for_each(|_| spans.add_late());
}
