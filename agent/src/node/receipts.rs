//! When each attempt entered the own log: all that single flight waits for.

use policies::limits::WAIT_OPEN as W;
use state::fact::{Attempt, Entry, Fact, Origin};
use state::plan::PlannedStep;
use state::{Index, Mono, Number, RunId, View};
use std::collections::BTreeMap;
use std::time::Duration;

/// The receipt timers, and the part of the own log that is not agreed yet.
#[derive(Debug, Default)]
pub struct Receipts {
    tail: BTreeMap<Index, Vec<Tail>>,
    received: BTreeMap<Index, Mono>,
}

#[derive(Debug)]
struct Tail {
    origin: Origin,
    attempt: Option<Intended>,
    at: Mono,
}

/// An attempt that is not agreed yet.
#[derive(Debug)]
struct Intended {
    run: RunId,
    step: usize,
    numbers: Vec<Number>,
}

impl Intended {
    /// How long it keeps what it writes: as long as its step asks for, or W while the run is not known either.
    fn wait(&self, view: &View) -> Duration {
        let planned = view.runs.get(&self.run).and_then(|run| run.plan.steps.get(self.step));
        planned.map_or(W, PlannedStep::wait_open)
    }
}

impl Receipts {
    /// After a start: every attempt that is not closed counts as received at this moment.
    pub fn restart(view: &View, now: Mono) -> Self {
        let received = view.attempts.keys().map(|fence| (*fence, now)).collect();
        Self { tail: BTreeMap::new(), received }
    }

    /// After a snapshot the same; a twin's log may reach further than the snapshot, and that part stands.
    pub fn restored(&mut self, view: &View, now: Mono) {
        let tail = self.tail.split_off(&Index(view.index.0 + 1));
        *self = Self { tail, ..Self::restart(view, now) };
    }

    /// Forgets what was taken back out of the own logs, or was overwritten by the opening of a reign: it would
    /// stand in the way of every later attempt.
    pub fn trim(&mut self, applied: Index, end: Index) {
        self.tail.retain(|index, _| *index > applied && *index <= end);
    }

    /// An entry entered the own log. Twins have two logs: an entry that entered both counts from the later.
    pub fn appended(&mut self, index: Index, entry: &Entry, now: Mono) {
        let attempt = if let Fact::StepStarted(Attempt { run, step, numbers, .. }) = &entry.fact {
            Some(Intended { run: *run, step: usize::from(*step), numbers: numbers.clone() })
        } else {
            None
        };
        let at_index = self.tail.entry(index).or_default();
        at_index.retain(|tail| tail.origin != entry.origin);
        at_index.push(Tail { origin: entry.origin.clone(), attempt, at: now });
    }

    /// An entry was agreed: it leaves the tail, and its receipt is kept while its attempt is open.
    pub fn agreed(&mut self, index: Index, entry: &Entry, (view, now): (&View, Mono)) {
        let at = self.tail.get(&index).and_then(|all| all.iter().find(|t| t.origin == entry.origin));
        if view.attempts.contains_key(&index) {
            self.received.insert(index, at.map_or(now, |tail| tail.at));
        }
        self.tail = self.tail.split_off(&Index(index.0 + 1));
        self.received.retain(|fence, _| view.attempts.contains_key(fence));
    }

    /// Whether the proposal is in the own log already.
    pub fn holds(&self, origin: &Origin) -> bool {
        self.tail.values().flatten().any(|tail| tail.origin == *origin)
    }

    /// Whether an attempt that is not agreed yet stands in the own log.
    pub fn pending_attempt(&self) -> bool {
        self.tail.values().flatten().any(|tail| tail.attempt.is_some())
    }

    /// From when on a new attempt on these numbers may be proposed; the rule that keeps writers apart.
    ///
    /// Every earlier attempt in the own whole log, uncommitted tail included, is either closed or was
    /// received at least `W` ago; where no carrier is written, the timeout of its step takes the place of `W`.
    pub fn free_at(&self, numbers: &[Number], view: &View, now: Mono) -> Mono {
        let touches = |of: &[Number]| of.iter().any(|number| numbers.iter().any(|other| other.meets(number)));
        let in_tail = self.tail.values().flatten().filter_map(|tail| {
            let of = tail.attempt.as_ref()?;
            touches(&of.numbers).then(|| tail.at + of.wait(view))
        });
        let agreed = view.attempts.iter().filter_map(|(fence, attempt)| {
            let open = attempt.open.iter().any(|open| numbers.iter().any(|number| number.meets(open)));
            // An attempt without a receipt was never seen to enter the log: it counts from now.
            open.then(|| self.received.get(fence).copied().unwrap_or(now) + attempt.wait)
        });
        in_tail.chain(agreed).max().unwrap_or_default()
    }
}
