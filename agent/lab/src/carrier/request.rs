//! One command of the carrier's protocol, read from its text.

use super::destination::{self, Ports};

/// A number as a command spells it: `02079460000`, `P2079460000` (ported in) or `+35315550000`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spelling(String);

impl Spelling {
    /// Reads a number; `None` unless it is a whole one.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = |rest: &str, least: usize, most: usize| {
            (least..=most).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_digit())
        };
        let whole = match text.as_bytes().first()? {
            b'0' | b'P' => digits(&text[1..], 9, 10),
            b'+' => digits(&text[1..], 8, 15),
            _ => false,
        };
        whole.then(|| Self(text.to_owned()))
    }

    /// Whether it is the form of a number that was ported in.
    pub fn is_ported(&self) -> bool {
        self.0.starts_with('P')
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a client asks; the argument order is the protocol's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// `AUTH user password`
    Auth { user: String, password: String },
    /// `QUIT`
    Quit,
    /// `STAT number`
    Stat(Spelling),
    /// `SET number index destination`
    Set { number: Spelling, slot: u8, destination: String },
    /// `ORDE number index periods`: the grammar of the periods is not known, so it is not checked.
    Orde { number: Spelling, slot: u8 },
    /// `FEAT number letter`, with whatever follows: the on/off syntax is not known.
    Feat { number: Spelling, letter: char },
    /// `SPIN number pin`
    Spin(Spelling),
    /// `INFO number GEN text`
    Info { number: Spelling, text: String },
    /// `INFO number 999 WORD [value]`: the emergency services' record.
    Nine { number: Spelling, word: String, value: String },
    /// `ALLO pattern`
    Allo(String),
    /// `ACTI number`
    Acti(Spelling),
    /// `DEAC number`
    Deac(Spelling),
    /// `REAC number`
    Reac(Spelling),
    /// `ALIST pattern count`
    Alist { pattern: String, count: usize },
    /// `BLKACTI prefix count`
    BlkActi { prefix: String, count: usize },
    /// `BLKINFO number`
    BlkInfo(Spelling),
    /// `BLKDEAC first`
    BlkDeac(Spelling),
    /// `BLKREAC first`
    BlkReac(Spelling),
}

/// The most numbers that one list or block may name: enough for a test, too few to fill memory.
const MOST: usize = 1000;

/// The commands that can be made to fail: all but QUIT.
pub const VERBS: &[&str] = &[
    "AUTH", "STAT", "SET", "ORDE", "FEAT", "SPIN", "INFO", "ALLO", "ACTI", "DEAC", "REAC", "ALIST",
    "BLKACTI", "BLKINFO", "BLKDEAC", "BLKREAC",
];

