//! The two deadlines of one attempt, on the executor's own clock; the figures behind them are `state::window`.

use state::Mono;
use state::window::{CLOSE_BY, SEND_GUARD};
use std::time::Duration;

/// A reading older than this at the moment of the SET is read again.
pub const READ_FRESH: Duration = Duration::from_secs(1);

/// Unacknowledged bytes of a SET are given up by the kernel after this long (`TCP_USER_TIMEOUT`, G/2);
/// a write that ends later than this after `send_by` is late.
pub const LATE_AFTER: Duration = Duration::from_secs(1);

/// The two deadlines of one attempt, on the executor's own clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// No SET leaves after this.
    pub send_by: Mono,
    /// An answer that was not read by now counts as lost, and the connection is reset.
    pub close_by: Mono,
}

impl Window {
    /// The window of an ask made at `asked`, which must have been read before the ask was sent.
    pub fn asked_at(asked: Mono) -> Self {
        let close_by = asked + CLOSE_BY;
        Self { send_by: close_by - SEND_GUARD, close_by }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_write_is_given_up_within_the_guard() {
        assert_eq!(LATE_AFTER * 2, SEND_GUARD);
    }

    #[test]
    fn the_window_of_an_ask() {
        let asked = Mono::from_boot(Duration::from_secs(100));
        let window = Window::asked_at(asked);
        assert_eq!(window.send_by.since(asked), Duration::from_secs(3));
        assert_eq!(window.close_by.since(asked), Duration::from_secs(5));
    }
}
