//! The wire with real sockets at both ends.

use super::*;
use agent::clock;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UdpSocket};

const LIMIT: Duration = Duration::from_secs(10);

/// Long enough that what could arrive would have.
const MOMENT: Duration = Duration::from_millis(150);

async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, what).await.expect("it happens within the limit")
}

fn any(ip: &str) -> SocketAddr {
    SocketAddr::new(ip.parse().unwrap(), 0)
}

fn parties() -> BTreeMap<IpAddr, String> {
    [("127.31.0.1", "london"), ("127.31.0.2", "office")]
        .map(|(ip, name)| (ip.parse().unwrap(), name.to_owned()))
        .into()
}

struct Ends {
    wire: Wire,
    client: TcpStream,
    server: TcpStream,
    seen: SocketAddr,
}

async fn dial(from: &str, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(any(from)).unwrap();
    soon(socket.connect(to)).await.unwrap()
}

async fn ends() -> Ends {
    let wire = Wire::new(parties());
    let listener = TcpListener::bind(any("127.31.0.9")).await.unwrap();
    let public = wire.tcp("carrier", any("127.31.0.3"), listener.local_addr().unwrap()).await.unwrap();
    let client = dial("127.31.0.1", public).await;
    let (server, seen) = soon(listener.accept()).await.unwrap();
    Ends { wire, client, server, seen }
}

async fn hears(stream: &mut TcpStream, expected: &[u8]) {
    let mut bytes = vec![0; expected.len()];
    soon(stream.read_exact(&mut bytes)).await.unwrap();
    assert_eq!(bytes, expected);
}

async fn hears_nothing(stream: &mut TcpStream) {
    let mut byte = [0];
    let read = tokio::time::timeout(MOMENT, stream.read(&mut byte)).await;
    assert!(read.is_err(), "{read:?}");
}

async fn hears_the_end(stream: &mut TcpStream) {
    let mut byte = [0];
    assert!(matches!(soon(stream.read(&mut byte)).await, Ok(0) | Err(_)));
}

#[tokio::test]
async fn the_far_end_sees_who_dialled() {
    let Ends { mut client, mut server, seen, wire: _wire } = ends().await;
    assert_eq!(seen.ip().to_string(), "127.31.0.1");
    client.write_all(b"hello").await.unwrap();
    hears(&mut server, b"hello").await;
    server.write_all(b"welcome").await.unwrap();
    hears(&mut client, b"welcome").await;
    client.shutdown().await.unwrap();
    hears_the_end(&mut server).await;
    server.write_all(b"late").await.unwrap();
    hears(&mut client, b"late").await;
}

#[tokio::test]
async fn a_cut_is_one_way_and_its_bytes_come_when_it_is_mended() {
    for passage in [Passage::Silent, Passage::Hold] {
        let Ends { wire, mut client, mut server, .. } = ends().await;
        wire.set("london", "carrier", passage).unwrap();
        client.write_all(b"one").await.unwrap();
        hears_nothing(&mut server).await;
        server.write_all(b"back").await.unwrap();
        hears(&mut client, b"back").await;
        client.write_all(b"two").await.unwrap();
        wire.mend();
        hears(&mut server, b"onetwo").await;
    }
}

#[tokio::test]
async fn a_killed_end_is_silence_until_the_cut_is_mended() {
    let Ends { wire, client, mut server, .. } = ends().await;
    wire.isolate("london").unwrap();
    drop(client);
    hears_nothing(&mut server).await;
    server.write_all(b"are you there").await.unwrap();
    hears_nothing(&mut server).await;
    wire.mend();
    hears_the_end(&mut server).await;
}

#[tokio::test]
async fn a_dead_end_is_not_betrayed_by_writing_to_it() {
    let Ends { wire, client, mut server, .. } = ends().await;
    // Only what london says is cut: what the carrier says still meets the dead end, but no news of that comes back.
    wire.set("london", "carrier", Passage::Silent).unwrap();
    drop(client);
    for _ in 0..5 {
        server.write_all(b"hello?").await.unwrap();
        hears_nothing(&mut server).await;
    }
    wire.mend();
    hears_the_end(&mut server).await;
}

