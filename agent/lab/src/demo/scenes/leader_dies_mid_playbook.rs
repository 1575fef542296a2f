//! Manchester leads and acts, and dies between its SET and the reply.

use super::{STEADY, begin, finish, london_dies, run_ends, slack};
use crate::carrier::faults::{Fault, Kind};
use crate::demo::DemoError;
use crate::demo::finding::Finding;
use crate::demo::happening::{Happening, Moved, What};
use crate::demo::play::Play;
use crate::demo::stage::Leads;
use crate::demo::summary::Summary;
use agent::clock;
use state::Mono;
use std::time::Duration;

/// How soon a run must be adopted when its leader and executor dies.
const ADOPTED_WITHIN_MS: u64 = 10_000;
/// How long is waited for it: a little more, so that an adoption that is too late is seen.
const PATIENCE: Duration = Duration::from_secs(12);

pub(super) async fn tell(play: &mut Play) -> Result<Summary, DemoError> {
    begin(play, Leads::Only("manchester")).await?;
    play.stage.rig.carrier.fault(Fault::of(Kind::HoldReply).next(1));
    london_dies(play).await?;
    let deadline = play.deadline(slack(play));
    let mut adopted_ms = None;
    if play.until(deadline, written_by_manchester).await?.is_some() {
        let death = clock::mono();
        if let Some(agent) = play.stage.rig.agent("manchester") {
            agent.kill().await;
        }
        play.broke(death, "manchester's agent is killed: it leads, and its SET is unanswered")?;
        let deadline = play.deadline(PATIENCE);
        adopted_ms = adopted(play, death, deadline).await?;
        run_ends(play, PATIENCE).await?;
        play.linger(STEADY).await?;
    }
    finish(play, "netherlands", vec![Finding::within("taken over after", adopted_ms, ADOPTED_WITHIN_MS)])
        .await
}

fn written_by_manchester(happening: &Happening) -> bool {
    matches!(&happening.what, What::Set { by, moved: Moved::Moved, .. } if by == "manchester")
}

/// How long after the death another leader went on with the run.
async fn adopted(play: &mut Play, death: Mono, deadline: Mono) -> Result<Option<u64>, DemoError> {
    let death_ms = play.t_ms(death);
    let opened = play.told().iter().find_map(Happening::opened);
    let Some(run) = opened else { return Ok(None) };
    if super::led_elsewhere(play, "manchester", death, deadline).await?.is_none() {
        return Ok(None);
    }
    let went_on = play.until(deadline, |happening| happening.goes_on(run)).await?;
    Ok(went_on.and_then(|happening| u64::try_from(happening.t_ms - death_ms).ok()))
}
