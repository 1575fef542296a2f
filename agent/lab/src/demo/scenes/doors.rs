//! London has two uplinks: one dies, and it goes on serving by the other; then that one dies as well.

use super::{STEADY, finish, slack};
use crate::demo::DemoError;
use crate::demo::finding::Finding;
use crate::demo::play::Play;
use crate::demo::stage::Leads;
use crate::demo::summary::Summary;
use crate::rig::SITES;
use agent::clock;
use agent::command::StatusReport;
use policies::Verdict;
use state::Mono;

pub(super) async fn tell(play: &mut Play) -> Result<Summary, DemoError> {
    play.stage.begin(Leads::NotLondon).await?;
    let report = play.stage.wait("netherlands", missing).await?;
    play.introduce(&report)?;
    let (first, second) = (play.stage.rig.net.pbx(&SITES[0]), play.stage.rig.net.second_door(&SITES[0]));
    let at = clock::mono();
    play.stage.rig.wire.close(first).await;
    play.broke(at, "the first uplink of london dies; by the second its PBX answers")?;
    let other = rings(play, "london#2", at).await?;
    play.linger(STEADY).await?;
    let at = clock::mono();
    play.stage.rig.wire.close(second).await;
    play.broke(at, "the second uplink of london dies as well")?;
    let elsewhere = rings(play, "manchester", at).await?;
    play.linger(STEADY).await?;
    let most = super::millis(slack(play));
    let findings = vec![
        Finding::within("rings by the other uplink", other, most),
        Finding::within("rings in another site", elsewhere, most),
    ];
    finish(play, "netherlands", findings).await
}

/// What is still missing before an uplink may die.
fn missing(report: &StatusReport) -> Option<String> {
    let doors = report.sites.iter().flat_map(|site| &site.further);
    let lacks = doors.filter(|door| door.pbx != Verdict::Up).map(|door| door.door.to_string()).next();
    lacks.map(|door| format!("there is no verdict that {door}/pbx is up"))
}

/// Waits until the route rings there and nothing is under way; gives how long after `since` that was so.
async fn rings(play: &mut Play, place: &str, since: Mono) -> Result<Option<u64>, DemoError> {
    let there = |report: &StatusReport| {
        let rings_in = report.routes.first()?.rings_in.as_ref()?;
        (rings_in.as_str() == place && report.runs.is_empty()).then_some(())
    };
    let deadline = play.deadline(slack(play));
    let found = play.asked("netherlands", deadline, there).await?;
    Ok(found.map(|(at, ())| super::millis(at.since(since))))
}
