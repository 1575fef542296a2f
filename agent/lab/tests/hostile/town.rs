//! A cluster that was whole before the bad input came, and the questions whether it still is.

use agent::command::{Answer, Command, StatusReport};
use lab::carrier::judge::Clash;
use lab::rig::{Life, NUMBER, Options, Rig, SITES};
use policies::Verdict;
use state::run::Word;
use state::{RouteId, SiteId};
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Longer than a cluster needs for anything, on a machine that builds three other things.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How often something is looked at again.
const AGAIN: Duration = Duration::from_millis(50);

/// The cluster.
pub struct Town {
    pub rig: Rig,
}

impl Town {
    /// Four agents that see everybody up, and a leader.
    pub async fn whole() -> Self {
        Self::asleep().await.awake().await
    }

    /// The same, where only these sites can do anything at the carrier.
    pub async fn with_secrets_at(sites: &[&'static str]) -> Self {
        let options = Options { secrets: sites.to_vec(), ..Options::default() };
        Self { rig: Rig::put_up(&options).await.expect("a rig stands on loopback") }.awake().await
    }

    async fn awake(mut self) -> Self {
        self.rig.start_all().expect("`cargo build -p agent` builds what this test starts");
        for site in SITES {
            self.ready(site.name).await;
        }
        self
    }

    /// Everything stands, and no agent has been started yet.
    pub async fn asleep() -> Self {
        Self { rig: Rig::put_up(&Options::default()).await.expect("a rig stands on loopback") }
    }

    /// What an agent believes, as soon as that is so.
    #[track_caller]
    pub fn until(
        &mut self,
        site: &'static str,
        so: impl Fn(&StatusReport) -> bool,
    ) -> impl Future<Output = StatusReport> {
        let caller = std::panic::Location::caller();
        async move {
            let since = Instant::now();
            let mut last = None;
            while since.elapsed() < PATIENCE {
                let agent = self.rig.agent(site).expect("the agent was started");
                match agent.ask(Command::Status).await {
                    Ok(Answer::Status(status)) if so(&status) => return *status,
                    answer => last = Some(answer),
                }
                sleep(AGAIN).await;
            }
            panic!("{caller}: {site} never came to believe it; last: {last:?}\n{}", self.log(site));
        }
    }

    /// Everybody is seen up, the route rings somewhere, and somebody leads.
    pub async fn ready(&mut self, site: &'static str) -> StatusReport {
        let up = |status: &StatusReport| status.sites.iter().all(|site| site.pbx == Verdict::Up);
        let rings = |status: &StatusReport| status.routes.iter().all(|route| route.rings_in.is_some());
        self.until(site, move |status| up(status) && rings(status) && status.leader.is_some()).await
    }

    /// The agents of these sites live, agree on a person's claim, carry it out and tell one story of it; nobody wrote
    /// beside another, and nothing panicked.
    pub async fn goes_on(&mut self, sites: &[&'static str]) {
        let from = self.shown();
        let to = if from == "london" { "manchester" } else { "london" };
        let claim = Command::Claim {
            route: RouteId::new("main"),
            site: SiteId::new(to),
            because: "a test".to_owned(),
        };
        let agent = self.rig.agent(sites[0]).expect("the agent was started");
        let answer = agent.ask(claim).await;
        assert!(matches!(answer, Ok(Answer::Agreed { .. })), "the claim was not agreed: {answer:?}");
        let moved = SiteId::new(to);
        for site in sites {
            let rings = |status: &StatusReport| {
                status.routes[0].rings_in.as_ref() == Some(&moved) && status.runs.is_empty()
            };
            self.until(site, rings).await;
        }
        assert_eq!(self.shown(), to);
        let mut stories = Vec::new();
        for site in sites {
            let Ok(Answer::Runs { runs }) = self.rig.agent(site).expect("it runs").ask(Command::Runs).await
            else {
                panic!("{site} tells no runs")
            };
            stories.push(runs);
        }
        assert!(stories.iter().all(|story| *story == stories[0]), "{stories:?}");
        let end = stories[0].last().and_then(|run| run.end.clone()).expect("the run has ended");
        assert_eq!(end.word, Word::Done, "{}", end.why);
        let judged = self.rig.carrier.judgement();
        // A claim back home puts back what a claim before it had replaced, as it should.
        let mut fights = judged.dual_writers.iter().filter(|writers| writers.clash != Clash::PutBack);
        assert!(fights.next().is_none(), "{judged:?}");
        self.no_panic(sites);
    }

    /// Every agent of these sites lives, and no thread of any has panicked.
    #[track_caller]
    pub fn no_panic(&mut self, alive: &[&str]) {
        for site in SITES {
            let log = self.log(site.name);
            assert!(!log.contains("panicked at"), "{} panicked\n{log}", site.name);
        }
        for site in alive {
            let agent = self.rig.agent(site).expect("it was started");
            assert_eq!(agent.lives(), Life::Lives, "{site}\n{}", self.log(site));
        }
    }

    /// Where the carrier lets the number ring.
    pub fn shown(&self) -> &'static str {
        let shows = self.rig.carrier.numbers()[NUMBER].slots[0].clone();
        self.rig.net.site_of(&shows).expect("the number rings at one of the sites")
    }

    /// Everything that an agent has said.
    pub fn log(&self, site: &str) -> String {
        std::fs::read_to_string(self.rig.folder(site).join("log")).unwrap_or_default()
    }

    /// Waits until an agent has said this.
    #[track_caller]
    pub fn says<'a>(&'a self, site: &'a str, text: &'a str) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let since = Instant::now();
            while !self.log(site).contains(text) {
                let log = self.log(site);
                assert!(since.elapsed() < PATIENCE, "{caller}: {site} never said `{text}`\n{log}");
                sleep(AGAIN).await;
            }
        }
    }

    /// An agent that cannot go on ends with 3, and says all of this.
    #[track_caller]
    pub fn gives_up<'a>(&'a mut self, site: &'a str, words: &'a [&'a str]) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let agent = self.rig.agent(site).expect("it was started");
            let ended = tokio::time::timeout(PATIENCE, agent.ended()).await;
            let log = self.log(site);
            assert_eq!(ended, Ok(Some(3)), "{caller}: {site}\n{log}");
            for word in words {
                assert!(log.contains(word), "{caller}: {site} did not say `{word}`\n{log}");
            }
        }
    }

    /// The memory of an agent, in KiB.
    pub fn memory(&mut self, site: &str) -> u64 {
        let id = self.rig.agent(site).and_then(|agent| agent.pid()).expect("it runs");
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("Linux says so");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("it has memory");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// The folder in which an agent keeps its database.
    pub fn state(&self, site: &str) -> PathBuf {
        self.rig.folder(site).join("state")
    }
}

/// Says that a proof was not made here, past libtest's capture: `.ci/run` counts these lines.
pub fn skipped(test: &str, tool: &str) {
    writeln!(std::io::stderr(), "skipped: {test} needs {tool}").expect("stderr takes a line");
}
