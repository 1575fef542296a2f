//! The screen of `why --at`: the same reasons as `why`, on what was agreed until then, and what came next.

use super::{labelled, why};
use crate::account::{PastReport, date};

/// Where the text of a label begins, as on the screen of `why`.
const INDENT: usize = 19;

/// One route at a moment of the past.
pub fn screen(report: &PastReport) -> String {
    let PastReport { at, index, why, next } = report;
    let mut out = format!("{} {at} UTC, when {index} was the last entry agreed:\n", date(*at));
    out += &why::said(why);
    let next = next.as_ref().map_or("nothing since".to_owned(), |line| format!("{} {}", line.at, line.text));
    out += &labelled("  agreed next", &next, INDENT);
    out += &labelled("  not in it", "whom each site heard, how steady it was; a journal has neither", INDENT);
    out + &format!("{:INDENT$}pointsman why {}\n", "  as it is now", why.route)
}
