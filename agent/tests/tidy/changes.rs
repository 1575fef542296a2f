//! CHANGELOG.md tells the operator about the version that is being built.

use super::tree;

#[test]
fn this_version_has_an_entry() {
    let version = env!("CARGO_PKG_VERSION");
    let said = entry(&tree::read("CHANGELOG.md"), version);
    assert!(said > 0, "CHANGELOG.md: `## {version}` is missing, or has nothing to tell");
}

/// How many points the entry of this version has.
fn entry(page: &str, version: &str) -> usize {
    let is_ours =
        |section: &&str| section.lines().next().unwrap_or_default().split(' ').next() == Some(version);
    let section = page.split("\n## ").skip(1).find(is_ours).unwrap_or_default();
    section.lines().filter(|line| line.starts_with("- ")).count()
}

#[test]
fn an_entry_needs_its_own_heading_and_a_point() {
    let page =
        "# Changes\n\n## 0.2.0 (unreleased)\n\n- one\n- two\n\n## 0.1.0\n\n- old\n\n## 0.0.9\n\nnothing\n";
    assert_eq!(
        [entry(page, "0.2.0"), entry(page, "0.1.0"), entry(page, "0.0.9"), entry(page, "0.2")],
        [2, 1, 0, 0]
    );
}
