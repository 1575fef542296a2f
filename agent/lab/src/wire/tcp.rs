//! Carries connections: bytes and ends, each when its direction lets it.

use super::Post;
use super::passage::Lane;
use agent::clock;
use socket2::SockRef;
use state::Mono;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

/// One read; with the queue it makes half a megabyte that a cut direction keeps, then its sender has to wait.
const CHUNK: usize = 8 * 1024;
const QUEUE: usize = 64;

/// Something that travels: bytes, or the end of all bytes.
enum Parcel {
    Bytes(Mono, Vec<u8>),
    End(Mono),
}

/// The far end takes no more, and its sender may know by now.
struct Broken;

pub(super) async fn forward(post: Post, listener: Arc<TcpListener>, mut closing: oneshot::Receiver<()>) {
    // The connections die with this task.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut closing => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((client, peer)) => {
                    connections.spawn(carry(post.clone(), client, peer.ip()));
                }
                // Out of descriptors, or the client was gone already: neither is helped by haste.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
        }
    }
    drop(listener);
    connections.shutdown().await;
}

/// One connection from its dialling to its end.
async fn carry(post: Post, mut client: TcpStream, from: IpAddr) {
    let name = post.shared.name(from);
    let mut there = post.shared.passages.lane(&name, &post.owner);
    let mut back = post.shared.passages.lane(&post.owner, &name);
    let _ = client.set_nodelay(true);
    let (client_read, client_write) = client.split();
    let socket = SockRef::from(client_write.as_ref());
    let (sent, to_send) = mpsc::channel(QUEUE);
    let reading = collect(client_read, sent);
    let mut reading = std::pin::pin!(reading);
    let dialled = clock::mono();
    tokio::select! {
        // In this order: on an open wire even one who says all and leaves at once is carried.
        biased;
        // A handshake needs both directions.
        () = async { there.clear(dialled).await; back.clear(dialled).await; } => {}
        // It gave up before anything came through: the far end never learns of it.
        () = &mut reading => return,
    }
    let Ok(mut server) = dial(from, post.real).await else {
        // Closed hard, which is as near to a refusal as an accepted connection can come.
        let _ = socket.set_linger(Some(Duration::ZERO));
        return;
    };
    let _ = server.set_nodelay(true);
    let (server_read, server_write) = server.split();
    let (answered, to_answer) = mpsc::channel(QUEUE);
    let outward = async {
        let ((), delivered) =
            tokio::join!(reading, deliver(&post, to_send, server_write, (there.clone(), back.clone())));
        delivered
    };
    let homeward = async {
        let reading = collect(server_read, answered);
        let ((), delivered) =
            tokio::join!(reading, deliver(&post, to_answer, client_write, (back.clone(), there.clone())));
        delivered
    };
    // Either both ends have closed in order, or one is gone and the other may know: then both are dropped here.
    let _ = tokio::try_join!(outward, homeward);
}

async fn dial(from: IpAddr, real: SocketAddr) -> io::Result<TcpStream> {
    let socket = if real.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.bind(SocketAddr::new(from, 0))?;
    socket.connect(real).await
}

/// Reads until the end, which a broken connection is too.
async fn collect(mut from: ReadHalf<'_>, queue: mpsc::Sender<Parcel>) {
    loop {
        let mut bytes = vec![0; CHUNK];
        let read = from.read(&mut bytes).await;
        let now = clock::mono();
        let parcel = match read {
            Ok(0) | Err(_) => Parcel::End(now),
            Ok(count) => {
                bytes.truncate(count);
                Parcel::Bytes(now, bytes)
            }
        };
        let ended = matches!(parcel, Parcel::End(_));
        if queue.send(parcel).await.is_err() || ended {
            return;
        }
    }
}

/// Writes what was collected, in order, each when the direction lets it.
async fn deliver(
    post: &Post,
    mut queue: mpsc::Receiver<Parcel>,
    mut to: WriteHalf<'_>,
    (mut along, mut against): (Lane, Lane),
) -> Result<(), Broken> {
    while let Some(parcel) = queue.recv().await {
        let written = match parcel {
            Parcel::Bytes(at, bytes) => {
                along.clear(at).await;
                post.count(bytes.len());
                to.write_all(&bytes).await
            }
            Parcel::End(at) => {
                along.clear(at).await;
                to.shutdown().await
            }
        };
        if written.is_err() {
            // The news that the far end is gone travels against the bytes that met it.
            against.clear(clock::mono()).await;
            return Err(Broken);
        }
    }
    Ok(())
}
