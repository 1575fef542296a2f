//! The stage: the cluster, everybody who listens to it, and how it is known to be ready.

use super::DemoError;
use super::happening::Raw;
use crate::carrier::log::Entry;
use crate::rig::{NUMBER, Options, Rig, SITES};
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
/// London stands for election last, so that calls and lead are apart: it begins so much before the others, which
/// would stand 2.4 s after their start and it 4 s after its own, at the latest.
const HEAD_START: Duration = Duration::from_millis(2200);
/// The witness stands first, and needs less; without any it would be a near thing on a busy machine.
const HEAD_START_OF_WITNESS: Duration = Duration::from_millis(500);
/// The site with two votes.
const WITNESS: &str = "netherlands";
/// How often a site is helped to the lead. The first time all take their seats together, at the birth of the cluster,
/// and no head start helps.
const TRIES: u32 = 6;
/// How often is asked whether it is ready.
const ASK_EVERY: Duration = Duration::from_millis(100);
/// An agent that answers a question later than this is not ready.
const ANSWER: Duration = Duration::from_secs(2);
/// An order is answered when it is agreed.
const ORDER: Duration = Duration::from_secs(10);
/// So much of a log is shown when something is wrong.
const TAIL: usize = 12;

/// What was heard, and when.
pub type Sound = (Mono, Raw);

/// Everybody, the first choice first.
pub const ALL: &[&str] = &["london", "manchester", "office", "netherlands"];

/// Who may lead when something is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leads {
    /// Anybody but London: where the calls are is the wrong place.
    NotLondon,
    /// This site, and no other.
    Only(&'static str),
}

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
    pub async fn put_up(options: &Options) -> Result<Self, DemoError> {
        let rig = Rig::put_up(options).await?;
        let (into, sounds) = mpsc::unbounded_channel();
        tokio::spawn(hear_carrier(rig.carrier.follow(), rig.carrier.started(), into.clone()));
        let numbers = options.pace.numbers();
        Ok(Self { rig, sounds, into, patience: SETTLE + numbers.every * numbers.rise })
    }

    /// Starts everybody, and waits until all is well.
    pub async fn begin(&mut self, leads: Leads) -> Result<StatusReport, DemoError> {
        match leads {
            Leads::NotLondon => {
                self.start(ALL).await?;
                self.ready(|leader| leader != "london").await
            }
            Leads::Only(chosen) => {
                let mut tries = 1;
                while !self.elect(chosen).await? {
                    if tries == TRIES {
                        let what = format!("{chosen} was not elected in {TRIES} tries: is the machine busy?");
                        return Err(DemoError::Scene(what));
                    }
                    tries += 1;
                }
                if chosen != WITNESS {
                    self.start(&[WITNESS]).await?;
                }
                self.ready(|leader| leader == chosen).await
            }
        }
    }

    /// The first to wait for a leader is the first to stand for election; the witness, which would stand before
    /// it, is left out. On a busy machine another one may win all the same: then they end, and it can be tried again.
    async fn elect(&mut self, chosen: &'static str) -> Result<bool, DemoError> {
        self.start(&[chosen]).await?;
        match chosen {
            "london" => sleep(HEAD_START).await,
            WITNESS => sleep(HEAD_START_OF_WITNESS).await,
            _ => {}
        }
        let others: Vec<&'static str> =
            ALL.iter().copied().filter(|site| *site != chosen && *site != WITNESS).collect();
        self.start(&others).await?;
        let led = |report: &StatusReport| report.leader.is_none().then(|| "nobody leads".to_owned());
        let leads = self.wait(chosen, led).await?.leader.is_some_and(|leader| leader.as_str() == chosen);
        if !leads {
            for site in ALL {
                if let Some(agent) = self.rig.agent(site) {
                    agent.kill().await;
                }
            }
        }
        Ok(leads)
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

    /// The site to which the carrier sends the callers now.
    pub fn shows(&self) -> Option<&'static str> {
        let numbers = self.rig.carrier.numbers();
        self.rig.net.site_of(numbers.get(NUMBER)?.slots.first()?)
    }

    /// Has a person's order agreed.
    pub async fn order(&mut self, site: &str, command: Command) -> Result<(), DemoError> {
        let Some(agent) = self.rig.agent(site) else {
            return Err(DemoError::Scene(format!("{site} has no agent")));
        };
        match timeout(ORDER, agent.ask(command)).await {
            Ok(Ok(Answer::Agreed { .. })) => Ok(()),
            Ok(Ok(other)) => Err(DemoError::Scene(format!("the agent of {site} answers {other:?}"))),
            Ok(Err(error)) => Err(DemoError::Scene(format!("the agent of {site}: {error}"))),
            Err(_) => Err(DemoError::Scene(format!("the agent of {site} does not answer"))),
        }
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
