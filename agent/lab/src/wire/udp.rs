//! Carries datagrams there and back, each when its direction lets it, or not at all.

use super::Post;
use super::passage::{Fate, Lane};
use agent::clock;
use state::Mono;
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

/// The largest datagram there is.
const LARGEST: usize = 65_535;

/// As many datagrams a direction keeps for one client; what is more is lost, as in any full buffer.
const QUEUE: usize = 256;

/// A client that was quiet for so long is forgotten; its next datagram makes it known again.
const QUIET: Duration = Duration::from_secs(60);

/// A probe dials from a new port every time: more clients than a minute of the fastest pace brings.
const CLIENTS: usize = 4096;

type Datagram = (Mono, Vec<u8>);

pub(super) async fn forward(post: Post, public: Arc<UdpSocket>, mut closing: oneshot::Receiver<()>) {
    // The flows die with this task.
    let mut flows = JoinSet::new();
    let mut known = HashMap::<SocketAddr, mpsc::Sender<Datagram>>::new();
    let mut bytes = vec![0; LARGEST];
    loop {
        let received = tokio::select! {
            _ = &mut closing => break,
            Some(_) = flows.join_next() => {
                known.retain(|_, queue| !queue.is_closed());
                continue;
            }
            received = public.recv_from(&mut bytes) => received,
        };
        // An error is an earlier datagram's, which was refused somewhere.
        let Ok((count, client)) = received else { continue };
        post.count(count);
        let name = post.shared.name(client.ip());
        let there = post.shared.passages.lane(&name, &post.owner);
        if there.is_cut() {
            continue;
        }
        known.retain(|at, queue| *at != client || !queue.is_closed());
        if known.len() >= CLIENTS {
            continue;
        }
        let queue = known.entry(client).or_insert_with(|| {
            let (queue, waiting) = mpsc::channel(QUEUE);
            let back = post.shared.passages.lane(&post.owner, &name);
            let flow = Flow { post: post.clone(), public: Arc::clone(&public), client };
            flows.spawn(flow.run(waiting, (there, back)));
            queue
        });
        let _ = queue.try_send((clock::mono(), bytes[..count].to_vec()));
    }
    // The flows hold the socket as well: it is closed when the last of them has ended.
    flows.shutdown().await;
}

/// One client's datagrams there, and the replies back.
struct Flow {
    post: Post,
    public: Arc<UdpSocket>,
    client: SocketAddr,
}

impl Flow {
    async fn run(self, waiting: mpsc::Receiver<Datagram>, (there, back): (Lane, Lane)) {
        // Without a socket of that address there is no way on; the datagram is lost.
        let Ok(socket) = self.socket().await else { return };
        let (replies, replied) = mpsc::channel(QUEUE);
        let heard = back.clone();
        let outward = pass(waiting, there, Way::On(&socket));
        let homeward = pass(replied, back, Way::Home(&self.public, self.client));
        tokio::select! {
            () = outward => {}
            () = homeward => {}
            () = self.listen(&socket, &replies, &heard) => {}
        }
    }

    async fn socket(&self) -> io::Result<UdpSocket> {
        let socket = UdpSocket::bind(SocketAddr::new(self.client.ip(), 0)).await?;
        socket.connect(self.post.real).await?;
        Ok(socket)
    }

    async fn listen(&self, socket: &UdpSocket, replies: &mpsc::Sender<Datagram>, lane: &Lane) {
        let mut bytes = vec![0; LARGEST];
        loop {
            if let Ok(count) = socket.recv(&mut bytes).await
                && !lane.is_cut()
            {
                self.post.count(count);
                let _ = replies.try_send((clock::mono(), bytes[..count].to_vec()));
            }
        }
    }
}

/// To the owner, or back to the client.
enum Way<'a> {
    On(&'a UdpSocket),
    Home(&'a UdpSocket, SocketAddr),
}

/// Passes datagrams on in order, until none has come for a long while.
async fn pass(mut queue: mpsc::Receiver<Datagram>, mut lane: Lane, way: Way<'_>) {
    while let Ok(Some((at, bytes))) = tokio::time::timeout(QUIET, queue.recv()).await {
        if lane.clear_or_lost(at).await == Fate::Lost {
            continue;
        }
        // A refusal cannot be passed on without root: to the client it is a loss.
        let _ = match way {
            Way::On(socket) => socket.send(&bytes).await,
            Way::Home(socket, client) => socket.send_to(&bytes, client).await,
        };
    }
}
