//! The screen of `status`: where it rings, who is alive, what is wrong, and what needs you.

use super::table::table;
use super::{WIDTH, edges, handover, labelled, levers};
use crate::account::wanted;
use crate::command::{
    CarrierReport, DoorReport, HandOver, ReachReport, RouteReport, SiteReport, StatusReport, Voice,
};
use policies::Verdict;
use policies::reason::Age;
use state::fact::Mode;
use state::handover::Strength;
use state::incident::{Incident, IncidentState};
use state::run::{Run, StepState};
use state::{Destination, SiteId};
use std::collections::BTreeSet;

/// Where the text after `needs you:` begins.
const INDENT: usize = 11;
/// So many of the last notices are shown; the journal has all of them.
const TOLD: usize = 3;

/// The whole screen.
pub fn screen(report: &StatusReport) -> String {
    let mut out = edges(&format!("{}: {}", report.cluster, rings(&report.routes)), &mood(report));
    out += &standing(report);
    for rows in [sites(report), routes(report), levers::rows(&report.levers)] {
        // The first row is the header.
        if rows.len() > 1 {
            out.push('\n');
            out += &table(&rows);
        }
    }
    out += &carriers(report);
    out += &troubles(report);
    out.push('\n');
    out += &needs(report);
    for text in &report.watch {
        out += &labelled("watch:", text, INDENT);
    }
    let why =
        report.routes.first().map_or("pointsman why".to_owned(), |r| format!("pointsman why {}", r.route));
    out + &labelled("more:", &format!("{why}, pointsman runs"), INDENT)
}

/// All of it in one line: for the corner of a terminal, and for a monitor that reads the exit code.
pub fn line(report: &StatusReport) -> String {
    let first = report.needs_you.first().map_or("nothing".to_owned(), |need| need.what.clone());
    let more = match report.needs_you.len() {
        0 | 1 => String::new(),
        n => format!(", and {} more", n - 1),
    };
    let (heard, votes) = (report.heard, report.votes);
    let (rings, mood) = (rings(&report.routes), mood(report));
    format!("{}: {rings}; {mood}; {heard} of {votes} votes; needs you: {first}{more}\n", report.cluster)
}

/// A verdict in one word; what is bad is loud without colour.
pub fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Up => "up",
        Verdict::Down => "DOWN",
        Verdict::Pending => "unsure",
        Verdict::Disputed => "DISPUTED",
    }
}

pub(super) fn rings(routes: &[RouteReport]) -> String {
    let of = |r: &RouteReport| match &r.rings_in {
        Some(site) if site.is_refuge() => format!("{} rings in its refuge", r.route),
        Some(site) => format!("{} rings in {site}", r.route),
        None => format!("nobody knows where {} rings", r.route),
    };
    match routes {
        [] => "no route".to_owned(),
        [one] => of(one),
        [first, ..] if routes.iter().all(|r| r.rings_in == first.rings_in && r.rings_in.is_some()) => {
            let site = first.rings_in.as_ref().map_or("", SiteId::as_str);
            format!("all {} routes ring in {site}", routes.len())
        }
        many => format!("{} routes, not all in one place", many.len()),
    }
}

/// The right edge: the worst thing in a word or two, else who may act.
pub(super) fn mood(report: &StatusReport) -> String {
    match handover::mood(&report.handed_over) {
        Some(manual) if !quorate(report) => format!("NO QUORUM, {manual}"),
        Some(manual) if report.incidents.is_empty() => manual.to_owned(),
        Some(manual) => format!("{manual}, {}", incidents(report)),
        None if !quorate(report) => "NO QUORUM".to_owned(),
        None if report.incidents.is_empty() => {
            report.routes.iter().map(|r| r.mode).max().unwrap_or(Mode::Auto).to_string()
        }
        None => incidents(report),
    }
}

fn incidents(report: &StatusReport) -> String {
    let unseen = report.incidents.iter().filter(|incident| incident.acked.is_none()).count();
    let plural = if report.incidents.len() == 1 { "" } else { "S" };
    match (report.incidents.len(), unseen) {
        (n, 0) => format!("{n} INCIDENT{plural}, acknowledged"),
        (n, _) => format!("{n} INCIDENT{plural}, needs an ack"),
    }
}

fn quorate(report: &StatusReport) -> bool {
    2 * report.heard > report.votes
}

fn standing(report: &StatusReport) -> String {
    let leader = report.leader.as_ref().map_or("no leader".to_owned(), |site| format!("leader {site}"));
    let policy = report.policy.as_ref().map_or("no policy yet".to_owned(), |p| format!("policy {p}"));
    let at = report.at.map_or("time unknown".to_owned(), |at| format!("{at} UTC"));
    let (heard, votes) = (report.heard, report.votes);
    let line = format!("{leader} (term {}), {heard} of {votes} votes, {policy}, {at}\n", report.term);
    if quorate(report) {
        return line;
    }
    let why = format!(
        "{} is in the minority: automation cannot act here. The others may be well, and may act.",
        report.here
    );
    line + &labelled("", &why, 0)
}

