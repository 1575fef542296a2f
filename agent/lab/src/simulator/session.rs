//! An attempt in virtual time: the product's own attempt, replayed with the answers so far until it asks for one more.
//!
//! The attempt is written straight on and waits inside its line. Here nothing may wait, so it is run again from its
//! beginning each time an answer has come; it is a function of its line, so it takes the same way again, up to the
//! first question that has no answer yet. That question is what happens next in virtual time.

use super::carrier::Mandate;
use agent::carriers::attempt::{Move, Report, attempt};
use agent::carriers::line::{Line, LineError, SetReport};
use agent::carriers::window::Window;
use state::{Destination, Index, Mono, Number};
use std::time::Duration;

/// What an attempt asks of its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// What a number shows.
    Read { number: Number, deadline: Mono },
    /// Set it.
    Set { number: Number, value: Destination, window: Window },
    /// A fresh line.
    Reopen { deadline: Mono },
    /// Nothing, for a while.
    Rest { pause: Duration },
}

/// What it was answered.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A reading.
    Read(Result<Option<Destination>, LineError>),
    /// The fate of a SET.
    Set(SetReport),
    /// A fresh line, or not.
    Reopened(Result<(), LineError>),
    /// The rest is over.
    Rested,
}

/// What comes next of an attempt.
#[derive(Debug)]
pub enum Next {
    /// This must be answered.
    Asks(Question),
    /// It is over.
    Ended(Report),
}

/// One prepared session and, once it was ordered, its attempt.
#[derive(Debug)]
pub struct Session {
    /// When it stood, on its site's clock; its deadlines count from there.
    pub stood: Option<Mono>,
    /// The same in true time.
    pub stood_at: u64,
    /// When its agent heard so, and asked, on the same clock.
    pub asked: Option<Mono>,
    /// For how long its machine's clock had stood still by then.
    pub still: u64,
    /// The attempt, once it was ordered.
    pub work: Option<Work>,
}

/// An attempt under way.
#[derive(Debug)]
pub struct Work {
    /// By whose order.
    pub mandate: Mandate,
    /// Which one.
    pub fence: Index,
    /// What it moves.
    pub batch: Vec<Move>,
    /// Until when.
    pub window: Window,
    /// When it began.
    pub began: Mono,
    /// The answers so far, each with when it came.
    pub script: Vec<(Answer, Mono)>,
    /// Whether the line is lost.
    pub line: LineState,
}

/// Whether a line can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineState {
    /// It can.
    Whole,
    /// It is gone until it is opened again.
    Lost,
}

impl Work {
    /// Runs the attempt with the answers so far.
    pub fn next(&self) -> Next {
        let mut replay = Replay { script: &self.script, at: 0, now: self.began, asks: None };
        let report = attempt(&mut replay, &self.batch, self.window);
        replay.asks.map_or(Next::Ended(report), Next::Asks)
    }
}

/// A line that knows its answers; after the last one it notes the question and is lost, which ends the attempt.
struct Replay<'a> {
    script: &'a [(Answer, Mono)],
    at: usize,
    now: Mono,
    asks: Option<Question>,
}

impl Replay<'_> {
    fn answer(&mut self, question: Question) -> Option<Answer> {
        if self.asks.is_some() {
            return None;
        }
        let Some((answer, at)) = self.script.get(self.at) else {
            self.asks = Some(question);
            return None;
        };
        self.at += 1;
        self.now = *at;
        Some(answer.clone())
    }
}

fn over() -> LineError {
    LineError::Lost("not answered yet".to_owned())
}

impl Line for Replay<'_> {
    fn read(&mut self, number: &Number, deadline: Mono) -> Result<Option<Destination>, LineError> {
        match self.answer(Question::Read { number: number.clone(), deadline }) {
            Some(Answer::Read(found)) => found,
            Some(Answer::Set(_) | Answer::Reopened(_) | Answer::Rested) | None => Err(over()),
        }
    }

    fn set(&mut self, number: &Number, value: &Destination, window: Window) -> SetReport {
        match self.answer(Question::Set { number: number.clone(), value: value.clone(), window }) {
            Some(Answer::Set(report)) => report,
            Some(Answer::Read(_) | Answer::Reopened(_) | Answer::Rested) | None => {
                SetReport::unsent("not answered yet")
            }
        }
    }

    fn reopen(&mut self, deadline: Mono) -> Result<(), LineError> {
        match self.answer(Question::Reopen { deadline }) {
            Some(Answer::Reopened(reopened)) => reopened,
            Some(Answer::Read(_) | Answer::Set(_) | Answer::Rested) | None => Err(over()),
        }
    }

    fn now(&self) -> Mono {
        self.now
    }

    fn rest(&mut self, pause: Duration) {
        let _rested = self.answer(Question::Rest { pause });
    }
}
