//! The control socket as its clients see it: real sockets in a folder of their own.

use super::client::{Client, ClientError};
use super::line::{Reply, Request};
use super::*;
use state::fact::Mode;
use state::{Index, RouteId, SiteId, Term};
use std::collections::BTreeSet;
use std::os::unix::net::UnixListener as StdListener;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::time::timeout;

/// Long enough for a machine that builds three other things.
const SOON: Duration = Duration::from_secs(20);

struct Place {
    dir: TempDir,
    control: Option<Control>,
    inbox: mpsc::Receiver<ControlEvent>,
}

fn place(rule: Rule) -> Place {
    let dir = TempDir::new().expect("a folder of its own");
    let (events, inbox) = mpsc::channel(16);
    let control = Control::spawn_with(&dir.path().join("control.sock"), events, rule).expect("it opens");
    Place { dir, control: Some(control), inbox }
}

fn everybody() -> Rule {
    Rule { uids: BTreeSet::from([nix::unistd::Uid::effective().as_raw()]), group: None }
}

fn nobody() -> Rule {
    Rule { uids: BTreeSet::new(), group: None }
}

impl Place {
    async fn connect(&self) -> BufReader<UnixStream> {
        let path = self.dir.path().join("control.sock");
        BufReader::new(UnixStream::connect(path).await.expect("the socket is open"))
    }

    fn control(&self) -> &Control {
        self.control.as_ref().expect("it was not dropped yet")
    }

    async fn asked(&mut self) -> (u64, Command) {
        match timeout(SOON, self.inbox.recv()).await.expect("soon").expect("the socket lives") {
            ControlEvent::Asked { id, command, .. } => (id, command),
            ControlEvent::Gone { id } => panic!("{id} has gone"),
        }
    }
}

async fn say(client: &mut BufReader<UnixStream>, command: Command) {
    let bytes = line::line(&Request { schema: 1, command }).expect("it is JSON");
    client.write_all(&bytes).await.expect("it is read");
}

async fn heard(client: &mut BufReader<UnixStream>) -> Answer {
    let mut text = String::new();
    timeout(SOON, client.read_line(&mut text)).await.expect("soon").expect("it can be read");
    let reply: Reply = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e} in `{text}`"));
    assert_eq!(reply.schema, 1);
    reply.answer
}

fn refusal(answer: Answer) -> (String, Option<String>) {
    let Answer::Refused { why, hint } = answer else { panic!("not refused: {answer:?}") };
    (why, hint)
}

fn leader(term: u64) -> Telling {
    Telling::Leader { site: Some(SiteId::new("netherlands")), term: Term(term) }
}

#[tokio::test]
async fn an_answer_finds_whoever_asked() {
    let mut place = place(everybody());
    let (mut a, mut b) = (place.connect().await, place.connect().await);
    say(&mut a, Command::Runs).await;
    let (first, command) = place.asked().await;
    assert_eq!(command, Command::Runs);
    say(&mut b, Command::Mode { route: None, mode: Mode::Auto }).await;
    let (second, _) = place.asked().await;
    place.control().answer(second, Answer::Agreed { index: Index(2) });
    place.control().answer(first, Answer::Agreed { index: Index(1) });
    assert_eq!(heard(&mut a).await, Answer::Agreed { index: Index(1) });
    assert_eq!(heard(&mut b).await, Answer::Agreed { index: Index(2) });
    // The connection stays open for the next question.
    say(&mut a, Command::Runs).await;
    assert_eq!(place.asked().await.1, Command::Runs);
}

#[tokio::test]
async fn whoever_may_not_act_may_still_look() {
    let mut place = place(nobody());
    let mut client = place.connect().await;
    say(&mut client, Command::Resume { route: None }).await;
    let (why, hint) = refusal(heard(&mut client).await);
    assert!(why.ends_with("may look but not act"), "{why}");
    assert!(hint.expect("a hint").contains("pointsman-act"));
    say(&mut client, Command::Status).await;
    assert_eq!(place.asked().await.1, Command::Status, "the order must not have come through before it");
}

#[tokio::test]
async fn a_deed_carries_the_name_of_the_doer() {
    let mut place = place(everybody());
    let mut client = place.connect().await;
    say(&mut client, Command::Hold { route: None, lasts: SOON, because: "test".into() }).await;
    let event = timeout(SOON, place.inbox.recv()).await.expect("soon").expect("it lives");
    let uid = nix::unistd::Uid::effective().as_raw();
    let own = person::Person::of(uid, 0).who;
    assert!(matches!(event, ControlEvent::Asked { who, .. } if who == own));
}

