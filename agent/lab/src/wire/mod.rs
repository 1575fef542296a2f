//! The lab's own network: every path runs through it, and each direction can delay, hold or go silent.
//!
//! A listener has a public address, which clients dial, and a real one behind it. Who dials is known by the source
//! address, who is dialled by the listener; replies travel the other direction. The wire dials on from the source
//! address of its client, so that the far end still sees who it is. A cut is silence: neither bytes nor the end of a
//! killed process pass it.
//!
//! Without root two things cannot be told as a real network would: a connection is accepted even when the far side is
//! cut off (nothing is ever heard on it, and the far side is only dialled when the cut is mended), and a datagram to a
//! closed port is not refused but lost.

mod passage;
mod tcp;
mod udp;

pub use passage::{Passage, UnknownParty};

use passage::Passages;
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use thiserror::Error;
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::AbortHandle;

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
    tasks: Mutex<Vec<AbortHandle>>,
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

/// One listener: for whom, and what is behind it.
#[derive(Clone, Debug)]
struct Post {
    shared: Arc<Shared>,
    owner: String,
    real: SocketAddr,
}

impl Wire {
    /// A network between these parties, known by the addresses they dial from; all directions are open.
    pub fn new(parties: BTreeMap<IpAddr, String>) -> Self {
        let shared = Shared { parties, passages: Passages::default() };
        shared.parties.values().for_each(|name| shared.passages.introduce(name));
        Self { shared: Arc::new(shared), tasks: Mutex::default() }
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
        let failed = |source| WireError { at: public, owner: owner.to_owned(), source };
        let listener = TcpListener::bind(public).await.map_err(failed)?;
        let at = listener.local_addr().map_err(failed)?;
        self.keep(tokio::spawn(tcp::forward(self.post(owner, real), listener)).abort_handle());
        Ok(at)
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
        let failed = |source| WireError { at: public, owner: owner.to_owned(), source };
        let socket = UdpSocket::bind(public).await.map_err(failed)?;
        let at = socket.local_addr().map_err(failed)?;
        self.keep(tokio::spawn(udp::forward(self.post(owner, real), Arc::new(socket))).abort_handle());
        Ok(at)
    }

    /// Sets one direction.
    ///
    /// # Errors
    /// When a name is neither a party's nor an owner's.
    pub fn set(&self, from: &str, to: &str, passage: Passage) -> Result<(), UnknownParty> {
        self.shared.passages.set(from, to, passage)
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
    }

    fn post(&self, owner: &str, real: SocketAddr) -> Post {
        self.shared.passages.introduce(owner);
        Post { shared: Arc::clone(&self.shared), owner: owner.to_owned(), real }
    }

    fn keep(&self, task: AbortHandle) {
        self.tasks.lock().expect("nothing panics while it holds the tasks").push(task);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        let tasks = self.tasks.get_mut().expect("nothing panics while it holds the tasks");
        tasks.iter().for_each(AbortHandle::abort);
    }
}

#[cfg(test)]
mod tests;
