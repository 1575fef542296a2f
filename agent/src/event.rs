//! The one door in and the one door out of `Node`: events, and what is to be done about them.

use crate::command::{Answer, Command, HandsReport, Telling};
use crate::door::{Hello, Unfit};
use crate::frame::{Body, Call, Look};
use crate::links::Other;
use crate::live::Sight;
use crate::live::asks::Asks;
use crate::node::Stands;
use crate::policy_file::{Found, Marks, Rewrite};
use crate::probes::plan::ProbePlan;
use crate::quorum::{Seat, Seating};
use state::alone::AloneEntry;
use state::fact::{Entry, Fact, Origin, Outcome, Reading, Was};
use state::plan::{Ensure, Pointing};
use state::{
    Boot, CarrierId, Destination, Disk, Index, Mono, Nonce, Number, SiteId, Subject, Term, View, Who,
};
use std::collections::BTreeMap;
use std::time::Duration;

/// Everything that can happen to an agent.
#[derive(Debug)]
pub enum Event {
    /// Time passed.
    Tick,
    /// A probe was answered, or not.
    Observed { subject: Subject, asked: Mono, answer: Presence, detail: String },
    /// This site could not ask; that says nothing of the subject.
    Unasked { subject: Subject, asked: Mono, why: String },
    /// One of the own references answered, or not.
    Reference { target: std::net::SocketAddr, asked: Mono, answer: Presence },
    /// An address that a carrier's calls come from answered, or not.
    Signalled { target: std::net::SocketAddr, asked: Mono, answer: Presence },
    /// The PBX beside this agent reaches such an address, or not.
    Contacted { target: std::net::SocketAddr, asked: Mono, answer: Presence },
    /// A carrier's interface let itself be connected to, or not.
    Knocked { carrier: CarrierId, asked: Mono, answer: Presence },
    /// A peer said something.
    Heard { from: SiteId, body: Body },
    /// A peer greeted; nothing is taken from it if it is not fit.
    Greeted { from: SiteId, hello: Box<Hello>, unfit: Option<Unfit> },
    /// Raft says who leads.
    Standing(Standing),
    /// An entry entered this site's own log; it may never be agreed.
    Appended { index: Index, entry: Box<Entry> },
    /// An entry was agreed.
    Agreed { index: Index, bytes: Vec<u8>, entry: Box<Entry> },
    /// An agreed entry cannot be read by this version: nothing after it is folded.
    Unreadable { index: Index, why: String },
    /// A snapshot took the place of entries that this site missed.
    Restored { view: Box<View> },
    /// The journal here lacks the facts between these two, or lacks none any more.
    Lacking { between: Option<(Index, Index)> },
    /// This machine slept or was stopped for this long.
    ClockGap { since: Mono },
    /// The wall clocks that are far from the others' are these now.
    Astray { by: BTreeMap<SiteId, Duration> },
    /// These sites are reached over another one, and over which.
    Detours { over: BTreeMap<SiteId, SiteId> },
    /// The carrier's session for this ask stands.
    Prepared { nonce: Nonce },
    /// It does not.
    Unprepared { nonce: Nonce, why: String },
    /// An attempt ended, as far as this process can tell.
    Executed { fence: Index, report: Report },
    /// What the carrier shows.
    Looked { id: u64, found: Result<Vec<Reading>, String> },
    /// How the end state of a step stands.
    Seen { id: u64, found: Stands },
    /// What the hands have done at carriers since they were started.
    Tallied(HandsReport),
    /// What a survey found.
    Surveyed { n: u64, sights: Vec<Sight> },
    /// The carriers of the policy in force whose secret is on this machine.
    Secrets(Vec<CarrierId>),
    /// What the folder of the policy file shows.
    File(Found),
    /// A person, or a program of theirs, asks something.
    Asked { asker: Asker, command: Command },
}

/// Whether something is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It answered.
    Present,
    /// It did not.
    Absent,
}

/// Who asks over the control socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker {
    /// Names the connection that waits for the answer.
    pub id: u64,
    /// The person.
    pub who: Who,
}

/// What Raft says about leadership, as seen from here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Raft's reign number.
    pub term: Term,
    /// Who leads, as far as this site knows.
    pub leader: Option<SiteId>,
    /// Whether this site leads.
    pub reign: Reign,
    /// The last entry of the log by which this site leads, uncommitted ones included; else of its longest one.
    pub last: Index,
    /// The last entry that is agreed and handed over, openings of reigns included.
    pub applied: Index,
    /// The last entry of the longest own log: what was appended after it was taken back.
    pub end: Index,
    /// Who sits where in the membership that is applied here.
    pub seated: Seating,
    /// Who voted before the change that is under way; nobody while none is. Then both majorities count.
    pub before: Seating,
    /// The greatest id that a vote ever had, as far as is applied here.
    pub greatest: u64,
}

/// Whether this site leads, and may act on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reign {
    /// Another site leads, or none.
    #[default]
    Following,
    /// This site leads, but has not applied its log to its end in this term.
    Fresh,
    /// This site leads and knows everything agreed before.
    Ready,
}