impl Request {
    /// Reads a trimmed command. The error is the text of the reply; the real carrier's failure texts are unknown.
    pub fn parse(text: &str, ports: Ports) -> Result<Self, &'static str> {
        let words = text.split_ascii_whitespace().collect::<Vec<_>>();
        let Some((verb, args)) = words.split_first() else {
            return Err("No command");
        };
        match (*verb, args) {
            ("AUTH", [user, password]) => {
                Ok(Self::Auth { user: (*user).to_owned(), password: (*password).to_owned() })
            }
            ("AUTH", _) => Err("AUTH needs a username and a password"),
            ("QUIT", []) => Ok(Self::Quit),
            ("STAT", [number]) => spelled(number).map(Self::Stat),
            ("SET", [number, slot, destination]) => {
                let (number, slot) = (spelled(number)?, slot_of(slot)?);
                destination::check(destination, ports).map_err(|_| "Invalid destination")?;
                Ok(Self::Set { number, slot, destination: (*destination).to_owned() })
            }
            ("ORDE", [number, slot, _, ..]) => {
                Ok(Self::Orde { number: spelled(number)?, slot: slot_of(slot)? })
            }
            ("FEAT", [number, letter, ..]) => feature(spelled_not_ported(number)?, letter),
            ("SPIN", [number, pin]) if pin.bytes().all(|b| b.is_ascii_digit()) => {
                spelled_not_ported(number).map(Self::Spin)
            }
            ("INFO", [number, "GEN", _, ..]) => {
                Ok(Self::Info { number: spelled_not_ported(number)?, text: after_words(text, 3) })
            }
            ("INFO", [number, "999", word, ..]) => Ok(Self::Nine {
                number: spelled(number)?,
                word: (*word).to_owned(),
                value: after_words(text, 4),
            }),
            (verb, args) => Self::parse_stock(verb, args),
        }
    }

    /// The commands that buy and return numbers.
    fn parse_stock(verb: &str, args: &[&str]) -> Result<Self, &'static str> {
        match (verb, args) {
            ("ALLO", [pattern]) => pattern_of(pattern).map(Self::Allo),
            ("ACTI", [number]) => spelled_not_ported(number).map(Self::Acti),
            ("DEAC", [number]) => spelled_not_ported(number).map(Self::Deac),
            ("REAC", [number]) => spelled_not_ported(number).map(Self::Reac),
            // The count's default is what both known clients send.
            ("ALIST", [pattern]) => Ok(Self::Alist { pattern: pattern_of(pattern)?, count: 10 }),
            ("ALIST", [pattern, count]) => {
                Ok(Self::Alist { pattern: pattern_of(pattern)?, count: count_of(count)? })
            }
            ("BLKACTI", [prefix, count]) if !prefix.contains('_') => {
                Ok(Self::BlkActi { prefix: pattern_of(prefix)?, count: count_of(count)? })
            }
            ("BLKINFO", [number]) => spelled_not_ported(number).map(Self::BlkInfo),
            ("BLKDEAC", [first]) => spelled_not_ported(first).map(Self::BlkDeac),
            ("BLKREAC", [first]) => spelled_not_ported(first).map(Self::BlkReac),
            _ => Err("Unknown command"),
        }
    }

    /// The command word.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Auth { .. } => "AUTH",
            Self::Quit => "QUIT",
            Self::Stat(_) => "STAT",
            Self::Set { .. } => "SET",
            Self::Orde { .. } => "ORDE",
            Self::Feat { .. } => "FEAT",
            Self::Spin(_) => "SPIN",
            Self::Info { .. } | Self::Nine { .. } => "INFO",
            Self::Allo(_) => "ALLO",
            Self::Acti(_) => "ACTI",
            Self::Deac(_) => "DEAC",
            Self::Reac(_) => "REAC",
            Self::Alist { .. } => "ALIST",
            Self::BlkActi { .. } => "BLKACTI",
            Self::BlkInfo(_) => "BLKINFO",
            Self::BlkDeac(_) => "BLKDEAC",
            Self::BlkReac(_) => "BLKREAC",
        }
    }

    /// The number that a fault may be limited to.
    pub fn number(&self) -> Option<&Spelling> {
        match self {
            Self::Stat(number)
            | Self::Spin(number)
            | Self::Acti(number)
            | Self::Deac(number)
            | Self::Reac(number)
            | Self::BlkInfo(number)
            | Self::BlkDeac(number)
            | Self::BlkReac(number)
            | Self::Set { number, .. }
            | Self::Orde { number, .. }
            | Self::Feat { number, .. }
            | Self::Info { number, .. }
            | Self::Nine { number, .. } => Some(number),
            Self::Auth { .. } | Self::Quit | Self::Allo(_) | Self::Alist { .. } | Self::BlkActi { .. } => {
                None
            }
        }
    }
}

fn spelled(text: &str) -> Result<Spelling, &'static str> {
    Spelling::parse(text).ok_or("Invalid number")
}

/// A ported number may only be asked for and pointed (STAT, SET, ORDE, INFO 999).
fn spelled_not_ported(text: &str) -> Result<Spelling, &'static str> {
    let number = spelled(text)?;
    if number.is_ported() { Err("Not for a ported number") } else { Ok(number) }
}

