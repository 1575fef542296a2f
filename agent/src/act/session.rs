//! Prepared sessions: each has a thread of its own from the login to its one attempt, or to its deadline.

use super::entrance::{Credentials, Entrance};
use super::held::HeldLine;
use super::outcome;
use super::reins::Reins;
use crate::carriers::attempt::attempt;
use crate::carriers::ntsapi::NtsapiLine;
use crate::carriers::window::Window;
use crate::clock::mono;
use crate::event::{Event, Point};
use state::window::CLOSE_BY;
use state::{Mono, Nonce};
use std::collections::BTreeMap;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

/// Twice what the node prepares at once; each is a thread and a connection.
const SESSIONS: usize = 32;

/// How long one wait for an order may last before the clock and the reins are looked at again.
const WAIT_MAX: Duration = Duration::from_millis(100);

type Orders = Arc<Mutex<BTreeMap<Nonce, SyncSender<Point>>>>;

/// The sessions that wait for their attempt. Taking the sender away lets a session go.
#[derive(Debug)]
pub struct Sessions {
    reins: Arc<Reins>,
    orders: Orders,
}

impl Sessions {
    /// None.
    pub fn new(reins: Arc<Reins>) -> Self {
        Self { reins, orders: Orders::default() }
    }

    /// Logs in, in a thread of its own.
    pub fn prepare(&self, nonce: Nonce, entrance: Arc<Entrance>, until: Mono) {
        let (order, orders) = mpsc::sync_channel(1);
        {
            let mut open = lock(&self.orders);
            if open.contains_key(&nonce) {
                tracing::error!(nonce = nonce.0, "the same session was ordered twice");
                return;
            }
            if open.len() >= SESSIONS {
                let why = format!("{SESSIONS} sessions are open already");
                self.reins.tell(Event::Unprepared { nonce, why });
                return;
            }
            open.insert(nonce, order);
        }
        let session =
            Prepared { nonce, entrance, reins: Arc::clone(&self.reins), open: Arc::clone(&self.orders) };
        let started = thread::Builder::new()
            .name(format!("ntsapi {nonce}"))
            .spawn(move || session.live(until, &orders));
        if let Err(error) = started {
            lock(&self.orders).remove(&nonce);
            let why = format!("cannot start a thread: {error}");
            self.reins.tell(Event::Unprepared { nonce, why });
        }
    }

    /// Lets a session go; no word if there is none.
    pub fn release(&self, nonce: Nonce) {
        lock(&self.orders).remove(&nonce);
    }

    /// Gives a session its one attempt, or gives the attempt back if there is no such session.
    pub fn point(&self, point: Point) -> Result<(), Point> {
        let order = lock(&self.orders).remove(&point.nonce);
        match order {
            // Capacity one, and the sender is taken out: it cannot be full, only gone.
            Some(order) => order.try_send(point).map_err(|error| match error {
                mpsc::TrySendError::Full(point) | mpsc::TrySendError::Disconnected(point) => point,
            }),
            None => Err(point),
        }
    }
}

impl Drop for Sessions {
    fn drop(&mut self) {
        lock(&self.orders).clear();
    }
}

fn lock(orders: &Orders) -> MutexGuard<'_, BTreeMap<Nonce, SyncSender<Point>>> {
    orders.lock().expect("nothing panics while it holds the sessions")
}

/// One session's thread.
struct Prepared {
    nonce: Nonce,
    entrance: Arc<Entrance>,
    reins: Arc<Reins>,
    open: Orders,
}

impl Prepared {
    fn live(self, until: Mono, orders: &Receiver<Point>) {
        self.reins.count_login();
        let (line, credentials) = match self.entrance.open(until) {
            Ok(opened) => opened,
            Err(why) => {
                lock(&self.open).remove(&self.nonce);
                self.reins.tell(Event::Unprepared { nonce: self.nonce, why });
                return;
            }
        };
        if !lock(&self.open).contains_key(&self.nonce) {
            // Released while it logged in.
            line.quit();
            return;
        }
        // The ask starts with this event, so nothing can be sent later than C from here.
        let deadline = mono() + CLOSE_BY;
        self.reins.tell(Event::Prepared { nonce: self.nonce });
        match self.wait(orders, deadline) {
            Some(point) => self.execute((line, credentials), &point),
            None => line.quit(),
        }
    }

    /// The attempt, if it comes before the deadline, the release or the end.
    fn wait(&self, orders: &Receiver<Point>, deadline: Mono) -> Option<Point> {
        loop {
            match orders.recv_timeout(deadline.left(mono()).min(WAIT_MAX)) {
                Ok(point) => return Some(point),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
            if self.reins.are_let_go() || deadline.left(mono()).is_zero() {
                // Whoever takes the sender out first decides: an order on its way is still obeyed or refused.
                return match lock(&self.open).remove(&self.nonce) {
                    Some(_) => None,
                    None => orders.recv().ok(),
                };
            }
        }
    }

    fn execute(&self, (line, credentials): (NtsapiLine, Credentials), point: &Point) {
        let batch = outcome::moves(point);
        let window = Window { send_by: point.send_by, close_by: point.close_by };
        let mut held = HeldLine {
            line,
            fence: point.fence,
            entrance: &self.entrance,
            credentials: &credentials,
            reins: &self.reins,
        };
        let report = attempt(&mut held, &batch, window);
        if let Some(text) = &report.login_refused {
            self.entrance.refused(credentials.clone(), text);
        }
        outcome::count(&report, &self.reins.spans);
        tracing::debug!(fence = point.fence.0, spans = %self.reins.spans.histogram(), "an attempt ended");
        self.reins.tell_with_tally(Event::Executed { fence: point.fence, report: outcome::told(&report) });
        // Used for this fence alone.
        held.line.quit();
    }
}
