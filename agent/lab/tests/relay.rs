//! A link is cut between two real agents: they go on over a third, under their own keys, and a dying site is left.

mod support;

use agent::command::StatusReport;
use lab::carrier::log::What;
use lab::rig::{NUMBER, Options};
use lab::wire::Passage;
use state::SiteId;
use support::{rig, until};

/// Manchester is heard over another site, and nobody's vote is missing.
fn detoured(status: &StatusReport) -> bool {
    let manchester = status.sites.iter().find(|site| site.site == SiteId::new("manchester"));
    manchester.is_some_and(|site| site.over.is_some()) && status.heard == 5
}

fn in_manchester(status: &StatusReport) -> bool {
    let there = Some(SiteId::new("manchester"));
    status.routes.iter().all(|route| route.rings_in == there) && status.runs.is_empty()
}

#[tokio::test]
async fn two_agents_without_a_link_meet_over_a_third_and_leave_a_dead_site() {
    let mut rig = rig(&Options::default()).await;
    let led = |status: &StatusReport| status.leader == Some(SiteId::new("netherlands"));
    let before = until(&mut rig, "netherlands", led).await;
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
