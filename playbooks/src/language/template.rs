//! Texts with `$name` in them: filled in, never computed.

use super::inputs::{Inputs, Kind};
use state::document::{Value, is_name, nearest, spell};
use std::time::Duration;

/// A text with open names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Input(String),
}

impl Template {
    /// Reads a free text.
    pub(super) fn text(value: Value<'_>, inputs: &Inputs) -> Option<Self> {
        let text = value.words()?;
        if text.chars().count() > crate::limits::TEXT_MAX {
            return value
                .refuse(format!("a text has at most {} characters", crate::limits::TEXT_MAX), "shorten it");
        }
        let mut parts = Vec::new();
        for (name, part) in split(text) {
            match name {
                Named::Text => parts.push(Part::Text(part.to_owned())),
                Named::Input => parts.push(Part::Input(input(value, part, inputs)?.0.to_owned())),
            }
        }
        Some(Self(parts))
    }

    /// Reads the name of a route or a site: written out, or one input of that kind.
    pub(super) fn name(value: Value<'_>, inputs: &Inputs, kind: Kind) -> Option<Self> {
        let text = value.text()?;
        let Some(name) = text.strip_prefix('$') else {
            return is_name(text)
                .then(|| Self(vec![Part::Text(text.to_owned())]))
                .or_else(|| value.name().map(|_| Self(Vec::new())));
        };
        let (name, found) = input(value, name, inputs)?;
        if found != kind {
            let message = format!("`${name}` is a {}, not a {}", found.word(), kind.word());
            return value.refuse(message, inputs.of(kind));
        }
        Some(Self(vec![Part::Input(name.to_owned())]))
    }

    /// Whether it needs this input.
    pub fn names(&self, input: &str) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Input(name) if name == input))
    }

    /// Whether it is this input and nothing else.
    pub(super) fn is_input(&self, input: &str) -> bool {
        matches!(self.0.as_slice(), [Part::Input(name)] if name == input)
    }

    /// The text with its names filled in. Line ends and other control characters become blanks.
    pub fn fill<'a>(&self, argument: impl Fn(&str) -> &'a str) -> String {
        let parts = self.0.iter().map(|part| match part {
            Part::Text(text) => text.as_str(),
            Part::Input(name) => argument(name),
        });
        parts.flat_map(str::chars).map(|c| if c.is_control() { ' ' } else { c }).collect()
    }
}

/// What a piece of a template is.
#[derive(Clone, Copy)]
enum Named {
    Text,
    Input,
}

/// The pieces of a text; `$$` is a dollar.
fn split(text: &str) -> Vec<(Named, &str)> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        pieces.push((Named::Text, &rest[..at]));
        let tail = &rest[at + 1..];
        if let Some(after) = tail.strip_prefix('$') {
            pieces.push((Named::Text, "$"));
            rest = after;
            continue;
        }
        let end = tail.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap_or(tail.len());
        pieces.push((Named::Input, &tail[..end]));
        rest = &tail[end..];
    }
    pieces.push((Named::Text, rest));
    pieces.retain(|(named, piece)| matches!(named, Named::Input) || !piece.is_empty());
    pieces
}

/// The declared input of a name.
fn input<'i>(value: Value<'_>, name: &str, inputs: &'i Inputs) -> Option<(&'i str, Kind)> {
    if let Some(found) = inputs.find(name) {
        return Some((&found.name, found.kind));
    }
    if name.is_empty() {
        return value.refuse("a `$` without a name", "write `$$` for a dollar");
    }
    let declared = || inputs.declared().iter().map(|input| input.name.as_str());
    let note = match nearest(name, declared()) {
        Some(meant) => format!("did you mean `${meant}`?"),
        None if inputs.declared().is_empty() => format!("declare it: `inputs: {{ {name}: text }}`"),
        None => format!("inputs here: {}", declared().collect::<Vec<_>>().join(", ")),
    };
    value.refuse(format!("unknown input `${name}`"), note)
}

/// A time that is written out, or an input of that kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Span {
    /// So long.
    Is(Duration),
    /// As long as this input says.
    Given(String),
}

impl Span {
    /// Reads it; what is written out is at most `most`, and more than nothing.
    pub(super) fn read(value: Value<'_>, inputs: &Inputs, most: Duration) -> Option<Self> {
        if let Some(name) = value.text()?.strip_prefix('$') {
            let (name, found) = input(value, name, inputs)?;
            if found != Kind::Duration {
                let message = format!("`${name}` is a {}, not a duration", found.word());
                return value.refuse(message, inputs.of(Kind::Duration));
            }
            return Some(Self::Given(name.to_owned()));
        }
        let found = value.duration()?;
        if found.is_zero() || found > most {
            let message = format!("`{}` is more than nothing and at most {}", value.key_text(), spell(most));
            return value.refuse(message, format!("`{}: {}`", value.key_text(), spell(most)));
        }
        Some(Self::Is(found))
    }
}
