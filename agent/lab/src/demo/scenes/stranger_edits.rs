//! A person re-points the number at the carrier's portal: to a stranger, and to a value that we once wrote.

use super::{STEADY, finish, says};
use crate::demo::DemoError;
use crate::demo::finding::Finding;
use crate::demo::happening::Deed;
use crate::demo::ledger;
use crate::demo::play::Play;
use crate::demo::stage::Leads;
use crate::demo::summary::Summary;
use crate::rig::{NUMBER, SITES, SiteOfRig};
use agent::clock;
use agent::command::{Command, StatusReport};
use policies::limits::DRIFT_EVERY;
use state::{Mono, RouteId, SiteId};
use std::time::Duration;

/// Whom a person may well choose, and no policy knows.
const STRANGER: &str = "S:442079460000@192.0.2.99";
/// A reading comes every minute; one that differs is repeated after five seconds; and the machine may be busy.
const ADOPTED_WITHIN: Duration = DRIFT_EVERY.saturating_add(Duration::from_secs(15));

pub(super) async fn tell(play: &mut Play) -> Result<Summary, DemoError> {
    play.stage.begin(Leads::NotLondon).await?;
    // Two switches by people: from now on Manchester is a value that we once wrote, and not the one expected.
    claimed(play, "manchester").await?;
    let report = claimed(play, "netherlands").await?;
    play.introduce(&report)?;
    let stranger = edited(play, STRANGER, None, "to a place that no policy knows").await?;
    let first = clock::mono();
    play.stage.order("netherlands", Command::Resume { route: None }).await?;
    play.did(first, Deed::Ordered("a person resumes automation".to_owned()));
    let old = play.stage.rig.net.points_at(NUMBER, site("manchester"));
    let once_ours = edited(play, &old, Some("manchester"), "to one that we once wrote").await?;
    play.linger(STEADY).await?;
    let wrote = ledger::sets(&play.stage.rig.carrier.log(), None, play.carrier_ms(stranger.at));
    let findings = vec![
        Finding::within("stranger's value adopted", stranger.adopted_ms, super::millis(ADOPTED_WITHIN)),
        Finding::said("route latched", stranger.latched),
        Finding::said("needs a person", stranger.told),
        Finding::within("our old value adopted", once_ours.adopted_ms, super::millis(ADOPTED_WITHIN)),
        Finding::said("route latched again", once_ours.latched),
        Finding::said("needs a person again", once_ours.told),
        Finding::count("SETs since the first edit", wrote, 0),
    ];
    finish(play, "netherlands", findings).await
}

fn site(name: &str) -> &'static SiteOfRig {
    SITES.iter().find(|site| site.name == name).unwrap_or(&SITES[0])
}

/// A person claims the route for a site, and the number moves.
async fn claimed(play: &mut Play, site: &'static str) -> Result<StatusReport, DemoError> {
    let because = "to see whether it rings there".to_owned();
    let claim = Command::Claim { route: RouteId::new("main"), site: SiteId::new(site), because };
    play.stage.order("netherlands", claim).await?;
    let missing = |report: &StatusReport| match (report.runs.first(), rings_in(report)) {
        (Some(run), _) => Some(format!("{} is not over", run.id)),
        (None, Some(there)) if there.as_str() == site => None,
        (None, _) => Some(format!("main does not ring in {site}")),
    };
    play.stage.wait("netherlands", missing).await
}

fn rings_in(report: &StatusReport) -> Option<SiteId> {
    report.routes.first().and_then(|route| route.rings_in.clone())
}

/// What became of an edit.
struct Edit {
    at: Mono,
    adopted_ms: Option<u64>,
    latched: Option<String>,
    told: Option<String>,
}

/// A person edits; then it is waited until the cluster believes what the carrier shows.
async fn edited(play: &mut Play, value: &str, means: Option<&str>, name: &str) -> Result<Edit, DemoError> {
    // The carrier's log counts whole milliseconds: its word on the edit comes after ours.
    let at = clock::mono() - Duration::from_millis(1);
    play.broke(at, &format!("a person at the carrier's portal points the number {name}"))?;
    let edit = play.stage.rig.carrier.edit(NUMBER, 1, value);
    edit.map_err(|why| DemoError::Scene(format!("the portal takes no {value}: {why}")))?;
    let deadline = play.deadline(ADOPTED_WITHIN);
    let adopted = |report: &StatusReport| {
        let route = report.routes.first()?;
        let believed = route.rings_in.as_ref().map(SiteId::as_str);
        (believed == means && route.latch.is_some()).then(|| route.latch.clone())
    };
    let adopted = play.asked("netherlands", deadline, adopted).await?;
    let adopted_ms = adopted.as_ref().map(|(then, _)| super::millis(then.since(at)));
    let latched = adopted.and_then(|(_, latch)| latch);
    let deadline = clock::mono() + STEADY;
    let told = says(play, "netherlands", deadline, |line| line.contains("until a person resumes")).await?;
    Ok(Edit { at, adopted_ms, latched, told: told.map(|(_, line)| line) })
}
