//! One step of a playbook: its end state, its way back, its patience.

use super::inputs::Kind;
use super::wish::wish;
use super::{Doer, Inputs, PlaybookStep, Template, WayBack, Wish};
use crate::limits;
use state::document::{Fault, Value, spell};
use state::plan::IfFailed;
use std::time::Duration;

/// Reads a step; every fault of it is reported, not only the first.
pub(super) fn read(value: Value<'_>, inputs: &Inputs) -> Option<PlaybookStep> {
    let mut map = value.map()?;
    let ensure = map.required("ensure").map(|written| wish(written, inputs));
    let (undo, no_undo) = (map.optional("undo"), map.optional("no_undo"));
    let by = map.optional("at");
    let at = by.map(|at| doer(at, inputs));
    let timeout = map.optional("timeout");
    let (times, pause) = (map.optional("attempts"), map.optional("backoff"));
    let attempts = times.map(|n| n.count(1..=u32::from(limits::ATTEMPTS_MAX)));
    let backoff = pause.map(|d| within(d, limits::BACKOFF_MAX));
    let if_failed = map.optional("if_failed").map(self::if_failed);
    map.finish();
    let written = undo.or(no_undo);
    let undo = way_back(value, (undo, no_undo), inputs);
    let ensure = ensure??;
    let undo = undo?;
    leads_back(&ensure, &undo, written);
    if ensure.looks() {
        [by, times, pause].into_iter().flatten().for_each(no_doer);
    }
    let (usual_at, usual_failed) = usual(&ensure);
    let at = at.unwrap_or(usual_at);
    if at.is_none() && by.is_none() {
        let why = "a command runs at one site or at several, and nobody can guess at which";
        value.refuse::<()>(why, "`at: reachable`, all, leader, executor or the name of a site");
    }
    fits(&ensure, at.as_ref(), by);
    let timeout = timeout.map_or(Some(limits::TIMEOUT), |written| self::timeout(written, &ensure));
    Some(PlaybookStep {
        ensure,
        undo,
        at: at?,
        timeout: timeout?,
        attempts: u8::try_from(attempts.unwrap_or(Some(u32::from(limits::ATTEMPTS)))?).ok()?,
        backoff: backoff.unwrap_or(Some(limits::BACKOFF))?,
        if_failed: if_failed.unwrap_or(Some(usual_failed))?,
    })
}

/// Who does it, and what follows if it fails, where that is not written.
fn usual(ensure: &Wish) -> (Option<Doer>, IfFailed) {
    match ensure {
        Wish::RoutePointsAt { .. } | Wish::Http(_) => (Some(Doer::Executor), IfFailed::Stuck),
        Wish::Notify { .. } => (Some(Doer::Leader), IfFailed::CarryOn),
        Wish::Wait { .. } | Wish::SiteReady { .. } => (Some(Doer::Leader), IfFailed::UndoAll),
        Wish::Exec { .. } => (None, IfFailed::Stuck),
    }
}

/// A step that only looks has nobody who does it, and no attempts.
fn no_doer(written: Value<'_>) {
    let fault = Fault::at(written.key_place(), "nobody does what is only waited for or looked at");
    written.faults().add(fault.note(format!("leave out `{}`", written.key_text())));
}

/// What every site can do is what each has for itself: a command, or a switch on its own machine.
fn fits(ensure: &Wish, at: Option<&Doer>, by: Option<Value<'_>>) {
    let (Some(Doer::All | Doer::Reachable), Some(by)) = (at, by) else { return };
    let one = "executor, leader or a site";
    let (why, note) = match ensure {
        Wish::RoutePointsAt { .. } => ("a number stands at its carrier once, and one site moves it", one),
        Wish::Notify { .. } => ("a message is told once, by one site", one),
        Wish::Http(switch) if !switch.address.ip().is_loopback() => {
            let note =
                "one of them: executor, leader or a site; each site's own is at `http://127.0.0.1:8080/`";
            ("every site would throw the same switch", note)
        }
        Wish::Wait { .. } | Wish::SiteReady { .. } | Wish::Exec { .. } | Wish::Http(_) => return,
    };
    by.refuse::<()>(why, note);
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
    let refuse = |what: &str, note: &str| {
        written.refuse::<()>(what, note);
    };
    match (ensure, undo) {
        (Wish::RoutePointsAt { route, .. }, Wish::RoutePointsAt { route: back, site }) => {
            if route != back {
                refuse("the undo moves another route", "the route of the step itself");
            } else if !site.is_input("from") {
                refuse("this undo may lead to a dead place", "back to `site: $from`, and nowhere else");
            }
        }
        (Wish::Notify { .. }, Wish::Notify { .. })
        | (Wish::Exec { .. }, Wish::Exec { .. })
        | (Wish::Http(_), Wish::Http(_)) => {}
        (Wish::RoutePointsAt { .. }, Wish::Notify { .. }) => {
            let note = "`undo: { route_points_at: { route: $route, site: $from } }`";
            refuse("a message takes no route back", note);
        }
        (Wish::Notify { .. }, Wish::RoutePointsAt { .. }) => {
            let note = "`no_undo: a message cannot be recalled`";
            refuse("a message is not taken back by moving a route", note);
        }
        (Wish::Wait { .. } | Wish::SiteReady { .. }, _) => {
            refuse(
                "what only waits changes nothing that could be undone",
                "`no_undo: looking changes nothing`",
            );
        }
        (_, _) => refuse("the undo is of another kind than the end state", "an end state of the same kind"),
    }
}

fn doer(value: Value<'_>, inputs: &Inputs) -> Option<Doer> {
    match value.text()? {
        "executor" => Some(Doer::Executor),
        "leader" => Some(Doer::Leader),
        "all" => Some(Doer::All),
        "reachable" => Some(Doer::Reachable),
        _ => Template::name(value, inputs, Kind::Site).map(Doer::Site),
    }
}

fn timeout(value: Value<'_>, ensure: &Wish) -> Option<Duration> {
    let timeout = within(value, limits::TIMEOUT_MAX)?;
    let least = match ensure {
        Wish::RoutePointsAt { .. } | Wish::Exec { .. } | Wish::Http(_) => limits::WAIT_OPEN,
        Wish::Notify { .. } | Wish::SiteReady { .. } => Duration::from_secs(1),
        Wish::Wait { .. } => {
            return value.refuse("a wait says itself how long it takes", "leave out `timeout`");
        }
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
