//! The policy file of this site: a proposal while it is another text than the agreed one, and that text otherwise.

mod folder;
mod watch;

pub use watch::PolicyFile;

use serde::{Deserialize, Serialize};
use state::Imprint;

/// The longest policy text: a thousand numbers take 20 KiB, and an entry must not hold up heartbeats.
pub const POLICY_MAX: usize = 96 * 1024;

/// Under which key a site remembers what its policy file has held.
pub const MARKS: &str = "marks";

/// What the folder shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where the file is, as people know it.
    pub path: String,
    /// Its text, `None` if there is no file; or why it cannot be read.
    pub text: Result<Option<String>, String>,
    /// The edits that were set aside and still lie there, by the names of their files.
    pub aside: Vec<String>,
    /// Why the last order was not carried out, if it was not.
    pub unwritable: Option<String>,
}

/// An order: the file shall hold the agreed text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrite {
    /// Only if it still holds this; `None`: only if it is not there.
    pub over: Option<Imprint>,
    /// What becomes of that.
    pub fate: Fate,
    /// The agreed text.
    pub with: String,
}

/// What becomes of the text that makes room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was agreed once, or nobody wants it: it is replaced.
    Replaced,
    /// It is a person's work: it is kept under another name.
    SetAside,
}

/// What the agent knows of the texts that its file has held, on its own disk: without it a restart would take an
/// older agreed text for an edit, and undo what was agreed since.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    /// What was seen there last as agreed, whoever wrote it: edits are made from that.
    pub held: Option<Imprint>,
    /// What was to be written there since: perhaps it was, perhaps not. Nobody's edit, and nobody has seen it yet.
    pub writing: Vec<Imprint>,
    /// What was proposed from there since: an edit may build on one that is being agreed.
    pub proposed: Vec<Imprint>,
}

impl Marks {
    /// How many of each are remembered: who changes more often within one agreement has the oldest set aside.
    const KEPT: usize = 8;

    /// The file holds what is agreed.
    pub fn settled(agreed: Imprint) -> Self {
        Self { held: Some(agreed), ..Self::default() }
    }

    /// Whether a text in the file is an older one of ours, and not a person's.
    pub fn ours(&self, here: Imprint) -> bool {
        self.held == Some(here) || self.writing.contains(&here)
    }

    /// Whether an edit of the file was made from this text.
    pub fn lead_from(&self, agreed: Imprint) -> bool {
        self.held == Some(agreed) || self.proposed.contains(&agreed)
    }

    /// A text is about to be written there.
    pub fn writing(&mut self, with: Imprint) {
        remember(&mut self.writing, with);
    }

    /// A text was found there and is proposed.
    pub fn proposing(&mut self, edit: Imprint) {
        remember(&mut self.proposed, edit);
    }

    /// The bytes for the disk.
    pub fn encode(&self) -> Vec<u8> {
        postcard::to_stdvec(self).expect("a list of hashes is plain data")
    }

    /// The marks in these bytes; none where they cannot be read: then every other text is set aside, not lost.
    pub fn decode(bytes: &[u8]) -> Self {
        postcard::from_bytes(bytes).unwrap_or_default()
    }
}

fn remember(list: &mut Vec<Imprint>, text: Imprint) {
    list.retain(|known| *known != text);
    list.push(text);
    let surplus = list.len().saturating_sub(Marks::KEPT);
    list.drain(..surplus);
}
