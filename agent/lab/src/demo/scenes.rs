//! The stories, one file each; here is what they share: who is started, how long is waited, how it is summed up.

mod applied_but_no_reply;
mod both_datacentres_die;
mod carrier_hangs;
mod doors;
mod flap;
mod leader_dies_mid_playbook;
mod leader_on_dying_site;
mod lever;
mod partition;
mod site_dies;
mod stranger_edits;
mod witness_dies;

use super::DemoError;
use super::finding::Finding;
use super::happening::{Deed, Happening, What};
use super::play::Play;
use super::scenario::Scenario;
use super::stage::Leads;
use super::summary::{Measured, Summary};
use agent::clock;
use agent::command::StatusReport;
use state::{Mono, SiteId};
use std::time::Duration;

/// After the end of the run it must be quiet for so long.
const STEADY: Duration = Duration::from_secs(1);

/// Tells one story from its beginning to its summary.
pub async fn tell(scenario: Scenario, play: &mut Play) -> Result<Summary, DemoError> {
    match scenario {
        Scenario::SiteDies => site_dies::tell(play).await,
        Scenario::Partition => partition::tell(play).await,
        Scenario::LeaderDiesMidPlaybook => leader_dies_mid_playbook::tell(play).await,
        Scenario::LeaderOnDyingSite => leader_on_dying_site::tell(play).await,
        Scenario::BothDatacentresDie => both_datacentres_die::tell(play).await,
        Scenario::AppliedButNoReply => applied_but_no_reply::tell(play).await,
        Scenario::CarrierHangs => carrier_hangs::tell(play).await,
        Scenario::Flap => flap::tell(play).await,
        Scenario::StrangerEdits => stranger_edits::tell(play).await,
        Scenario::WitnessDies => witness_dies::tell(play).await,
        Scenario::Lever => lever::tell(play).await,
        Scenario::Doors => doors::tell(play).await,
    }
}

/// Everybody is there and well, and a site that may lead does.
async fn begin(play: &mut Play, leads: Leads) -> Result<(), DemoError> {
    let report = play.stage.begin(leads).await?;
    play.introduce(&report)
}

/// London loses power, and with it the number its place.
async fn london_dies(play: &mut Play) -> Result<Mono, DemoError> {
    let at = clock::mono();
    play.stage.rig.power_off("london").await?;
    play.broke(at, "london is dead: agent, PBX and links fall silent")?;
    Ok(at)
}

/// Three times the least, as a machine may be busy.
fn slack(play: &Play) -> Duration {
    super::bound(play.options.pace.numbers()) * 3
}

async fn run_ends(play: &mut Play, patience: Duration) -> Result<(), DemoError> {
    let ended = |happening: &Happening| happening.ended().is_some();
    if play.told().iter().any(ended) {
        return Ok(());
    }
    let deadline = play.deadline(patience);
    play.until(deadline, ended).await.map(drop)
}

/// Waits for another leader than `gone`; gives how long after `since` it was there.
async fn led_elsewhere(
    play: &mut Play,
    gone: &str,
    since: Mono,
    deadline: Mono,
) -> Result<Option<u64>, DemoError> {
    let since_ms = play.t_ms(since);
    let elsewhere = |happening: &Happening| {
        let What::Leader { site, .. } = &happening.what else { return false };
        site.as_str() != gone && happening.t_ms >= since_ms
    };
    let told = play.told().iter().find(|happening| elsewhere(happening)).cloned();
    let led = match told {
        Some(told) => Some(told),
        None => play.until(deadline, elsewhere).await?,
    };
    Ok(led.and_then(|happening| u64::try_from(happening.t_ms - since_ms).ok()))
}

/// What a site says that a person should read, if there is such a line; then the account shows it.
async fn says(
    play: &mut Play,
    site: &'static str,
    deadline: Mono,
    wanted: impl Fn(&str) -> bool,
) -> Result<Option<(Mono, String)>, DemoError> {
    let line = |report: &StatusReport| spoken(report).into_iter().find(|line| wanted(line));
    let found = play.asked(site, deadline, line).await?;
    if let Some((at, line)) = &found {
        play.did(*at, Deed::AskedStatus(SiteId::new(site), vec![line.clone()]));
    }
    Ok(found)
}

/// Everything in a status that is written for people, the most urgent first.
fn spoken(report: &StatusReport) -> Vec<String> {
    let needs = report.needs_you.iter().map(|need| need.what.clone());
    let latches = report.routes.iter().filter_map(|route| route.latch.clone());
    let notices = report.notices.iter().map(|(_, text)| text.clone());
    needs.chain(report.watch.iter().cloned()).chain(latches).chain(notices).collect()
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// What was measured, with what a survivor believes at the end.
async fn finish(
    play: &mut Play,
    survivor: &'static str,
    findings: Vec<Finding>,
) -> Result<Summary, DemoError> {
    let mut found = play.measure().await;
    match play.stage.status(survivor).await {
        Some(report) => {
            found.believed = report.routes.first().and_then(|route| route.rings_in.clone());
            found.unrest = report.runs.first().map(|run| format!("{} is not over", run.id));
        }
        None => found.unrest = Some(format!("the agent of {survivor} does not answer")),
    }
    let measured = Measured { findings, ..found };
    Ok(Summary::new(play.options.scenario, play.options.pace.numbers(), measured))
}
