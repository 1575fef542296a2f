//! Lost, foreign and rolled back disks under real agents: they stay outside, say so, and are let back in by a person.

mod support;

use agent::command::{Answer, Command, StatusReport};
use lab::rig::{Options, Rig, SITES};
use state::SiteId;
use state::fact::Mode;
use std::fs;
use std::path::PathBuf;
use support::{PATIENCE, log, ready, rig, until};
use tokio::time::Instant;

fn needs(status: &StatusReport, what: &str) -> bool {
    status.needs_you.iter().any(|need| need.what.contains(what))
}

fn database(rig: &Rig, site: &str) -> PathBuf {
    rig.folder(site).join("state/pointsman.db")
}

/// Ends an agent, does something to its folder, and starts it again.
async fn between(rig: &mut Rig, site: &'static str, work: impl FnOnce(&Rig)) {
    rig.agent(site).expect("every agent was started").kill().await;
    work(rig);
    rig.start(site).expect("the agent starts again");
}

fn remove(path: &std::path::Path) {
    for ending in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{ending}", path.display()));
    }
}

/// The site itself and a healthy one both say that it is outside, and why.
async fn stays_outside(rig: &mut Rig, site: &'static str, why: &str) {
    let own = until(rig, site, |status| needs(status, why)).await;
    assert_eq!(own.leader, None, "who is outside follows nobody");
    let hint = format!("on a healthy site: pointsman readmit {site}");
    assert!(own.needs_you.iter().any(|need| need.hint == hint), "{:?}", own.needs_you);
    let healthy = if site == "manchester" { "london" } else { "manchester" };
    let what = format!("{site} is outside: ");
    until(rig, healthy, |status| needs(status, &what) && status.heard < status.votes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wiped_database_stays_outside_while_the_file_is_there() {
    let mut rig = rig(&Options::default()).await;
    between(&mut rig, "office", |rig| {
        remove(&database(rig, "office"));
        fs::write(database(rig, "office"), b"").expect("the folder can be written");
    })
    .await;
    stays_outside(&mut rig, "office", "its database is gone").await;
    // Starting it again changes nothing.
    between(&mut rig, "office", |_| {}).await;
    stays_outside(&mut rig, "office", "its database is gone").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_database_stays_outside() {
    let mut rig = rig(&Options::default()).await;
    rig.agent("manchester").expect("every agent was started").kill().await;
    between(&mut rig, "office", |rig| {
        remove(&database(rig, "office"));
        for ending in ["", "-wal"] {
            let of = |site| format!("{}{ending}", database(rig, site).display());
            fs::copy(of("manchester"), of("office")).expect("a database in WAL mode has both files");
        }
    })
    .await;
    rig.start("manchester").expect("the agent starts again");
    stays_outside(&mut rig, "office", "is not the one that the file `disk` names").await;
    let left = fs::read_dir(rig.folder("office").join("state")).expect("the folder is there");
    let aside =
        left.filter_map(Result::ok).any(|file| file.file_name().to_string_lossy().contains(".before-"));
    assert!(aside, "what was there is left to people");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolled_back_database_is_found_by_a_peer() {
    let mut rig = rig(&Options::default()).await;
    let kept = rig.dir().join("image");
    between(&mut rig, "office", |rig| {
        fs::create_dir(&kept).expect("the rig's folder can be written");
        for ending in ["", "-wal"] {
            let name = format!("pointsman.db{ending}");
            fs::copy(rig.folder("office").join("state").join(&name), kept.join(&name))
                .expect("both are there");
        }
    })
    .await;
    let agent = rig.agent("london").expect("every agent was started");
    let order = Command::Mode { route: None, mode: Mode::Manual };
    let Ok(Answer::Agreed { index }) = agent.ask(order).await else { panic!("the mode was not agreed") };
    until(&mut rig, "office", |status| status.journal.0 >= index).await;
    // It greets with all it has, and the others remember that.
    between(&mut rig, "office", |_| {}).await;
    until(&mut rig, "office", |status| status.leader.is_some()).await;
    between(&mut rig, "office", |rig| {
        remove(&database(rig, "office"));
        for ending in ["", "-wal"] {
            let name = format!("pointsman.db{ending}");
            fs::copy(kept.join(&name), rig.folder("office").join("state").join(&name))
                .expect("both are there");
        }
    })
    .await;
    stays_outside(&mut rig, "office", "went back in time").await;
}

/// From the order of a person to full voting health: the site is up, has its votes, and nothing is left to do.
async fn comes_back(rig: &mut Rig, site: &'static str) {
    let healthy = if site == "manchester" { "london" } else { "manchester" };
    let agent = rig.agent(healthy).expect("every agent was started");
    let order = Command::Readmit { site: SiteId::new(site), key: None };
    let answer = agent.ask(order.clone()).await;
    assert!(matches!(answer, Ok(Answer::Agreed { .. })), "{answer:?}");
    let votes = SITES.iter().find(|of| of.name == site).map_or(0, |of| of.votes);
    let whole = |status: &StatusReport| {
        let theirs = status.sites.iter().find(|of| of.site.as_str() == site).map_or(0, |of| of.votes);
        ready(status)
            && theirs == votes
            && status.votes == 5
            && !status.watch.iter().any(|line| line.contains("votes"))
    };
    until(rig, healthy, whole).await;
    until(rig, site, whole).await;
    // Whoever is inside is not let in again.
    let agent = rig.agent(healthy).expect("every agent was started");
    let again = agent.ask(order).await;
    assert!(matches!(&again, Ok(Answer::Refused { why, .. }) if why.contains("not outside")), "{again:?}");
}

/// With two of the other voters gone, what is agreed needs the votes of the site that came back.
async fn its_votes_count(rig: &mut Rig, site: &'static str, gone: [&'static str; 2]) {
    for name in gone {
        rig.agent(name).expect("every agent was started").kill().await;
    }
    let since = Instant::now();
    loop {
        let agent = rig.agent(site).expect("every agent was started");
        if let Ok(Answer::Agreed { .. }) = agent.ask(Command::Mode { route: None, mode: Mode::Manual }).await
        {
            break;
        }
        let told = || log(rig, site) + &log(rig, "netherlands");
        assert!(since.elapsed() < PATIENCE, "nothing could be agreed with the votes of {site}:\n{}", told());
    }
    for name in gone {
        rig.start(name).expect("the agent starts again");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wiped_site_is_readmitted_and_votes() {
    let mut rig = rig(&Options::default()).await;
    between(&mut rig, "office", |rig| remove(&database(rig, "office"))).await;
    stays_outside(&mut rig, "office", "its database is gone").await;
    comes_back(&mut rig, "office").await;
    its_votes_count(&mut rig, "office", ["london", "manchester"]).await;
    // A second loss is a second readmission, with votes that were never used before.
    for site in SITES {
        until(&mut rig, site.name, ready).await;
    }
    between(&mut rig, "office", |rig| remove(&database(rig, "office"))).await;
    stays_outside(&mut rig, "office", "its database is gone").await;
    comes_back(&mut rig, "office").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_witness_comes_back_with_both_votes() {
    let mut rig = rig(&Options::default()).await;
    between(&mut rig, "netherlands", |rig| remove(&database(rig, "netherlands"))).await;
    stays_outside(&mut rig, "netherlands", "its database is gone").await;
    comes_back(&mut rig, "netherlands").await;
    its_votes_count(&mut rig, "netherlands", ["london", "manchester"]).await;
}
