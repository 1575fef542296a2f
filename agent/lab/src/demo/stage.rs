//! The stage: the cluster, everybody who listens to it, and how it is known to be ready.

use super::DemoError;
use super::happening::Raw;
use crate::carrier::log::Entry;
use crate::rig::{Options, Pace, Rig, SITES};
use agent::clock;
use agent::command::{Answer, Command, StatusReport, WhyReport};
use policies::Verdict;
use state::{Mono, RouteId, SiteId};
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

/// How long a process may take to open its control socket on a busy machine.
const AWAKE: Duration = Duration::from_secs(10);
/// How long elections and the first agreements may take, beside the pace.
const SETTLE: Duration = Duration::from_secs(12);
/// How often is asked whether it is ready.
const ASK_EVERY: Duration = Duration::from_millis(100);
/// An agent that answers a question later than this is not ready.
const ANSWER: Duration = Duration::from_secs(2);
/// So much of a log is shown when something is wrong.
const TAIL: usize = 12;

/// What was heard, and when.
pub type Sound = (Mono, Raw);

/// The cluster and its listeners.
pub struct Stage {
    /// The cluster.
    pub rig: Rig,
    /// Everything that is heard of it.
    pub sounds: mpsc::UnboundedReceiver<Sound>,
    into: mpsc::UnboundedSender<Sound>,
    patience: Duration,
}

impl Stage {
    /// Puts everything up but the agents.
    pub async fn put_up(pace: Pace) -> Result<Self, DemoError> {
        let rig = Rig::put_up(&Options { pace, ..Options::default() }).await?;
        let (into, sounds) = mpsc::unbounded_channel();
        tokio::spawn(hear_carrier(rig.carrier.follow(), rig.carrier.started(), into.clone()));
        let numbers = pace.numbers();
        Ok(Self { rig, sounds, into, patience: SETTLE + numbers.every * numbers.rise })
    }

    /// Starts agents, and listens to each.
    pub async fn start(&mut self, sites: &[&'static str]) -> Result<(), DemoError> {
        for site in sites {
            self.rig.start(site)?;
        }
        for site in sites {
            let followed = match self.rig.agent(site) {
                Some(agent) => agent.follow(AWAKE).await,
                None => continue,
            };
            let mut following =
                followed.map_err(|source| DemoError::Agent { site, tail: self.tail(site), source })?;
            let (into, from) = (self.into.clone(), SiteId::new(*site));
            tokio::spawn(async move {
                while let Ok(telling) = following.next().await {
                    if into.send((clock::mono(), Raw::Told(from.clone(), telling))).is_err() {
                        return;
                    }
                }
            });
        }
        Ok(())
    }

    /// What a site believes, if it answers.
    pub async fn status(&mut self, site: &str) -> Option<StatusReport> {
        match timeout(ANSWER, self.rig.agent(site)?.ask(Command::Status)).await {
            Ok(Ok(Answer::Status(report))) => Some(*report),
            Ok(Ok(_) | Err(_)) | Err(_) => None,
        }
    }

    /// Why a site thinks that the route stays or goes.
    pub async fn why(&mut self, site: &str) -> Option<WhyReport> {
        let asked = Command::Why { route: Some(RouteId::new("main")) };
        match timeout(ANSWER, self.rig.agent(site)?.ask(asked)).await {
            Ok(Ok(Answer::Why(reports))) => reports.into_iter().next(),
            Ok(Ok(_) | Err(_)) | Err(_) => None,
        }
    }

    /// Waits until nothing is missing any more, as `site` sees it.
    pub async fn wait(
        &mut self,
        site: &'static str,
        missing: impl Fn(&StatusReport) -> Option<String>,
    ) -> Result<StatusReport, DemoError> {
        let until = clock::mono() + self.patience;
        loop {
            let report = self.status(site).await;
            let lacks = match &report {
                None => Some(format!("no answer of the agent of {site}")),
                Some(report) => missing(report),
            };
            match (report, lacks) {
                (Some(report), None) => return Ok(report),
                (_, lacks) if clock::mono() >= until => {
                    let (seconds, tail) = (self.patience.as_secs(), self.tail(site));
                    return Err(DemoError::NotReady {
                        seconds,
                        missing: lacks.unwrap_or_default(),
                        site,
                        tail,
                    });
                }
                (_, _) => sleep(ASK_EVERY).await,
            }
        }
    }

    /// Waits until everybody is well, `leader` may lead, and the route rings in London.
    pub async fn ready(&mut self, leader: impl Fn(&str) -> bool) -> Result<StatusReport, DemoError> {
        self.wait("netherlands", |report| missing(report, &leader)).await
    }

    /// The last lines of an agent's log.
    pub fn tail(&self, site: &str) -> String {
        let log = std::fs::read_to_string(self.rig.folder(site).join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(TAIL)..].join("\n")
    }
}

/// What is still missing before anything may be broken.
fn missing(report: &StatusReport, may_lead: impl Fn(&str) -> bool) -> Option<String> {
    let Some(leader) = &report.leader else { return Some("nobody leads".to_owned()) };
    if !may_lead(leader.as_str()) {
        return Some(format!("{leader} leads, which this story does not want"));
    }
    if report.heard < report.votes {
        return Some(format!("only {} of {} votes are heard", report.heard, report.votes));
    }
    for site in &report.sites {
        if site.pbx != Verdict::Up {
            return Some(format!("there is no verdict that {}/pbx is up", site.site));
        }
        if site.seen_by.len() < SITES.len() {
            return Some(format!("not every site has said that {}/pbx is up", site.site));
        }
    }
    let rings_in = report.routes.first().and_then(|route| route.rings_in.clone());
    match rings_in {
        Some(site) if site.as_str() == "london" => None,
        Some(site) => Some(format!("main rings in {site}, not in london")),
        None => Some("nobody knows where main rings".to_owned()),
    }
}

async fn hear_carrier(mut log: Receiver<Entry>, start: Mono, into: mpsc::UnboundedSender<Sound>) {
    loop {
        match log.recv().await {
            Ok(entry) => {
                let at = start + Duration::from_millis(entry.t_ms);
                if into.send((at, Raw::Carrier(entry))).is_err() {
                    return;
                }
            }
            // What was missed is missing in the account alone: the judgement reads the log itself.
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}
