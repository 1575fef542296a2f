//! The corpus of faults: each case is a wrong playbook, and the report that a person gets.
//!
//! A file of `tests/faults` has one theme, said in its first line. A case begins with `== what is wrong`; below
//! `----` stands the report, and `UPDATE=1` writes it down.

use playbooks::Playbook;
use std::fs;
use std::path::{Path, PathBuf};

/// The least number of seeded faults.
const LEAST: usize = 55;

#[test]
fn every_seeded_fault_is_refused_with_its_place_and_a_hint() {
    let update = std::env::var_os("UPDATE").is_some();
    let (mut cases, mut wrong) = (0, String::new());
    for path in files() {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let (theme, rest) = text.split_once('\n').unwrap();
        assert!(theme.starts_with("# "), "{name}: the first line says what it is about");
        let mut rewritten = format!("{theme}\n");
        for case in rest.split("\n== ").skip(1) {
            let (title, rest) = case.split_once('\n').expect("a case has a title");
            let (input, expected) = rest.split_once("----\n").unwrap_or((rest, ""));
            let report = report(input, &format!("{name}, `{title}`"));
            rewritten += &format!("\n== {title}\n{input}----\n{report}");
            if report.trim() != expected.trim() {
                wrong += &format!("{name}, `{title}`\n--- expected\n{expected}--- found\n{report}\n");
            }
            cases += 1;
        }
        if update {
            fs::write(&path, rewritten).unwrap();
        }
    }
    println!("{cases} seeded faults in playbooks");
    assert!(cases >= LEAST, "only {cases} cases");
    assert!(wrong.is_empty() || update, "UPDATE=1 accepts them\n{wrong}");
}

/// The themes, in order.
fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults");
    let entries = fs::read_dir(folder).expect("the folder is there").flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.sort();
    files
}

/// What a person reads; each fault must have a place inside the text and say what to do.
fn report(input: &str, case: &str) -> String {
    let Err(report) = Playbook::read("playbook.yaml", input) else { panic!("{case}: nothing is wrong") };
    for fault in &report.faults {
        let (place, message) = (fault.place(), fault.message());
        let line = input.lines().nth(place.line as usize - 1).unwrap_or_default();
        assert!(
            place.column as usize <= line.chars().count().max(1) + 1,
            "{case}: {message}: beyond the line"
        );
        assert!(fault.is_helpful(), "{case}: {message}: and now?");
    }
    report.to_string()
}
