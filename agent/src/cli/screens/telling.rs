//! Something that happened, in one line, with its reasons below it.

use crate::command::{Course, PolicyNews, Telling, Voice};
use policies::reason::Age;
use state::handover::Urgency;
use state::{Destination, RouteId, SiteId, Subject};
use std::fmt::Write;
use std::time::Duration;

/// Where lines go on that belong to the one above.
const BELOW: usize = 19;

/// One telling, `since` after the order was given.
pub fn line(telling: &Telling, since: Duration) -> String {
    let (kind, text, below) = words(telling);
    let mut out = format!("{:>6.2}s  {kind:<9} {text}\n", since.as_secs_f64());
    for line in below {
        // Writing to a text cannot fail.
        let _ = writeln!(out, "{:BELOW$}{line}", "");
    }
    out
}

fn words(telling: &Telling) -> (&'static str, String, Vec<String>) {
    match telling {
        Telling::Suspect { site, subject, missed, fall } => {
            ("suspect", format!("{site} misses {subject} ({missed} of {fall})"), Vec::new())
        }
        Telling::Ballot { site, subject, says, votes, of } => {
            // Of a site's own way to a carrier nobody else is asked.
            let votes = if *of == 0 { String::new() } else { format!("; {votes} of {of} votes") };
            ("ballot", format!("{site}: {subject} {says}{votes}"), Vec::new())
        }
        Telling::Verdict { subject, is, votes, of } => {
            let is = super::status::verdict(*is);
            ("verdict", format!("{subject} is {is}: {votes} of {of} votes"), Vec::new())
        }
        Telling::Decision { run, route, playbook, from, to, because } => {
            let from = named(from.as_ref());
            let because = because.iter().map(|reason| format!("because {reason}")).collect();
            let way = if route.is_lever() { String::new() } else { format!(": {from} -> {to}") };
            ("decision", format!("{playbook} {route}{way} ({run})"), because)
        }
        Telling::Step { step, of, what, state, by, index, .. } => {
            let by = by.as_ref().map(|site| format!(" by {site}")).unwrap_or_default();
            ("step", format!("{}/{of} {what}: {state}{by}, {index}", step), Vec::new())
        }
        Telling::CarrierRead { route, number, shows, site } => {
            ("carrier", carrier(route, number.as_str(), (shows.as_ref(), site.as_ref())), Vec::new())
        }
        Telling::Run { run, playbook, word, why, .. } => {
            let why = if why.is_empty() { String::new() } else { format!(" ({why})") };
            ("run", format!("{playbook} {run} ended: {word}{why}"), Vec::new())
        }
        Telling::Mode { route, mode, because } => {
            let of = every(route.as_ref());
            ("mode", format!("{of}: {mode}, because {because}"), Vec::new())
        }
        Telling::Leader { site: Some(site), term } => {
            ("leader", format!("{site} leads (term {term})"), Vec::new())
        }
        Telling::Leader { site: None, term } => ("leader", format!("nobody leads (term {term})"), Vec::new()),
        Telling::Voice { site, is: Voice::Silent } => ("voice", format!("{site} is silent"), Vec::new()),
        Telling::Voice { site, is: Voice::Heard } => ("voice", format!("{site} is heard again"), Vec::new()),
        Telling::Flapping { subject, site, is } => ("flapping", flapping((subject, site), *is), Vec::new()),
        Telling::Refused { index, what, why } => ("refused", format!("{what} at {index}: {why}"), Vec::new()),
        Telling::Agreed { text, words, .. } => ("agreed", text.clone(), words.clone()),
        Telling::HandedOver { .. }
        | Telling::TakenBack { .. }
        | Telling::Leaderless { .. }
        | Telling::Escalated { .. }
        | Telling::Alone { .. } => to_people(telling).unwrap_or_default(),
        Telling::Policy { is, site, version, words } => {
            ("policy", policy(*is, (site, version)), words.clone())
        }
    }
}

/// What is told to people, beside the account.
fn to_people(telling: &Telling) -> Option<(&'static str, String, Vec<String>)> {
    if let Telling::HandedOver { route, strength, because, urgency, .. } = telling {
        let urgent = if *urgency == Urgency::Urgent { ", urgent" } else { "" };
        let text = format!("{}: {strength}{urgent}", every(route.as_ref()));
        return Some(("handover", text, vec![because.clone()]));
    }
    if let Telling::TakenBack { route, after, .. } = telling {
        let (of, after) = (every(route.as_ref()), Age(*after));
        let text = format!("{of}: automation has it again after {after}, and judges anew");
        return Some(("handover", text, Vec::new()));
    }
    if let Telling::Leaderless { lasted, .. } = telling {
        let text = format!("nobody could lead for {}; the evidence is judged anew", Age(*lasted));
        return Some(("leader", text, Vec::new()));
    }
    if let Telling::Alone { text, .. } = telling {
        return Some(("alone", text.clone(), Vec::new()));
    }
    let Telling::Escalated { incident } = telling else { return None };
    let text = format!("nobody has acknowledged {incident}: automation only leaves a dead site");
    Some(("escalated", text, Vec::new()))
}

/// What became of a policy file.
fn policy(is: PolicyNews, (site, version): (&SiteId, &str)) -> String {
    match is {
        PolicyNews::Proposed => format!("{version} is proposed by the file of {site}"),
        PolicyNews::InForce => format!("{version} is in force, from the file of {site}"),
        PolicyNews::Refused => format!("{version} in the file of {site} changes nothing"),
        PolicyNews::SetAside => format!("{version} in the file of {site} is set aside"),
        PolicyNews::Unwritten => format!("{version} is not in the file of {site}"),
    }
}

fn carrier(route: &RouteId, number: &str, (shows, site): (Option<&Destination>, Option<&SiteId>)) -> String {
    let shows = shows.map_or("nothing", Destination::as_str);
    format!("{number} of {route} -> {shows}  {}", site.map_or("no site of ours", SiteId::as_str))
}

/// What is said when a subject begins to flap, and when it has come to rest.
pub fn flapping((subject, site): (&Subject, &SiteId), is: Course) -> String {
    match is {
        Course::Begins => format!("{subject} flaps, as seen from {site}"),
        Course::Ends => format!("{subject} is steady again, as seen from {site}"),
    }
}

fn every(route: Option<&RouteId>) -> &str {
    route.map_or("every route", RouteId::as_str)
}

fn named(site: Option<&SiteId>) -> &str {
    site.map_or("nowhere", SiteId::as_str)
}
