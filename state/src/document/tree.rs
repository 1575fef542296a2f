//! The tree of a document: maps, lists and scalars as they were written, each with its place.

/// Where something is written. Lines and columns begin at 1 and count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
    /// How many characters it covers; what leaves the line is not underlined.
    pub length: u32,
}

impl Place {
    /// The very first character.
    pub const START: Self = Self { line: 1, column: 1, length: 1 };

    /// The last character of a text.
    pub fn end_of(text: &str) -> Self {
        let lines = text.lines().count().max(1);
        let column = text.lines().last().map_or(1, |line| line.chars().count().max(1));
        let narrow = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Self { line: narrow(lines), column: narrow(column), length: 1 }
    }
}

/// A piece of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// Where it is written.
    pub place: Place,
    /// What it is.
    pub node: Node,
}

/// What a piece of a document is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Keys with their values, in the order of the text, repeated keys included.
    Map(Vec<(Key, Tree)>),
    /// Values in the order of the text.
    List(Vec<Tree>),
    /// A text, a number or anything else that is written as one word.
    Scalar {
        /// As it is written, quotes and escapes resolved: `02079460000` keeps its zero.
        text: String,
        /// Whether it was quoted.
        quoted: Quoting,
    },
    /// A key without a value, or `~`.
    Null,
}

impl Node {
    /// What it is in a word, for a fault that expected something else.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Map(_) => "a map",
            Self::List(_) => "a list",
            Self::Scalar { .. } => "a single value",
            Self::Null => "nothing",
        }
    }
}

/// Whether a scalar was quoted; only a bare one can be taken for a true or a false.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quoting {
    /// Written as it is.
    Bare,
    /// Between quotes, or as a block.
    Quoted,
}

/// A key of a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Where it is written.
    pub place: Place,
    /// Its text.
    pub text: String,
}
