//! YAML text to a document tree with places: the only file of the pure crates that names the YAML library.

use super::{Broken, DEPTH_MAX, Key, NODES_MAX, Node, Place, Quoting, Tree, Why};
use serde::de::{Deserialize, Deserializer, Error as DeError, MapAccess, SeqAccess, Visitor};
use serde_yaml::options::{DuplicateKeyPolicy, MergeKeyPolicy, NonFiniteFloatPolicy};
use serde_yaml::{Location, Options, Spanned};
use std::fmt;

/// One reading, up to the first fault of the notation.
pub(super) fn parse(text: &str) -> Result<Tree, Broken> {
    let raw: Spanned<Raw> =
        serde_yaml::from_str_with_options(text, options()).map_err(|error| broken(&error))?;
    tree(raw, text)
}

/// Nothing is guessed and nothing is expanded: no merging, no anchors, no tags, one document.
fn options() -> Options {
    serde_yaml::options! {
        with_snippet: false,
        strict_booleans: true,
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::AsOrdinary,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        reject_unsupported_tags: true,
        budget: serde_yaml::budget! {
            max_anchors: 0,
            max_aliases: 0,
            max_depth: DEPTH_MAX,
            max_nodes: NODES_MAX,
        },
    }
}

/// What the library gives us: it knows the kinds, the text knows the spelling.
enum Raw {
    Map(Vec<(Spanned<Raw>, Spanned<Raw>)>),
    List(Vec<Spanned<Raw>>),
    /// A text, quotes and escapes resolved.
    Text(String),
    /// Something that looks like a number, a true or a false: what counts is how it is written.
    Typed,
    Null,
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

/// Takes whatever there is.
struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map, a list or a single value")
    }

    fn visit_bool<E: DeError>(self, _: bool) -> Result<Raw, E> {
        Ok(Raw::Typed)
    }

    fn visit_i64<E: DeError>(self, _: i64) -> Result<Raw, E> {
        Ok(Raw::Typed)
    }

    fn visit_u64<E: DeError>(self, _: u64) -> Result<Raw, E> {
        Ok(Raw::Typed)
    }

    fn visit_i128<E: DeError>(self, _: i128) -> Result<Raw, E> {
        Ok(Raw::Typed)
    }

    fn visit_u128<E: DeError>(self, _: u128) -> Result<Raw, E> {
        Ok(Raw::Typed)
    }

    fn visit_f64<E: DeError>(self, _: f64) -> Result<Raw, E> {
        Ok(Raw::Typed)
    }

    fn visit_unit<E: DeError>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_str<E: DeError>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.to_string()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}

/// The tree of what the library gave us.
fn tree(raw: Spanned<Raw>, text: &str) -> Result<Tree, Broken> {
    let at = place(raw.referenced);
    let written = written(raw.referenced, text);
    let node = match raw.value {
        Raw::Null => Node::Null,
        Raw::Typed => Node::Scalar { text: written.to_string(), quoted: Quoting::Bare },
        Raw::Text(value) => {
            let quoted = if value == written { Quoting::Bare } else { Quoting::Quoted };
            Node::Scalar { text: value, quoted }
        }
        Raw::List(items) => {
            Node::List(items.into_iter().map(|item| tree(item, text)).collect::<Result<_, _>>()?)
        }
        Raw::Map(entries) => {
            let entries =
                entries.into_iter().map(|(key, value)| Ok((self::key(key, text)?, tree(value, text)?)));
            Node::Map(entries.collect::<Result<_, _>>()?)
        }
    };
    Ok(Tree { place: at, node })
}

/// A key: one value, never a map or a list.
fn key(raw: Spanned<Raw>, text: &str) -> Result<Key, Broken> {
    let Tree { place, node } = tree(raw, text)?;
    match node {
        Node::Scalar { text, .. } => Ok(Key { place, text }),
        Node::Map(_) | Node::List(_) | Node::Null => {
            let why = Why::Notation(format!("a key is one word, not {}", node.kind()));
            Err(Broken { place: Some(place), why })
        }
    }
}

/// The piece of the text as it is written, quotes included; empty if the library does not know its bytes.
fn written(location: Location, text: &str) -> &str {
    let span = location.span();
    let start = span.byte_offset().and_then(|start| usize::try_from(start).ok());
    let length = span.byte_len().and_then(|length| usize::try_from(length).ok());
    let range = start.zip(length).and_then(|(start, length)| text.get(start..start.checked_add(length)?));
    range.unwrap_or_default()
}

/// The place of a location.
fn place(location: Location) -> Place {
    let narrow = |count: u64| u32::try_from(count).unwrap_or(u32::MAX).max(1);
    Place {
        line: narrow(location.line()),
        column: narrow(location.column()),
        length: narrow(location.span().len()),
    }
}

/// What the library stumbled over, in our terms.
fn broken(error: &serde_yaml::Error) -> Broken {
    use serde_yaml::Error as E;
    use serde_yaml::budget::BudgetBreach as B;
    let error = error.without_snippet();
    let why = if matches!(error, E::DuplicateMappingKey { .. }) {
        Why::RepeatedKey
    } else if matches!(error, E::MultipleDocuments { .. }) {
        Why::SecondDocument
    } else if matches!(
        error,
        E::Budget { breach: B::Anchors { .. } | B::Aliases { .. }, .. } | E::UnsupportedTag { .. }
    ) {
        Why::Shortcut
    } else if matches!(error, E::Budget { .. }) {
        Why::TooBig
    } else {
        Why::Notation(words(&error.to_string()))
    };
    Broken { place: error.location().map(place), why }
}

/// The library's sentence without the place, which we show ourselves.
fn words(sentence: &str) -> String {
    let end = sentence.rfind(" at line ").unwrap_or(sentence.len());
    sentence[..end].replace('`', "'")
}
