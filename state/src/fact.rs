//! The facts: everything that sites agree on, in the past tense.

use crate::alone::AloneClaim;
use crate::chain::Imprint;
use crate::fingerprint::Fingerprint;
use crate::handover::{Hindrance, Strength, Urgency};
use crate::ids::{
    Boot, Destination, Disk, IncidentId, Index, Nonce, Number, PlaybookId, RouteId, RunId, SiteId, Starts,
    Subject, Who,
};
use crate::plan::{Plan, Pointing};
use crate::run::{Cause, Direction, Word};
use crate::time::Stamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// One agreed line of the journal: who proposed what, and when it was said in cluster time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Names the proposal, so that a repeated one counts once.
    pub origin: Origin,
    /// Cluster time, given by the leader that put it into the log.
    pub stamp: Stamp,
    /// What it says.
    pub fact: Fact,
}

/// The name of a proposal: the `n`th of this life of this site.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Origin {
    /// Who proposed it.
    pub site: SiteId,
    /// In which life.
    pub starts: Starts,
    /// The how-manyth.
    pub n: u64,
}

/// What can be agreed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// A policy text is in force everywhere from here on.
    PolicyAgreed { text: String, who: Who },
    /// The whole set of what the proposing site says of all its subjects; it replaces the set before.
    BallotsCast { ballots: Vec<Ballot> },
    /// The leader has not heard the site for `silence`: its ballots up to this one no longer count.
    SiteSilent { site: SiteId, starts: Starts, n: u64 },
    /// A site that has a route is down: people must know, whatever is done about it.
    IncidentOpened { route: RouteId, site: SiteId },
    /// The site of an open incident answers again.
    IncidentPassed { incident: IncidentId },
    /// Somebody has seen the incident.
    IncidentAcked { incident: IncidentId, who: Who },
    /// A playbook is to be carried out; decided on the view at `basis`.
    RunOpened { basis: Index, plan: Plan, cause: Cause, home: Home },
    /// The go for one attempt, at the executor that asked for it. Its index is the fence.
    StepStarted(Attempt),
    /// What the executor says about its attempt.
    StepEnded { fence: Index, boot: Boot, was: Was, outcomes: Vec<Outcome>, note: Option<String> },
    /// Nobody heard from the attempt, or its executor is gone: what the carrier shows decides.
    StepLost { fence: Index, why: String },
    /// The attempt was given up: it was not heard of within its timeout.
    AttemptLapsed { fence: Index },
    /// After an unknown outcome: what the carrier shows.
    StepRead { fence: Index, readings: Vec<Reading> },
    /// The run turned back: every step that was started is to be undone.
    RunTurned { run: RunId, why: String },
    /// The run is over.
    RunEnded { run: RunId, word: Word, why: String },
    /// What the carrier shows was taken as the truth.
    RouteAdopted { route: RouteId, site: Option<SiteId>, readings: Vec<Reading>, from: Adoption },
    /// A person chose who may act: for one route, or for all.
    ModeSet { route: Option<RouteId>, mode: Mode, who: Who },
    /// A person forbade automatic action for a while.
    Held { route: Option<RouteId>, until: Stamp, because: String, who: Who },
    /// A person let automation act again: ends holds, and what latched the route.
    Resumed { route: Option<RouteId>, who: Who },
    /// A person decided that a site shall have the route.
    Claimed { route: RouteId, site: SiteId, playbook: PlaybookId, because: String, who: Who },
    /// All subjects whose answers come and go too often for the proposing site to believe; it replaces the set before.
    FlappingSeen { subjects: Vec<Subject> },
    /// As `StepEnded`, and the executor's clock shows that its writes for these numbers ended after their window.
    StepEndedLate {
        fence: Index,
        boot: Boot,
        was: Was,
        outcomes: Vec<Outcome>,
        note: Option<String>,
        late: Vec<Number>,
    },
    /// Automation cannot act on a route: people have it.
    HandedOver { route: RouteId, hindrance: Hindrance, strength: Strength, because: String, urgency: Urgency },
    /// What was in the way of a route has passed, and its evidence is judged anew.
    TakenBack { route: RouteId, hindrance: Hindrance },
    /// Until this reign nobody led for so long: the least of what the sites that the leader hears report.
    Leaderless { lasted: Duration, strength: Strength, urgency: Urgency },
    /// Nobody has acknowledged an automatic switch in time.
    Escalated { incident: IncidentId },
    /// A person has pointed a route without an agreement, at the site that proposes this.
    ClaimedAlone { route: RouteId, claim: AloneClaim, pointings: Vec<Pointing> },
    /// A site has its name for good: this disk holds its votes, and no other speaks for it.
    Born { site: SiteId, disk: Disk, raft_ids: Vec<u64> },
    /// A person lets a site with a new disk back in: its old votes are nobody's, these are new.
    Readmitted { site: SiteId, disk: Disk, raft_ids: Vec<u64>, who: Who },
    /// The membership is being changed; what stands here is agreed together with the change itself.
    VotesChanging { seated: Vec<Seated> },
    /// The membership is changed: from here on majorities are of these votes.
    VotesChanged { seated: Vec<Seated> },
    /// Another text takes the place of the one that it was made from; if that is not in force, of none.
    PolicyEdited { text: String, base: Imprint, who: Who },
    /// Every site has announced that it reads facts of this schema: from here on they may be written.
    SchemaRaised { to: u16 },
    /// A step is over without an attempt: what was waited for came or did not, or no site could begin it.
    StepPassed { run: RunId, step: u16, how: Passed, why: String },
    /// As `Claimed`, with more that the playbook is given.
    Played {
        route: RouteId,
        site: SiteId,
        playbook: PlaybookId,
        given: BTreeMap<String, String>,
        because: String,
        who: Who,
    },
    /// A site has these votes from here on, on the disk that bears its name: fewer, or others beside those it has. None
    /// at all means that it has left, and that its name is free.
    VotesGiven { site: SiteId, raft_ids: Vec<u64> },
    /// The bundle of a site is in wrong hands: nobody takes anything from the site until its next one is trusted.
    BundleRevoked { site: SiteId, who: Who },
    /// A site whose bundle was revoked has a new one: whoever shows this key speaks for it, and nobody else.
    BundleTrusted { site: SiteId, key: Fingerprint, who: Who },
    /// A person wants what the policy says of slots 2 and 3 to be written there.
    PreparationOrdered { route: RouteId, because: String, who: Who },
    /// Slots 2 and 3 of some numbers show something else than was known of them; nothing follows but words.
    SlotsRead { route: RouteId, readings: Vec<Reading> },
    /// After an unknown outcome of what is no number: how it stands, by the check or the reading of the step itself.
    StepSeen { fence: Index, was: Was, by: SiteId, why: String },
}

