//! Why a run ends, in words that name exactly which numbers moved.

use super::{left, points, steps, touched};
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
        points(planned) && touched(step) && !over
    });
    let Some((_, step, planned)) = half else { return String::new() };
    let back = matches!(step.state, StepState::Undoing { .. } | StepState::Stuck);
    let ensure = match (back, &planned.undo) {
        (true, state::plan::Undo::Ensure(ensure)) => ensure,
        (true | false, _) => &planned.ensure,
    };
    let (Ensure::RoutePointsAt { numbers, .. }, site) = (ensure, target(ensure)) else {
        return String::new();
    };
    let done: Vec<&Number> = numbers.iter().map(|p| &p.number).filter(|n| step.moved.contains(*n)).collect();
    let not = left(step, ensure);
    let all = numbers.len();
    format!("; {} of {all} numbers verified at {site}{}; not: {}", done.len(), list(&done), join(not.iter()))
}

fn target(ensure: &Ensure) -> &str {
    match ensure {
        Ensure::RoutePointsAt { site, .. } => site.as_str(),
        Ensure::Notify { .. } | Ensure::Waited { .. } | Ensure::SiteReady { .. } | Ensure::Exec { .. } => "",
    }
}

fn list(numbers: &[&Number]) -> String {
    if numbers.is_empty() { String::new() } else { format!(": {}", join(numbers.iter().copied())) }
}

fn join<'n>(numbers: impl Iterator<Item = &'n Number>) -> String {
    let all: Vec<&str> = numbers.map(Number::as_str).collect();
    if all.is_empty() { "none".to_owned() } else { all.join(" ") }
}
