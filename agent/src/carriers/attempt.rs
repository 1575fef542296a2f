//! One attempt over one batch of numbers: read, compare, check the clock, set, read back, report.

use super::line::{Line, LineError, SetOutcome};
use super::outcome::{NumberOutcome, Seen, Why};
use super::window::{READ_FRESH, Window};
use state::fact::{Closure, Was};
use state::window::REQUEST_LIFE;
use state::{Destination, Mono, Number};
use std::time::Duration;

/// The first pause before a read-back is repeated; it doubles each time.
const READ_AGAIN: Duration = Duration::from_millis(200);

/// What one number of the batch shall show, and what may be overwritten for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// Which number.
    pub number: Number,
    /// What it shall show.
    pub value: Destination,
    /// What it showed when the intent was agreed, an empty slot included; `None` if nobody had read it.
    pub from: Option<Destination>,
    /// The values of earlier attempts that are not closed: ours, although late or lost.
    pub loose: Vec<Destination>,
}

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// One outcome for every number, in the order of the batch.
    pub numbers: Vec<NumberOutcome>,
    /// For the histogram: from each last look at the clock to the end of the write that it allowed.
    pub last_check_to_write: Vec<Duration>,
    /// The carrier's words if it refused the credentials meanwhile: they must not be tried again.
    pub login_refused: Option<String>,
}

/// What a reading means for a move.
enum Compared {
    AlreadyThere,
    Ours,
    Stranger,
}

impl Move {
    /// Go on only over what is known to be ours; whatever else is there, somebody else put it there.
    fn compare(&self, shown: Option<&Destination>) -> Compared {
        let shown = shown.cloned().unwrap_or_else(Destination::empty);
        if shown == self.value {
            Compared::AlreadyThere
        } else if self.from.as_ref() == Some(&shown) || self.loose.contains(&shown) {
            Compared::Ours
        } else {
            Compared::Stranger
        }
    }
}

/// Moves the numbers in their order, and stops at the first that is not as wanted and closed.
pub fn attempt<L: Line>(line: &mut L, batch: &[Move], window: Window) -> Report {
    let mut hand = Hand {
        line,
        window,
        reopening: Reopening::Allowed,
        step: Step::In,
        spans: Vec::new(),
        login_refused: None,
    };
    let mut numbers = Vec::with_capacity(batch.len());
    let mut stopped_at: Option<&Number> = None;
    for wish in batch {
        let outcome = match stopped_at {
            Some(number) => {
                let why = Why::StoppedAt { number: number.clone() };
                NumberOutcome::unsent(&wish.number, Seen::Unread, why)
            }
            None => hand.move_one(wish),
        };
        if stopped_at.is_none() && !outcome.lets_the_next_go() {
            stopped_at = Some(&wish.number);
        }
        numbers.push(outcome);
    }
    Report { numbers, last_check_to_write: hand.spans, login_refused: hand.login_refused }
}

/// What every number shows, for the drift watch; one that cannot be read does not hide the others. Slots of one number
/// that stand together are one question.
pub fn read<L: Line>(
    line: &mut L,
    numbers: &[Number],
    deadline: Mono,
) -> Vec<(Number, Result<Option<Destination>, LineError>)> {
    let together = numbers.chunk_by(|one, next| one.line() == next.line());
    let mut found = Vec::with_capacity(numbers.len());
    for slots in together {
        match slots {
            [one] => found.push((one.clone(), line.read(one, deadline))),
            several => {
                let all = line.read_all(&several[0].line(), deadline);
                let of = |slot: &Number| all.clone().map(|all| all[slot.slot() - 1].clone());
                found.extend(several.iter().map(|slot| (slot.clone(), of(slot))));
            }
        }
    }
    found
}

/// How many questions that is.
pub fn questions(numbers: &[Number]) -> usize {
    numbers.chunk_by(|one, next| one.line() == next.line()).count()
}

/// Whether this attempt may still replace a lost line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reopening {
    Allowed,
    Used,
}

/// Whether every answer belonged to its question.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    In,
    Out,
}

/// What one attempt holds on to from number to number.
struct Hand<'a, L> {
    line: &'a mut L,
    window: Window,
    reopening: Reopening,
    step: Step,
    spans: Vec<Duration>,
    login_refused: Option<String>,
}

