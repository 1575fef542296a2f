//! The SIP probe against scripted PBXs, real transcripts, the schedule against silent ones, and broken bytes.

use super::schedule::{Observation, Plan, start};
use super::sip::{Message, Options, SipError, Start, Transport, frame};
use super::sip_options::SipOptions;
use super::tcp::TcpConnect;
use super::{Answer, Probe, Why};
use crate::clock::mono;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::mpsc;

const SECOND: Duration = Duration::from_secs(1);

/// Asterisk 22.10.1 to a request without a user; two blanks before the length are its own.
const ASTERISK_200: &[u8] = b"SIP/2.0 200 OK\r\n\
      Via: SIP/2.0/UDP 127.0.0.1:39384;rport=39384;received=127.0.0.1;branch=z9hG4bK45efd1b7\r\n\
      Call-ID: 45efd1b7@127.0.0.1\r\n\
      From: <sip:probe@127.0.0.1>;tag=45efd1b7\r\n\
      To: <sip:127.0.0.1>;tag=z9hG4bK45efd1b7\r\n\
      CSeq: 1 OPTIONS\r\n\
      Accept: application/pidf+xml, application/xpidf+xml, application/cpim-pidf+xml, application/dialog-info+xml, \
       application/simple-message-summary, application/pidf+xml, application/dialog-info+xml, \
       application/sdp, message/sipfrag;version=2.0\r\n\
      Allow: OPTIONS, REGISTER, SUBSCRIBE, NOTIFY, PUBLISH, INVITE, ACK, BYE, CANCEL, \
       UPDATE, PRACK, MESSAGE, INFO, REFER\r\n\
      Supported: 100rel, timer, replaces, norefersub\r\n\
      Accept-Encoding: identity\r\n\
      Accept-Language: en\r\n\
      Server: Asterisk PBX 22.10.1\r\n\
      Content-Length:  0\r\n\
      \r\n";
/// The same to a sender it does not know.
const ASTERISK_401: &[u8] = b"SIP/2.0 401 Unauthorized\r\n\
      Via: SIP/2.0/UDP 127.0.0.2:48545;rport=48545;received=127.0.0.2;branch=z9hG4bKf56127a8\r\n\
      Call-ID: f56127a8@127.0.0.2\r\n\
      From: <sip:probe@127.0.0.2>;tag=f56127a8\r\n\
      To: <sip:127.0.0.1>;tag=z9hG4bKf56127a8\r\n\
      CSeq: 1 OPTIONS\r\n\
      WWW-Authenticate: Digest realm=\"asterisk\",nonce=\"1795174761/15bcadf442cfc946ea030566321e5d09\",\
       opaque=\"04a3da8a4753611b\",algorithm=MD5,qop=\"auth\"\r\n\
      Server: Asterisk PBX 22.10.1\r\n\
      Content-Length:  0\r\n\
      \r\n";
/// Asterisk's own question to a contact of its own.
const ASTERISK_ASKS: &[u8] = b"OPTIONS sip:probed@127.0.0.1:5099 SIP/2.0\r\n\
      Via: SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKPj37c2113f-9663-42db-b75d-f3bece6c7f2b\r\n\
      From: <sip:probed@127.0.0.1>;tag=787b4166-5a31-4109-a107-3363cd38269f\r\n\
      To: <sip:probed@127.0.0.1>\r\n\
      Contact: <sip:probed@127.0.0.1:5060>\r\n\
      Call-ID: 83a4573c-2c9c-4465-81e5-00700904fea3\r\n\
      CSeq: 57140 OPTIONS\r\n\
      Max-Forwards: 70\r\n\
      User-Agent: Asterisk PBX 22.10.1\r\n\
      Content-Length:  0\r\n\
      \r\n";

