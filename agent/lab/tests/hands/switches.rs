//! Switches over HTTP: one that obeys, refuses, hangs, lies and dies on demand, and what the hands make of it.

use super::bench::{Bench, soon};
use agent::clock::mono;
use agent::event::{Effect, Event, Order, Report};
use agent::node::Stands;
use agent::probes::http::BODY_MAX;
use state::fact::{Closure, Was};
use state::plan::{Ensure, Login, Method, Scheme, Shows, Switch};
use state::{Index, Nonce, Number};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the switch does when it is thrown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Obeys,
    /// 409, and nothing is changed.
    Refuses,
    /// No answer, and nothing is changed.
    Hangs,
    /// No answer, and it is thrown.
    Swallows,
    /// 200, and nothing is changed.
    Lies,
    /// It hangs up without an answer.
    Dies,
    /// 200, and it shows half a second later.
    Dawdles,
    /// 500 to every reading.
    Ails,
    /// A reading that is no JSON.
    Mumbles,
    /// A reading that has no end in sight.
    Rambles,
    /// There is nothing to be read any more: what a DELETE brings about.
    Gone,
    /// It says that it is to be thrown elsewhere.
    Refers,
}

struct Board {
    mood: Mood,
    shows: String,
    heard: Vec<String>,
}

struct Switchboard {
    bench: Bench,
    board: Arc<Mutex<Board>>,
    at: SocketAddr,
}

impl Switchboard {
    async fn new() -> Self {
        let board = Board { mood: Mood::Obeys, shows: "london".to_owned(), heard: Vec::new() };
        let board = Arc::new(Mutex::new(board));
        // The hands call from an address of their own.
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let serving = Arc::clone(&board);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, Arc::clone(&serving)));
            }
        });
        Self { bench: Bench::new().await, board, at }
    }

    fn set(&self, mood: Mood, shows: &str) {
        let mut board = self.board.lock().unwrap();
        (board.mood, board.shows) = (mood, shows.to_owned());
    }

    fn switch(&self) -> Switch {
        let url = format!("http://{}/v1/routes/main", self.at);
        Switch {
            address: self.at,
            method: Method::Put,
            body: Some("{\"to\":\"manchester\"}".to_owned()),
            expect: Vec::new(),
            read: url.clone(),
            url,
            read_expect: Vec::new(),
            shows: Some(Shows { pointer: "/to".into(), is: "manchester".into(), was: Some("london".into()) }),
            secret: None,
        }
    }

    fn order(&mut self, fence: u64, switch: Switch, close_ms: u64) {
        let writes = vec![Number::new(switch.url.clone())];
        let (begin_by, close_by) = (soon(close_ms * 2 / 3), soon(close_ms));
        let ensure = Ensure::Http(Box::new(switch));
        self.bench.hands.act(Effect::Ensure(Order {
            fence: Index(fence),
            ensure,
            writes,
            begin_by,
            close_by,
        }));
    }

    async fn thrown(&mut self, fence: u64, switch: Switch) -> (Was, Closure, String) {
        self.order(fence, switch, 2400);
        told(&self.bench.executed(fence).await)
    }

    /// How it stands, by a look that throws nothing.
    async fn stands(&mut self, switch: Switch) -> Stands {
        let ensure = Ensure::Http(Box::new(switch));
        self.bench.hands.act(Effect::See { id: 7, ensure, within: Duration::from_secs(2) });
        let event = self.bench.event().await;
        let Event::Seen { id: 7, found } = event else { panic!("{event:?}") };
        found
    }

    /// How often it was thrown.
    fn puts(&self) -> usize {
        self.board.lock().unwrap().heard.iter().filter(|head| head.starts_with("PUT ")).count()
    }
}

fn told(report: &Report) -> (Was, Closure, String) {
    let [outcome] = report.outcomes.as_slice() else { panic!("{report:?}") };
    (report.was, outcome.closure, report.note.clone().unwrap_or_default())
}

