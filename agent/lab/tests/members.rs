//! Sites and votes of a running cluster of real agents: changed by an edit of the policy, and taken by a revocation.

use agent::command::{Answer, Command, StatusReport};
use lab::rig::{Options, Rig, SITES};
use state::SiteId;
use state::fact::Mode;
use std::fs;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long anything may take here on a slow machine.
const PATIENCE: Duration = Duration::from_secs(90);

async fn rig() -> Rig {
    let mut rig = Rig::put_up(&Options::default()).await.expect("a rig stands on loopback");
    rig.start_all().expect("`cargo build -p agent` builds what this test starts");
    for site in SITES {
        until(&mut rig, site.name, ready).await;
    }
    rig
}

/// Asks for the status until it is as wanted.
async fn until(rig: &mut Rig, site: &str, wanted: impl Fn(&StatusReport) -> bool) -> StatusReport {
    let since = Instant::now();
    let mut last = None;
    loop {
        let agent = rig.agent(site).expect("every agent was started");
        if let Ok(Answer::Status(status)) = agent.ask(Command::Status).await {
            if wanted(&status) {
                return *status;
            }
            last = Some(status);
        }
        assert!(
            since.elapsed() < PATIENCE,
            "{site} never showed what was wanted, but {last:#?}\n{}",
            log(rig, site)
        );
        sleep(Duration::from_millis(50)).await;
    }
}

fn log(rig: &Rig, site: &str) -> String {
    fs::read_to_string(rig.folder(site).join("log")).unwrap_or_default()
}

/// The route rings in London, somebody leads, every vote is heard and nothing is left to do.
fn ready(status: &StatusReport) -> bool {
    let rings = status.routes.first().is_some_and(|route| route.rings_in == Some(SiteId::new("london")));
    rings && status.leader.is_some() && status.heard == status.votes && status.needs_you.is_empty()
}

/// Every site has so many votes, and nothing is said to be under way.
fn sits(status: &StatusReport, votes: &[(&str, u8)]) -> bool {
    let has = |(name, votes): &(&str, u8)| {
        status.sites.iter().any(|site| site.site.as_str() == *name && site.votes == *votes)
    };
    let settled = !status.watch.iter().any(|line| line.contains("votes"));
    ready(status) && settled && votes.iter().all(has) && status.sites.len() == votes.len()
}

/// Saves as most editors do: another file takes the name.
fn save(rig: &Rig, site: &str, change: impl Fn(&str) -> String) {
    let path = rig.folder(site).join("policy.yaml");
    let text = change(&fs::read_to_string(&path).expect("the file is there"));
    let swap = path.with_file_name(".policy.yaml.swp");
    fs::write(&swap, text).expect("the folder can be written");
    fs::rename(&swap, &path).expect("it can be renamed");
}

/// The line of a site with another number of votes.
fn with_votes(policy: &str, site: &str, votes: u8) -> String {
    let line = |line: &str| match line.split_once("votes: ") {
        Some((head, rest)) if head.trim_start().starts_with(&format!("{site}:")) => {
            format!("{head}votes: {votes}{}\n", rest.trim_start_matches(|c: char| c.is_ascii_digit()))
        }
        Some(_) | None => format!("{line}\n"),
    };
    policy.lines().map(line).collect()
}

/// Something is agreed, by the votes that are left.
async fn agrees(rig: &mut Rig, site: &str) {
    let since = Instant::now();
    loop {
        let agent = rig.agent(site).expect("every agent was started");
        let order = Command::Mode { route: None, mode: Mode::Manual };
        if let Ok(Answer::Agreed { .. }) = agent.ask(order).await {
            return;
        }
        assert!(since.elapsed() < PATIENCE, "nothing could be agreed at {site}:\n{}", log(rig, site));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_changes_the_votes_of_a_running_cluster() {
    let mut rig = rig().await;
    let begun = Instant::now();
    // The office becomes the site with two votes; the witness, which leads, keeps one of its own.
    save(&rig, "manchester", |text| with_votes(&with_votes(text, "office", 2), "netherlands", 1));
    let now = [("london", 1), ("manchester", 1), ("office", 2), ("netherlands", 1)];
    for site in SITES {
        until(&mut rig, site.name, |status| sits(status, &now)).await;
    }
    println!("other votes counted everywhere after {:?}", begun.elapsed());
    // Two of the five votes of the birth, and three of those that count now.
    for gone in ["manchester", "netherlands"] {
        rig.agent(gone).expect("every agent was started").kill().await;
    }
    agrees(&mut rig, "office").await;
    for gone in ["manchester", "netherlands"] {
        rig.start(gone).expect("the agent starts again");
    }
    for site in SITES {
        until(&mut rig, site.name, |status| sits(status, &now)).await;
    }
    let shown = rig.carrier.judgement().switches;
    assert!(shown.is_empty(), "a change of votes moves nothing: {shown:?}");
}
