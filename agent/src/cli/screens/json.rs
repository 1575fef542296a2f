//! What `--json` prints: the report as it came, one object per line, with the schema in front.

use crate::control::line::SCHEMA;
use serde::Serialize;

#[derive(Serialize)]
struct Marked<'a, T> {
    schema: u32,
    #[serde(flatten)]
    rest: &'a T,
}

/// One line.
pub fn object<T: Serialize>(rest: &T) -> String {
    let marked = Marked { schema: SCHEMA, rest };
    serde_json::to_string(&marked).expect("a report is an object whose keys are text") + "\n"
}