/// One request, and one answer at most.
async fn serve(mut stream: TcpStream, board: Arc<Mutex<Board>>) {
    let mut bytes = Vec::new();
    let text = loop {
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            break text;
        }
    };
    let (mood, shows) = {
        let mut board = board.lock().unwrap();
        board.heard.push(text.clone());
        if text.starts_with("PUT ") && matches!(board.mood, Mood::Obeys | Mood::Swallows) {
            board.shows = "manchester".to_owned();
        }
        if text.starts_with("DELETE ") {
            board.mood = Mood::Gone;
        }
        (board.mood, board.shows.clone())
    };
    let answer = match (text.starts_with("GET "), mood) {
        (true, Mood::Ails) => "500 Internal Server Error\r\ncontent-length: 0\r\n\r\n".to_owned(),
        (true, Mood::Mumbles) => "200 OK\r\ncontent-length: 5\r\n\r\nhello".to_owned(),
        (true, Mood::Rambles) => {
            let body = format!("{{\"to\":\"{shows}\",\"n\":\"{}\"}}", "7".repeat(BODY_MAX));
            format!("200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        }
        (true, Mood::Gone) => "404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned(),
        (true, _) => {
            let body = format!("{{\"to\":\"{shows}\",\"n\":7}}");
            format!("200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        }
        (false, Mood::Hangs | Mood::Swallows) => return std::future::pending().await,
        (false, Mood::Dies) => return,
        (false, Mood::Refers) => {
            "307 Temporary Redirect\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n".to_owned()
        }
        (false, Mood::Refuses) => "409 Conflict\r\ncontent-length: 0\r\n\r\n".to_owned(),
        (false, Mood::Dawdles) => {
            let later = Arc::clone(&board);
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(500)).await;
                later.lock().unwrap().shows = "manchester".to_owned();
            });
            "200 OK\r\ncontent-length: 0\r\n\r\n".to_owned()
        }
        (false, Mood::Obeys | Mood::Lies | Mood::Ails | Mood::Mumbles | Mood::Rambles | Mood::Gone) => {
            "200 OK\r\ncontent-length: 0\r\n\r\n".to_owned()
        }
    };
    let _gone = stream.write_all(format!("HTTP/1.1 {answer}").as_bytes()).await;
    let _gone = stream.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_is_thrown_once_and_left_alone_where_it_stands() {
    let mut at = Switchboard::new().await;
    assert_eq!(at.thrown(1, at.switch()).await, (Was::Right, Closure::Closed, String::new()));
    let (was, closure, note) = at.thrown(2, at.switch()).await;
    assert_eq!((was, closure, note.as_str()), (Was::Right, Closure::Closed, "it stood as wanted already"));
    assert_eq!(at.puts(), 1);
    let heard = at.board.lock().unwrap().heard.join("\n").to_lowercase();
    assert!(
        heard.contains("put /v1/routes/main http/1.1") && heard.contains("{\"to\":\"manchester\"}"),
        "{heard}"
    );
    assert!(heard.contains("content-type: application/json"), "{heard}");
}

/// After an unknown outcome somebody reads, and nothing is thrown again.
#[tokio::test(flavor = "multi_thread")]
async fn how_it_stands_is_read_without_throwing_anything() {
    let mut at = Switchboard::new().await;
    assert_eq!(at.stands(at.switch()).await, Ok((Was::Wrong, "/to shows `london`".to_owned())));
    at.set(Mood::Obeys, "manchester");
    assert_eq!(at.stands(at.switch()).await, Ok((Was::Right, "it stands as wanted".to_owned())));
    at.set(Mood::Obeys, "office");
    let strange = "/to shows `office`, and that is not ours".to_owned();
    assert_eq!(at.stands(at.switch()).await, Ok((Was::Wrong, strange)));
    at.set(Mood::Ails, "manchester");
    let why = at.stands(at.switch()).await.unwrap_err();
    assert!(why.contains("500"), "{why}");
    assert_eq!(at.puts(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_and_every_silence_is_said_for_what_it_is() {
    let mut at = Switchboard::new().await;
    let cases = [
        (
            Mood::Refuses,
            (Was::Wrong, Closure::Closed),
            "PUT was answered 409 Conflict; and /to shows `london`",
        ),
        (Mood::Lies, (Was::Wrong, Closure::Closed), "/to shows `london`"),
        (Mood::Dawdles, (Was::Right, Closure::Closed), ""),
        (Mood::Hangs, (Was::Unknown, Closure::Open), "PUT was not answered in time; and /to shows `london`"),
        (
            Mood::Swallows,
            (Was::Right, Closure::Open),
            "PUT was not answered in time; and it stands as wanted",
        ),
        (Mood::Dies, (Was::Unknown, Closure::Open), "PUT was not answered: error sending request"),
    ];
    for (n, (mood, expected, words)) in cases.into_iter().enumerate() {
        at.set(mood, "london");
        let (was, closure, note) = at.thrown(n as u64 + 1, at.switch()).await;
        assert_eq!((was, closure), expected, "{mood:?}: {note}");
        assert!(note.starts_with(words) && (note.is_empty() || !words.is_empty()), "{mood:?}: {note}");
        assert_eq!(at.puts(), n + 1, "{mood:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_over_a_strangers_value_or_without_a_reading() {
    let mut at = Switchboard::new().await;
    let cases = [
        (Mood::Obeys, "office", "nothing was sent: /to shows `office`, and that is not ours"),
        (Mood::Ails, "london", "nothing was sent: the reading was answered 500 Internal Server Error"),
        (Mood::Mumbles, "london", "nothing was sent: it cannot be read: it is no JSON"),
        (Mood::Rambles, "london", "nothing was sent: it cannot be read: more than 64 KiB"),
    ];
    for (n, (mood, shows, words)) in cases.into_iter().enumerate() {
        at.set(mood, shows);
        let (was, closure, note) = at.thrown(n as u64 + 1, at.switch()).await;
        assert_eq!((was, closure, note.as_str()), (Was::Wrong, Closure::Closed, words), "{mood:?}");
    }
    at.set(Mood::Obeys, "london");
    let nowhere: SocketAddr = "127.0.0.1:1".parse().unwrap();
    let url = format!("http://{nowhere}/");
    let gone = Switch { address: nowhere, url: url.clone(), read: url, ..at.switch() };
    let (was, closure, note) = at.thrown(7, gone).await;
    assert_eq!((was, closure), (Was::Wrong, Closure::Closed), "{note}");
    assert_eq!(at.puts(), 0);
    // Whoever may overwrite anything says so by naming nothing.
    at.set(Mood::Obeys, "office");
    let shows = Some(Shows { was: None, ..at.switch().shows.unwrap() });
    assert_eq!(at.thrown(8, Switch { shows, ..at.switch() }).await.0, Was::Right);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_counts_as_taken_and_as_wanted_is_what_is_written() {
    let mut at = Switchboard::new().await;
    let (was, closure, note) = at.thrown(1, Switch { expect: vec![204], ..at.switch() }).await;
    assert_eq!((was, closure), (Was::Right, Closure::Closed));
    assert_eq!(note, "PUT was answered 200 OK; and it stands as wanted");
    at.set(Mood::Obeys, "london");
    assert_eq!(at.thrown(2, Switch { expect: vec![204, 200], ..at.switch() }).await.2, "");
    // Whoever wants something gone reads that it is not there.
    let gone =
        Switch { method: Method::Delete, body: None, read_expect: vec![404], shows: None, ..at.switch() };
    assert_eq!(at.thrown(3, gone.clone()).await, (Was::Right, Closure::Closed, String::new()));
    assert_eq!(at.thrown(4, gone).await.2, "it stood as wanted already");
    let heard = at.board.lock().unwrap().heard.clone();
    assert_eq!(heard.iter().filter(|head| head.starts_with("DELETE ")).count(), 1);
    // A place in the reading that nothing stands in is nobody's value.
    at.set(Mood::Obeys, "london");
    let shows = Some(Shows { pointer: "/from".into(), ..at.switch().shows.unwrap() });
    let (was, _, note) = at.thrown(5, Switch { shows, ..at.switch() }).await;
    assert_eq!(
        (was, note.as_str()),
        (Was::Wrong, "nothing was sent: /from shows nothing, and that is not ours")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_name_is_looked_up_and_nobody_is_sent_elsewhere() {
    let mut at = Switchboard::new().await;
    let url = format!("http://switch.invalid:{}/v1/routes/main", at.at.port());
    let named = Switch { url: url.clone(), read: url, ..at.switch() };
    assert_eq!(at.thrown(1, named).await, (Was::Right, Closure::Closed, String::new()));
    at.set(Mood::Refers, "london");
    let (was, closure, note) = at.thrown(2, at.switch()).await;
    assert_eq!((was, closure), (Was::Wrong, Closure::Closed));
    assert_eq!(note, "PUT was answered 307 Temporary Redirect; and /to shows `london`");
    let heard = at.board.lock().unwrap().heard.join("\n").to_lowercase();
    assert!(heard.contains("host: switch.invalid") && !heard.contains("/elsewhere"), "{heard}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_sent_and_never_said() {
    let mut at = Switchboard::new().await;
    let login = |name: &str, scheme| Some(Login { name: name.to_owned(), scheme });
    let of = |at: &Switchboard, secret| Switch { secret, ..at.switch() };
    let missing = of(&at, login("nobody", Scheme::Basic));
    at.bench.hands.act(Effect::Equip { nonce: Nonce(3), ensure: Ensure::Http(Box::new(missing)) });
    let event = at.bench.event().await;
    assert!(
        matches!(&event, Event::Unprepared { why, .. } if why.contains("cannot read the secret")),
        "{event:?}"
    );
    // The bench's own secret: demo and s3cret.
    at.set(Mood::Refuses, "london");
    let basic = of(&at, login("magrathea", Scheme::Basic));
    let (_, _, note) = at.thrown(1, basic).await;
    let bearer = of(&at, login("magrathea", Scheme::Bearer));
    let (_, _, more) = at.thrown(2, bearer).await;
    assert!(!note.contains("s3cret") && !more.contains("s3cret"), "{note} {more}");
    let heard = at.board.lock().unwrap().heard.join("\n");
    // `demo:s3cret`
    assert!(heard.contains("Basic ZGVtbzpzM2NyZXQ=") && heard.contains("Bearer s3cret"), "{heard}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_outlives_its_deadline() {
    let mut at = Switchboard::new().await;
    at.set(Mood::Hangs, "london");
    let began = mono();
    at.order(1, at.switch(), 1600);
    assert_eq!(told(&at.bench.executed(1).await).1, Closure::Open);
    assert!(mono().since(began) < Duration::from_millis(2400), "{:?}", mono().since(began));
}
