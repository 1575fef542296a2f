//! The whole agent minus the world: one event in, one output out, told the time.

mod absence;
mod agreed;
mod alone;
mod behind;
mod card;
mod conduct;
mod drift;
mod edits;
mod execute;
mod findings;
mod handover;
mod lead;
mod levers;
mod members;
mod objection;
mod outbox;
mod patience;
mod peers;
mod people;
mod placement;
mod plans;
mod reach;
mod receipts;
mod repair;
mod report;
mod revocation;
mod revoke;
mod rounds;
mod rules;
mod saying;
mod schema;
mod seating;
mod signals;
mod standing;
mod steady;
mod surveys;
mod telling;
mod unknown;
mod waits;
mod watch;

pub use levers::unfit;
pub use report::why_as_agreed;
pub use rules::{RouteRules, Rules};
pub use unknown::Stands;

use crate::command::HandsReport;
use crate::event::{Event, Identity, Output, Presence, Reign, Standing};
use crate::frame::Body;
use crate::policy_file::Marks;
use playbooks::Playbook;
use reach::Errand;
use state::alone::AloneEntry;
use state::handover::Hindrance;
use state::{CarrierId, Head, Index, Mono, Now, PlaybookId, RouteId, SiteId, Stamp, View};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;
use watch::News;

/// How many heads of the chain are kept for comparing: a site that is further behind is compared later.
const HEADS: usize = 256;

/// The playbooks that an agent can play, by name.
pub type Shelf = BTreeMap<PlaybookId, Playbook>;

/// One agent: what it remembers, believes, wants and has promised.
#[derive(Debug)]
pub struct Node {
    identity: Identity,
    view: View,
    rules: Option<Rules>,
    /// The text of this site's own policy file: the birth of the cluster, if nothing was agreed yet.
    file: String,
    /// The carriers whose secret is here.
    secrets: Vec<CarrierId>,
    playbooks: Shelf,
    standing: Standing,
    elected_at: Mono,
    /// When this site was elected, in cluster time, and how long nothing had been agreed until then.
    elected: Option<(Stamp, Duration)>,
    watches: watch::Watches,
    peers: peers::Peers,
    outbox: outbox::Outbox,
    receipts: receipts::Receipts,
    asks: execute::Asks,
    calls: conduct::Calls,
    looks: drift::Looks,
    glances: unknown::Glances,
    revokes: revoke::Revokes,
    /// What the own hands say that they have done.
    tally: HandsReport,
    reading_for: BTreeMap<u64, SiteId>,
    waiting: people::Waiting,
    /// What stands in the way of a route and is no guard: a playbook that does not fit, a carrier that is mute.
    complaints: BTreeMap<RouteId, String>,
    /// Why the agreed policy cannot be read by this version, if it cannot: nothing is judged by the one before.
    broken: Option<String>,
    /// Why nothing more is folded or done here, if it is so: an entry of a newer version, or two histories.
    stopped: Option<String>,
    /// Which of the two it is.
    stopped_by: Hindrance,
    /// Why this site has no vote and does nothing, until a person lets it back in.
    outside: Option<String>,
    /// The chain's head at the last entries, to be compared with the others'.
    heads: BTreeMap<Index, Head>,
    /// The part of the journal that is not here, if a snapshot stands for it.
    lacking: Option<(Index, Index)>,
    /// The sites whose wall clocks are far from the others', and by how much.
    astray: BTreeMap<SiteId, Duration>,
    steady: steady::Standings,
    signals: signals::Signals,
    reach: reach::Reach,
    /// When this machine's clock last jumped.
    jumped: Option<Mono>,
    /// The sites that are reached over another one, and over which.
    detours: BTreeMap<SiteId, SiteId>,
    /// Whether what is known here of revocations is old.
    knowledge: revocation::Knowledge,
    /// The sites that the policy has no more and that have not left, and where they listen.
    leaving: BTreeMap<SiteId, SocketAddr>,
    /// Those that only the own file has, if that alone tells that this site is wanted again.
    wanting: BTreeMap<SiteId, SocketAddr>,
    /// The view on which all were found to sit where it is wished; `None` once who sits, or who shall, may be others.
    seated_on: Option<Index>,
    /// When leadership was last handed over from here.
    handed_over: Option<Mono>,
    verdicts: telling::Verdicts,
    waits: waits::Waits,
    /// When the last thought wanted to be woken.
    wake_at: Option<Mono>,
    absence: absence::Absence,
    handovers: handover::Handovers,
    alone: alone::Alone,
    edits: edits::Edits,
    schemas: schema::Schemas,
    surveys: surveys::Surveys,
    findings: findings::Findings,
    pulsed: Option<Mono>,
}

/// Whether a node folds what is agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folding {
    /// It does.
    GoesOn,
    /// It met what it cannot read, or another history.
    Stopped,
}

