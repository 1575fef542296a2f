//! Dialling one peer for as long as there is no link to it.

use super::link::{self, Link};
use super::name;
use super::peer::Peer;
use super::{Closed, Hall, INTRODUCTION, Refusal};
use crate::clock;
use rustls::pki_types::ServerName;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;

/// The first pause after a failure: a peer that restarts is back within a second.
const PAUSE_FIRST: Duration = Duration::from_millis(100);

/// The longest pause, small on purpose: a healed partition must be usable at once, not after a minute of
/// backoff, and one attempt a second to three peers is nothing.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// A link that lived this long was a success, and the pauses start anew.
const LIVED: Duration = Duration::from_secs(1);

/// Never ends by itself: while a link stands, whoever dialled it, it only watches.
pub(super) async fn keep_dialling(hall: Arc<Hall>, peer: Arc<Peer>) {
    let mut newest = peer.newest();
    let mut pause = PAUSE_FIRST;
    while newest.wait_for(Option::is_none).await.is_ok() && !peer.gone.is_cancelled() {
        match dial(&hall, &peer).await {
            Ok(link) => {
                let since = clock::mono();
                let why = link.run(&hall).await;
                if matches!(why, Closed::Stopping | Closed::Removed) {
                    return;
                }
                if clock::mono().since(since) >= LIVED {
                    pause = PAUSE_FIRST;
                }
            }
            Err(refusal) => hall.refusals.note(&refusal, peer.address(), Some(&peer.site)),
        }
        // Jitter, so that two ends that lost each other do not dial at the same moment for ever.
        sleep(pause.mul_f64(rand::random_range(0.5..=1.0))).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

async fn dial(hall: &Hall, peer: &Peer) -> Result<Link, Refusal> {
    let link = timeout(INTRODUCTION, reach(hall, peer)).await.map_err(|_| Refusal::Slow)??;
    if *link.site() == peer.site { Ok(link) } else { Err(Refusal::WrongSite) }
}

async fn reach(hall: &Hall, peer: &Peer) -> Result<Link, Refusal> {
    let stream = connect(peer.address(), hall.leave_from).await.map_err(Refusal::Connect)?;
    let expected = ServerName::try_from(name::dns_name(&peer.site, &hall.cluster));
    let expected = expected.map_err(|_| Refusal::UnknownSite(peer.site.clone()))?;
    let connector = TlsConnector::from(hall.identity.client.clone());
    let stream = connector.connect(expected, stream).await;
    let stream = stream.map_err(|fault| Refusal::from_handshake(&fault))?;
    Link::introduce(hall, stream.into()).await
}

async fn connect(to: SocketAddr, leave_from: Option<IpAddr>) -> std::io::Result<TcpStream> {
    let socket = if to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // An address of the other family cannot be left from; the system then chooses.
    if let Some(from) = leave_from.filter(|from| from.is_ipv4() == to.is_ipv4()) {
        socket.bind(SocketAddr::new(from, 0))?;
    }
    let stream = socket.connect(to).await?;
    link::tune(&stream)?;
    Ok(stream)
}
