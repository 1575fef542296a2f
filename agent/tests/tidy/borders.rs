//! Borders inside the crates: who may name Raft, call a carrier, read a clock, or know of tokio.

use super::modules::product;
use super::rust::{is_word, lines_with, live, places};
use super::tree::{self, Source};

/// Files beside `act.rs` that may name the adapters, each with its reason.
const MAY_NAME_CARRIERS: [(&str, &str); 4] = [
    ("agent/lab/src/simulator/hands.rs", "simulated time stands in for the bytes below an attempt"),
    ("agent/lab/src/simulator/queue.rs", "a write that waits for its moment keeps its window"),
    ("agent/lab/src/simulator/writing.rs", "simulated time stands in for the bytes below an attempt"),
    ("agent/lab/src/simulator/session.rs", "the real attempt runs over a simulated line"),
];

/// What reaches for the world. An IP address is a value, so `std::net` as such is none of them.
const WORLDLY: [&str; 17] = [
    "std::fs",
    "std::env",
    "std::process",
    "std::thread",
    "std::io",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "ToSocketAddrs",
    "print!",
    "println!",
    "eprint!",
    "eprintln!",
    "tracing",
    "rand",
    "Instant",
    "SystemTime",
];

const CLOCKS: [&str; 5] =
    ["SystemTime::now", "clock_gettime", "Timestamp::now", "Zoned::now", "UtcDateTime::now"];

#[test]
fn only_the_quorum_names_raft() {
    let stranger = |s: &&Source| !s.path.starts_with("agent/src/quorum/") && s.path != "agent/src/quorum.rs";
    let faults = tree::rust().iter().filter(stranger).flat_map(names_raft).collect::<Vec<_>>();
    tree::obey("only agent/src/quorum/ names the Raft library", &faults);
}

/// Of the product only: a test may drive an adapter against a fake.
#[test]
fn nothing_but_act_calls_an_adapter() {
    let files = product();
    let faults =
        files.iter().filter(|s| !may_name_carriers(&s.path)).flat_map(names_carriers).collect::<Vec<_>>();
    tree::obey("only agent/src/act.rs, agent/src/act/ and agent/src/carriers/ name the adapters", &faults);
    let needless = |path: &str| !files.iter().any(|s| s.path == path && !names_carriers(s).is_empty());
    let stale: Vec<String> = MAY_NAME_CARRIERS
        .iter()
        .filter(|(path, _)| needless(path))
        .map(|(path, _)| path.to_string())
        .collect();
    tree::obey("exceptions that nobody needs any more", &stale);
}

#[test]
fn only_the_clock_reads_clocks() {
    let others = |s: &&Source| s.path != "agent/src/clock.rs";
    let faults = product().iter().filter(others).flat_map(reads_clock).collect::<Vec<_>>();
    tree::obey("only agent/src/clock.rs reads a clock", &faults);
}

#[test]
fn the_node_knows_no_tokio() {
    let faults =
        product().iter().filter(|s| is_node(&s.path)).flat_map(|s| named(s, "tokio")).collect::<Vec<_>>();
    tree::obey("the node is the agent minus the world", &faults);
}

#[test]
fn the_pure_crates_touch_nothing() {
    let pure = |s: &&Source| {
        let room = s.path.split('/').next().unwrap_or_default();
        ["state", "policies", "playbooks"].contains(&room)
    };
    let faults = product().iter().filter(pure).flat_map(touches_the_world).collect::<Vec<_>>();
    tree::obey("only agent touches the world", &faults);
}

fn is_node(path: &str) -> bool {
    path == "agent/src/node.rs" || path.starts_with("agent/src/node_") || path.starts_with("agent/src/node/")
}

fn may_name_carriers(path: &str) -> bool {
    let by_name = ["agent/src/carriers.rs", "agent/src/act.rs"];
    path.starts_with("agent/src/carriers/")
        || path.starts_with("agent/src/act/")
        || by_name.contains(&path)
        || MAY_NAME_CARRIERS.iter().any(|(p, _)| *p == path)
}

fn named(source: &Source, needle: &str) -> Vec<String> {
    let at = |line| format!("{}:{line}: {needle}", source.path);
    lines_with(&live(&source.text), needle).into_iter().map(at).collect()
}

