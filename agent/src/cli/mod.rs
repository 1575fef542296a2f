//! The command line: reads what was typed, does it, and ends in one of four exit codes.

mod alone;
pub mod args;
mod ask;
mod birth;
mod check;
mod ending;
mod follow;
mod help;
mod journal;
mod order;
mod remedy;
mod run;
pub mod screens;
mod terminal;
mod watch;

use args::{Cli, Verb, WhyArgs};
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
        Verb::Check(args) if args.live => waiting(check::live(&args)),
        Verb::Check(args) => check::check(&args),
        Verb::Status(args) if args.watch => waiting(watch::status(&socket, &args.look)),
        Verb::Status(args) => waiting(ask::status(&socket, &args)),
        Verb::Why(WhyArgs { at: Some(at), route, look }) => {
            waiting(journal::why_at(&socket, (at, route), look))
        }
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
        Verb::Revoke(args) => waiting(order::revoke(&socket, args)),
        Verb::Incidents(args) => waiting(journal::incidents(&socket, args)),
        Verb::Audit(args) => waiting(journal::audit(&socket, args)),
        Verb::Completions(args) => help::completions(args.shell),
        Verb::Help(args) if args.topic == ["3am"] => waiting(help::at_night(&socket)),
        Verb::Help(args) => help::explain(&args.topic),
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
    print_on(text).map(drop)
}

/// Prints data, and says whether anybody still reads it.
fn print_on(text: &str) -> Result<Reader, Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::failed(&error)),
        Err(_) => Ok(Reader::Gone),
        Ok(()) => Ok(Reader::There),
    }
}

/// Whoever reads what is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    There,
    Gone,
}
