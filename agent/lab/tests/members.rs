//! Sites and votes of a running cluster of real agents: changed by an edit of the policy, and taken by a revocation.

use agent::command::{Answer, Command, StatusReport};
use lab::rig::{Options, Rig, SITES, find_pointsman};
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

/// The bundle of a site once more, by the program itself: the old one is kept aside, everything else stays as it was.
fn next_bundle(rig: &Rig, site: &str) -> String {
    let (home, kept) = (rig.folder(site), rig.dir().join("kept"));
    let policy = rig.folder("london").join("policy.yaml");
    fs::rename(&home, &kept).expect("the rig's folder can be written");
    let made = std::process::Command::new(find_pointsman().expect("it was started before"))
        .arg("init")
        .arg(rig.dir().join("cluster"))
        .arg("--policy")
        .arg(policy)
        .args(["--add", site])
        .output()
        .expect("the program starts");
    let said = String::from_utf8_lossy(&made.stdout).into_owned();
    assert!(made.status.success(), "{said}{}", String::from_utf8_lossy(&made.stderr));
    fs::rename(kept.join("bundle"), rig.dir().join("stolen")).expect("the old bundle is there");
    fs::rename(home.join("bundle"), kept.join("bundle")).expect("the new bundle is there");
    fs::remove_dir_all(&home).expect("the rest of it is not needed");
    fs::rename(&kept, &home).expect("the rig's folder can be written");
    said.lines().find_map(|line| Some(line.split_once("--key ")?.1.to_owned())).expect("the key is printed")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stolen_bundle_is_refused_by_everybody_and_its_site_comes_back_with_the_next_one() {
    let mut rig = rig().await;
    let office = SiteId::new("office");
    let order = Command::Revoke { site: office.clone() };
    let begun = Instant::now();
    let answer = rig.agent("manchester").expect("every agent was started").ask(order).await;
    assert!(matches!(answer, Ok(Answer::Agreed { .. })), "{answer:?}");
    let out = |status: &StatusReport| {
        let votes =
            status.sites.iter().find(|site| site.site.as_str() == "office").map_or(9, |site| site.votes);
        let said = status.needs_you.iter().any(|need| need.what.contains("the bundle of office is revoked"));
        votes == 0 && status.heard == 4 && status.votes == 4 && said
    };
    let healthy = ["london", "manchester", "netherlands"];
    for site in healthy {
        until(&mut rig, site, out).await;
    }
    println!("a stolen bundle had no vote anywhere after {:?}", begun.elapsed());
    // Started again with it, its agent dials everybody and is dialled by nobody.
    rig.agent("office").expect("every agent was started").kill().await;
    rig.start("office").expect("the agent starts again");
    for site in healthy {
        let since = Instant::now();
        while !log(&rig, site).contains("the bundle of `office` is revoked, and it shows the key") {
            assert!(since.elapsed() < PATIENCE, "{site} let it in:\n{}", log(&rig, site));
            sleep(Duration::from_millis(100)).await;
        }
    }
    until(&mut rig, "office", |status| status.heard <= 1).await;
    let agent = rig.agent("office").expect("every agent was started");
    let order = Command::Mode { route: None, mode: Mode::Manual };
    let answer = agent.ask(order).await;
    assert!(matches!(answer, Ok(Answer::Refused { .. })), "{answer:?}");
    assert!(out(&until(&mut rig, "london", |_| true).await), "nothing has changed");

    agent_killed(&mut rig, "office").await;
    let key = next_bundle(&rig, "office");
    let order = Command::Readmit { site: office, key: Some(key.parse().expect("a key is printed")) };
    let answer = rig.agent("london").expect("every agent was started").ask(order).await;
    assert!(matches!(answer, Ok(Answer::Agreed { .. })), "{answer:?}");
    rig.start("office").expect("the agent starts again");
    let all = [("london", 1), ("manchester", 1), ("office", 1), ("netherlands", 2)];
    for site in SITES {
        until(&mut rig, site.name, |status| sits(status, &all)).await;
    }
    for gone in ["london", "manchester"] {
        agent_killed(&mut rig, gone).await;
    }
    agrees(&mut rig, "office").await;
}

async fn agent_killed(rig: &mut Rig, site: &str) {
    rig.agent(site).expect("every agent was started").kill().await;
}
