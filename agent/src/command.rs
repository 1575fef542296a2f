//! What a person may ask an agent over the control socket, and what it answers.

mod access;
mod alone;
mod handover;
mod hands;
mod journal;
mod lever;
mod millis;
mod reach;
mod survey;

pub use access::Access;
pub use alone::{AloneState, Offer};
pub use handover::{Card, Course, Deed, HandOver, Loudness};
pub use hands::HandsReport;
pub use journal::{FactBytes, JournalPage, PeerHead};
pub use lever::LeverReport;
pub use reach::{DoorReport, ReachReport};
pub use survey::SurveyReport;

use policies::Decision;
use policies::Verdict;
use serde::{Deserialize, Serialize};
use state::fact::Mode;
use state::handover::{Hindrance, Strength, Urgency};
use state::incident::Incident;
use state::run::{Run, Word};
use state::{
    Destination, Fingerprint, IncidentId, Index, Number, PlaybookId, RouteId, RunId, SiteId, Stamp, Subject,
    Term,
};
use std::collections::BTreeMap;
use std::time::Duration;

/// One question or order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// What does the cluster believe, and what needs me?
    Status,
    /// Why does it, or does it not, act?
    Why { route: Option<RouteId> },
    /// What would be done, and undone?
    Plan { playbook: PlaybookId, args: BTreeMap<String, String> },
    /// Do it.
    Play { playbook: PlaybookId, args: BTreeMap<String, String>, because: String },
    /// A site shall have the route.
    Claim { route: RouteId, site: SiteId, because: String },
    /// Who may act.
    Mode { route: Option<RouteId>, mode: Mode },
    /// Nobody but a person, for a while.
    Hold { route: Option<RouteId>, lasts: Duration, because: String },
    /// Automation may act again.
    Resume { route: Option<RouteId> },
    /// I have seen it.
    Ack { incident: IncidentId },
    /// What happened?
    Runs,
    /// What happens, line by line, until the connection is closed.
    Follow,
    /// A site shall have the route: agreed if that can be had within 5 s, else the carrier is read, and this agent
    /// offers to do it alone.
    ClaimOrOffer { route: RouteId, site: SiteId, because: String },
    /// Yes, alone: what was offered under this token, within two minutes.
    ClaimAlone { token: u64 },
    /// A site that lost its disk may come back; or one whose bundle was revoked, with its next one, which has this key.
    Readmit {
        site: SiteId,
        #[serde(default)]
        key: Option<Fingerprint>,
    },
    /// The bundle of a site is in wrong hands.
    Revoke { site: SiteId },
    /// What must be, or had to be, seen by a person?
    Incidents,
    /// What was agreed after this index?
    Journal { after: Index },
    /// What does this site lean on, and how is it? Begins to look; or says whether what was begun is over.
    Survey { awaited: Option<u64> },
}

/// The answer to a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// It was agreed, at this index.
    Agreed { index: Index },
    /// It was not, and this is why; the hint can be typed.
    Refused { why: String, hint: Option<String> },
    /// To `Status`.
    Status(Box<StatusReport>),
    /// To `Why`.
    Why(Vec<WhyReport>),
    /// To `Plan`.
    Plan(Box<PlanReport>),
    /// To `Runs`: the newest last.
    Runs { runs: Vec<Run> },
    /// To `Follow`, once: from here on everything is told.
    Following,
    /// To `Follow`, again and again.
    Told(Telling),
    /// To `ClaimOrOffer`, if it was not agreed: nothing was done yet.
    Offered(Box<Offer>),
    /// To `ClaimAlone`: it is being done, and told under this number.
    Alone { n: u64 },
    /// To `Incidents`: the newest last.
    Incidents { incidents: Vec<Incident> },
    /// To `Journal`: the next page.
    Journal(Box<JournalPage>),
    /// To `Survey`.
    Survey(Box<SurveyReport>),
}

