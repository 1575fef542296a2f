//! A fault in the site file: what, where, the place underlined, and what was probably meant.

use serde_yaml::{Error, Location};
use std::fmt;
use std::io;
use std::path::PathBuf;
use thiserror::Error as ThisError;

/// Why the site file cannot be used.
#[derive(Debug, ThisError)]
pub enum SiteFileError {
    /// It cannot be read.
    #[error("cannot read the site file `{}`", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It says something that it must not, or fails to say something.
    #[error("{}:{fault}", path.display())]
    Fault {
        /// Which.
        path: PathBuf,
        /// What and where.
        fault: Box<SiteFault>,
    },
}

/// One fault and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteFault {
    /// In words.
    pub what: String,
    /// Counted from one.
    pub line: usize,
    /// Counted from one, in characters.
    pub column: usize,
    /// What was probably meant.
    pub meant: Option<String>,
    shown: String,
    width: usize,
}

impl SiteFault {
    /// A fault at a place of the text.
    pub(super) fn at(what: String, place: Location, text: &str) -> Self {
        let (line, column) = (usize_of(place.line()), usize_of(place.column()));
        let shown = text.lines().nth(line - 1).unwrap_or_default().to_owned();
        let word = |c: &char| c.is_alphanumeric() || "-_./:".contains(*c);
        let marked: String = shown.chars().skip(column - 1).take_while(word).collect();
        let width = marked.trim_end_matches(':').chars().count().max(1);
        Self { what, line, column, meant: None, shown, width }
    }

    /// What the YAML reader found.
    pub(super) fn from_yaml(error: &Error, text: &str) -> Self {
        let said = error.without_snippet().to_string();
        // The reader puts the place behind its sentence; ours stands in front.
        let said = said.split(" at line ").next().unwrap_or(&said).trim();
        let what = plain(said).unwrap_or_else(|| said.to_owned());
        let mut fault = Self::at(what, error.location().unwrap_or(Location::UNKNOWN), text);
        if fault.what.starts_with("unknown field") {
            let unknown = fault.what.split('`').nth(1).unwrap_or_default().to_owned();
            let known = fault.what.rsplit("expected").next().unwrap_or_default();
            fault.meant = known
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .map(|known| (distance(&unknown, known), known.to_owned()))
                .filter(|(distance, known)| *distance * 2 <= known.len())
                .min()
                .map(|(_, known)| known);
            fault.what = format!("unknown key `{unknown}`");
        }
        fault
    }
}

impl fmt::Display for SiteFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, line, column, .. } = self;
        write!(f, "{line}:{column}: {what}\n{line:>3} | {}\n    | ", self.shown)?;
        write!(f, "{:indent$}{}", "", "^".repeat(self.width), indent = column - 1)?;
        self.meant.iter().try_for_each(|meant| write!(f, " did you mean `{meant}`?"))
    }
}

/// The commonest sentences of the reader in the words of this program.
fn plain(said: &str) -> Option<String> {
    if said.starts_with("invalid socket address") {
        return Some("write an address and a port, like `192.0.2.10:7701`".to_owned());
    }
    if let Some(key) = said.strip_prefix("missing field ") {
        return Some(format!("the key {key} is missing"));
    }
    let twice = said.strip_prefix("duplicate mapping key: ")?;
    Some(format!("`{}` stands twice", twice.split(',').next().unwrap_or(twice)))
}

// A place that the reader does not know is the beginning of the file.
fn usize_of(count: u64) -> usize {
    usize::try_from(count).unwrap_or(1).max(1)
}

/// How many letters must be changed, added or taken away to make one word of the other.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.chars().enumerate() {
            let changed = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}
