//! How a command ends: its exit code, and what is said on stderr when it did not do what it was told.

use crate::causes::with_causes;
use crate::command::Answer;
use crate::control::client::ClientError;
use std::error::Error;
use std::process::ExitCode;

/// A command that ran to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Done, or nothing needs a person: exit 0.
    Done,
    /// The answer is no, or something needs a person; it was said on stdout: exit 1.
    No,
}

/// A command that did not.
#[derive(Debug)]
pub struct Failure {
    kind: Kind,
    what: String,
    hint: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    No,
    Mistyped,
    Failed,
}

impl Failure {
    /// The agent, or the person, said no: exit 1.
    pub fn no(what: impl Into<String>) -> Self {
        Self { kind: Kind::No, what: what.into(), hint: None }
    }

    /// What was typed, or a file that it names, is wrong: exit 2.
    pub fn mistyped(what: impl Into<String>) -> Self {
        Self { kind: Kind::Mistyped, what: what.into(), hint: None }
    }

    /// It was right, and did not work, or no agent answers: exit 3.
    pub fn failed(error: &dyn Error) -> Self {
        Self { kind: Kind::Failed, what: with_causes(error), hint: None }
    }

    /// With something that can be typed next.
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// What went wrong, in one line.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// It was said already, where it will be read.
    pub fn said(self) -> Self {
        Self { what: String::new(), ..self }
    }

    /// Says it on stderr.
    pub fn report(&self) -> ExitCode {
        if !self.what.is_empty() {
            eprint!("{}", self.words());
        }
        ExitCode::from(match self.kind {
            Kind::No => 1,
            Kind::Mistyped => 2,
            Kind::Failed => 3,
        })
    }

    fn words(&self) -> String {
        let hint = self.hint.as_ref().map(|hint| format!("pointsman: hint: {hint}\n"));
        format!("pointsman: error: {}\n{}", self.what, hint.unwrap_or_default())
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self { hint: error.hint(), ..Self::failed(&error) }
    }
}

/// An answer that is none of those that were hoped for: a refusal, or something beside the question.
pub fn unhoped(answer: Answer) -> Failure {
    let Answer::Refused { why, hint } = answer else { return ClientError::Beside.into() };
    Failure { hint, ..Failure::no(why) }
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Done => Self::SUCCESS,
            Ending::No => Self::from(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
    use std::path::PathBuf;

    #[test]
    fn a_failure_names_the_thing_the_cause_and_what_to_type() {
        let path = PathBuf::from("/run/pointsman/control.sock");
        let source = io::Error::new(io::ErrorKind::NotFound, "no such file");
        let failure = Failure::from(ClientError::NoAgent { path, source });
        assert_eq!(
            failure.words(),
            "pointsman: error: no agent answers on `/run/pointsman/control.sock`: no such file\n\
             pointsman: hint: `systemctl status pointsman`, or name another socket with `--socket PATH`\n"
        );
        assert_eq!(failure.kind, Kind::Failed);
    }

    #[test]
    fn a_refusal_is_the_answer_no() {
        let failure = unhoped(Answer::Refused { why: "held".into(), hint: None });
        assert_eq!((failure.kind, failure.words().as_str()), (Kind::No, "pointsman: error: held\n"));
    }
}
