//! London loses power while it has the number.

use super::{STEADY, begin, finish, london_dies, run_ends, slack};
use crate::demo::DemoError;
use crate::demo::play::Play;
use crate::demo::stage::Leads;
use crate::demo::summary::Summary;

pub(super) async fn tell(play: &mut Play) -> Result<Summary, DemoError> {
    begin(play, Leads::NotLondon).await?;
    london_dies(play).await?;
    run_ends(play, slack(play)).await?;
    play.linger(STEADY).await?;
    finish(play, "netherlands", Vec::new()).await
}
