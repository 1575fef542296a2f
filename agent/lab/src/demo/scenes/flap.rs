//! London's PBX comes and goes for a minute, which moves nothing and is said; then it stays away.

use super::{STEADY, begin, finish, run_ends};
use crate::demo::DemoError;
use crate::demo::finding::Finding;
use crate::demo::happening::Deed;
use crate::demo::play::Play;
use crate::demo::stage::{ALL, Leads};
use crate::demo::summary::Summary;
use crate::pbx::Condition;
use agent::clock;
use agent::command::StatusReport;
use state::{Mono, SiteId};
use std::time::Duration;

/// How long it is away, and how long it is there.
const HALF: Duration = Duration::from_secs(2);
/// How often it goes away and comes back.
const TIMES: u32 = 15;

pub(super) async fn tell(play: &mut Play) -> Result<Summary, DemoError> {
    begin(play, Leads::NotLondon).await?;
    let begun = clock::mono();
    play.broke(begun, "london's PBX goes away for 2s, comes back for 2s, and so on for a minute")?;
    let mut flapping: Option<(Mono, String)> = None;
    for turn in 0..TIMES {
        play.stage.rig.pbx("london", Condition::Stopped).await?;
        play.linger((begun + HALF * (2 * turn + 1)).left(clock::mono())).await?;
        play.stage.rig.pbx("london", Condition::Running).await?;
        play.linger((begun + HALF * (2 * turn + 2)).left(clock::mono())).await?;
        if flapping.is_none() {
            flapping = listen(play).await;
        }
    }
    let before = play.stage.rig.carrier.judgement().switches.len();
    let death = clock::mono();
    play.stage.rig.pbx("london", Condition::Stopped).await?;
    play.struck(death, "london's PBX is gone for good")?;
    let blip = play.options.pace.numbers().blip;
    run_ends(play, blip * 6).await?;
    play.linger(STEADY).await?;
    let moved = play.stage.rig.carrier.judgement().switches.last().map(|switch| switch.t_ms);
    let moved_ms = moved.and_then(|at| at.checked_sub(play.carrier_ms(death)));
    let findings = vec![
        Finding::count("switches while it flapped", before, 0),
        Finding::said("flapping is said", flapping.map(|(_, line)| line)),
        Finding::within("left once it was dead", moved_ms, super::millis(blip * 3)),
    ];
    finish(play, "netherlands", findings).await
}

/// What any agent says of flapping; then the account shows it.
async fn listen(play: &mut Play) -> Option<(Mono, String)> {
    for site in ALL {
        let said = play.stage.status(site).await.as_ref().and_then(flaps);
        if let Some(line) = said {
            let at = clock::mono();
            play.did(at, Deed::AskedStatus(SiteId::new(*site), vec![line.clone()]));
            return Some((at, line));
        }
    }
    None
}

fn flaps(report: &StatusReport) -> Option<String> {
    let of_london = |line: &String| line.contains("flap") && line.contains("london");
    super::spoken(report).into_iter().find(of_london)
}
