//! The way back of a run: last step first, one at a time, and never to a dead place.

use super::{Advance, Footing, Ground, points, start, steps, touched, words, writes};
use state::View;
use state::plan::{PlannedStep, Undo};
use state::run::{Direction, Run, Step, StepState, Word};

/// The next step back, once the run has turned; nothing while it goes forward.
pub(super) fn back(run: &Run, ground: &Ground<'_>) -> Option<Advance> {
    let turned =
        |step: &Step| matches!(step.state, StepState::Undoing { .. } | StepState::Undone | StepState::Stuck);
    if !run.steps.iter().any(turned) {
        return None;
    }
    for (at, step, planned) in steps(run).rev() {
        match &step.state {
            StepState::Stuck => {
                let why = format!("step {} could not be undone{}", at + 1, words::note(step));
                return Some(Advance::End { word: Word::Stuck, why });
            }
            StepState::Undoing { n, since, .. } => {
                let refused = refused(run, ground).filter(|_| points(planned));
                return Some(
                    refused.unwrap_or_else(|| start((at, step), planned, (Direction::Undo, *n, *since))),
                );
            }
            StepState::Waiting { .. }
            | StepState::Running { .. }
            | StepState::Reading { .. }
            | StepState::Done
            | StepState::Failed
            | StepState::Undone
            | StepState::Skipped => {}
        }
    }
    Some(settled(run))
}

/// What a failed step that asks for undo leads to: the turn, or the end where there is no way back.
pub(super) fn turn(run: &Run, (ground, failed): (&Ground<'_>, usize)) -> Advance {
    let way_back = |planned: &PlannedStep| matches!(planned.undo, Undo::Ensure(_));
    let started = || steps(run).filter(|(_, step, _)| touched(step));
    // Without a step to turn the run would be told to turn for ever.
    if !started().any(|(_, _, planned)| way_back(planned)) {
        return settled(run);
    }
    let why = words::failed(run, failed);
    let writing = started().any(|(_, _, planned)| points(planned) && way_back(planned));
    refused(run, ground).filter(|_| writing).unwrap_or(Advance::Turn { why })
}

/// The end of a run that may not go back because the old site is not a candidate.
fn refused(run: &Run, ground: &Ground<'_>) -> Option<Advance> {
    match ground.from {
        Footing::Candidate => None,
        Footing::Dead => {
            let from = run.plan.from.as_ref().map_or("the old site", |site| site.as_str());
            let not_undone = format!("not undone, because {from} is no candidate");
            let (word, why) = if shown(ground.view, run) {
                (Word::DoneUnverified, format!("{not_undone}; {} is shown", run.plan.to))
            } else {
                (Word::Stuck, format!("{not_undone}{}", words::moved(run)))
            };
            Some(Advance::End { word, why })
        }
    }
}

/// Whether the carrier was last seen to show the wanted site for every number, and no undo was tried since.
fn shown(view: &View, run: &Run) -> bool {
    let Some(route) = view.routes.get(&run.plan.route) else { return false };
    let shows = |pointing: &state::plan::Pointing| {
        route.numbers.get(&pointing.number).is_some_and(|n| n.expected.as_ref() == Some(&pointing.to))
    };
    let never_back = |step: &Step| match step.state {
        StepState::Undoing { n, fence, .. } => n == 1 && fence.is_none() && step.moved.is_empty(),
        StepState::Undone | StepState::Stuck => false,
        StepState::Waiting { .. }
        | StepState::Running { .. }
        | StepState::Reading { .. }
        | StepState::Done
        | StepState::Failed
        | StepState::Skipped => true,
    };
    steps(run)
        .filter(|(_, _, planned)| points(planned))
        .all(|(_, step, planned)| never_back(step) && planned.ensure.targets().iter().all(shows))
}

/// The end of a run in which nothing more can be undone: a step that only tells counts as undone.
fn settled(run: &Run) -> Advance {
    let kept = steps(run).find(|(_, step, planned)| {
        writes(planned) && touched(step) && !matches!(step.state, StepState::Undone)
    });
    match kept {
        None => Advance::End { word: Word::Undone, why: "every step that was started was undone".to_owned() },
        Some((at, _, _)) => {
            let why = format!("step {} has no undo{}", at + 1, words::moved(run));
            Advance::End { word: Word::Stuck, why }
        }
    }
}
