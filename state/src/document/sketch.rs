//! What a language asked of a document while it was read: the sketch from which editors learn it.
//!
//! The reading itself is the only table of the language. Whoever wants to tell an editor which keys there are reads a
//! document that has all of them, and turns what was asked into a schema; nothing can be forgotten or left behind.

use super::tree::{Node, Place, Tree};
use super::value::Value;
use std::collections::BTreeMap;

/// What was asked of one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A map with these keys, of which some must be there.
    Fields {
        /// All that are known.
        known: Vec<&'static str>,
        /// Those that must be there.
        required: Vec<&'static str>,
    },
    /// A map whose keys are names that its writer chose.
    Names,
    /// A list, for which one value may stand.
    List,
    /// One of a few words.
    Word(Vec<&'static str>),
    /// A whole number within a range.
    Count(u32, u32),
    /// A time with its unit.
    Duration,
    /// Any other single value.
    Text,
}

/// A piece of a language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sketch {
    /// A map with known keys.
    Map {
        /// Every known key; a key that the document does not have is anything.
        keys: BTreeMap<&'static str, Sketch>,
        /// Those that must be there.
        required: Vec<&'static str>,
    },
    /// A map of names to values of one kind.
    Names(Box<Sketch>),
    /// A list of values of one kind, or one of them.
    List(Box<Sketch>),
    /// One of a few words.
    Word(Vec<&'static str>),
    /// A whole number from the first to the last.
    Count(u32, u32),
    /// A time with its unit.
    Duration,
    /// A single value.
    Text,
    /// One of these.
    Either(Vec<Sketch>),
    /// Nobody asked: the document has no such value.
    Anything,
}

impl Sketch {
    /// What was asked of a document that was read to its end.
    pub fn of(document: Value<'_>) -> Self {
        let asked = document.faults().asked();
        let mut at: BTreeMap<Place, Vec<Asked>> = BTreeMap::new();
        for (place, asked) in asked {
            at.entry(place).or_default().push(asked);
        }
        sketch(document.tree(), &at)
    }

    /// The keys that are known and stand nowhere in the document, each with the way to it.
    pub fn gaps(&self) -> Vec<String> {
        let mut gaps = Vec::new();
        self.gather("", &mut gaps);
        gaps
    }

    fn gather(&self, way: &str, gaps: &mut Vec<String>) {
        match self {
            Self::Map { keys, .. } => {
                keys.iter().for_each(|(key, of)| of.gather(&format!("{way}/{key}"), gaps))
            }
            Self::Names(of) | Self::List(of) => of.gather(way, gaps),
            Self::Either(of) => of.iter().for_each(|of| of.gather(way, gaps)),
            Self::Anything => gaps.push(way.to_owned()),
            Self::Word(_) | Self::Count(..) | Self::Duration | Self::Text => {}
        }
    }

    /// This or that, as one sketch; where both are maps with known keys, what one has not seen the other may have.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Anything, one) | (one, Self::Anything) => one,
            (one, other) if one == other => one,
            (Self::Map { mut keys, required }, Self::Map { keys: others, required: also })
                if keys.keys().eq(others.keys()) =>
            {
                for (key, of) in others {
                    let known = keys.remove(key).unwrap_or(Self::Anything);
                    keys.insert(key, known.or(of));
                }
                // What only one of two like maps must have depends on its other keys, which no sketch knows.
                let required = required.into_iter().filter(|key| also.contains(key)).collect();
                Self::Map { keys, required }
            }
            (Self::Names(one), Self::Names(other)) => Self::Names(Box::new(one.or(*other))),
            (Self::List(one), Self::List(other)) => Self::List(Box::new(one.or(*other))),
            (Self::Either(of), one) | (one, Self::Either(of)) => of.into_iter().fold(one, Self::beside),
            (one, other) => Self::Either(vec![one, other]),
        }
    }

    /// The same, where this stands among others already.
    fn beside(self, other: Self) -> Self {
        let mut all = match self {
            Self::Either(of) => of,
            one @ (Self::Map { .. }
            | Self::Names(_)
            | Self::List(_)
            | Self::Word(_)
            | Self::Count(..)
            | Self::Duration
            | Self::Text
            | Self::Anything) => vec![one],
        };
        let like = |known: &Self| std::mem::discriminant(known) == std::mem::discriminant(&other);
        match all.iter().position(like) {
            Some(at) => {
                let merged = all.remove(at).or(other);
                all.insert(at, merged);
            }
            None => all.push(other),
        }
        if all.len() == 1 { all.remove(0) } else { Self::Either(all) }
    }
}

/// The sketch of a piece of a document.
fn sketch(tree: &Tree, at: &BTreeMap<Place, Vec<Asked>>) -> Sketch {
    let asked = at.get(&tree.place).map(Vec::as_slice).unwrap_or_default();
    let list = asked.contains(&Asked::List);
    let one = match &tree.node {
        Node::List(items) => items.iter().map(|item| sketch(item, at)).fold(Sketch::Anything, Sketch::or),
        Node::Map(entries) => map(entries, asked, at),
        Node::Scalar { .. } | Node::Null => asked.iter().rev().find_map(single).unwrap_or(Sketch::Anything),
    };
    if list { Sketch::List(Box::new(one)) } else { one }
}

fn map(entries: &[(super::Key, Tree)], asked: &[Asked], at: &BTreeMap<Place, Vec<Asked>>) -> Sketch {
    let Some(Asked::Fields { known, required }) =
        asked.iter().rev().find(|asked| matches!(asked, Asked::Fields { .. }))
    else {
        let of = entries.iter().map(|(_, tree)| sketch(tree, at)).fold(Sketch::Anything, Sketch::or);
        return Sketch::Names(Box::new(of));
    };
    let value =
        |key: &str| entries.iter().find(|(found, _)| found.text == key).map(|(_, tree)| sketch(tree, at));
    let keys = known.iter().map(|key| (*key, value(key).unwrap_or(Sketch::Anything))).collect();
    Sketch::Map { keys, required: required.clone() }
}

fn single(asked: &Asked) -> Option<Sketch> {
    match asked {
        Asked::Word(words) => Some(Sketch::Word(words.clone())),
        Asked::Count(least, most) => Some(Sketch::Count(*least, *most)),
        Asked::Duration => Some(Sketch::Duration),
        Asked::Text => Some(Sketch::Text),
        Asked::Fields { .. } | Asked::Names | Asked::List => None,
    }
}