/// What an agent starts with.
pub struct Start {
    /// Who it is.
    pub identity: Identity,
    /// The view that its journal amounts to.
    pub view: View,
    /// The text of its own policy file.
    pub file: String,
    /// The carriers whose secret it has.
    pub secrets: Vec<CarrierId>,
    /// The playbooks it can play.
    pub playbooks: Shelf,
    /// Why the replay of the journal stopped before its end, if it did.
    pub stopped: Option<String>,
    /// How long ago somebody led, as the disk remembers it; `None` on a new one.
    pub led: Option<Duration>,
    /// Why its disk may not vote, if it may not.
    pub outside: Option<String>,
    /// The table of claims alone.
    pub alone: Vec<(u64, AloneEntry)>,
    /// What its policy file has held, as the disk remembers it.
    pub marks: Marks,
}

impl Node {
    /// An agent as it is when its process starts; nothing old is ever executed.
    pub fn new(start: Start, now: Mono) -> Self {
        let receipts = receipts::Receipts::restart(&start.view, now);
        let mut node = Self {
            outbox: outbox::Outbox::new(start.identity.clone()),
            looks: drift::Looks::new(start.identity.boot),
            glances: unknown::Glances::default(),
            identity: start.identity,
            view: start.view,
            rules: None,
            file: start.file,
            secrets: start.secrets,
            playbooks: start.playbooks,
            standing: Standing::default(),
            elected_at: now,
            elected: None,
            watches: watch::Watches::default(),
            peers: peers::Peers::default(),
            receipts,
            asks: execute::Asks::default(),
            calls: conduct::Calls::default(),
            revokes: revoke::Revokes::default(),
            tally: HandsReport::default(),
            reading_for: BTreeMap::new(),
            waiting: people::Waiting::default(),
            complaints: BTreeMap::new(),
            broken: None,
            stopped: start.stopped,
            stopped_by: Hindrance::Unreadable,
            outside: start.outside,
            heads: BTreeMap::new(),
            lacking: None,
            astray: BTreeMap::new(),
            steady: steady::Standings::default(),
            signals: signals::Signals::default(),
            reach: reach::Reach::default(),
            jumped: None,
            detours: BTreeMap::new(),
            knowledge: revocation::Knowledge::default(),
            leaving: BTreeMap::new(),
            wanting: BTreeMap::new(),
            seated_on: None,
            handed_over: None,
            verdicts: telling::Verdicts::default(),
            waits: waits::Waits::default(),
            wake_at: None,
            absence: absence::Absence::begin(start.led, now),
            handovers: handover::Handovers::default(),
            alone: alone::Alone::replay(start.alone, now),
            edits: edits::Edits::replay(start.marks),
            schemas: schema::Schemas::default(),
            surveys: surveys::Surveys::default(),
            findings: findings::Findings::default(),
            pulsed: None,
        };
        node.rule(now);
        node
    }

    /// Who it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The name of one more proposal of this site, for what is agreed together with a change of the membership.
    pub fn number(&mut self) -> state::fact::Origin {
        self.outbox.number()
    }

    /// What it remembers.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Takes in one event; says what is to be done.
    pub fn step(&mut self, event: Event, now: Now) -> Output {
        let mut out = Output::default();
        if let Event::Heard { from, body: Body::Raft(_) } = &event {
            // Raft's own messages go to the quorum; here they are life, and what they bring comes as events.
            self.peers.heard(from, now.mono);
            out.wake_at = self.wake_at;
            return out;
        }
        if self.take(event, now, &mut out) == News::Same {
            // What is due by itself is due at a tick, or when it was asked for.
            out.wake_at = self.wake_at;
            return out;
        }
        self.doubt_revocations(now.mono, &mut out);
        self.cast(now);
        self.say_flapping();
        self.watch_standings(now);
        self.expire_wish(now.mono, &mut out);
        self.act_alone(now.mono, &mut out);
        self.merge_alone(&mut out);
        self.mind_the_file(now, &mut out);
        self.lead(now, &mut out);
        self.expire_asks(now, &mut out);
        self.expire_waiting(now, &mut out);
        self.tell_verdicts(now, &mut out);
        self.miss_a_leader(now, &mut out);
        self.read_for_the_card(now, &mut out);
        self.tell_handovers(now, &mut out);
        self.survey_at_night(now, &mut out);
        self.reach_out(now, &mut out);
        self.pulse(now, &mut out);
        self.propose(now.mono, &mut out);
        self.wake_at = out.wake_at;
        out
    }

