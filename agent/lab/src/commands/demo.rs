//! `pointsman-lab demo`: the whole story on this machine, told at a terminal or to a program.

use super::Failure;
use clap::{Args, ValueEnum};
use lab::demo::{self, Finished, Options, Reader, Scenario};
use lab::rig::{Life, SITES};
use nix::sys::signal::Signal;
use std::io::Write;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

/// Four agents, four PBXs and a carrier on this machine: something is broken, and what happens is told.
#[derive(Args)]
pub struct Demo {
    /// What is broken
    #[arg(long, value_enum, default_value_t = Scenario::SiteDies)]
    scenario: Scenario,
    /// How often is asked, and how soon believed
    #[arg(long, value_enum, default_value_t = Pace::Demo)]
    pace: Pace,
    /// Leave everything running afterwards, and print how to look at it
    #[arg(long)]
    keep: bool,
    /// One JSON object per line: the events, and last a summary
    #[arg(long)]
    json: bool,
}

/// How fast the agents look.
#[derive(Clone, Copy, ValueEnum)]
pub enum Pace {
    Demo,
    Calm,
    Brisk,
    Fast,
}

impl Pace {
    /// The same as the rig knows it.
    pub fn of_rig(self) -> lab::rig::Pace {
        match self {
            Self::Demo => lab::rig::Pace::Demo,
            Self::Calm => lab::rig::Pace::Calm,
            Self::Brisk => lab::rig::Pace::Brisk,
            Self::Fast => lab::rig::Pace::Fast,
        }
    }
}

impl Demo {
    /// Runs the demo; however it ends, nothing is left behind.
    pub async fn run(self) -> Result<ExitCode, Failure> {
        let failed = |error: std::io::Error| Failure::Failed(error.into());
        // Asked for before anything stands: what comes later must find somebody who cleans up.
        let mut interrupted = signal(SignalKind::interrupt()).map_err(failed)?;
        let mut terminated = signal(SignalKind::terminate()).map_err(failed)?;
        let mut hung_up = signal(SignalKind::hangup()).map_err(failed)?;
        let mut stopped = async || {
            tokio::select! {
                _ = interrupted.recv() => 130,
                _ = terminated.recv() => 143,
                _ = hung_up.recv() => 129,
            }
        };
        // Whichever arm ends first drops the other, and with it the agents and their folder.
        let mut finished = tokio::select! {
            code = stopped() => {
                let signal = i32::from(code) - 128;
                let name = Signal::try_from(signal).map_or("a signal", Signal::as_str);
                eprintln!("pointsman-lab: stopped by {name}; the agents are killed and their files removed");
                return Ok(ExitCode::from(code));
            }
            finished = demo::run(self.options(), Box::new(print)) => {
                finished.map_err(|error| Failure::Failed(error.into()))?
            }
        };
        if self.keep {
            let talk = if self.json { print_aside } else { print };
            how_to_talk(&mut finished).iter().try_for_each(|line| talk(line)).map_err(failed)?;
            stopped().await;
        }
        let ok = finished.summary.against.is_empty();
        Ok(if ok { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }

    fn options(&self) -> Options {
        Options {
            scenario: self.scenario,
            pace: self.pace.of_rig(),
            reader: if self.json { Reader::Program } else { Reader::Person },
        }
    }
}

/// Each line goes out as it is told: somebody watches, or a pipe does.
fn print(line: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush())
}

/// A program that reads stdout wants nothing there but objects.
fn print_aside(line: &str) -> std::io::Result<()> {
    writeln!(std::io::stderr().lock(), "{line}")
}

fn how_to_talk(finished: &mut Finished) -> Vec<String> {
    let mut lines = vec![String::new()];
    lines.push("demo: it is left running; Ctrl-C ends it and removes every file".to_owned());
    for site in SITES {
        let socket = finished.rig.socket(site.name);
        let lives = finished.rig.agent(site.name).map(|agent| agent.lives());
        if lives == Some(Life::Lives) {
            lines.push(format!("  pointsman --socket {} status", socket.display()));
        } else {
            lines.push(format!("  ({}'s agent is dead)", site.name));
        }
    }
    if let Some(control) = finished.rig.carrier.control() {
        lines.push(format!("  curl http://{control}/log"));
    }
    lines
}
