//! The places at the socket: when all are taken, whoever has said nothing for the longest time is shown out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Somebody who is shown out is gone after so long: it says one line and closes.
const LEAVE: Duration = Duration::from_millis(200);

/// All places.
pub struct Room {
    places: Arc<Semaphore>,
    silent: Mutex<Silent>,
}

/// Those who say nothing at the moment, whoever has done so for the longest time first.
#[derive(Default)]
struct Silent {
    next: u64,
    waiting: BTreeMap<u64, CancellationToken>,
}

impl Room {
    /// So many places, all free.
    pub fn of(places: usize) -> Arc<Self> {
        Arc::new(Self { places: Arc::new(Semaphore::new(places)), silent: Mutex::default() })
    }

    /// A place, if one is free or somebody keeps one without a word; nobody who waits for an answer, or follows,
    /// is shown out.
    pub async fn sit_down(self: &Arc<Self>) -> Option<Seat> {
        let place = match Arc::clone(&self.places).try_acquire_owned() {
            Ok(place) => place,
            Err(_) => self.made_free().await?,
        };
        let (room, out) = (Arc::clone(self), CancellationToken::new());
        let mut seat = Seat { room, silent_as: None, out, _place: place };
        seat.falls_silent();
        Some(seat)
    }

    async fn made_free(&self) -> Option<OwnedSemaphorePermit> {
        // Whoever began to speak at this very moment keeps its place, and the next one is asked.
        while let Some(out) = self.longest_silent() {
            out.cancel();
            if let Ok(Ok(place)) = timeout(LEAVE, Arc::clone(&self.places).acquire_owned()).await {
                return Some(place);
            }
        }
        None
    }

    fn longest_silent(&self) -> Option<CancellationToken> {
        self.silent().waiting.pop_first().map(|(_, out)| out)
    }

    fn silent(&self) -> MutexGuard<'_, Silent> {
        self.silent.lock().expect("nothing panics while it holds the list")
    }
}

/// One place; dropping it makes it free. Whoever has just sat down has said nothing yet.
pub struct Seat {
    room: Arc<Room>,
    silent_as: Option<u64>,
    out: CancellationToken,
    _place: OwnedSemaphorePermit,
}

impl Seat {
    /// Nothing is said from here on: what is returned is cancelled when somebody else needs the place more.
    pub fn falls_silent(&mut self) -> CancellationToken {
        if self.silent_as.is_none() {
            self.out = CancellationToken::new();
            let mut silent = self.room.silent();
            silent.next += 1;
            let number = silent.next;
            silent.waiting.insert(number, self.out.clone());
            drop(silent);
            self.silent_as = Some(number);
        }
        self.out.clone()
    }

    /// It has said something.
    pub fn speaks(&mut self) {
        if let Some(number) = self.silent_as.take() {
            self.room.silent().waiting.remove(&number);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.speaks();
    }
}
