//! The glossary in `state/src/lib.rs`: each of its words stands in the manual, and none that it rules out names a type.

use super::rust::code;
use super::tree::{self, Source};
use super::words::{parts, type_names};

/// A word of the glossary, and those that are not to be used for the same thing.
struct Word {
    word: String,
    not: Vec<String>,
}

/// The rows of the table, without its head.
fn glossary(text: &str) -> Vec<Word> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("//! | "));
    let rows = rows.filter(|row| !row.starts_with("word |"));
    let read = |row: &str| {
        let cells: Vec<&str> = row.trim_end_matches('|').split(" | ").map(str::trim).collect();
        let [word, _, not @ ..] = cells.as_slice() else { panic!("`{row}` is no row") };
        let not = not.iter().flat_map(|not| not.split(", ")).filter(|not| !not.is_empty());
        Word { word: (*word).to_owned(), not: not.map(str::to_owned).collect() }
    };
    rows.map(read).collect()
}

/// Whether a text has it as a word, or in the plural.
fn says(text: &str, word: &str) -> bool {
    let breaks = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    text.match_indices(word).any(|(at, _)| {
        let behind = &text[at + word.len()..];
        let behind = behind.strip_prefix('s').unwrap_or(behind);
        breaks(text[..at].chars().next_back()) && breaks(behind.chars().next())
    })
}

fn ruled_out(source: &Source, words: &[Word]) -> Vec<String> {
    let names = type_names(&code(&source.text));
    let fault = |name: &String| {
        let parts = parts(name);
        let word = words.iter().find(|word| word.not.iter().any(|not| parts.contains(not)))?;
        Some(format!("{}: {name} is a {}", source.path, word.word))
    };
    names.iter().filter_map(fault).collect()
}

#[test]
fn every_word_stands_in_the_manual_and_no_type_has_one_that_is_ruled_out() {
    let words = glossary(&tree::read("state/src/lib.rs"));
    assert!(words.len() > 20, "the glossary is read");
    let all = tree::all();
    let pages = all.iter().filter(|source| source.path.starts_with("man/"));
    let manual: String = pages.map(|page| page.text.to_lowercase() + "\n").collect();
    let unsaid = words.iter().filter(|word| !says(&manual, &word.word));
    let mut faults: Vec<String> =
        unsaid.map(|word| format!("`{}` is in no page of the manual", word.word)).collect();
    let ours = all.iter().filter(|source| source.is_rust() && !source.is_test_by_place());
    faults.extend(ours.flat_map(|source| ruled_out(source, &words)));
    tree::obey("one word for each thing", &faults);
}

#[test]
fn a_word_that_is_ruled_out_is_found() {
    let words = glossary("//! | word | means | not |\n//! |---|---|---|\n//! | run | a plan | job, task |\n");
    assert_eq!(words.len(), 1);
    assert_eq!(ruled_out(&Source::new("a.rs", "pub struct JobQueue;\nfn task() {}\n"), &words).len(), 1);
    assert!(says("two runs, then", "run") && !says("a runner", "run"));
}
