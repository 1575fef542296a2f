//! Links between sites: mutual TLS over TCP, frames both ways, and a cut cable noticed within two seconds.
//!
//! Absent on purpose: the meaning of a frame (bytes in, bytes out), the choice of a relay, and any promise of
//! delivery. A frame may be lost when a link dies or a queue is full; everything above repeats until it is answered.

mod accept;
mod dial;
pub mod frame;
mod identity;
mod link;
pub mod name;
mod outbox;
mod peer;
mod refusal;
mod seal;
pub mod sight;
#[cfg(test)]
mod tests;

pub use frame::FRAME_MAX;
pub use identity::{Bundle, Identity, IdentityError};
pub use outbox::{OUTBOX_BYTES, OUTBOX_FRAMES};
pub use peer::{Other, Trust};
pub use refusal::{Refusal, Refused};
pub use seal::SealFault;

use peer::Peer;
use refusal::RefusalLog;
use state::SiteId;
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

/// From the connection to the other end's first pulse: four round trips to the far side of the world, twice.
pub const INTRODUCTION: Duration = Duration::from_secs(2);

/// What the links of one site need to know.
pub struct Config {
    /// This site; its certificate must say the same.
    pub own: SiteId,
    /// The cluster; its certificate must say the same.
    pub cluster: String,
    /// Where the others reach us.
    pub listen: SocketAddr,
    /// Where our own calls leave from, so that firewalls can tell who calls; default: the listening address.
    pub bind: Option<IpAddr>,
    /// All other sites, and where they listen.
    pub peers: Vec<Other>,
    /// What we show.
    pub identity: Identity,
}

/// What the links tell the agent. For one site `Up` and `Down` alternate; frames come between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkEvent {
    /// The first link to a site stands.
    Up {
        /// The other end.
        site: SiteId,
    },
    /// The last link to a site is gone.
    Down {
        /// The other end.
        site: SiteId,
        /// What ended it.
        why: Closed,
    },
    /// A frame has come; its sender is who the certificate says, not what the bytes say.
    Frame {
        /// Who sent it.
        from: SiteId,
        /// Its bytes, never empty.
        bytes: Vec<u8>,
    },
}

/// What ended a link.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Closed {
    /// The other end said goodbye.
    #[error("the other end closed it")]
    Ended,
    /// Not a byte came: a cut cable makes no sound.
    #[error("nothing was heard for {} s", frame::SILENCE.as_secs())]
    Silent,
    /// The other end takes nothing.
    #[error("the other end took nothing for {} s", frame::STUCK.as_secs())]
    Stuck,
    /// More than a frame may have.
    #[error("a frame of {length} bytes came, {FRAME_MAX} are allowed")]
    Oversized {
        /// What its head announced.
        length: usize,
    },
    /// The connection failed.
    #[error("the connection failed: {0}")]
    Broken(String),
    /// A newer link to the same site took over.
    #[error("a newer link took over")]
    Superseded,
    /// The site was taken out of the policy.
    #[error("the policy has no such site any more")]
    Removed,
    /// Nobody reads the inbox: the agent is going down.
    #[error("this agent is stopping")]
    Stopping,
}

/// Why links could not be set up at all.
#[derive(Debug, Error)]
pub enum LinksError {
    /// The bundle belongs to someone else.
    #[error(
        "the certificate is for `{shown}`, but this is `{wanted}`; hint: compare `site:` with the bundle"
    )]
    NotOurs {
        /// What the certificate says.
        shown: String,
        /// What the configuration says.
        wanted: String,
    },
    /// A peer with our own name, or one named twice.
    #[error("`{0}` stands twice among the sites")]
    Twice(SiteId),
    /// The address cannot be listened at.
    #[error("cannot listen for peers at {listen}")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// Why a frame was not queued.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SendError {
    /// Not one of the peers.
    #[error("cannot send to `{0}`: it is not a peer")]
    UnknownSite(SiteId),
    /// Empty is a pulse, and more than the limit would close the link at the other end.
    #[error("cannot send a frame of {0} bytes: 1 to {FRAME_MAX} are allowed")]
    Length(usize),
}

/// The links of this site. Dropping it ends them all.
pub struct Links {
    hall: Arc<Hall>,
    listen: SocketAddr,
    _stop: DropGuard,
}

/// What all tasks of the links share; nothing in it is the truth about the cluster.
struct Hall {
    own: SiteId,
    cluster: String,
    leave_from: Option<IpAddr>,
    identity: Identity,
    peers: watch::Sender<BTreeMap<SiteId, Arc<Peer>>>,
    inbox: mpsc::Sender<LinkEvent>,
    refusals: RefusalLog,
    stop: CancellationToken,
}