#[tokio::test]
async fn nonsense_is_refused_with_an_example_and_does_no_harm() {
    let mut place = place(everybody());
    let mut client = place.connect().await;
    for (line, expected) in [
        ("status\n", "this is no request"),
        ("{\"schema\":2,\"command\":\"status\",\"colour\":1}\n", "schema 2 is not spoken here"),
        ("{\"schema\":1,\"command\":\"staus\"}\n", "unknown variant `staus`"),
    ] {
        client.write_all(line.as_bytes()).await.expect("it is read");
        let (why, hint) = refusal(heard(&mut client).await);
        assert!(why.contains(expected), "{why}");
        assert!(hint.is_some());
    }
    say(&mut client, Command::Runs).await;
    assert_eq!(place.asked().await.1, Command::Runs);
}

#[tokio::test]
async fn a_request_without_an_end_is_cut_off_at_its_limit() {
    let place = place(everybody());
    let mut client = place.connect().await;
    client.write_all(&vec![b'x'; line::REQUEST_MAX + 1]).await.expect("so much is read");
    let (why, _) = refusal(heard(&mut client).await);
    assert_eq!(why, "a request has at most 65536 bytes");
    let mut rest = String::new();
    let read = timeout(SOON, client.read_line(&mut rest)).await.expect("soon");
    assert!(matches!(read, Ok(0) | Err(_)), "the connection must be closed: {rest}");
}

#[tokio::test]
async fn whoever_has_only_finished_asking_gets_the_answer() {
    let mut place = place(everybody());
    let mut client = place.connect().await;
    say(&mut client, Command::Runs).await;
    client.get_mut().shutdown().await.expect("half of it is closed");
    let (id, _) = place.asked().await;
    place.control().answer(id, Answer::Agreed { index: Index(7) });
    assert_eq!(heard(&mut client).await, Answer::Agreed { index: Index(7) });
}

#[tokio::test]
async fn whoever_leaves_is_reported_gone() {
    let mut place = place(everybody());
    let mut client = place.connect().await;
    say(&mut client, Command::Runs).await;
    let (asked, _) = place.asked().await;
    drop(client);
    let event = timeout(SOON, place.inbox.recv()).await.expect("soon").expect("it lives");
    assert_eq!(event, ControlEvent::Gone { id: asked });
    place.control().answer(asked, Answer::Agreed { index: Index(1) });
}

#[tokio::test]
async fn every_follower_hears_everything_after_the_first_word() {
    let mut place = place(everybody());
    let (mut a, mut b) = (place.connect().await, place.connect().await);
    for client in [&mut a, &mut b] {
        say(client, Command::Follow).await;
        assert_eq!(heard(client).await, Answer::Following);
    }
    for term in 1..=3 {
        place.control().tell(&leader(term));
    }
    for client in [&mut a, &mut b] {
        for term in 1..=3 {
            assert_eq!(heard(client).await, Answer::Told(leader(term)));
        }
    }
    assert!(place.inbox.try_recv().is_err(), "the agent is not asked whether somebody may follow");
}

#[tokio::test]
async fn a_slow_follower_is_dropped_and_told_so_and_the_others_are_not() {
    let place = place(everybody());
    let (mut slow, mut quick) = (place.connect().await, place.connect().await);
    say(&mut slow, Command::Follow).await;
    say(&mut quick, Command::Follow).await;
    heard(&mut slow).await;
    heard(&mut quick).await;
    // Large enough that the kernel's own buffer does not hide the slowness.
    let long = Telling::Refused { index: Index(1), what: "x".repeat(20_000), why: String::new() };
    for _ in 0..hub::FOLLOWER_QUEUE + 200 {
        place.control().tell(&long);
        assert_eq!(heard(&mut quick).await, Answer::Told(long.clone()));
    }
    let mut lines = 0;
    let (why, _) = loop {
        let answer = heard(&mut slow).await;
        if !matches!(answer, Answer::Told(_)) {
            break refusal(answer);
        }
        lines += 1;
    };
    assert!(why.starts_with("too slow"), "{why}");
    assert!(lines >= hub::FOLLOWER_QUEUE, "only {lines} lines came before it");
}