/// How a step is over without an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Passed {
    /// It holds.
    Holds,
    /// It was given up.
    GivenUp,
    /// It need not be done, because its site is not there.
    Skipped,
}

/// The seats of one site, as Raft knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seated {
    /// Whose.
    pub site: SiteId,
    /// Those that vote.
    pub voters: Vec<u64>,
    /// Those that only listen: never to vote, or not yet.
    pub learners: Vec<u64>,
}

impl Fact {
    /// The schema that this form of a fact came with: whoever knows only a lesser one cannot read it.
    pub fn schema(&self) -> u16 {
        match self {
            Self::PolicyAgreed { .. }
            | Self::BallotsCast { .. }
            | Self::SiteSilent { .. }
            | Self::IncidentOpened { .. }
            | Self::IncidentPassed { .. }
            | Self::IncidentAcked { .. }
            | Self::StepStarted(_)
            | Self::StepEnded { .. }
            | Self::StepLost { .. }
            | Self::AttemptLapsed { .. }
            | Self::StepRead { .. }
            | Self::RunTurned { .. }
            | Self::RunEnded { .. }
            | Self::RouteAdopted { .. }
            | Self::ModeSet { .. }
            | Self::Held { .. }
            | Self::Resumed { .. }
            | Self::Claimed { .. }
            | Self::FlappingSeen { .. }
            | Self::StepEndedLate { .. }
            | Self::HandedOver { .. }
            | Self::TakenBack { .. }
            | Self::Leaderless { .. }
            | Self::Escalated { .. }
            | Self::ClaimedAlone { .. }
            | Self::Born { .. }
            | Self::Readmitted { .. }
            | Self::VotesChanging { .. }
            | Self::VotesChanged { .. } => 1,
            Self::PolicyEdited { .. } | Self::SchemaRaised { .. } => 2,
            Self::RunOpened { plan, .. } => plan.schema(),
            Self::StepPassed { .. }
            | Self::Played { .. }
            | Self::VotesGiven { .. }
            | Self::BundleRevoked { .. }
            | Self::BundleTrusted { .. } => 3,
            Self::PreparationOrdered { .. } | Self::SlotsRead { .. } => 4,
            Self::StepSeen { .. } => 5,
        }
    }

