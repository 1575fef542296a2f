//! The stories for real: four agents, four PBXs and a carrier; speed is printed and never asserted.
//!
//! Those that take minutes are told when they are named: `STORIES="carrier-hangs flap" cargo test -p lab --test demo`.

use clap::ValueEnum;
use lab::demo::{Finished, Objection, Options, Reader, Scenario};
use lab::rig::{Pace, SITES};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// Tells a story, and wants it to be well but for its speed.
async fn check(scenario: Scenario) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let page = Arc::clone(&told);
    let options = Options { scenario, pace: Pace::Demo, reader: Reader::Person };
    let page = Box::new(move |line: &str| {
        page.lock().expect("nothing panics while it writes a line").push(line.to_owned());
        Ok(())
    });
    let finished = lab::demo::run(options, page).await;
    let account = told.lock().expect("nothing panics while it writes a line").join("\n");
    let finished = finished.unwrap_or_else(|error| {
        let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        panic!("{error}: {cause}\n`cargo build -p agent` builds what this test starts\n{account}")
    });
    println!("{account}");
    let slow = |objection: &&Objection| matches!(objection, Objection::Slow(_));
    let against: Vec<_> = finished.summary.against.iter().filter(|o| !slow(o)).collect();
    assert!(against.is_empty(), "{against:?}\n{account}");
    for line in account.lines() {
        assert!(line.chars().count() <= 80, "more than 80 columns: {line}");
    }
    if std::env::var_os("RECORD").is_some() {
        record(&finished);
    }
    let dir = finished.rig.dir().to_owned();
    drop(finished);
    assert!(!dir.exists(), "{} was left behind", dir.display());
}

/// Keeps what was heard, for the test that knows the account by heart.
fn record(finished: &Finished) {
    let mut text = serde_json::to_string(&finished.report).expect("a report is JSON") + "\n";
    for heard in &finished.heard {
        text += &(serde_json::to_string(heard).expect("what was heard is JSON") + "\n");
    }
    // Another rig may have the first block of addresses: the recording is of that one all the same.
    let pbx = finished.rig.net.pbx(&SITES[0]).ip().to_string();
    let block = pbx.rsplit_once('.').expect("four numbers").0;
    let text = text.replace(&format!("{block}."), "127.0.0.");
    let name = format!("tests/account/{}.jsonl", finished.summary.scenario.name());
    fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(name), text).expect("the folder of recordings");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_site_loses_the_number_once() {
    check(Scenario::SiteDies).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_that_is_cut_off_writes_nothing_and_gets_nothing_back() {
    check(Scenario::Partition).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_whose_leader_and_executor_dies_is_taken_over() {
    check(Scenario::LeaderDiesMidPlaybook).await;
}

/// The others that take no minute.
const STORIES: &str = "leader-on-dying-site both-datacentres-die applied-but-no-reply doors";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_other_stories_come_to_what_they_must() {
    let named = std::env::var("STORIES").unwrap_or_else(|_| STORIES.to_owned());
    for name in named.split_whitespace() {
        let known = Scenario::from_str(name, false);
        check(known.unwrap_or_else(|_| panic!("no story is called `{name}`"))).await;
    }
}
