//! What every thread of the hands holds on to: the word to stop, the fences, the histogram, the way back.

use super::fences::Fences;
use super::histogram::Spans;
use crate::event::Event;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

/// Shared by the hands and all that they started.
#[derive(Debug)]
pub struct Reins {
    let_go: AtomicBool,
    events: mpsc::Sender<Event>,
    runtime: Handle,
    /// The greatest fence of each number.
    pub fences: Fences,
    /// How close to its window's end each SET left.
    pub spans: Spans,
}

impl Reins {
    /// In hand.
    pub fn new(events: mpsc::Sender<Event>, runtime: Handle) -> Self {
        let let_go = AtomicBool::new(false);
        Self { let_go, events, runtime, fences: Fences::default(), spans: Spans::default() }
    }

    /// Nothing is written from here on.
    pub fn let_go(&self) {
        self.let_go.store(true, Ordering::SeqCst);
    }

    /// Whether the hands are gone.
    pub fn are_let_go(&self) -> bool {
        self.let_go.load(Ordering::SeqCst)
    }

    /// Tells a result without waiting: whoever calls may be the one that empties the inbox.
    pub fn tell(&self, event: Event) {
        // Closed means that nobody is left to be told.
        if let Err(TrySendError::Full(event)) = self.events.try_send(event) {
            let events = self.events.clone();
            self.runtime.spawn(async move { events.send(event).await });
        }
    }

    /// The inbox itself, for whoever may drop what does not fit.
    pub fn events(&self) -> mpsc::Sender<Event> {
        self.events.clone()
    }

    /// The runtime on which tasks are started.
    pub fn runtime(&self) -> &Handle {
        &self.runtime
    }
}
