//! The view: what the agreed facts amount to. The fold over them is the gate.

mod alone;
mod ballots;
mod behind;
mod handover;
mod levers;
mod lost;
mod members;
mod passed;
mod people;
mod policy;
mod repair;
mod runs;
mod schema;
mod taken;
mod waiting;
mod wanted;

pub use members::{Member, Revoked};

use crate::chain::{Head, Imprint};
use crate::fact::{Entry, Fact, Mode, Says};
use crate::handover::Leaderless;
use crate::ids::{Boot, IncidentId, Index, Nonce, Number, RouteId, RunId, SiteId, Starts, Subject, Who};
use crate::incident::Incident;
use crate::plan::Pointing;
use crate::route::{Hold, RouteState};
use crate::run::Run;
use crate::time::Stamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use taken::Taken;

/// How many ended runs and closed incidents are kept at hand; the journal has all of them.
const KEPT: usize = 50;
/// How many notices are shown.
const NOTICES: usize = 20;

/// Everything the cluster remembers, as of one index. Replaying a journal gives the same view and every refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// The last entry that was folded.
    pub index: Index,
    /// The journal's hash chain at that entry.
    pub head: Head,
    /// Cluster time of that entry.
    pub stamp: Stamp,
    /// When the first entry was agreed.
    pub born: Option<Stamp>,
    /// The policy in force.
    pub policy: Option<PolicyInForce>,
    /// A person's choice of who may act, for all routes.
    pub mode: Option<Mode>,
    /// A person's hold on all routes.
    pub hold: Option<Hold>,
    /// The last entry that could forbid an action on any route.
    pub guard: Index,
    /// What each site says.
    pub ballots: BTreeMap<SiteId, SiteBallots>,
    /// Where each site finds that the answers come and go too often to believe.
    pub flapping: BTreeMap<SiteId, SiteFlapping>,
    /// The sites that the leader does not hear, and since which entry.
    pub silent: BTreeMap<SiteId, Index>,
    /// The routes.
    pub routes: BTreeMap<RouteId, RouteState>,
    /// The runs under way and the last that ended.
    pub runs: BTreeMap<RunId, Run>,
    /// Attempts by their fence: while a step is in flight with them, and until they are closed or too old to matter.
    pub attempts: BTreeMap<Index, OpenAttempt>,
    /// The incidents that are not over and the last that are.
    pub incidents: BTreeMap<IncidentId, Incident>,
    /// What people were told.
    pub notices: Vec<Notice>,
    /// How many writes ended after their window, as their executors' own clocks showed.
    pub late_writes: u64,
    /// The last claim alone of each site that is known to all.
    pub alone: BTreeMap<SiteId, u64>,
    /// The last time without a leader.
    pub leaderless: Option<Leaderless>,
    /// The disk and the votes of each site that has been named.
    pub members: BTreeMap<SiteId, Member>,
    /// The greatest id of a vote that was ever given: none up to here is given again.
    pub ids_given: u64,
    /// Where a change of the membership was begun that is not settled yet.
    pub changing: Option<Index>,
    /// The sites whose bundle was revoked, and what was agreed of their next one.
    pub revoked: BTreeMap<SiteId, Revoked>,
    raised: u16,
    seen: BTreeMap<SiteId, Taken>,
}

/// The policy in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyInForce {
    /// Its text, as agreed.
    pub text: String,
    /// Where it was agreed.
    pub index: Index,
    /// Who brought it.
    pub who: Who,
}

/// One site's ballots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteBallots {
    /// The life in which they were cast.
    pub starts: Starts,
    /// Which proposal of that life.
    pub n: u64,
    /// When, in cluster time.
    pub at: Stamp,
    /// What each says.
    pub set: BTreeMap<Subject, Says>,
}

/// What flaps in the eyes of one site.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteFlapping {
    /// The life in which it was said.
    pub starts: Starts,
    /// Which proposal of that life.
    pub n: u64,
    /// All subjects that flap.
    pub set: BTreeSet<Subject>,
}

/// An attempt of which something may still arrive at the carrier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenAttempt {
    /// The run that it belongs to.
    pub run: RunId,
    /// Who was to do it.
    pub executor: SiteId,
    /// In which life.
    pub boot: Boot,
    /// The ask that it answered.
    pub nonce: Nonce,
    /// What it was to write.
    pub pointings: Vec<Pointing>,
    /// The numbers, or the other things that it writes, for which no closed outcome is known.
    pub open: BTreeSet<Number>,
    /// When it was agreed.
    pub at: Stamp,
    /// How long what is open of it keeps others away, from the receipt of the intent.
    pub wait: Duration,
}

/// Something people were told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// When.
    pub at: Stamp,
    /// By which run; none where no run told it.
    pub run: Option<RunId>,
    /// In these words.
    pub text: String,
}

/// What the fold made of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It counts.
    Accepted,
    /// It does not, and this is why.
    Refused(Refusal),
}

