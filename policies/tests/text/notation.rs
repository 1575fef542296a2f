//! YAML to trees: what the notation allows, how it is refused, and which place everything has.

use super::golden;
use state::document::{self, Faults, Node, Place, Quoting, Tree};

#[test]
fn notation_in_golden_files() {
    golden::check("notation", |input| {
        let faults = Faults::new();
        let tree = document::read(input, &faults);
        let mut shown = String::new();
        if let Some(tree) = tree {
            show(&tree, 0, &mut shown);
        }
        if let Some(report) = faults.report("file.yaml", input) {
            shown += &report.to_string();
        }
        shown
    });
}

/// One line for each value: its place, how long it is, and what it is.
fn show(tree: &Tree, depth: usize, out: &mut String) {
    let line = match &tree.node {
        Node::Null => "nothing".to_string(),
        Node::Scalar { text, quoted: Quoting::Bare } => format!("bare {text}"),
        Node::Scalar { text, quoted: Quoting::Quoted } => format!("quoted {text:?}"),
        Node::List(items) => format!("list of {}", items.len()),
        Node::Map(entries) => format!("map of {}", entries.len()),
    };
    *out += &format!("{:depth$}{} {line}\n", "", at(tree.place));
    match &tree.node {
        Node::Null | Node::Scalar { .. } => {}
        Node::List(items) => items.iter().for_each(|item| show(item, depth + 2, out)),
        Node::Map(entries) => {
            for (key, value) in entries {
                *out += &format!("{:depth$}  {} key {}\n", "", at(key.place), key.text);
                show(value, depth + 4, out);
            }
        }
    }
}

/// A place in one word.
fn at(place: Place) -> String {
    format!("{}:{}+{}", place.line, place.column, place.length)
}

#[test]
fn a_document_has_limits() {
    let refused = |text: &str| {
        let faults = Faults::new();
        assert_eq!(document::read(text, &faults), None);
        faults.report("file.yaml", text).expect("it is refused").faults[0].message().to_string()
    };
    let many = format!("a: [{}]\n", "1,".repeat(21_000));
    assert_eq!(refused(&many), "the document is too big or too deep");
    let deep = format!("a: {}{}\n", "[".repeat(17), "]".repeat(17));
    assert_eq!(refused(&deep), "the document is too big or too deep");
    let long = format!("a: {}\n", "x".repeat(300 * 1024));
    assert_eq!(refused(&long), "the document has 300 KiB, more than 256");
    let repeats: String = "a: 1\n".repeat(100);
    assert_eq!(refused(&repeats), "too many keys are written twice");
}
