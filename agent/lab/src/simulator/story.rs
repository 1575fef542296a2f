//! The story of a run: a running hash over everything, and lines for whoever wants to read it.

use super::carrier::Moment;
use std::collections::VecDeque;
use std::fmt::Debug;

/// How many lines are kept for the story of a failure.
const KEPT: usize = 400;

/// How much is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Only the end, with the last lines if it failed.
    Quiet,
    /// Every event.
    Everything,
}

/// Lines and hash.
#[derive(Debug)]
pub struct Story {
    hash: u64,
    detail: Detail,
    lines: VecDeque<String>,
    /// How many events there were.
    pub events: u64,
}

impl Story {
    /// Nothing yet.
    pub fn new(detail: Detail) -> Self {
        Self { hash: 0xcbf2_9ce4_8422_2325, detail, lines: VecDeque::new(), events: 0 }
    }

    /// Something happened that a reader wants to know.
    pub fn tell(&mut self, now: Moment, what: &str) {
        self.mix(what.as_bytes());
        if self.detail == Detail::Quiet && self.lines.len() >= KEPT {
            self.lines.pop_front();
        }
        self.lines.push_back(format!("{} {what}", clock(now)));
    }

    /// Something happened that only a replay shows.
    pub fn note(&mut self, now: Moment, (kind, site): (u8, usize), what: &dyn Debug) {
        self.events += 1;
        self.mix(&now.to_be_bytes());
        self.mix(&[kind, u8::try_from(site).unwrap_or(u8::MAX)]);
        if self.detail == Detail::Everything {
            let text = format!("{what:?}");
            self.mix(text.as_bytes());
            self.lines.push_back(format!("{} {text}", clock(now)));
        }
    }

    fn mix(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    /// Two runs with the same hash took the same way.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// The lines that were kept.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(String::as_str)
    }
}

fn clock(now: Moment) -> String {
    let millis = now / 1000;
    let (hours, minutes) = (millis / 3_600_000, millis / 60_000 % 60);
    format!("{hours:02}:{minutes:02}:{:02}.{:03}", millis / 1000 % 60, millis % 1000)
}