fn slot_of(text: &str) -> Result<u8, &'static str> {
    match text {
        "1" => Ok(1),
        "2" => Ok(2),
        "3" => Ok(3),
        _ => Err("Invalid index"),
    }
}

fn feature(number: Spelling, letter: &str) -> Result<Request, &'static str> {
    match letter {
        "D" | "J" | "U" => Ok(Request::Feat { number, letter: letter.chars().next().unwrap_or('D') }),
        _ => Err("Unknown feature"),
    }
}

fn pattern_of(text: &str) -> Result<String, &'static str> {
    let whole = (2..=11).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    if whole && text.starts_with('0') { Ok(text.to_owned()) } else { Err("Invalid range") }
}

fn count_of(text: &str) -> Result<usize, &'static str> {
    text.parse().ok().filter(|count| (1..=MOST).contains(count)).ok_or("Invalid quantity")
}

/// What follows the first `skip` words, inner blanks kept.
fn after_words(text: &str, skip: usize) -> String {
    let mut rest = text.trim_start();
    for _ in 0..skip {
        rest = rest.split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim_start());
    }
    rest.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let got = match Request::parse(text, Ports::Refused) {
            Ok(request) => format!("{request:?}"),
            Err(why) => why.to_owned(),
        };
        assert!(got.contains(expected), "{text}: {got}");
    }

    #[test]
    fn commands_are_read_or_refused() {
        check("STAT 02079460000", "Stat(Spelling(\"02079460000\"))");
        check("STAT P2079460000", "Stat(Spelling(\"P2079460000\"))");
        check("STAT 0207946000", "Stat");
        check("STAT 020794600001", "Invalid number");
        check("STAT", "Unknown command");
        check("stat 02079460000", "Unknown command");
        check("SET 02079460000 1 S:1@192.0.2.1", "slot: 1");
        check("SET 02079460000 0 S:1@192.0.2.1", "Invalid index");
        check("SET 02079460000 4 S:1@192.0.2.1", "Invalid index");
        check("SET 02079460000 01 S:1@192.0.2.1", "Invalid index");
        check("SET 02079460000 1 S:1@192.0.2.1:5060", "Invalid destination");
        check("SET 02079460000 1 S:1@192.0.2.1 x", "Unknown command");
        check("DEAC P2079460000", "Not for a ported number");
        check("FEAT 02079460000 D", "letter: 'D'");
        check("ORDE 02079460000 1 0000", "slot: 1");
        check("INFO 02079460000 GEN Magrathea, 14 Shute End", "Magrathea, 14 Shute End");
        check("INFO 02079460000 999 NAME A Company", "value: \"A Company\"");
        check("ALIST 0207946____ 5000", "Invalid quantity");
        check("BLKACTI 0207946____ 10", "Unknown command");
    }
    #[test]
    fn every_command_but_quit_can_be_made_to_fail() {
        let n = "02079460000";
        let texts = [
            "AUTH a b".to_owned(),
            format!("STAT {n}"),
            format!("SET {n} 1 S:1@192.0.2.1"),
            format!("ORDE {n} 1 0000"),
            format!("FEAT {n} D"),
            format!("SPIN {n} 1234"),
            format!("INFO {n} GEN x"),
            "ALLO 0207946____".to_owned(),
            format!("ACTI {n}"),
            format!("DEAC {n}"),
            format!("REAC {n}"),
            "ALIST 0207946____ 5".to_owned(),
            "BLKACTI 0207946 10".to_owned(),
            format!("BLKINFO {n}"),
            format!("BLKDEAC {n}"),
            format!("BLKREAC {n}"),
        ];
        let verbs = texts.iter().map(|text| Request::parse(text, Ports::Refused).unwrap().verb());
        assert_eq!(verbs.collect::<Vec<_>>(), VERBS);
    }
}
