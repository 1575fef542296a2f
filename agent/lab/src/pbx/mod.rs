//! A PBX that answers SIP OPTIONS over UDP and TCP, and its manager interface, and can be stopped, hung and drained.

pub mod ami;
pub mod sip;

use ami::Ami;
use sip::{Intake, answer, whole};
use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// How a PBX is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It answers.
    Running,
    /// Its sockets are closed: whoever asks is refused.
    Stopped,
    /// It is there and says nothing, like a stopped process; what is asked meanwhile is answered when it goes on.
    Hung,
    /// It answers 503 while its last calls end.
    Draining,
}

/// The PBX could not listen.
#[derive(Debug, Error)]
#[error("the PBX cannot listen on {at}")]
pub struct PbxError {
    at: SocketAddr,
    source: io::Error,
}

/// A stream that sends more than this without a whole request is dropped.
const LONGEST: usize = 64 * 1024;

/// How often a port that is free for both transports is looked for, if any will do.
const TRIES: usize = 20;

/// A running PBX; it stops when this is dropped.
#[derive(Debug)]
pub struct Pbx {
    at: SocketAddr,
    condition: watch::Sender<Condition>,
    extensions: Arc<BTreeSet<String>>,
    ami: Option<(SocketAddr, Arc<Ami>)>,
    task: Option<JoinHandle<()>>,
}

impl Pbx {
    /// Starts one on this address, for UDP and TCP alike; port 0 takes any.
    ///
    /// # Errors
    /// When the address is taken or is not ours.
    pub async fn start(at: SocketAddr, extensions: &[&str]) -> Result<Self, PbxError> {
        Self::start_with(at, extensions, None).await
    }

    /// The same with a manager interface at an address of its own.
    ///
    /// # Errors
    /// When one of the addresses is taken or is not ours.
    pub async fn start_with(
        at: SocketAddr,
        extensions: &[&str],
        ami: Option<(SocketAddr, Arc<Ami>)>,
    ) -> Result<Self, PbxError> {
        let sockets = Sockets::open(at, ami.as_ref().map(|(at, _)| *at)).await?;
        let place = sockets.ami.as_ref().and_then(|listener| listener.local_addr().ok());
        let mut pbx = Self {
            at: sockets.at,
            ami: place.zip(ami).map(|(place, (_, ami))| (place, ami)),
            condition: watch::Sender::new(Condition::Running),
            extensions: Arc::new(extensions.iter().map(|name| (*name).to_owned()).collect()),
            task: None,
        };
        pbx.serve(sockets);
        Ok(pbx)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.at
    }

    /// Where its manager interface listens, if it has one.
    pub fn ami_address(&self) -> Option<SocketAddr> {
        self.ami.as_ref().map(|(at, _)| *at)
    }

    /// How it is.
    pub fn condition(&self) -> Condition {
        *self.condition.borrow()
    }

    /// Brings it into a condition; when this returns, it is in it.
    ///
    /// # Errors
    /// When it was stopped and someone else has taken its address meanwhile.
    pub async fn set(&mut self, condition: Condition) -> Result<(), PbxError> {
        if condition == Condition::Stopped {
            if let Some(task) = self.task.take() {
                task.abort();
                // Only a task that has ended has closed its sockets; that it was cancelled is what was wanted.
                let _ = task.await;
            }
        } else if self.task.is_none() {
            let sockets = Sockets::open(self.at, self.ami_address()).await?;
            self.condition.send_replace(condition);
            self.serve(sockets);
        }
        self.condition.send_replace(condition);
        Ok(())
    }

    fn serve(&mut self, sockets: Sockets) {
        let desk = Desk { condition: self.condition.subscribe(), extensions: Arc::clone(&self.extensions) };
        let ami = self.ami.as_ref().map(|(_, ami)| Arc::clone(ami)).zip(sockets.ami);
        let (condition, extensions) = (self.condition.subscribe(), Arc::clone(&self.extensions));
        let managing = async move {
            if let Some((ami, listener)) = ami {
                ami.serve(listener, condition, extensions).await;
            }
        };
        self.task = Some(tokio::spawn(async move {
            tokio::join!(desk.clone().datagrams(sockets.udp), desk.streams(sockets.tcp), managing);
        }));
    }
}

impl Drop for Pbx {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

struct Sockets {
    at: SocketAddr,
    udp: UdpSocket,
    tcp: TcpListener,
    ami: Option<TcpListener>,
}

impl Sockets {
    async fn open(at: SocketAddr, ami: Option<SocketAddr>) -> Result<Self, PbxError> {
        let mut tries = if at.port() == 0 { TRIES } else { 1 };
        loop {
            tries -= 1;
            match Self::try_open(at, ami).await {
                Ok(sockets) => return Ok(sockets),
                Err(source) if tries == 0 => return Err(PbxError { at, source }),
                Err(_) => {}
            }
        }
    }

    async fn try_open(at: SocketAddr, ami: Option<SocketAddr>) -> io::Result<Self> {
        let udp = UdpSocket::bind(at).await?;
        let at = udp.local_addr()?;
        let tcp = TcpListener::bind(at).await?;
        let ami = match ami {
            Some(at) => Some(TcpListener::bind(at).await?),
            None => None,
        };
        Ok(Self { at, udp, tcp, ami })
    }
}

/// What answers.
#[derive(Clone)]
struct Desk {
    condition: watch::Receiver<Condition>,
    extensions: Arc<BTreeSet<String>>,
}

impl Desk {
    async fn datagrams(mut self, socket: UdpSocket) {
        let mut bytes = vec![0; LONGEST];
        loop {
            self.unless_hung().await;
            // An error is an earlier answer's, which was refused somewhere.
            let Ok((count, peer)) = socket.recv_from(&mut bytes).await else { continue };
            if let Some(reply) = self.reply(&bytes[..count], peer).await {
                let _ = socket.send_to(reply.as_bytes(), peer).await;
            }
        }
    }

