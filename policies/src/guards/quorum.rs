//! Guard: without a majority of the applied membership nothing that is decided could be agreed.

use super::{Answer, bar, pass};
use crate::decide::Matter;
use crate::reason::Guarding;

/// Asks how many votes this node hears.
pub(super) fn ask(matter: &Matter<'_>) -> Answer {
    let (heard, of) = (matter.standing.heard, matter.standing.of);
    if heard * 2 > of {
        pass(Guarding::Quorum { heard, of })
    } else {
        bar(Guarding::NoQuorum { heard, of }, None)
    }
}
