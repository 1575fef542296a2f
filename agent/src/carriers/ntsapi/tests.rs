//! A session against a scripted carrier: every way in which a conversation can go wrong.

use super::peer::{AUTH, Act, GREETING, Peer, WELCOME, after_login, soon};
use super::*;
use crate::carriers::attempt::{Move, Report, attempt};
use crate::carriers::line::{SetOutcome, SetReport};
use crate::carriers::outcome::Lateness;
use crate::carriers::window::Window;
use crate::clock::mono;
use state::fact::{Closure, Was};
use state::{Destination, Number};
use std::time::Duration;

const STAT: &str = "STAT 02079460001\r\n";
const SHOWN: &str = "0 02079460001 Y 2027-12-31 S:442079460001@192.0.2.10||\r\n";
const SET: &str = "SET 02079460001 1 S:442079460001@192.0.2.11\r\n";
const DONE: &str = "0 Number updated OK\r\n";

fn number() -> Number {
    Number::new("02079460001")
}

fn manchester() -> Destination {
    Destination::new("S:442079460001@192.0.2.11")
}

fn window(millis: u64) -> Window {
    let now = mono();
    Window { send_by: now + Duration::from_millis(millis), close_by: now + Duration::from_millis(2 * millis) }
}

/// Logs in and sends one SET; returns the report, whether the session lives, and what the carrier heard.
fn one_set(rest: &[Act], window: impl Fn() -> Window) -> (SetReport, bool, String) {
    let peer = Peer::plain(vec![after_login(rest)]);
    let mut session = Session::open(&peer.account(), soon()).unwrap();
    let report = session.set(&number(), &manchester(), window());
    let open = session.is_open();
    drop(session);
    (report, open, peer.heard())
}

#[test]
fn a_whole_conversation_byte_for_byte() {
    let goodbye = [Act::Hear("QUIT\r\n"), Act::Say("0 Many thanks. Goodbye\n")];
    for (shown, done) in
        [(SHOWN, DONE), ("0 02079460001 Y 2027-12-31 S:442079460001@192.0.2.10||\n", "0 ok\n")]
    {
        let mut script = after_login(&[Act::Hear(STAT), Act::Say(shown), Act::Hear(SET), Act::Say(done)]);
        script.extend_from_slice(&goodbye);
        let peer = Peer::plain(vec![script]);
        let mut session = Session::open(&peer.account(), soon()).unwrap();
        let stat = session.stat(&number(), soon()).unwrap();
        assert_eq!(stat.slots[0], Some(Destination::new("S:442079460001@192.0.2.10")));
        let report = session.set(&number(), &manchester(), window(2000));
        assert_eq!((report.outcome.clone(), report.closure()), (SetOutcome::Answered, Closure::Closed));
        assert!(report.last_check_to_write.unwrap() < Duration::from_millis(500));
        session.quit();
        assert_eq!(peer.heard(), format!("{AUTH}{STAT}{SET}QUIT\r\n"));
    }
}

#[test]
fn nothing_is_said_before_a_slow_and_split_greeting() {
    let pause = Act::Wait(Duration::from_millis(60));
    let script =
        [pause, Act::Say("0 Magra"), pause, Act::Say("thea\r"), pause, Act::Say("\n"), Act::Hear(AUTH)];
    let mut script = script.to_vec();
    script.extend([Act::Say("0"), pause, Act::Say(" Welcome\n"), Act::Hang]);
    let peer = Peer::plain(vec![script]);
    drop(Session::open(&peer.account(), soon()).unwrap());
    assert_eq!(peer.heard(), AUTH);
}

#[test]
fn a_refused_login_is_its_own_error_and_is_said_once_without_the_password() {
    let script = vec![Act::Say(GREETING), Act::Hear(AUTH), Act::Say("3 No: AUTH demo pass-1\r\n"), Act::Hang];
    let peer = Peer::plain(vec![script]);
    let error = Session::open(&peer.account(), soon()).err().unwrap();
    assert!(error.is_refusal());
    assert!(!format!("{error} {error:?}").contains("pass-1"), "{error}");
    assert_eq!(peer.heard(), AUTH);
    let echo = vec![Act::Say(GREETING), Act::Hear(AUTH), Act::Say(AUTH), Act::Hang];
    let error = Session::open(&Peer::plain(vec![echo]).account(), soon()).err().unwrap();
    assert!(matches!(error, OpenError::NotAReply { .. }), "{error:?}");
    assert!(!format!("{error:?}").contains("pass-1"), "{error:?}");
}