impl Links {
    /// Listens, and dials every peer until a link stands. Must be called within a tokio runtime.
    pub fn spawn(config: Config, inbox: mpsc::Sender<LinkEvent>) -> Result<Self, LinksError> {
        let peers = check(&config)?;
        let listener =
            listen(config.listen).map_err(|source| LinksError::Listen { listen: config.listen, source })?;
        let listen = listener.local_addr().unwrap_or(config.listen);
        let own_address = Some(config.listen.ip()).filter(|ip| !ip.is_unspecified());
        let stop = CancellationToken::new();
        let hall = Arc::new(Hall {
            own: config.own,
            cluster: config.cluster,
            leave_from: config.bind.or(own_address),
            identity: config.identity,
            peers: watch::Sender::new(peers),
            inbox,
            refusals: RefusalLog::default(),
            stop: stop.clone(),
        });
        hall.start(accept::keep_accepting(hall.clone(), listener));
        hall.peers.borrow().values().for_each(|peer| hall.dial(peer));
        Ok(Self { hall, listen, _stop: stop.drop_guard() })
    }

    /// These are the other sites from now on. Who stays keeps its links, also at another address; who goes loses them,
    /// and so does whoever is believed by another key than before. Must be called within a tokio runtime.
    pub fn link(&self, others: &[Other]) {
        let mut before = self.hall.peers.borrow().clone();
        let mut peers = BTreeMap::new();
        for other in others.iter().filter(|other| other.site != self.hall.own) {
            let same = before.get(&other.site).is_some_and(|peer| peer.trust == other.trust);
            let peer = match before.remove(&other.site).filter(|_| same) {
                Some(peer) => {
                    peer.moves(other.address);
                    peer
                }
                None => {
                    let peer = Arc::new(Peer::new(other.clone()));
                    self.hall.dial(&peer);
                    peer
                }
            };
            peers.insert(other.site.clone(), peer);
        }
        let gone = self.hall.peers.send_replace(peers.clone());
        let stays = |peer: &Arc<Peer>| peers.values().any(|kept| Arc::ptr_eq(kept, peer));
        gone.values().filter(|peer| !stays(peer)).for_each(|peer| peer.gone.cancel());
    }

    /// Queues a frame for a peer and returns at once; a full queue drops its oldest.
    pub fn send(&self, to: &SiteId, bytes: Vec<u8>) -> Result<(), SendError> {
        let peer = self.hall.peer(to).ok_or_else(|| SendError::UnknownSite(to.clone()))?;
        if bytes.is_empty() || bytes.len() > FRAME_MAX {
            return Err(SendError::Length(bytes.len()));
        }
        peer.outbox.push(bytes);
        Ok(())
    }

    /// Where we listen, with the port that the system chose if none was asked for.
    pub fn listens_at(&self) -> SocketAddr {
        self.listen
    }

    /// How many frames to a peer were dropped since the start, because its queue was full.
    pub fn dropped(&self, to: &SiteId) -> u64 {
        self.hall.peer(to).map_or(0, |peer| peer.outbox.dropped())
    }

    /// What kept connections from becoming links since the start, for the status.
    pub fn refused(&self) -> Vec<Refused> {
        self.hall.refusals.all()
    }
}

impl Hall {
    fn peer(&self, site: &SiteId) -> Option<Arc<Peer>> {
        self.peers.borrow().get(site).cloned()
    }

    fn is_neighbour(&self, ip: IpAddr) -> bool {
        self.peers.borrow().values().any(|peer| peer.address().ip() == ip)
    }

    // Nobody calls a site for which nobody may speak.
    fn dial(self: &Arc<Self>, peer: &Arc<Peer>) {
        if peer.trust != Trust::Nobody {
            self.start(dial::keep_dialling(self.clone(), peer.clone()));
        }
    }

    // The only place where a task of the links begins, so that each of them ends with the links.
    fn start(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        tokio::spawn(async move {
            stop.run_until_cancelled(task).await;
        });
    }
}

fn check(config: &Config) -> Result<BTreeMap<SiteId, Arc<Peer>>, LinksError> {
    let shown = name::dns_name(config.identity.site(), config.identity.cluster());
    let wanted = name::dns_name(&config.own, &config.cluster);
    if shown != wanted {
        return Err(LinksError::NotOurs { shown, wanted });
    }
    let mut peers = BTreeMap::new();
    for other in &config.peers {
        let (site, peer) = (other.site.clone(), Arc::new(Peer::new(other.clone())));
        if site == config.own || peers.insert(site.clone(), peer).is_some() {
            return Err(LinksError::Twice(site));
        }
    }
    Ok(peers)
}

fn listen(at: SocketAddr) -> io::Result<tokio::net::TcpListener> {
    let listener = TcpListener::bind(at)?;
    listener.set_nonblocking(true)?;
    tokio::net::TcpListener::from_std(listener)
}