fn sites(report: &StatusReport) -> Vec<Vec<String>> {
    let names: Vec<&SiteId> = report.sites.iter().map(|s| &s.site).collect();
    let short = short(&names);
    let mut rows = vec![["site", "votes", "pbx", "seen by", "agent"].map(String::from).to_vec()];
    let seen = |by: &[SiteId]| {
        let marks = names.iter().zip(&short).map(|(name, short)| {
            let mark = if by.contains(name) { short.as_str() } else { "-" };
            format!("{mark:^width$}", width = short.chars().count())
        });
        marks.collect::<Vec<_>>().join(" ")
    };
    let mut seen_by: Vec<&[SiteId]> = Vec::new();
    for site in &report.sites {
        let (name, votes, pbx) = (site.site.to_string(), site.votes.to_string(), verdict(site.pbx));
        rows.push(vec![name, votes, pbx.to_owned(), seen(&site.seen_by), agent(report, site)]);
        seen_by.push(&site.seen_by);
        for DoorReport { door, pbx, seen_by: by } in &site.further {
            let pbx = verdict(*pbx).to_owned();
            rows.push(vec![door.to_string(), String::new(), pbx, seen(by), "its other door".to_owned()]);
            seen_by.push(by);
        }
    }
    if table(&rows).lines().any(|line| line.chars().count() > WIDTH) {
        for (row, by) in rows[1..].iter_mut().zip(seen_by) {
            row[3] = format!("{} of {} sites", by.len(), names.len());
        }
    }
    rows
}

/// Who reaches each carrier, in the sites' own words.
fn carriers(report: &StatusReport) -> String {
    let names: Vec<&SiteId> = report.sites.iter().map(|site| &site.site).collect();
    let shorts = short(&names);
    let known = |site: &SiteId| names.iter().zip(&shorts).find(|(name, _)| **name == site);
    let short = |site: &SiteId| known(site).map_or(site.to_string(), |(_, short)| short.clone());
    let mut out = String::new();
    for ReachReport { carrier, reached_by, not_by, unsure } in &report.carriers {
        let by: Vec<String> = reached_by.iter().map(short).collect();
        let by = if by.is_empty() { "nobody".to_owned() } else { by.join(" ") };
        let mut text = format!("carrier {carrier}: reached by {by}");
        not_by.iter().for_each(|(site, since)| text += &format!("; {site} not since {since}"));
        if !unsure.is_empty() {
            let unsure: Vec<&str> = unsure.iter().map(SiteId::as_str).collect();
            text += &format!("; {} unsure", unsure.join(", "));
        }
        out += &labelled("", &text, 0);
    }
    if out.is_empty() { out } else { format!("\n{out}") }
}

fn agent(report: &StatusReport, site: &SiteReport) -> String {
    let here = site.site == report.here;
    let leads = report.leader.as_ref() == Some(&site.site);
    let over = site.over.as_ref().map(|over| format!(" via {over}")).unwrap_or_default();
    match (site.silent, site.heard) {
        _ if here && leads => "here, leads".to_owned(),
        _ if here => "here".to_owned(),
        (Voice::Silent, Some(age)) => format!("silent, {}", Age(age)),
        (Voice::Silent, None) => "silent".to_owned(),
        (Voice::Heard, Some(age)) if leads => format!("{}{over}, leads", Age(age)),
        (Voice::Heard, Some(age)) => format!("{}{over}", Age(age)),
        (Voice::Heard, None) => "never heard".to_owned(),
    }
}

/// The shortest beginnings, three letters at least, that tell the sites apart.
fn short(names: &[&SiteId]) -> Vec<String> {
    let longest = names.iter().map(|n| n.as_str().chars().count()).max().unwrap_or(0);
    let cut =
        |len: usize| names.iter().map(|n| n.as_str().chars().take(len).collect()).collect::<Vec<String>>();
    let distinct = |shorts: &[String]| shorts.iter().collect::<BTreeSet<_>>().len() == shorts.len();
    (3..longest).map(cut).find(|shorts| distinct(shorts)).unwrap_or_else(|| cut(longest))
}

