//! The card of a hand-over: what is wrong, what the carrier shows, what to type for each site, how to undo it.

use super::labelled;
use crate::command::{Card, HandOver};
use state::handover::{Strength, Urgency};

/// Where the text of a card begins.
const INDENT: usize = 16;

/// What the first line of a screen says of all hand-overs; the stronger one wins.
pub fn mood(all: &[HandOver]) -> Option<&'static str> {
    all.iter().map(|one| one.strength).max().map(|strength| match strength {
        Strength::Waiting => "MANUAL until it passes",
        Strength::Latched => "MANUAL until you resume",
    })
}

/// Every hand-over with its card; a card that was shown already is not shown twice.
pub fn cards(all: &[HandOver]) -> String {
    let mut out = String::new();
    let mut shown: Vec<&Card> = Vec::new();
    for one in all {
        out += &wrong(one);
        for card in &one.cards {
            if !shown.iter().any(|before| before.deeds == card.deeds && before.route == card.route) {
                out += &steps(card);
                shown.push(card);
            }
        }
    }
    out
}

/// What is wrong, since when, and how it ends.
fn wrong(one: &HandOver) -> String {
    let of = one.route.as_ref().map_or("every route", |route| route.as_str());
    let label = match one.urgency {
        Urgency::Notice => "handed over",
        Urgency::Urgent => "HANDED OVER",
    };
    labelled(label, &format!("{of} since {}, {}: {}", one.since, one.strength, one.because), INDENT)
}

fn steps(card: &Card) -> String {
    let mut out = labelled("  by hand", &format!("{}: the carrier: {}", card.route, card.carrier), INDENT);
    for deed in &card.deeds {
        out += &labelled("", &format!("{}: {}", deed.site, deed.pbx), INDENT);
        out += &format!("{:INDENT$}  {}\n", "", deed.command);
    }
    out += &format!("{:INDENT$}{}\n", "  to undo it", card.undo);
    if let Some(resume) = &card.resume {
        out += &format!("{:INDENT$}{resume}\n", "  and then");
    }
    out
}
