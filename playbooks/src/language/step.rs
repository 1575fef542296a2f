//! One step of a playbook: its end state, its way back, its patience.

use super::template::Kind;
use super::{Doer, Inputs, PlaybookStep, Template, WayBack, Wish};
use crate::limits;
use state::document::{Fault, Value, nearest, spell};
use state::plan::IfFailed;
use std::time::Duration;

/// The end states of this version.
const KNOWN: [&str; 2] = ["route_points_at", "notify"];
/// The end states of the design that this version does not have.
const LATER: [&str; 9] =
    ["greeting", "sorry_page", "sorry_mail", "dns_record", "http", "exec", "site_ready", "wait", "test_call"];

/// Reads a step; every fault of it is reported, not only the first.
pub(super) fn read(value: Value<'_>, inputs: &Inputs) -> Option<PlaybookStep> {
    let mut map = value.map()?;
    let ensure = map.required("ensure").map(|wish| self::wish(wish, inputs));
    let undo = map.optional("undo");
    let no_undo = map.optional("no_undo");
    let at = map.optional("at").map(|at| doer(at, inputs));
    let timeout = map.optional("timeout");
    let attempts = map.optional("attempts").map(|n| n.count(1..=u32::from(limits::ATTEMPTS_MAX)));
    let backoff = map.optional("backoff").map(|d| within(d, limits::BACKOFF_MAX));
    let if_failed = map.optional("if_failed").map(self::if_failed);
    map.finish();
    let written = undo.or(no_undo);
    let undo = way_back(value, (undo, no_undo), inputs);
    let ensure = ensure??;
    let undo = undo?;
    leads_back(&ensure, &undo, written);
    let timeout = timeout.map_or(Some(limits::TIMEOUT), |written| self::timeout(written, &ensure));
    let (usual_at, usual_failed) = match ensure {
        Wish::RoutePointsAt { .. } => (Doer::Executor, IfFailed::Stuck),
        Wish::Notify { .. } => (Doer::Leader, IfFailed::CarryOn),
    };
    Some(PlaybookStep {
        ensure,
        undo,
        at: at.unwrap_or(Some(usual_at))?,
        timeout: timeout?,
        attempts: u8::try_from(attempts.unwrap_or(Some(u32::from(limits::ATTEMPTS)))?).ok()?,
        backoff: backoff.unwrap_or(Some(limits::BACKOFF))?,
        if_failed: if_failed.unwrap_or(Some(usual_failed))?,
    })
}

fn wish(value: Value<'_>, inputs: &Inputs) -> Option<Wish> {
    if !value.is_map() {
        return value.map().and(None);
    }
    let entries = value.entries();
    let [(key, inner)] = entries.as_slice() else {
        return value.refuse(
            format!("`{}` is one end state, not {}", value.key_text(), entries.len()),
            "one step for each",
        );
    };
    match key.text.as_str() {
        "route_points_at" => {
            let mut map = inner.map()?;
            let route = map.required("route").map(|v| Template::name(v, inputs, Kind::Route));
            let site = map.required("site").map(|v| Template::name(v, inputs, Kind::Site));
            map.finish();
            Some(Wish::RoutePointsAt { route: route??, site: site?? })
        }
        "notify" => {
            let mut map = inner.map()?;
            let text = map.required("text").map(|v| Template::text(v, inputs));
            map.finish();
            Some(Wish::Notify { text: text?? })
        }
        other if LATER.contains(&other) => {
            let fault = Fault::at(key.place, format!("`{other}` is not in this version"));
            value.faults().add(fault.note(format!("this version has: {}", KNOWN.join(", "))));
            None
        }
        other => {
            let note = match nearest(other, KNOWN.into_iter().chain(LATER)) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("this version has: {}", KNOWN.join(", ")),
            };
            value.faults().add(Fault::at(key.place, format!("unknown end state `{other}`")).note(note));
            None
        }
    }
}

fn way_back(
    step: Value<'_>,
    written: (Option<Value<'_>>, Option<Value<'_>>),
    inputs: &Inputs,
) -> Option<WayBack> {
    match written {
        (Some(undo), None) => wish(undo, inputs).map(WayBack::Wish),
        (None, Some(sentence)) => sentence.words().map(|why| WayBack::No(why.to_owned())),
        (Some(_), Some(no_undo)) => {
            no_undo.refuse("a step has `undo` or `no_undo`, not both", "leave one of them out")
        }
        (None, None) => step.refuse(
            "a step needs an `undo`",
            "or the sentence why there is none: `no_undo: a message cannot be recalled`",
        ),
    }
}

/// An undo is of the kind of its end state, and a route goes back to where it rang and nowhere else: of that site
/// alone it is looked at whether it lives.
fn leads_back(ensure: &Wish, undo: &WayBack, written: Option<Value<'_>>) {
    let (WayBack::Wish(undo), Some(written)) = (undo, written) else { return };
    match (ensure, undo) {
        (Wish::RoutePointsAt { route, .. }, Wish::RoutePointsAt { route: back, site }) => {
            if route != back {
                written.refuse::<()>("the undo moves another route", "the route of the step itself");
            } else if !site.is_input("from") {
                written.refuse::<()>(
                    "this undo may lead to a dead place",
                    "back to `site: $from`, and nowhere else",
                );
            }
        }
        (Wish::RoutePointsAt { .. }, Wish::Notify { .. }) => {
            let note = "`undo: { route_points_at: { route: $route, site: $from } }`";
            written.refuse::<()>("a message takes no route back", note);
        }
        (Wish::Notify { .. }, Wish::RoutePointsAt { .. }) => {
            written.refuse::<()>(
                "a message is not taken back by moving a route",
                "`no_undo: a message cannot be recalled`",
            );
        }
        (Wish::Notify { .. }, Wish::Notify { .. }) => {}
    }
}

fn doer(value: Value<'_>, inputs: &Inputs) -> Option<Doer> {
    match value.text()? {
        "executor" => Some(Doer::Executor),
        "leader" => Some(Doer::Leader),
        later @ ("all" | "reachable") => {
            value.refuse(format!("`at: {later}` is not in this version"), "executor, leader or a site")
        }
        _ => Template::name(value, inputs, Kind::Site).map(Doer::Site),
    }
}

fn timeout(value: Value<'_>, ensure: &Wish) -> Option<Duration> {
    let timeout = within(value, limits::TIMEOUT_MAX)?;
    let least = match ensure {
        Wish::RoutePointsAt { .. } => limits::WAIT_OPEN,
        Wish::Notify { .. } => Duration::from_secs(1),
    };
    if timeout < least {
        let sum = format!("timeout >= {}    {} is shorter", spell(least), spell(timeout));
        let fault = Fault::at(value.place(), "an attempt needs more time").sum(sum);
        value.faults().add(fault.hint(format!("`timeout: {}`", spell(limits::TIMEOUT))));
        return None;
    }
    Some(timeout)
}

fn within(value: Value<'_>, most: Duration) -> Option<Duration> {
    let found = value.duration()?;
    if found > most {
        let message = format!("`{}` is at most {}", value.key_text(), spell(most));
        return value.refuse(message, format!("`{}: {}`", value.key_text(), spell(most)));
    }
    Some(found)
}

fn if_failed(value: Value<'_>) -> Option<IfFailed> {
    value.one_of(&[
        ("carry_on", IfFailed::CarryOn),
        ("undo_all", IfFailed::UndoAll),
        ("stuck", IfFailed::Stuck),
    ])
}
