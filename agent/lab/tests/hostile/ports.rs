//! Garbage, endless lines, half-open callers and floods on every port that listens, the lab's own among them.

use super::town::{PATIENCE, Town};
use lab::rig::SITES;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, UnixStream};
use tokio::time::{Instant, timeout};

const ALL: [&str; 4] = ["office", "london", "manchester", "netherlands"];

/// What is meant by an endless line.
const ENDLESS: usize = 10 * 1024 * 1024;

/// More than a port has room for.
const CROWD: usize = 200;

/// How long a flood lasts.
const FLOOD: Duration = Duration::from_secs(3);

/// An agent that reads ten megabytes of anything may not have grown by more.
const GROWTH_KIB: u64 = 48 * 1024;

#[derive(Clone, Debug)]
enum Port {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl Port {
    /// Every port of London's agent, and those of the carrier.
    fn all(town: &Town) -> Vec<Self> {
        let net = &town.rig.net;
        vec![
            Self::Tcp(net.peers_behind(&SITES[0])),
            Self::Tcp(net.peers(&SITES[0])),
            Self::Unix(town.rig.socket("london")),
            Self::Tcp(net.carrier_behind()),
            Self::Tcp(net.carrier()),
            Self::Tcp(net.carrier_control()),
        ]
    }

    async fn open(&self) -> Box<dyn Stream> {
        match self {
            Self::Tcp(at) => Box::new(dial(*at, stranger(*at)).await.expect("it listens")),
            Self::Unix(path) => Box::new(UnixStream::connect(path).await.expect("it listens")),
        }
    }

    /// Says all of it, or as much as the port wants to hear, and waits until the port has had enough.
    async fn hears(&self, bytes: &[u8]) {
        let mut stream = self.open().await;
        // The port may close in the middle, which is its right.
        let _ = timeout(PATIENCE, stream.write_all(bytes)).await.expect("it reads or closes");
        let _ = stream.shutdown().await;
        let mut rest = Vec::new();
        let ended = timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "{self:?} keeps a caller that said {} bytes of nonsense", bytes.len());
    }
}

/// An address of the same loopback that is no site's.
fn stranger(at: SocketAddr) -> IpAddr {
    match at.ip() {
        IpAddr::V4(ip) => Ipv4Addr::new(127, 0, ip.octets()[2], 99).into(),
        IpAddr::V6(ip) => ip.into(),
    }
}

async fn dial(at: SocketAddr, from: IpAddr) -> std::io::Result<tokio::net::TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(from, 0))?;
    socket.connect(at).await
}

/// The same nonsense on every machine.
fn nonsense(seed: u64, length: usize) -> Vec<u8> {
    let mut dice = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut throw = || {
        dice ^= dice >> 12;
        dice ^= dice << 25;
        dice ^= dice >> 27;
        dice.to_be_bytes()[3]
    };
    (0..length).map(|_| throw()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nonsense_and_endless_lines_are_cut_off() {
    let mut town = Town::whole().await;
    let before = town.memory("london");
    let line = [vec![b'x'; 1000], vec![b'\n']].concat();
    let mut says = vec![
        vec![b'x'; ENDLESS],
        line.repeat(ENDLESS / line.len()),
        vec![b'['; ENDLESS],
        [b"\x16\x03\x01\xff\xff".to_vec(), nonsense(1, 70_000)].concat(),
        [b"GET /".to_vec(), vec![b'a'; ENDLESS]].concat(),
        [
            b"{\"schema\":1,\"command\":{\"why\":{\"route\":\"".to_vec(),
            vec![b'a'; 60_000],
            b"\"}}}\n".to_vec(),
        ]
        .concat(),
        b"SET 02079460000 1 S:1@1.2.3.4\nDEAC 02079460000\n".to_vec(),
    ];
    says.extend((2..12).map(|seed| nonsense(seed, 1 << seed)));
    for port in Port::all(&town) {
        for bytes in &says {
            port.hears(bytes).await;
        }
    }
    let grown = town.memory("london").saturating_sub(before);
    assert!(grown < GROWTH_KIB, "london's agent grew by {grown} KiB");
    assert_eq!(town.shown(), "london");
    town.goes_on(&ALL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_open_callers_keep_nobody_out() {
    let mut town = Town::whole().await;
    let mut silent = Vec::new();
    for port in Port::all(&town) {
        // The carrier is not ours to defend: it has room for so many, and shows the others out.
        let carrier = matches!(&port, Port::Tcp(at) if at.port() % 10_000 == 7777);
        for n in 0..if carrier { 20 } else { CROWD } {
            let mut stream = port.open().await;
            if n % 2 == 0 {
                let _ = stream.write_all(b"\x16").await;
            }
            silent.push(stream);
        }
    }
    town.says("london", "too many connections are open that have not said who they are").await;
    // A site that comes back is let in, and a person is heard, while all of them stand there.
    town.rig.agent("office").expect("it runs").kill().await;
    town.rig.start("office").expect("it starts again");
    town.ready("office").await;
    town.until("london", |status| {
        let office = status.sites.iter().find(|site| site.site.as_str() == "office");
        office.and_then(|office| office.heard).is_some_and(|age| age < Duration::from_secs(2))
    })
    .await;
    town.goes_on(&["london", "office", "manchester", "netherlands"]).await;
    town.says("london", "it did not say who it is within 2 s").await;
    drop(silent);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn floods_move_nobody() {
    let mut town = Town::whole().await;
    let term = town.ready("netherlands").await.term;
    let until = Instant::now() + FLOOD;
    let mut floods = Vec::new();
    for at in SITES.iter().map(|site| town.rig.net.peers_behind(site)) {
        let neighbour = town.rig.net.agent(&SITES[2]);
        for from in [stranger(at), neighbour] {
            floods.push(tokio::spawn(async move {
                let mut calls = 0_u32;
                while Instant::now() < until {
                    // Without descriptors or ports a flood is weaker, and that is all.
                    if let Ok(mut stream) = dial(at, from).await {
                        let _ = stream.write_all(b"\x16\x03\x01\x02\x00\x01").await;
                        calls += 1;
                    }
                }
                calls
            }));
        }
    }
    for _ in 0..8 {
        let path = town.rig.socket("london");
        floods.push(tokio::spawn(async move {
            let mut asked = 0;
            let mut stream = UnixStream::connect(path).await.expect("it listens");
            let mut bytes = vec![0; 64 * 1024];
            while Instant::now() < until {
                let _ = stream.write_all(b"{\"schema\":1,\"command\":\"status\"}\n").await;
                let _ = stream.read(&mut bytes).await;
                asked += 1;
            }
            asked
        }));
    }
    let mut most = 0;
    for flood in floods {
        most = most.max(flood.await.expect("it floods"));
    }
    assert!(most > 200, "that was no flood: {most} calls at most");
    let after = town.ready("netherlands").await;
    assert_eq!(after.term, term, "a flood made the leader go");
    assert!(after.incidents.is_empty() && town.rig.carrier.judgement().switches.is_empty());
    town.goes_on(&ALL).await;
}
