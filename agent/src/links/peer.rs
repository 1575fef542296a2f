//! One peer: what waits for it, which links to it live, and which of them is used for sending.

use super::outbox::Outbox;
use super::{Closed, LinkEvent};
use state::{Fingerprint, SiteId};
use std::net::SocketAddr;
use tokio::sync::{Mutex, mpsc, watch};
use tokio_util::sync::CancellationToken;

/// Two arise when both ends dial at once, a third after a restart; the fourth is spare. Beyond it the oldest
/// goes, so that a peer gone wild cannot hold a thousand.
const LINKS_MAX: usize = 4;

/// A seat among the links of a peer: its number, and whether it was pushed out.
pub(super) struct Seat {
    pub(super) number: u64,
    pub(super) pushed_out: CancellationToken,
}

#[derive(Default)]
struct Seats {
    next: u64,
    taken: Vec<(u64, CancellationToken)>,
}

/// Another site, where it listens, and who may speak for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    /// Its name.
    pub site: SiteId,
    /// Where it listens.
    pub address: SocketAddr,
    /// By which key it is known.
    pub trust: Trust,
}

/// Which keys are believed of whoever names a site in a certificate of the cluster's CA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Any.
    Any,
    /// This one: every earlier bundle was revoked.
    Only(Fingerprint),
    /// None: it is not dialled, and not let in.
    Nobody,
}

impl Trust {
    /// Whether whoever shows this key is believed.
    pub fn admits(self, key: Fingerprint) -> bool {
        match self {
            Self::Any => true,
            Self::Only(only) => only == key,
            Self::Nobody => false,
        }
    }
}

/// Another site, as the links know it.
pub(super) struct Peer {
    pub(super) site: SiteId,
    pub(super) trust: Trust,
    address: watch::Sender<SocketAddr>,
    pub(super) outbox: Outbox,
    /// The policy has it no more: whatever is about it ends.
    pub(super) gone: CancellationToken,
    newest: watch::Sender<Option<u64>>,
    seats: Mutex<Seats>,
}

impl Peer {
    pub(super) fn new(Other { site, address, trust }: Other) -> Self {
        Self {
            site,
            trust,
            address: watch::Sender::new(address),
            outbox: Outbox::default(),
            gone: CancellationToken::new(),
            newest: watch::Sender::new(None),
            seats: Mutex::default(),
        }
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        *self.address.borrow()
    }

    /// It listens there from now on. A link that stands is not torn for it.
    pub(super) fn moves(&self, to: SocketAddr) {
        self.address.send_replace(to);
    }

    /// The number of the newest live link, which alone is used for sending; none while the peer is away.
    pub(super) fn newest(&self) -> watch::Receiver<Option<u64>> {
        self.newest.subscribe()
    }

    /// A new link takes over. The lock is held while the event waits, so that `Up` and `Down` keep their order.
    pub(super) async fn sit_down(&self, inbox: &mpsc::Sender<LinkEvent>) -> Seat {
        let mut seats = self.seats.lock().await;
        seats.next += 1;
        let seat = Seat { number: seats.next, pushed_out: CancellationToken::new() };
        seats.taken.push((seat.number, seat.pushed_out.clone()));
        if seats.taken.len() > LINKS_MAX {
            seats.taken.remove(0).1.cancel();
        }
        if seats.taken.len() == 1 {
            // A closed inbox means that the agent is stopping; the reader of the link finds out next.
            let _ = inbox.send(LinkEvent::Up { site: self.site.clone() }).await;
        }
        self.newest.send_replace(Some(seat.number));
        seat
    }

    /// A link is gone; the newest of those left, if any, is used from now on.
    pub(super) async fn get_up(&self, number: u64, why: &Closed, inbox: &mpsc::Sender<LinkEvent>) {
        let mut seats = self.seats.lock().await;
        let before = seats.taken.len();
        seats.taken.retain(|(taken, _)| *taken != number);
        let last = seats.taken.last().map(|(number, _)| *number);
        if before > 0 && last.is_none() {
            let _ = inbox.send(LinkEvent::Down { site: self.site.clone(), why: why.clone() }).await;
        }
        self.newest.send_replace(last);
    }
}
