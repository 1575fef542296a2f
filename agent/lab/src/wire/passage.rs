//! What each direction between two parties lets through at the moment.

use agent::clock;
use state::Mono;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;
use thiserror::Error;
use tokio::sync::watch;

/// What one direction does with what is sent along it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Passage {
    /// It arrives at once.
    #[default]
    Open,
    /// It arrives this much later, in order.
    Delay(Duration),
    /// It is kept, bytes and datagrams alike, and arrives when the direction opens.
    Hold,
    /// A cut: nothing arrives and nothing closes. Bytes of a stream arrive when the cut is mended, as TCP would send
    /// them again; datagrams are lost.
    Silent,
}

/// A name that is neither a party nor the owner of a listener.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the wire knows no party `{0}`")]
pub struct UnknownParty(pub String);

/// All directions and who they join.
#[derive(Debug, Default)]
pub(super) struct Passages {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    names: BTreeSet<String>,
    directions: BTreeMap<(String, String), watch::Sender<Passage>>,
}

impl Passages {
    /// Makes a name known.
    pub(super) fn introduce(&self, name: &str) {
        self.lock().names.insert(name.to_owned());
    }

    /// All names that are known.
    pub(super) fn names(&self) -> BTreeSet<String> {
        self.lock().names.clone()
    }

    /// Sets one direction.
    pub(super) fn set(&self, from: &str, to: &str, passage: Passage) -> Result<(), UnknownParty> {
        let mut inner = self.lock();
        if let Some(stranger) = [from, to].into_iter().find(|name| !inner.names.contains(*name)) {
            return Err(UnknownParty(stranger.to_owned()));
        }
        inner.direction(from, to).send_replace(passage);
        Ok(())
    }

    /// Opens every direction.
    pub(super) fn mend(&self) {
        for direction in self.lock().directions.values() {
            direction.send_replace(Passage::Open);
        }
    }

    /// Whether no handshake can pass between two: it needs both directions.
    pub(super) fn cuts(&self, this: &str, that: &str) -> bool {
        let mut inner = self.lock();
        [(this, that), (that, this)]
            .into_iter()
            .any(|(from, to)| *inner.direction(from, to).borrow() == Passage::Silent)
    }

    /// One direction, as what travels along it sees it.
    pub(super) fn lane(&self, from: &str, to: &str) -> Lane {
        Lane { passage: self.lock().direction(from, to).subscribe() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("nothing panics while it holds the directions")
    }
}

impl Inner {
    fn direction(&mut self, from: &str, to: &str) -> &watch::Sender<Passage> {
        self.directions.entry((from.to_owned(), to.to_owned())).or_default()
    }
}

/// One direction, as what travels along it sees it.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    passage: watch::Receiver<Passage>,
}

/// What became of something that wanted to pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Passes,
    Lost,
}

impl Lane {
    /// Whether a datagram that arrives now is lost.
    pub(super) fn is_cut(&self) -> bool {
        *self.passage.borrow() == Passage::Silent
    }

    /// Returns when bytes that came at `at` may pass.
    pub(super) async fn clear(&mut self, at: Mono) {
        while self.next(at).await != Some(Fate::Passes) {}
    }

    /// Returns when a datagram that came at `at` may pass, or is lost because the direction was cut meanwhile.
    pub(super) async fn clear_or_lost(&mut self, at: Mono) -> Fate {
        loop {
            if self.is_cut() {
                return Fate::Lost;
            }
            if let Some(fate) = self.next(at).await {
                return fate;
            }
        }
    }

    /// One look: it passes, or something has changed since.
    async fn next(&mut self, at: Mono) -> Option<Fate> {
        let passage = *self.passage.borrow_and_update();
        match passage {
            Passage::Open => Some(Fate::Passes),
            Passage::Delay(by) => {
                let left = (at + by).left(clock::mono());
                if left.is_zero() {
                    return Some(Fate::Passes);
                }
                // Either the time is over or the passage is another one: both are found by looking again.
                let _ = tokio::time::timeout(left, self.passage.changed()).await;
                None
            }
            Passage::Hold | Passage::Silent => {
                if self.passage.changed().await.is_err() {
                    // The wire is gone, and its tasks are about to be.
                    std::future::pending::<()>().await;
                }
                None
            }
        }
    }
}
