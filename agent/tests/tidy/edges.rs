//! Who may import whom, read from the manifests, and a reason in ARCHITECTURE.md for every outside crate.

use super::tree;
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Command;

/// Everything that a pure crate may depend on. A new edge is a decision: it is made here, in the open.
const PURE: [(&str, &[&str]); 3] = [
    ("state", &["serde", "serde_yaml", "postcard", "sha2", "thiserror"]),
    ("policies", &["state", "serde", "serde_json", "jiff", "schemars", "thiserror"]),
    ("playbooks", &["state", "serde", "jiff", "schemars", "thiserror"]),
];

/// Which rooms of this house the others may enter; `lab` is entered by none.
const ROOMS: [(&str, &[&str]); 2] =
    [("agent", &["state", "policies", "playbooks"]), ("lab", &["state", "policies", "playbooks", "agent"])];

const INSIDE: [&str; 5] = ["state", "policies", "playbooks", "agent", "lab"];

struct Edge {
    from: String,
    to: String,
}

#[test]
fn nobody_imports_what_the_table_does_not_list() {
    tree::obey("an edge that the table in edges.rs does not list", &forbidden(&edges()));
}

#[test]
fn every_outside_crate_has_a_reason() {
    let page = tree::read("ARCHITECTURE.md");
    let named = reasons(&page);
    let used: BTreeSet<String> =
        edges().into_iter().map(|e| e.to).filter(|to| !INSIDE.contains(&to.as_str())).collect();
    let missing = used.difference(&named).map(|c| format!("`{c}` has no line"));
    let stale = named.difference(&used).map(|c| format!("`{c}` has a line but nobody uses it"));
    tree::obey("ARCHITECTURE.md, Dependencies", &missing.chain(stale).collect::<Vec<_>>());
}

fn forbidden(edges: &[Edge]) -> Vec<String> {
    let row = |table: &[(&str, &'static [&'static str])], from: &str| {
        table.iter().find(|(name, _)| *name == from).map(|(_, may)| *may)
    };
    let is_free = |e: &Edge| match (row(&PURE, &e.from), row(&ROOMS, &e.from)) {
        (Some(may), _) => may.contains(&e.to.as_str()),
        (None, Some(may)) => !INSIDE.contains(&e.to.as_str()) || may.contains(&e.to.as_str()),
        (None, None) => false,
    };
    edges.iter().filter(|e| !is_free(e)).map(|e| format!("{} -> {}", e.from, e.to)).collect()
}

/// The first column of the table below `## Dependencies`; a line counts only when its second column says why.
fn reasons(page: &str) -> BTreeSet<String> {
    let section = page.split("\n## Dependencies\n").nth(1).unwrap_or_default();
    let section = section.split("\n## ").next().unwrap_or_default();
    let row = |line: &str| {
        let mut cells = line.strip_prefix("| `")?.split('|');
        let name = cells.next()?.split('`').next()?.to_string();
        (cells.next()?.trim().len() > 3).then_some(name)
    };
    section.lines().filter_map(row).collect()
}

/// Every direct dependency of every crate here, by the name the code uses, for builds and tests alike.
fn edges() -> Vec<Edge> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--format-version", "1", "--no-deps"])
        .current_dir(tree::root())
        .output()
        .expect("cargo ran this test");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    let list = |value: &Value, key: &str| value[key].as_array().expect("cargo metadata has lists").clone();
    let text = |value: &Value| value.as_str().map(String::from);
    let mut edges = Vec::new();
    for package in list(&metadata, "packages") {
        let from = text(&package["name"]).expect("a package has a name");
        for dependency in list(&package, "dependencies") {
            let to = text(&dependency["rename"]).or(text(&dependency["name"]));
            edges.push(Edge { from: from.clone(), to: to.expect("a dependency has a name") });
        }
    }
    edges
}

#[test]
fn the_metadata_is_read_and_not_empty() {
    let edges = edges();
    assert!(edges.iter().any(|e| e.from == "policies" && e.to == "state"));
    assert!(edges.iter().any(|e| e.from == "agent" && e.to == "raft"));
    assert!(
        edges.iter().any(|e| e.from == "state" && e.to == "serde_yaml"),
        "renamed crates go by their new name"
    );
}

#[test]
fn a_forbidden_edge_is_named() {
    let edge = |from: &str, to: &str| Edge { from: from.into(), to: to.into() };
    let edges = [
        edge("policies", "playbooks"),
        edge("state", "rand"),
        edge("agent", "lab"),
        edge("agent", "raft"),
        edge("lab", "agent"),
        edge("stranger", "serde"),
    ];
    assert_eq!(
        forbidden(&edges),
        ["policies -> playbooks", "state -> rand", "agent -> lab", "stranger -> serde"]
    );
}

#[test]
fn a_reason_is_more_than_a_name() {
    let table = "| name | why |\n|---|---|\n| `raft` | agreement |\n| `nix` | |\n";
    let page = format!("\n## Dependencies\n\n{table}\n## Next\n| `x` | outside |\n");
    assert_eq!(reasons(&page).into_iter().collect::<Vec<_>>(), ["raft"]);
}
