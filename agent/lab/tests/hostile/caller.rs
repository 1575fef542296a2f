//! A caller with a bundle in its own hands: it says on a link whatever a test wants said.

use agent::door::{Asks, Hello, Stand, Unfit};
use agent::frame::{Body, Frame};
use agent::links::{Bundle, Identity};
use agent::quorum::wire::Kind;
use agent::quorum::{Message, RaftId};
use agent::relay::{Seal, Sealed};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use state::{Boot, Disk, Index, SiteId, Starts, Term};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// The bundle of a folder.
pub fn bundle(folder: &Path) -> Bundle {
    let read = |file: &str| std::fs::read(folder.join("bundle").join(file)).expect("the rig made it");
    Bundle { ca: read("ca.pem"), site: read("site.pem"), key: read("site.key") }
}

/// A connection to London's agent with this bundle, or why there is none.
pub async fn call(bundle: &Bundle, at: SocketAddr) -> io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(&bundle.ca).expect("a certificate")).expect("a CA");
    let own = vec![CertificateDer::from_pem_slice(&bundle.site).expect("a certificate")];
    let key = PrivateKeyDer::from_pem_slice(&bundle.key).expect("a key");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("ring knows TLS 1.3")
        .with_root_certificates(roots)
        .with_client_auth_cert(own, key)
        .expect("the certificate has its key");
    let name = ServerName::try_from("london.bytemark.pointsman").expect("a name");
    let stream = TcpStream::connect(at).await?;
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// One frame, as it goes over a link; an empty one is a pulse.
pub async fn say(to: &mut (impl tokio::io::AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).expect("a frame is short");
    to.write_all(&length.to_be_bytes()).await?;
    to.write_all(bytes).await?;
    to.flush().await
}

/// The life in whose name the caller speaks.
const LIFE: Boot = Boot(0x0bad);

/// What the caller says of itself when it greets for the `n`-th time: it comes with this disk, named there.
pub fn hello(disk: Disk, named: Index, n: u64) -> Hello {
    Hello {
        disk,
        starts: Starts(1),
        named,
        stand: Stand::Inside,
        journal: Index(1_000),
        marks: Vec::new(),
        members: Vec::new(),
        seated: Vec::new(),
        life: Starts(0),
        unfit: None,
        proof: None,
        n,
        echo: None,
        asks: Asks::No,
        birth: None,
    }
}

/// What one site might say to send another away: it knows another disk, and shows a greeting that it forged.
pub fn slander(
    by: &Bundle,
    (of, boot): (&SiteId, Boot),
    disk: Disk,
) -> (Option<(Boot, Unfit)>, Option<Box<Sealed>>) {
    let unfit = Unfit::OtherDisk { agreed: Disk(0x0bad), at: Index(1_000_000) };
    let forged = Hello { starts: Starts(1_000_000), ..hello(disk, Index(1), 1) };
    (Some((boot, unfit)), Some(Box::new(sealed(by, of, &forged))))
}

fn sealed(by: &Bundle, from: &SiteId, hello: &Hello) -> Sealed {
    let (to, bytes) = (SiteId::new("london"), hello.encode(LIFE));
    let mut sealed =
        Sealed { from: from.clone(), to, starts: hello.starts, n: hello.n, bytes, seal: Seal::default() };
    let key = Identity::from_bundle(by).expect("the rig made it");
    sealed.seal = key.seal(&sealed).expect("its key signs");
    sealed
}

/// A greeting of the office to London, signed with this bundle.
pub fn greeting(by: &Bundle, hello: &Hello) -> Vec<u8> {
    let sealed = sealed(by, &SiteId::new("office"), hello);
    Frame { stamp: None, boot: LIFE, body: Body::Hello(Box::new(sealed)) }.encode()
}

/// Reads what London says until it greets; gives its life and its disk.
pub async fn greeted(from: &mut (impl tokio::io::AsyncRead + Unpin)) -> (Boot, Hello) {
    loop {
        let length = from.read_u32().await.expect("London greets");
        let mut bytes = vec![0; usize::try_from(length).expect("a frame is short")];
        from.read_exact(&mut bytes).await.expect("a whole frame");
        if let Ok(Frame { body: Body::Hello(sealed), .. }) = Frame::decode(&bytes) {
            return Hello::decode(&sealed.bytes).expect("London greets in its own words");
        }
    }
}

/// A frame with one Raft message, said by and to these voters.
pub fn raft(kind: Kind, from: RaftId, to: RaftId) -> Vec<u8> {
    let term = Term(1_000_000);
    let message = Message {
        kind,
        from,
        to,
        term,
        log_term: term,
        index: Index(1_000_000),
        commit: Index(1_000_000),
        commit_term: term,
        entries: Vec::new(),
        snapshot: None,
        reject: false,
        reject_hint: Index(0),
        context: Vec::new(),
    };
    Frame { stamp: None, boot: LIFE, body: Body::Raft(vec![message]) }.encode()
}
