//! The screens of `incidents` and `incidents show`: what persons had to see, and the timeline of one, ready to paste.

use super::labelled;
use super::table::table;
use crate::account::{Line, Timeline, date, end};
use policies::reason::Age;
use state::incident::{Incident, IncidentState};
use state::run::Run;
use state::{SiteId, Who};

/// Where the text of a label begins.
const INDENT: usize = 12;

/// All that are kept at hand, the newest last.
pub fn screen(incidents: &[Incident]) -> String {
    let Some(last) = incidents.last() else {
        return "no incident yet: nobody had to be told of anything\nwhat is true now: pointsman status\n"
            .to_owned();
    };
    let open = incidents.iter().filter(|incident| end(incident).is_none()).count();
    let mut out = match (incidents.len(), open) {
        (1, 0) => "1 incident, and it is over\n".to_owned(),
        (n, 0) => format!("{n} incidents, all over\n"),
        (1, _) => "1 incident, and it is NOT over\n".to_owned(),
        (n, open) => format!("{n} incidents, {open} NOT over\n"),
    };
    let mut rows =
        vec![["incident", "began", "route", "what", "stands", "seen by"].map(String::from).to_vec()];
    rows.extend(incidents.iter().map(row));
    out.push('\n');
    out += &table(&rows);
    out + &format!("\none in full: pointsman incidents show {}\n", last.id)
}

fn row(incident: &Incident) -> Vec<String> {
    vec![
        incident.id.to_string(),
        format!("{} {}", date(incident.opened), incident.opened),
        incident.route.to_string(),
        what(incident),
        stands(incident).to_owned(),
        incident.acked.as_ref().map_or("nobody", Who::as_str).to_owned(),
    ]
}

fn what(incident: &Incident) -> String {
    match &incident.site {
        None => "moved by a person".to_owned(),
        Some(_) if incident.route.is_lever() => "down".to_owned(),
        Some(site) => format!("{site} down"),
    }
}

fn stands(incident: &Incident) -> &'static str {
    let lever = incident.route.is_lever();
    match incident.state {
        IncidentState::Open if lever => "nothing played",
        IncidentState::Switching { .. } if lever => "being pulled",
        IncidentState::Away if lever => "pulled",
        IncidentState::Returning { .. } if lever => "being let go",
        IncidentState::Open => "nothing moved",
        IncidentState::Switching { .. } => "moving away",
        IncidentState::Away => "rings elsewhere",
        IncidentState::Returning { .. } => "coming home",
        IncidentState::Stuck => "STUCK",
        IncidentState::Closed { .. } => "over",
    }
}

/// How it began, what was done, who has seen it, and how it ended: each with its label.
fn facts(told: &Timeline) -> Vec<(String, String)> {
    let incident = &told.incident;
    let opened = incident.opened;
    let mut rows = vec![("began".to_owned(), format!("{} {opened} UTC", date(opened)))];
    rows.extend(told.runs.iter().map(|run| (run.id.to_string(), moved(run))));
    rows.push(("seen by".to_owned(), incident.acked.as_ref().map_or("nobody", Who::as_str).to_owned()));
    if let Some(at) = incident.escalated {
        rows.push(("escalated".to_owned(), format!("{at} UTC, because nobody had seen it")));
    }
    let over = end(incident).map(|at| format!("{} {at} UTC, after {}", date(at), Age(at.since(opened))));
    rows.push(("over".to_owned(), over.unwrap_or_else(|| format!("not yet: {}", stands(incident)))));
    let entries = told.lines.first().zip(told.lines.last());
    let entries =
        entries.map_or("no entry".to_owned(), |(a, b)| format!("entries {} to {}", a.index, b.index));
    let (index, head) = told.journal;
    rows.push(("journal".to_owned(), format!("{entries}; its head is {head} at {index}")));
    for (after, upto) in &told.missing {
        rows.push(("gap".to_owned(), format!("the entries from {after} to {upto} are missing here")));
    }
    rows
}

/// One run in a line.
fn moved(run: &Run) -> String {
    let plan = &run.plan;
    let from = plan.from.as_ref().map_or("nowhere", SiteId::as_str);
    let how = run.end.as_ref().map_or("under way".to_owned(), |end| {
        format!("{} {} UTC, after {}", end.word, end.at, Age(end.at.since(run.opened)))
    });
    if plan.route.is_lever() {
        return format!("{}: {how}", plan.playbook);
    }
    format!("{} {from} -> {}: {how}", plan.playbook, plan.to)
}

fn title(incident: &Incident) -> String {
    match &incident.site {
        Some(_) if incident.route.is_lever() => format!("{}: {} was down", incident.id, incident.route),
        Some(site) => format!("{}: {site} was down while {} rang there", incident.id, incident.route),
        None => format!("{}: a person moved {}", incident.id, incident.route),
    }
}

/// One incident for a person at a terminal.
pub fn one(told: &Timeline) -> String {
    let mut out = format!("{}\n", title(&told.incident));
    for (label, text) in facts(told) {
        out += &labelled(&format!("  {label}"), &text, INDENT);
    }
    out.push('\n');
    for line in &told.lines {
        out += &labelled(&line.at.to_string(), &words(line), 10);
        for more in &line.more {
            out += &labelled("", more, 14);
        }
    }
    out + &format!("\nto paste it: pointsman incidents show {} --markdown\n", told.incident.id)
}

fn words(line: &Line) -> String {
    match &line.refused {
        Some(why) => format!("refused: {}: {why}", line.text),
        None => line.text.clone(),
    }
}

/// One incident as Markdown: a heading, what matters, and the timeline.
pub fn markdown(told: &Timeline) -> String {
    let mut out = format!("## {}\n\n| | |\n|---|---|\n", escaped(&title(&told.incident)));
    for (label, text) in facts(told) {
        out += &format!("| {label} | {} |\n", escaped(&text));
    }
    out += "\n| UTC | what was agreed | entry |\n|---|---|---|\n";
    for line in &told.lines {
        let more: String = line.more.iter().map(|more| format!("<br>{}", escaped(more))).collect();
        out += &format!("| {} | {}{more} | {} |\n", line.at, escaped(&words(line)), line.index);
    }
    out
}

/// What people and carriers wrote must not become a column, a link or a tag.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '#' => out.extend(['\\', letter]),
            '<' => out += "&lt;",
            '&' => out += "&amp;",
            '\n' | '\r' => out.push(' '),
            _ => out.push(letter),
        }
    }
    out
}
