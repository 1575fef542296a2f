//! How an agent is started: as it is, or by another program that then becomes it.

use std::ffi::OsString;
use std::path::Path;
use tokio::process::Command;

/// A program and its arguments before those of the agent: `env LD_PRELOAD=…`, `nsenter …`; nothing as a rule.
#[derive(Clone, Debug, Default)]
pub struct Launch {
    before: Vec<OsString>,
}

impl Launch {
    /// By another program, which must become the agent: signals meant for the agent go to it.
    pub fn by(before: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        Self { before: before.into_iter().map(Into::into).collect() }
    }

    /// The command that starts `program`.
    pub fn command(&self, program: &Path) -> Command {
        match self.before.split_first() {
            None => Command::new(program),
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(program);
                command
            }
        }
    }
}