/// An answer to the question in `request`, put together as Asterisk does.
fn answer(request: &[u8], status: &str) -> Vec<u8> {
    let request = Message::parse(request).unwrap();
    let copy = |name: &str| format!("{name}: {}\r\n", request.header(name).unwrap());
    let copied: String = ["Via", "Call-ID", "From", "To", "CSeq"].map(copy).concat();
    format!("SIP/2.0 {status}\r\n{copied}Content-Length:  0\r\n\r\n").into_bytes()
}

/// A PBX on UDP that lets `reply` turn every datagram, counted from 0, into datagrams.
async fn udp_pbx(reply: impl Fn(usize, &[u8]) -> Vec<Vec<u8>> + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let target = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 4096];
        let mut count = 0;
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            for datagram in reply(count, &buffer[..length]) {
                socket.send_to(&datagram, from).await.unwrap();
            }
            count += 1;
        }
    });
    target
}

async fn ask_udp(target: SocketAddr, timeout: Duration) -> Answer {
    SipOptions { target, bind: None, transport: Transport::Udp }.ask(timeout).await
}

#[tokio::test]
async fn any_final_answer_but_503_is_alive() {
    for status in ["200 OK", "404 Not Found", "401 Unauthorized", "603 Decline", "500 Oops"] {
        let target =
            udp_pbx(move |_, request| vec![answer(request, "100 Trying"), answer(request, status)]).await;
        let Answer::Alive { detail, took } = ask_udp(target, SECOND).await else { panic!("{status}") };
        assert_eq!(detail, status);
        assert!(took < SECOND);
    }
    let target = udp_pbx(|_, request| vec![answer(request, "503 Service Unavailable")]).await;
    assert_eq!(ask_udp(target, SECOND).await, Answer::Draining);
}

#[tokio::test]
async fn a_lost_question_is_sent_again_the_same() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let target = udp_pbx(move |count, request| {
        tell.send(request.to_vec()).unwrap();
        if count < 1 { vec![] } else { vec![answer(request, "200 OK")] }
    })
    .await;
    assert!(matches!(ask_udp(target, SECOND).await, Answer::Alive { .. }));
    let first = told.recv().await.unwrap();
    assert_eq!(told.recv().await.unwrap(), first);
}

#[tokio::test]
async fn short_timeouts_ask_once_and_long_ones_double_the_pause() {
    for (timeout, expected) in [(90, 1), (600, 2)] {
        let (tell, mut told) = mpsc::unbounded_channel();
        let target = udp_pbx(move |count, _| {
            tell.send(count).unwrap();
            vec![]
        })
        .await;
        let answer = ask_udp(target, Duration::from_millis(timeout)).await;
        assert_eq!(answer, Answer::Dead { why: Why::Silent });
        let mut last = 0;
        while let Ok(Some(count)) = tokio::time::timeout(Duration::from_millis(50), told.recv()).await {
            last = count + 1;
        }
        assert_eq!(last, expected, "within {timeout} ms");
    }
}

#[tokio::test]
async fn answers_to_other_questions_and_provisional_ones_are_passed_over() {
    let spoil = |request: &[u8], from: &str, to: &str| {
        String::from_utf8(answer(request, "200 OK")).unwrap().replace(from, to).into_bytes()
    };
    let target = udp_pbx(move |_, request| {
        vec![
            spoil(request, "branch=z9hG4bK", "branch=z9hG4bKx"),
            spoil(request, "Call-ID: ", "Call-ID: x"),
            spoil(request, " OPTIONS", " INVITE"),
            spoil(request, "CSeq: ", "CSeq: 9"),
            request.to_vec(),
            answer(request, "180 Ringing"),
        ]
    })
    .await;
    assert_eq!(ask_udp(target, Duration::from_millis(150)).await, Answer::Dead { why: Why::Silent });
}

