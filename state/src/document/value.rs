//! A value under the reader's finger: what it is expected to be, and the fault if it is not.

use super::fault::{Fault, Faults};
use super::fields::Fields;
use super::tree::{Key, Node, Place, Tree};

/// One value of a document, the key it stands under, and where its faults go.
///
/// Every question gives an answer or leaves a fault and gives none; nothing stops at the first fault.
#[derive(Clone, Copy, Debug)]
pub struct Value<'t> {
    key: Option<&'t Key>,
    stands: Stands,
    tree: &'t Tree,
    faults: &'t Faults,
}

/// How a value stands under its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    /// As the value of the key.
    Whole,
    /// As one of the values of its list.
    Entry,
}

impl<'t> Value<'t> {
    /// The whole document.
    pub fn root(tree: &'t Tree, faults: &'t Faults) -> Self {
        Self { key: None, stands: Stands::Whole, tree, faults }
    }

    /// A value under a key.
    pub(super) fn under(key: &'t Key, tree: &'t Tree, faults: &'t Faults) -> Self {
        Self { key: Some(key), stands: Stands::Whole, tree, faults }
    }

    /// The piece of the document itself.
    pub fn tree(self) -> &'t Tree {
        self.tree
    }

    /// Where the value is written; an empty one is at its key.
    pub fn place(self) -> Place {
        match (&self.tree.node, self.key) {
            (Node::Null, Some(key)) => key.place,
            _ => self.tree.place,
        }
    }

    /// Where its key is written, or the value itself if it has none, or only together with others.
    pub fn key_place(self) -> Place {
        match (self.stands, self.key) {
            (Stands::Whole, Some(key)) => key.place,
            (Stands::Entry, _) | (Stands::Whole, None) => self.tree.place,
        }
    }

    /// What it is called in a sentence: its key, the list that it is an entry of, or the whole document.
    pub(super) fn called(self) -> String {
        match (self.stands, self.key) {
            (Stands::Whole, Some(key)) => format!("`{}`", key.text),
            (Stands::Entry, Some(key)) => format!("an entry of `{}`", key.text),
            (Stands::Whole | Stands::Entry, None) => self.key_text().to_string(),
        }
    }

    /// The key it stands under; `the document` at the top.
    pub fn key_text(self) -> &'t str {
        self.key.map_or("the document", |key| key.text.as_str())
    }

    /// The bag that its faults go into.
    pub fn faults(self) -> &'t Faults {
        self.faults
    }

    /// Adds a fault at the value and gives no answer.
    pub fn refuse<T>(self, message: impl Into<String>, note: impl Into<String>) -> Option<T> {
        self.faults.add(Fault::at(self.place(), message).note(note));
        None
    }

    /// The value as a map with known keys.
    pub fn map(self) -> Option<Fields<'t>> {
        match &self.tree.node {
            Node::Map(entries) => Some(Fields::new(self, entries)),
            Node::List(_) | Node::Scalar { .. } | Node::Null => self.unexpected("a map of keys"),
        }
    }

    /// Whether the value is a map, for keys that take a map or one word.
    pub fn is_map(self) -> bool {
        matches!(self.tree.node, Node::Map(_))
    }

    /// The value as a map whose keys are names that its writer chose; a name used twice is a fault.
    pub fn entries(self) -> Vec<(&'t Key, Value<'t>)> {
        let entries = match &self.tree.node {
            Node::Map(entries) => entries,
            Node::List(_) | Node::Scalar { .. } | Node::Null => {
                self.unexpected::<()>("a map of names");
                return Vec::new();
            }
        };
        let mut unique: Vec<(&Key, Value)> = Vec::new();
        for (key, tree) in entries {
            match unique.iter().find(|(known, _)| known.text == key.text) {
                Some((first, _)) => self.faults.add(repeated(key, first)),
                None => unique.push((key, Self::under(key, tree, self.faults))),
            }
        }
        unique
    }

    /// The value as a list; one value may stand for a list of one.
    pub fn list(self) -> Vec<Value<'t>> {
        match &self.tree.node {
            Node::List(items) => {
                let entry = |tree| Value { key: self.key, stands: Stands::Entry, tree, faults: self.faults };
                items.iter().map(entry).collect()
            }
            Node::Scalar { .. } | Node::Map(_) => vec![self],
            Node::Null => {
                self.unexpected::<()>("a list");
                Vec::new()
            }
        }
    }

    /// Says that the value is not what was expected.
    pub(super) fn unexpected<T>(self, expected: &str) -> Option<T> {
        let key = self.key_text();
        match &self.tree.node {
            Node::Null if self.key.is_some() => {
                self.refuse(format!("`{key}` has no value"), format!("expected {expected}"))
            }
            Node::Null => self.refuse("the document is empty", format!("expected {expected}")),
            node @ (Node::Map(_) | Node::List(_) | Node::Scalar { .. }) => self.refuse(
                format!("{} must be {expected}, not {}", self.called(), node.kind()),
                shape(expected),
            ),
        }
    }
}

/// How something that was expected is written.
fn shape(expected: &str) -> &'static str {
    match expected {
        "a list" => "such as `[one, two]`",
        "a map of keys" | "a map of names" => "such as `{ key: value }`",
        _ => "one word, number or text; quote it if it has a `:` or a `{`",
    }
}

/// The fault of a key that is written twice, with both places.
pub(super) fn repeated(second: &Key, first: &Key) -> Fault {
    Fault::at(second.place, format!("`{}` is written twice", second.text))
        .note(format!("first in line {}, column {}", first.place.line, first.place.column))
}
