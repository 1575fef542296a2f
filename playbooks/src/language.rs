//! The playbook language: end states in order, each with its undo or the sentence why it has none.

mod http;
mod inputs;
mod step;
mod template;
mod wish;

pub use http::{HttpWish, ShowsWish};
pub use inputs::{Input, Inputs, Kind, Unfit};
pub use template::{Span, Template};

use crate::limits;
use state::document::{self, Fault, Faults, Report, Sketch, Value};
use state::plan::IfFailed;
use state::{CommandId, PlaybookId};
use std::time::Duration;

/// A playbook as it was read: every name in it is known, every number within its limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Playbook {
    /// Its name.
    pub name: PlaybookId,
    /// What it is for, in a sentence.
    pub about: String,
    /// What it is given.
    pub inputs: Inputs,
    /// Its steps, in order.
    pub steps: Vec<PlaybookStep>,
}

/// One step as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaybookStep {
    /// What shall hold afterwards.
    pub ensure: Wish,
    /// What takes it back.
    pub undo: WayBack,
    /// Who does it.
    pub at: Doer,
    /// How long one attempt may take before it counts as lapsed.
    pub timeout: Duration,
    /// How often it is tried.
    pub attempts: u8,
    /// How long to wait before the next attempt.
    pub backoff: Duration,
    /// What the run does when no attempt is left.
    pub if_failed: IfFailed,
}

/// An end state with its names still open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Every number of the route points at the site.
    RoutePointsAt {
        /// The route.
        route: Template,
        /// The site.
        site: Template,
    },
    /// People have been told.
    Notify {
        /// What they are told.
        text: Template,
    },
    /// Time has passed.
    Wait {
        /// How much.
        lasts: Span,
    },
    /// A site can be given the route.
    SiteReady {
        /// The site.
        site: Template,
        /// For how long it could have been, up to now; `None` asks for this moment only.
        steady: Option<Span>,
        /// For how long it is waited for; `None` for as long as the step's timeout.
        patience: Option<Span>,
    },
    /// What a command of the site file brings about.
    Exec {
        /// The command.
        command: CommandId,
        /// The command that says whether it is so.
        check: CommandId,
    },
    /// A switch that is thrown and read over HTTP.
    Http(Box<HttpWish>),
}

/// The undo of a step, or the sentence in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WayBack {
    /// The end state that takes it back.
    Wish(Wish),
    /// Why there is none.
    No(String),
}

/// Who does a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doer {
    /// One executor, chosen by the leader.
    Executor,
    /// The leader itself.
    Leader,
    /// This site and no other.
    Site(Template),
    /// Each site of the policy, one after the other.
    All,
    /// The same, without those that are not heard when their turn comes.
    Reachable,
}

impl Wish {
    /// Whether it changes something outside; whoever only tells or looks has nothing to take back.
    pub fn writes(&self) -> bool {
        match self {
            Self::RoutePointsAt { .. } | Self::Exec { .. } | Self::Http(_) => true,
            Self::Notify { .. } | Self::Wait { .. } | Self::SiteReady { .. } => false,
        }
    }

    /// Whether nobody executes it: whoever leads judges it from what is agreed.
    pub fn looks(&self) -> bool {
        match self {
            Self::Wait { .. } | Self::SiteReady { .. } => true,
            Self::RoutePointsAt { .. } | Self::Notify { .. } | Self::Exec { .. } | Self::Http(_) => false,
        }
    }
}

impl Playbook {
    /// Reads a playbook; `name` is what its file is called in the report of its faults.
    pub fn read(name: &str, text: &str) -> Result<Self, Report> {
        let faults = Faults::new();
        let playbook = document::read(text, &faults).and_then(|tree| playbook(Value::root(&tree, &faults)));
        match (faults.report(name, text), playbook) {
            (None, Some(playbook)) => Ok(playbook),
            (Some(report), _) => Err(report),
            (None, None) => Err(unread(name, text)),
        }
    }

