//! Attempts: numbers move, or it is said exactly which did not, and whether anything can still arrive.

use super::bench::{Bench, COUNT, LONDON, MANCHESTER, number, soon};
use agent::clock::mono;
use agent::event::{Effect, Event};
use lab::carrier::faults::{Fault, Kind, Moment};
use lab::carrier::log::What;
use state::fact::{Closure, Was};
use state::{CarrierId, Index, Nonce};

#[tokio::test(flavor = "multi_thread")]
async fn a_prepared_session_moves_fifteen_numbers_in_one_login() {
    let mut bench = Bench::new().await;
    let nonce = bench.prepared().await;
    bench.order(7, nonce, (COUNT, 5000));
    let report = bench.executed(7).await;
    assert_eq!(report.was, Was::Right, "{report:?}");
    assert!(report.outcomes.iter().all(|o| o.was == Was::Right && o.closure == Closure::Closed));
    assert_eq!(report.outcomes.len(), COUNT);
    assert!(bench.carrier.numbers().values().all(|held| held.slots[0] == MANCHESTER));
    assert_eq!((bench.logins(), bench.sets(), bench.hands.late_writes()), (1, COUNT, 0));
    assert_eq!(bench.hands.histogram().writes(), COUNT as u64);
    bench.until("used once, then left", |b| b.open_connections() == 0).await;
    let lines = bench.carrier.log();
    let line = lines.iter().find_map(|entry| entry.line.as_ref()).unwrap();
    assert_eq!(line.peer.ip().to_string(), "127.0.0.11");
    // The session is gone: the next attempt under its name sends nothing.
    bench.order(8, nonce, (1, 5000));
    let report = bench.executed(8).await;
    assert_eq!((report.was, report.outcomes[0].closure), (Was::Wrong, Closure::Closed));
    assert!(report.outcomes[0].why.contains("no session is prepared"), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_in_the_middle_names_exactly_which_moved() {
    let mut bench = Bench::new().await;
    let refusal = Kind::Error { digit: 4, verb: Some("SET".to_owned()) };
    bench.carrier.fault(Fault::of(refusal).only(&number(7)));
    let nonce = bench.prepared().await;
    bench.order(7, nonce, (COUNT, 5000));
    let report = bench.executed(7).await;
    assert_eq!(report.was, Was::Wrong);
    for (place, outcome) in report.outcomes.iter().enumerate() {
        let expected = if place < 7 { Was::Right } else { Was::Wrong };
        assert_eq!((outcome.number.as_str(), outcome.was), (number(place).as_str(), expected));
        assert_eq!(outcome.closure, Closure::Closed);
    }
    assert!(report.outcomes[7].why.contains("refused with 4"), "{:?}", report.outcomes[7]);
    assert!(report.outcomes[8].why.contains(&format!("stopped at {}", number(7))));
    let moved = bench.carrier.numbers().values().filter(|held| held.slots[0] == MANCHESTER).count();
    assert_eq!((bench.logins(), bench.sets(), moved), (1, 8, 7));
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_before_the_set_sends_nothing_and_silence_after_it_stays_open() {
    for (at, sets, closure) in [
        (Moment::Auth, 0, Closure::Closed),
        (Moment::Stat, 0, Closure::Closed),
        (Moment::Set, 1, Closure::Open),
    ] {
        let mut bench = Bench::new().await;
        bench.carrier.fault(Fault::of(Kind::Hang { at }));
        let nonce = bench.prepared().await;
        bench.order(7, nonce, (2, 900));
        let began = mono();
        let report = bench.executed(7).await;
        assert!(mono().since(began).as_secs() < 4);
        assert_eq!(report.was, Was::Wrong, "{at:?} {report:?}");
        assert_eq!((report.outcomes[0].closure, bench.sets()), (closure, sets), "{at:?} {report:?}");
        assert_eq!(report.outcomes[1].closure, Closure::Closed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn applied_and_not_answered_is_open_and_a_look_finds_it() {
    let mut bench = Bench::new().await;
    bench.carrier.fault(Fault::of(Kind::DropAfterApply).only(&number(0)));
    let nonce = bench.prepared().await;
    bench.order(7, nonce, (2, 3000));
    let report = bench.executed(7).await;
    // A fresh session reads that it is right; only the answer would have closed it.
    assert_eq!((report.outcomes[0].was, report.outcomes[0].closure), (Was::Right, Closure::Open));
    assert_eq!((report.was, bench.sets(), bench.logins()), (Was::Wrong, 1, 2));

    let mut bench = Bench::new().await;
    bench.carrier.fault(Fault::of(Kind::HoldReply));
    let nonce = bench.prepared().await;
    bench.order(7, nonce, (1, 900));
    bench.until("applied", |b| b.logged(|what| matches!(what, What::SetApplied { .. })) == 1).await;
    bench.carrier.fault(Fault::of(Kind::Hang { at: Moment::Accept }));
    let report = bench.executed(7).await;
    assert_eq!((report.was, report.outcomes[0].closure), (Was::Unknown, Closure::Open), "{report:?}");
    assert_eq!(report.outcomes[0].seen, None);
    bench.carrier.clear_faults();
    bench.look(1, 1);
    assert_eq!(bench.looked().await.unwrap(), [Some(MANCHESTER.to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_that_lags_is_read_again_until_it_shows() {
    let mut bench = Bench::new().await;
    bench.carrier.fault(Fault::of(Kind::StaleStat { ms: 700 }));
    let nonce = bench.prepared().await;
    bench.order(7, nonce, (1, 5000));
    let report = bench.executed(7).await;
    assert_eq!((report.was, report.outcomes[0].closure), (Was::Right, Closure::Closed), "{report:?}");
    assert!(bench.logged(|what| matches!(what, What::Command { text } if text.starts_with("STAT"))) > 2);
    assert_eq!(bench.sets(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lower_fence_is_refused_and_its_session_let_go() {
    let mut bench = Bench::new().await;
    let (first, second) = (bench.prepared().await, bench.prepared().await);
    bench.order(10, first, (1, 5000));
    assert_eq!(bench.executed(10).await.was, Was::Right);
    bench.carrier.edit(&number(0), 1, LONDON).unwrap();
    bench.order(9, second, (2, 5000));
    let report = bench.executed(9).await;
    assert_eq!(report.was, Was::Wrong);
    assert!(report.outcomes.iter().all(|o| o.closure == Closure::Closed && o.was == Was::Wrong));
    assert!(report.outcomes[0].why.contains("a later attempt (#10)"), "{report:?}");
    bench.until("let go", |b| b.open_connections() == 0).await;
    assert_eq!(bench.sets(), 1);
}

/// Hands that are still reading when a new leader revokes the attempt say that nothing was sent, which ends the wait.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_revoked_before_its_set_is_never_sent() {
    let mut bench = Bench::new().await;
    let nonce = bench.prepared().await;
    bench.carrier.fault(Fault::of(Kind::Slow { ms: 300 }));
    bench.order(7, nonce, (2, 5000));
    let asked = |what: &What| matches!(what, What::Command { text } if text.starts_with("STAT"));
    bench.until("read first", |b| b.logged(asked) == 1).await;
    bench.hands.act(Effect::Revoke { fence: Index(7) });
    let report = bench.executed(7).await;
    assert!(
        report.outcomes.iter().all(|o| o.was == Was::Wrong && o.closure == Closure::Closed),
        "{report:?}"
    );
    assert!(report.outcomes[0].why.contains("a new leader revoked it"), "{report:?}");
    assert_eq!(bench.sets(), 0);
    // Only that attempt: the next one moves.
    bench.carrier.clear_faults();
    let nonce = bench.prepared().await;
    bench.order(8, nonce, (1, 5000));
    assert_eq!((bench.executed(8).await.was, bench.sets()), (Was::Right, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_on_the_number_is_not_overwritten() {
    let mut bench = Bench::new().await;
    bench.carrier.edit(&number(0), 1, "S:reception@127.0.0.29").unwrap();
    let nonce = bench.prepared().await;
    bench.order(7, nonce, (1, 5000));
    let report = bench.executed(7).await;
    assert_eq!(report.was, Was::Wrong);
    let seen = report.outcomes[0].seen.as_ref().unwrap();
    assert_eq!((seen.as_str(), bench.sets()), ("S:reception@127.0.0.29", 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_released_session_closes_and_an_unused_one_closes_itself() {
    let mut bench = Bench::new().await;
    let (released, unused) = (bench.prepared().await, bench.prepared().await);
    assert_eq!(bench.open_connections(), 2);
    bench.hands.act(Effect::Release { nonce: released });
    bench.until("the released one left", |b| b.open_connections() == 1).await;
    let began = mono();
    bench.until("the unused one left", |b| b.open_connections() == 0).await;
    assert!(mono().since(began).as_secs() < 8);
    bench.order(7, unused, (1, 5000));
    assert_eq!(bench.executed(7).await.was, Was::Wrong);
    bench.hands.act(Effect::Release { nonce: Nonce(99) });
    assert_eq!(bench.sets(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn dropped_hands_write_nothing_more() {
    let mut bench = Bench::new().await;
    bench.carrier.fault(Fault::of(Kind::Slow { ms: 40 }));
    let nonce = bench.prepared().await;
    bench.order(7, nonce, (COUNT, 30_000));
    bench.until("one was set", |b| b.sets() > 0).await;
    let _idle = bench.prepared_amid().await;
    let Bench { carrier, hands, inbox, folder, .. } = bench;
    drop(hands);
    let sets = || carrier.log().iter().filter(|e| matches!(e.what, What::SetReceived { .. })).count();
    // One may be on its way to the carrier while the hands are dropped.
    let at_drop = sets() + 1;
    let ended = |e: &lab::carrier::log::Entry| matches!(e.what, What::Closed { .. } | What::HungUp);
    let deadline = soon(10_000);
    while carrier.log().iter().filter(|e| ended(e)).count() < 2 {
        assert!(mono() < deadline, "{:#?}", carrier.log());
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert!(sets() <= at_drop && at_drop < COUNT, "{} sets, {at_drop} at the drop", sets());
    drop((inbox, folder));
}

impl Bench {
    /// A session beside an attempt that is under way.
    async fn prepared_amid(&mut self) -> Nonce {
        let nonce = self.prepare(4000);
        assert!(matches!(self.event().await, Event::Prepared { .. }));
        nonce
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_carrier_and_a_notice_are_answered_at_once() {
    let mut bench = Bench::new().await;
    let carrier = CarrierId::new("nobody");
    bench.hands.act(Effect::Prepare { nonce: Nonce(50), carrier, until: soon(1000) });
    assert!(bench.unprepared().await.contains("no carrier `nobody`"));
    bench.hands.act(Effect::Notify { fence: state::Index(3), text: "london is down".to_owned() });
    assert_eq!(bench.executed(3).await.was, Was::Right);
}
