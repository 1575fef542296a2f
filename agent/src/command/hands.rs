//! What one agent's hands have done at carriers.

use serde::{Deserialize, Serialize};

/// What one agent has done at carriers since it was started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandsReport {
    /// Logins, refused ones included.
    pub logins: u64,
    /// Numbers that were read (STAT).
    pub reads: u64,
    /// Numbers that were written (SET).
    pub writes: u64,
    /// Of these, writes that ended after their window.
    pub late: u64,
    /// From the last look at the clock to the end of the write: less than so many microseconds, so many times.
    pub last_check_to_write: Vec<(u64, u64)>,
}
