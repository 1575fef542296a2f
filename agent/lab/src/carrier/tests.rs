//! Conversations with the carrier over real sockets.

mod control;
mod struck;

use super::setup::{LineEnd, Setup};
use super::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const LIMIT: Duration = Duration::from_secs(10);

fn setup() -> Setup {
    Setup::at("127.0.0.1:0".parse().unwrap())
        .account("demo:s3cret")
        .and_then(|s| s.account("other:hidden"))
        .and_then(|s| s.number("02079460000=S:442079460000@127.0.0.21"))
        .and_then(|s| s.number("P2079460001=S:1@127.0.0.21|S:2@127.0.0.22"))
        .and_then(|s| s.number("other/02079460002=S:3@127.0.0.23"))
        .unwrap()
}

struct Client {
    stream: TcpStream,
    heard: String,
}

impl Client {
    async fn dial(carrier: &Carrier) -> Self {
        let stream = TcpStream::connect(carrier.address()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, heard: String::new() }
    }

    async fn logged_in(carrier: &Carrier) -> Self {
        let mut client = Self::dial(carrier).await;
        assert_eq!(client.hear().await, "0 Magrathea NTS GW (ntsapi.c(V0.1))");
        assert_eq!(client.ask("AUTH demo s3cret\r\n").await, "0 Access granted. Welcome (cl=500)");
        client
    }

