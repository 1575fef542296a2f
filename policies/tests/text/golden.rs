//! Reads a folder of text tests; `UPDATE=1` writes down what comes out now.

use std::fs;
use std::path::{Path, PathBuf};

/// What stands between the input and what is expected.
const RULE: &str = "----\n";

/// Checks every file of a folder under `policies/tests`: the input above the rule, the answer below it.
///
/// The first line is a comment that says what the file shows; it belongs to the input.
pub fn check(folder: &str, answer: fn(&str) -> String) {
    let mut wrong = Vec::new();
    for path in files(folder) {
        let text = fs::read_to_string(&path).expect("a text test can be read");
        assert!(text.starts_with("# "), "{}: the first line says what it shows", path.display());
        let (input, expected) = text.split_once(RULE).unwrap_or((&text, ""));
        let found = answer(input);
        if found != expected && std::env::var_os("UPDATE").is_some() {
            fs::write(&path, format!("{input}{RULE}{found}")).expect("a text test can be written");
        } else if found != expected {
            wrong.push(format!("{}\n--- expected\n{expected}--- found\n{found}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{} wrong; UPDATE=1 accepts them\n{}", wrong.len(), wrong.join("\n"));
}

/// The text tests of a folder, in order; an empty folder is a mistake in the test.
pub fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let mut files: Vec<PathBuf> =
        fs::read_dir(&folder).expect("the folder is there").flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "txt"));
    files.sort();
    assert!(!files.is_empty(), "{} has no text tests", folder.display());
    files
}
