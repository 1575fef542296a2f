//! Small servers for probes to ask: they answer, hang up, hang, flood and lie.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinHandle;

/// What a server does when it has answered.
#[derive(Clone, Copy)]
pub enum After {
    /// It closes.
    Close,
    /// It says nothing more and does not close.
    Hang,
    /// It never stops.
    Flood,
}

/// A server that reads a head and says always the same; it is gone when this is dropped.
pub struct Tcp {
    pub at: SocketAddr,
    heard: Arc<Mutex<Vec<u8>>>,
    task: JoinHandle<()>,
}

impl Drop for Tcp {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Tcp {
    pub async fn start(reply: Vec<u8>, after: After) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ear = Arc::clone(&heard);
        let task = tokio::spawn(async move {
            let mut guests = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (reply, ear) = (reply.clone(), Arc::clone(&ear));
                guests.spawn(async move { serve(stream, &reply, after, &ear).await });
            }
        });
        Self { at, heard, task }
    }

    /// One that speaks first, and only listens then.
    pub async fn greets(greeting: &'static [u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            let mut guests = Vec::new();
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let _gone = stream.write_all(greeting).await;
                guests.push(stream);
            }
        });
        Self { at, heard: Arc::default(), task }
    }

    pub fn heard(&self) -> String {
        String::from_utf8(self.heard.lock().unwrap().clone()).unwrap()
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    reply: &[u8],
    after: After,
    ear: &Mutex<Vec<u8>>,
) {
    let mut head = Vec::new();
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        if stream.read_buf(&mut head).await.unwrap_or(0) == 0 {
            return;
        }
    }
    ear.lock().unwrap().extend_from_slice(&head);
    // The probe may be gone: then there is nobody to tell.
    let _gone = stream.write_all(reply).await;
    match after {
        After::Close => {
            let _gone = stream.shutdown().await;
        }
        After::Hang => std::future::pending().await,
        After::Flood => while stream.write_all(&[b'x'; 1024]).await.is_ok() {},
    }
}

/// An authority of one's own, and a server for `127.0.0.1` with its certificate.
pub async fn https(folder: &Path) -> (PathBuf, SocketAddr) {
    let (pem, issuer) = authority();
    let file = folder.join("own-ca.pem");
    std::fs::write(&file, pem).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let private = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // Who does not believe the certificate hangs up.
                let Ok(stream) = acceptor.accept(stream).await else { return };
                serve(
                    stream,
                    b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                    After::Close,
                    &Mutex::default(),
                )
                .await;
            });
        }
    });
    (file, at)
}

/// Another authority, which signed nothing.
pub fn stranger() -> String {
    authority().0
}

fn authority() -> (String, Issuer<'static, KeyPair>) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = params.self_signed(&key).unwrap().pem();
    (pem, Issuer::new(params, key))
}

/// How a name server behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// It answers with 192.0.2.11.
    Says,
    /// It answers with a service at SIP1.example.com.
    SaysService,
    /// There is no such name.
    Refuses,
    /// Answers to other questions come first.
    LiesFirst,
    /// The first question is lost.
    LosesFirst,
    /// The answer does not fit into a datagram, and is whole in a connection.
    CutsShort,
    /// The same, but the connection hangs.
    CutsShortAndHangs,
    /// The same, but the answer is longer than it may be.
    CutsShortAndFloods,
    /// What it says is no answer.
    Babbles,
    /// It says nothing.
    Hangs,
}

/// A name server on UDP and TCP; it is gone when this is dropped.
pub struct Dns {
    pub at: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Dns {
    pub async fn start(name: Name) -> Self {
        let (udp, tcp) = loop {
            let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()).await {
                break (udp, tcp);
            }
        };
        let at = udp.local_addr().unwrap();
        let task = tokio::spawn(async move {
            tokio::join!(datagrams(udp, name), streams(tcp, name));
        });
        Self { at, task }
    }
}

async fn datagrams(socket: UdpSocket, name: Name) {
    let mut bytes = [0; 2048];
    let mut lost = None;
    loop {
        let (count, from) = socket.recv_from(&mut bytes).await.unwrap();
        let asked = &bytes[..count];
        if name == Name::LosesFirst && lost.as_deref() != Some(&asked[..2]) {
            lost = Some(asked[..2].to_vec());
            continue;
        }
        for reply in replies(asked, name) {
            let _gone = socket.send_to(&reply, from).await;
        }
    }
}

/// What is said in datagrams.
fn replies(asked: &[u8], name: Name) -> Vec<Vec<u8>> {
    let good = answer(asked, 0x8180, Some(&[192, 0, 2, 11]));
    let service = [&[0, 10, 0, 5, 0x13, 0xc4, 4], b"SIP1".as_slice(), b"\x07Example\x03com\x00"].concat();
    match name {
        Name::Says | Name::LosesFirst => vec![good],
        Name::SaysService => vec![answer(asked, 0x8180, Some(&service))],
        Name::Refuses => vec![answer(asked, 0x8183, None)],
        Name::LiesFirst => {
            let mut other = answer(asked, 0x8180, Some(&[192, 0, 2, 66]));
            let mut question = other.clone();
            other[0] ^= 1;
            question[14] ^= 1;
            vec![other, question, asked.to_vec(), good]
        }
        Name::CutsShort | Name::CutsShortAndHangs | Name::CutsShortAndFloods => {
            vec![answer(asked, 0x8380, None)]
        }
        Name::Babbles => vec![b"hello".to_vec()],
        Name::Hangs => vec![],
    }
}

async fn streams(listener: TcpListener, name: Name) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(stream_of(stream, name));
    }
}

async fn stream_of(mut stream: TcpStream, name: Name) {
    let length = usize::from(stream.read_u16().await.unwrap_or(0));
    let mut asked = vec![0; length];
    if stream.read_exact(&mut asked).await.is_err() || name == Name::CutsShortAndHangs {
        return tokio::time::sleep(Duration::from_secs(60)).await;
    }
    let whole = answer(&asked, 0x8180, Some(&[192, 0, 2, 11]));
    let reply = if name == Name::CutsShortAndFloods { vec![0; 60_000] } else { whole };
    let length = u16::try_from(reply.len()).unwrap();
    let _gone = stream.write_all(&[length.to_be_bytes().as_slice(), &reply].concat()).await;
}

/// An answer to the question in `asked`, of the type asked for or the service's.
fn answer(asked: &[u8], flags: u16, record: Option<&[u8]>) -> Vec<u8> {
    let end = 12 + asked[12..].iter().position(|byte| *byte == 0).unwrap() + 5;
    let (mut question, mut kind) = (asked[12..end].to_vec(), [0, 1]);
    // Servers may answer in other letters than they were asked in.
    question.iter_mut().for_each(|byte| *byte = byte.to_ascii_uppercase());
    if record.is_some_and(|record| record.len() > 4) {
        kind = [0, 33];
    }
    let count = u16::from(record.is_some());
    let mut bytes = [&asked[..2], &flags.to_be_bytes(), &[0, 1], &count.to_be_bytes(), &[0; 4]].concat();
    bytes.extend(question);
    if let Some(record) = record {
        let length = u16::try_from(record.len()).unwrap();
        bytes.extend([[0xc0, 12], kind, [0, 1], [0, 0], [0, 60], length.to_be_bytes()].concat());
        bytes.extend(record);
    }
    bytes
}