/// What the cluster believes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatusReport {
    /// The cluster's name.
    pub cluster: String,
    /// Who answers.
    pub here: SiteId,
    /// When, in cluster time; `None` while it is not known.
    pub at: Option<Stamp>,
    /// Who leads, as far as this site knows.
    pub leader: Option<SiteId>,
    /// Raft's reign number.
    pub term: Term,
    /// The votes that this site hears, its own included.
    pub heard: u32,
    /// All votes.
    pub votes: u32,
    /// The short name of the policy in force.
    pub policy: Option<String>,
    /// The journal's last entry and the short form of its chain.
    pub journal: (Index, String),
    /// The sites, in the policy's order.
    pub sites: Vec<SiteReport>,
    /// The routes, in the policy's order.
    pub routes: Vec<RouteReport>,
    /// What is moved and is no route.
    #[serde(default)]
    pub levers: Vec<LeverReport>,
    /// Incidents that are not over.
    pub incidents: Vec<Incident>,
    /// Runs that are not over.
    pub runs: Vec<Run>,
    /// Where automation does not act, and what can be done by hand.
    pub handed_over: Vec<HandOver>,
    /// The sites whose loss, one more, would mean that only people can act; empty if it takes two.
    pub fragile: Vec<SiteId>,
    /// Who reaches each carrier.
    #[serde(default)]
    pub carriers: Vec<ReachReport>,
    /// What people were told last, the newest last.
    pub notices: Vec<(Stamp, String)>,
    /// What a person must do now.
    pub needs_you: Vec<Need>,
    /// What is worth knowing and does no harm yet.
    pub watch: Vec<String>,
    /// Writes that ended after their window, ever, on all sites.
    pub late_writes: u64,
    /// What this agent has done at carriers since it was started.
    pub hands: HandsReport,
}

/// Something that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// What.
    pub what: String,
    /// What can be typed.
    pub hint: String,
}

/// One site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteReport {
    /// Its name.
    pub site: SiteId,
    /// Its votes.
    pub votes: u8,
    /// The verdict on its PBX, at its first door.
    pub pbx: Verdict,
    /// Which sites say that they see the PBX up there.
    pub seen_by: Vec<SiteId>,
    /// Its other doors; an agent that knows of none says nothing of them.
    #[serde(default)]
    pub further: Vec<DoorReport>,
    /// How long ago its agent was heard from here; `None` for the own agent or if never.
    #[serde(rename = "heard_ms", with = "millis::maybe")]
    pub heard: Option<Duration>,
    /// Whether the leader has declared it silent.
    pub silent: Voice,
    /// Over whom it is reached from here, if its own link is silent.
    pub over: Option<SiteId>,
    /// The short name of the policy by which it acts, as far as is known here.
    pub policy: Option<String>,
}

/// Whether a site is heard by the leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Voice {
    /// It is.
    Heard,
    /// It has been silent for too long.
    Silent,
}

/// One route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteReport {
    /// Its name.
    pub route: RouteId,
    /// How many numbers move together.
    pub numbers: usize,
    /// The site it rings in, as far as was verified.
    pub rings_in: Option<SiteId>,
    /// Since when.
    pub since: Option<Stamp>,
    /// What the carrier showed last for the first number, and how long ago; only where this site has it read.
    pub carrier: Option<CarrierReport>,
    /// Automatic switches used of the budget.
    pub budget: (usize, usize),
    /// Who may act.
    pub mode: Mode,
    /// Until when, by whom and why it is held.
    pub hold: Option<String>,
    /// Why it is manual until a person resumes it.
    pub latch: Option<String>,
    /// Where it would go if its site died now.
    pub next: Option<SiteId>,
    /// Older values of our own that were put back in the last hour, and how many may be.
    pub repairs: (usize, usize),
}

/// What the carrier shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarrierReport {
    /// The first number of the route.
    pub number: Number,
    /// Slot 1.
    pub shows: Option<Destination>,
    /// The site that it means, if it is one of the route's.
    pub site: Option<SiteId>,
    /// How long ago it was read.
    #[serde(rename = "age_ms", with = "millis::one")]
    pub age: Duration,
}

