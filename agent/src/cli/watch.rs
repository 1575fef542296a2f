//! `status --watch`: redrawn at a terminal; where it is piped, one line for each change.

use super::args::Look;
use super::ask;
use super::ending::{Ending, Failure};
use super::screens::watch::{Thing, changed, things};
use super::screens::{json, status};
use super::{Reader, print_on};
use crate::command::StatusReport;
use crate::control::client::Client;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

/// How often it asks.
const EVERY: Duration = Duration::from_secs(1);
/// Back to the first place of the screen, and nothing below.
const REDRAW: &str = "\x1b[H\x1b[J";

/// Where it is shown, and what was shown there.
enum Shown {
    Screen,
    Lines(Vec<Thing>),
    Objects(Vec<Thing>),
}

/// Shows the status until nobody reads it any more.
pub async fn status(socket: &Path, look: &Look) -> Result<Ending, Failure> {
    let mut every = interval(EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut client = Some(Client::connect(socket).await?);
    let mut shown = match look.json {
        true => Shown::Objects(Vec::new()),
        false if io::stdout().is_terminal() => Shown::Screen,
        false => Shown::Lines(Vec::new()),
    };
    let mut lost = false;
    loop {
        every.tick().await;
        let asked = match asked(&mut client, socket).await {
            Ok(report) => {
                lost = false;
                Some(shown.next(&report))
            }
            // Said once; from then on it is tried again every second.
            Err(failure) if !lost => {
                lost = true;
                client = None;
                shown.lose(failure.what())
            }
            Err(_) => None,
        };
        if let Some(text) = asked.filter(|text| !text.is_empty())
            && print_on(&text)? == Reader::Gone
        {
            return Ok(Ending::Done);
        }
    }
}

async fn asked(client: &mut Option<Client>, socket: &Path) -> Result<Box<StatusReport>, Failure> {
    if client.is_none() {
        *client = Some(Client::connect(socket).await?);
    }
    let Some(open) = client.as_mut() else { return Err(Failure::no("there is no connection")) };
    let report = ask::report(open).await;
    if report.is_err() {
        *client = None;
    }
    report
}

impl Shown {
    /// What is to be printed for this report.
    fn next(&mut self, report: &StatusReport) -> String {
        let now = things(report);
        match self {
            Self::Screen => format!("{REDRAW}{}", status::screen(report)),
            Self::Lines(before) => {
                let text = changed(before, &now, report.at);
                *before = now;
                text
            }
            Self::Objects(before) => {
                let same = changed(before, &now, report.at).is_empty();
                *before = now;
                if same { String::new() } else { json::object(report) }
            }
        }
    }

    /// What is to be printed when the agent does not answer; a program sees it by the silence.
    fn lose(&mut self, why: &str) -> Option<String> {
        match self {
            Self::Screen => Some(format!("\n{why}\n")),
            Self::Lines(_) => Some(format!("--:--:-- {why}\n")),
            Self::Objects(_) => None,
        }
    }
}
