//! The closed vocabulary: four commands, strict alphabets for their arguments, and the one-line reply.

use super::account::Login;
use crate::secret::Secret;
use policies::policy::sayable;
use state::{Destination, Number};

/// Ends every command. Carriers take whatever one read returns as a command; CRLF suits line readers as well.
const END: &[u8] = b"\r\n";

/// The longest line read from a carrier; a STAT with three long targets is under 400 bytes.
pub const LINE_MAX: usize = 4096;

/// Everything the adapter can say. There is no other verb: `DEAC` would give the number away to others.
pub enum Command<'a> {
    /// Log in.
    Auth(&'a Login),
    /// Read one number.
    Stat(&'a Dialled),
    /// Point a slot of one number, 1 to 3.
    Set(&'a Dialled, usize, &'a Target),
    /// Leave.
    Quit,
}

impl Command<'_> {
    /// The bytes on the wire.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = match self {
            Self::Auth(login) => format!("AUTH {} {}", login.user(), login.password().expose()),
            Self::Stat(number) => format!("STAT {}", number.0),
            Self::Set(number, slot, target) => format!("SET {} {slot} {}", number.0, target.0),
            Self::Quit => "QUIT".to_owned(),
        }
        .into_bytes();
        bytes.extend_from_slice(END);
        bytes
    }
}

/// An argument that must not reach the wire.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// Neither `0` and 9 or 10 digits, nor `P` and as many, nor `+` and 8 to 15 digits.
    #[error("`{0}` cannot be asked for: a number is written 02079460000, P2079460000 if ported, or +353...")]
    Number(String),
    /// Not a destination that a failover may set.
    #[error("`{0}` cannot be set: a destination is written S:user@host, s:, E:, F:, V: or 442079460000")]
    Destination(String),
}

/// A number as it is said to the carrier.
///
/// A policy may write a ported number either way: in the carrier's form `P2079460000`, or in national form with
/// a flag, which [`Dialled::ported`] turns into that form (vendor guide: ported numbers have `P` for the `0`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialled(String);

impl Dialled {
    /// The number as written: `0...`, `P...` or `+...`.
    pub fn parse(number: &Number) -> Result<Self, Forbidden> {
        let text = number.as_str();
        let (digits, lengths) = match text.as_bytes().first() {
            Some(b'0' | b'P') => (&text[1..], 9..=10),
            Some(b'+') => (&text[1..], 8..=15),
            _ => return Err(Forbidden::Number(text.escape_debug().to_string())),
        };
        if lengths.contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Forbidden::Number(text.escape_debug().to_string()))
        }
    }

    /// The number of a ported-in line: its leading `0` becomes `P`; a `P` that is there already stays.
    pub fn ported(number: &Number) -> Result<Self, Forbidden> {
        let mut dialled = Self::parse(number)?;
        if dialled.0.starts_with('0') {
            dialled.0.replace_range(..1, "P");
        }
        Ok(dialled)
    }

    /// The number in the carrier's form, for whoever keeps it.
    pub fn number(&self) -> Number {
        Number::new(self.0.clone())
    }

    /// Whether `echo`, in whatever form a carrier repeats it, is this number.
    pub fn is_echoed_by(&self, echo: &str) -> bool {
        significant(&self.0) == significant(echo)
    }
}

/// What remains of a number without the ways to begin it: `0`, `P`, `+44`, `+`.
fn significant(text: &str) -> &str {
    let text = text.strip_prefix("+44").unwrap_or(text);
    text.strip_prefix(['P', '+']).unwrap_or(text).trim_start_matches('0')
}

/// A destination that may be set: every form the carrier knows, except those that carry a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target(String);

impl Target {
    /// Checks form and alphabet, by the grammar that a policy is held against as well.
    pub fn parse(destination: &Destination) -> Result<Self, Forbidden> {
        let text = destination.as_str();
        match sayable(text) {
            Ok(()) => Ok(Self(text.to_owned())),
            Err(_) => Err(Forbidden::Destination(text.escape_debug().to_string())),
        }
    }
}

/// One reply line: a digit, of which only 0 means success, and a text for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// 0 is success; the meaning of the others is not known, so nobody branches on them.
    pub digit: u8,
    /// The text after the digit, control characters replaced, no longer than a line.
    pub text: String,
}

/// A line that is no reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a line came that is no reply: `{0}`")]
pub struct NotAReply(String);

impl NotAReply {
    /// The same complaint without a secret that the other side may have repeated.
    pub fn without(&self, secret: &Secret) -> Self {
        Self(self.0.replace(secret.expose(), "[secret]"))
    }
}

impl Reply {
    /// Reads a line, with or without its end: one digit, blanks, text.
    pub fn parse(line: &[u8]) -> Result<Self, NotAReply> {
        let text = printable(line);
        let (first, rest) = (text.as_bytes().first().copied(), text.get(1..).unwrap_or(""));
        match first {
            Some(digit) if digit.is_ascii_digit() && (rest.is_empty() || rest.starts_with(' ')) => {
                Ok(Self { digit: digit - b'0', text: rest.trim().to_owned() })
            }
            _ => Err(NotAReply(text.chars().take(80).collect())),
        }
    }

    /// Whether the carrier says yes.
    pub fn is_ok(&self) -> bool {
        self.digit == 0
    }
}

/// The line as text that may be shown: tabs are blanks, whatever else is not printable ASCII is a dot.
fn printable(line: &[u8]) -> String {
    let shown = line.iter().map(|byte| match byte {
        b' '..=b'~' => char::from(*byte),
        b'\t' | b'\r' | b'\n' => ' ',
        _ => '.',
    });
    shown.take(LINE_MAX).collect::<String>().trim_end().to_owned()
}
