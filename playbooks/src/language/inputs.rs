//! What a playbook is given: names with their kinds and defaults, and whether what somebody gives fits them.

use state::document::{Fault, Value, duration_in, is_name, nearest, spell};
use std::collections::BTreeMap;

/// What every run brings along, with the kind of each; nobody can give it another one, or a default.
const BROUGHT: [(&str, Kind); 4] =
    [("route", Kind::Route), ("from", Kind::Site), ("to", Kind::Site), ("reason", Kind::Text)];

/// The kind of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The name of a route.
    Route,
    /// The name of a site, or of one of its doors.
    Site,
    /// A telephone number.
    Number,
    /// A time with its unit.
    Duration,
    /// A whole number.
    Count,
    /// Any words.
    Text,
}

impl Kind {
    const ALL: [(&'static str, Self); 6] = [
        ("route", Self::Route),
        ("site", Self::Site),
        ("number", Self::Number),
        ("duration", Self::Duration),
        ("count", Self::Count),
        ("text", Self::Text),
    ];

    /// As it is written.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, kind)| *kind == self).map_or("text", |(word, _)| word)
    }

    /// Whether a text can stand for it.
    fn takes(self, text: &str) -> bool {
        let digits = text.strip_prefix('+').unwrap_or(text);
        match self {
            Self::Route => is_name(text),
            Self::Site => match text.split_once('#') {
                Some((site, door)) => is_name(site) && door.parse::<u8>().is_ok_and(|door| door > 1),
                None => is_name(text),
            },
            Self::Number => {
                (3..=20).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit())
            }
            Self::Duration => duration_in(text).is_some_and(|found| found <= crate::limits::WAIT_MAX),
            Self::Count => text.parse::<u32>().is_ok() && text.bytes().all(|digit| digit.is_ascii_digit()),
            Self::Text => text.chars().count() <= crate::limits::TEXT_MAX,
        }
    }

    /// What would fit.
    fn example(self) -> String {
        match self {
            Self::Route => "such as `main`".to_owned(),
            Self::Site => "such as `manchester`".to_owned(),
            Self::Number => "such as `02079460000`".to_owned(),
            Self::Duration => format!("such as `30s`, at most {}", spell(crate::limits::WAIT_MAX)),
            Self::Count => "a whole number".to_owned(),
            Self::Text => format!("at most {} characters", crate::limits::TEXT_MAX),
        }
    }
}

/// One input as it is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Its name, without the dollar.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// What it is if nobody gives it.
    pub default: Option<String>,
}

/// The inputs that a playbook declares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs(Vec<Input>);

/// Why what is given does not fit what is declared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Unfit {
    /// The input that it is about.
    pub input: String,
    /// What is wrong.
    pub why: String,
    /// What can be typed instead.
    pub hint: String,
}

impl Inputs {
    /// Reads `inputs:`.
    pub(super) fn read(value: Value<'_>) -> Self {
        let inputs = value.entries().into_iter().filter_map(|(key, written)| {
            let name = key.text.as_str();
            let letters = |c: char| c.is_ascii_lowercase() || c == '_';
            if name.is_empty() || name.len() > 24 || !name.chars().all(letters) {
                let fault = Fault::at(key.place, format!("`{name}` is no name of an input"));
                value.faults().add(fault.note("small letters and `_`, at most 24"));
            }
            let (kind, default) = kind(written)?;
            if let Some((_, brought)) = BROUGHT.iter().find(|(known, _)| *known == name)
                && (kind != *brought || default.is_some())
            {
                let note = format!("write `{}`", brought.word());
                written.refuse::<()>(format!("`{name}` is a {}", brought.word()), note);
            }
            Some(Input { name: name.to_owned(), kind, default })
        });
        Self(inputs.collect())
    }

    /// Those that are declared, in order.
    pub fn declared(&self) -> &[Input] {
        &self.0
    }

    pub(super) fn find(&self, name: &str) -> Option<&Input> {
        self.0.iter().find(|input| input.name == name)
    }

    /// The declared inputs of a kind, as a hint.
    pub(super) fn of(&self, kind: Kind) -> String {
        let fit: Vec<String> = self
            .0
            .iter()
            .filter(|input| input.kind == kind)
            .map(|input| format!("`${}`", input.name))
            .collect();
        match fit.is_empty() {
            true => format!("the name of a {}, written out", kind.word()),
            false => format!("such as {}", fit.join(" or ")),
        }
    }

    /// Whether what is given beside that which every run brings along fits: every name is declared, every value is of
    /// its kind, and nothing without a default is missing. The caller and the policy are both held against it.
    ///
    /// # Errors
    /// The first that does not fit.
    pub fn fit(&self, given: &BTreeMap<String, String>) -> Result<(), Unfit> {
        for (name, value) in given {
            let unfit = |why: String, hint: String| Unfit { input: name.clone(), why, hint };
            let Some(input) = self.asked().find(|input| input.name == *name) else {
                return Err(unfit(format!("the playbook takes no `{name}`"), self.nearest(name)));
            };
            if !input.kind.takes(value) {
                let why = format!("`{name}` is a {}, and `{value}` is none", input.kind.word());
                return Err(unfit(why, input.kind.example()));
            }
        }
        let missing = self.asked().find(|input| input.default.is_none() && !given.contains_key(&input.name));
        match missing {
            Some(Input { name, kind, .. }) => Err(Unfit {
                input: name.clone(),
                why: format!("the playbook needs `{name}`"),
                hint: format!("`{name}=...`, a {}: {}", kind.word(), kind.example()),
            }),
            None => Ok(()),
        }
    }

    /// What an input is when this is given: that, or its default.
    pub fn value<'a>(&'a self, name: &str, given: &'a BTreeMap<String, String>) -> Option<&'a str> {
        let default = || self.find(name).and_then(|input| input.default.as_deref());
        given.get(name).map(String::as_str).or_else(default)
    }

    /// Those that somebody must give, or may.
    fn asked(&self) -> impl Iterator<Item = &Input> {
        self.0.iter().filter(|input| !BROUGHT.iter().any(|(known, _)| *known == input.name))
    }

    fn nearest(&self, name: &str) -> String {
        let known = || self.asked().map(|input| input.name.as_str());
        match (nearest(name, known()), known().next()) {
            (Some(meant), _) => format!("did you mean `{meant}`?"),
            (None, Some(_)) => format!("it takes: {}", known().collect::<Vec<_>>().join(", ")),
            (None, None) => "it takes nothing but `route` and `to`".to_owned(),
        }
    }
}

/// The kind, alone or with the default: `site`, or `{ duration: 30s }`.
fn kind(written: Value<'_>) -> Option<(Kind, Option<String>)> {
    if !written.is_map() {
        return Some((written.one_of(&Kind::ALL)?, None));
    }
    let entries = written.entries();
    let [(key, default)] = entries.as_slice() else {
        return written.refuse("one kind, with its default", "such as `{ duration: 30s }`");
    };
    let Some((_, kind)) = Kind::ALL.iter().find(|(word, _)| *word == key.text) else {
        let kinds = Kind::ALL.map(|(word, _)| word);
        let note = match nearest(&key.text, kinds) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("one of: {}", kinds.join(", ")),
        };
        written
            .faults()
            .add(Fault::at(key.place, format!("`{}` is no kind of an input", key.text)).note(note));
        return None;
    };
    let text = default.text()?;
    if !kind.takes(text) {
        return default.refuse(format!("`{text}` is no {}", kind.word()), kind.example());
    }
    Some((*kind, Some(text.to_owned())))
}
