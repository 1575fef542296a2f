//! Texts with `$name` in them: filled in, never computed.

use state::document::{Value, is_name, nearest};

/// What a playbook can be given, with the kind of each.
const KNOWN: [(&str, Kind); 4] =
    [("route", Kind::Route), ("from", Kind::Site), ("to", Kind::Site), ("reason", Kind::Text)];

/// The kind of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Route,
    Site,
    Text,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Route => "route",
            Self::Site => "site",
            Self::Text => "text",
        }
    }
}

/// The inputs that a playbook declares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs(Vec<(&'static str, Kind)>);

impl Inputs {
    /// Reads `inputs:`; the names are those that a run is opened with.
    pub(super) fn read(value: Value<'_>) -> Self {
        let Some(mut map) = value.map() else { return Self::default() };
        let mut inputs = Vec::new();
        for (name, kind) in KNOWN {
            let Some(written) = map.optional(name) else { continue };
            let kinds = [("route", Kind::Route), ("site", Kind::Site), ("text", Kind::Text)];
            match written.one_of(&kinds) {
                Some(found) if found != kind => {
                    let note = format!("write `{}`", kind.word());
                    written.refuse::<()>(format!("`{name}` is a {}", kind.word()), note);
                }
                Some(_) | None => {}
            }
            inputs.push((name, kind));
        }
        map.finish();
        Self(inputs)
    }

    /// What can be written where a name of this kind is wanted.
    fn of(&self, kind: Kind) -> String {
        let fit: Vec<String> =
            self.0.iter().filter(|(_, found)| *found == kind).map(|(name, _)| format!("`${name}`")).collect();
        match fit.is_empty() {
            true => format!("the name of a {}, written out", kind.word()),
            false => format!("such as {}", fit.join(" or ")),
        }
    }
}

/// A text with open names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Input(&'static str),
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
                Named::Input => parts.push(Part::Input(input(value, part, inputs)?.0)),
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
        Some(Self(vec![Part::Input(name)]))
    }

    /// Whether it needs this input.
    pub fn names(&self, input: &str) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Input(name) if *name == input))
    }

    /// Whether it is this input and nothing else.
    pub(super) fn is_input(&self, input: &str) -> bool {
        matches!(self.0.as_slice(), [Part::Input(name)] if *name == input)
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
fn input(value: Value<'_>, name: &str, inputs: &Inputs) -> Option<(&'static str, Kind)> {
    if let Some(found) = inputs.0.iter().find(|(known, _)| *known == name) {
        return Some(*found);
    }
    if name.is_empty() {
        return value.refuse("a `$` without a name", "write `$$` for a dollar");
    }
    let declared = inputs.0.iter().map(|(known, _)| *known);
    let note = match nearest(name, declared.clone()) {
        Some(meant) => format!("did you mean `${meant}`?"),
        None if inputs.0.is_empty() => format!("declare it: `inputs: {{ {name}: text }}`"),
        None => format!("inputs here: {}", declared.collect::<Vec<_>>().join(", ")),
    };
    value.refuse(format!("unknown input `${name}`"), note)
}
