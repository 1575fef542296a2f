//! The three stories: what is started, what is broken when, and what is waited for.

use super::DemoError;
use super::happening::{Deed, Happening, Moved, What};
use super::play::Play;
use super::summary::{Measured, Summary};
use crate::carrier::faults::{Fault, Kind};
use crate::wire::Passage;
use agent::clock;
use agent::command::WhyReport;
use state::{Mono, SiteId};
use std::time::Duration;

/// After the end of the run it must be quiet for so long.
const STEADY: Duration = Duration::from_secs(1);
/// How long an adoption may take, and a little more, so that one that is too late is seen.
const ADOPTION: Duration = Duration::from_secs(12);
/// How soon a site that is cut off must say that it is the minority.
const MINORITY: Duration = Duration::from_secs(3);
const ALL: &[&str] = &["london", "manchester", "office", "netherlands"];

/// London loses power while it has the number.
pub async fn site_dies(play: &mut Play) -> Result<Summary, DemoError> {
    play.stage.start(ALL).await?;
    let report = play.stage.ready(|leader| leader != "london").await?;
    play.introduce(&report)?;
    let at = clock::mono();
    play.stage.rig.power_off("london").await?;
    play.broke(at, "london is dead: agent, PBX and links fall silent")?;
    run_ends(play, slack(play)).await?;
    play.linger(STEADY).await?;
    finish(play, |found| found).await
}

/// London is cut off from the three others; both sides reach the carrier.
pub async fn partition(play: &mut Play) -> Result<Summary, DemoError> {
    play.stage.start(ALL).await?;
    let report = play.stage.ready(|leader| leader != "london").await?;
    play.introduce(&report)?;
    let at = clock::mono();
    play.stage.rig.wire.between(&["london"], &ALL[1..], Passage::Silent)?;
    play.broke(at, "london is cut off: agent and PBX; all still reach the carrier")?;
    play.cut(at, "london");
    run_ends(play, slack(play)).await?;
    let minority_says = ask_the_minority(play).await?;
    play.linger(STEADY).await?;
    let before = play.stage.rig.carrier.judgement().switches.len();
    play.stage.rig.wire.mend();
    play.did(clock::mono(), Deed::Mended("the cut is mended; now nothing may move again".to_owned()));
    let pace = play.options.pace.numbers();
    play.linger(pace.every * pace.rise + pace.blip).await?;
    let minority_sets = play.sets_of("london");
    finish(play, |found| {
        let switches_after_mending = found.judgement.switches.len().saturating_sub(before);
        Measured { minority_says, minority_sets, switches_after_mending, ..found }
    })
    .await
}

/// Manchester leads and acts, and dies between its SET and the reply.
pub async fn leader_dies(play: &mut Play) -> Result<Summary, DemoError> {
    // The first to wait for a leader is the first to stand for election; the witness would stand before it.
    play.stage.start(&["manchester"]).await?;
    play.stage.start(&["london", "office"]).await?;
    let leads = |leader: &str| leader == "manchester";
    play.stage
        .wait("manchester", |report| match &report.leader {
            Some(leader) if leads(leader.as_str()) => None,
            Some(leader) => Some(format!("{leader} leads, not manchester")),
            None => Some("nobody leads".to_owned()),
        })
        .await?;
    play.stage.start(&["netherlands"]).await?;
    let report = play.stage.ready(leads).await?;
    play.introduce(&report)?;
    play.stage.rig.carrier.fault(Fault::of(Kind::HoldReply).next(1));
    let at = clock::mono();
    play.stage.rig.power_off("london").await?;
    play.broke(at, "london is dead: agent, PBX and links fall silent")?;
    let deadline = play.deadline(slack(play));
    if play.until(deadline, written_by_manchester).await?.is_none() {
        return finish(play, |found| found).await;
    }
    let death = clock::mono();
    if let Some(agent) = play.stage.rig.agent("manchester") {
        agent.kill().await;
    }
    play.broke(death, "manchester's agent is killed: it leads, and its SET is unanswered")?;
    let deadline = play.deadline(ADOPTION);
    let adopted_ms = adopted(play, death, deadline).await?;
    run_ends(play, ADOPTION).await?;
    play.linger(STEADY).await?;
    finish(play, |found| Measured { adopted_ms, ..found }).await
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

fn written_by_manchester(happening: &Happening) -> bool {
    matches!(&happening.what, What::Set { by, moved: Moved::Moved, .. } if by == "manchester")
}

/// How long after the death another leader went on with the run.
async fn adopted(play: &mut Play, death: Mono, deadline: Mono) -> Result<Option<u64>, DemoError> {
    let death_ms = play.t_ms(death);
    let opened = play.told().iter().find_map(Happening::opened);
    let Some(run) = opened else { return Ok(None) };
    let leads = |happening: &Happening| {
        let What::Leader { site, .. } = &happening.what else { return false };
        site.as_str() != "manchester"
    };
    if play.until(deadline, leads).await?.is_none() {
        return Ok(None);
    }
    let went_on = play.until(deadline, |happening| happening.goes_on(run)).await?;
    Ok(went_on.and_then(|happening| u64::try_from(happening.t_ms - death_ms).ok()))
}

/// What London says of itself while it is cut off, if it says that it is the minority.
async fn ask_the_minority(play: &mut Play) -> Result<Option<String>, DemoError> {
    let until = clock::mono() + MINORITY;
    loop {
        let report = play.stage.why("london").await;
        let minority = report.as_ref().is_some_and(is_minority);
        if let Some(report) = report.filter(|_| minority || clock::mono() >= until) {
            let screen = agent::cli::screens::why::screen(&report);
            let lines = telling_lines(&screen);
            play.did(clock::mono(), Deed::AskedWhy(SiteId::new("london"), lines.clone()));
            return Ok(minority.then(|| lines.join(" ")));
        }
        if clock::mono() >= until {
            return Ok(None);
        }
        play.linger(Duration::from_millis(100)).await?;
    }
}

fn is_minority(report: &WhyReport) -> bool {
    2 * report.heard.0 <= report.heard.1
}

/// The answer, and what the screen says about the minority.
fn telling_lines(screen: &str) -> Vec<String> {
    let mut lines = vec![screen.lines().next().unwrap_or_default().to_owned()];
    let mut rest = screen.lines().skip_while(|line| !line.starts_with("  minority"));
    if let Some(first) = rest.next() {
        let mut said = first.trim_start().trim_start_matches("minority").trim().to_owned();
        for line in rest.take_while(|line| line.starts_with("      ")) {
            said += " ";
            said += line.trim();
        }
        lines.push(said);
    }
    lines
}

/// What was measured, with what the survivors believe at the end.
async fn finish(play: &mut Play, own: impl FnOnce(Measured) -> Measured) -> Result<Summary, DemoError> {
    let mut found = play.measure().await;
    match play.stage.status("netherlands").await {
        Some(report) => {
            found.believed = report.routes.first().and_then(|route| route.rings_in.clone());
            found.unrest = report.runs.first().map(|run| format!("{} is not over", run.id));
        }
        None => found.unrest = Some("the agent of netherlands does not answer".to_owned()),
    }
    Ok(Summary::new(play.options.scenario, play.options.pace.numbers(), own(found)))
}
