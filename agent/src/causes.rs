//! An error with every cause of it in one line, because facts, answers and the log keep text and no error types.

use std::error::Error;

/// What failed, and behind each colon why.
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text += &format!(": {next}");
        cause = next.source();
    }
    text
}
