//! London is cut off from the three others; both sides reach the carrier.

use super::{STEADY, begin, finish, run_ends, slack};
use crate::demo::DemoError;
use crate::demo::finding::Finding;
use crate::demo::happening::Deed;
use crate::demo::ledger;
use crate::demo::play::Play;
use crate::demo::stage::{ALL, Leads};
use crate::demo::summary::Summary;
use crate::wire::Passage;
use agent::clock;
use agent::command::WhyReport;
use state::SiteId;
use std::time::Duration;

/// How soon a site that is cut off must say that it is the minority.
const MINORITY: Duration = Duration::from_secs(3);

pub(super) async fn tell(play: &mut Play) -> Result<Summary, DemoError> {
    begin(play, Leads::NotLondon).await?;
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
    let switches = play.stage.rig.carrier.judgement().switches.len();
    let log = play.stage.rig.carrier.log();
    let findings = vec![
        Finding::said("minority is said at london", minority_says),
        Finding::count("london wrote", ledger::sets(&log, Some("london"), 0), 0),
        Finding::count("moved after mending", switches.saturating_sub(before), 0),
    ];
    finish(play, "netherlands", findings).await
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