#[test]
fn whatever_else_ends_a_login_is_no_refusal() {
    let refusing = vec![Act::Say("5 too many connections\r\n"), Act::Hang];
    let garbage = vec![Act::Say("HTTP/1.1 400 Bad Request\r\n"), Act::Hang];
    let gone = vec![];
    let gone_after_auth = vec![Act::Say(GREETING), Act::Hear(AUTH)];
    let endless = vec![Act::Say(Box::leak("0".repeat(9000).into_boxed_str())), Act::Hang];
    for script in [refusing, garbage, gone, gone_after_auth, endless] {
        let peer = Peer::plain(vec![script.clone()]);
        let error = Session::open(&peer.account(), soon()).err().unwrap();
        assert!(!error.is_refusal(), "{script:?}: {error:?}");
    }
    let silent = Peer::plain(vec![vec![Act::Hang]]);
    let error = Session::open(&silent.account(), mono() + Duration::from_millis(100)).err().unwrap();
    assert!(matches!(error, OpenError::Wire { source: WireError::Silent }), "{error:?}");
    assert_eq!(silent.heard(), "");
}

#[test]
fn after_send_by_no_byte_leaves() {
    let past = || Window { send_by: mono() - Duration::from_millis(1), close_by: soon() };
    let (report, open, heard) = one_set(&[Act::Hang], past);
    assert!(matches!(report.outcome, SetOutcome::NotSent { .. }), "{report:?}");
    assert_eq!((report.closure(), report.last_check_to_write, open), (Closure::Closed, None, false));
    assert_eq!(heard, AUTH);
}

#[test]
fn a_refused_set_is_closed_and_the_session_lives() {
    for digit in ["1 no\r\n", "9\n"] {
        let (report, open, _) = one_set(&[Act::Hear(SET), Act::Say(digit), Act::Hang], || window(2000));
        assert!(matches!(report.outcome, SetOutcome::Refused { digit: 1 | 9, .. }), "{report:?}");
        assert_eq!((report.closure(), open), (Closure::Closed, true));
    }
}

#[test]
fn a_set_without_a_readable_answer_stays_open_and_ends_the_session() {
    let gone = vec![Act::Hear(SET)];
    let half = vec![Act::Hear(SET), Act::Say("0 Number upd")];
    let silent = vec![Act::Hear(SET), Act::Hang];
    let garbage = vec![Act::Hear(SET), Act::Say("Number updated OK\r\n"), Act::Hang];
    for rest in [gone, half, silent, garbage] {
        let (report, open, heard) = one_set(&rest, || window(150));
        assert!(matches!(report.outcome, SetOutcome::Unknown { .. }), "{rest:?}: {report:?}");
        assert_eq!((report.closure(), report.late, open), (Closure::Open, Lateness::InTime, false));
        assert_eq!(heard, format!("{AUTH}{SET}"));
    }
}

#[test]
fn stray_bytes_or_a_closed_connection_before_a_set_keep_it_from_being_sent() {
    for rest in [vec![Act::Say("0 Number updated OK\r\n"), Act::Hang], vec![]] {
        let peer = Peer::plain(vec![after_login(&rest)]);
        let mut session = Session::open(&peer.account(), soon()).unwrap();
        session.wait_for_something();
        let report = session.set(&number(), &manchester(), window(2000));
        assert!(matches!(report.outcome, SetOutcome::NotSent { .. }), "{report:?}");
        assert_eq!((report.closure(), session.is_open()), (Closure::Closed, false));
        drop(session);
        assert_eq!(peer.heard(), AUTH);
    }
}

#[test]
fn forbidden_arguments_never_reach_the_wire() {
    let peer = Peer::plain(vec![after_login(&[Act::Hang])]);
    let mut session = Session::open(&peer.account(), soon()).unwrap();
    for bad in ["02079460001\r\nDEAC 02079460001", "0207946 0001", "", "0207946000a", "DEAC"] {
        let report = session.set(&Number::new(bad), &manchester(), window(2000));
        assert!(matches!(report.outcome, SetOutcome::NotSent { .. }), "{bad}");
        assert!(matches!(session.stat(&Number::new(bad), soon()), Err(ReadError::Forbidden { .. })), "{bad}");
    }
    assert!(session.is_open());
    drop(session);
    assert_eq!(peer.heard(), AUTH);
}

