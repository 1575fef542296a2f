//! What the account tells: each thing once, whoever told it, with its time counted from the fault.

use crate::carrier::log::Entry;
use agent::command::Telling;
use policies::Verdict;
use serde::{Deserialize, Serialize};
use state::fact::Mode;
use state::handover::{Hindrance, Urgency};
use state::run::Word;
use state::{RouteId, RunId, SiteId, Subject, Term};

/// Something as it was heard, by whom and when; a recording is a list of these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// Milliseconds after the fault; less than zero before it.
    pub t_ms: i64,
    /// What was heard.
    #[serde(flatten)]
    pub raw: Raw,
}

/// The sources of the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Raw {
    /// An agent told its followers.
    Told(SiteId, Telling),
    /// The carrier wrote its log.
    Carrier(Entry),
    /// The lab itself did, or found, something.
    Lab(Deed),
}

/// What the lab does itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// It broke something.
    Broke(String),
    /// It mended what was broken.
    Mended(String),
    /// It cut a site off: what that site tells of agreed things is told again later, and by the others.
    CutOff(SiteId),
    /// It asked an agent why, and these are the lines that matter.
    AskedWhy(SiteId, Vec<String>),
    /// It asked an agent for its status, and these are the lines that matter.
    AskedStatus(SiteId, Vec<String>),
    /// A person gave an agent an order.
    Ordered(String),
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// Milliseconds after the fault; less than zero before it.
    pub t_ms: i64,
    /// What happened.
    pub what: What,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The lab did something.
    Deed(Deed),
    /// Sites miss answers of subjects.
    Suspect { sites: Vec<SiteId>, subjects: Vec<Subject>, missed: u32, fall: u32 },
    /// A site said its opinion aloud, or took it back.
    Ballot { site: SiteId, subject: Subject, says: String, votes: u32, of: u32 },
    /// A majority agreed.
    Verdict { subject: Subject, is: Verdict, votes: u32, of: u32 },
    /// A run was opened.
    Decision {
        run: RunId,
        route: RouteId,
        playbook: String,
        from: Option<SiteId>,
        to: SiteId,
        because: Vec<String>,
    },
    /// A step went on.
    Step { run: RunId, step: u16, of: u16, what: String, state: String, by: Option<SiteId>, fence: u64 },
    /// A run ended.
    Run { run: RunId, playbook: String, word: Word, why: String },
    /// The carrier answered a STAT.
    Read { number: String, shows: String, by: String, login: Login },
    /// The carrier was told to point a number elsewhere.
    Set { number: String, slot: u8, to: String, by: String, moved: Moved, code: Option<u8> },
    /// The carrier refused a login, or was told to misbehave.
    Carrier { text: String, by: String },
    /// Who may act has changed.
    Mode { route: Option<RouteId>, mode: Mode, because: String },
    /// Another leader.
    Leader { site: SiteId, term: Term },
    /// A site is heard no more, or is again.
    Voice { site: SiteId, is: agent::command::Voice },
    /// The fold refused something.
    Refused { what: String, why: String },
    /// A subject's answers come and go, or came to rest.
    Flapping { subject: Subject, site: SiteId, is: agent::command::Course },
    /// People have the lever, and why, or automation has it again.
    HandOver { hindrance: Option<Hindrance>, text: String, urgency: Urgency },
}

/// Whether a reading came right after a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Login {
    /// It did.
    Fresh,
    /// It is a further reading on the same connection.
    Before,
}

/// Whether a SET moved its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// It points elsewhere now.
    Moved,
    /// It pointed there already.
    Already,
    /// It was not applied.
    Not,
}

impl Happening {
    /// The word in which a run ended.
    pub fn ended(&self) -> Option<Word> {
        if let What::Run { word, .. } = self.what { Some(word) } else { None }
    }

    /// The run that was opened.
    pub fn opened(&self) -> Option<RunId> {
        if let What::Decision { run, .. } = self.what { Some(run) } else { None }
    }

    /// Whether this is progress of a run.
    pub fn goes_on(&self, wanted: RunId) -> bool {
        matches!(self.what, What::Step { run, .. } | What::Run { run, .. } if run == wanted)
    }

    /// A reading as it is told before anything is broken: what it showed, whoever logged in for it.
    #[must_use]
    pub fn as_before(mut self) -> Self {
        if let What::Read { login, .. } = &mut self.what {
            *login = Login::Before;
        }
        self
    }
}
