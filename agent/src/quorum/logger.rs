//! What raft-rs says to itself, passed on at debug level: its news is told elsewhere, in our words.

use slog::{Drain, Level, Logger, Never, OwnedKVList, Record, o};

struct ToTracing;

impl Drain for ToTracing {
    type Ok = ();
    type Err = Never;

    fn log(&self, record: &Record<'_>, _: &OwnedKVList) -> Result<(), Never> {
        if self.is_enabled(record.level()) {
            tracing::debug!(target: "raft", "{}", record.msg());
        }
        Ok(())
    }

    // raft-rs's own debug level prints every message whole, facts included.
    fn is_enabled(&self, level: Level) -> bool {
        level.is_at_least(Level::Info) && tracing::enabled!(target: "raft", tracing::Level::DEBUG)
    }
}

/// The logger for every voter.
pub(super) fn logger() -> Logger {
    Logger::root(ToTracing, o!())
}