#[test]
fn the_answer_to_another_question_ends_the_session() {
    let script = after_login(&[
        Act::Hear(STAT),
        Act::Say("0 02079460002 Y 2027-12-31 S:a@192.0.2.1||\r\n"),
        Act::Hang,
    ]);
    let peer = Peer::plain(vec![script]);
    let mut session = Session::open(&peer.account(), soon()).unwrap();
    assert!(matches!(session.stat(&number(), soon()), Err(ReadError::NotAStat { .. })));
    assert!(!session.is_open());
}

#[test]
fn a_refused_stat_leaves_the_session_open() {
    let script =
        after_login(&[Act::Hear(STAT), Act::Say("7 not yours\r\n"), Act::Hear(STAT), Act::Say(SHOWN)]);
    let peer = Peer::plain(vec![script]);
    let mut session = Session::open(&peer.account(), soon()).unwrap();
    assert!(matches!(session.stat(&number(), soon()), Err(ReadError::Refused { digit: 7, .. })));
    assert!(session.stat(&number(), soon()).is_ok());
}

#[test]
fn a_ported_number_is_asked_for_with_its_p_and_may_be_echoed_either_way() {
    for echo in ["0 P2079460001 Y 2027-12-31 S:a@192.0.2.1||\r\n", SHOWN] {
        let peer = Peer::plain(vec![after_login(&[Act::Hear("STAT P2079460001\r\n"), Act::Say(echo)])]);
        let mut session = Session::open(&peer.account(), soon()).unwrap();
        session.stat(&Number::new("P2079460001"), soon()).unwrap();
    }
}

#[test]
fn the_local_address_is_the_one_that_was_asked_for() {
    let peer = Peer::plain(vec![vec![Act::Say(GREETING), Act::Hear(AUTH), Act::Say(WELCOME), Act::Hang]]);
    let account = peer.account().bound_to("127.0.0.9".parse().unwrap());
    drop(Session::open(&account, soon()).unwrap());
    assert_eq!(peer.guests()[0].ip().to_string(), "127.0.0.9");
}

#[test]
fn a_carrier_that_is_not_there_is_said_at_once() {
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let account = Account::new(address, &Transport::Plain, super::peer::login()).unwrap();
    let error = Session::open(&account, soon()).err().unwrap();
    assert!(matches!(error, OpenError::Wire { source: WireError::Connect { .. } }), "{error:?}");
}

/// One attempt at one number over real sockets; the second script is the reconnection's.
fn one_attempt(second: Vec<Act>) -> (Report, String) {
    let first = after_login(&[Act::Hear(STAT), Act::Say(SHOWN), Act::Hear(SET)]);
    let peer = Peer::plain(vec![first, second]);
    let mut line = NtsapiLine::open(peer.account(), soon()).unwrap();
    let from = Some(Destination::new("S:442079460001@192.0.2.10"));
    let wish = Move { number: number(), value: manchester(), from, loose: Vec::new() };
    let report = attempt(&mut line, &[wish], window(300));
    drop(line);
    (report, peer.heard())
}

#[test]
fn a_lost_answer_is_read_over_a_second_login_and_the_set_is_not_repeated() {
    let shows = "0 02079460001 Y 2027-12-31 S:442079460001@192.0.2.11||\r\n";
    let (report, heard) = one_attempt(after_login(&[Act::Hear(STAT), Act::Say(shows), Act::Hang]));
    let outcome = &report.numbers[0];
    assert_eq!((outcome.was, outcome.closed), (Was::Right, Closure::Open), "{outcome}");
    assert_eq!(heard, format!("{AUTH}{STAT}{SET}{AUTH}{STAT}"));
}

#[test]
fn a_login_refused_while_reading_back_is_told_and_not_tried_again() {
    let refusing = vec![Act::Say(GREETING), Act::Hear(AUTH), Act::Say("4 locked\r\n"), Act::Hang];
    let (report, heard) = one_attempt(refusing);
    assert_eq!(report.numbers[0].was, Was::Unknown);
    assert!(report.login_refused.is_some());
    assert_eq!(heard, format!("{AUTH}{STAT}{SET}{AUTH}"));
}
