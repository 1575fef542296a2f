//! Whole agents in virtual time: each file of `tests/node` is a story of faults and orders, and what must come of it.

/// The world that the stories happen in, and the language that they are told in.
mod node {
    pub mod account;
    pub mod asks;
    pub mod deeds;
    pub mod desk;
    pub mod expect;
    pub mod levers;
    pub mod outside;
    pub mod people;
    pub mod script;
    pub mod share;
    pub mod world;
}

use node::script;
use node::world::{Cluster, SITES};
use state::SiteId;
use std::fs;
use std::path::Path;
use std::time::Duration;

#[test]
fn every_story_ends_as_it_is_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/node");
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.retain(|path| path.extension().is_some_and(|ending| ending == "txt"));
    names.sort();
    assert!(!names.is_empty());
    let mut wrong = String::new();
    // One story at a time for whoever writes it: `ONLY=a-site-dies`.
    if let Ok(only) = std::env::var("ONLY") {
        names.retain(|path| path.file_stem().is_some_and(|name| name.to_string_lossy().contains(&only)));
    }
    for path in names {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if let Err(why) = script::play(&text) {
            wrong.push_str(&format!("--- {name}\n{why}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// What a person reads afterwards: each file of `tests/account` is a story, what is typed after it, and what comes.
#[test]
fn every_account_reads_as_it_is_written() {
    let wrong = node::account::drifted(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/account"));
    assert!(wrong.is_empty(), "{} drifted; UPDATE=1 rewrites them\n{}", wrong.len(), wrong.join("\n"));
}

/// The window, the life and the number of an ask: `UPDATE=1` writes down what comes out now.
#[test]
fn an_executor_writes_for_its_own_ask_alone() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/asks.txt");
    let text = fs::read_to_string(&path).unwrap();
    let (is, wrong) = node::asks::played(&text);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, is).unwrap();
    } else {
        assert!(wrong.is_empty(), "tests/asks.txt drifted; UPDATE=1 rewrites it\n{}", wrong.join("\n"));
    }
}

/// Whoever is killed at whatever moment of the switch, and whether or not it comes back: the number ends in one
/// place that is alive, the run in a word, and no two writers were ever within reach of each other.
#[test]
fn a_kill_at_any_moment_of_the_switch_leaves_one_true_ending() {
    for victim in ["manchester", "netherlands", "office"] {
        for moment in (0..8).map(|n| 11_600 + n * 50) {
            for back in ["", "at 16s start VICTIM\n"] {
                // Without the witness's two votes nobody is left who may act.
                if back.is_empty() && victim == "netherlands" {
                    continue;
                }
                let back = back.replace("VICTIM", victim);
                let story = format!(
                    "at 8s die london\nat {moment}ms kill {victim}\n{back}until 36s\n\
                     expect living agree\nexpect apart\nexpect ended\nexpect shows anybody alive\n"
                );
                if let Err(why) = script::play(&story) {
                    panic!("{victim} at {moment} ms, `{}`:\n{why}", back.trim());
                }
            }
        }
    }
}

/// Two leaders, an executor that nobody hears, a process that is born again between the commit and its write.
#[test]
fn a_cut_or_a_restart_at_any_moment_of_a_claim_leaves_one_true_ending() {
    for victim in ["netherlands", "office"] {
        // A site that is cut off for longer than the blip is left again, as it must be.
        let heal = if victim == "office" { "8.2s" } else { "20s" };
        for moment in (0..9).map(|n| 6_000 + n * 50) {
            let again = moment + 40;
            let faults = [
                format!("at {moment}ms cut {victim}\nat {heal} heal {victim}"),
                format!("at {moment}ms kill {victim}\nat {again}ms start {victim}"),
            ];
            for fault in faults {
                let story = format!(
                    "at 6s claim office at manchester\n{fault}\nuntil 32s\n\
                     expect living agree\nexpect apart\nexpect ended\nexpect shows office\n"
                );
                if let Err(why) = script::play(&story) {
                    panic!("`{fault}`:\n{why}");
                }
            }
        }
    }
}

/// A hold bites at its place in the log: whatever was decided before it, nothing begins afterwards.
#[test]
fn a_hold_at_any_moment_of_the_switch_ends_the_run_in_a_word() {
    for moment in (0..12).map(|n| 11_500 + n * 30) {
        let story = format!(
            "at 8s die london\nat {moment}ms hold office\nuntil 40s\n\
             expect agreed office\nexpect ended\nexpect set by 12.2s or never\n"
        );
        if let Err(why) = script::play(&story) {
            panic!("hold at {moment} ms:\n{why}");
        }
    }
}

#[test]
fn a_quiet_minute_writes_nothing() {
    let mut cluster = Cluster::new(&script::policy(1));
    let run = |cluster: &mut Cluster, until: u64| {
        while cluster.outside.borrow().now < Duration::from_secs(until) {
            cluster.step();
        }
        SITES.map(|site| cluster.view(&SiteId::new(site)).unwrap().index)
    };
    // Within the first minute it is agreed that all can read every fact.
    let before = run(&mut cluster, 75);
    assert_eq!(run(&mut cluster, 135), before);
    assert!(cluster.outside.borrow().sets.is_empty());
}