impl<L: Line> Hand<'_, L> {
    fn move_one(&mut self, wish: &Move) -> NumberOutcome {
        let (before, asked) = match self.read_first(wish) {
            Ok(read) => read,
            Err(outcome) => return *outcome,
        };
        // The last look at the clock also finds a reading that grew old on the way to it.
        let send_by = self.window.send_by.min(asked + READ_FRESH);
        let set = self.line.set(&wish.number, &wish.value, Window { send_by, ..self.window });
        self.spans.extend(set.last_check_to_write);
        self.step = Step::In;
        let (was, seen, why) = self.conclude(wish, &set.outcome, before);
        let closed = match (&set.outcome, self.step) {
            // What was read as the answer may have answered something else.
            (SetOutcome::Answered | SetOutcome::Refused { .. }, Step::Out) => Closure::Open,
            (_, Step::In | Step::Out) => set.closure(),
        };
        NumberOutcome { number: wish.number.clone(), was, closed, seen, late: set.late, why }
    }

    /// A fresh reading that allows the SET and when it was asked for, or the outcome without one.
    fn read_first(&mut self, wish: &Move) -> Result<(Option<Destination>, Mono), Box<NumberOutcome>> {
        let unsent = |seen, why| Err(Box::new(NumberOutcome::unsent(&wish.number, seen, why)));
        loop {
            let asked = self.line.now();
            let shown = match self.line.read(&wish.number, self.window.send_by) {
                Ok(shown) => shown,
                Err(error) => return unsent(Seen::Unread, Why::NotRead { what: error.to_string() }),
            };
            match wish.compare(shown.as_ref()) {
                Compared::AlreadyThere => return unsent(shown.into(), Why::AlreadyThere),
                Compared::Stranger => return unsent(shown.into(), Why::Stranger),
                Compared::Ours => {}
            }
            let now = self.line.now();
            if now > self.window.send_by {
                let what = "the window for sending had passed".to_owned();
                return unsent(shown.into(), Why::NotSent { what });
            }
            if now.since(asked) <= READ_FRESH {
                return Ok((shown, asked));
            }
        }
    }

    /// What a SET came to, once the number was read back.
    fn conclude(
        &mut self,
        wish: &Move,
        outcome: &SetOutcome,
        before: Option<Destination>,
    ) -> (Was, Seen, Why) {
        match outcome.clone() {
            SetOutcome::NotSent { why } => (Was::Wrong, before.into(), Why::NotSent { what: why }),
            SetOutcome::Refused { digit, text } => {
                let shown = self.line.read(&wish.number, self.window.close_by);
                self.notice(&shown);
                let (ok, seen) = judge(wish, shown.ok());
                (ok, seen, Why::Refused { digit, text })
            }
            SetOutcome::Answered => match self.read_back(wish) {
                Ok(shown) => {
                    let (ok, seen) = judge(wish, Some(shown));
                    (ok, seen, if ok == Was::Right { Why::ReadBack } else { Why::NotShown })
                }
                Err(error) => (Was::Unknown, Seen::Unread, Why::NotReadBack { what: error.to_string() }),
            },
            SetOutcome::Unknown { why } => {
                // The session is gone with the doubt; a fresh one may read, but what it reads closes nothing.
                let shown = self.reopen().and_then(|()| self.read_back(wish));
                let (ok, seen) = judge(wish, shown.ok());
                (ok, seen, Why::AnswerLost { what: why })
            }
        }
    }

    /// Reads until the wanted value is shown, slower each time; another value is final only at `close_by`.
    fn read_back(&mut self, wish: &Move) -> Result<Option<Destination>, LineError> {
        let mut pause = READ_AGAIN;
        loop {
            let read = self.line.read(&wish.number, self.read_until());
            self.notice(&read);
            match read {
                Ok(shown) => {
                    let left = self.window.close_by.left(self.line.now());
                    if shown.as_ref() == Some(&wish.value) || left.is_zero() {
                        return Ok(shown);
                    }
                    self.line.rest(pause.min(left));
                    pause *= 2;
                }
                Err(LineError::Lost(_) | LineError::OutOfStep(_)) if self.reopening == Reopening::Allowed => {
                    self.reopen()?
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn notice(&mut self, read: &Result<Option<Destination>, LineError>) {
        if matches!(read, Err(LineError::OutOfStep(_))) {
            self.step = Step::Out;
        }
    }

    /// Replaces the line, once.
    fn reopen(&mut self) -> Result<(), LineError> {
        if self.reopening == Reopening::Used {
            return Err(LineError::Lost("the line was lost a second time".to_owned()));
        }
        self.reopening = Reopening::Used;
        let reopened = self.line.reopen(self.read_until());
        if let Err(LineError::LoginRefused(text)) = &reopened {
            self.login_refused = Some(text.clone());
        }
        reopened
    }

    /// Reading may go on a while after `close_by`: it is harmless, and a lost answer is often noticed only then.
    fn read_until(&self) -> Mono {
        self.window.close_by + REQUEST_LIFE
    }
}

/// Whether a reading, if there is one, is what was wanted.
fn judge(wish: &Move, shown: Option<Option<Destination>>) -> (Was, Seen) {
    match shown {
        None => (Was::Unknown, Seen::Unread),
        Some(shown) if shown.as_ref() == Some(&wish.value) => (Was::Right, shown.into()),
        Some(shown) => (Was::Wrong, shown.into()),
    }
}

#[cfg(test)]
mod tests;
