//! A line held by the reins: it writes for one fence, the greatest, while the hands are there.

use super::entrance::{Credentials, Entrance};
use super::reins::Reins;
use crate::carriers::line::{Line, LineError, SetReport, Slots};
use crate::carriers::ntsapi::NtsapiLine;
use crate::carriers::window::Window;
use state::{Destination, Index, Mono, Number};
use std::time::Duration;

/// A prepared line in the middle of one attempt.
pub struct HeldLine<'a> {
    /// The line itself.
    pub line: NtsapiLine,
    /// The attempt.
    pub fence: Index,
    /// Where a lost line is opened again.
    pub entrance: &'a Entrance,
    /// With which it was opened, and would be again.
    pub credentials: &'a Credentials,
    /// The word to stop.
    pub reins: &'a Reins,
}

impl Line for HeldLine<'_> {
    fn read(&mut self, number: &Number, deadline: Mono) -> Result<Option<Destination>, LineError> {
        if self.reins.are_let_go() {
            return Err(LineError::Lost("the agent stops".to_owned()));
        }
        self.reins.count_reads(1);
        self.line.read(number, deadline)
    }

    fn read_all(&mut self, number: &Number, deadline: Mono) -> Result<Slots, LineError> {
        if self.reins.are_let_go() {
            return Err(LineError::Lost("the agent stops".to_owned()));
        }
        self.reins.count_reads(1);
        self.line.read_all(number, deadline)
    }

    // These looks come before the line's own last look at the clock, and not between it and the write.
    fn set(&mut self, number: &Number, value: &Destination, window: Window) -> SetReport {
        if self.reins.are_let_go() {
            return SetReport::unsent("the agent stops");
        }
        if self.reins.fences.is_revoked(self.fence) {
            return SetReport::unsent("a new leader revoked it");
        }
        if !self.reins.fences.is_greatest(self.fence, &number.line()) {
            return SetReport::unsent(format!("a later attempt on {number} was ordered meanwhile"));
        }
        self.line.set(number, value, window)
    }

    fn reopen(&mut self, deadline: Mono) -> Result<(), LineError> {
        if self.reins.are_let_go() {
            return Err(LineError::Lost("the agent stops".to_owned()));
        }
        match self.entrance.barred(self.credentials) {
            Some(why) => Err(LineError::Lost(why)),
            None => {
                self.reins.count_login();
                self.line.reopen(deadline)
            }
        }
    }

    fn now(&self) -> Mono {
        self.line.now()
    }

    fn rest(&mut self, pause: Duration) {
        self.line.rest(pause);
    }
}
