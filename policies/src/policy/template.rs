//! What a carrier is told: a destination with `$number` and `$pbx` in it.

use super::numbers::e164;
use super::sites::SIP_PORT;
use state::document::{Value, nearest};
use state::{Destination, Number};
use std::fmt::{self, Display};
use std::net::SocketAddr;

/// The names that a template may use.
const NAMES: [&str; 2] = ["number", "pbx"];
/// The longest destination that a carrier takes, with room for a long address.
const LENGTH_MAX: usize = 100;

/// A destination with places to fill: `S:$number@$pbx`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// As it is.
    Text(String),
    /// The number as the world dials it, without `+`.
    Number,
    /// The address of the site's PBX; its port only if it is not the usual one.
    Pbx,
}

impl Template {
    /// Reads a template; `$$` is a dollar.
    pub(super) fn read(value: Value<'_>) -> Option<Self> {
        let text = value.words()?;
        let plain = |c: char| c.is_ascii_graphic() && c != '|';
        if !text.chars().all(plain) || text.len() > LENGTH_MAX {
            let note = format!("at most {LENGTH_MAX} visible characters, no blanks and no `|`");
            return value.refuse("no carrier takes this as a destination", note);
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            parts.push(Part::Text(before.to_string()));
            let length = after.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap_or(after.len());
            let (part, taken) = match &after[..length] {
                "number" => (Part::Number, length),
                "pbx" => (Part::Pbx, length),
                "" if after.starts_with('$') => (Part::Text("$".to_string()), 1),
                "" if after.starts_with('{') => {
                    return value.refuse("a name has no braces", "`$number`, not `${number}`");
                }
                name => return unknown(value, name),
            };
            parts.push(part);
            rest = &after[taken..];
        }
        parts.push(Part::Text(rest.to_string()));
        parts.retain(|part| *part != Part::Text(String::new()));
        Some(Self { parts })
    }

    /// Whether the destination differs from site to site.
    pub(super) fn names_the_site(&self) -> bool {
        self.parts.contains(&Part::Pbx)
    }

    /// The destination of a number where no site is named; none if one is.
    pub fn fixed(&self, number: &Number) -> Option<Destination> {
        let nowhere = SocketAddr::from(([0, 0, 0, 0], SIP_PORT));
        (!self.names_the_site()).then(|| self.fill(number, nowhere))
    }

    /// The destination of a number at a PBX.
    pub fn fill(&self, number: &Number, pbx: SocketAddr) -> Destination {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Number => e164(number),
            Part::Pbx => address(pbx),
        };
        Destination::new(self.parts.iter().map(part).collect::<String>())
    }
}

/// As it was written.
impl Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Text(text) => f.write_str(&text.replace('$', "$$")),
            Part::Number => f.write_str("$number"),
            Part::Pbx => f.write_str("$pbx"),
        })
    }
}

/// Says that a template uses a name that there is not.
fn unknown<T>(value: Value<'_>, name: &str) -> Option<T> {
    let note = match nearest(name, NAMES) {
        Some(meant) => format!("did you mean `${meant}`?"),
        None => "`$number` and `$pbx` are known; `$$` is a dollar".to_string(),
    };
    value.refuse(format!("`${name}` is not known here"), note)
}

/// An address as it stands in a SIP URI.
fn address(pbx: SocketAddr) -> String {
    match (pbx.port(), pbx.is_ipv6()) {
        (SIP_PORT, false) => pbx.ip().to_string(),
        (SIP_PORT, true) => format!("[{}]", pbx.ip()),
        (_, _) => pbx.to_string(),
    }
}
