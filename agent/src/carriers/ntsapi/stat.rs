//! The STAT reader: what a number shows, read from the several forms that clients of the carrier expect.

use super::words::Dialled;
use state::{Destination, Number};

/// Whether the carrier has the number in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// Flag `Y`.
    Active,
    /// Any other flag; `N` is assumed, no client has ever been seen to test for it.
    Inactive,
}

/// What STAT says of one number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// The number as the carrier repeats it.
    pub number: Number,
    /// Whether it is in use.
    pub active: Activity,
    /// The day it expires, `YYYY-MM-DD`, as written.
    pub expiry: String,
    /// Where calls go, in order: the first is what automation points, the others stand behind it.
    pub slots: [Option<Destination>; 3],
}

/// A reply that is no STAT record, or not the one asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatError {
    /// Number, flag and date are not all there.
    #[error("`{0}` is no status record")]
    Short(String),
    /// More destinations than a number has slots.
    #[error("`{0}` has more than three destinations")]
    Crowded(String),
    /// The record is another number's.
    #[error("the status of `{0}` came instead of the one asked for")]
    OtherNumber(String),
}

impl Stat {
    /// Reads the text after the digit: `02079460001 Y 2027-12-31 t1|t2|t3`.
    ///
    /// Empty slots may be there as empty texts or be missing. One client expects `number Y date t1|t2|t3` and
    /// another `number Y date t1|number Y date t2`; both are read.
    pub fn parse(text: &str) -> Result<Self, StatError> {
        let mut parts = text.split('|');
        let first: Vec<&str> = parts.next().unwrap_or("").split_whitespace().collect();
        let [number, flag, expiry, ..] = first[..] else {
            return Err(StatError::Short(text.to_owned()));
        };
        if !is_date(expiry) {
            return Err(StatError::Short(text.to_owned()));
        }
        let mut slots = [slot(&first), None, None];
        for (place, part) in parts.enumerate() {
            let found = slot(&part.split_whitespace().collect::<Vec<_>>());
            match slots.get_mut(place + 1) {
                Some(free) => *free = found,
                None if found.is_some() => return Err(StatError::Crowded(text.to_owned())),
                None => {}
            }
        }
        let active = if flag == "Y" { Activity::Active } else { Activity::Inactive };
        Ok(Self { number: Number::new(number), active, expiry: expiry.to_owned(), slots })
    }

    /// Reads the text and makes sure that it speaks of the number that was asked for.
    pub fn parse_for(asked: &Dialled, text: &str) -> Result<Self, StatError> {
        let stat = Self::parse(text)?;
        if asked.is_echoed_by(stat.number.as_str()) {
            Ok(stat)
        } else {
            Err(StatError::OtherNumber(stat.number.as_str().to_owned()))
        }
    }
}

/// The destination of one part: its last token, unless the part is a record that ends with its date.
fn slot(tokens: &[&str]) -> Option<Destination> {
    let ends_with_its_date = tokens.len() == 3 && is_date(tokens[2]);
    if ends_with_its_date { None } else { tokens.last().map(|last| Destination::new(*last)) }
}

/// Whether the token looks like `YYYY-MM-DD`.
fn is_date(token: &str) -> bool {
    let bytes = token.as_bytes();
    bytes.len() == 10
        && bytes.iter().enumerate().all(|(place, byte)| match place {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}
