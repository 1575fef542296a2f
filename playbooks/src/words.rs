//! A plan in words: before and after of every effect, its undo, and what happens if it fails.

use state::document::spell;
use state::plan::{At, Ensure, IfFailed, Plan, PlannedStep, Undo};
use std::fmt::{self, Display};

/// How wide the first two columns of the screen are.
const LABEL: usize = 16;

/// One step of a plan as a screen shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// What it changes: `route main`, `notify`.
    pub what: String,
    /// The change in a line.
    pub change: String,
    /// What is there before and after; the same for both if nothing is replaced.
    pub before_after: Option<(String, String)>,
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
            IfFailed::CarryOn => "carry on",
            IfFailed::UndoAll => "undo every step, last first",
            IfFailed::Stuck => "stop, keep what moved, wake a person",
        };
        let (what, change, before_after) = match &step.ensure {
            Ensure::Notify { text } => ("notify".to_owned(), text.clone(), None),
            Ensure::Waited { lasts } => ("wait".to_owned(), format!("for {}", spell(*lasts)), None),
            Ensure::SiteReady { site, steady, patience } => {
                let long = if steady.is_zero() { String::new() } else { format!(" for {}", spell(*steady)) };
                let change = format!("could have it{long}; waited for at most {}", spell(*patience));
                (format!("ready {site}"), change, None)
            }
            Ensure::Exec { command, check } => {
                (format!("at {}", by(&step.at)), format!("run {command}, unless {check} says it is so"), None)
            }
            Ensure::RoutePointsAt { site, numbers, .. } => {
                let first = numbers.first();
                let change = match (numbers.len(), first) {
                    (1, Some(only)) => format!("slot 1 of {}", only.number),
                    (all, Some(first)) => format!("slot 1 of {all} numbers, {} first", first.number),
                    (_, None) => "no number".to_owned(),
                };
                let before_after = first.map(|first| {
                    let from = match &first.from {
                        None => "not read yet",
                        Some(slot) if slot.is_empty() => "nothing",
                        Some(from) => from.as_str(),
                    };
                    let left = self.0.from.as_ref().map_or("", |from| from.as_str());
                    (format!("{from:<25} {left}").trim_end().to_owned(), format!("{:<25} {site}", first.to))
                });
                (format!("route {}", self.0.route), change, before_after)
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
            Undo::Ensure(Ensure::Waited { .. } | Ensure::SiteReady { .. }) => "nothing".to_owned(),
            Undo::Ensure(Ensure::RoutePointsAt { site, numbers, .. }) => {
                let those = if numbers.len() == 1 { "the same number" } else { "the same numbers" };
                format!("{those} back to {site}, if {site} lives")
            }
        }
    }
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
        let way = if route.is_lever() { String::new() } else { format!(", {from} -> {to}") };
        writeln!(f, "{playbook} of {route}{way}; nothing is done by this command")?;
        for (at, step) in self.steps().iter().enumerate() {
            writeln!(f, "{:>2} {:LABEL$} {}", at + 1, step.what, step.change)?;
            if let Some((before, after)) = &step.before_after {
                writeln!(f, "{:2} {:LABEL$} - {before}", "", "")?;
                writeln!(f, "{:2} {:LABEL$} + {after}", "", "")?;
            }
            writeln!(f, "{:2} {:LABEL$} undo: {}", "", "", step.undo)?;
            writeln!(f, "{:2} {:LABEL$} if it fails: {}", "", "", step.if_failed)?;
        }
        Ok(())
    }
}
