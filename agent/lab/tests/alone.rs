//! A claim alone by the one agent that is left, over real processes: done, killed, started again, and merged.

mod support;

use agent::command::{AloneState, Answer, Command, HandOver, StatusReport, Telling};
use agent::control::client::Following;
use lab::pbx::Condition;
use lab::rig::{NUMBER, Options, Rig};
use state::handover::{Hindrance, Strength};
use state::{RouteId, SiteId};
use std::time::Duration;
use support::{PATIENCE, rig, until};
use tokio::time::{Instant, sleep, timeout};

const DEAD: [&str; 3] = ["london", "manchester", "netherlands"];

fn claimed(report: &StatusReport) -> Option<&HandOver> {
    let kind = (Hindrance::ClaimedAlone, Strength::Latched);
    report.handed_over.iter().find(|one| (one.hindrance, one.strength) == kind)
}

/// Follows the deed to its end.
async fn ended(told: &mut Following) -> (AloneState, Vec<String>) {
    let mut words = Vec::new();
    loop {
        let telling = timeout(PATIENCE, told.next()).await.expect("a deed ends").expect("it is followed");
        let Telling::Alone { is, text, .. } = telling else { continue };
        words.push(text);
        if is != AloneState::Goes {
            return (is, words);
        }
    }
}

fn shows(rig: &Rig) -> Option<&'static str> {
    rig.net.site_of(&rig.carrier.numbers()[NUMBER].slots[0])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_agent_acts_for_a_person_and_the_others_learn_of_it() {
    let mut rig = rig(&Options::default()).await;
    for site in DEAD {
        rig.power_off(site).await.expect("the site can be switched off");
    }
    until(&mut rig, "office", |report| report.leader.is_none()).await;

    let office = rig.agent("office").expect("every agent was started");
    let mut told = office.follow(PATIENCE).await.expect("a living agent is followed");
    let (route, site) = (RouteId::new("main"), SiteId::new("office"));
    let wish = Command::ClaimOrOffer { route, site, because: "everybody else is dark".to_owned() };
    let begun = Instant::now();
    let answer = office.ask(wish).await.expect("a living agent answers");
    assert!(begun.elapsed() >= Duration::from_secs(5), "the agreed way is tried for five seconds");
    let Answer::Offered(offer) = answer else { panic!("it was to offer: {answer:?}") };
    assert_eq!(offer.shown, Some(SiteId::new("london")), "{offer:?}");
    let answer = office.ask(Command::ClaimAlone { token: offer.token }).await.expect("it answers");
    assert!(matches!(answer, Answer::Alone { .. }), "{answer:?}");
    let (is, words) = ended(&mut told).await;
    assert_eq!((is, shows(&rig)), (AloneState::Done, Some("office")), "{words:?}");

    rig.agent("office").expect("every agent was started").kill().await;
    rig.start("office").expect("the agent starts again");
    until(&mut rig, "office", |report| claimed(report).is_some()).await;

    rig.wire.mend();
    for site in DEAD {
        rig.pbx(site, Condition::Running).await.expect("its PBX can be switched on");
        rig.start(site).expect("the agent starts again");
    }
    let rings =
        |report: &StatusReport| report.routes.iter().all(|r| r.rings_in == Some(SiteId::new("office")));
    let known = |report: &StatusReport| claimed(report).is_some() && rings(report);
    let report = until(&mut rig, "netherlands", known).await;
    let because = claimed(&report).map(|one| one.because.clone()).unwrap_or_default();
    assert!(because.contains("alone at office") && because.contains("everybody else is dark"), "{because}");
    // Whoever leads has read and would have acted by now; nothing was written but by the person's deed.
    sleep(Duration::from_secs(8)).await;
    assert_eq!((shows(&rig), rig.carrier.judgement().switches.len()), (Some("office"), 1));
}
