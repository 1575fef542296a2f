//! A rig whose agents run, and waiting until one of them shows what a test wants.

use agent::command::{Answer, Command, StatusReport};
use lab::rig::{Options, Rig, SITES};
use policies::Verdict;
use state::SiteId;
use std::fs;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long anything may take on a slow machine.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// Four agents that run, and of which each says that it is ready.
pub async fn rig(options: &Options) -> Rig {
    let mut rig = Rig::put_up(options).await.expect("a rig stands on loopback");
    rig.start_all().expect("`cargo build -p agent` builds what this test starts");
    for site in SITES {
        until(&mut rig, site.name, ready).await;
    }
    rig
}

/// Asks for the status until it is as wanted.
pub async fn until(rig: &mut Rig, site: &str, wanted: impl Fn(&StatusReport) -> bool) -> StatusReport {
    let since = Instant::now();
    let mut last = None;
    while since.elapsed() < PATIENCE {
        let agent = rig.agent(site).expect("every agent was started");
        if let Ok(Answer::Status(status)) = agent.ask(Command::Status).await {
            if wanted(&status) {
                return *status;
            }
            last = Some(status);
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("{site} never showed what was wanted, but {last:#?}\n{}", log(rig, site));
}

/// What an agent wrote into its log.
pub fn log(rig: &Rig, site: &str) -> String {
    let log = fs::read_to_string(rig.folder(site).join("log")).unwrap_or_default();
    format!("{site} said:\n{log}\n")
}

/// Every PBX is seen up, and it is calm.
pub fn ready(status: &StatusReport) -> bool {
    status.sites.iter().all(|site| site.pbx == Verdict::Up) && calm(status)
}

/// The route rings in London, somebody leads, every vote is heard and nothing is left to do.
pub fn calm(status: &StatusReport) -> bool {
    let rings = status.routes.first().is_some_and(|route| route.rings_in == Some(SiteId::new("london")));
    rings && status.leader.is_some() && status.heard == status.votes && status.needs_you.is_empty()
}
