//! The map in ARCHITECTURE.md equals the first sentence of every file; `UPDATE=1` redraws it.

use super::tree::{self, Source};
use std::fs;

const PAGE: &str = "ARCHITECTURE.md";
const HEADING: &str = "## Map\n";

#[test]
fn the_map_equals_the_files() {
    let page = tree::read(PAGE);
    let wanted = redraw(&page, &draw(&tree::rust()));
    if std::env::var_os("UPDATE").is_some() {
        // Other tests read the page meanwhile: they see the old one or the new one, never half of it.
        let (fresh, place) = (tree::root().join("target/ARCHITECTURE.md.new"), tree::root().join(PAGE));
        fs::write(&fresh, &wanted).and_then(|()| fs::rename(&fresh, &place)).expect("the map can be written");
        return;
    }
    let drifted: Vec<String> =
        wanted.lines().filter(|l| !page.lines().any(|p| p == *l)).map(String::from).collect();
    let hint = "the map drifted; redraw it with `UPDATE=1 cargo test -p agent --test tidy`, then read the difference";
    assert!(page == wanted, "{hint}\n  {}", drifted.join("\n  "));
}

#[test]
fn every_file_begins_with_a_sentence() {
    let lacks = |s: &&Source| first_sentence(&s.text).is_none();
    let faults: Vec<String> = tree::rust().iter().filter(lacks).map(|s| s.path.clone()).collect();
    tree::obey("the first line is `//! ` and a sentence with its period", &faults);
}

/// The first sentence of the file's own comment, joined over its lines; none when it is not a sentence.
pub fn first_sentence(text: &str) -> Option<String> {
    let paragraph: Vec<&str> = text.lines().map_while(|l| l.strip_prefix("//! ")).map(str::trim).collect();
    let joined = paragraph.join(" ");
    let end = joined.find(". ").map_or(joined.len(), |at| at + 1);
    let sentence = &joined[..end];
    let is_sentence = sentence.ends_with('.') && sentence.split(' ').count() >= 3;
    is_sentence.then(|| sentence.to_string())
}

/// One list per crate, tests apart, in the order of the data path: memory, judgement, procedure, hands, track.
fn draw(files: &[Source]) -> String {
    let crates = ["state", "policies", "playbooks", "agent", "agent/lab"];
    let mut map = String::new();
    for room in crates {
        let own =
            |s: &&Source| crates.iter().rev().find(|c| s.path.starts_with(&format!("{c}/"))) == Some(&room);
        map.push_str(&format!("\n### {room}\n\n"));
        for file in files.iter().filter(own) {
            let sentence = first_sentence(&file.text).unwrap_or_else(|| "(no first sentence)".to_string());
            map.push_str(&format!("- `{}`: {sentence}\n", file.path));
        }
    }
    map
}

fn redraw(page: &str, map: &str) -> String {
    let start = page.find(HEADING).expect("ARCHITECTURE.md has a heading `## Map`") + HEADING.len();
    let rest = page[start..].find("\n## ").map_or("", |at| &page[start + at..]);
    let lead = page[start..].find("\n### ").map_or("", |at| &page[start..start + at]);
    format!("{}{lead}{map}{rest}", &page[..start])
}

#[test]
fn a_sentence_may_run_over_lines_and_ends_at_its_period() {
    let text = "//! Counts ballots\n//! by site. Then more.\n//!\n//! Another paragraph.\n";
    assert_eq!(first_sentence(text).as_deref(), Some("Counts ballots by site."));
    assert_eq!(first_sentence("//! x\n"), None);
    assert_eq!(first_sentence("//! It stops without a period\n"), None);
    assert_eq!(first_sentence("use std::fs;\n//! Too late for a file.\n"), None);
}

#[test]
fn the_map_is_redrawn_in_place_and_twice_is_once() {
    let files = [
        Source::new("agent/lab/src/lib.rs", "//! The test track.\n"),
        Source::new("agent/src/lib.rs", "//! The two hands.\n"),
    ];
    let page =
        "# A\n\n## Map\n\nA word before.\n\n### agent\n\n- `gone.rs`: It went away.\n\n## After\n\ntext\n";
    let drawn = redraw(page, &draw(&files));
    assert!(drawn.starts_with("# A\n\n## Map\n\nA word before.\n\n### state\n"));
    assert!(drawn.contains(
        "### agent\n\n- `agent/src/lib.rs`: The two hands.\n\n### agent/lab\n\n- `agent/lab/src/lib.rs`"
    ));
    assert!(drawn.ends_with("The test track.\n\n## After\n\ntext\n") && !drawn.contains("gone.rs"));
    assert_eq!(redraw(&drawn, &draw(&files)), drawn);
}