/// The crate's name where it is not the end of a longer path: `quorum::raft::` is a module of ours.
fn names_raft(source: &Source) -> Vec<String> {
    let code = live(&source.text);
    let is_crate = |at: &usize| {
        let before = code[..*at].trim_end_matches(' ');
        let outer = before.strip_suffix("::").unwrap_or(" ");
        let by_use = ["use", "crate"].iter().any(|word| before.ends_with(word));
        let is_path = code[at + "raft".len()..].starts_with("::");
        (is_path || by_use) && !outer.ends_with(is_word)
    };
    places(&code, "raft").filter(is_crate).map(|at| place(source, &code, at)).collect()
}

/// `policies::carriers` is a section of the policy and none of these adapters.
fn names_carriers(source: &Source) -> Vec<String> {
    if !source.path.starts_with("agent/") {
        return Vec::new();
    }
    let code = live(&source.text);
    let ours =
        |at: &usize| !["policies::", "playbooks::", "state::"].iter().any(|p| code[..*at].ends_with(p));
    places(&code, "carriers::").filter(ours).map(|at| place(source, &code, at)).collect()
}

/// Tokio's own instant is a timer's, not a clock's: it is paused in tests and never leaves the loop.
fn reads_clock(source: &Source) -> Vec<String> {
    let mut faults: Vec<String> = CLOCKS.iter().flat_map(|clock| named(source, clock)).collect();
    let code = live(&source.text);
    let imported = code.split("use ").skip(1).any(|item| {
        let path = item.split(';').next().unwrap_or_default();
        path.starts_with("tokio::") && places(path, "Instant").next().is_some()
    });
    let std_time = |at: &usize| !imported && !code[..*at].ends_with("tokio::time::");
    faults.extend(places(&code, "Instant::now").filter(std_time).map(|at| place(source, &code, at)));
    faults
}

fn touches_the_world(source: &Source) -> Vec<String> {
    WORLDLY.iter().flat_map(|needle| named(source, needle)).collect()
}

fn place(source: &Source, code: &str, at: usize) -> String {
    let line = code[..at].matches('\n').count();
    let words = source.text.lines().nth(line).unwrap_or_default();
    format!("{}:{}: {}", source.path, line + 1, words.trim())
}

#[test]
fn raft_is_the_library_and_not_a_module_of_ours() {
    let source = Source::new(
        "agent/src/driver.rs",
        "use crate::quorum::raft::Log;\nuse raft::Config;\nuse raft;\nlet raft = 1;",
    );
    let faults = names_raft(&source);
    assert_eq!(faults, ["agent/src/driver.rs:2: use raft::Config;", "agent/src/driver.rs:3: use raft;"]);
}

#[test]
fn a_carrier_of_the_policy_is_not_an_adapter() {
    let source =
        Source::new("agent/src/page.rs", "use policies::carriers::Rate;\nuse crate::carriers::Ntsapi;\n");
    assert_eq!(names_carriers(&source).len(), 1);
    assert!(!may_name_carriers("agent/src/page.rs") && may_name_carriers("agent/src/act.rs"));
}

#[test]
fn a_clock_is_a_clock_however_it_is_named() {
    let faults = |text: &str| reads_clock(&Source::new("agent/src/x.rs", text)).len();
    assert_eq!(faults("let a = std::time::Instant::now(); let b = SystemTime::now();"), 2);
    assert_eq!(faults("use tokio::time::{Instant, sleep};\nlet a = Instant::now();"), 0);
    assert_eq!(faults("let a = tokio::time::Instant::now(); // SystemTime::now"), 0);
    assert_eq!(faults("#[cfg(test)]\nmod tests { fn a() { SystemTime::now() } }"), 0);
}

#[test]
fn the_world_is_seen_and_a_value_is_not() {
    let faults = |text: &str| touches_the_world(&Source::new("state/src/x.rs", text)).len();
    assert_eq!(faults("use std::net::IpAddr;\nlet operand = brand;"), 0);
    assert_eq!(faults("std::fs::read(x);\nprintln!();\nuse rand::Rng;"), 3);
}
