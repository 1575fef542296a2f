//! One public port of the wire: open and forwarding, or closed, so that the machine itself refuses whoever asks.

use super::{Post, WireError, tcp, udp};
use socket2::{SockFilter, SockRef};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// What a port carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carries {
    Connections,
    Datagrams,
}

/// A port; when it is dropped everything that it carries ends.
#[derive(Debug)]
pub(super) struct Port {
    post: Post,
    carries: Carries,
    at: SocketAddr,
    task: Option<Forwarding>,
}

#[derive(Debug)]
struct Forwarding {
    task: JoinHandle<()>,
    /// Where connections come in, if they do.
    listener: Option<Arc<TcpListener>>,
    /// Dropped, it tells the task to close everything and end.
    close: oneshot::Sender<()>,
}

impl Port {
    /// Opens one; port 0 takes any.
    pub(super) async fn open(post: Post, carries: Carries, at: SocketAddr) -> Result<Self, WireError> {
        Self { post, carries, at, task: None }.opened().await
    }

    pub(super) fn at(&self) -> SocketAddr {
        self.at
    }

    pub(super) fn carried(&self) -> u64 {
        self.post.carried.load(Ordering::Relaxed)
    }

    pub(super) async fn opened(mut self) -> Result<Self, WireError> {
        if self.task.is_none() {
            let failed = |source| WireError { at: self.at, owner: self.post.owner.clone(), source };
            let (close, closing) = oneshot::channel();
            let (task, listener) = match self.carries {
                Carries::Connections => {
                    let listener = Arc::new(TcpListener::bind(self.at).await.map_err(failed)?);
                    self.at = listener.local_addr().map_err(failed)?;
                    let forward = tcp::forward(self.post.clone(), Arc::clone(&listener), closing);
                    (tokio::spawn(forward), Some(listener))
                }
                Carries::Datagrams => {
                    let socket = UdpSocket::bind(self.at).await.map_err(failed)?;
                    self.at = socket.local_addr().map_err(failed)?;
                    let forward = udp::forward(self.post.clone(), Arc::new(socket), closing);
                    (tokio::spawn(forward), None)
                }
            };
            self.task = Some(Forwarding { task, listener, close });
            self.shun();
        }
        Ok(self)
    }

    /// The same with its socket closed, and everything that it carried.
    pub(super) async fn closed(mut self) -> Self {
        if let Some(Forwarding { task, listener, close }) = self.task.take() {
            drop((listener, close));
            // It ends by itself; that it panicked would have been told.
            let _ = task.await;
        }
        self
    }
}

impl Port {
    /// Has the kernel drop what comes from parties that are cut off: their handshakes then wait as for a dead line.
    pub(super) fn shun(&self) {
        let listener = self.task.as_ref().and_then(|forwarding| forwarding.listener.as_ref());
        let Some(listener) = listener else { return };
        let cut = |(ip, name): (&IpAddr, &String)| match ip {
            IpAddr::V4(ip) => self.post.shared.passages.cuts(name, &self.post.owner).then_some(*ip),
            IpAddr::V6(_) => None,
        };
        let shunned: Vec<Ipv4Addr> = self.post.shared.parties.iter().filter_map(cut).collect();
        // Where the system takes no filter, a connection into a cut is accepted, and nothing is heard on it.
        let _ = SockRef::from(&**listener).attach_filter(&filter(&shunned));
    }
}

/// A packet's sender, counted from the network's header on, which is where the kernel lets filters look.
const SENDER: u32 = 0xfff0_0000 + 12;
/// Load a word; skip what follows unless it is equal; let so many bytes pass: the kernel's names are
/// `BPF_LD | BPF_W | BPF_ABS`, `BPF_JMP | BPF_JEQ | BPF_K` and `BPF_RET | BPF_K`.
const LOAD: u16 = 0x20;
const EQUALS: u16 = 0x15;
const PASS: u16 = 0x06;

/// A program for the kernel: drops what these senders send, and lets the rest pass.
fn filter(shunned: &[Ipv4Addr]) -> Vec<SockFilter> {
    let mut program = vec![SockFilter::new(LOAD, 0, 0, SENDER)];
    for ip in shunned {
        program.push(SockFilter::new(EQUALS, 0, 1, u32::from(*ip)));
        program.push(SockFilter::new(PASS, 0, 0, 0));
    }
    program.push(SockFilter::new(PASS, 0, 0, u32::MAX));
    program
}

impl Drop for Port {
    fn drop(&mut self) {
        if let Some(Forwarding { task, .. }) = &self.task {
            task.abort();
        }
    }
}
