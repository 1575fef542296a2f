//! Why a run ends, in words that name exactly which numbers moved.

use super::{left, steps, touched};
use state::Number;
use state::plan::Ensure;
use state::run::{Run, Step, StepState};

/// The step that failed, with what was last said about it.
pub(super) fn failed(run: &Run, at: usize) -> String {
    let step = run.steps.get(at);
    format!("step {} failed{}", at + 1, step.map(note).unwrap_or_default())
}

/// What was last said about a step, after a colon.
pub(super) fn note(step: &Step) -> String {
    step.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default()
}

/// Which numbers moved, where some did and some did not; nothing is said of a step that was never started.
pub(super) fn moved(run: &Run) -> String {
    let half = steps(run).find(|(_, step, planned)| {
        let over = matches!(step.state, StepState::Done | StepState::Undone);
        !planned.ensure.targets().is_empty() && touched(step) && !over
    });
    let Some((_, step, planned)) = half else { return String::new() };
    let back = matches!(step.state, StepState::Undoing { .. } | StepState::Stuck);
    let ensure = match (back, &planned.undo) {
        (true, state::plan::Undo::Ensure(ensure)) => ensure,
        (true | false, _) => &planned.ensure,
    };
    let (numbers, site) = (ensure.targets(), target(ensure));
    if numbers.is_empty() {
        return String::new();
    }
    let done: Vec<&Number> = numbers.iter().map(|p| &p.number).filter(|n| step.moved.contains(*n)).collect();
    let not = left(step, ensure);
    let all = numbers.len();
    format!("; {} of {all} {site}{}; not: {}", done.len(), list(&done), join(not.iter()))
}

fn target(ensure: &Ensure) -> String {
    match ensure {
        Ensure::RoutePointsAt { site, .. } => format!("numbers verified at {site}"),
        Ensure::BehindPrepared { .. } => "slots verified".to_owned(),
        Ensure::Notify { .. }
        | Ensure::Waited { .. }
        | Ensure::SiteReady { .. }
        | Ensure::Exec { .. }
        | Ensure::Http(_) => String::new(),
    }
}

fn list(numbers: &[&Number]) -> String {
    if numbers.is_empty() { String::new() } else { format!(": {}", join(numbers.iter().copied())) }
}

fn join<'n>(numbers: impl Iterator<Item = &'n Number>) -> String {
    let all: Vec<&str> = numbers.map(Number::as_str).collect();
    if all.is_empty() { "none".to_owned() } else { all.join(" ") }
}
