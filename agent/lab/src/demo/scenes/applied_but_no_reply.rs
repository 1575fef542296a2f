//! London dies; the carrier applies the SET, and its connection dies before the reply.

use super::{STEADY, begin, finish, london_dies, run_ends, slack};
use crate::carrier::faults::{Fault, Kind};
use crate::demo::DemoError;
use crate::demo::finding::Finding;
use crate::demo::ledger;
use crate::demo::play::Play;
use crate::demo::stage::Leads;
use crate::demo::summary::Summary;
use state::window::WAIT_OPEN;

pub(super) async fn tell(play: &mut Play) -> Result<Summary, DemoError> {
    begin(play, Leads::NotLondon).await?;
    play.stage.rig.carrier.fault(Fault::of(Kind::DropAfterApply).next(1));
    london_dies(play).await?;
    run_ends(play, slack(play) + WAIT_OPEN).await?;
    play.linger(STEADY).await?;
    let log = play.stage.rig.carrier.log();
    let lost = ledger::unanswered(&log);
    let read_ms = lost.first().and_then(|at| ledger::read_after(&log, *at));
    let findings = vec![
        Finding::count("SETs applied without a reply", lost.len(), 1),
        Finding::within("read after the lost reply", read_ms, super::millis(WAIT_OPEN)),
    ];
    finish(play, "netherlands", findings).await
}
