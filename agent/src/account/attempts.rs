//! The sentences of attempts: who was to do which step of which run, and what became of it.

use super::About;
use super::sentence::{Sentence, of_run};
use super::wanted::briefly;
use state::fact::{Attempt, Closure, Fact, Outcome, Passed, Reading, Was};
use state::plan::Ensure;
use state::run::{Direction, Run};
use state::{Destination, Index, Number, View};

/// A fact about one attempt in words.
pub fn sentence(index: Index, fact: &Fact, before: Option<&View>) -> Sentence {
    if let Fact::StepStarted(attempt) = fact {
        return started(index, attempt, before);
    }
    if let Fact::StepPassed { run, step, how, why } = fact {
        let known = before.and_then(|view| view.runs.get(run));
        let how = match how {
            Passed::Holds => "it holds",
            Passed::GivenUp => "given up",
            Passed::Skipped => "left out",
        };
        let text = format!("{}: {how}", named(known, (run.to_string(), *step)));
        return Sentence::of(of_run(*run, before), text).because(why);
    }
    let Some(fence) = fence(fact) else { return Sentence::of(About::Everything, String::new()) };
    let (about, step) = step(fence, before);
    if let Fact::StepEnded { was, outcomes, note, .. } | Fact::StepEndedLate { was, outcomes, note, .. } =
        fact
    {
        let mut said = Sentence::of(about, format!("{step}: {}", ended(*was, outcomes)));
        said.more = outcomes.iter().filter(|outcome| outcome.was != Was::Right).map(exactly).collect();
        said.more.extend(note.clone());
        if let Fact::StepEndedLate { late, .. } = fact {
            said.more.push(format!("written after its window: {}", names(late)));
        }
        return said;
    }
    if let Fact::StepLost { why, .. } = fact {
        let text = format!("{step}: nobody knows what became of it, so it is read");
        return Sentence::of(about, text).because(why);
    }
    if let Fact::StepRead { readings, .. } = fact {
        return Sentence::of(about, format!("{step}: the carrier shows {}", shown(readings)));
    }
    if let Fact::StepSeen { was, why, .. } = fact {
        let how = if *was == Was::Right { "it stands as wanted" } else { "it does not stand as wanted" };
        return Sentence::of(about, format!("{step}: {how}")).because(why);
    }
    Sentence::of(about, format!("{step}: given up, it took too long"))
}

fn fence(fact: &Fact) -> Option<Index> {
    if let Fact::StepEnded { fence, .. }
    | Fact::StepEndedLate { fence, .. }
    | Fact::StepLost { fence, .. }
    | Fact::AttemptLapsed { fence }
    | Fact::StepSeen { fence, .. }
    | Fact::StepRead { fence, .. } = fact
    {
        return Some(*fence);
    }
    None
}

/// The go for one attempt.
fn started(index: Index, attempt: &Attempt, before: Option<&View>) -> Sentence {
    let run = before.and_then(|view| view.runs.get(&attempt.run));
    let what = match attempt.direction {
        Direction::Do => "",
        Direction::Undo => "undo of ",
    };
    let step = named(run, (attempt.run.to_string(), attempt.step));
    let text = format!("{what}{step}: attempt {}, {} may do it ({index})", attempt.n, attempt.executor);
    let planned = run.and_then(|run| run.plan.steps.get(usize::from(attempt.step)));
    let told = planned.and_then(|planned| match &planned.ensure {
        Ensure::Notify { text } => Some(format!("they are told \"{text}\"")),
        Ensure::RoutePointsAt { .. }
        | Ensure::BehindPrepared { .. }
        | Ensure::Waited { .. }
        | Ensure::SiteReady { .. }
        | Ensure::Http(_)
        | Ensure::Exec { .. } => None,
    });
    let mut said = Sentence::of(of_run(attempt.run, before), text);
    said.more.extend(told);
    said
}

/// `r-42 step 1 of 2, 02079460000 points at manchester`.
fn named(run: Option<&Run>, (id, step): (String, u16)) -> String {
    let planned = run.and_then(|run| Some((run.plan.steps.len(), run.plan.steps.get(usize::from(step))?)));
    match planned {
        Some((of, planned)) => format!("{id} step {} of {of}, {}", step + 1, briefly(&planned.ensure)),
        None => format!("{id} step {}", step + 1),
    }
}

/// The step that an attempt belongs to, as long as its run is remembered.
fn step(fence: Index, before: Option<&View>) -> (About, String) {
    let attempt = before.and_then(|view| view.attempts.get(&fence));
    let run = attempt.and_then(|attempt| before.and_then(|view| view.runs.get(&attempt.run)));
    let step = run.and_then(|run| u16::try_from(run.step_of(fence)?).ok());
    let about = run.map_or(About::Everything, |run| About::Route(run.plan.route.clone()));
    match (run, step) {
        (Some(run), Some(step)) => (about, named(Some(run), (run.id.to_string(), step))),
        (Some(run), None) => (about, format!("{} attempt {fence}", run.id)),
        (None, _) => (about, format!("attempt {fence}")),
    }
}

fn ended(was: Was, outcomes: &[Outcome]) -> String {
    let right = outcomes.iter().filter(|outcome| outcome.was == Was::Right).count();
    let of = outcomes.len();
    match was {
        Was::Right if of == 0 => "done".to_owned(),
        Was::Right => "done, read back".to_owned(),
        Was::Wrong if of < 2 => "not done".to_owned(),
        Was::Wrong => format!("done for {right} of {of} numbers"),
        Was::Unknown => "nobody can say whether it was done".to_owned(),
    }
}

/// One number that is not as wanted.
fn exactly(outcome: &Outcome) -> String {
    let open = match outcome.closure {
        Closure::Closed => "",
        Closure::Open => "; it may still arrive",
    };
    let why = if outcome.why.is_empty() { "no answer was read" } else { &outcome.why };
    format!("{}: {why}{open}", outcome.number)
}

fn shown(readings: &[Reading]) -> String {
    let one = |reading: &Reading| {
        let shows = reading.shows.as_ref().map_or("nothing", Destination::as_str);
        format!("{shows} for {}", reading.number)
    };
    match readings {
        [] => "nothing".to_owned(),
        [only] => one(only),
        [first, rest @ ..] => format!("{} and {} more", one(first), rest.len()),
    }
}

fn names(numbers: &[Number]) -> String {
    match numbers {
        [] => "none".to_owned(),
        [only] => only.to_string(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}
