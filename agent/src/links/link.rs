//! One link while it lives: introduction, frames in and out, pulses, silence, and the way it ends.

use super::name::{self, Named};
use super::peer::Peer;
use super::{Closed, Hall, LinkEvent, Refusal, frame};
use socket2::SockRef;
use state::SiteId;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncWriteExt, BufReader, ReadHalf, WriteHalf, split};
use tokio::net::TcpStream;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_rustls::TlsStream;
use tokio_util::sync::CancellationToken;

/// Four in the time that counts as silence.
const PULSE: Duration = Duration::from_millis(500);

/// An older link is given up this long after a newer one took over: enough for the other end to have seen the
/// newer one too, so that it never finds itself without any.
const DRAIN: Duration = Duration::from_millis(500);

type Stream = TlsStream<TcpStream>;

/// A connection whose other end is known and has said its first pulse.
pub(super) struct Link {
    peer: Arc<Peer>,
    reader: BufReader<ReadHalf<Stream>>,
    writer: WriteHalf<Stream>,
}

/// Settings of every connection between sites, set before its first byte.
pub(super) fn tune(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    SockRef::from(stream).set_tcp_user_timeout(Some(frame::STUCK))
}

impl Link {
    /// Looks at the certificate's name, says a pulse and waits for the other end's.
    ///
    /// In TLS 1.3 the dialling end is done before the other has looked at its certificate; only a pulse shows
    /// that both have agreed.
    pub(super) async fn introduce(hall: &Hall, stream: Stream) -> Result<Self, Refusal> {
        let peer = known(hall, &stream)?;
        let (reader, mut writer) = split(stream);
        let mut reader = BufReader::new(reader);
        frame::write(&mut writer, &[]).await?;
        let first = frame::read(&mut reader).await?;
        if !first.is_empty() {
            return Err(Refusal::NotTls("its first frame is no pulse".to_owned()));
        }
        Ok(Self { peer, reader, writer })
    }

    /// The site at the other end.
    pub(super) fn site(&self) -> &SiteId {
        &self.peer.site
    }

    /// Carries frames until the link ends, and says what ended it.
    pub(super) async fn run(mut self, hall: &Hall) -> Closed {
        let peer = self.peer.clone();
        let seat = peer.sit_down(&hall.inbox).await;
        let goodbye = CancellationToken::new();
        let gives_up = GivesUp::of(&hall.own, &peer.site);
        let mut reading = pin!(read_frames(&mut self.reader, &peer.site, hall));
        let mut writing = pin!(write_frames(&mut self.writer, &peer, (seat.number, gives_up), &goodbye));
        let why = tokio::select! {
            why = &mut reading => {
                peer.get_up(seat.number, &why, &hall.inbox).await;
                goodbye.cancel();
                // What was taken from the queue is still written, because the other end may read on.
                let _ = timeout(frame::STUCK, writing).await;
                return why;
            }
            written = &mut writing => match written {
                Ok(()) => timeout(frame::SILENCE, reading).await.unwrap_or(Closed::Superseded),
                Err(why) => why,
            },
            () = seat.pushed_out.cancelled() => Closed::Superseded,
            () = peer.gone.cancelled() => Closed::Removed,
        };
        peer.get_up(seat.number, &why, &hall.inbox).await;
        why
    }
}

/// Which end closes a link that a newer one replaced.
///
/// Only one of the two ends may: when both dial at once they can disagree which link is the newer, and each
/// would close the one that the other uses. The other end reads on, and moves over when the link ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum GivesUp {
    We,
    They,
}

impl GivesUp {
    fn of(own: &SiteId, peer: &SiteId) -> Self {
        if own < peer { Self::We } else { Self::They }
    }
}

fn known(hall: &Hall, stream: &Stream) -> Result<Arc<Peer>, Refusal> {
    let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
    let shown = shown.ok_or(Refusal::NoCertificate)?;
    let Named { site, cluster, expires: _, key } = name::read(shown).map_err(|_| Refusal::Nameless)?;
    if cluster != hall.cluster {
        return Err(Refusal::OtherCluster(cluster));
    }
    if site == hall.own {
        return Err(Refusal::OurOwnSite);
    }
    let peer = hall.peer(&site).ok_or_else(|| Refusal::UnknownSite(site.clone()))?;
    if peer.trust.admits(key) { Ok(peer) } else { Err(Refusal::Revoked { site, key }) }
}

async fn read_frames(reader: &mut BufReader<ReadHalf<Stream>>, from: &SiteId, hall: &Hall) -> Closed {
    loop {
        match frame::read(reader).await {
            Ok(bytes) if bytes.is_empty() => {}
            Ok(bytes) => {
                // A full inbox makes the other end wait; the clock of silence stands meanwhile.
                if hall.inbox.send(LinkEvent::Frame { from: from.clone(), bytes }).await.is_err() {
                    return Closed::Stopping;
                }
            }
            Err(why) => return why,
        }
    }
}

async fn write_frames(
    writer: &mut WriteHalf<Stream>,
    peer: &Peer,
    (number, gives_up): (u64, GivesUp),
    goodbye: &CancellationToken,
) -> Result<(), Closed> {
    let mut newest = peer.newest();
    let mut watched = peer.newest();
    let mut drained = pin!(async {
        let newer = |newest: &Option<u64>| newest.is_some_and(|newest| newest > number);
        if gives_up == GivesUp::They || watched.wait_for(newer).await.is_err() {
            std::future::pending::<()>().await;
        }
        sleep(DRAIN).await;
    });
    let mut pulse = interval(PULSE);
    pulse.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let used = *newest.borrow_and_update() == Some(number);
        tokio::select! {
            () = goodbye.cancelled() => break,
            () = &mut drained => break,
            bytes = peer.outbox.pop(), if used => {
                frame::write(writer, &bytes).await?;
                // Every frame says as much as a pulse does.
                pulse.reset();
            }
            _ = newest.changed() => {}
            _ = pulse.tick() => frame::write(writer, &[]).await?,
        }
    }
    writer.shutdown().await.map_err(|fault| Closed::Broken(fault.to_string()))
}
