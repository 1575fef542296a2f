//! A site with two uplinks, as real processes: one dies and it goes on serving by the other, both die and it is left.

use agent::command::{Answer, Command, StatusReport};
use lab::carrier::log::What;
use lab::rig::{NUMBER, Options, Rig, SITES};
use policies::Verdict;
use state::SiteId;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a cluster may take to be ready, and to act: a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks the witness until the route rings there, everything is at rest, and every door is seen as it is wanted.
async fn rings(rig: &mut Rig, place: &str, doors: [Verdict; 2]) -> StatusReport {
    let since = Instant::now();
    let mut last = None;
    loop {
        let agent = rig.agent("netherlands").expect("every agent was started");
        if let Ok(Answer::Status(status)) = agent.ask(Command::Status).await {
            let there = status.routes.first().is_some_and(|route| route.rings_in == Some(SiteId::new(place)));
            let london = status.sites.iter().find(|site| site.site == SiteId::new("london"));
            let seen = london.map(|site| (site.pbx, site.further.iter().map(|door| door.pbx).collect()));
            if there && seen == Some((doors[0], vec![doors[1]])) && status.runs.is_empty() {
                return *status;
            }
            last = Some(status);
        }
        assert!(since.elapsed() < PATIENCE, "it never came to ring in {place}: {last:?}");
        sleep(Duration::from_millis(50)).await;
    }
}

fn host(rig: &Rig) -> String {
    let shows = rig.carrier.numbers()[NUMBER].slots[0].clone();
    shows.rsplit_once('@').expect("the rig's destinations name a host").1.to_owned()
}

fn sets(rig: &Rig) -> usize {
    rig.carrier.log().iter().filter(|entry| matches!(entry.what, What::SetReceived { .. })).count()
}

#[tokio::test]
async fn the_other_uplink_comes_before_another_site() {
    let options = Options { two_doors: vec!["london"], ..Options::default() };
    let mut rig = Rig::put_up(&options).await.expect("a rig stands on loopback");
    rig.start_all().expect("`cargo build -p agent` builds what this test starts");
    rings(&mut rig, "london", [Verdict::Up, Verdict::Up]).await;
    let (first, second) = (rig.net.pbx(&SITES[0]), rig.net.second_door(&SITES[0]));
    assert_eq!(host(&rig), first.ip().to_string());
    rig.wire.close(first).await;
    rings(&mut rig, "london#2", [Verdict::Down, Verdict::Up]).await;
    assert_eq!((host(&rig), sets(&rig)), (second.ip().to_string(), 1), "London serves by its other uplink");
    rig.wire.close(second).await;
    let after = rings(&mut rig, "manchester", [Verdict::Down, Verdict::Down]).await;
    assert_eq!((host(&rig), sets(&rig)), (rig.net.pbx(&SITES[1]).ip().to_string(), 2));
    assert_eq!(after.routes[0].budget.0, 2, "each was a switch");
}
