//! The NTSAPI as the line that an attempt is made over.

use super::account::Account;
use super::session::{OpenError, ReadError, Session};
use super::wire::WireError;
use crate::carriers::line::{Line, LineError, SetReport};
use crate::carriers::window::Window;
use crate::causes::with_causes;
use crate::clock::mono;
use state::{Destination, Mono, Number};
use std::time::Duration;

/// One account and the session that belongs to one attempt.
pub struct NtsapiLine {
    account: Account,
    session: Session,
}

impl NtsapiLine {
    /// Logs in. A refused login must not be tried again: ask [`OpenError::is_refusal`].
    pub fn open(account: Account, deadline: Mono) -> Result<Self, OpenError> {
        let session = Session::open(&account, deadline)?;
        Ok(Self { account, session })
    }

    /// Says goodbye.
    pub fn quit(self) {
        self.session.quit();
    }
}

impl Line for NtsapiLine {
    fn read(&mut self, number: &Number, deadline: Mono) -> Result<Option<Destination>, LineError> {
        let stat = self.session.stat(number, deadline).map_err(|error| match &error {
            ReadError::Forbidden { .. } | ReadError::Refused { .. } => {
                LineError::Refused(with_causes(&error))
            }
            ReadError::Wire { source: WireError::Stray(_), .. }
            | ReadError::NotAReply { .. }
            | ReadError::NotAStat { .. } => LineError::OutOfStep(with_causes(&error)),
            ReadError::Wire { .. } => LineError::Lost(with_causes(&error)),
        })?;
        let [first, ..] = stat.slots;
        Ok(first)
    }

    fn set(&mut self, number: &Number, value: &Destination, window: Window) -> SetReport {
        self.session.set(number, value, window)
    }

    fn reopen(&mut self, deadline: Mono) -> Result<(), LineError> {
        self.session = Session::open(&self.account, deadline).map_err(|error| {
            let say = if error.is_refusal() { LineError::LoginRefused } else { LineError::Lost };
            say(with_causes(&error))
        })?;
        Ok(())
    }

    fn now(&self) -> Mono {
        mono()
    }

    fn rest(&mut self, pause: Duration) {
        std::thread::sleep(pause);
    }
}
