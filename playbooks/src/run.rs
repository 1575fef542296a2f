//! What the leader must do next with a run, judged from the agreed state alone: adopting an orphan is the same call.

mod patience;
mod undo;
mod words;

use crate::limits;
use state::fact::Passed;
use state::plan::{Deed, Ensure, IfFailed, PlannedStep, Undo};
use state::run::{Direction, Run, Step, StepState, Word};
use state::{Index, Number, SiteId, Stamp, View};
use std::collections::BTreeMap;
use std::time::Duration;

/// What comes next in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a run goes on only if somebody does this"]
pub enum Advance {
    /// Prepare an executor, ask, and propose `StepStarted`.
    Start(Start),
    /// An attempt is in flight: wait for its outcome; propose `AttemptLapsed` when the time has come.
    Await {
        /// Which step, from 0.
        step: usize,
        /// The attempt.
        fence: Index,
        /// Who does it.
        executor: SiteId,
        /// When it counts as lapsed.
        lapses_at: Stamp,
    },
    /// The outcome is unknown: have the carrier read and propose `StepRead`.
    Read {
        /// Which step, from 0.
        step: usize,
        /// The attempt.
        fence: Index,
        /// The numbers of the attempt, in the plan's order; none for a step that only tells.
        numbers: Vec<Number>,
    },
    /// The outcome of what is no number is unknown: have a site see how it stands and propose `StepSeen`; propose
    /// `AttemptLapsed` when the time has come.
    See {
        /// Which step, from 0.
        step: usize,
        /// The attempt.
        fence: Index,
        /// When nobody is asked any more.
        until: Stamp,
    },
    /// Propose `RunTurned`: everything that was started is to be undone.
    Turn {
        /// Why.
        why: String,
    },
    /// Propose `RunEnded`.
    End {
        /// In which word.
        word: Word,
        /// Why that word.
        why: String,
    },
    /// Nothing is to be done but to wait, for time or for a site.
    Rest {
        /// Which step, from 0.
        step: usize,
        /// When that is over at the latest.
        until: Stamp,
    },
    /// Propose `StepPassed`: the step is over without an attempt.
    Pass {
        /// Which step, from 0.
        step: usize,
        /// How.
        how: Passed,
        /// Why, in words.
        why: String,
    },
    /// It has ended; there is nothing left to do.
    Over,
}

/// The attempt that is to be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// Which step, from 0.
    pub step: usize,
    /// Which way.
    pub direction: Direction,
    /// Which attempt, from 1.
    pub n: u8,
    /// Not earlier than this: the backoff after an attempt that failed.
    pub not_before: Stamp,
    /// The numbers that are not known to be right, in the plan's order: one batch of them is asked for.
    pub numbers_left: Vec<Number>,
}

/// What a run stands on beside its own facts.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'v> {
    /// The view that the run is part of.
    pub view: &'v View,
    /// Whether callers could be sent back to the site that is left.
    pub from: Footing,
    /// How many numbers the carrier takes in a second; 0 counts as 1.
    pub rate_per_second: u32,
    /// For how long of the run's life there was no quorum: its deadline does not count that.
    pub leaderless: Duration,
    /// The sites that could be given the route, and for how long that has been so.
    pub ready: &'v BTreeMap<SiteId, Duration>,
}

/// Whether a site could be given the route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Footing {
    /// It is a candidate.
    Candidate,
    /// It is not: nothing is ever undone towards it.
    Dead,
}

/// What comes next. Whoever leads calls this with every change, and nobody remembers an answer.
pub fn advance(run: &Run, now: Stamp, ground: &Ground<'_>) -> Advance {
    let next = over(run)
        .or_else(|| in_flight(ground.view, run))
        .or_else(|| unknown(ground.view, run))
        .or_else(|| cut_short(run))
        .or_else(|| undo::back(run, ground))
        .unwrap_or_else(|| forward(run, (ground, now)));
    in_time(run, next, (ground, now))
}

/// How many of `numbers` one attempt may write, so that the last one leaves within C − G; at least 1.
pub fn batch(numbers: usize, rate_per_second: u32) -> usize {
    let window = (limits::CLOSE_BY - limits::SEND_GUARD).as_secs();
    let fits = u64::from(rate_per_second).saturating_mul(window);
    numbers.min(usize::try_from(fits).unwrap_or(usize::MAX)).max(1)
}

