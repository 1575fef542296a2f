//! One question in a datagram, sent again until it is answered or its time is over; one answer is enough.

use super::{Answer, Why};
use crate::clock::mono;
use state::Mono;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::net::UdpSocket;

/// Below this there is no time for a repetition to help.
const REPEAT_FROM: Duration = Duration::from_millis(100);

/// The first repetition comes no later than SIP's own T1.
const REPEAT_FIRST: Duration = Duration::from_millis(500);

/// What a datagram turned out to be.
pub(super) enum Heard<T> {
    /// The answer to the question.
    Answer(T),
    /// Somebody else's, or not the last word: it is passed over.
    Foreign,
    /// Nothing that can be read.
    Nonsense,
}

/// One question on its own socket.
pub(super) struct Question<'q> {
    /// Connected: it hears only its target, and is told at once when nobody listens there.
    pub socket: &'q UdpSocket,
    /// What is sent, the very same each time.
    pub bytes: &'q [u8],
    /// The longest answer that is read whole.
    pub longest: usize,
    /// When it was asked first.
    pub asked: Mono,
    /// For how long an answer is waited for.
    pub timeout: Duration,
}

impl Question<'_> {
    /// Asks until `judge` knows the answer; else says why there is none.
    pub async fn ask<T>(&self, mut judge: impl FnMut(&[u8]) -> Heard<T>) -> io::Result<Result<T, Why>> {
        let mut silence = Why::Silent;
        let mut pause = first_pause(self.timeout);
        let mut repeat_at = self.asked;
        let mut buffer = vec![0; self.longest];
        loop {
            let now = mono();
            let left = self.timeout.saturating_sub(now.since(self.asked));
            if left.is_zero() {
                return Ok(Err(silence));
            }
            if now >= repeat_at {
                self.socket.send(self.bytes).await?;
                repeat_at = now + pause;
                pause *= 2;
            }
            let patience = left.min(repeat_at.left(now));
            let Ok(received) = tokio::time::timeout(patience, self.socket.recv(&mut buffer)).await else {
                continue;
            };
            match judge(&buffer[..received?]) {
                Heard::Answer(answer) => return Ok(Ok(answer)),
                Heard::Foreign => {}
                Heard::Nonsense => silence = Why::Malformed,
            }
        }
    }
}

/// A socket of its own for one question, connected to its target.
pub(super) async fn socket(target: SocketAddr, bind: Option<IpAddr>) -> io::Result<UdpSocket> {
    let any: IpAddr =
        if target.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind(SocketAddr::new(bind.unwrap_or(any), 0)).await?;
    socket.connect(target).await?;
    Ok(socket)
}

/// What was heard, or why nothing was, as an answer.
pub(super) fn answer(heard: io::Result<Result<Answer, Why>>) -> Answer {
    match heard {
        Ok(Ok(answer)) => answer,
        Ok(Err(why)) => Answer::Dead { why },
        Err(error) => Answer::from_error(&error),
    }
}

/// When the first repetition is due; with very short timeouts, never within them.
fn first_pause(timeout: Duration) -> Duration {
    if timeout < REPEAT_FROM { timeout } else { REPEAT_FIRST.min(timeout / 3) }
}
