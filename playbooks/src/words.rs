//! A plan in words: before and after of every effect, its undo, and what happens if it fails.

use state::document::spell;
use state::plan::{At, Ensure, IfFailed, Plan, PlannedStep, Pointing, Switch, Undo};
use state::{Destination, Number};
use std::collections::BTreeSet;
use std::fmt::{self, Display};

/// How wide the first two columns of the screen are.
const LABEL: usize = 16;
/// How many slots are listed one by one: what a person reads before saying yes.
const LISTED: usize = 24;

/// One step of a plan as a screen shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// What it changes: `route main`, `notify`.
    pub what: String,
    /// The change in a line.
    pub change: String,
    /// What is there before and after, line by line; nothing where that is not known.
    pub before_after: Vec<(String, String)>,
    /// What takes it back.
    pub undo: String,
    /// What the run does if it cannot be done.
    pub if_failed: &'static str,
}

/// A plan's steps in words; its `Display` is the screen of `pointsman plan` without what only the agent knows.
pub struct Words<'p>(pub &'p Plan);

impl Words<'_> {
    /// The steps, in order.
    pub fn steps(&self) -> Vec<Shown> {
        self.0.steps.iter().map(|step| self.shown(step)).collect()
    }

    fn shown(&self, step: &PlannedStep) -> Shown {
        let undo = self.undo(&step.undo);
        let if_failed = match step.if_failed {
            // Nothing is latched, and nobody is woken: no caller is the worse for it.
            IfFailed::Stuck if self.0.prepares() => "stop, keep what was written, and say so",
            IfFailed::CarryOn => "carry on",
            IfFailed::UndoAll => "undo every step, last first",
            IfFailed::Stuck => "stop, keep what moved, wake a person",
        };
        let (what, change, before_after) = match &step.ensure {
            Ensure::Notify { text } => ("notify".to_owned(), text.clone(), Vec::new()),
            Ensure::Waited { lasts } => ("wait".to_owned(), format!("for {}", spell(*lasts)), Vec::new()),
            Ensure::SiteReady { site, steady, patience } => {
                let long = if steady.is_zero() { String::new() } else { format!(" for {}", spell(*steady)) };
                let change = format!("could have it{long}; waited for at most {}", spell(*patience));
                (format!("ready {site}"), change, Vec::new())
            }
            Ensure::Http(switch) => {
                let change = format!("{} {}", switch.method.as_str(), switch.url);
                let what = match &step.at {
                    At::Executor | At::Leader => "http".to_owned(),
                    At::Site(_) | At::Reachable(_) => format!("at {}", by(&step.at)),
                };
                (what, change, stands(switch).into_iter().collect())
            }
            Ensure::Exec { command, check } => {
                let change = format!("run {command}, unless {check} says it is so");
                (format!("at {}", by(&step.at)), change, Vec::new())
            }
            Ensure::RoutePointsAt { site, numbers, .. } => {
                let first = numbers.first();
                let change = match (numbers.len(), first) {
                    (1, Some(only)) => format!("slot 1 of {}", only.number),
                    (all, Some(first)) => format!("slot 1 of {all} numbers, {} first", first.number),
                    (_, None) => "no number".to_owned(),
                };
                let before_after = first.map(|first| {
                    let from = shown(first.from.as_ref());
                    let left = self.0.from.as_ref().map_or("", |from| from.as_str());
                    (format!("{from:<25} {left}").trim_end().to_owned(), format!("{:<25} {site}", first.to))
                });
                (format!("route {}", self.0.route), change, before_after.into_iter().collect())
            }
            Ensure::BehindPrepared { slots, .. } => {
                let what = format!("behind {}", self.0.route);
                (what, count(slots), slots.iter().take(LISTED).map(slot).collect())
            }
        };
        Shown { what, change, before_after, undo, if_failed }
    }

    fn undo(&self, undo: &Undo) -> String {
        match undo {
            Undo::No(why) => format!("none: {why}"),
            Undo::Ensure(Ensure::Notify { text }) => format!("say: {text}"),
            Undo::Ensure(Ensure::Exec { command, check }) => {
                format!("run {command}, unless {check} says it is so")
            }
            Undo::Ensure(Ensure::Http(switch)) => format!("{} {}", switch.method.as_str(), switch.url),
            Undo::Ensure(Ensure::Waited { .. } | Ensure::SiteReady { .. }) => "nothing".to_owned(),
            Undo::Ensure(Ensure::RoutePointsAt { site, numbers, .. }) => {
                let those = if numbers.len() == 1 { "the same number" } else { "the same numbers" };
                format!("{those} back to {site}, if {site} lives")
            }
            Undo::Ensure(Ensure::BehindPrepared { slots, .. }) => match slots.as_slice() {
                [one] => format!("{} again", one.to),
                several => format!("what each of the {} showed before", several.len()),
            },
        }
    }
}

/// What a slot shows, for people.
fn shown(slot: Option<&Destination>) -> &str {
    match slot {
        None => "not read yet",
        Some(slot) if slot.is_empty() => "nothing",
        Some(slot) => slot.as_str(),
    }
}

/// One slot before and after.
fn slot(slot: &Pointing) -> (String, String) {
    let place = format!("slot {} of {}", slot.number.slot(), slot.number.line());
    let from = shown(slot.from.as_ref());
    (format!("{from:<25} {place}"), format!("{:<25} {place}", slot.to))
}

/// How many slots of how many numbers; those that are not listed one by one are counted.
fn count(slots: &[Pointing]) -> String {
    let numbers: BTreeSet<Number> = slots.iter().map(|slot| slot.number.line()).collect();
    let many = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let all = format!("{} of {}", many(slots.len(), "slot"), many(numbers.len(), "number"));
    match slots.len().saturating_sub(LISTED) {
        0 => all,
        more => format!("{all}; {more} of them are not listed here"),
    }
}

/// What is read of a switch before and after; nothing where only the status counts.
fn stands(switch: &Switch) -> Option<(String, String)> {
    let shows = switch.shows.as_ref()?;
    let was = shows.was.as_deref().unwrap_or("whatever stands there");
    Some((format!("{} {was}", shows.pointer), format!("{} {}", shows.pointer, shows.is)))
}

/// Who does a step, in words.
fn by(at: &At) -> String {
    match at {
        At::Executor => "one site".to_owned(),
        At::Leader => "the leader".to_owned(),
        At::Site(site) => site.to_string(),
        At::Reachable(site) => format!("{site}, if heard"),
    }
}

impl Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Plan { playbook, route, from, to, .. } = self.0;
        let from = from.as_ref().map_or("nowhere known", |from| from.as_str());
        let way =
            if route.is_lever() || self.0.prepares() { String::new() } else { format!(", {from} -> {to}") };
        writeln!(f, "{playbook} of {route}{way}")?;
        for (at, step) in self.steps().iter().enumerate() {
            writeln!(f, "{:>2} {:LABEL$} {}", at + 1, step.what, step.change)?;
            for (before, after) in &step.before_after {
                writeln!(f, "{:2} {:LABEL$} - {before}", "", "")?;
                writeln!(f, "{:2} {:LABEL$} + {after}", "", "")?;
            }
            writeln!(f, "{:2} {:LABEL$} undo: {}", "", "", step.undo)?;
            writeln!(f, "{:2} {:LABEL$} if it fails: {}", "", "", step.if_failed)?;
        }
        Ok(())
    }
}