#[tokio::test]
async fn a_delay_keeps_the_order() {
    let Ends { wire, mut client, mut server, .. } = ends().await;
    wire.set("london", "carrier", Passage::Delay(Duration::from_millis(200))).unwrap();
    let start = clock::mono();
    client.write_all(b"one").await.unwrap();
    client.write_all(b"two").await.unwrap();
    hears(&mut server, b"onetwo").await;
    assert!(clock::mono().since(start) >= Duration::from_millis(200));
}

async fn knocks(from: &str, to: SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(any(from)).unwrap();
    socket.connect(to).await
}

#[tokio::test]
async fn a_handshake_into_a_cut_waits_as_for_a_dead_line() {
    for (from, to) in [("london", "carrier"), ("carrier", "london")] {
        let wire = Wire::new(parties());
        let listener = TcpListener::bind(any("127.31.0.9")).await.unwrap();
        let public = wire.tcp("carrier", any("127.31.0.3"), listener.local_addr().unwrap()).await.unwrap();
        wire.set(from, to, Passage::Silent).unwrap();
        let mut patient = std::pin::pin!(knocks("127.31.0.1", public));
        assert!(tokio::time::timeout(MOMENT, &mut patient).await.is_err(), "nobody answers");
        let mut other = dial("127.31.0.2", public).await;
        other.write_all(b"other").await.unwrap();
        let (mut server, seen) = soon(listener.accept()).await.unwrap();
        assert_eq!(seen.ip().to_string(), "127.31.0.2", "the others are not cut off");
        hears(&mut server, b"other").await;
        wire.mend();
        let mut patient = soon(patient).await.unwrap();
        patient.write_all(b"patient").await.unwrap();
        let (mut server, _) = soon(listener.accept()).await.unwrap();
        hears(&mut server, b"patient").await;
        wire.set(from, to, Passage::Silent).unwrap();
        patient.write_all(b"more").await.unwrap();
        if from == "london" {
            hears_nothing(&mut server).await;
        } else {
            hears(&mut server, b"more").await;
        }
    }
}

#[tokio::test]
async fn who_is_accepted_as_the_cut_comes_leaves_no_trace_if_he_gives_up() {
    let wire = Wire::new(parties());
    let listener = TcpListener::bind(any("127.31.0.9")).await.unwrap();
    let public = wire.tcp("carrier", any("127.31.0.3"), listener.local_addr().unwrap()).await.unwrap();
    wire.set("london", "carrier", Passage::Hold).unwrap();
    let mut hasty = dial("127.31.0.1", public).await;
    hasty.write_all(b"hasty").await.unwrap();
    drop(hasty);
    let mut patient = dial("127.31.0.1", public).await;
    patient.write_all(b"patient").await.unwrap();
    assert!(tokio::time::timeout(MOMENT, listener.accept()).await.is_err(), "it is held");
    wire.mend();
    let (mut server, _) = soon(listener.accept()).await.unwrap();
    hears(&mut server, b"patient").await;
    assert!(tokio::time::timeout(MOMENT, listener.accept()).await.is_err(), "the hasty one is forgotten");
}

#[tokio::test]
async fn a_closed_port_refuses_until_it_is_opened() {
    let wire = Wire::new(parties());
    let (calls, asked) = (any("127.31.0.9"), any("127.31.0.9"));
    let (calls, asked) = (TcpListener::bind(calls).await.unwrap(), UdpSocket::bind(asked).await.unwrap());
    let public = wire.tcp("carrier", any("127.31.0.3"), calls.local_addr().unwrap()).await.unwrap();
    wire.udp("carrier", public, asked.local_addr().unwrap()).await.unwrap();
    let client = UdpSocket::bind(any("127.31.0.1")).await.unwrap();
    client.connect(public).await.unwrap();
    let mut talker = dial("127.31.0.1", public).await;
    client.send(b"one").await.unwrap();
    assert_eq!(datagram(&asked).await.0, "one");
    assert_eq!(wire.carried(public), 3);

    wire.close(public).await;
    hears_the_end(&mut talker).await;
    let refused = knocks("127.31.0.1", public).await.map(drop).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    client.send(b"two").await.unwrap();
    let refused = soon(client.recv(&mut [0; 9])).await.unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);

    wire.open(public).await.unwrap();
    client.send(b"three").await.unwrap();
    assert_eq!(datagram(&asked).await.0, "three");
    dial("127.31.0.1", public).await;
    assert_eq!(wire.carried(public), 8, "what was counted before is not forgotten");
}

