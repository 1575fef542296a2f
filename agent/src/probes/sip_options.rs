//! The SIP OPTIONS probe: any final answer but 503 is alive, over UDP with repetition, or over TCP.

use super::sip::{Message, Options, Transport, frame};
use super::tcp::connect;
use super::{Answer, Why};
use crate::clock::mono;
use state::Mono;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UdpSocket;

/// Below this there is no time for a repetition to help.
const REPEAT_FROM: Duration = Duration::from_millis(100);

/// The first repetition comes no later than SIP's own T1.
const REPEAT_FIRST: Duration = Duration::from_millis(500);

/// Who is asked, from where, and how.
#[derive(Clone, Debug)]
pub struct SipOptions {
    /// The PBX.
    pub target: SocketAddr,
    /// The local address to ask from.
    pub bind: Option<IpAddr>,
    /// UDP or TCP.
    pub transport: Transport,
}

impl SipOptions {
    /// Asks once. 404 and 401 are alive as well: somebody is there and thinks. 503 is draining.
    pub async fn ask(&self, timeout: Duration) -> Answer {
        let asked = mono();
        let answer = match self.transport {
            Transport::Udp => self.over_udp(asked, timeout).await,
            Transport::Tcp => match tokio::time::timeout(timeout, self.over_tcp(asked)).await {
                Ok(answer) => answer,
                Err(_elapsed) => Ok(Answer::Dead { why: Why::Silent }),
            },
        };
        answer.unwrap_or_else(|error| Answer::from_error(&error))
    }

    /// A connected socket hears only its target, and is told at once when nobody listens there.
    async fn over_udp(&self, asked: Mono, timeout: Duration) -> io::Result<Answer> {
        let any: IpAddr =
            if self.target.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let socket = UdpSocket::bind(SocketAddr::new(self.bind.unwrap_or(any), 0)).await?;
        socket.connect(self.target).await?;
        let question = Options::new(self.target, socket.local_addr()?, Transport::Udp);
        let mut silence = Why::Silent;
        let mut pause = first_pause(timeout);
        let mut repeat_at = asked;
        let mut buffer = vec![0; super::sip::MESSAGE_MAX];
        loop {
            let now = mono();
            let left = timeout.saturating_sub(now.since(asked));
            if left.is_zero() {
                return Ok(Answer::Dead { why: silence });
            }
            if now >= repeat_at {
                socket.send(question.bytes()).await?;
                repeat_at = now + pause;
                pause *= 2;
            }
            let patience = left.min(repeat_at.left(now));
            let Ok(received) = tokio::time::timeout(patience, socket.recv(&mut buffer)).await else {
                continue;
            };
            match Message::parse(&buffer[..received?]) {
                Ok(message) => match judge(&question, &message, asked) {
                    Some(answer) => return Ok(answer),
                    None => continue,
                },
                Err(_nonsense) => silence = Why::Malformed,
            }
        }
    }

    async fn over_tcp(&self, asked: Mono) -> io::Result<Answer> {
        let mut stream = connect(self.target, self.bind).await?;
        let question = Options::new(self.target, stream.local_addr()?, Transport::Tcp);
        stream.write_all(question.bytes()).await?;
        let mut inbox: Vec<u8> = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            while let Some((message, taken)) = match frame(&inbox) {
                Ok(framed) => framed,
                Err(_nonsense) => return Ok(Answer::Dead { why: Why::Malformed }),
            } {
                inbox.drain(..taken);
                if let Some(answer) = judge(&question, &message, asked) {
                    return Ok(answer);
                }
            }
            match stream.read(&mut buffer).await? {
                0 if inbox.is_empty() => return Ok(Answer::Dead { why: Why::Refused }),
                0 => return Ok(Answer::Dead { why: Why::Malformed }),
                count => inbox.extend_from_slice(&buffer[..count]),
            }
        }
    }
}

/// When the first repetition is due; with very short timeouts, never within them.
fn first_pause(timeout: Duration) -> Duration {
    if timeout < REPEAT_FROM { timeout } else { REPEAT_FIRST.min(timeout / 3) }
}

/// The answer, if the message is the final one to our question; provisional and foreign ones are passed over.
fn judge(question: &Options, message: &Message, asked: Mono) -> Option<Answer> {
    let (code, reason) = question.final_answer(message)?;
    Some(if code == 503 {
        Answer::Draining
    } else {
        let shown = reason.chars().filter(|letter| !letter.is_control()).take(40).collect::<String>();
        Answer::Alive { detail: format!("{code} {shown}").trim_end().to_owned(), took: mono().since(asked) }
    })
}
