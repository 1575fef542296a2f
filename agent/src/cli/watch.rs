//! `status --watch`: redrawn at a terminal; where it is piped, one line for each change.

use super::args::Look;
use super::ask;
use super::ending::{Ending, Failure};
use super::screens::watch::{Thing, changed, things};
use super::screens::{json, labelled, status};
use super::terminal::{Happened, Page};
use super::{Reader, print_on};
use crate::command::StatusReport;
use crate::control::client::Client;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// How often it asks.
const EVERY: Duration = Duration::from_secs(1);
/// After so long without an answer what is shown is called old.
const OLD: Duration = Duration::from_secs(3);

/// What the agent says, or why it says nothing.
type Said = Result<Box<StatusReport>, Failure>;

/// What was printed, where lines are printed.
enum Shown {
    Lines(Vec<Thing>),
    Objects(Vec<Thing>),
}

/// Shows the status until nobody reads it any more.
pub async fn status(socket: &Path, look: &Look) -> Result<Ending, Failure> {
    // Whoever mistyped the socket is told so at once.
    let mut client = Client::connect(socket).await?;
    let first = ask::report(&mut client).await?;
    let said = asking(client, socket.to_owned());
    match look.json {
        true => print(Shown::Objects(Vec::new()), (first, said)).await,
        false if io::stdout().is_terminal() => redraw(first, said).await,
        false => print(Shown::Lines(Vec::new()), (first, said)).await,
    }
}

/// Asks once a second, in a task of its own: an agent that hangs keeps nobody from leaving.
fn asking(client: Client, socket: PathBuf) -> mpsc::Receiver<Said> {
    let (tell, said) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut client = Some(client);
        let mut every = interval(EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        every.tick().await;
        while !tell.is_closed() {
            every.tick().await;
            if tell.send(asked(&mut client, &socket).await).await.is_err() {
                return;
            }
        }
    });
    said
}

async fn asked(client: &mut Option<Client>, socket: &Path) -> Said {
    let mut open = match client.take() {
        Some(open) => open,
        None => Client::connect(socket).await?,
    };
    let report = ask::report(&mut open).await;
    *client = report.is_ok().then_some(open);
    report
}

/// At a terminal: the screen of `status` on a page of its own, until somebody has seen enough.
async fn redraw(first: Box<StatusReport>, mut said: mpsc::Receiver<Said>) -> Result<Ending, Failure> {
    let mut page = Page::open()?;
    let (mut last, mut old): (_, Option<String>) = (first, None);
    loop {
        let screen = status::screen(&last);
        let shown = match &old {
            None => page.show(&screen)?,
            Some(why) => page.show(&format!("{}\n{screen}", stale(why, &last)))?,
        };
        if shown == Reader::Gone {
            return Ok(Ending::Done);
        }
        tokio::select! {
            happened = page.next() => match happened {
                Happened::Enough => return Ok(Ending::Done),
                Happened::Resized => {}
            },
            heard = timeout(OLD, said.recv()) => match heard {
                Ok(Some(Ok(report))) => (last, old) = (report, None),
                Ok(Some(Err(failure))) => old = Some(failure.what().to_owned()),
                Ok(None) => return Ok(Ending::Done),
                Err(_elapsed) => old = Some("the agent does not answer".to_owned()),
            },
        }
    }
}

/// What is said above a screen that is no longer true.
fn stale(why: &str, last: &StatusReport) -> String {
    let at = last.at.map_or("some time ago".to_owned(), |at| format!("at {at} UTC"));
    labelled("", &format!("{why}; it is asked again every second. What it said last, {at}:"), 0)
}

/// Piped: what changes.
async fn print(
    mut shown: Shown,
    (first, mut said): (Box<StatusReport>, mpsc::Receiver<Said>),
) -> Result<Ending, Failure> {
    let mut next = Some(shown.next(&first));
    let mut lost = false;
    loop {
        if let Some(text) = next.filter(|text| !text.is_empty())
            && print_on(&text)? == Reader::Gone
        {
            return Ok(Ending::Done);
        }
        next = match said.recv().await {
            Some(Ok(report)) => {
                lost = false;
                Some(shown.next(&report))
            }
            // Said once; from then on it is tried again every second.
            Some(Err(failure)) if !lost => {
                lost = true;
                shown.lose(failure.what())
            }
            Some(Err(_)) => None,
            None => return Ok(Ending::Done),
        };
    }
}

impl Shown {
    /// What is to be printed for this report.
    fn next(&mut self, report: &StatusReport) -> String {
        let now = things(report);
        match self {
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
    fn lose(&self, why: &str) -> Option<String> {
        match self {
            Self::Lines(_) => Some(format!("--:--:-- {why}\n")),
            Self::Objects(_) => None,
        }
    }
}