/// Why the fold refuses an entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The same proposal was taken before.
    #[error("it was taken before")]
    Repeated,
    /// It comes from a life of its site that is over.
    #[error("it comes from an earlier start of {0}")]
    Stale(SiteId),
    /// A newer set of the site's ballots stands, or was cast meanwhile.
    #[error("newer ballots of {0} stand")]
    Overtaken(SiteId),
    /// Somebody forbade it between the decision and the agreement.
    #[error("{what} changed at {at}, after it was decided")]
    Guarded {
        /// What changed: mode, hold, claim or policy.
        what: &'static str,
        /// Where.
        at: Index,
    },
    /// The route has a run already.
    #[error("{0} is still under way, and goes first")]
    Busy(RunId),
    /// The site it would go to fell silent.
    #[error("{0} fell silent after it was decided")]
    Silent(SiteId),
    /// The run is unknown or over.
    #[error("{0} is not under way")]
    NoRun(RunId),
    /// The step is not where the fact says.
    #[error("step {step} of {run} is not waiting for this")]
    NotWaiting {
        /// The run.
        run: RunId,
        /// The step, from 0.
        step: u16,
    },
    /// Something touched the run or one of its numbers after the decision.
    #[error("{what} was touched at {at}, after it was decided")]
    Touched {
        /// What.
        what: String,
        /// Where.
        at: Index,
    },
    /// What is wanted was asserted again already.
    #[error("it was repaired {what}")]
    Repaired {
        /// How often, or after which attempt.
        what: String,
    },
    /// The ask was answered before.
    #[error("this ask was answered before")]
    Answered,
    /// No such attempt is open, or another life of its site speaks of it.
    #[error("no open attempt {0} is known to that process")]
    NoAttempt(Index),
    /// No such incident is open.
    #[error("{0} is not open")]
    NoIncident(IncidentId),
    /// Another disk has that name, or has it already.
    #[error("{0} has a name already")]
    Named(SiteId),
    /// An id of a vote is never given twice, or the membership moved on meanwhile.
    #[error("these votes of {0} were given before, or make no seat")]
    Given(SiteId),
    /// The policy was edited by somebody else meanwhile.
    #[error("it was made from policy {base}, and {current} is in force")]
    Outdated {
        /// The text that it was made from.
        base: Imprint,
        /// The text in force.
        current: Imprint,
    },
    /// Some site may not be able to read it yet, or all have been able for long.
    #[error("facts of schema {to} are written once all sites can read them, which is so up to {raised}")]
    Schema {
        /// The schema of the fact, or the one to which it would raise.
        to: u16,
        /// What is agreed to be readable everywhere.
        raised: u16,
    },
    /// Nothing is taken from whoever holds the bundle.
    #[error("the bundle of {0} is revoked")]
    Revoked(SiteId),
    /// Only a bundle that was revoked has a next one, and only once its votes are out.
    #[error("the bundle of {0} is not revoked, or its votes are not out yet")]
    Unrevoked(SiteId),
    /// Slots 2 and 3 are written because a person asked for it, and for nothing else.
    #[error("nobody has asked for slots 2 and 3 of {0}")]
    Unordered(RouteId),
    /// Nothing is in force that could be edited.
    #[error("no policy is in force yet")]
    NoPolicy,
}

impl View {
    /// The memory of a cluster at its birth.
    pub fn birth(cluster: &str) -> Self {
        Self { head: Head::birth(cluster), ..Self::default() }
    }

    /// Folds one agreed entry. `bytes` are the entry's own, for the chain.
    pub fn apply(&mut self, index: Index, bytes: &[u8], entry: &Entry) -> Applied {
        self.index = index;
        self.head = self.head.next(index, bytes);
        self.stamp = self.stamp.max(entry.stamp);
        self.born.get_or_insert(entry.stamp);
        let readable = self.readable(&entry.fact);
        let folded = self
            .speaks(entry)
            .and_then(|()| self.take(&entry.origin))
            .and(readable)
            .and_then(|()| self.fold(index, entry));
        self.prune();
        match folded {
            Ok(()) => Applied::Accepted,
            Err(refusal) => Applied::Refused(refusal),
        }
    }

