//! The account as a program reads it: one JSON object per happening; what is not in the public list is left out.

use super::happening::{Deed, Happening, Moved, What};
use policies::Verdict;
use serde::Serialize;
use state::fact::Mode;
use state::handover::Urgency;
use state::{RouteId, RunId, SiteId};

/// One published event; the names of its fields are a promise.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event<'a> {
    /// Something was broken, or mended.
    Fault { t_ms: i64, what: &'a str, then: Then },
    /// A site said its opinion aloud, or took it back.
    Ballot { t_ms: i64, site: &'a SiteId, subject: String, says: &'a str, votes: u32, of: u32 },
    /// A majority agreed.
    Verdict { t_ms: i64, subject: String, is: Verdict, votes: u32, of: u32 },
    /// A run was opened.
    Decision {
        t_ms: i64,
        run: String,
        route: &'a RouteId,
        playbook: &'a str,
        from: Option<&'a SiteId>,
        to: &'a SiteId,
        because: &'a [String],
    },
    /// A step went on.
    Step {
        t_ms: i64,
        run: String,
        step: u16,
        of: u16,
        what: &'a str,
        state: &'a str,
        by: Option<&'a SiteId>,
        fence: u64,
    },
    /// The carrier was told to point a number elsewhere; `code` is absent while its answer is.
    CarrierSet {
        t_ms: i64,
        number: &'a str,
        slot: u8,
        destination: &'a str,
        site: String,
        by: &'a str,
        applied: bool,
        code: Option<u8>,
    },
    /// The carrier was read.
    CarrierRead { t_ms: i64, number: &'a str, shows: &'a str, site: String, by: &'a str },
    /// Who may act has changed.
    Mode { t_ms: i64, route: Option<&'a RouteId>, mode: Mode, because: &'a str },
    /// People have the lever, or automation has it again.
    HandOver { t_ms: i64, text: &'a str, urgency: Urgency },
}

/// Whether a fault begins or ends.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// From here on it is broken.
    Broken,
    /// It is whole again.
    Mended,
}

/// The event of a happening, if this kind is published; `site` says what a destination means.
pub fn event(happening: &Happening, site: impl Fn(&str) -> String) -> Option<Event<'_>> {
    let t_ms = happening.t_ms;
    let name = |run: &RunId| run.to_string();
    Some(match &happening.what {
        What::Deed(Deed::Broke(what)) => Event::Fault { t_ms, what, then: Then::Broken },
        What::Deed(Deed::Mended(what)) => Event::Fault { t_ms, what, then: Then::Mended },
        What::Ballot { site, subject, says, votes, of } => {
            Event::Ballot { t_ms, site, subject: subject.to_string(), says, votes: *votes, of: *of }
        }
        What::Verdict { subject, is, votes, of } => {
            Event::Verdict { t_ms, subject: subject.to_string(), is: *is, votes: *votes, of: *of }
        }
        What::Decision { run, route, playbook, from, to, because } => {
            Event::Decision { t_ms, run: name(run), route, playbook, from: from.as_ref(), to, because }
        }
        What::Step { run, step, of, what, state, by, fence } => {
            let (step, of, fence) = (*step, *of, *fence);
            Event::Step { t_ms, run: name(run), step, of, what, state, by: by.as_ref(), fence }
        }
        What::Read { number, shows, by, .. } => {
            Event::CarrierRead { t_ms, number, shows, site: site(shows), by }
        }
        What::Set { number, slot, to, by, moved, code } => {
            let (slot, code, applied) = (*slot, *code, *moved != Moved::Not);
            Event::CarrierSet { t_ms, number, slot, destination: to, site: site(to), by, applied, code }
        }
        What::Mode { route, mode, because } => {
            Event::Mode { t_ms, route: route.as_ref(), mode: *mode, because }
        }
        What::HandOver { text, urgency, .. } => Event::HandOver { t_ms, text, urgency: *urgency },
        What::Deed(Deed::AskedWhy(..) | Deed::AskedStatus(..) | Deed::Ordered(_) | Deed::CutOff(_))
        | What::Suspect { .. }
        | What::Run { .. }
        | What::Carrier { .. }
        | What::Leader { .. }
        | What::Voice { .. }
        | What::Flapping { .. }
        | What::Refused { .. } => return None,
    })
}

/// An object on one line.
pub fn line(object: &impl Serialize) -> String {
    serde_json::to_string(object).expect("an event has text for keys, so it can be written")
}
