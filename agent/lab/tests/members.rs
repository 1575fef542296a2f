//! Sites and votes of a running cluster of real agents: changed by an edit of the policy, and taken by a revocation.

mod support;

use agent::command::{Answer, Command, StatusReport};
use lab::rig::{Options, Rig, SITES, find_pointsman};
use state::SiteId;
use state::fact::Mode;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;
use support::{PATIENCE, calm, log, rig, until};
use tokio::time::{Instant, sleep};

/// Every site has so many votes, and nothing is said to be under way.
fn sits(status: &StatusReport, votes: &[(&str, u8)]) -> bool {
    let has = |(name, votes): &(&str, u8)| {
        status.sites.iter().any(|site| site.site.as_str() == *name && site.votes == *votes)
    };
    let settled = !status.watch.iter().any(|line| line.contains("votes"));
    calm(status) && settled && votes.iter().all(has) && status.sites.len() == votes.len()
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
    let mut rig = rig(&Options::default()).await;
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
    let mut rig = rig(&Options::default()).await;
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

/// A fifth site's line in the policy; its PBX is not there yet.
fn with_depot(policy: &str, ip: IpAddr) -> String {
    let pbx = beside(ip, 10);
    policy.replace("\nsites:\n", &format!("\nsites:\n  depot: {{ votes: 1, address: {ip}, pbx: {pbx} }}\n"))
}

/// The address so many further.
fn beside(ip: IpAddr, by: u8) -> IpAddr {
    let IpAddr::V4(ip) = ip else { panic!("a rig stands on 127.0.0.0/8") };
    let [a, b, c, d] = ip.octets();
    Ipv4Addr::new(a, b, c, d + by).into()
}

/// The program makes the folder of one site more; all of it lies in the rig.
fn one_more(rig: &Rig, site: &str, ip: IpAddr) {
    let home = rig.folder(site);
    let made = std::process::Command::new(find_pointsman().expect("it was started before"))
        .arg("init")
        .arg(rig.dir().join("cluster"))
        .arg("--policy")
        .arg(rig.folder("manchester").join("policy.yaml"))
        .args(["--add", site])
        .output()
        .expect("the program starts");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let file = format!(
        "site: {site}\nbundle: bundle\nlisten: {{ peers: \"{ip}:7701\" }}\nsecrets: secrets\nstate: state\n\
         control: control.sock\n"
    );
    fs::write(home.join("site.yaml"), file).expect("the folder was just made");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_is_added_to_a_running_cluster_and_taken_out_again() {
    let mut rig = rig(&Options::default()).await;
    let ip = beside(rig.net.agent(&SITES[0]), 4);
    let begun = Instant::now();
    save(&rig, "manchester", |text| with_depot(text, ip));
    let waits = |status: &StatusReport| {
        status.votes == 5 && status.watch.iter().any(|line| line.contains("depot has 0 and shall have 1"))
    };
    until(&mut rig, "london", waits).await;
    one_more(&rig, "depot", ip);
    rig.start("depot").expect("the new agent starts");
    let five = [("london", 1), ("manchester", 1), ("office", 1), ("netherlands", 2), ("depot", 1)];
    for site in ["london", "manchester", "office", "netherlands", "depot"] {
        until(&mut rig, site, |status| sits(status, &five) && status.votes == 6).await;
    }
    println!("a fifth site voted {:?} after the edit", begun.elapsed());
    // Without two of the old ones, four of six votes are left, and one of them is the new site's.
    for gone in ["london", "manchester"] {
        agent_killed(&mut rig, gone).await;
    }
    agrees(&mut rig, "depot").await;
    for gone in ["london", "manchester"] {
        rig.start(gone).expect("the agent starts again");
    }
    for gone in ["london", "manchester"] {
        until(&mut rig, gone, |status| sits(status, &five)).await;
    }

    let line = |line: &&str| !line.starts_with("  depot:");
    save(&rig, "office", |text| text.lines().filter(line).map(|line| format!("{line}\n")).collect());
    let four = [("london", 1), ("manchester", 1), ("office", 1), ("netherlands", 2)];
    for site in SITES {
        until(&mut rig, site.name, |status| sits(status, &four) && status.votes == 5).await;
    }
    let told = |status: &StatusReport| {
        status.needs_you.iter().any(|need| need.what.contains("the policy has no such site any more"))
    };
    until(&mut rig, "depot", told).await;
    // It does not start again with what it has, and says why.
    agent_killed(&mut rig, "depot").await;
    rig.start("depot").expect("the program starts");
    assert_eq!(rig.agent("depot").expect("it was started").ended().await, Some(3), "{}", log(&rig, "depot"));
    assert!(log(&rig, "depot").contains("the policy has no such site"), "{}", log(&rig, "depot"));
}

async fn agent_killed(rig: &mut Rig, site: &str) {
    rig.agent(site).expect("every agent was started").kill().await;
}
