//! What a person reads of an edit: the example with one change to it, and the difference in words.

use super::golden;
use policies::Policy;
use policies::difference::words;

/// The policy that is edited.
const MINIMAL: &str = include_str!("../fixtures/minimal.yaml");

/// Every line of a file is an edit of the example, `old => new`; a blank `new` takes the text out.
fn edited(input: &str) -> String {
    let edits = input.lines().filter(|line| !line.starts_with('#'));
    let text = edits.fold(MINIMAL.to_owned(), |text, line| {
        let (old, new) = line.split_once(" => ").unwrap_or_else(|| panic!("no edit: {line}"));
        assert!(text.contains(old), "{old}");
        text.replacen(old, &new.replace("\\n", "\n"), 1)
    });
    if let Err(report) = Policy::read("policy.yaml", &text) {
        panic!("{input}{report}");
    }
    text
}

#[test]
fn edits_in_golden_files() {
    golden::check("edits", |input| {
        let mut said = words(MINIMAL, &edited(input)).join("\n");
        if said.is_empty() {
            said = "nothing".to_owned();
        }
        said + "\n"
    });
}

/// Whoever undoes an edit reads the same names again, and nothing is said of what stayed.
#[test]
fn an_edit_and_its_way_back_are_about_the_same() {
    for path in golden::files("edits") {
        let text = std::fs::read_to_string(&path).unwrap();
        let after = edited(text.split_once("----\n").unwrap().0);
        assert_eq!(words(MINIMAL, &after).len(), words(&after, MINIMAL).len(), "{}", path.display());
        assert!(words(&after, &after).is_empty(), "{}", path.display());
    }
}
