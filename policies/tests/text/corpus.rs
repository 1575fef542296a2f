//! The corpus of faults: each case is a change to the beginner's policy, and the report that a person gets.
//!
//! A file of `tests/faults` has one theme, said in its first line. A case begins with `== what is wrong`. Then come
//! lines as in a patch: ` kept`, `-taken out`, `+put in`; `@@` begins another place. Lines that are only put in stand
//! at the end of the policy. Below `----` stands the report; `UPDATE=1` writes it down.

use super::golden;
use policies::Policy;
use std::fmt::Write as _;
use std::fs;

/// What every case changes.
const BASE: &str = include_str!("../fixtures/minimal.yaml");
/// The least number of seeded faults.
const LEAST: usize = 100;

/// One case.
struct Case<'t> {
    title: &'t str,
    patch: &'t str,
    expected: &'t str,
}

#[test]
fn every_seeded_fault_is_refused_with_its_place_and_a_hint() {
    let (mut cases, mut wrong) = (0, String::new());
    for path in golden::files("faults") {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let (theme, rest) = text.split_once('\n').unwrap();
        assert!(theme.starts_with("# "), "{name}: the first line says what it is about");
        let mut rewritten = format!("{theme}\n");
        for case in split(rest) {
            cases += 1;
            let report = report(&name, &case);
            write!(rewritten, "\n== {}\n{}----\n{report}", case.title, case.patch).unwrap();
            if report.trim() != case.expected.trim() {
                writeln!(
                    wrong,
                    "{name}, `{}`\n--- expected\n{}--- found\n{report}",
                    case.title, case.expected
                )
                .unwrap();
            }
        }
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, rewritten).unwrap();
        }
    }
    println!("{cases} seeded faults in policies");
    assert!(cases >= LEAST, "only {cases} cases");
    assert!(wrong.is_empty() || std::env::var_os("UPDATE").is_some(), "UPDATE=1 accepts them\n{wrong}");
}

/// The cases of a file.
fn split(text: &str) -> Vec<Case<'_>> {
    let cases = text.split("\n== ").skip(1).map(|case| {
        let (title, rest) = case.split_once('\n').expect("a case has a title");
        let (patch, expected) = rest.split_once("----\n").unwrap_or((rest, ""));
        Case { title, patch, expected }
    });
    cases.collect()
}

/// What a person reads; each fault must have a place inside the text and say what to do.
fn report(file: &str, case: &Case<'_>) -> String {
    let text = patched(case.patch).unwrap_or_else(|why| panic!("{file}, `{}`: {why}", case.title));
    let Err(report) = Policy::read("policy.yaml", &text) else {
        panic!("{file}, `{}`: nothing is wrong", case.title);
    };
    for fault in &report.faults {
        let (place, message) = (fault.place(), fault.message());
        let line =
            text.lines().nth(place.line as usize - 1).unwrap_or_else(|| panic!("{message}: no such line"));
        let width = line.chars().count().max(1);
        assert!(place.column as usize <= width + 1, "{file}, `{}`: {message}: beyond the line", case.title);
        assert!(fault.is_helpful(), "{file}, `{}`: {message}: and now?", case.title);
    }
    report.to_string()
}

/// The base with a patch applied.
fn patched(patch: &str) -> Result<String, String> {
    let mut text = BASE.to_string();
    for hunk in patch.split("@@\n") {
        let side = |other: char| {
            let lines = hunk.lines().filter(|line| !line.starts_with(other));
            lines.map(|line| line.get(1..).unwrap_or_default().to_owned() + "\n").collect::<String>()
        };
        let (old, new) = (side('+'), side('-'));
        if old.is_empty() {
            text += &new;
            continue;
        }
        if text.matches(&old).count() != 1 {
            return Err(format!("stands {} times in the policy:\n{old}", text.matches(&old).count()));
        }
        text = text.replace(&old, &new);
    }
    Ok(text)
}
