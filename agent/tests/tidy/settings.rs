//! The settings that other laws lean on are still there: lints, thresholds, and the purity lists.

use super::tree;

const LINTS: [&str; 8] = [
    "wildcard_enum_match_arm",
    "disallowed_methods",
    "disallowed_types",
    "too_many_lines",
    "unwrap_used",
    "todo",
    "unimplemented",
    "dbg_macro",
];
const THRESHOLDS: [&str; 2] = ["too-many-lines-threshold = 60", "too-many-arguments-threshold = 5"];
const BANNED_IN_PURE: [&str; 6] = [
    "std::time::Instant::now",
    "std::time::SystemTime::now",
    "std::fs::File",
    "std::net::TcpStream",
    "std::net::UdpSocket",
    "std::process::Command",
];

#[test]
fn the_lints_are_denied_in_every_crate() {
    let workspace = tree::read("Cargo.toml");
    let gone = |lint: &&&str| !workspace.lines().any(|l| l == format!("{lint} = \"deny\""));
    let mut faults: Vec<String> =
        LINTS.iter().filter(gone).map(|l| format!("Cargo.toml: {l} is not denied")).collect();
    for room in ["state", "policies", "playbooks", "agent", "agent/lab"] {
        let manifest = tree::read(&format!("{room}/Cargo.toml"));
        if !manifest.contains("[lints]\nworkspace = true\n") {
            faults.push(format!("{room}/Cargo.toml: does not take the workspace's lints"));
        }
    }
    tree::obey("lints", &faults);
}

/// Clippy reads the nearest file only: each must repeat the limits.
#[test]
fn the_limits_stand_in_every_clippy_file() {
    let files: Vec<_> = tree::all().into_iter().filter(|s| s.path.ends_with("clippy.toml")).collect();
    assert!(files.len() >= 4, "the root and the three pure crates have a clippy.toml each");
    let mut faults = Vec::new();
    for file in &files {
        let pure: &[&str] = if file.path == "clippy.toml" { &[] } else { &BANNED_IN_PURE };
        let missing = THRESHOLDS.iter().chain(pure).filter(|line| !file.text.contains(**line));
        faults.extend(missing.map(|line| format!("{}: {line} is missing", file.path)));
    }
    tree::obey("limits", &faults);
}
