//! The command line: reads what was typed, does it, and ends in one of four exit codes.

mod alone;
pub mod args;
mod ask;
mod birth;
mod check;
mod ending;
mod follow;
mod order;
mod remedy;
mod run;
pub mod screens;
mod span;

use args::{Cli, Verb};
use clap::Parser;
use ending::{Ending, Failure};
use std::future::Future;
use std::io::{self, Write};
use std::process::ExitCode;

/// The whole program, from its arguments to its exit code: 0 done, 1 the answer is no or a person is needed,
/// 2 mistyped, 3 it failed or no agent answers.
pub fn main() -> ExitCode {
    let Cli { socket, verb } = Cli::parse();
    let ended = match verb {
        Verb::Run(args) => return run::run(&args.config),
        Verb::Init(args) => birth::init(&args),
        Verb::Check(args) => check::check(&args),
        Verb::Status(look) => waiting(ask::status(&socket, &look)),
        Verb::Why(args) => waiting(ask::why(&socket, args)),
        Verb::Plan(args) => waiting(ask::plan(&socket, args)),
        Verb::Runs(args) => waiting(ask::runs(&socket, args)),
        Verb::Play(args) => waiting(order::play(&socket, args)),
        Verb::Claim(args) => waiting(order::claim(&socket, args)),
        Verb::Mode(args) => waiting(order::mode(&socket, args)),
        Verb::Hold(args) => waiting(order::hold(&socket, args)),
        Verb::Resume(args) => waiting(order::resume(&socket, args)),
        Verb::Ack(args) => waiting(order::ack(&socket, args)),
        Verb::Readmit(args) => waiting(order::readmit(&socket, args)),
    };
    ended.map_or_else(|failure| failure.report(), ExitCode::from)
}

/// Runs a command that talks to the agent.
fn waiting(command: impl Future<Output = Result<Ending, Failure>>) -> Result<Ending, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.map_err(|error| Failure::failed(&error))?.block_on(command)
}

/// Prints data. A reader that has seen enough, like `head`, is no failure.
fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::failed(&error)),
        Ok(()) | Err(_) => Ok(()),
    }
}