    fn fold(&mut self, index: Index, entry: &Entry) -> Result<(), Refusal> {
        match &entry.fact {
            Fact::PolicyAgreed { text, who } => self.policy_agreed(index, text, who),
            Fact::BallotsCast { ballots } => self.ballots_cast(entry, ballots),
            Fact::SiteSilent { site, starts, n } => self.site_silent(index, site, (*starts, *n)),
            Fact::IncidentOpened { route, site } => self.incident_opened(index, route, site),
            Fact::IncidentPassed { incident } => self.incident_passed(*incident),
            Fact::IncidentAcked { incident, who } => self.incident_acked(*incident, who),
            Fact::RunOpened { .. } => self.run_opened(index, &entry.fact),
            Fact::StepStarted(attempt) => self.step_started(index, attempt),
            Fact::StepEnded { .. } => self.step_ended(index, &entry.fact),
            Fact::StepLost { fence, why } => self.step_lost(index, *fence, why),
            Fact::AttemptLapsed { fence } => self.attempt_lapsed(index, *fence),
            Fact::StepRead { fence, readings } => self.step_read(index, *fence, readings),
            Fact::StepSeen { fence, was, why, .. } => self.step_seen(index, *fence, (*was, why)),
            Fact::RunTurned { run, why } => self.run_turned(index, *run, why),
            Fact::RunEnded { run, word, why } => self.run_ended(index, *run, (*word, why)),
            Fact::RouteAdopted { .. } => self.route_adopted(index, &entry.fact),
            Fact::ModeSet { route, mode, who } => self.mode_set(index, route.as_ref(), (*mode, who)),
            Fact::Held { route, until, because, who } => {
                let hold = Hold { until: *until, because: because.clone(), who: who.clone() };
                self.held(index, route.as_ref(), hold)
            }
            Fact::Resumed { route, who } => self.resumed(index, route.as_ref(), who),
            Fact::Claimed { .. } | Fact::Played { .. } => self.claimed(index, &entry.fact),
            Fact::FlappingSeen { subjects } => self.flapping_seen(&entry.origin, subjects),
            Fact::StepEndedLate { late, .. } => {
                self.late_writes += u64::try_from(late.len()).unwrap_or(u64::MAX);
                // Counted even if the attempt is so old that nobody remembers it.
                self.step_ended(index, &entry.fact).or(Ok(()))
            }
            Fact::HandedOver { .. } => self.handed_over(index, &entry.fact),
            Fact::TakenBack { route, hindrance } => self.taken_back(route, *hindrance),
            Fact::Leaderless { .. } => self.leaderless_for(index, &entry.fact),
            Fact::Escalated { incident } => self.escalated(*incident),
            Fact::Born { site, disk, raft_ids } => self.site_born(index, site, (*disk, raft_ids)),
            Fact::Readmitted { site, disk, raft_ids, .. } => self.readmitted(index, site, (*disk, raft_ids)),
            Fact::VotesChanging { seated } => self.votes_changing(index, seated),
            Fact::VotesChanged { seated } => self.votes_changed(index, seated),
            Fact::VotesGiven { site, raft_ids } => self.votes_given(index, site, raft_ids),
            Fact::BundleRevoked { site, who } => self.bundle_revoked(index, site, who),
            Fact::BundleTrusted { site, key, .. } => self.bundle_trusted(site, *key),
            Fact::ClaimedAlone { .. } => self.claimed_alone(index, entry),
            Fact::SchemaRaised { to } => self.schema_raised(*to),
            Fact::PreparationOrdered { route, because, who } => {
                self.preparation_ordered(index, route, (because, who))
            }
            Fact::SlotsRead { route, readings } => self.slots_read(index, route, readings),
            Fact::StepPassed { .. } => self.step_passed(index, &entry.fact),
            Fact::PolicyEdited { text, base, who } => self.policy_edited(index, (text, *base), who),
        }
    }

    /// The route's memory, made when it is first spoken of.
    fn route(&mut self, route: &RouteId) -> &mut RouteState {
        self.routes.entry(route.clone()).or_default()
    }

    /// The mode in force on a route, where persons have set one: the stricter of two wins.
    pub fn mode_of(&self, route: &RouteId) -> Option<Mode> {
        self.routes.get(route).and_then(|r| r.mode).max(self.mode)
    }

    /// The hold in force on a route: its own, else the one on everything.
    pub fn hold_of(&self, route: &RouteId, now: Stamp) -> Option<&Hold> {
        let own = self.routes.get(route).and_then(|r| r.held(now));
        own.or(self.hold.as_ref().filter(|hold| hold.until > now))
    }

    /// The last entry that could forbid an action on this route.
    pub fn guard_of(&self, route: &RouteId) -> Index {
        self.routes.get(route).map_or(self.guard, |r| r.guard.max(self.guard))
    }

    /// The runs that are not over.
    pub fn open_runs(&self) -> impl Iterator<Item = &Run> {
        self.runs.values().filter(|run| run.end.is_none())
    }

    fn prune(&mut self) {
        let now = self.stamp;
        // What is in flight is kept, closed or not: only the process that asked may speak of it.
        let flying: BTreeSet<Index> =
            self.open_runs().flat_map(|run| &run.steps).filter_map(|step| step.state.fence()).collect();
        let late = |a: &OpenAttempt| a.open.is_empty() || now.since(a.at) >= crate::route::LATE;
        self.attempts.retain(|fence, a| flying.contains(fence) || !late(a));
        for number in self.routes.values_mut().flat_map(|r| r.numbers.values_mut()) {
            number.loose.retain(|loose| loose.until > now);
        }
        self.forget_old_wishes();
        while self.runs.values().filter(|run| run.end.is_some()).count() > KEPT {
            let Some(oldest) = self.runs.values().find(|run| run.end.is_some()).map(|run| run.id) else {
                break;
            };
            self.runs.remove(&oldest);
        }
        while self.incidents.len() > KEPT {
            let over = |i: &&Incident| matches!(i.state, crate::incident::IncidentState::Closed { .. });
            let Some(oldest) = self.incidents.values().find(over).map(|i| i.id) else { break };
            self.incidents.remove(&oldest);
        }
        let surplus = self.notices.len().saturating_sub(NOTICES);
        self.notices.drain(..surplus);
    }
}
