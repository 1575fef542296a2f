//! The whole agent minus the world: one event in, one output out, told the time.

mod absence;
mod card;
mod conduct;
mod drift;
mod execute;
mod handover;
mod lead;
mod members;
mod outbox;
mod peers;
mod people;
mod placement;
mod plans;
mod receipts;
mod repair;
mod report;
mod rounds;
mod rules;
mod steady;
mod telling;
mod waits;
mod watch;

pub use rules::{RouteRules, Rules};

use crate::event::{Event, Identity, Output, Reign, Standing};
use crate::frame::{Body, Pulse};
use playbooks::Playbook;
use state::fact::{Entry, Fact};
use state::handover::Hindrance;
use state::view::Applied;
use state::{CarrierId, Head, Index, Mono, Now, PlaybookId, RouteId, SiteId, Stamp, View};
use std::collections::BTreeMap;
use std::time::Duration;

/// How many heads of the chain are kept for comparing: a site that is further behind is compared later.
const HEADS: usize = 256;
/// How often every site says that it lives.
const PULSE_EVERY: Duration = Duration::from_secs(1);

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
    /// When this machine's clock last jumped.
    jumped: Option<Mono>,
    /// The sites that are reached over another one, and over which.
    detours: BTreeMap<SiteId, SiteId>,
    /// When leadership was last handed over from here.
    handed_over: Option<Mono>,
    verdicts: telling::Verdicts,
    waits: waits::Waits,
    /// When the last thought wanted to be woken.
    wake_at: Option<Mono>,
    absence: absence::Absence,
    handovers: handover::Handovers,
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
}

impl Node {
    /// An agent as it is when its process starts; nothing old is ever executed.
    pub fn new(start: Start, now: Mono) -> Self {
        let receipts = receipts::Receipts::restart(&start.view, now);
        let mut node = Self {
            outbox: outbox::Outbox::new(start.identity.clone()),
            looks: drift::Looks::new(start.identity.boot),
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
            jumped: None,
            detours: BTreeMap::new(),
            handed_over: None,
            verdicts: telling::Verdicts::default(),
            waits: waits::Waits::default(),
            wake_at: None,
            absence: absence::Absence::begin(start.led, now),
            handovers: handover::Handovers::default(),
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
            // Raft's own messages go to the quorum. Here they are life and nothing else; what they bring comes as
            // events of its own.
            self.peers.heard(from, now.mono);
            out.wake_at = self.wake_at;
            return out;
        }
        self.take(event, now, &mut out);
        self.cast(now);
        self.say_flapping();
        self.watch_standings(now);
        self.lead(now, &mut out);
        self.expire_asks(now, &mut out);
        self.expire_waiting(now, &mut out);
        self.tell_verdicts(now, &mut out);
        self.miss_a_leader(now, &mut out);
        self.read_for_the_card(now, &mut out);
        self.tell_handovers(now, &mut out);
        self.pulse(now, &mut out);
        self.propose(now.mono, &mut out);
        self.wake_at = out.wake_at;
        out
    }

    fn take(&mut self, event: Event, now: Now, out: &mut Output) {
        match event {
            Event::Tick => {}
            Event::Observed { subject, asked, answer, .. } => self.observed((&subject, asked), answer, out),
            Event::Reference { target, asked, answer } => self.referred(target, asked, answer),
            Event::Heard { from, body } => self.heard(&from, body, now, out),
            Event::Greeted { from, hello, unfit } => self.peers.greeted(&from, (*hello, unfit), now.mono),
            Event::Standing(standing) => self.stand(standing, now, out),
            Event::Appended { index, entry } => self.receipts.appended(index, &entry, now.mono),
            Event::Agreed { index, bytes, entry } => self.agreed((index, &bytes), &entry, now, out),
            Event::Unreadable { index, why } => self.stop(format!("entry {index} cannot be read: {why}")),
            Event::Restored { view } => self.restored(*view, now.mono),
            Event::Lacking { between } => self.lacking = between,
            Event::ClockGap { .. } => {
                self.jumped = Some(now.mono);
                self.steady.forget();
                self.watches.all_see(policies::opinion::Event::Gap, now.mono);
            }
            Event::Astray { by } => self.astray = by,
            Event::Detours { over } => self.detours = over,
            Event::Prepared { nonce } => self.prepared(nonce, now, out),
            Event::Unprepared { nonce, why } => self.unprepared(nonce, why, out),
            Event::Executed { fence, report } => self.report(fence, report),
            Event::Looked { id, found } => {
                self.read_here(id, &found, now.mono);
                self.have_looked(id, found, out);
            }
            Event::Asked { asker, command } => self.command(asker, command, now, out),
        }
    }

