//! A written document as a tree that knows its places, and every fault of it in one report.
//!
//! What is here is shared by the policy, the playbooks and the site file, so that all are refused in the same words.

mod duration;
mod example;
mod fault;
mod fields;
mod nearest;
mod scalar;
mod sketch;
mod tree;
mod value;
mod yaml;

pub use duration::duration_in;
pub use fault::{Fault, Faults, Report};
pub use fields::Fields;
pub use nearest::nearest;
pub use scalar::{NAME_MAX, is_host, is_name, spell};
pub use sketch::Sketch;
pub use tree::{Key, Node, Place, Quoting, Tree};
pub use value::Value;

/// The longest document, in bytes: a policy with a thousand numbers needs a tenth of it.
pub const BYTES_MAX: usize = 256 * 1024;
/// The deepest nesting: the languages need six levels, and a stack is never at stake at sixteen.
pub const DEPTH_MAX: usize = 16;
/// The most values in one document: ten times what the longest policy needs.
pub const NODES_MAX: usize = 20_000;
/// The most repeated keys that are looked for in one document; a sixty-fifth ends the reading.
const REPEATS_MAX: usize = 64;

/// Why a text is no document.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Broken {
    /// Where it was noticed; the end of the text if it is not known.
    place: Option<Place>,
    /// What was noticed.
    why: Why,
}

/// What the reader of the notation stumbled over.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Why {
    /// A key that its map has already; the place is the second one.
    RepeatedKey,
    /// An anchor, an alias or a tag: the notation's own shortcuts are not part of our languages.
    Shortcut,
    /// A second document in the same text.
    SecondDocument,
    /// Deeper, longer or richer than the limits above.
    TooBig,
    /// Anything else, in the reader's own words.
    Notation(String),
}

/// Reads a YAML document, and puts what is wrong with its notation into `faults`.
///
/// A repeated key ends the reading of most libraries. Here it gets a stand-in of the same length and the
/// text is read again, so that the repetition is one fault among the others and no other fault is hidden.
pub fn read(text: &str, faults: &Faults) -> Option<Tree> {
    if text.len() > BYTES_MAX {
        let size = format!("the document has {} KiB, more than {}", text.len() / 1024, BYTES_MAX / 1024);
        faults.add(Fault::at(Place::START, size).hint("write ranges for numbers that follow each other"));
        return None;
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut masked = text.to_string();
    let mut repeats = Vec::new();
    loop {
        match yaml::parse(&masked) {
            Ok(mut tree) => {
                restore(&mut tree, &repeats);
                return Some(tree);
            }
            Err(Broken { place: Some(place), why: Why::RepeatedKey }) if repeats.len() < REPEATS_MAX => {
                match mask(&masked, place, repeats.len()) {
                    Some((next, key)) => {
                        masked = next;
                        repeats.push((place, key));
                    }
                    None => {
                        faults.add(Fault::at(place, "a key is written twice").note("leave one of them out"));
                        return None;
                    }
                }
            }
            Err(broken) => {
                faults.add(broken.into_fault(text));
                return None;
            }
        }
    }
}

impl Broken {
    /// The fault in our words, with what a tired person should look at.
    fn into_fault(self, text: &str) -> Fault {
        let place = self.place.unwrap_or_else(|| Place::end_of(text));
        match self.why {
            Why::RepeatedKey => {
                Fault::at(place, "too many keys are written twice").note("leave this one out")
            }
            Why::Shortcut => Fault::at(
                pinned(text, place, &['&', '*', '!']),
                "anchors, aliases and tags are not used here",
            )
            .note("write the value out, or quote it if it begins with `&`, `*` or `!`"),
            Why::SecondDocument => {
                Fault::at(place, "a second document begins here").note("one file holds one document")
            }
            Why::TooBig => Fault::at(place, "the document is too big or too deep")
                .hint(format!("at most {DEPTH_MAX} levels and {NODES_MAX} values")),
            Why::Notation(words) => {
                let place = if words.contains("tab") { pinned(text, place, &['\t']) } else { place };
                Fault::at(place, format!("this is not YAML: {words}")).hint(advice(&words))
            }
        }
    }
}

/// What usually is the matter when the reader of the notation says `words`.
fn advice(words: &str) -> &'static str {
    let table = [
        ("tab", "indent with blanks, never with tabs"),
        (
            "mapping values are not allowed",
            "a `:` and a blank after each key, one key to a line, indented like its neighbours",
        ),
        ("':' indicator", "look for a `[` or `{` above that is never closed"),
        ("unexpected character", "quote values that begin with `@`, `%` or a backquote"),
        ("escape", "in double quotes a backslash is written twice; single quotes need none"),
        ("quote", "look for a quote that is never closed"),
        ("misplaced bracket", "a `]` or `}` too many"),
        ("alias", "quote it if it begins with `*`, or write the value out"),
        ("expected ','", "a comma between two entries, or a `]` or `}` above that is missing"),
        ("a key is one word", "a name, a `:` and a blank, such as `votes: 1`"),
        ("flow", "look for a `[` or `{` that is never closed"),
        ("simple key", "a key ends in `:` and a blank, in the same column as the keys around it"),
        ("block", "keys of one map begin in the same column"),
    ];
    let lower = words.to_lowercase();
    let otherwise = "one key and one value to a line, such as `votes: 1`; keys of one map in one column";
    table.iter().find(|(part, _)| lower.contains(part)).map_or(otherwise, |(_, advice)| advice)
}

