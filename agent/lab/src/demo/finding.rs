//! What a story finds out beside the switch itself: each thing measured, and whether it is as it must be.

use serde::Serialize;
use std::fmt;

/// One thing that a story asks for, as it was really seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What is asked for; at most 28 columns.
    pub what: &'static str,
    /// What was seen of it.
    pub seen: Seen,
}

/// What was seen, and what must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It must happen within a time.
    Within {
        /// After how many milliseconds it did.
        ms: Option<u64>,
        /// The most that is allowed.
        most_ms: u64,
    },
    /// It must happen so often.
    Count {
        /// How often it did.
        is: usize,
        /// How often it must.
        must: usize,
    },
    /// An agent must say so, in whatever words.
    Said(Option<String>),
    /// It is printed, and asks for nothing.
    Noted(Option<u64>),
}

/// A finding for a program; the names of its fields are a promise.
#[derive(Clone, Debug, Serialize)]
pub struct Told {
    what: &'static str,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    said: Option<String>,
}

impl Finding {
    /// Something that must happen within a time.
    pub fn within(what: &'static str, ms: Option<u64>, most_ms: u64) -> Self {
        Self { what, seen: Seen::Within { ms, most_ms } }
    }

    /// Something that must happen so often.
    pub fn count(what: &'static str, is: usize, must: usize) -> Self {
        Self { what, seen: Seen::Count { is, must } }
    }

    /// Something that an agent must say.
    pub fn said(what: &'static str, words: Option<String>) -> Self {
        Self { what, seen: Seen::Said(words) }
    }

    /// Something that is only printed.
    pub fn noted(what: &'static str, ms: Option<u64>) -> Self {
        Self { what, seen: Seen::Noted(ms) }
    }

    /// Whether it is as it must be.
    pub fn is_well(&self) -> bool {
        match &self.seen {
            Seen::Within { ms, most_ms } => ms.is_some_and(|ms| ms <= *most_ms),
            Seen::Count { is, must } => is == must,
            Seen::Said(words) => words.is_some(),
            Seen::Noted(_) => true,
        }
    }

    /// Its row below the summary: the value, and what goes beside it.
    pub fn row(&self) -> (String, String) {
        match &self.seen {
            Seen::Within { ms, most_ms } => (after(*ms), format!("at most {} are allowed", whole(*most_ms))),
            Seen::Count { is, must } if is == must => (is.to_string(), String::new()),
            Seen::Count { is, must } => (is.to_string(), format!("must be {must}")),
            // The words themselves stand in the account, where there is room for them.
            Seen::Said(words) => (if words.is_some() { "yes" } else { "no" }.to_owned(), String::new()),
            Seen::Noted(ms) => (after(*ms), String::new()),
        }
    }

    /// The same for a program.
    pub fn told(&self) -> Told {
        let mut told = Told { what: self.what, ok: self.is_well(), ms: None, count: None, said: None };
        match &self.seen {
            Seen::Within { ms, .. } | Seen::Noted(ms) => told.ms = *ms,
            Seen::Count { is, .. } => told.count = Some(*is),
            Seen::Said(words) => told.said.clone_from(words),
        }
        told
    }
}

/// What speaks against it.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = self.what;
        match &self.seen {
            Seen::Within { ms: None, .. } => write!(f, "{what}: never"),
            Seen::Within { ms: Some(ms), most_ms } => {
                write!(f, "{what}: {} is more than {}", seconds(*ms), whole(*most_ms))
            }
            Seen::Count { is, must } => write!(f, "{what}: {is}, not {must}"),
            Seen::Said(_) => write!(f, "{what}: no agent says so"),
            Seen::Noted(_) => write!(f, "{what}"),
        }
    }
}

fn after(ms: Option<u64>) -> String {
    ms.map_or("never".to_owned(), seconds)
}

/// `3.09s`.
pub fn seconds(ms: u64) -> String {
    format!("{}.{:02}s", ms / 1000, ms % 1000 / 10)
}

/// `5s`, or `4.50s`.
fn whole(ms: u64) -> String {
    if ms.is_multiple_of(1000) { format!("{}s", ms / 1000) } else { seconds(ms) }
}