    fn heard(&mut self, from: &SiteId, body: Body, now: Now, out: &mut Output) {
        self.peers.heard(from, now.mono);
        match body {
            // Raft's messages were the quorum's, fetched facts are the disk's, and the ways are the turn's.
            Body::Raft(_) | Body::Fetch(_) | Body::Fetched(_) | Body::Hears { .. } | Body::Relayed(_) => {}
            // A greeting is heard at the door, and comes from there.
            Body::Hello(_) => {}
            Body::Propose { origin, fact } => {
                let known = self.view.taken(&origin) || self.receipts.holds(&origin);
                let theirs = origin.site == *from && fact.may_be_asked_for();
                if self.standing.reign != Reign::Following && !known && theirs {
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
        }
    }

    /// Leadership changed hands, or its log grew.
    fn stand(&mut self, standing: Standing, now: Now, out: &mut Output) {
        let began = standing.reign != Reign::Following
            && (self.standing.reign == Reign::Following || self.standing.term != standing.term);
        let ended = self.standing.reign != Reign::Following && standing.reign == Reign::Following;
        self.tell_leader(&standing, out);
        self.absence.stand(&self.standing, &standing, now.mono);
        self.standing = standing;
        self.receipts.trim(self.standing.applied, self.standing.end);
        self.outbox.standing(&self.standing);
        if began {
            self.elected_at = now.mono;
            self.elected = Some((now.stamp, now.stamp.since(self.view.stamp)));
        }
        if began || ended {
            // What a leader knew of its calls and readings means nothing outside its reign.
            self.calls = conduct::Calls::default();
            self.looks.begin_anew();
            self.complaints.clear();
            self.handovers.forget_carriers();
        }
    }

    /// One more entry is agreed: fold it, and do what it means for this site.
    fn agreed(&mut self, at: (Index, &[u8]), entry: &Entry, now: Now, out: &mut Output) {
        let (index, bytes) = at;
        if self.stopped.is_some() {
            return;
        }
        let was_silent = self.view.silent.contains_key(&entry.origin.site);
        let applied = self.view.apply(index, bytes, entry);
        self.heads.insert(index, self.view.head);
        while self.heads.len() > HEADS {
            self.heads.pop_first();
        }
        self.receipts.agreed(index, entry, (&self.view, now.mono));
        self.outbox.settle(&entry.origin);
        self.answer_agreed(index, entry, &applied, out);
        self.tell_agreed(index, entry, (&applied, now), out);
        match (&entry.fact, &applied) {
            (Fact::PolicyAgreed { .. }, Applied::Accepted) => {
                self.rule(now.mono);
                self.watch(out);
            }
            (Fact::StepStarted(attempt), Applied::Accepted) => self.go(index, attempt, now, out),
            (Fact::StepStarted(attempt), Applied::Refused(_)) => self.void(attempt, out),
            (Fact::RunEnded { run, .. }, Applied::Accepted) => {
                if let Some(route) = self.view.runs.get(run).map(|run| run.plan.route.clone()) {
                    self.look_now(&route, now.mono);
                }
            }
            (Fact::StepEndedLate { late, .. }, _) => self.look_for_late(late, now.mono),
            // It comes back, and with it perhaps what it had sent.
            (Fact::BallotsCast { .. }, Applied::Accepted) if was_silent => self.look_often(now.mono),
            (_, _) => {}
        }
    }

    /// A snapshot took the place of entries that this site does not have.
    fn restored(&mut self, view: View, now: Mono) {
        self.view = view;
        self.receipts.restored(&self.view, now);
        // What was agreed within the snapshot is never seen being agreed.
        self.outbox.settle_taken(&self.view);
        self.rule(now);
    }

    /// Two heads at one index are two histories: nothing automatic is done on either.
    fn compare(&mut self, from: &SiteId, (index, theirs): (Index, Head)) {
        if let Some(ours) = self.heads.get(&index).filter(|ours| **ours != theirs) {
            let what = format!("the journal here is {ours} at {index}, that of {from} is {theirs}");
            self.stop(what);
            self.stopped_by = Hindrance::TwoHistories;
        }
    }

    /// From here on this site votes and answers, but says nothing of what it sees and does nothing.
    fn stop(&mut self, why: String) {
        self.stopped.get_or_insert(why);
    }

    /// Why this site judges and does nothing, if it is so; also when it cannot read the agreed policy, because
    /// nothing is judged by the one before.
    pub fn idle(&self) -> Option<&str> {
        self.outside.as_deref().or(self.stopped.as_deref()).or(self.broken.as_deref())
    }

    /// Whether its view is that of everything agreed: one that stopped folding stands for nothing.
    pub fn folds(&self) -> Folding {
        if self.stopped.is_some() { Folding::Stopped } else { Folding::GoesOn }
    }

    /// Makes rules of the agreed policy; before the birth, of the own file, so that probes can begin.
    fn rule(&mut self, now: Mono) {
        let text = self.view.policy.as_ref().map_or(self.file.as_str(), |policy| policy.text.as_str());
        match Rules::read(text, &self.identity.site) {
            Ok(rules) => (self.rules, self.broken) = (Some(rules), None),
            Err(why) => self.broken = Some(why),
        }
        self.watch_subjects(now);
    }

    /// What is to be probed under the policy in force.
    pub fn watch(&self, out: &mut Output) {
        if let Some(rules) = &self.rules {
            out.act.push(crate::event::Effect::Watch(rules.probes.clone()));
            out.act.push(crate::event::Effect::Reach(rules.carriers.clone()));
        }
    }

    fn pulse(&mut self, now: Now, out: &mut Output) {
        if self.pulsed.is_some_and(|at| now.mono.since(at) < PULSE_EVERY) {
            return;
        }
        self.pulsed = Some(now.mono);
        let policy = self.view.policy.as_ref().and(self.rules.as_ref()).map(|rules| rules.digest.clone());
        for site in self.others() {
            let pulse = Pulse {
                boot: self.identity.boot,
                wall: Stamp::default(),
                policy: policy.clone(),
                secrets: self.secrets.clone(),
                journal: (self.view.index, self.view.head),
                leaderless: self.absence.report.clone(),
                hears: Vec::new(),
            };
            self.say(&site, Body::Pulse(pulse), out);
        }
    }

    /// What is due goes to the log if this site leads, else to the leader if there is one.
    fn propose(&mut self, now: Mono, out: &mut Output) {
        let leader = self.standing.leader.clone();
        if self.standing.reign == Reign::Following && leader.is_none() {
            return;
        }
        for (origin, fact) in self.outbox.due(&self.standing, now, |origin| self.receipts.holds(origin)) {
            match (&leader, self.standing.reign) {
                (_, Reign::Fresh | Reign::Ready) => out.propose.push((origin, fact)),
                (Some(leader), Reign::Following) => self.say(leader, Body::Propose { origin, fact }, out),
                (None, Reign::Following) => {}
            }
        }
    }

    fn say(&self, to: &SiteId, body: Body, out: &mut Output) {
        out.send.push((to.clone(), body));
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