#[tokio::test]
async fn one_connection_too_many_is_told_so() {
    let place = place(everybody());
    let mut open = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut client = place.connect().await;
        say(&mut client, Command::Follow).await;
        heard(&mut client).await;
        open.push(client);
    }
    let (why, hint) = refusal(heard(&mut place.connect().await).await);
    assert_eq!(why, "64 connections to this agent are open already");
    assert!(hint.is_some());
}

#[tokio::test]
async fn whoever_says_nothing_gives_way_to_whoever_asks() {
    let mut place = place(everybody());
    let mut half_open = Vec::new();
    for n in 0..CONNECTIONS {
        let mut client = place.connect().await;
        // A half-said request is as silent as none.
        client.write_all(if n % 2 == 0 { b"{" } else { b"" }).await.expect("it is read");
        half_open.push(client);
    }
    let mut asking = Vec::new();
    for _ in 0..3 {
        let mut client = place.connect().await;
        say(&mut client, Command::Runs).await;
        asking.push((place.asked().await.0, client));
    }
    for shown_out in &mut half_open[..3] {
        let (why, _) = refusal(heard(shown_out).await);
        assert_eq!(why, "nothing was asked, and somebody else needed the place");
    }
    // Those who wait for an answer keep their places.
    for (id, client) in &mut asking {
        place.control().answer(*id, Answer::Agreed { index: Index(*id) });
        assert_eq!(heard(client).await, Answer::Agreed { index: Index(*id) });
    }
}

#[tokio::test]
async fn the_file_is_for_its_owner_and_group_and_goes_with_the_socket() {
    let mut place = place(everybody());
    let path = place.dir.path().join("control.sock");
    assert_eq!(fs::metadata(&path).expect("it is there").permissions().mode() & 0o777, 0o660);
    place.control = None;
    assert!(!path.exists());
}

#[tokio::test]
async fn a_dead_socket_is_replaced_a_living_one_and_a_file_are_not() {
    let place = place(everybody());
    let path = place.dir.path().join("control.sock");
    let (events, _inbox) = mpsc::channel(1);
    let second = Control::spawn_with(&path, events.clone(), everybody());
    assert!(matches!(second, Err(ControlError::Taken(_))));

    let dead = place.dir.path().join("dead.sock");
    drop(StdListener::bind(&dead).expect("it opens"));
    assert!(dead.exists());
    Control::spawn_with(&dead, events.clone(), everybody()).expect("nobody answers on it");

    let file = place.dir.path().join("policy.yaml");
    fs::write(&file, "cluster: x\n").expect("it is written");
    let refused = Control::spawn_with(&file, events.clone(), everybody());
    assert!(matches!(refused, Err(ControlError::NoSocket(_))));
    assert!(file.exists());

    let nowhere = place.dir.path().join("no/such/folder.sock");
    assert!(matches!(Control::spawn_with(&nowhere, events, everybody()), Err(ControlError::Open { .. })));
}

#[tokio::test]
async fn a_route_may_be_named_or_not() {
    let mut place = place(everybody());
    let mut client = place.connect().await;
    client
        .write_all(b"{\"schema\":1,\"command\":{\"why\":{\"route\":\"main\"}}}\n")
        .await
        .expect("it is read");
    let (_, command) = place.asked().await;
    assert_eq!(command, Command::Why { route: Some(RouteId::new("main")) });
}

#[tokio::test]
async fn the_client_asks_follows_and_says_when_nobody_is_there() {
    let mut place = place(everybody());
    let path = place.dir.path().join("control.sock");
    let mut following = Client::connect(&path).await.expect("open").follow().await.expect("allowed");
    let mut client = Client::connect(&path).await.expect("open");
    let (answer, ()) = tokio::join!(client.ask(Command::Runs), async {
        let (id, _) = place.asked().await;
        place.control().tell(&leader(9));
        place.control().answer(id, Answer::Runs { runs: Vec::new() });
    });
    assert_eq!(answer.expect("answered"), Answer::Runs { runs: Vec::new() });
    assert_eq!(following.next().await.expect("told"), leader(9));
    place.control = None;
    let end = timeout(SOON, following.next()).await.expect("soon");
    assert!(matches!(end, Err(ClientError::Broken { .. })), "{end:?}");
    let nobody = Client::connect(&path).await;
    assert!(matches!(nobody, Err(ClientError::NoAgent { .. })), "{nobody:?}");
}
