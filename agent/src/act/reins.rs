//! What every thread of the hands holds on to: the word to stop, the fences, the histogram, the way back.

use super::fences::Fences;
use super::histogram::Spans;
use crate::command::HandsReport;
use crate::event::Event;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

/// Shared by the hands and all that they started.
#[derive(Debug)]
pub struct Reins {
    let_go: Arc<AtomicBool>,
    events: mpsc::Sender<Event>,
    runtime: Handle,
    /// The greatest fence of each number.
    pub fences: Fences,
    /// How close to its window's end each SET left.
    pub spans: Spans,
    logins: AtomicU64,
    reads: AtomicU64,
}

impl Reins {
    /// In hand.
    pub fn new(events: mpsc::Sender<Event>, runtime: Handle) -> Self {
        let let_go = Arc::default();
        Self {
            let_go,
            events,
            runtime,
            fences: Fences::default(),
            spans: Spans::default(),
            logins: AtomicU64::new(0),
            reads: AtomicU64::new(0),
        }
    }

    /// Nothing is written from here on.
    pub fn let_go(&self) {
        self.let_go.store(true, Ordering::SeqCst);
    }

    /// Whether the hands are gone.
    pub fn are_let_go(&self) -> bool {
        self.let_go.load(Ordering::SeqCst)
    }

    /// The word to stop itself, for whoever must look at it last of all.
    pub fn halt(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.let_go)
    }

    /// A login is tried.
    pub fn count_login(&self) {
        self.logins.fetch_add(1, Ordering::Relaxed);
    }

    /// Numbers are read.
    pub fn count_reads(&self, numbers: usize) {
        self.reads.fetch_add(u64::try_from(numbers).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Tells a result, and what all of them come to.
    pub fn tell_with_tally(&self, event: Event) {
        self.tell(event);
        let spans = self.spans.histogram();
        self.tell(Event::Tallied(HandsReport {
            logins: self.logins.load(Ordering::Relaxed),
            reads: self.reads.load(Ordering::Relaxed),
            writes: spans.writes(),
            late: self.spans.late(),
            last_check_to_write: spans.filled().collect(),
        }));
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