    async fn streams(mut self, listener: TcpListener) {
        // The streams die with this task.
        let mut streams = JoinSet::new();
        loop {
            self.unless_hung().await;
            tokio::select! {
                Some(_) = streams.join_next() => {}
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => drop(streams.spawn(self.clone().stream(stream, peer))),
                    Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                },
            }
        }
    }

    async fn stream(mut self, mut stream: TcpStream, peer: SocketAddr) {
        let mut bytes = Vec::new();
        loop {
            while let Some(length) = whole(&bytes) {
                let request = bytes.drain(..length).collect::<Vec<_>>();
                let Some(reply) = self.reply(&request, peer).await else { continue };
                if stream.write_all(reply.as_bytes()).await.is_err() {
                    return;
                }
            }
            match stream.read_buf(&mut bytes).await {
                Ok(0) | Err(_) => return,
                Ok(_) if bytes.len() > LONGEST => return,
                Ok(_) => {}
            }
        }
    }

    async fn reply(&mut self, request: &[u8], peer: SocketAddr) -> Option<String> {
        let intake = match self.unless_hung().await {
            Condition::Draining => Intake::Draining,
            Condition::Running | Condition::Stopped | Condition::Hung => Intake::Open,
        };
        answer(std::str::from_utf8(request).ok()?, peer, intake, &self.extensions)
    }

    /// Returns when it is not hung, with how it is then.
    async fn unless_hung(&mut self) -> Condition {
        let answering = self.condition.wait_for(|condition| *condition != Condition::Hung).await;
        // An error means that the PBX is gone, and this task is about to be.
        answering.map_or(Condition::Stopped, |condition| *condition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);
    const MOMENT: Duration = Duration::from_millis(150);
    const OPTIONS: &str = "OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:1;branch=z9hG4bK1\r\n\
        From: <sip:probe@127.0.0.1>;tag=1\r\nTo: <sip:127.0.0.1>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\r\n";

    async fn pbx() -> Pbx {
        Pbx::start("127.32.0.1:0".parse().unwrap(), &["9001"]).await.unwrap()
    }

    async fn client(pbx: &Pbx) -> UdpSocket {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.connect(pbx.address()).await.unwrap();
        socket
    }

    async fn status(socket: &UdpSocket) -> io::Result<String> {
        let mut bytes = [0; 4096];
        let count = tokio::time::timeout(LIMIT, socket.recv(&mut bytes)).await.expect("within the limit")?;
        Ok(String::from_utf8_lossy(&bytes[..count]).lines().next().unwrap_or_default().to_owned())
    }

    #[tokio::test]
    async fn it_answers_refuses_drains_and_comes_back() {
        let mut pbx = pbx().await;
        let socket = client(&pbx).await;
        for (condition, expected) in [
            (Condition::Running, "SIP/2.0 200 OK"),
            (Condition::Draining, "SIP/2.0 503 Service Unavailable"),
            (Condition::Stopped, ""),
            (Condition::Running, "SIP/2.0 200 OK"),
        ] {
            pbx.set(condition).await.unwrap();
            socket.send(OPTIONS.as_bytes()).await.unwrap();
            match status(&socket).await {
                Ok(status) => assert_eq!(status, expected),
                Err(error) => assert_eq!(
                    (condition, error.kind()),
                    (Condition::Stopped, io::ErrorKind::ConnectionRefused)
                ),
            }
        }
        pbx.set(Condition::Stopped).await.unwrap();
        assert!(TcpStream::connect(pbx.address()).await.is_err(), "TCP is refused too");
    }

    #[tokio::test]
    async fn a_hung_one_is_silent_and_answers_late() {
        let mut pbx = pbx().await;
        let socket = client(&pbx).await;
        let mut stream = TcpStream::connect(pbx.address()).await.unwrap();
        pbx.set(Condition::Hung).await.unwrap();
        socket.send(OPTIONS.as_bytes()).await.unwrap();
        stream.write_all(OPTIONS.as_bytes()).await.unwrap();
        let mut bytes = [0; 4096];
        assert!(tokio::time::timeout(MOMENT, socket.recv(&mut bytes)).await.is_err());
        assert!(tokio::time::timeout(MOMENT, stream.read(&mut bytes)).await.is_err());
        pbx.set(Condition::Running).await.unwrap();
        assert_eq!(status(&socket).await.unwrap(), "SIP/2.0 200 OK");
        let count = tokio::time::timeout(LIMIT, stream.read(&mut bytes)).await.unwrap().unwrap();
        assert!(bytes[..count].starts_with(b"SIP/2.0 200 OK\r\n"));
    }

    #[tokio::test]
    async fn over_tcp_split_and_joined_requests_are_answered() {
        let pbx = pbx().await;
        let mut stream = TcpStream::connect(pbx.address()).await.unwrap();
        let text = format!("{OPTIONS}{OPTIONS}");
        for piece in text.as_bytes().chunks(50) {
            stream.write_all(piece).await.unwrap();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let mut heard = Vec::new();
        while String::from_utf8_lossy(&heard).matches("Content-Length:  0\r\n\r\n").count() < 2 {
            let read = tokio::time::timeout(LIMIT, stream.read_buf(&mut heard)).await.unwrap().unwrap();
            assert!(read > 0, "closed early");
        }
        assert_eq!(String::from_utf8_lossy(&heard).matches("SIP/2.0 200 OK\r\n").count(), 2);
    }
}
