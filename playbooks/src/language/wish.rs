//! The end states: each is a map of one key, which says what shall hold.

use super::inputs::Kind;
use super::{Inputs, Span, Template, Wish};
use crate::limits;
use state::CommandId;
use state::document::{Fault, Key, Value, nearest};

/// The end states of this version.
const KNOWN: [&str; 5] = ["route_points_at", "notify", "wait", "site_ready", "exec"];
/// The end states of the design that this version does not have.
const LATER: [&str; 6] = ["greeting", "sorry_page", "sorry_mail", "dns_record", "http", "test_call"];

/// Reads an end state.
pub(super) fn wish(value: Value<'_>, inputs: &Inputs) -> Option<Wish> {
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
        "route_points_at" => route_points_at(*inner, inputs),
        "notify" => {
            let mut map = inner.map()?;
            let text = map.required("text").map(|v| Template::text(v, inputs));
            map.finish();
            Some(Wish::Notify { text: text?? })
        }
        "wait" => wait(*inner, inputs),
        "site_ready" => site_ready(*inner, inputs),
        "exec" => exec(*inner),
        _ => unknown(key, value),
    }
}

fn unknown(key: &Key, value: Value<'_>) -> Option<Wish> {
    let other = key.text.as_str();
    if LATER.contains(&other) {
        let fault = Fault::at(key.place, format!("`{other}` is not in this version"));
        value.faults().add(fault.note(format!("this version has: {}", KNOWN.join(", "))));
        return None;
    }
    let note = match nearest(other, KNOWN.into_iter().chain(LATER)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("this version has: {}", KNOWN.join(", ")),
    };
    value.faults().add(Fault::at(key.place, format!("unknown end state `{other}`")).note(note));
    None
}

fn route_points_at(value: Value<'_>, inputs: &Inputs) -> Option<Wish> {
    let mut map = value.map()?;
    let route = map.required("route").map(|v| Template::name(v, inputs, Kind::Route));
    let site = map.required("site").map(|v| Template::name(v, inputs, Kind::Site));
    map.finish();
    Some(Wish::RoutePointsAt { route: route??, site: site?? })
}

/// For a time, or until a site can be given the route.
fn wait(value: Value<'_>, inputs: &Inputs) -> Option<Wish> {
    let mut map = value.map()?;
    let (lasts, site, most) = (map.optional("for"), map.optional("until_ready"), map.optional("at_most"));
    map.finish();
    match (lasts, site, most) {
        (Some(lasts), None, None) => Some(Wish::Wait { lasts: Span::read(lasts, inputs, limits::WAIT_MAX)? }),
        (None, Some(site), Some(most)) => {
            let site = Template::name(site, inputs, Kind::Site);
            let patience = Span::read(most, inputs, limits::WAIT_MAX);
            Some(Wish::SiteReady { site: site?, steady: None, patience: Some(patience?) })
        }
        (_, _, _) => value.refuse(
            "a wait is for a time, or until a site is ready",
            "`{ for: 30s }`, or `{ until_ready: $to, at_most: 5m }`",
        ),
    }
}

fn site_ready(value: Value<'_>, inputs: &Inputs) -> Option<Wish> {
    let mut map = value.map()?;
    let site = map.required("site").map(|v| Template::name(v, inputs, Kind::Site));
    let steady = map.optional("for").map(|v| Span::read(v, inputs, limits::STEADY_MAX));
    map.finish();
    Some(Wish::SiteReady {
        site: site??,
        steady: steady.map_or(Some(None), |span| span.map(Some))?,
        patience: None,
    })
}

fn exec(value: Value<'_>) -> Option<Wish> {
    let mut map = value.map()?;
    let command = map.required("command").map(Value::name);
    let check = map.required("check").map(Value::name);
    map.finish();
    let (command, check) = (command??, check??);
    if command == check {
        return value.refuse(
            "one command cannot both bring it about and say whether it is so",
            "a `check` that ends with 0 while it is so, and changes nothing",
        );
    }
    Some(Wish::Exec { command: CommandId::new(command), check: CommandId::new(check) })
}