/// When a run that is not over must end: 5 min, or what all its attempts may take if that is longer; and the time that
/// its numbers take, what it only waits, and the time without a quorum added.
pub fn deadline(run: &Run, ground: &Ground<'_>) -> Stamp {
    let trying: Duration = run.plan.steps.iter().map(trying).sum();
    let numbers: usize = run.plan.steps.iter().map(|step| step.ensure.targets().len()).sum();
    let writing = numbers.div_ceil(usize::try_from(ground.rate_per_second.max(1)).unwrap_or(usize::MAX));
    let writing = Duration::from_secs(u64::try_from(writing).unwrap_or(u64::MAX));
    run.opened + limits::RUN.max(trying) + run.plan.patience() + writing + ground.leaderless
}

/// What all attempts at a step may take, undo included.
fn trying(planned: &PlannedStep) -> Duration {
    let ways = match (planned.ensure.deed(), &planned.undo) {
        (Deed::Looks, _) => 0,
        (_, Undo::Ensure(_)) => 2,
        (_, Undo::No(_)) => 1,
    };
    (planned.timeout + planned.backoff) * u32::from(planned.attempts) * ways
}

fn over(run: &Run) -> Option<Advance> {
    run.end.as_ref().map(|_| Advance::Over)
}

/// Whatever else was decided meanwhile, an attempt in flight is waited out first.
fn in_flight(view: &View, run: &Run) -> Option<Advance> {
    steps(run).find_map(|(at, step, planned)| {
        let (fence, since) = match &step.state {
            StepState::Running { fence, since, .. }
            | StepState::Undoing { fence: Some(fence), since, .. } => (*fence, *since),
            StepState::Waiting { .. }
            | StepState::Reading { .. }
            | StepState::Done
            | StepState::Failed
            | StepState::Undoing { fence: None, .. }
            | StepState::Undone
            | StepState::Stuck
            | StepState::Skipped => return None,
        };
        // The view keeps an attempt as long as a step is in flight with it.
        let attempt = view.attempts.get(&fence);
        let executor = attempt.map_or_else(|| run.plan.to.site(), |attempt| attempt.executor.clone());
        Some(Advance::Await { step: at, fence, executor, lapses_at: since + planned.timeout })
    })
}

/// An unknown outcome is read before anything is decided on it, also in a run that was cut short.
fn unknown(view: &View, run: &Run) -> Option<Advance> {
    steps(run).find_map(|(at, step, planned)| {
        let StepState::Reading { fence, since, .. } = &step.state else { return None };
        if planned.ensure.deed() == Deed::Changes {
            return Some(Advance::See { step: at, fence: *fence, until: *since + planned.timeout });
        }
        let numbers = match view.attempts.get(fence) {
            Some(attempt) => attempt.pointings.iter().map(|p| p.number.clone()).collect(),
            None => left(step, &planned.ensure),
        };
        Some(Advance::Read { step: at, fence: *fence, numbers })
    })
}

/// A person cut in: nothing new is started, and nothing is undone behind the person's back.
fn cut_short(run: &Run) -> Option<Advance> {
    let who = run.cut.as_ref()?;
    let written = |(_, step, planned): &(usize, &Step, &PlannedStep)| writes(planned) && touched(step);
    let undone = |step: &Step| matches!(step.state, StepState::Undone);
    let shown = |(_, step, planned): (usize, &Step, &PlannedStep)| {
        !writes(planned) || matches!(step.state, StepState::Done | StepState::Skipped)
    };
    let word = if steps(run).filter(written).all(|(_, step, _)| undone(step)) {
        Word::Undone
    } else if run.steps.iter().all(|step| matches!(step.state, StepState::Done | StepState::Skipped)) {
        Word::Done
    } else if steps(run).all(shown) {
        Word::DoneUnverified
    } else {
        Word::Stuck
    };
    Some(Advance::End { word, why: format!("cut short by {who}{}", words::moved(run)) })
}

