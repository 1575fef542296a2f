//! The lab's own network: every path runs through it, and each direction can delay, hold or go silent.
//!
//! A listener has a public address, which clients dial, and a real one behind it. Who dials is known by the source
//! address, who is dialled by the listener; replies travel the other direction. The wire dials on from the source
//! address of its client, so that the far end still sees who it is. A cut is silence: neither bytes nor the end of a
//! killed process pass it.
//!
//! A handshake into a cut gets no answer: the kernel is asked to drop it, and the client's own kernel tries again, so
//! that after mending it takes a second or a few until it passes, as it would over a real line. A port behind the wire
//! that is closed is not seen by datagrams, which are lost; whoever wants them refused closes the public port as well.

mod passage;
mod port;
mod tcp;
mod udp;

pub use passage::{Passage, UnknownParty};

use passage::Passages;
use port::{Carries, Port};
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use thiserror::Error;

/// A public address could not be had.
#[derive(Debug, Error)]
#[error("the wire cannot listen on {at} for {owner}")]
pub struct WireError {
    at: SocketAddr,
    owner: String,
    source: io::Error,
}

/// The network; all its connections end when it is dropped.
#[derive(Debug)]
pub struct Wire {
    shared: Arc<Shared>,
    ports: Mutex<Vec<Port>>,
}

/// What all listeners share.
#[derive(Debug)]
struct Shared {
    parties: BTreeMap<IpAddr, String>,
    passages: Passages,
}

impl Shared {
    /// A stranger goes by its address, and is never cut off.
    fn name(&self, ip: IpAddr) -> String {
        self.parties.get(&ip).cloned().unwrap_or_else(|| ip.to_string())
    }
}

/// One listener: for whom, what is behind it, and how many bytes it has carried both ways.
#[derive(Clone, Debug)]
struct Post {
    shared: Arc<Shared>,
    owner: String,
    real: SocketAddr,
    carried: Arc<AtomicU64>,
}

impl Post {
    fn count(&self, bytes: usize) {
        self.carried.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

impl Wire {
    /// A network between these parties, known by the addresses they dial from; all directions are open.
    pub fn new(parties: BTreeMap<IpAddr, String>) -> Self {
        let shared = Shared { parties, passages: Passages::default() };
        shared.parties.values().for_each(|name| shared.passages.introduce(name));
        Self { shared: Arc::new(shared), ports: Mutex::default() }
    }

    /// Forwards connections to `public` to the owner's real address; gives the public address, its port filled in.
    ///
    /// # Errors
    /// When the public address is taken or is not ours.
    pub async fn tcp(
        &self,
        owner: &str,
        public: SocketAddr,
        real: SocketAddr,
    ) -> Result<SocketAddr, WireError> {
        self.lay(owner, (Carries::Connections, public), real).await
    }

    /// Forwards datagrams likewise, and the replies back.
    ///
    /// # Errors
    /// When the public address is taken or is not ours.
    pub async fn udp(
        &self,
        owner: &str,
        public: SocketAddr,
        real: SocketAddr,
    ) -> Result<SocketAddr, WireError> {
        self.lay(owner, (Carries::Datagrams, public), real).await
    }

    /// Closes every port at a public address: whoever asks there is refused, as by a machine whose process is gone.
    pub async fn close(&self, public: SocketAddr) {
        let ours = |port: &Port| port.at() == public;
        let closing: Vec<Port> = self.ports().extract_if(.., |port| ours(port)).collect();
        let mut closed = Vec::new();
        for port in closing {
            closed.push(port.closed().await);
        }
        self.ports().extend(closed);
    }

    /// Opens them again.
    ///
    /// # Errors
    /// When somebody else has taken the address meanwhile.
    pub async fn open(&self, public: SocketAddr) -> Result<(), WireError> {
        let ours = |port: &Port| port.at() == public;
        let opening: Vec<Port> = self.ports().extract_if(.., |port| ours(port)).collect();
        for port in opening {
            let port = port.opened().await?;
            self.ports().push(port);
        }
        Ok(())
    }

    /// How many bytes have passed a public address so far, both ways together.
    pub fn carried(&self, public: SocketAddr) -> u64 {
        self.ports().iter().filter(|port| port.at() == public).map(Port::carried).sum()
    }

    /// Sets one direction.
    ///
    /// # Errors
    /// When a name is neither a party's nor an owner's.
    pub fn set(&self, from: &str, to: &str, passage: Passage) -> Result<(), UnknownParty> {
        self.shared.passages.set(from, to, passage)?;
        self.ports().iter().for_each(Port::shun);
        Ok(())
    }

    /// Sets every direction between two groups, both ways.
    ///
    /// # Errors
    /// When a name is neither a party's nor an owner's.
    pub fn between(&self, these: &[&str], those: &[&str], passage: Passage) -> Result<(), UnknownParty> {
        for (this, that) in these.iter().flat_map(|this| those.iter().map(move |that| (this, that))) {
            self.set(this, that, passage)?;
            self.set(that, this, passage)?;
        }
        Ok(())
    }

    /// Cuts one party off from all others that are known by now.
    ///
    /// # Errors
    /// When the name is neither a party's nor an owner's.
    pub fn isolate(&self, name: &str) -> Result<(), UnknownParty> {
        let names = self.shared.passages.names();
        let others = names.iter().map(String::as_str).filter(|other| *other != name).collect::<Vec<_>>();
        self.between(&[name], &others, Passage::Silent)
    }

    /// Opens every direction.
    pub fn mend(&self) {
        self.shared.passages.mend();
        self.ports().iter().for_each(Port::shun);
    }

    async fn lay(
        &self,
        owner: &str,
        (carries, public): (Carries, SocketAddr),
        real: SocketAddr,
    ) -> Result<SocketAddr, WireError> {
        self.shared.passages.introduce(owner);
        let shared = Arc::clone(&self.shared);
        let post = Post { shared, owner: owner.to_owned(), real, carried: Arc::default() };
        let port = Port::open(post, carries, public).await?;
        let at = port.at();
        self.ports().push(port);
        Ok(at)
    }

    fn ports(&self) -> MutexGuard<'_, Vec<Port>> {
        self.ports.lock().expect("nothing panics while it holds the ports")
    }
}

#[cfg(test)]
mod tests;
