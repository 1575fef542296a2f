//! London leads, has the number, and dies: the others must elect before they can agree on anything.

use super::{STEADY, begin, finish, led_elsewhere, london_dies, run_ends, slack};
use crate::demo::DemoError;
use crate::demo::finding::Finding;
use crate::demo::play::Play;
use crate::demo::stage::Leads;
use crate::demo::summary::Summary;
use policies::limits::ELECTED_BY;

pub(super) async fn tell(play: &mut Play) -> Result<Summary, DemoError> {
    begin(play, Leads::Only("london")).await?;
    let death = london_dies(play).await?;
    let patience = slack(play) + ELECTED_BY;
    let deadline = play.deadline(patience);
    let led_ms = led_elsewhere(play, "london", death, deadline).await?;
    run_ends(play, patience).await?;
    play.linger(STEADY).await?;
    let most_ms = super::millis(ELECTED_BY);
    finish(play, "netherlands", vec![Finding::within("another leader after", led_ms, most_ms)]).await
}
