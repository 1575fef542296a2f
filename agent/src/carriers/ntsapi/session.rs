//! One login at the carrier: strictly one command, then its answer; any doubt resets the connection.

use super::account::Account;
use super::stat::{Stat, StatError};
use super::wire::{Taken, Wire, WireError, Written};
use super::words::{Command, Dialled, Forbidden, NotAReply, Reply, Target};
use crate::carriers::line::{SetOutcome, SetReport};
use crate::carriers::outcome::Lateness;
use crate::carriers::window::{LATE_AFTER, Window};
use crate::clock::mono;
use state::{Destination, Mono, Number};
use std::time::Duration;

/// How long a QUIT waits to be heard; nothing depends on it.
const QUIT_PATIENCE: Duration = Duration::from_millis(300);

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The connection failed before or while logging in; it may be tried again later.
    #[error("cannot log in at the carrier")]
    Wire { source: WireError },
    /// Something came that is no reply.
    #[error("cannot log in at the carrier")]
    NotAReply { source: NotAReply },
    /// The greeting said no; it may be tried again later.
    #[error("the carrier greets with {digit}: {text}")]
    Greeting { digit: u8, text: String },
    /// The login was refused. Never to be tried again with the same credentials: the carrier calls guessing
    /// misuse, and may lock the account.
    #[error("the carrier refused the login with {digit}: {text}")]
    LoginRefused { digit: u8, text: String },
}

impl OpenError {
    /// Whether the credentials were refused, so that nobody may try them again.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::LoginRefused { .. })
    }
}

/// Why a number could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The number must not be sent.
    #[error("cannot read a number")]
    Forbidden { source: Forbidden },
    /// The carrier answered no; the session lives on.
    #[error("the carrier refused to read {number} with {digit}: {text}")]
    Refused { number: Number, digit: u8, text: String },
    /// The connection failed and is gone.
    #[error("cannot read {number}")]
    Wire { number: Number, source: WireError },
    /// Something came that is no reply, and the connection was reset.
    #[error("cannot read {number}")]
    NotAReply { number: Number, source: NotAReply },
    /// An answer came that is not the status of this number, and the connection was reset.
    #[error("cannot read {number}")]
    NotAStat { number: Number, source: StatError },
}

/// A connection that has logged in. It belongs to one attempt alone.
pub struct Session {
    /// Gone after the first doubt; dropping it resets the connection.
    wire: Option<Wire>,
}

impl Session {
    /// Connects, reads the greeting, logs in. The greeting may be slow or split, and nothing is said before it.
    pub fn open(account: &Account, deadline: Mono) -> Result<Self, OpenError> {
        let wire_failed = |source| OpenError::Wire { source };
        let mut wire = Wire::connect(account, deadline).map_err(wire_failed)?;
        let line = wire.line(deadline).map_err(wire_failed)?;
        let greeting = Reply::parse(&line).map_err(|source| OpenError::NotAReply { source })?;
        if !greeting.is_ok() {
            return Err(OpenError::Greeting { digit: greeting.digit, text: greeting.text });
        }
        wire.be_quiet().map_err(wire_failed)?;
        wire.say(&Command::Auth(&account.login).encode(), deadline).map_err(wire_failed)?;
        // An other side that repeats the command must not bring the password into a log.
        let password = account.login.password();
        let line = wire.line(deadline).map_err(wire_failed)?;
        let answer = Reply::parse(&line)
            .map_err(|source| OpenError::NotAReply { source: source.without(password) })?;
        if !answer.is_ok() {
            let text = answer.text.replace(password.expose(), "[secret]");
            return Err(OpenError::LoginRefused { digit: answer.digit, text });
        }
        Ok(Self { wire: Some(wire) })
    }

    /// Reads one number.
    pub fn stat(&mut self, number: &Number, deadline: Mono) -> Result<Stat, ReadError> {
        let dialled = Dialled::parse(number).map_err(|source| ReadError::Forbidden { source })?;
        let wire_failed = |source| ReadError::Wire { number: number.clone(), source };
        // The wire is put back only when the answer was understood.
        let mut wire = self.wire.take().ok_or(WireError::GivenUp).map_err(wire_failed)?;
        wire.be_quiet().map_err(wire_failed)?;
        wire.say(&Command::Stat(&dialled).encode(), deadline).map_err(wire_failed)?;
        let line = wire.line(deadline).map_err(wire_failed)?;
        let answer =
            Reply::parse(&line).map_err(|source| ReadError::NotAReply { number: number.clone(), source })?;
        if !answer.is_ok() {
            self.wire = Some(wire);
            return Err(ReadError::Refused {
                number: number.clone(),
                digit: answer.digit,
                text: answer.text,
            });
        }
        let stat = Stat::parse_for(&dialled, &answer.text)
            .map_err(|source| ReadError::NotAStat { number: number.clone(), source })?;
        self.wire = Some(wire);
        Ok(stat)
    }

