//! Slots 2 and 3: written and read by their own names, and slot 1 stays what it was whatever the carrier does.

use super::bench::{Bench, COUNT, LONDON, number};
use agent::event::{Effect, Event, Survey};
use agent::live::asks::{Asks, CarrierAsk};
use agent::live::{Health, Kind as Of, Sight};
use lab::carrier::faults::{Fault, Kind, Moment};
use lab::carrier::log::What;
use state::fact::{Closure, Was};
use state::{CarrierId, Destination, Number};
use std::collections::BTreeMap;

const BEHIND: &str = "S:442079460000@127.0.0.23";
const LANDLINE: &str = "441134960999";

#[tokio::test(flavor = "multi_thread")]
async fn each_slot_is_written_by_its_own_name_and_one_question_reads_them_all() {
    let mut bench = Bench::new().await;
    for (fence, slot, to) in [(7, 2, BEHIND), (8, 3, LANDLINE)] {
        let nonce = bench.prepared().await;
        bench.order_slot(fence, nonce, (slot, to, 5000));
        let report = bench.executed(fence).await;
        assert_eq!((report.was, report.outcomes[0].closure), (Was::Right, Closure::Closed), "{report:?}");
    }
    assert_eq!(bench.carrier.numbers()[&number(0)].slots, [LONDON, BEHIND, LANDLINE]);
    let set = |what: &What| matches!(what, What::SetReceived { slot: 1, .. });
    assert_eq!((bench.sets(), bench.logged(set)), (2, 0));
    let stats = |bench: &Bench| {
        bench.logged(|what| matches!(what, What::Command { text } if text.starts_with("STAT")))
    };
    let before = stats(&bench);
    bench.look_at_slots(1, 2);
    let shown = bench.looked().await.unwrap();
    let shown: Vec<Option<&str>> = shown.iter().map(Option::as_deref).collect();
    assert_eq!(shown, [Some(LONDON), Some(BEHIND), Some(LANDLINE), Some(LONDON), None, None]);
    assert_eq!(stats(&bench) - before, 2, "two numbers are two questions, whatever is behind them");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_carrier_that_refuses_hangs_or_lies_about_a_slot_leaves_slot_one_alone() {
    let faults = [
        (Kind::Error { digit: 4, verb: Some("SET".to_owned()) }, Was::Wrong, Closure::Closed, ""),
        (Kind::Hang { at: Moment::Set }, Was::Wrong, Closure::Open, ""),
        (Kind::OkWithoutApply, Was::Wrong, Closure::Closed, ""),
        (Kind::DropAfterApply, Was::Right, Closure::Open, BEHIND),
    ];
    for (kind, was, closure, stands) in faults {
        let mut bench = Bench::new().await;
        bench.carrier.fault(Fault::of(kind.clone()));
        let nonce = bench.prepared().await;
        bench.order_slot(7, nonce, (2, BEHIND, 900));
        let report = bench.executed(7).await;
        assert_eq!((report.was, report.outcomes[0].closure), (was, closure), "{kind:?} {report:?}");
        assert_eq!(bench.carrier.numbers()[&number(0)].slots, [LONDON, stands, ""], "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_wrote_there_meanwhile_stays() {
    let mut bench = Bench::new().await;
    bench.carrier.edit(&number(0), 2, LANDLINE).unwrap();
    let nonce = bench.prepared().await;
    bench.order_slot(7, nonce, (2, BEHIND, 5000));
    let report = bench.executed(7).await;
    assert_eq!((report.was, report.outcomes[0].closure), (Was::Wrong, Closure::Closed), "{report:?}");
    assert_eq!(report.outcomes[0].seen.as_ref().map(|seen| seen.as_str()), Some(LANDLINE));
    assert_eq!((bench.sets(), bench.carrier.numbers()[&number(0)].slots[1].as_str()), (0, LANDLINE));
}

/// A number has one writer, whichever of its slots is meant.
#[tokio::test(flavor = "multi_thread")]
async fn a_lower_fence_on_another_slot_of_the_number_is_not_obeyed() {
    let mut bench = Bench::new().await;
    let nonce = bench.prepared().await;
    bench.order(9, nonce, (1, 5000));
    assert_eq!(bench.executed(9).await.was, Was::Right);
    let nonce = bench.prepared().await;
    bench.order_slot(8, nonce, (2, BEHIND, 5000));
    let report = bench.executed(8).await;
    assert!(report.outcomes[0].why.contains("a later attempt"), "{report:?}");
    assert_eq!(bench.sets(), 1);
}

/// `check --live`: what stands behind is compared with the policy in the same answers, and is no fault.
#[tokio::test(flavor = "multi_thread")]
async fn a_survey_names_the_slots_that_do_not_show_what_the_policy_says() {
    let mut bench = Bench::new().await;
    bench.carrier.edit(&number(0), 2, BEHIND).unwrap();
    bench.carrier.edit(&number(1), 2, LANDLINE).unwrap();
    let numbers: Vec<Number> = (0..COUNT).map(|place| Number::new(number(place))).collect();
    let behind = numbers.iter().map(|number| (number.at_slot(2), Destination::new(BEHIND))).collect();
    let carrier = CarrierId::new("magrathea");
    let ask = CarrierAsk { carrier, host: None, numbers, behind, rate: 100 };
    let mut asks = Asks::default();
    asks.carriers.push(ask);
    let survey = Survey { n: 1, cluster: "bytemark".to_owned(), asks, not_before: BTreeMap::new() };
    bench.hands.act(Effect::Survey(survey));
    let event = bench.event().await;
    let Event::Surveyed { sights, .. } = event else { panic!("{event:?}") };
    let of = |kind: Of| sights.iter().filter(move |sight| sight.kind == kind).collect::<Vec<&Sight>>();
    let all = format!("logged in, and read {COUNT} of {COUNT} numbers");
    assert_eq!(
        of(Of::Carrier).iter().map(|s| (s.is, s.says.as_str())).collect::<Vec<_>>(),
        [(Health::Ok, all.as_str())]
    );
    let wrong = of(Of::Behind);
    assert!(wrong.iter().all(|sight| sight.is == Health::Warning && sight.hint.is_some()), "{wrong:?}");
    assert_eq!(wrong[0].thing, number(1));
    assert_eq!(wrong[0].says, format!("slot 2 shows {LANDLINE}, and the policy says {BEHIND}"));
    assert_eq!(wrong[1].says, format!("slot 2 shows nothing, and the policy says {BEHIND}"));
    assert_eq!((wrong.len(), wrong[5].says.as_str()), (6, "9 more slots do not show what the policy says"));
    let stats = bench.logged(|what| matches!(what, What::Command { text } if text.starts_with("STAT")));
    assert_eq!((stats, bench.sets()), (COUNT, 0), "one question for each number");
}
