//! A link is cut between two real agents: they go on over a third, under their own keys, and a dying site is left.

use agent::command::{Answer, Command, StatusReport};
use lab::carrier::log::What;
use lab::rig::{NUMBER, Options, Rig};
use lab::wire::Passage;
use state::SiteId;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a cluster may take to be ready, and to act: a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks an agent until its status is as wanted.
async fn until(rig: &mut Rig, site: &str, wanted: fn(&StatusReport) -> Option<()>) -> StatusReport {
    let since = Instant::now();
    let mut last = None;
    loop {
        let agent = rig.agent(site).expect("every agent was started");
        if let Ok(Answer::Status(status)) = agent.ask(Command::Status).await {
            if wanted(&status).is_some() {
                return *status;
            }
            last = Some(status);
        }
        assert!(since.elapsed() < PATIENCE, "{site} never came to be as wanted: {last:?}");
        sleep(Duration::from_millis(50)).await;
    }
}

fn ready(status: &StatusReport) -> Option<()> {
    let up = status.sites.iter().all(|site| site.pbx == policies::Verdict::Up);
    let rings = status.routes.first().is_some_and(|route| route.rings_in == Some(SiteId::new("london")));
    (up && rings && status.leader == Some(SiteId::new("netherlands"))).then_some(())
}

/// Manchester is heard over another site, and nobody's vote is missing.
fn detoured(status: &StatusReport) -> Option<()> {
    let manchester = status.sites.iter().find(|site| site.site == SiteId::new("manchester"))?;
    manchester.over.as_ref().filter(|_| status.heard == 5).map(|_| ())
}

fn in_manchester(status: &StatusReport) -> Option<()> {
    let route = status.routes.first()?;
    (route.rings_in == Some(SiteId::new("manchester")) && status.runs.is_empty()).then_some(())
}

#[tokio::test]
async fn two_agents_without_a_link_meet_over_a_third_and_leave_a_dead_site() {
    let mut rig = Rig::put_up(&Options::default()).await.expect("a rig stands on loopback");
    rig.start_all().expect("`cargo build -p agent` builds what this test starts");
    let before = until(&mut rig, "netherlands", ready).await;
    rig.wire.between(&["netherlands"], &["manchester"], Passage::Silent).expect("both are parties");
    until(&mut rig, "netherlands", detoured).await;
    rig.power_off("london").await.expect("the agent of london was started");
    // The leader calls Manchester, which asks, and its commit comes back to it: all of it over the office.
    let after = until(&mut rig, "netherlands", in_manchester).await;
    assert_eq!((after.leader, after.term), (before.leader, before.term), "nobody was elected anew");
    let over = after.sites.iter().find(|site| site.site == SiteId::new("manchester"));
    assert_eq!(over.and_then(|site| site.over.clone()), Some(SiteId::new("office")));
    let shows = rig.carrier.numbers()[NUMBER].slots[0].clone();
    assert_eq!(rig.net.site_of(&shows), Some("manchester"));
    let log = rig.carrier.log();
    let sets = log.iter().filter(|entry| matches!(entry.what, What::SetReceived { .. })).count();
    assert_eq!(sets, 1, "one SET, by whoever it was");
}
