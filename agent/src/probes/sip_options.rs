//! The SIP OPTIONS probe: any final answer but 503 is alive, over UDP with repetition, or over TCP.

use super::datagram::{self, Heard, Question};
use super::sip::{MESSAGE_MAX, Message, Options, Transport, frame};
use super::tcp::connect;
use super::{Answer, Why, shown};
use crate::clock::mono;
use state::Mono;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

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

    async fn over_udp(&self, asked: Mono, timeout: Duration) -> io::Result<Answer> {
        let socket = datagram::socket(self.target, self.bind).await?;
        let options = Options::new(self.target, socket.local_addr()?, Transport::Udp);
        let question =
            Question { socket: &socket, bytes: options.bytes(), longest: MESSAGE_MAX, asked, timeout };
        let heard = question.ask(|bytes| match Message::parse(bytes) {
            Ok(message) => judge(&options, &message, asked).map_or(Heard::Foreign, Heard::Answer),
            Err(_nonsense) => Heard::Nonsense,
        });
        Ok(datagram::answer(heard.await))
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

/// The answer, if the message is the final one to our question; provisional and foreign ones are passed over.
fn judge(question: &Options, message: &Message, asked: Mono) -> Option<Answer> {
    let (code, reason) = question.final_answer(message)?;
    Some(if code == 503 {
        Answer::Draining
    } else {
        let detail = format!("{code} {}", shown(reason, 40)).trim_end().to_owned();
        Answer::Alive { detail, took: mono().since(asked) }
    })
}
