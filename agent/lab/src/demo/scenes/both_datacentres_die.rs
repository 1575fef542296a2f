//! London loses power, and Manchester two seconds later: the last two sites are a majority, and one has the number.

use super::{STEADY, begin, finish, london_dies, run_ends, slack};
use crate::demo::DemoError;
use crate::demo::happening::Happening;
use crate::demo::play::Play;
use crate::demo::stage::Leads;
use crate::demo::summary::Summary;
use agent::clock;
use std::time::Duration;

/// Between the two deaths.
const APART: Duration = Duration::from_secs(2);

pub(super) async fn tell(play: &mut Play) -> Result<Summary, DemoError> {
    begin(play, Leads::NotLondon).await?;
    let first = london_dies(play).await?;
    play.linger((first + APART).left(clock::mono())).await?;
    let second = clock::mono();
    play.stage.rig.power_off("manchester").await?;
    play.broke(second, "manchester is dead as well: two of four sites are left")?;
    run_ends(play, slack(play)).await?;
    if play.stage.shows() != Some("netherlands") {
        // It was sent to Manchester first, which was believed to live: then a second run follows.
        let deadline = play.deadline(slack(play) * 2);
        play.until(deadline, |happening: &Happening| happening.ended().is_some()).await?;
    }
    play.linger(STEADY).await?;
    finish(play, "netherlands", Vec::new()).await
}
