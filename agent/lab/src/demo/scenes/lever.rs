//! London's proxy dies: the policy's rule has its prefix withdrawn, and once it is mended a person has it announced.

use super::{STEADY, finish, slack};
use crate::demo::DemoError;
use crate::demo::finding::Finding;
use crate::demo::happening::Deed;
use crate::demo::play::Play;
use crate::demo::stage::{ALL, Leads};
use crate::demo::summary::Summary;
use agent::clock;
use agent::command::{Command, LeverReport, StatusReport};
use policies::Verdict;
use state::route::Lever;
use state::{Mono, PlaybookId, SiteId};
use std::fs;
use std::io;
use std::time::Duration;

/// For how long the proxy must be down before the rule of the example acts.
const RULE: Duration = Duration::from_secs(15);

pub(super) async fn tell(play: &mut Play) -> Result<Summary, DemoError> {
    play.stage.begin(Leads::NotLondon).await?;
    let report = play.stage.wait("netherlands", missing).await?;
    play.introduce(&report)?;
    let down = play.stage.rig.dir().join("cluster/proxy-is-down");
    let died = clock::mono();
    fs::write(&down, "").map_err(unset)?;
    play.broke(died, "london's proxy stops answering; its PBX goes on")?;
    let withdrawn = stands(play, (died, RULE + slack(play)), |lever| {
        matches!(lever.stands, Lever::Pulled { .. }) && lever.is == Verdict::Down
    });
    let withdrawn = withdrawn.await?;
    let sites = ALL.iter().filter(|site| play.stage.rig.folder(site).join("prefix-withdrawn").exists());
    let sites = sites.count();
    play.linger(STEADY).await?;
    let mended = clock::mono();
    fs::remove_file(&down).map_err(unset)?;
    play.did(mended, Deed::Mended("the proxy answers again".to_owned()));
    stands(play, (mended, slack(play)), |lever| lever.is == Verdict::Up).await?;
    let asked = clock::mono();
    let args = [("route".to_owned(), "london/proxy".to_owned())].into();
    let because = "the proxy is mended".to_owned();
    let playbook = PlaybookId::new("announce-prefix");
    play.stage.order("manchester", Command::Play { playbook, args, because }).await?;
    play.did(asked, Deed::Ordered("a person has the prefix announced again".to_owned()));
    let announced = stands(play, (asked, slack(play)), |lever| lever.stands == Lever::AtRest).await?;
    play.linger(STEADY).await?;
    let findings = vec![
        Finding::within("prefix withdrawn by the rule", withdrawn, super::millis(RULE + slack(play))),
        Finding::count("sites that withdrew it", sites, 1),
        Finding::within("announced when asked for", announced, super::millis(slack(play))),
    ];
    finish(play, "netherlands", findings).await
}

/// What is still missing before the proxy may die.
fn missing(report: &StatusReport) -> Option<String> {
    let sure = |lever: &LeverReport| lever.is == Verdict::Up && lever.holding == [SiteId::new("manchester")];
    let Some(lever) = report.levers.first() else { return Some("nobody knows of the lever".to_owned()) };
    (!sure(lever)).then(|| format!("there is no verdict that {} and its other are up", lever.lever))
}

/// Waits until the lever is as it is wanted; gives how long after a moment that was so.
async fn stands(
    play: &mut Play,
    (since, patience): (Mono, Duration),
    wanted: impl Fn(&LeverReport) -> bool,
) -> Result<Option<u64>, DemoError> {
    let there = |report: &StatusReport| {
        let lever = report.levers.first()?;
        (wanted(lever) && report.runs.is_empty()).then_some(())
    };
    let deadline = play.deadline(patience);
    let found = play.asked("netherlands", deadline, there).await?;
    Ok(found.map(|(at, ())| super::millis(at.since(since))))
}

fn unset(error: io::Error) -> DemoError {
    DemoError::Scene(format!("the proxy cannot be stopped: {error}"))
}
