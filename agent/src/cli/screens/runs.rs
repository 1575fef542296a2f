//! The screens of `runs` and `runs show`: what was done, why, and in which word it ended.

use super::labelled;
use super::table::table;
use crate::account::wanted;
use state::SiteId;
use state::plan::Undo;
use state::run::{Cause, Run, Step, StepState};

/// All runs, the newest last.
pub fn screen(runs: &[Run]) -> String {
    let Some(last) = runs.last() else {
        return "no run yet: nothing was ever moved\nto see what would be done: pointsman plan fail-over route=ROUTE\n"
            .to_owned();
    };
    let open = runs.iter().filter(|run| run.end.is_none()).count();
    let mut out = match (runs.len(), open) {
        (1, 0) => "1 run, none under way\n".to_owned(),
        (n, 0) => format!("{n} runs, none under way\n"),
        (1, _) => "1 run, and it is under way\n".to_owned(),
        (n, open) => format!("{n} runs, {open} under way\n"),
    };
    let mut rows =
        vec![["run", "opened", "playbook", "route", "to", "took", "ended", "by"].map(String::from).to_vec()];
    rows.extend(runs.iter().map(row));
    out.push('\n');
    out += &table(&rows);
    out + &format!("\none in full: pointsman runs show {}\n", last.id)
}

fn row(run: &Run) -> Vec<String> {
    let plan = &run.plan;
    let took = run.end.as_ref().map_or_else(|| "-".to_owned(), |end| took(run, end.at));
    let word = run.end.as_ref().map_or_else(|| "under way".to_owned(), |end| end.word.to_string());
    vec![
        run.id.to_string(),
        run.opened.to_string(),
        plan.playbook.to_string(),
        plan.route.to_string(),
        if plan.route.is_lever() { "-".to_owned() } else { plan.to.to_string() },
        took,
        word,
        by(&run.cause).to_owned(),
    ]
}

fn took(run: &Run, at: state::Stamp) -> String {
    policies::reason::Age(at.since(run.opened)).to_string()
}

fn by(cause: &Cause) -> &str {
    match cause {
        Cause::Automatic { .. } => "verdict",
        Cause::Repair { .. } => "repair",
        Cause::Person { who, .. } => who.as_str(),
    }
}

/// One run with every step.
pub fn one(run: &Run) -> String {
    let plan = &run.plan;
    let from = plan.from.as_ref().map_or("nowhere", SiteId::as_str);
    let lever = plan.route.is_lever();
    let way = if lever { String::new() } else { format!(", {from} -> {}", plan.to) };
    let head = format!("{} {} of {}{way}", run.id, plan.playbook, plan.route);
    let mut out = match &run.end {
        Some(end) => format!("{head}: {} after {}\n", end.word, took(run, end.at)),
        None => format!("{head}: under way since {} UTC\n", run.opened),
    };
    match &run.cause {
        Cause::Automatic { because } | Cause::Repair { because, .. } => {
            for reason in because {
                out += &labelled("  because", reason, 12);
            }
        }
        Cause::Person { who, because } => out += &labelled("  by", &format!("{who}: {because}"), 12),
    }
    for (n, (planned, step)) in plan.steps.iter().zip(&run.steps).enumerate() {
        out += &labelled(
            &format!(" {:>2}", n + 1),
            &format!("{}: {}", wanted(&planned.ensure), stands(step)),
            4,
        );
        if let Some(note) = &step.note {
            out += &labelled("", note, 6);
        }
        if let Undo::No(why) = &planned.undo {
            out += &labelled("", &format!("no undo: {why}"), 6);
        }
    }
    if let Some(who) = &run.cut {
        out += &labelled("  cut", &format!("{who} took over: no further attempt is made"), 12);
    }
    if let Some(end) = run.end.as_ref().filter(|end| !end.why.is_empty()) {
        out += &labelled("  ended", &format!("{} UTC: {}", end.at, end.why), 12);
    }
    let now = if lever { "how it stands now" } else { "where it rings now" };
    out + &format!("{now}, and why: pointsman why {}\n", plan.route)
}

fn stands(step: &Step) -> String {
    match &step.state {
        StepState::Waiting { n: 1, .. } => "waiting".to_owned(),
        StepState::Waiting { n, .. } => format!("waiting for attempt {n}"),
        StepState::Running { n, fence, executor, .. } => format!("attempt {n} by {executor}, {fence}"),
        StepState::Reading { n, fence, .. } => {
            format!("the outcome of attempt {n} ({fence}) is unknown, the carrier is being read")
        }
        StepState::Done => "done, read back".to_owned(),
        StepState::Failed => "failed".to_owned(),
        StepState::Undoing { n, .. } => format!("being undone, attempt {n}"),
        StepState::Undone => "undone".to_owned(),
        StepState::Stuck => "stuck: it could not be undone".to_owned(),
        StepState::Skipped => "left out".to_owned(),
    }
}
