//! Taking calls: who has not said who he is gets two seconds and one of few places.

use super::link::{self, Link};
use super::{Closed, Hall, INTRODUCTION, Refusal};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

/// How many connections may at once be open that have not said who they are, from addresses we do not know:
/// an office behind a changing address needs one or two; a handshake costs about a millisecond of one core.
const STRANGERS_MAX: usize = 16;

/// The same from the addresses of our peers, so that a flood of strangers never shuts a peer out.
const NEIGHBOURS_MAX: usize = 16;

/// After a failed `accept` (no descriptors left, most likely): wait instead of spinning.
const BREATH: Duration = Duration::from_millis(100);

/// Never ends by itself.
pub(super) async fn keep_accepting(hall: Arc<Hall>, listener: TcpListener) {
    let strangers = Arc::new(Semaphore::new(STRANGERS_MAX));
    let neighbours = Arc::new(Semaphore::new(NEIGHBOURS_MAX));
    loop {
        let (stream, from) = match listener.accept().await {
            Ok(call) => call,
            Err(fault) => {
                tracing::warn!("cannot take a call from a peer: {fault}");
                sleep(BREATH).await;
                continue;
            }
        };
        let near = hall.is_neighbour(from.ip().to_canonical());
        let places = if near { &neighbours } else { &strangers };
        match places.clone().try_acquire_owned() {
            Ok(place) => hall.start(take(hall.clone(), stream, (from, place))),
            Err(_) => hall.refusals.note(&Refusal::Crowd, from, None),
        }
    }
}

async fn take(hall: Arc<Hall>, stream: TcpStream, (from, place): (SocketAddr, OwnedSemaphorePermit)) {
    let met = timeout(INTRODUCTION, meet(&hall, stream)).await.unwrap_or(Err(Refusal::Slow));
    drop(place);
    match met {
        Ok(link) => {
            // Why it ended is told by `Down`, if no other link to that site is left.
            link.run(&hall).await;
        }
        Err(refusal) => hall.refusals.note(&refusal, from, None),
    }
}

async fn meet(hall: &Hall, stream: TcpStream) -> Result<Link, Refusal> {
    link::tune(&stream).map_err(|fault| Refusal::Early(Closed::Broken(fault.to_string())))?;
    let stream = TlsAcceptor::from(hall.identity.server.clone()).accept(stream).await;
    let stream = stream.map_err(|fault| Refusal::from_handshake(&fault))?;
    Link::introduce(hall, stream.into()).await
}
