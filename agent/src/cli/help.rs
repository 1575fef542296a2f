//! `help`, `help 3am`, and what shells need to complete the commands.

use super::args::Cli;
use super::ask;
use super::ending::{Ending, Failure};
use super::print;
use super::screens::night;
use crate::control::client::Client;
use clap::CommandFactory;
use clap_complete::{Shell, generate};
use std::path::Path;

/// One screen for whoever was woken; it is of use without an agent too.
pub async fn at_night(socket: &Path) -> Result<Ending, Failure> {
    let report = match Client::connect(socket).await {
        Ok(mut client) => ask::report(&mut client).await.ok(),
        Err(_) => None,
    };
    print(&night::screen(report.as_deref()))?;
    Ok(Ending::Done)
}

/// The same words as `--help`.
pub fn explain(topic: &[String]) -> Result<Ending, Failure> {
    let mut command = Cli::command();
    command.build();
    let mut meant = &mut command;
    for word in topic {
        let unknown = || Failure::mistyped(format!("there is no command `{word}`")).hint("`pointsman help`");
        meant = meant.find_subcommand_mut(word).ok_or_else(unknown)?;
    }
    print(&meant.render_long_help().to_string())?;
    Ok(Ending::Done)
}

/// A script for the shell; it is made of the same words as `--help`.
pub fn completions(shell: Shell) -> Result<Ending, Failure> {
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "pointsman", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Ending::Done)
}
