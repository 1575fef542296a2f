//! The witness falls silent, and the rest is just a majority; when London dies as well, nobody may act but people.

use super::{begin, finish, led_elsewhere, says};
use crate::demo::DemoError;
use crate::demo::finding::Finding;
use crate::demo::ledger;
use crate::demo::play::Play;
use crate::demo::stage::Leads;
use crate::demo::summary::Summary;
use agent::clock;
use policies::limits::{DEADMAN_TOLD_BY, SILENCE};
use std::time::Duration;

/// How soon somebody else must lead.
const LED_WITHIN: Duration = Duration::from_secs(5);
/// How soon the survivors must warn: the silence of the witness is a fact by then.
const WARNED_WITHIN: Duration = SILENCE.saturating_add(Duration::from_secs(6));

pub(super) async fn tell(play: &mut Play) -> Result<Summary, DemoError> {
    begin(play, Leads::Only("netherlands")).await?;
    let first = clock::mono();
    play.stage.rig.power_off("netherlands").await?;
    play.broke(first, "the witness is silent: three sites with three of five votes are left")?;
    let deadline = play.deadline(LED_WITHIN * 2);
    let led_ms = led_elsewhere(play, "netherlands", first, deadline).await?;
    let warned = says(play, "manchester", play.deadline(WARNED_WITHIN), warns).await?;
    let second = clock::mono();
    play.stage.rig.power_off("london").await?;
    play.broke(second, "london is dead as well: no majority is left")?;
    let deadline = play.deadline(DEADMAN_TOLD_BY + LED_WITHIN);
    let handed = says(play, "manchester", deadline, hands_over).await?;
    let handed_ms = handed.map(|(at, _)| super::millis(at.since(second)));
    // Whatever the robot might still do, it would do now.
    play.linger((second + DEADMAN_TOLD_BY).left(clock::mono())).await?;
    let wrote = ledger::sets(&play.stage.rig.carrier.log(), None, 0);
    let findings = vec![
        Finding::within("another leader after", led_ms, super::millis(LED_WITHIN)),
        Finding::said("one more loss is warned of", warned.map(|(_, line)| line)),
        Finding::within("handed over to people after", handed_ms, super::millis(DEADMAN_TOLD_BY)),
        Finding::count("automatic writes", wrote, 0),
    ];
    finish(play, "manchester", findings).await
}

/// That three of five votes are just enough.
fn warns(line: &str) -> bool {
    line.contains("3 of 5") && line.contains("one more loss means people")
}

/// That automation has stopped, and people must act.
fn hands_over(line: &str) -> bool {
    line.contains("manual until it passes")
}