#[tokio::test]
async fn a_closed_port_behind_the_wire_ends_the_connection() {
    let wire = Wire::new(parties());
    let closed = TcpListener::bind(any("127.31.0.9")).await.unwrap().local_addr().unwrap();
    let public = wire.tcp("carrier", any("127.31.0.3"), closed).await.unwrap();
    hears_the_end(&mut dial("127.31.0.1", public).await).await;
}

#[tokio::test]
async fn everything_ends_with_the_wire() {
    let Ends { wire, mut client, mut server, .. } = ends().await;
    drop(wire);
    hears_the_end(&mut client).await;
    hears_the_end(&mut server).await;
}

#[tokio::test]
async fn a_mistyped_name_is_refused() {
    let Ends { wire, .. } = ends().await;
    assert_eq!(wire.set("london", "carier", Passage::Hold), Err(UnknownParty("carier".to_owned())));
    assert_eq!(wire.isolate("paris"), Err(UnknownParty("paris".to_owned())));
}

async fn datagram(socket: &UdpSocket) -> (String, SocketAddr) {
    let mut bytes = [0; 100];
    let (count, from) = soon(socket.recv_from(&mut bytes)).await.unwrap();
    (String::from_utf8_lossy(&bytes[..count]).into_owned(), from)
}

async fn no_datagram(socket: &UdpSocket) {
    let mut bytes = [0; 100];
    let received = tokio::time::timeout(MOMENT, socket.recv_from(&mut bytes)).await;
    assert!(received.is_err(), "{received:?}");
}

#[tokio::test]
async fn datagrams_pass_are_kept_delayed_or_lost() {
    let wire = Wire::new(parties());
    let server = UdpSocket::bind(any("127.31.0.9")).await.unwrap();
    let public = wire.udp("london/pbx", any("127.31.0.3"), server.local_addr().unwrap()).await.unwrap();
    let client = UdpSocket::bind(any("127.31.0.1")).await.unwrap();
    client.send_to(b"open", public).await.unwrap();
    let (text, from) = datagram(&server).await;
    assert_eq!((text.as_str(), from.ip().to_string().as_str()), ("open", "127.31.0.1"));
    server.send_to(b"answer", from).await.unwrap();
    assert_eq!(datagram(&client).await, ("answer".to_owned(), public));

    wire.set("london", "london/pbx", Passage::Hold).unwrap();
    client.send_to(b"held", public).await.unwrap();
    no_datagram(&server).await;
    wire.set("london", "london/pbx", Passage::Silent).unwrap();
    client.send_to(b"lost", public).await.unwrap();
    no_datagram(&server).await;
    server.send_to(b"unasked", from).await.unwrap();
    assert_eq!(datagram(&client).await.0, "unasked", "the other direction is open");
    wire.mend();
    no_datagram(&server).await;

    wire.set("london", "london/pbx", Passage::Hold).unwrap();
    client.send_to(b"kept", public).await.unwrap();
    no_datagram(&server).await;
    wire.mend();
    assert_eq!(datagram(&server).await.0, "kept");

    wire.set("london/pbx", "london", Passage::Delay(Duration::from_millis(200))).unwrap();
    let start = clock::mono();
    server.send_to(b"slow", from).await.unwrap();
    assert_eq!(datagram(&client).await.0, "slow");
    assert!(clock::mono().since(start) >= Duration::from_millis(200));

    wire.set("london/pbx", "london", Passage::Silent).unwrap();
    server.send_to(b"lost", from).await.unwrap();
    no_datagram(&client).await;
}