/// The word before a place that begins with one of these characters: readers notice a shortcut when it is over.
fn pinned(text: &str, place: Place, starts: &[char]) -> Place {
    let line: Vec<char> = text.lines().nth(place.line as usize - 1).unwrap_or_default().chars().collect();
    let end = line.len().min(place.column as usize);
    let Some(start) = line[..end].iter().rposition(|c| starts.contains(c)) else { return place };
    let length = line[start..].iter().take_while(|c| !" ,]}".contains(**c)).count();
    let length = if line[start] == '\t' { 1 } else { length };
    let narrow = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    Place { line: place.line, column: narrow(start + 1), length: narrow(length) }
}

/// The text with a stand-in for the key at `place`, and the key; none if the key is longer than its line.
fn mask(text: &str, place: Place, nth: usize) -> Option<(String, String)> {
    // A private-use character that no keyboard has, another one for each repeat.
    let stand_in = char::from_u32(0xE000 + u32::try_from(nth).ok()?)?;
    let start = text.split_inclusive('\n').take(place.line as usize - 1).map(str::len).sum::<usize>();
    let line = text.get(start..)?.split('\n').next()?;
    let key: String = line.chars().skip(place.column as usize - 1).take(place.length as usize).collect();
    if key.is_empty() || key.chars().count() < place.length as usize {
        return None;
    }
    let before: usize = line.chars().take(place.column as usize - 1).map(char::len_utf8).sum();
    let mut masked = text.to_string();
    let stand_ins: String = std::iter::repeat_n(stand_in, place.length as usize).collect();
    masked.replace_range(start + before..start + before + key.len(), &stand_ins);
    let bare = key.trim_matches(['"', '\'']).to_string();
    Some((masked, bare))
}

/// Gives the repeated keys their own names back.
fn restore(tree: &mut Tree, repeats: &[(Place, String)]) {
    match &mut tree.node {
        Node::Map(entries) => {
            for (key, value) in entries {
                if let Some((_, text)) = repeats.iter().find(|(place, _)| *place == key.place) {
                    key.text.clone_from(text);
                }
                restore(value, repeats);
            }
        }
        Node::List(items) => items.iter_mut().for_each(|item| restore(item, repeats)),
        Node::Scalar { .. } | Node::Null => {}
    }
}
