//! Guard: without a majority of the applied membership nothing that is decided could be agreed.

use super::{Answer, bar, pass};
use crate::decide::Grounds;
use crate::reason::Guarding;

/// Asks how many votes this node hears.
pub(super) fn ask(on: &Grounds<'_>) -> Answer {
    let (heard, of) = (on.standing.heard, on.standing.of);
    if heard * 2 > of {
        pass(Guarding::Quorum { heard, of })
    } else {
        bar(Guarding::NoQuorum { heard, of }, None)
    }
}