    /// Whether one of its steps asks for how long a site has been ready: that must be known before it is played.
    pub fn asks_for_readiness(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.ensure, Wish::SiteReady { .. }))
    }

    /// The language itself, as far as editors can be told of it: what is asked of a playbook that has every key.
    pub fn sketch() -> Sketch {
        let faults = Faults::sketching();
        let tree = document::read(SAMPLE, &faults).expect("the sample is read in the tests");
        drop(playbook(Value::root(&tree, &faults)));
        Sketch::of(Value::root(&tree, &faults))
    }
}

/// A playbook with every key that there is.
const SAMPLE: &str = include_str!("language/sample.yaml");

/// The report about a text from which nothing came although nobody found a fault in it.
fn unread(name: &str, text: &str) -> Report {
    let faults = Faults::new();
    faults.add(Fault::at(state::document::Place::START, "this is no playbook").hint("`playbook: fail-over`"));
    faults.report(name, text).expect("a fault was added in the line above")
}

fn playbook(document: Value<'_>) -> Option<Playbook> {
    let mut map = document.map()?;
    let name = map.required("playbook").and_then(Value::name).map(PlaybookId::new);
    let about = map.required("about").and_then(Value::words).map(str::to_owned);
    let inputs = map.required("inputs").map(Inputs::read).unwrap_or_default();
    let steps = map.required("steps").map(|list| steps(list, &inputs));
    map.finish();
    Some(Playbook { name: name?, about: about?, inputs, steps: steps?? })
}

fn steps(list: Value<'_>, inputs: &Inputs) -> Option<Vec<PlaybookStep>> {
    let written = list.list();
    if written.is_empty() {
        return list
            .refuse("a playbook needs a step", "such as `- ensure: { notify: { text: \"$reason\" } }`");
    }
    if written.len() > limits::STEPS_MAX {
        return list.refuse(format!("more than {} steps", limits::STEPS_MAX), "write two playbooks");
    }
    let read: Vec<Option<PlaybookStep>> = written.iter().map(|step| step::read(*step, inputs)).collect();
    let steps: Vec<PlaybookStep> = read.into_iter().collect::<Option<_>>()?;
    way_back(&steps, &written);
    in_time(&steps, list);
    Some(steps)
}

/// A run that is to be undone as a whole must not contain what cannot be.
fn way_back(steps: &[PlaybookStep], written: &[Value<'_>]) {
    let kept = |step: &&PlaybookStep| step.ensure.writes() && matches!(step.undo, WayBack::No(_));
    for (at, _) in steps.iter().enumerate().filter(|(_, step)| step.if_failed == IfFailed::UndoAll) {
        if let Some(before) = steps[..=at].iter().position(|step| kept(&step)) {
            let why = format!("step {} asks for `undo_all`, and step {} has no undo", at + 1, before + 1);
            written[at].refuse::<()>(why, "write an undo, or `if_failed: stuck`");
        }
    }
}

/// The run's deadline must leave time for every attempt, undo included.
fn in_time(steps: &[PlaybookStep], list: Value<'_>) {
    let ways = |step: &PlaybookStep| match step.undo {
        WayBack::Wish(_) => 2,
        WayBack::No(_) => 1,
    };
    let longest = |step: &PlaybookStep| (step.timeout + step.backoff) * u32::from(step.attempts) * ways(step);
    // What only waits has its own time, which the run's deadline leaves it.
    let sum: Duration = steps.iter().filter(|step| !step.ensure.looks()).map(longest).sum();
    if sum > limits::RUN {
        let fault = Fault::at(list.key_place(), "the steps may take longer than a run");
        let (run, sum) = (limits::RUN.as_secs(), sum.as_secs());
        list.faults().add(
            fault
                .sum(format!(
                    "sum of attempts x (timeout + backoff), undo included <= {run}s    {sum}s is more"
                ))
                .hint("a shorter `timeout`, or fewer `attempts`"),
        );
    }
}
