//! London dies while the carrier accepts every connection and says nothing; after a minute it speaks again.

use super::{STEADY, begin, finish, london_dies, slack};
use crate::carrier::faults::{Fault, Kind, Moment};
use crate::demo::DemoError;
use crate::demo::finding::Finding;
use crate::demo::happening::{Deed, Happening, What};
use crate::demo::ledger;
use crate::demo::play::Play;
use crate::demo::stage::Leads;
use crate::demo::summary::Summary;
use agent::clock;
use policies::limits::DEADMAN_TOLD_BY;
use state::handover::Hindrance;
use std::time::Duration;

/// How long the carrier is silent.
const SILENT: Duration = Duration::from_secs(60);
/// How soon after it speaks again the number must have moved: two logins that were begun before may still have to
/// time out, and after several failures nobody is hasty any more.
const MOVED_WITHIN: Duration = Duration::from_secs(15);

pub(super) async fn tell(play: &mut Play) -> Result<Summary, DemoError> {
    begin(play, Leads::NotLondon).await?;
    play.stage.rig.carrier.fault(Fault::of(Kind::Hang { at: Moment::Accept }));
    let death = london_dies(play).await?;
    play.broke(death, "the carrier accepts connections, and is silent on every one")?;
    let opened = play.until(play.deadline(slack(play)), |happening| happening.opened().is_some()).await?;
    let told = play.until(play.deadline(DEADMAN_TOLD_BY), is_of_the_carrier).await?;
    play.linger((death + SILENT).left(clock::mono())).await?;
    let speaks = clock::mono();
    let wrote = ledger::sets(&play.stage.rig.carrier.log(), None, 0);
    let ended = play.told().iter().filter(|happening| happening.ended().is_some()).count();
    play.stage.rig.carrier.clear_faults();
    play.did(speaks, Deed::Mended("the carrier speaks again".to_owned()));
    let deadline = play.deadline(MOVED_WITHIN + slack(play));
    let run = opened.as_ref().and_then(Happening::opened);
    play.until(deadline, |happening| happening.ended().is_some()).await?;
    play.linger(STEADY).await?;
    let moved = play.stage.rig.carrier.judgement().switches.first().map(|switch| switch.t_ms);
    let moved_ms = moved.and_then(|at| at.checked_sub(play.carrier_ms(speaks)));
    let told_ms = told.and_then(|happening| u64::try_from(happening.t_ms).ok());
    let findings = vec![
        Finding::count("SETs while it was silent", wrote, 0),
        Finding::count("runs given up meanwhile", ended, 0),
        Finding::count("runs opened in all", usize::from(run.is_some()) + reopened(play), 1),
        Finding::within("people are told that it hangs", told_ms, super::millis(DEADMAN_TOLD_BY)),
        Finding::within("moved after it spoke again", moved_ms, super::millis(MOVED_WITHIN)),
    ];
    finish(play, "netherlands", findings).await
}

/// Runs beside the first.
fn reopened(play: &Play) -> usize {
    play.told().iter().filter(|happening| happening.opened().is_some()).count().saturating_sub(1)
}

/// That the route is handed over to people because nobody reaches its carrier.
fn is_of_the_carrier(happening: &Happening) -> bool {
    matches!(happening.what, What::HandOver { hindrance: Some(Hindrance::CarrierMute), .. })
}