/// Why a route is not, or would be, moved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WhyReport {
    /// The route.
    pub route: RouteId,
    /// Where it rings.
    pub rings_in: Option<SiteId>,
    /// The votes that this site hears, and all.
    pub heard: (u32, u32),
    /// Who leads.
    pub leader: Option<SiteId>,
    /// The decision with its reasons, as it would be taken now.
    pub decision: Decision,
    /// The candidates in order, each with why it is none if it is none.
    pub candidates: Vec<(SiteId, Option<String>)>,
    /// How it stands, if it is a lever and no route.
    #[serde(default)]
    pub lever: Option<LeverReport>,
    /// Where automation does not act, and what can be done by hand.
    pub handed_over: Vec<HandOver>,
    /// Where slots 2 and 3 do not show what the policy says, in words; no decision rests on it.
    #[serde(default)]
    pub behind: Vec<String>,
    /// How soon after its death the route would have moved: at best and at worst.
    #[serde(rename = "after_ms", with = "millis::pair")]
    pub after: (Duration, Duration),
}

/// What a playbook would do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanReport {
    /// The plan in words, line by line.
    pub words: Vec<String>,
    /// The plan itself.
    pub plan: state::plan::Plan,
    /// How many slots a preparation leaves for the next one; 0 for every other plan.
    #[serde(default)]
    pub left: usize,
    /// What would forbid it if automation wanted it, in words.
    pub guards: Vec<String>,
    /// Automatic switches used of the budget.
    pub budget: (usize, usize),
}

/// Something that happened, as told to whoever follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Telling {
    /// An answer did not come.
    Suspect { site: SiteId, subject: Subject, missed: u32, fall: u32 },
    /// A site said its opinion aloud, or took it back.
    Ballot { site: SiteId, subject: Subject, says: String, votes: u32, of: u32 },
    /// The count amounts to something else than before.
    Verdict { subject: Subject, is: Verdict, votes: u32, of: u32 },
    /// A run was opened.
    Decision {
        run: RunId,
        route: RouteId,
        playbook: PlaybookId,
        from: Option<SiteId>,
        to: SiteId,
        because: Vec<String>,
    },
    /// A step went on.
    Step { run: RunId, step: u16, of: u16, what: String, state: String, by: Option<SiteId>, index: Index },
    /// The carrier was read.
    CarrierRead { route: RouteId, number: Number, shows: Option<Destination>, site: Option<SiteId> },
    /// A run ended in one of the four words.
    Run { run: RunId, route: RouteId, playbook: PlaybookId, word: Word, why: String },
    /// Who may act has changed.
    Mode { route: Option<RouteId>, mode: Mode, because: String },
    /// Another leader.
    Leader { site: Option<SiteId>, term: Term },
    /// A site is not heard any more, or is again.
    Voice { site: SiteId, is: Voice },
    /// The fold refused something.
    Refused { index: Index, what: String, why: String },
    /// A site finds that a subject's answers come and go, or that they came to rest.
    Flapping { subject: Subject, site: SiteId, is: Course },
    /// Automation cannot act on a route, or on any: people have it.
    HandedOver {
        route: Option<RouteId>,
        hindrance: Hindrance,
        strength: Strength,
        urgency: Urgency,
        because: String,
    },
    /// What was in the way is over, and the evidence is judged anew.
    TakenBack {
        route: Option<RouteId>,
        hindrance: Hindrance,
        strength: Strength,
        #[serde(rename = "after_ms", with = "millis::one")]
        after: Duration,
    },
    /// A new leader says for how long nobody could lead.
    Leaderless {
        #[serde(rename = "lasted_ms", with = "millis::one")]
        lasted: Duration,
        urgency: Urgency,
    },
    /// Nobody has acknowledged an automatic switch in time.
    Escalated { incident: IncidentId },
    /// A claim alone goes on, or has ended.
    Alone { n: u64, route: RouteId, site: SiteId, is: AloneState, text: String },
    /// Something else was agreed: what kind of thing, in a sentence, and what else belongs to it.
    Agreed { index: Index, what: String, text: String, words: Vec<String> },
    /// Something became of the policy file of a site: the version, and what is different in it, or why not.
    Policy { is: PolicyNews, site: SiteId, version: String, words: Vec<String> },
}

/// What became of a policy file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyNews {
    /// It is another text than the agreed one, without faults, and proposed to all.
    Proposed,
    /// It is agreed, and in force everywhere.
    InForce,
    /// It changes nothing, because of its faults or of what it would do.
    Refused,
    /// It was made from a text that is not in force any more, and lies beside the file.
    SetAside,
    /// The agreed text could not be written to it.
    Unwritten,
}