#[tokio::test]
async fn refused_is_instant_and_nonsense_is_told_from_silence() {
    let target = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let asked = mono();
    assert_eq!(ask_udp(target, SECOND * 10).await, Answer::Dead { why: Why::Refused });
    assert!(mono().since(asked) < SECOND);
    let target = udp_pbx(|_, _| vec![b"hello".to_vec()]).await;
    assert_eq!(ask_udp(target, Duration::from_millis(150)).await, Answer::Dead { why: Why::Malformed });
}

/// A PBX on TCP that answers the first question with these bytes, piece by piece, then closes.
async fn ask_tcp(reply: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + 'static) -> Answer {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut inbox = Vec::new();
        while frame(&inbox).unwrap().is_none() {
            assert_ne!(stream.read_buf(&mut inbox).await.unwrap(), 0);
        }
        for piece in reply(&inbox) {
            stream.write_all(&piece).await.unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    SipOptions { target, bind: None, transport: Transport::Tcp }.ask(SECOND).await
}

#[tokio::test]
async fn over_tcp_messages_come_in_pieces_with_bodies_and_one_after_another() {
    let pieces = |request: &[u8]| {
        let body = "Content-Length: 5\r\n\r\nhello";
        let trying = String::from_utf8(answer(request, "100 Trying")).unwrap();
        let trying = trying.replace("Content-Length:  0\r\n\r\n", body);
        let all = [b"\r\n\r\n".as_slice(), trying.as_bytes(), &answer(request, "200 OK")].concat();
        all.chunks(97).map(<[u8]>::to_vec).collect()
    };
    assert!(matches!(ask_tcp(pieces).await, Answer::Alive { .. }));
    assert_eq!(ask_tcp(|request| vec![answer(request, "503 Stopping")]).await, Answer::Draining);
    assert_eq!(ask_tcp(|_| vec![]).await, Answer::Dead { why: Why::Refused });
    assert_eq!(
        ask_tcp(|_| vec![b"HTTP/1.1 400 Bad\r\n\r\n".to_vec()]).await,
        Answer::Dead { why: Why::Malformed }
    );
}

#[test]
fn real_messages_are_read() {
    let message = Message::parse(ASTERISK_200).unwrap();
    assert_eq!(message.start, Start::Response { code: 200, reason: "OK".to_owned() });
    assert_eq!(message.branch(), Some("z9hG4bK45efd1b7"));
    assert_eq!(message.header("call-id"), Some("45efd1b7@127.0.0.1"));
    assert_eq!(message.header("CONTENT-LENGTH"), Some("0"));
    let message = Message::parse(ASTERISK_401).unwrap();
    assert_eq!(message.start, Start::Response { code: 401, reason: "Unauthorized".to_owned() });
    let message = Message::parse(ASTERISK_ASKS).unwrap();
    assert_eq!(message.start, Start::Request { method: "OPTIONS".to_owned() });
    assert_eq!(frame(ASTERISK_ASKS).unwrap().unwrap().1, ASTERISK_ASKS.len());
}

#[test]
fn compact_folded_and_several_vias_are_read_and_limits_hold() {
    let text =
        b"SIP/2.0 200\r\nv: SIP/2.0/UDP a;rport\r\n ;Branch=z9hG4bK1, SIP/2.0/UDP b;branch=z9hG4bK2\r\n\
        i: x\r\nl: 3\r\n\r\nabc";
    let message = Message::parse(text).unwrap();
    assert_eq!((message.branch(), message.header("Call-ID")), (Some("z9hG4bK1"), Some("x")));
    assert_eq!(frame(text).unwrap().unwrap().1, text.len());
    assert_eq!(frame(&text[..text.len() - 1]), Ok(None));
    for (bytes, error) in [
        (b"SIP/2.0 200 OK\r\nno colon\r\n\r\n".to_vec(), SipError::Header),
        (b"SIP/2.0 20 OK\r\n\r\n".to_vec(), SipError::StartLine),
        (b"SIP/2.0 200 OK\r\nl: 99999999999999999999999\r\n\r\n".to_vec(), SipError::Length),
        (b"SIP/2.0 200 OK\r\nl: -1\r\n\r\n".to_vec(), SipError::Length),
        (b"SIP/2.0 200 OK\r\nl: 70000\r\n\r\n".to_vec(), SipError::TooLong),
        ([b"SIP/2.0 200 OK\r\n".as_slice(), &b"a: b\r\n".repeat(20_000)].concat(), SipError::TooLong),
    ] {
        assert_eq!(frame(&bytes), Err(error));
    }
}

#[test]
fn ipv6_literals_are_written_in_brackets() {
    let address = |text: &str| text.parse().unwrap();
    let question =
        Options::new(address("[2001:db8::1]:5060"), address("[2001:db8::2]:40000"), Transport::Tcp);
    let text = String::from_utf8(question.bytes().to_vec()).unwrap();
    for part in [
        "OPTIONS sip:[2001:db8::1]:5060;transport=tcp SIP/2.0\r\n",
        "Via: SIP/2.0/TCP [2001:db8::2]:40000;branch=z9hG4bK",
        "From: <sip:pointsman@[2001:db8::2]>;tag=",
        "Contact: <sip:pointsman@[2001:db8::2]:40000;transport=tcp>\r\n",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn broken_bytes_never_panic_the_reader() {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    for _ in 0..5_000 {
        let mut bytes = [ASTERISK_200, ASTERISK_401, ASTERISK_ASKS][rng.random_range(0..3)].to_vec();
        for _ in 0..rng.random_range(1..8) {
            let place = rng.random_range(0..bytes.len());
            match rng.random_range(0..4) {
                0 => bytes[place] = rng.random(),
                1 => bytes.insert(place, b"\r\n :;,="[rng.random_range(0..7)]),
                2 => bytes.swap(place, 0),
                _ => bytes.truncate(place.max(1)),
            }
        }
        if let Ok(Some((message, taken))) = frame(&bytes) {
            assert!(taken <= bytes.len());
            // What the branch is does not matter, only that asking for it is safe.
            let _branch = message.branch();
        }
    }
}

fn every(target: &str, probe: Probe, millis: (u64, u64)) -> Plan {
    let (every, timeout) = (Duration::from_millis(millis.0), Duration::from_millis(millis.1));
    Plan { target: target.to_owned(), probe, every, timeout }
}

async fn next(inbox: &mut mpsc::Receiver<Observation>) -> Observation {
    tokio::time::timeout(SECOND * 5, inbox.recv()).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_silent_target_delays_nobody_and_its_late_ticks_are_skipped() {
    let pbx = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mute = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let tcp = Probe::Tcp(TcpConnect { target: pbx.local_addr().unwrap(), bind: None });
    let target = mute.local_addr().unwrap();
    let udp = Probe::SipOptions(SipOptions { target, bind: None, transport: Transport::Udp });
    let (sink, mut inbox) = mpsc::channel(64);
    let began = mono();
    let slow = start(every("manchester/pbx", udp, (50, 320)), sink.clone());
    let quick = start(every("london/pbx", tcp, (50, 50)), sink);
    let (mut quick_seen, mut slow_at) = (0, Vec::new());
    while slow_at.len() < 2 {
        let seen = next(&mut inbox).await;
        match seen.answer {
            Answer::Dead { why: Why::Silent } => slow_at.push(seen.at),
            Answer::Alive { .. } => quick_seen += 1,
            other @ (Answer::Draining | Answer::Dead { .. } | Answer::Unasked { .. }) => panic!("{other}"),
        }
    }
    assert!(quick_seen >= 5, "only {quick_seen} answers in {:?}", mono().since(began));
    assert!(slow_at[1].since(slow_at[0]) >= Duration::from_millis(320), "no burst after a late answer");
    drop(slow);
    drop(quick);
    // Both senders are gone with their tasks: nothing asks any more.
    while tokio::time::timeout(SECOND * 5, inbox.recv()).await.unwrap().is_some() {}
}
