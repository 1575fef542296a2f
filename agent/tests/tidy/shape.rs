//! The shape of a file: its length, its width, and no blanks that nobody sees.

use super::tree::{self, Source};

const LINES_MAX: usize = 400;
const COLUMNS_MAX: usize = 120;

#[test]
fn no_file_is_too_long() {
    let long = |s: &&Source| s.text.lines().count() > LINES_MAX;
    let say = |s: &Source| format!("{}: {} lines", s.path, s.text.lines().count());
    let faults: Vec<String> = tree::rust().iter().filter(long).map(say).collect();
    tree::obey("a file has 400 lines at most; split it where the subject changes", &faults);
}

#[test]
fn lines_are_clean() {
    let faults: Vec<String> =
        tree::all().iter().filter(|s| is_written_by_hand(&s.path)).flat_map(untidy).collect();
    tree::obey("blanks and widths", &faults);
}

/// Recorded bytes are kept as they came: a fixture's trailing blank may be the very thing it shows.
fn is_written_by_hand(path: &str) -> bool {
    let endings = [".rs", ".toml", ".md", ".yaml", ".sql", ".service", ".conf", ".sh", ".1", ".5", ".8"];
    path == ".ci/run" || endings.iter().any(|end| path.ends_with(end))
}

fn untidy(source: &Source) -> Vec<String> {
    let tabs_are_fine = source.path.ends_with("Makefile");
    let mut faults = Vec::new();
    for (i, line) in source.text.lines().enumerate() {
        let at = format!("{}:{}", source.path, i + 1);
        if line.trim_end() != line {
            faults.push(format!("{at}: blanks at the end"));
        }
        if line.contains('\t') && !tabs_are_fine {
            faults.push(format!("{at}: a tab"));
        }
        if source.is_rust() && line.chars().count() > COLUMNS_MAX {
            faults.push(format!("{at}: {} columns, {COLUMNS_MAX} fit", line.chars().count()));
        }
    }
    if !source.text.is_empty() && !source.text.ends_with('\n') {
        faults.push(format!("{}: no newline at the end", source.path));
    }
    faults
}

#[test]
fn each_untidiness_is_named_with_its_line() {
    let wide = "x".repeat(COLUMNS_MAX + 1);
    let text = format!("a \n\tb\n{wide}\nend");
    let faults = untidy(&Source::new("a.rs", &text));
    assert_eq!(
        faults,
        [
            "a.rs:1: blanks at the end",
            "a.rs:2: a tab",
            "a.rs:3: 121 columns, 120 fit",
            "a.rs: no newline at the end"
        ]
    );
    assert!(untidy(&Source::new("a.md", &format!("{wide}\n"))).is_empty());
}