    /// Takes an event to heart; says whether anything else can come of it. Most answers to probes say what the one
    /// before said.
    fn take(&mut self, event: Event, now: Now, out: &mut Output) -> News {
        match event {
            Event::Tick => {}
            Event::Observed { subject, asked, answer, .. } => {
                return self.observed((&subject, asked), answer, out);
            }
            Event::Unasked { subject, asked, why } => return self.unasked(&subject, asked, why),
            Event::Reference { target, asked, answer } => return self.referred(target, asked, answer),
            Event::Signalled { target, asked, answer } => {
                return self.signalled(target, (asked, answer), out);
            }
            Event::Contacted { target, asked, answer } => {
                return self.contacted(target, (asked, answer), out);
            }
            Event::Knocked { carrier, asked, answer } => self.knocked(&carrier, (asked, answer), out),
            Event::Heard { from, body } => self.heard(&from, body, now, out),
            Event::Greeted { from, hello, unfit } => self.peers.greeted(&from, (*hello, unfit), now.mono),
            Event::Standing(standing) => self.stand(standing, now, out),
            Event::Appended { index, entry } => self.receipts.appended(index, &entry, now.mono),
            Event::Agreed { index, bytes, entry } => self.agreed((index, &bytes), &entry, now, out),
            Event::Unreadable { index, why } => self.stop(format!("entry {index} cannot be read: {why}")),
            Event::Restored { view } => self.restored(*view, now.mono, out),
            Event::Lacking { between } => self.lacking = between,
            Event::ClockGap { .. } => self.clock_jumped(now.mono),
            Event::Astray { by } => self.astray = by,
            Event::Detours { over } => self.detours = over,
            Event::Prepared { nonce } => {
                self.logged_in(Errand::Ask(nonce), Presence::Present, out);
                if let Some(nonce) = self.prepared_alone(nonce, now, out) {
                    self.prepared(nonce, now, out);
                }
            }
            Event::Unprepared { nonce, why } => {
                self.logged_in(Errand::Ask(nonce), Presence::Absent, out);
                self.unprepared_alone(nonce, &why, out);
                self.unprepared(nonce, why, out);
            }
            Event::Executed { fence, report } => {
                if let Some(report) = self.executed_alone((fence, report), now.mono, out) {
                    self.report(fence, report);
                }
            }
            Event::Looked { id, found } => {
                let read = if found.is_ok() { Presence::Present } else { Presence::Absent };
                self.logged_in(Errand::Look(id), read, out);
                self.read_here(id, &found, now.mono);
                self.looked_alone((id, &found), now, out);
                self.have_looked(id, found, out);
            }
            Event::Seen { id, found } => self.have_seen(id, found, out),
            Event::Tallied(tally) => self.tally = tally,
            Event::Surveyed { n, sights } => self.surveyed(n, sights, now),
            Event::Secrets(held) => self.secrets = held,
            Event::File(found) => self.file_found(found, out),
            Event::Asked { asker, command } => self.command(asker, command, now, out),
        }
        News::Changed
    }

    fn heard(&mut self, from: &SiteId, body: Body, now: Now, out: &mut Output) {
        self.peers.heard(from, now.mono);
        match body {
            // Raft's messages were the quorum's, fetched facts are the disk's, and the ways are the turn's.
            Body::Raft(_) | Body::Fetch(_) | Body::Fetched(_) | Body::Hears { .. } | Body::Relayed(_) => {}
            Body::Hello(_) => {}
            Body::Propose { origin, fact } => {
                self.peers.follows(from, &self.identity.site, now.mono);
                let known = self.view.taken(&origin) || self.receipts.holds(&origin);
                let theirs = origin.site == *from && fact.may_be_asked_for();
                let leads = !self.steps_aside(&fact, now, out) && self.standing.reign != Reign::Following;
                if leads
                    && !known
                    && theirs
                    && self.may_write(&fact)
                    && !self.declines((&origin, &fact), now.mono, out)
                {
                    out.propose.push((origin, fact));
                }
            }
            Body::Pulse(pulse) => {
                self.compare(from, pulse.journal);
                self.peers.pulse(from, pulse, now.mono);
            }
            Body::Prepare(call) => self.prepare(from, call, now, out),
            Body::Unready { call, why } => self.unready(from, &call, (why, now)),
            Body::Ask { call, boot, nonce } => self.asked(from, &call, (boot, nonce), now),
            Body::Look(look) => self.asked_to_look(from, look, out),
            Body::Looked { id, found } => self.looked(from, (id, found), now),
            Body::See(see) => self.asked_to_see(from, &see, out),
            Body::Wrong { at, sights } => self.others_found(from, (at, sights), now.mono),
            Body::Seen { id, found } => self.it_stands(from, (id, found), now.mono),
            Body::Revoke { fence, boot, nonce } => self.revoked(from, (fence, boot, nonce), out),
            Body::Declined { origin, why } => {
                if self.standing.leader.as_ref() == Some(from) {
                    self.declined(&origin, &why, now.mono, out);
                }
            }
        }
    }

    /// Remembers what stands in the way of a route, to be said when asked.
    fn complain(&mut self, route: &RouteId, why: String) {
        self.complaints.insert(route.clone(), why);
    }
}

/// Asks to be woken at the earlier of two moments.
fn wake(out: &mut Output, at: Mono) {
    out.wake_at = Some(out.wake_at.map_or(at, |before| before.min(at)));
}