    /// Points the slot that `number` names at `destination`, if that can still leave within the window.
    ///
    /// Whatever ends without an answer resets the connection, which is then never used again.
    pub fn set(&mut self, number: &Number, destination: &Destination, window: Window) -> SetReport {
        let (dialled, target) = match (Dialled::parse(&number.line()), Target::parse(destination)) {
            (Ok(dialled), Ok(target)) => (dialled, target),
            (Err(forbidden), _) | (_, Err(forbidden)) => return SetReport::unsent(forbidden.to_string()),
        };
        let Some(mut wire) = self.wire.take() else {
            return SetReport::unsent(WireError::GivenUp.to_string());
        };
        if let Err(error) = wire.be_quiet().and_then(|()| wire.give_up_after(LATE_AFTER)) {
            return SetReport::unsent(error.to_string());
        }
        let sealed = wire.seal(&Command::Set(&dialled, number.slot(), &target).encode());
        let written = wire.write_in_time(&sealed, window.send_by);
        let last_check_to_write = match judge_write(&written, sealed.len(), window) {
            Ok(span) => Some(span),
            Err(report) => return report,
        };
        let outcome = match read_answer(&mut wire, window.close_by) {
            Ok(outcome) => {
                self.wire = Some(wire);
                outcome
            }
            Err(why) => SetOutcome::Unknown { why },
        };
        SetReport { outcome, late: Lateness::InTime, last_check_to_write }
    }

    /// Says goodbye; then the connection is reset, whatever the answer.
    pub fn quit(mut self) {
        if let Some(mut wire) = self.wire.take() {
            let deadline = mono() + QUIT_PATIENCE;
            if wire.say(&Command::Quit.encode(), deadline).is_ok() {
                // The answer is of no consequence, but reading it lets the carrier finish its sentence.
                let _goodbye = wire.line(deadline);
            }
        }
    }

    /// Whether the session can still be used.
    pub fn is_open(&self) -> bool {
        self.wire.is_some()
    }
}

/// How long the write took if all of it left in time, so that the answer is worth reading; else the report.
fn judge_write(written: &Written, whole: usize, window: Window) -> Result<Duration, SetReport> {
    let span = written.ended.since(written.checked);
    let late_by = written.ended.since(window.send_by);
    let unknown = |why, late| {
        Err(SetReport { outcome: SetOutcome::Unknown { why }, late, last_check_to_write: Some(span) })
    };
    match written.taken {
        Taken::Halted => Err(SetReport::unsent("the agent stops")),
        Taken::TooLate => Err(SetReport::unsent("the window for sending had passed")),
        Taken::Nothing(errno) => Err(SetReport::unsent(format!("the connection took no byte: {errno}"))),
        Taken::Bytes(_) if late_by > LATE_AFTER => {
            unknown("the write ended late, the connection was reset".to_owned(), Lateness::Late(late_by))
        }
        Taken::Bytes(count) if count < whole => {
            unknown(format!("only {count} of {whole} bytes were taken"), Lateness::InTime)
        }
        Taken::Bytes(_) => Ok(span),
    }
}

/// The carrier's answer to a SET that is on its way, or why there is none.
fn read_answer(wire: &mut Wire, close_by: Mono) -> Result<SetOutcome, String> {
    let line = wire.line(close_by).map_err(|error| error.to_string())?;
    let answer = Reply::parse(&line).map_err(|error| error.to_string())?;
    Ok(if answer.is_ok() {
        SetOutcome::Answered
    } else {
        SetOutcome::Refused { digit: answer.digit, text: answer.text }
    })
}

#[cfg(test)]
impl Session {
    /// Waits until bytes or an end are there to be found, without taking them.
    pub(super) fn wait_for_something(&self) {
        let wire = self.wire.as_ref().expect("the session is open");
        wire.wait_for_something(mono() + Duration::from_secs(5));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use state::fact::Closure;

    fn judged(after_send_by: u64, taken: Taken) -> Result<Duration, SetReport> {
        let send_by = Mono::from_boot(Duration::from_secs(100));
        let written =
            Written { checked: send_by, ended: send_by + Duration::from_millis(after_send_by), taken };
        judge_write(&written, 40, Window { send_by, close_by: send_by + Duration::from_secs(2) })
    }

    #[test]
    fn a_write_is_whole_and_in_time_or_its_fate_is_said() {
        assert_eq!(judged(1000, Taken::Bytes(40)), Ok(LATE_AFTER));
        let late = judged(1001, Taken::Bytes(40)).unwrap_err();
        assert_eq!(late.late, Lateness::Late(Duration::from_millis(1001)));
        assert_eq!(late.closure(), Closure::Open);
        let part = judged(0, Taken::Bytes(39)).unwrap_err();
        assert_eq!((part.closure(), part.late), (Closure::Open, Lateness::InTime));
        for taken in [Taken::TooLate, Taken::Nothing(nix::errno::Errno::EAGAIN)] {
            assert_eq!(judged(2000, taken).unwrap_err().closure(), Closure::Closed);
        }
    }
}