/// What an executor knows about its attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// On the whole.
    pub was: Was,
    /// For each number.
    pub outcomes: Vec<Outcome>,
    /// What a person should know.
    pub note: Option<String>,
    /// The numbers whose write ended after its window.
    pub late: Vec<Number>,
}

/// What one site remembers by itself, without anybody's agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Somebody leads at this moment.
    Led,
    /// A line of the table of claims alone.
    Alone { n: u64, line: AloneEntry },
    /// What its policy file has held.
    Marks(Marks),
}

/// What `Node` wants done: keep, then propose, then send, then act.
#[must_use = "keep, then propose, then send, then act"]
#[derive(Debug, Default)]
pub struct Output {
    /// To be written to this site's own disk, before anything is proposed, sent or done.
    pub keep: Vec<Keep>,
    /// To be agreed; only while this site leads.
    pub propose: Vec<(Origin, Fact)>,
    /// Leadership is to be handed to this site.
    pub hand_over: Option<SiteId>,
    /// Who shall sit where: the membership is brought there step by step.
    pub reseat: Option<Vec<Seat>>,
    /// To be said to peers, or to oneself.
    pub send: Vec<(SiteId, Body)>,
    /// To be done outside.
    pub act: Vec<Effect>,
    /// To be told to whoever listens.
    pub tell: Vec<Telling>,
    /// When to come back even if nothing happens.
    pub wake_at: Option<Mono>,
}

/// An order to touch the world.
#[derive(Debug)]
pub enum Effect {
    /// Log in at a carrier, so that only the ask is left.
    Prepare { nonce: Nonce, carrier: CarrierId, until: Mono },
    /// Let a prepared session go.
    Release { nonce: Nonce },
    /// Bring numbers to where they shall point; the session is the one prepared under `nonce`.
    Point(Point),
    /// Send nothing more for this attempt; it ends with what was done of it.
    Revoke { fence: Index },
    /// Tell people.
    Notify { fence: Index, text: String },
    /// Read what a carrier shows.
    Look(Look),
    /// Connect to a carrier's interface and leave, saying nothing.
    Knock {
        /// The carrier.
        carrier: CarrierId,
        /// How long that may take.
        within: Duration,
    },
    /// Look at everything that this site leans on, and touch nothing.
    Survey(Survey),
    /// Answer a person.
    Answer { to: u64, answer: Box<Answer> },
    /// Watch these subjects from now on.
    Watch(Vec<ProbePlan>),
    /// These are the carriers from now on.
    Reach(Vec<policies::policy::Carrier>),
    /// These are the other sites from now on, where they listen, and who may speak for them.
    Link(Vec<Other>),
    /// The policy file shall hold the agreed text.
    Rewrite(Rewrite),
    /// See whether this site has what it takes to bring this about: `Prepared` or `Unprepared` says so.
    Equip { nonce: Nonce, ensure: Ensure },
    /// Bring about what is no number at a carrier.
    Ensure(Order),
    /// See how what is no number stands, and change nothing.
    See { id: u64, ensure: Ensure, within: Duration },
}

/// One attempt at something that is no number: fenced and dated.
#[derive(Clone, Debug)]
pub struct Order {
    /// The log position of the intent.
    pub fence: Index,
    /// What shall hold.
    pub ensure: Ensure,
    /// What it writes, by name; no other attempt writes that meanwhile.
    pub writes: Vec<Number>,
    /// Nothing is begun after this.
    pub begin_by: Mono,
    /// After this nothing of it lives.
    pub close_by: Mono,
}

/// An order to look at everything that this site leans on.
#[derive(Clone, Debug)]
pub struct Survey {
    /// Names the survey.
    pub n: u64,
    /// The cluster that the certificates must be of.
    pub cluster: String,
    /// What the policy leans on.
    pub asks: Asks,
    /// The earliest login at each carrier that is no misuse.
    pub not_before: BTreeMap<CarrierId, Mono>,
}

/// One attempt at pointing a batch of numbers: fenced and dated.
#[derive(Clone, Debug)]
pub struct Point {
    /// The log position of the intent.
    pub fence: Index,
    /// The ask that prepared the session.
    pub nonce: Nonce,
    /// No SET leaves after this.
    pub send_by: Mono,
    /// After this the connection is reset.
    pub close_by: Mono,
    /// The numbers of the batch in order, with what else may rightly stand there.
    pub batch: Vec<(Pointing, Vec<Destination>)>,
}

/// Who an agent is.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Its site.
    pub site: SiteId,
    /// Which life on this disk.
    pub starts: state::Starts,
    /// Names this process.
    pub boot: Boot,
    /// Names the disk.
    pub disk: Disk,
}

/// What an unprepared or unanswered call was about.
pub type CallKey = (state::RunId, u16, state::run::Direction, u8);

impl Call {
    /// The attempt that the call is about.
    pub fn key(&self) -> CallKey {
        (self.run, self.step, self.direction, self.n)
    }
}
