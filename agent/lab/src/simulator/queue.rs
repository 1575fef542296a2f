//! What will happen, in order of true time; what falls on one moment happens in the order in which it was said.

use super::carrier::Moment;
use super::session::Answer;
use agent::event::Event;
use agent::frame::Frame;
use state::Nonce;
use std::collections::BTreeMap;

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
            | Self::Answer { site, .. } => Some(*site),
            Self::Frame { to, .. } => Some(*to),
            Self::Apply { .. }
            | Self::Start { .. }
            | Self::Thaw { .. }
            | Self::Strike { .. }
            | Self::Over { .. }
            | Self::Flap { .. } => None,
        }
    }
}

/// The queue.
#[derive(Debug, Default)]
pub struct Queue {
    items: BTreeMap<(Moment, u64), Item>,
    next: u64,
}

impl Queue {
    /// Something will happen.
    pub fn put(&mut self, at: Moment, item: Item) {
        self.items.insert((at, self.next), item);
        self.next += 1;
    }

    /// What happens next, until `until`.
    pub fn take(&mut self, until: Moment) -> Option<(Moment, Item)> {
        let first = self.items.first_entry()?;
        if first.key().0 > until {
            return None;
        }
        let ((at, _), item) = first.remove_entry();
        Some((at, item))
    }
}