    /// Whether any site may ask the leader to have it agreed. The rest are decisions: only a leader makes them.
    pub fn may_be_asked_for(&self) -> bool {
        match self {
            Self::PolicyEdited { .. }
            | Self::BallotsCast { .. }
            | Self::IncidentAcked { .. }
            | Self::StepEnded { .. }
            | Self::ModeSet { .. }
            | Self::Held { .. }
            | Self::Resumed { .. }
            | Self::Claimed { .. }
            | Self::Played { .. }
            | Self::FlappingSeen { .. }
            | Self::StepEndedLate { .. }
            | Self::Readmitted { .. }
            | Self::BundleRevoked { .. }
            | Self::BundleTrusted { .. }
            | Self::PreparationOrdered { .. }
            | Self::ClaimedAlone { .. } => true,
            Self::PolicyAgreed { .. }
            | Self::SiteSilent { .. }
            | Self::IncidentOpened { .. }
            | Self::IncidentPassed { .. }
            | Self::RunOpened { .. }
            | Self::StepStarted(_)
            | Self::StepLost { .. }
            | Self::AttemptLapsed { .. }
            | Self::StepRead { .. }
            | Self::RunTurned { .. }
            | Self::RunEnded { .. }
            | Self::RouteAdopted { .. }
            | Self::HandedOver { .. }
            | Self::TakenBack { .. }
            | Self::Leaderless { .. }
            | Self::Escalated { .. } => false,
            Self::Born { .. }
            | Self::VotesChanging { .. }
            | Self::VotesChanged { .. }
            | Self::VotesGiven { .. }
            | Self::SchemaRaised { .. }
            | Self::SlotsRead { .. }
            | Self::StepSeen { .. }
            | Self::StepPassed { .. } => false,
        }
    }
}

/// Whether the run goes to the route's first choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Home {
    /// To the first choice.
    Home,
    /// To another site.
    Elsewhere,
}

/// An opinion said aloud. `suspect` and `unsure` are not said: they withdraw the ballot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ballot {
    /// About what.
    pub subject: Subject,
    /// What it says.
    pub says: Says,
}

/// What a ballot says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Says {
    /// It answers.
    Up,
    /// It does not.
    Down {
        /// How long since this site's last good answer, when the ballot was cast; cluster time adds to it.
        dark: Duration,
    },
}

/// One attempt at one step, over the numbers of one batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The run.
    pub run: RunId,
    /// Which of its steps, from 0.
    pub step: u16,
    /// Which way.
    pub direction: Direction,
    /// Which attempt, from 1.
    pub n: u8,
    /// Who does it.
    pub executor: SiteId,
    /// The executor's life; together with `nonce` it names the ask that this answers.
    pub boot: Boot,
    /// The ask.
    pub nonce: Nonce,
    /// The numbers of this batch; empty where nothing at a carrier is written.
    pub numbers: Vec<Number>,
    /// The view on which the run was last judged: a guard agreed after it refuses the attempt.
    pub basis: Index,
    /// The last entry that the leader had, uncommitted ones included.
    pub seen: Index,
}

/// What became of an attempt or of one number of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Was {
    /// It is as wanted; read back.
    Right,
    /// It is certainly not as wanted.
    Wrong,
    /// Nobody knows.
    Unknown,
}

/// Whether anything of the attempt can still arrive at the carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Closure {
    /// The carrier's answer to our SET was read, or no byte was sent; said by the process that asked.
    Closed,
    /// Anything else: what was sent may still be applied.
    Open,
}

/// One number's part of an attempt's report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The number.
    pub number: Number,
    /// What became of it.
    pub was: Was,
    /// Whether something may still arrive.
    pub closure: Closure,
    /// What the carrier showed last, if it was read; an empty slot is an empty destination.
    pub seen: Option<Destination>,
    /// In words, for people.
    pub why: String,
}

/// What the carrier showed for one number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The number.
    pub number: Number,
    /// What its slot shows, slot 1 unless the number names another; `None` if it is empty.
    pub shows: Option<Destination>,
}

impl Reading {
    /// What was read, as a value: an empty slot is one too, and not the same as one that was never read.
    pub fn value(&self) -> Destination {
        self.shows.clone().unwrap_or_else(Destination::empty)
    }
}

/// Why a reading was taken as the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Adoption {
    /// Nothing had ever been read: no alarm.
    First,
    /// A person changed it at the carrier: the route goes to manual until a person resumes it.
    Person,
    /// It is what was verified last, and nothing is left of the attempt that was to change it; or it is what was
    /// wanted, and came after its run had ended: no alarm.
    Own,
}

/// Who may act. The stricter of two wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Automation acts.
    Auto,
    /// It decides and explains, and does nothing.
    Advise,
    /// A person does everything.
    Manual,
}

impl std::fmt::Display for Mode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Auto => "auto",
            Self::Advise => "advise",
            Self::Manual => "manual",
        })
    }
}