fn routes(report: &StatusReport) -> Vec<Vec<String>> {
    let first = report.routes.first().and_then(|r| r.rings_in.as_ref());
    let one = first.filter(|_| report.routes.iter().all(|r| r.rings_in.as_ref() == first));
    let next = one.map_or("if its site dies".to_owned(), |site| format!("if {site} dies"));
    let head = ["route", "numbers", "rings in", "carrier says", "budget", "mode", &next];
    let mut rows = vec![head.map(String::from).to_vec()];
    for route in &report.routes {
        let theirs = |one: &&HandOver| one.route.as_ref().is_none_or(|of| *of == route.route);
        let by_hand = report.handed_over.iter().filter(theirs).map(|one| one.strength).max();
        let mode = match (by_hand, &route.hold) {
            (Some(Strength::Latched), _) => "latched".to_owned(),
            (Some(Strength::Waiting), _) => "by hand".to_owned(),
            (None, Some(_)) => "held".to_owned(),
            (None, None) => route.mode.to_string(),
        };
        rows.push(vec![
            route.route.to_string(),
            route.numbers.to_string(),
            route.rings_in.as_ref().map_or("unknown".to_owned(), SiteId::to_string),
            carrier(route),
            format!("{}/{}", route.budget.0, route.budget.1),
            mode,
            route.next.as_ref().map_or("nobody".to_owned(), SiteId::to_string),
        ]);
    }
    rows
}

fn carrier(route: &RouteReport) -> String {
    let Some(CarrierReport { site, shows, age, .. }) = &route.carrier else {
        return "not read here".to_owned();
    };
    let age = Age(*age);
    match (site, shows) {
        (Some(site), _) if Some(site) == route.rings_in.as_ref() => format!("the same, {age} ago"),
        (Some(site), _) => format!("{site}, {age} ago"),
        (None, Some(_)) => format!("no site, {age} ago"),
        (None, None) => format!("nothing, {age} ago"),
    }
}

/// Incidents, runs, holds, strangers' values and what people were told: nothing of it is there on a good day.
fn troubles(report: &StatusReport) -> String {
    let mut out = String::new();
    for incident in &report.incidents {
        out += &labelled(&format!("incident {}", incident.id), &happened(incident), 16);
    }
    for run in &report.runs {
        out += &labelled(&format!("  run {}", run.id), &goes(run), 16);
    }
    for route in &report.routes {
        if let Some(CarrierReport { number, shows: Some(shows), site: None, .. }) = &route.carrier {
            out += &labelled("  carrier", &stranger(number.as_str(), shows), 16);
        }
        if let Some(hold) = &route.hold {
            out += &labelled("  held", &format!("{}: {hold}", route.route), 16);
        }
    }
    out += &handover::cards(&report.handed_over);
    if !report.incidents.is_empty() || !report.handed_over.is_empty() {
        let skip = report.notices.len().saturating_sub(TOLD);
        for (at, text) in &report.notices[skip..] {
            out += &labelled("  told", &format!("{at} {text}"), 16);
        }
    }
    if out.is_empty() { out } else { format!("\n{out}") }
}

fn stranger(number: &str, shows: &Destination) -> String {
    format!("{number} shows {shows}, which is no site of ours")
}

pub(super) fn happened(incident: &Incident) -> String {
    let lever = incident.route.is_lever();
    let at = incident.opened;
    let began = match &incident.site {
        None => format!("a person moved it at {at}"),
        Some(_) if lever => format!("down since {at}"),
        Some(site) => format!("{site} is down since {at}"),
    };
    let state = match incident.state {
        IncidentState::Open if lever => "nothing was played yet".to_owned(),
        IncidentState::Switching { run } if lever => format!("{run} is pulling it"),
        IncidentState::Away if lever => "it is pulled".to_owned(),
        IncidentState::Returning { run } if lever => format!("{run} is letting it go"),
        IncidentState::Open => "nothing was moved yet".to_owned(),
        IncidentState::Switching { run } => format!("{run} is moving it away"),
        IncidentState::Away => "it rings elsewhere".to_owned(),
        IncidentState::Returning { run } => format!("{run} is bringing it home"),
        IncidentState::Stuck => "STUCK, a person must look".to_owned(),
        IncidentState::Closed { at } => format!("over since {at}"),
    };
    let seen =
        incident.acked.as_ref().map_or("nobody has seen it".to_owned(), |who| format!("seen by {who}"));
    format!("{}: {began}; {state}; {seen}", incident.route)
}

pub(super) fn goes(run: &Run) -> String {
    let moving =
        |s: &state::run::Step| !matches!(s.state, StepState::Done | StepState::Undone | StepState::Skipped);
    let step = run.steps.iter().position(moving);
    let at = step.and_then(|n| Some((n, run.plan.steps.get(n)?)));
    let (playbook, route) = (&run.plan.playbook, &run.plan.route);
    let to = if route.is_lever() { String::new() } else { format!(" -> {}", run.plan.to) };
    match at {
        Some((n, step)) => {
            format!("{playbook} {route}{to}: step {} of {}, {}", n + 1, run.steps.len(), wanted(&step.ensure))
        }
        None => format!("{playbook} {route}{to}: every step is done"),
    }
}

fn needs(report: &StatusReport) -> String {
    if report.needs_you.is_empty() {
        return labelled("needs you:", "nothing", INDENT);
    }
    let mut out = String::new();
    let mut label = "needs you:";
    for need in &report.needs_you {
        out += &labelled(label, &need.what, INDENT);
        out += &labelled("", &format!("  {}", need.hint), INDENT);
        label = "";
    }
    out
}
