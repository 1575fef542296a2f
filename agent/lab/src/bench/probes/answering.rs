//! What answers the probes of the bench: a PBX, a web server, a name server, each on threads of its own.

use super::{Asked, LoadError};
use crate::pbx::Pbx;
use crate::pbx::ami::{Ami, Class};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;
use std::{fs, io};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinSet;

/// The name of the secret with which a manager interface is asked.
pub(super) const SECRET: &str = "ami";

/// The head of a message, and what follows a question's name.
const HEAD: usize = 12;
const TYPE_AND_CLASS: usize = 4;

/// Whoever answers one kind; all of it ends when this is dropped.
pub(super) struct Answering {
    /// Where.
    pub at: SocketAddr,
    /// The folder with the secrets of whoever asks.
    pub secrets: TempDir,
    _pbx: Pbx,
    _others: JoinSet<()>,
}

impl Answering {
    /// Puts up what one kind asks.
    pub async fn start(asked: Asked) -> Result<Self, LoadError> {
        let any: SocketAddr = ([127, 0, 0, 21], 0).into();
        let ami = Arc::new(Ami::new(&[("pointsman", "bench", Class::Reporting)]));
        let pbx = Pbx::start_with(any, &[], Some((any, ami))).await?;
        let secrets = tempfile::tempdir()?;
        keep(&secrets, "pointsman\nbench\n")?;
        let mut others = JoinSet::new();
        let at = match asked {
            Asked::Http => {
                let listener = TcpListener::bind(any).await?;
                let at = listener.local_addr()?;
                others.spawn(web(listener));
                at
            }
            Asked::Dns => {
                let socket = UdpSocket::bind(any).await?;
                let at = socket.local_addr()?;
                others.spawn(names(socket));
                at
            }
            Asked::Ami => pbx.ami_address().unwrap_or_else(|| pbx.address()),
            Asked::SipOptions | Asked::Tcp | Asked::Icmp | Asked::Exec => pbx.address(),
        };
        Ok(Self { at, secrets, _pbx: pbx, _others: others })
    }
}

/// A secret that others could read is refused.
fn keep(folder: &TempDir, login: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new();
    let mut file = file.write(true).create(true).mode(0o600).open(folder.path().join(SECRET))?;
    io::Write::write_all(&mut file, login.as_bytes())
}

/// A server that has one answer.
async fn web(listener: TcpListener) {
    let mut guests = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = guests.join_next(), if !guests.is_empty() => {}
            accepted = listener.accept() => if let Ok((mut stream, _)) = accepted {
                guests.spawn(async move {
                    let mut head = [0; 1024];
                    // Who is gone needs no answer.
                    if stream.read(&mut head).await.is_ok_and(|count| count > 0) {
                        let _gone = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
                    }
                });
            },
        }
    }
}

/// A name server that knows one address.
async fn names(socket: UdpSocket) {
    let mut question = [0; 1500];
    while let Ok((length, from)) = socket.recv_from(&mut question).await {
        if let Some(answer) = question.get(..length).and_then(answer) {
            // Who is gone needs no answer.
            let _gone = socket.send_to(&answer, from).await;
        }
    }
}

/// The question once more, and one address for its name.
fn answer(question: &[u8]) -> Option<Vec<u8>> {
    let name = question.get(HEAD..)?.iter().position(|byte| *byte == 0)? + 1;
    let asked = question.get(HEAD..HEAD + name + TYPE_AND_CLASS)?;
    let counts = [0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0];
    let record = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 11];
    Some([question.get(..2)?, &counts, asked, &record].concat())
}
