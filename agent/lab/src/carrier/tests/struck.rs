//! Every fault, as a client meets it.

use super::super::faults::{Fault, Kind, Meanwhile, Moment};
use super::super::judge::Clash;
use super::*;

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = agent::clock::mono();
    while !holds() {
        assert!(agent::clock::mono().since(start) < LIMIT, "in vain waited until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn slot_one(carrier: &Carrier) -> String {
    carrier.numbers()["02079460000"].slots[0].clone()
}

const AT_LONDON: &str = "S:442079460000@127.0.0.21";
const AT_MANCHESTER: &str = "S:442079460000@127.0.0.22";

#[tokio::test]
async fn a_refused_login_stays_refused_until_cleared() {
    let carrier = Carrier::start(setup()).await.unwrap();
    carrier.fault(Fault::of(Kind::RefuseAuth));
    let mut client = Client::dial(&carrier).await;
    client.hear().await;
    assert_eq!(client.ask("AUTH demo s3cret\r\n").await, "1 Access denied");
    carrier.clear_faults();
    assert_eq!(client.ask("AUTH demo s3cret\r\n").await, "0 Access granted. Welcome (cl=500)");
}

#[tokio::test]
async fn it_hangs_where_it_is_told_to_and_goes_on_when_cleared() {
    let carrier = Carrier::start(setup()).await.unwrap();
    let script = [
        ("", "0 Magrathea"),
        ("AUTH demo s3cret\r\n", "0 Access"),
        ("STAT 02079460000\r\n", LONDON),
        (SET, "0 Number"),
    ];
    for (moment, spoken) in
        [(Moment::Accept, 0), (Moment::Greeting, 1), (Moment::Auth, 2), (Moment::Stat, 2), (Moment::Set, 3)]
    {
        carrier.fault(Fault::of(Kind::Hang { at: moment }).next(1));
        let mut client = Client::dial(&carrier).await;
        for (said, heard) in &script[..spoken] {
            assert!(client.ask(said).await.starts_with(heard), "{moment:?}");
        }
        client.say(script[spoken].0).await;
        assert!(client.is_silent_for(350).await, "{moment:?}");
        assert_eq!(slot_one(&carrier), AT_LONDON, "{moment:?}");
        carrier.clear_faults();
        assert!(client.hear().await.starts_with(script[spoken].1), "{moment:?}");
    }
    assert_eq!(slot_one(&carrier), AT_MANCHESTER);
}

#[tokio::test]
async fn a_dropped_set_is_applied_or_not_as_told() {
    let carrier = Carrier::start(setup()).await.unwrap();
    carrier.fault(Fault::of(Kind::DropBeforeApply).only("02079460000").next(1));
    carrier.fault(Fault::of(Kind::DropAfterApply).only("02079460000").next(1));
    for applied in [AT_LONDON, AT_MANCHESTER] {
        let mut client = Client::logged_in(&carrier).await;
        assert_eq!(client.ask(&format!("{SET}\r\n")).await, "", "closed without a reply");
        assert_eq!(slot_one(&carrier), applied);
    }
    assert_eq!(Client::logged_in(&carrier).await.ask(&format!("{SET}\r\n")).await, "0 Number updated OK");
}

#[tokio::test]
async fn a_held_reply_lets_the_client_be_killed_between_set_and_reply() {
    let carrier = Carrier::start(setup()).await.unwrap();
    let mut follower = carrier.follow();
    carrier.fault(Fault::of(Kind::HoldReply).next(2));
    let mut killed = Client::logged_in(&carrier).await;
    killed.say(&format!("{SET}\r\n")).await;
    while !matches!(follower.recv().await.unwrap().what, What::SetApplied { .. }) {}
    assert_eq!(slot_one(&carrier), AT_MANCHESTER);
    drop(killed);
    while follower.recv().await.unwrap().what != What::HungUp {}
    let mut patient = Client::logged_in(&carrier).await;
    patient.say(&format!("{SET}\r\n")).await;
    assert!(patient.is_silent_for(300).await);
    carrier.clear_faults();
    assert_eq!(patient.hear().await, "0 Number updated OK");
    let judgement = carrier.judgement();
    assert_eq!((judgement.switches.len(), judgement.dual_writers.len()), (1, 0), "{judgement:?}");
}

#[tokio::test]
async fn stat_lags_behind_and_then_catches_up() {
    let carrier = Carrier::start(setup()).await.unwrap();
    carrier.fault(Fault::of(Kind::StaleStat { ms: 400 }));
    let mut client = Client::logged_in(&carrier).await;
    assert_eq!(client.ask(&format!("{STAT}\r\n")).await, LONDON);
    assert_eq!(client.ask(&format!("{SET}\r\n")).await, "0 Number updated OK");
    assert_eq!(client.ask(&format!("{STAT}\r\n")).await, LONDON);
    let start = agent::clock::mono();
    while client.ask(&format!("{STAT}\r\n")).await != MANCHESTER {
        assert!(agent::clock::mono().since(start) < LIMIT);
    }
    assert!(agent::clock::mono().since(start) > Duration::from_millis(200));
}

#[tokio::test]
async fn a_slow_carrier_is_slow_with_every_reply() {
    let carrier = Carrier::start(setup()).await.unwrap();
    carrier.fault(Fault::of(Kind::Slow { ms: 100 }));
    let start = agent::clock::mono();
    let mut client = Client::logged_in(&carrier).await;
    client.ask(&format!("{STAT}\r\n")).await;
    assert!(agent::clock::mono().since(start) >= Duration::from_millis(300));
}

#[tokio::test]
async fn a_late_set_overtaken_by_a_newer_one_is_seen_in_the_log() {
    let mut setup = setup();
    setup.labels.insert("127.0.0.11".parse().unwrap(), "london".to_owned());
    let carrier = Carrier::start(setup).await.unwrap();
    carrier.fault(Fault::of(Kind::ApplyLate { ms: 300, meanwhile: Meanwhile::Drop }).next(1));
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.11:0".parse().unwrap()).unwrap();
    let stream = socket.connect(carrier.address()).await.unwrap();
    let mut london = Client { stream, heard: String::new() };
    london.say("AUTH demo s3cret\r\nSET 02079460000 1 S:9@127.0.0.29\r\n").await;
    for expected in ["0 Magrathea NTS GW (ntsapi.c(V0.1))", "0 Access granted. Welcome (cl=500)", ""] {
        assert_eq!(london.hear().await, expected);
    }
    assert_eq!(Client::logged_in(&carrier).await.ask(&format!("{SET}\r\n")).await, "0 Number updated OK");
    until("the late one is applied", || slot_one(&carrier) == "S:9@127.0.0.29").await;
    let judgement = carrier.judgement();
    let clashes = judgement.dual_writers.iter().map(|dual| (dual.clash, dual.second.as_str()));
    assert_eq!(clashes.collect::<Vec<_>>(), [(Clash::Overtaken, "london")]);
    assert_eq!(judgement.switches.len(), 2);
}

#[tokio::test]
async fn lies_and_failures_change_nothing() {
    let carrier = Carrier::start(setup()).await.unwrap();
    let mut client = Client::logged_in(&carrier).await;
    carrier.fault(Fault::of(Kind::OkWithoutApply).next(1));
    carrier.fault(Fault::of(Kind::Error { digit: 6, verb: Some("SET".to_owned()) }).next(1));
    assert_eq!(client.ask(&format!("{STAT}\r\n")).await, LONDON);
    assert_eq!(client.ask(&format!("{SET}\r\n")).await, "6 Refused");
    assert_eq!(client.ask(&format!("{SET}\r\n")).await, "0 Number updated OK");
    assert_eq!(client.ask(&format!("{STAT}\r\n")).await, LONDON);
    assert_eq!(client.ask(&format!("{SET}\r\n")).await, "0 Number updated OK");
    assert_eq!(client.ask(&format!("{STAT}\r\n")).await, MANCHESTER);
}

#[tokio::test]
async fn a_closed_port_refuses_and_opens_again() {
    let carrier = Carrier::start(setup()).await.unwrap();
    let mut before = Client::logged_in(&carrier).await;
    carrier.fault(Fault::of(Kind::RefuseConnections));
    let address = carrier.address();
    let start = agent::clock::mono();
    while TcpStream::connect(address).await.is_ok() {
        assert!(agent::clock::mono().since(start) < LIMIT, "the port is still open");
    }
    assert_eq!(before.ask(&format!("{STAT}\r\n")).await, LONDON, "a connection that was there stays");
    carrier.clear_faults();
    while TcpStream::connect(address).await.is_err() {
        assert!(agent::clock::mono().since(start) < LIMIT, "the port is still closed");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Client::logged_in(&carrier).await;
}
