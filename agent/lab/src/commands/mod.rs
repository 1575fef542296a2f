//! The subcommands, one file each, and how they end when they fail.

pub mod bench;
pub mod carrier;
pub mod cuts;
pub mod demo;
pub mod simulate;

use std::error::Error;
use std::process::ExitCode;

/// Why a command did not do what it was told; the kind is the exit code.
pub enum Failure {
    /// The command line is wrong: exit 2.
    Mistyped(Box<dyn Error>),
    /// It was right, and did not work: exit 3.
    Failed(Box<dyn Error>),
}

impl Failure {
    /// Says so on stderr, with every cause.
    pub fn report(&self) -> ExitCode {
        let (error, code) = match self {
            Self::Mistyped(error) => (error, 2),
            Self::Failed(error) => (error, 3),
        };
        let mut text = format!("pointsman-lab: error: {error}");
        let mut cause = error.source();
        while let Some(next) = cause {
            text += &format!(": {next}");
            cause = next.source();
        }
        eprintln!("{text}");
        ExitCode::from(code)
    }
}
