//! `pointsman-lab`: the test track on the command line.

mod commands;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// The test track of pointsman: fakes that obey, refuse, hang or lie on demand.
#[derive(Parser)]
#[command(name = "pointsman-lab", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Demo(commands::demo::Demo),
    Carrier(Box<commands::carrier::Carrier>),
    Simulate(commands::simulate::Simulate),
    Cuts(commands::cuts::Cuts),
    Bench(commands::bench::Bench),
}

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Demo(demo) => demo.run().await,
        Command::Carrier(carrier) => carrier.run().await.map(|()| ExitCode::SUCCESS),
        Command::Simulate(simulate) => simulate.run().map(|()| ExitCode::SUCCESS),
        Command::Cuts(cuts) => cuts.run().map(|()| ExitCode::SUCCESS),
        Command::Bench(bench) => bench.run().await,
    };
    match outcome {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}
