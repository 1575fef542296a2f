//! Logins: silence is waited for to the deadline, and what was refused once is not tried again.

use super::bench::{Bench, LONDON};
use agent::clock::mono;
use agent::event::{Effect, Event, Presence};
use lab::carrier::faults::{Fault, Kind, Moment};
use state::CarrierId;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn silence_at_the_door_ends_at_the_deadline() {
    for kind in
        [Kind::Hang { at: Moment::Accept }, Kind::Hang { at: Moment::Greeting }, Kind::RefuseConnections]
    {
        let mut bench = Bench::new().await;
        bench.carrier.fault(Fault::of(kind.clone()));
        let began = mono();
        bench.prepare(400);
        let why = bench.unprepared().await;
        assert!(mono().since(began) < Duration::from_secs(3), "{kind:?}");
        assert!(!why.contains("s3cret") && !why.is_empty(), "{why}");
        bench.carrier.clear_faults();
        bench.prepared_again().await;
    }
}

impl Bench {
    /// The closed port opens again a moment after its fault was cleared.
    async fn prepared_again(&mut self) {
        for _ in 0..100 {
            self.prepare(2000);
            if matches!(self.event().await, Event::Prepared { .. }) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("never prepared again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_credentials_are_tried_once_until_they_differ() {
    let mut bench = Bench::new().await;
    bench.carrier.fault(Fault::of(Kind::RefuseAuth));
    // All at once: whoever is second waits for what the first one learns.
    for id in 0..4 {
        bench.prepare(4000);
        bench.look(id, 1);
    }
    for _ in 0..8 {
        let event = bench.event().await;
        let (Event::Unprepared { why, .. } | Event::Looked { found: Err(why), .. }) = &event else {
            panic!("{event:?}");
        };
        assert!(why.contains("Access denied") && !why.contains("s3cret"), "{why}");
    }
    assert_eq!(bench.logins(), 1);
    bench.carrier.clear_faults();
    bench.secret("s3cret");
    bench.prepare(4000);
    let why = bench.unprepared().await;
    assert!(why.contains("hint: correct the secret `magrathea`"), "{why}");
    assert_eq!(bench.logins(), 1, "the same content is the same login");
    bench.secret("wr0ng");
    bench.prepare(4000);
    bench.unprepared().await;
    assert_eq!(bench.logins(), 2);
    bench.secret("s3cret");
    bench.prepared().await;
    assert_eq!(bench.logins(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_address_does_not_make_refused_credentials_good() {
    let mut bench = Bench::new().await;
    bench.carrier.fault(Fault::of(Kind::RefuseAuth));
    bench.prepare(4000);
    bench.unprepared().await;
    let moved = agent::act::CarrierSetup {
        name: state::CarrierId::new("magrathea"),
        at: format!("localhost:{}", bench.carrier.address().port()).parse().unwrap(),
        transport: agent::act::Transport::Plain,
    };
    bench.hands.reach(vec![moved]);
    bench.prepare(4000);
    assert!(bench.unprepared().await.contains("not tried again"));
    assert_eq!(bench.logins(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_looks_at_once_and_the_others_wait_their_turn() {
    let mut bench = Bench::new().await;
    bench.look(0, 1);
    assert_eq!(bench.looked().await.unwrap(), [Some(LONDON.to_owned())]);
    bench.carrier.fault(Fault::of(Kind::Slow { ms: 30 }));
    (1..=6).for_each(|id| bench.look(id, 2));
    let mut most = 0;
    let mut told = 0;
    while told < 6 {
        most = most.max(bench.open_connections());
        let told_of = bench.inbox.try_recv().ok().filter(|event| !matches!(event, Event::Tallied(_)));
        if let Some(event) = told_of {
            let Event::Looked { found, .. } = event else { panic!("{event:?}") };
            assert_eq!(found.unwrap().len(), 2);
            told += 1;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(most, 2);
    assert_eq!(bench.sets(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_that_hangs_ends_and_a_number_that_cannot_be_read_spoils_it() {
    let mut bench = Bench::new().await;
    let refusal = Kind::Error { digit: 2, verb: Some("STAT".to_owned()) };
    bench.carrier.fault(Fault::of(refusal).only(&super::bench::number(1)));
    bench.look(1, 3);
    assert!(bench.looked().await.unwrap_err().contains("02079460001"));
    bench.carrier.clear_faults();
    bench.carrier.fault(Fault::of(Kind::Hang { at: Moment::Stat }));
    let began = mono();
    bench.look(2, 3);
    assert!(bench.looked().await.is_err());
    assert!(mono().since(began) < Duration::from_secs(10));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_knock_is_a_connection_and_no_login() {
    let mut bench = Bench::new().await;
    assert_eq!(bench.knocked().await, Presence::Present);
    bench.carrier.fault(Fault::of(Kind::Hang { at: Moment::Greeting }));
    assert_eq!(bench.knocked().await, Presence::Present, "whoever hangs still takes connections");
    bench.carrier.clear_faults();
    assert_eq!(bench.logins(), 0);
    bench.carrier.fault(Fault::of(Kind::RefuseConnections));
    while bench.knocked().await == Presence::Present {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

impl Bench {
    async fn knocked(&mut self) -> Presence {
        self.hands
            .act(Effect::Knock { carrier: CarrierId::new("magrathea"), within: Duration::from_secs(10) });
        let event = self.event().await;
        let Event::Knocked { carrier, answer, .. } = event else { panic!("{event:?}") };
        assert_eq!(carrier, CarrierId::new("magrathea"));
        answer
    }
}
