//! Faults of a document, collected while it is read and shown at their places in one report.

use super::tree::Place;
use std::cell::RefCell;
use std::fmt::{self, Write as _};

/// The longest source line that is shown whole; of a longer one the surroundings of the fault are shown.
const LINE_MAX: usize = 100;
/// How much of a longer line is shown.
const LINE_SHOWN: usize = 66;
/// How much of that comes before the fault.
const LINE_BEFORE: usize = 30;

/// One thing that is wrong, where, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    place: Place,
    message: String,
    /// What stands beside the underlining.
    note: String,
    /// A sum that does not come out.
    sum: Option<String>,
    hints: Vec<String>,
}

impl Fault {
    /// A fault at a place; the message is lower case and has no final period.
    pub fn at(place: Place, message: impl Into<String>) -> Self {
        Self { place, message: message.into(), note: String::new(), sum: None, hints: Vec::new() }
    }

    /// What stands beside the underlining.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// A sum that is shown below the line of the text: an inequality and its figures.
    pub fn sum(mut self, sum: impl Into<String>) -> Self {
        self.sum = Some(sum.into());
        self
    }

    /// What can be typed instead.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Where it is.
    pub fn place(&self) -> Place {
        self.place
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether it says what to do: beside the place, or in a hint.
    pub fn is_helpful(&self) -> bool {
        !self.note.is_empty() || !self.hints.is_empty()
    }

    /// Writes the fault as `pointsman check` shows it.
    fn write(&self, name: &str, text: &str, out: &mut String) -> fmt::Result {
        let Place { line, column, .. } = self.place;
        writeln!(out, "error: {}", self.message)?;
        writeln!(out, "  --> {name}:{line}:{column}")?;
        self.write_source(text, out)?;
        if let Some(sum) = &self.sum {
            writeln!(out, "  {sum}")?;
        }
        for hint in &self.hints {
            writeln!(out, "  hint: {hint}")?;
        }
        Ok(())
    }

    /// Writes the line of the text and underlines the place.
    fn write_source(&self, text: &str, out: &mut String) -> fmt::Result {
        let Place { line, column, length } = self.place;
        let source = text.lines().nth(line as usize - 1).unwrap_or_default();
        let (shown, before) = cut(source, column as usize - 1);
        let gutter = line.to_string().len().max(2) + 1;
        writeln!(out, "{line:>gutter$} | {}", shown.trim_end())?;
        // An end that lies in a later line is shown as the end of this one.
        let room = shown.chars().count().saturating_sub(before).max(1);
        let carets = "^".repeat((length as usize).clamp(1, room));
        let underlined = format!("{:gutter$} | {:before$}{carets} {}", "", "", self.note);
        writeln!(out, "{}", underlined.trim_end())
    }
}

/// The part of a line that is shown, safe for a terminal, and how many of its characters come before `column`.
fn cut(line: &str, column: usize) -> (String, usize) {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    if line.chars().count() <= LINE_MAX {
        return (line.chars().map(plain).collect(), column);
    }
    let start = column.saturating_sub(LINE_BEFORE);
    let mut shown: String = if start > 0 { "...".to_string() } else { String::new() };
    let before = shown.len() + column - start;
    shown.extend(line.chars().skip(start).take(LINE_SHOWN).map(plain));
    if line.chars().count() > start + LINE_SHOWN {
        shown += "...";
    }
    (shown, before)
}

/// All faults of one document.
///
/// It is shared while a document is read: every reader of a part may add to it, and none stops at the first.
#[derive(Debug, Default)]
pub struct Faults {
    found: RefCell<Vec<Fault>>,
}

impl Faults {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one; the same words at the same place count once.
    pub fn add(&self, fault: Fault) {
        let mut found = self.found.borrow_mut();
        if !found.iter().any(|known| known.place == fault.place && known.message == fault.message) {
            found.push(fault);
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.found.borrow().len()
    }

    /// Nothing if there is no fault, else all of them as one report about the text `name`.
    pub fn report(&self, name: &str, text: &str) -> Option<Report> {
        let mut faults = self.found.borrow().clone();
        if faults.is_empty() {
            return None;
        }
        faults.sort_by_key(|fault| (fault.place.line, fault.place.column));
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let many = if faults.len() == 1 { "1 fault".to_string() } else { format!("{} faults", faults.len()) };
        let mut words = format!("{name}: {many}, nothing is changed\n");
        for fault in &faults {
            fault.write(name, text, &mut words).expect("writing to a string cannot fail");
        }
        Some(Report { faults, words })
    }
}

/// Every fault of a document, in the order of the text, as it is shown to a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{words}")]
pub struct Report {
    /// The faults.
    pub faults: Vec<Fault>,
    words: String,
}
