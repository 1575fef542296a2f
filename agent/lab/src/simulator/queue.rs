//! What will happen, in order of true time; what falls on one moment happens in the order in which it was said.

use super::carrier::Moment;
use super::session::Answer;
use agent::carriers::window::Window;
use agent::event::{Event, Point};
use agent::frame::Frame;
use state::{Destination, Nonce, Number};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// One thing that will happen.
#[derive(Debug)]
pub enum Item {
    /// A tenth of a second has passed on a site's clock.
    Tick { site: usize, life: u64 },
    /// A site wanted to be woken.
    Wake { site: usize, life: u64 },
    /// A probe is due.
    Probe { site: usize, watch: u64, plan: usize },
    /// A frame arrives.
    Frame { from: usize, to: usize, frame: Frame },
    /// Something happens to an agent, in the life for which it is meant.
    Event { site: usize, life: u64, event: Event },
    /// A carrier session stands.
    Stands { site: usize, life: u64, nonce: Nonce },
    /// A session's line has an answer.
    Answer { site: usize, life: u64, nonce: Nonce, answer: Answer },
    /// An executor has the go.
    Go { site: usize, life: u64, point: Point },
    /// A process that was stopped between its last look at the clock and its write goes on.
    Write { site: usize, life: u64, write: Write },
    /// The carrier applies a SET.
    Apply { flight: usize, then: Then },
    /// An agent is started.
    Start { site: usize },
    /// A stopped site goes on.
    Thaw { site: usize },
    /// A fault strikes.
    Strike { fault: usize },
    /// A fault is over.
    Over { fault: usize },
    /// A PBX that flaps changes.
    Flap { site: usize, left: u64 },
    /// The leader is about to think of what has come due.
    Due,
    /// The thief says something that its agent would not say.
    Lie,
    /// Links are whole again that were cut for a moment.
    Mend { links: Vec<(usize, usize)> },
}

/// A write of which only the last instant is missing.
#[derive(Clone, Debug)]
pub struct Write {
    /// The session.
    pub nonce: Nonce,
    /// What is set.
    pub number: Number,
    /// To what.
    pub value: Destination,
    /// Until when.
    pub window: Window,
}

/// What the carrier does after it has applied a SET.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It answers.
    Answers,
    /// It does not.
    Nothing,
}

impl Item {
    /// The site at which it happens, if it must wait while that is stopped.
    pub fn site(&self) -> Option<usize> {
        match self {
            Self::Tick { site, .. }
            | Self::Wake { site, .. }
            | Self::Probe { site, .. }
            | Self::Event { site, .. }
            | Self::Stands { site, .. }
            | Self::Go { site, .. }
            | Self::Write { site, .. }
            | Self::Answer { site, .. } => Some(*site),
            Self::Frame { to, .. } => Some(*to),
            Self::Apply { .. }
            | Self::Start { .. }
            | Self::Thaw { .. }
            | Self::Strike { .. }
            | Self::Over { .. }
            | Self::Flap { .. }
            | Self::Due
            | Self::Lie
            | Self::Mend { .. } => None,
        }
    }
}

impl Item {
    /// The site and the life of its agent for which it is meant, if it means nothing to another.
    pub fn life(&self) -> Option<(usize, u64)> {
        match self {
            Self::Tick { site, life }
            | Self::Wake { site, life }
            | Self::Event { site, life, .. }
            | Self::Stands { site, life, .. }
            | Self::Answer { site, life, .. }
            | Self::Go { site, life, .. }
            | Self::Write { site, life, .. } => Some((*site, *life)),
            Self::Probe { .. }
            | Self::Frame { .. }
            | Self::Apply { .. }
            | Self::Start { .. }
            | Self::Thaw { .. }
            | Self::Strike { .. }
            | Self::Over { .. }
            | Self::Flap { .. }
            | Self::Due
            | Self::Lie
            | Self::Mend { .. } => None,
        }
    }

    /// Its kind, for the trace.
    pub fn kind(&self) -> u8 {
        match self {
            Self::Tick { .. } => 0,
            Self::Wake { .. } => 1,
            Self::Probe { .. } => 2,
            Self::Frame { .. } => 3,
            Self::Event { .. } => 4,
            Self::Stands { .. } => 5,
            Self::Answer { .. } => 6,
            Self::Apply { .. } => 7,
            Self::Start { .. } => 8,
            Self::Thaw { .. } => 9,
            Self::Strike { .. } => 10,
            Self::Over { .. } => 11,
            Self::Flap { .. } => 12,
            Self::Go { .. } => 13,
            Self::Write { .. } => 14,
            Self::Due => 15,
            Self::Mend { .. } => 16,
            Self::Lie => 17,
        }
    }
}

/// The queue. Only short keys are sorted; the items, which are large, stay where they were put.
#[derive(Debug, Default)]
pub struct Queue {
    order: BinaryHeap<Reverse<(Moment, u64, usize)>>,
    items: Vec<Option<Item>>,
    free: Vec<usize>,
    next: u64,
}

impl Queue {
    /// Something will happen.
    pub fn put(&mut self, at: Moment, item: Item) {
        let place = match self.free.pop() {
            Some(place) => {
                self.items[place] = Some(item);
                place
            }
            None => {
                self.items.push(Some(item));
                self.items.len() - 1
            }
        };
        self.order.push(Reverse((at, self.next, place)));
        self.next += 1;
    }

    /// What happens next, until `until`.
    pub fn take(&mut self, until: Moment) -> Option<(Moment, Item)> {
        let Reverse((at, _, place)) = *self.order.peek().filter(|first| first.0.0 <= until)?;
        self.order.pop();
        self.free.push(place);
        Some((at, self.items[place].take()?))
    }
}