/// The steps in their order; the first that is not over says what comes next.
fn forward(run: &Run, (ground, now): (&Ground<'_>, Stamp)) -> Advance {
    let mut carried = Vec::new();
    for (at, step, planned) in steps(run) {
        match (&step.state, planned.if_failed) {
            (StepState::Waiting { .. }, _) if planned.ensure.deed() == Deed::Looks => {
                return patience::look(run, at, (ground, now));
            }
            (StepState::Waiting { n, since }, _) => {
                return start((at, step), planned, (Direction::Do, *n, *since));
            }
            (StepState::Failed, IfFailed::CarryOn) => carried.push(at),
            (StepState::Failed, IfFailed::Stuck) => {
                let why = format!("{}{}", words::failed(run, at), words::moved(run));
                return Advance::End { word: Word::Stuck, why };
            }
            (StepState::Failed, IfFailed::UndoAll) => return undo::turn(run, (ground, at)),
            // What is in flight, unknown or on its way back was answered by the stages before this one.
            (_, _) => {}
        }
    }
    match carried.first() {
        None => Advance::End { word: Word::Done, why: "every step was done and read back".to_owned() },
        Some(at) => Advance::End { word: Word::DoneUnverified, why: words::failed(run, *at) },
    }
}

/// A run that is late ends instead of starting anything more; an attempt in flight has its own end.
fn in_time(run: &Run, next: Advance, (ground, now): (&Ground<'_>, Stamp)) -> Advance {
    let until = deadline(run, ground);
    match next {
        Advance::Start(_)
        | Advance::Read { .. }
        | Advance::See { .. }
        | Advance::Turn { .. }
        | Advance::Rest { .. }
            if now >= until =>
        {
            let within = until.since(run.opened).as_secs();
            let cut = run.cut.as_ref().map(|who| format!("cut short by {who}, and ")).unwrap_or_default();
            let why = format!("{cut}not finished within {within}s{}", words::moved(run));
            // Where nothing was ever written a person has nothing to repair, and automation may try again.
            let begun = steps(run).any(|(_, step, planned)| writes(planned) && touched(step));
            Advance::End { word: if begun { Word::Stuck } else { Word::Undone }, why }
        }
        Advance::Start(_)
        | Advance::Await { .. }
        | Advance::Read { .. }
        | Advance::See { .. }
        | Advance::Turn { .. }
        | Advance::End { .. }
        | Advance::Rest { .. }
        | Advance::Pass { .. }
        | Advance::Over => next,
    }
}

/// The next attempt at a step, in the direction that `ensure` belongs to.
fn start(
    (at, step): (usize, &Step),
    planned: &PlannedStep,
    (direction, n, since): (Direction, u8, Stamp),
) -> Advance {
    let wait = if n > 1 { planned.backoff } else { Duration::ZERO };
    let ensure = match (direction, &planned.undo) {
        (Direction::Undo, Undo::Ensure(back)) => back,
        (Direction::Do | Direction::Undo, _) => &planned.ensure,
    };
    let numbers_left = left(step, ensure);
    Advance::Start(Start { step: at, direction, n, not_before: since + wait, numbers_left })
}

fn steps(run: &Run) -> impl DoubleEndedIterator<Item = (usize, &Step, &PlannedStep)> {
    run.steps.iter().zip(&run.plan.steps).enumerate().map(|(at, (step, planned))| (at, step, planned))
}

/// The numbers of an end state that are not known to be right, in its order.
fn left(step: &Step, ensure: &Ensure) -> Vec<Number> {
    let numbers = ensure.targets().iter().map(|pointing| &pointing.number);
    numbers.filter(|number| !step.moved.contains(*number)).cloned().collect()
}

/// Whether the step changes something outside; telling and looking do not, and so count as undone.
fn writes(planned: &PlannedStep) -> bool {
    match planned.ensure.deed() {
        Deed::Points | Deed::Changes => true,
        Deed::Tells | Deed::Looks => false,
    }
}

/// Whether callers would follow it to another place.
fn points(planned: &PlannedStep) -> bool {
    matches!(planned.ensure, Ensure::RoutePointsAt { .. })
}

/// Whether an attempt at the step was ever started: after a good batch it waits for its first attempt again.
fn touched(step: &Step) -> bool {
    !step.state.untouched() || !step.moved.is_empty()
}