    async fn say(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// One line; empty at the end of the connection.
    async fn hear(&mut self) -> String {
        let line = async {
            loop {
                if let Some((line, rest)) = self.heard.split_once('\n') {
                    let (line, rest) = (line.trim_end_matches('\r').to_owned(), rest.to_owned());
                    self.heard = rest;
                    return line;
                }
                let mut bytes = [0; 256];
                match self.stream.read(&mut bytes).await {
                    Ok(0) | Err(_) => return String::new(),
                    Ok(count) => self.heard += std::str::from_utf8(&bytes[..count]).unwrap(),
                }
            }
        };
        tokio::time::timeout(LIMIT, line).await.expect("an answer within the limit")
    }

    async fn ask(&mut self, text: &str) -> String {
        self.say(text).await;
        self.hear().await
    }

    async fn is_silent_for(&mut self, ms: u64) -> bool {
        tokio::time::timeout(Duration::from_millis(ms), self.hear()).await.is_err()
    }
}

const SET: &str = "SET 02079460000 1 S:442079460000@127.0.0.22";
const STAT: &str = "STAT 02079460000";
const LONDON: &str = "0 02079460000 Y 2027-12-31 S:442079460000@127.0.0.21||";
const MANCHESTER: &str = "0 02079460000 Y 2027-12-31 S:442079460000@127.0.0.22||";

/// How a client cuts a command into writes.
#[derive(Clone, Copy, Debug)]
enum Cut {
    Whole,
    Halves,
    Bytes,
}

async fn talk(carrier: &Carrier, end: &str, cut: Cut) {
    let mut client = Client::dial(carrier).await;
    client.hear().await;
    let script = [
        ("AUTH demo s3cret", "0 Access granted. Welcome (cl=500)"),
        (STAT, LONDON),
        (SET, "0 Number updated OK"),
        (STAT, MANCHESTER),
        ("SET 02079460000 1 S:442079460000@127.0.0.21", "0 Number updated OK"),
        ("QUIT ", "0 Many thanks. Goodbye"),
    ];
    for (command, expected) in script {
        let text = format!("{command}{end}");
        let size = match cut {
            Cut::Whole => text.len(),
            Cut::Halves => text.len().div_ceil(2),
            Cut::Bytes => 1,
        };
        for piece in text.as_bytes().chunks(size) {
            client.stream.write_all(piece).await.unwrap();
            tokio::time::sleep(Duration::from_millis(if matches!(cut, Cut::Halves) { 40 } else { 2 })).await;
        }
        assert_eq!(client.hear().await, expected, "{end:?} {cut:?}");
    }
    assert_eq!(client.hear().await, "", "closed after QUIT");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_framing_is_understood_whole_and_split() {
    let mut all = JoinSet::new();
    for end in ["", "\r", "\n", "\r\n"] {
        for cut in [Cut::Whole, Cut::Halves, Cut::Bytes] {
            all.spawn(async move {
                let carrier = Carrier::start(setup()).await.unwrap();
                talk(&carrier, end, cut).await;
            });
        }
    }
    while let Some(done) = all.join_next().await {
        done.unwrap();
    }
}

#[tokio::test]
async fn two_commands_in_one_write_are_answered_in_order() {
    let carrier = Carrier::start(setup()).await.unwrap();
    let mut client = Client::dial(&carrier).await;
    client.hear().await;
    client.say(&format!("AUTH demo s3cret\r\n{SET}\r{STAT}\nQUIT")).await;
    for expected in ["0 Access granted. Welcome (cl=500)", "0 Number updated OK", MANCHESTER] {
        assert_eq!(client.hear().await, expected);
    }
    assert_eq!(client.hear().await, "0 Many thanks. Goodbye");
}

#[tokio::test]
async fn replies_end_as_configured_and_other_accounts_numbers_are_unknown() {
    let mut setup = setup();
    setup.line_end = LineEnd::Lf;
    setup.digit = 7;
    let carrier = Carrier::start(setup).await.unwrap();
    let mut client = Client::dial(&carrier).await;
    let mut bytes = [0; 64];
    let count = client.stream.read(&mut bytes).await.unwrap();
    assert_eq!(&bytes[..count], b"0 Magrathea NTS GW (ntsapi.c(V0.1))\n");
    for (command, expected) in [
        (STAT, "7 Not logged in"),
        ("AUTH demo wrong", "7 Access denied"),
        ("AUTH other s3cret", "7 Access denied"),
        ("AUTH demo s3cret", "0 Access granted. Welcome (cl=500)"),
        ("STAT 02079460002", "7 Number not found"),
        ("SET 02079460002 1 S:1@127.0.0.1", "7 Number not found"),
        ("SET 02079460001 1 S:1@127.0.0.1", "7 Number not found"),
        ("SET P2079460001 2 S:4@127.0.0.24", "0 Number updated OK"),
        ("STAT P2079460001", "0 P2079460001 Y 2027-12-31 S:1@127.0.0.21|S:4@127.0.0.24|"),
        ("SET 02079460000 4 S:1@127.0.0.1", "7 Invalid index"),
        ("SET 02079460000 1 S:1@127.0.0.1:5060", "7 Invalid destination"),
        ("DEAC 02079460000", "0 Number deactivated OK"),
        (STAT, "0 02079460000 N 2027-12-31 S:442079460000@127.0.0.21||"),
        (SET, "7 Number not active"),
        ("NONSENSE", "7 Unknown command"),
    ] {
        assert_eq!(client.ask(&format!("{command}\r\n")).await, expected, "{command}");
    }
}

#[tokio::test]
async fn garbage_is_answered_limited_and_survived() {
    let carrier = Carrier::start(setup()).await.unwrap();
    let mut client = Client::logged_in(&carrier).await;
    for garbage in
        [&b"\xff\xfe\x00\xf0\r\n"[..], b"SET \xc3\x28 1 2\r\n", b"|||||\n", b"STAT +\r\n", b"ALIST 0\n"]
    {
        client.stream.write_all(garbage).await.unwrap();
        assert!(client.hear().await.starts_with("1 "), "{garbage:?}");
    }
    client.say(&"x".repeat(frame::LONGEST + 1)).await;
    assert_eq!(client.hear().await, "1 Line too long");
    assert_eq!(client.hear().await, "", "closed");
    let mut many = Vec::new();
    for _ in 0..CONNECTIONS {
        many.push(Client::logged_in(&carrier).await);
    }
    assert_eq!(Client::dial(&carrier).await.hear().await, "", "one too many is closed at once");
    many.pop();
    assert_eq!(many[0].ask("QUIT\r\n").await, "0 Many thanks. Goodbye");
}

#[tokio::test]
async fn no_password_ever_reaches_the_log() {
    let carrier = Carrier::start(setup()).await.unwrap();
    let mut client = Client::dial(&carrier).await;
    client.hear().await;
    for (command, answers) in [
        ("AUTH demo s3cret-mistyped\r\n", 1),
        ("AUTH s3cret demo\r\n", 1),
        ("AUTH demo s3c\r\nret\r\n", 2),
        ("s3cret\r\n", 1),
        ("QUITAUTH demo s3cret\r\n", 1),
        ("AUTH demo s3cret\r\n", 1),
        ("AUTHdemo s3cret\r\n", 1),
        ("s3cret\r\n", 1),
        ("SET 02079460000 1 I:user:hunter2@127.0.0.1\r\n", 1),
        ("STAT 02079460000\r\n", 1),
    ] {
        client.say(command).await;
        for _ in 0..answers {
            client.hear().await;
        }
    }
    carrier.edit("02079460000", 1, "I:user:hunter3@127.0.0.1").unwrap();
    let log = serde_json::to_string(&carrier.log()).unwrap();
    let shown = log.clone() + &format!("{:?}{:?}", carrier.log(), carrier.numbers());
    for secret in ["s3c", "ret-", "\"ret\"", "hunter"] {
        assert!(!shown.contains(secret), "{secret} in {log}");
    }
    assert!(log.contains("AUTH demo ***"), "{log}");
}

#[tokio::test]
async fn over_tls_it_is_the_same_protocol() {
    let mut setup = setup();
    let certificate = tls::Certificate::made_for(&["localhost"]).unwrap();
    setup.tls = Some(certificate.clone());
    let carrier = Carrier::start(setup).await.unwrap();
    let mut roots = rustls::RootCertStore::empty();
    for der in rustls::pki_types::pem::PemObject::pem_slice_iter(certificate.chain().as_bytes()) {
        roots.add(der.unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let stream = TcpStream::connect(carrier.address()).await.unwrap();
    let mut stream = connector.connect("localhost".try_into().unwrap(), stream).await.unwrap();
    stream.write_all(b"AUTH demo s3cret\r\nQUIT\r\n").await.unwrap();
    let mut all = String::new();
    tokio::time::timeout(LIMIT, stream.read_to_string(&mut all)).await.unwrap().unwrap();
    assert_eq!(
        all,
        "0 Magrathea NTS GW (ntsapi.c(V0.1))\r\n0 Access granted. Welcome (cl=500)\r\n0 Many thanks. Goodbye\r\n"
    );
}
