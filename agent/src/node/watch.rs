//! From observations to ballots: what this site believes, and when it says so aloud.

use super::Node;
use super::outbox::{Answered, Bond};
use crate::command::Telling;
use crate::event::{Output, Presence};
use policies::limits::BALLOT_EVERY;
use policies::opinion::{Belief, Event as Seen, Opinion, Proof, Rules as Judged, Why};
use policies::policy::Pace;
use state::fact::{Ballot, Fact, Says};
use state::{Mono, Now, Subject};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

/// How long all references must be silent before the fault counts as this site's own.
const BLIND: Duration = Duration::from_secs(5);

/// What this site watches, and what it last said.
#[derive(Debug, Default)]
pub struct Watches {
    watches: BTreeMap<Subject, Watched>,
    references: BTreeMap<SocketAddr, Option<Mono>>,
    said: Option<(Mono, Vec<Ballot>)>,
}

/// One subject: by which rules it is judged, and what is believed of it.
#[derive(Debug)]
struct Watched {
    rules: Judged,
    opinion: Opinion,
    /// Why this site could not ask the last time, if it could not.
    unable: Option<String>,
}

impl Watched {
    fn see(&mut self, seen: Seen, at: Mono) {
        self.opinion = self.opinion.clone().next(seen, &self.rules, at);
    }
}

impl Watches {
    /// The subjects that flap, as seen from here.
    fn flapping(&self) -> impl Iterator<Item = &Subject> {
        let flaps = |watched: &Watched| watched.opinion.belief() == Belief::Unsure(Why::Flapping);
        self.watches.iter().filter(move |(_, watched)| flaps(watched)).map(|(subject, _)| subject)
    }

    /// Whether this site's own references are silent.
    pub fn blind(&self) -> Presence {
        let silent = |watched: &Watched| watched.opinion.belief() == Belief::Unsure(Why::References);
        if self.watches.values().any(silent) { Presence::Absent } else { Presence::Present }
    }

    /// Whether this site's own opinion of a subject is down.
    pub fn down(&self, subject: &Subject) -> Presence {
        self.believed(subject, Belief::Down)
    }

    /// Whether it is up.
    pub fn up(&self, subject: &Subject) -> Presence {
        self.believed(subject, Belief::Up)
    }

    fn believed(&self, subject: &Subject, belief: Belief) -> Presence {
        let is = self.belief(subject) == Some(belief);
        if is { Presence::Present } else { Presence::Absent }
    }

    /// What this site believes of a subject that it watches.
    pub fn belief(&self, subject: &Subject) -> Option<Belief> {
        self.watches.get(subject).map(|watched| watched.opinion.belief())
    }

    /// Something befell this site itself, so that every opinion is touched by it.
    pub fn all_see(&mut self, seen: Seen, now: Mono) {
        for watched in self.watches.values_mut() {
            watched.see(seen, now);
        }
    }

    /// What this site would say aloud now.
    fn ballots(&self, now: Mono) -> Vec<Ballot> {
        let say = |(subject, watched): (&Subject, &Watched)| {
            watched.opinion.says(now).map(|says| Ballot { subject: subject.clone(), says })
        };
        self.watches.iter().filter_map(say).collect()
    }

    /// Whether what this site would say aloud is what was agreed; asked at every event, so nothing is copied.
    fn say_as(&self, agreed: &BTreeMap<Subject, Says>, now: Mono) -> bool {
        let mut said = 0;
        for (subject, watched) in &self.watches {
            let Some(says) = watched.opinion.says(now) else { continue };
            if !agreed.get(subject).is_some_and(|agreed| alike(*agreed, says)) {
                return false;
            }
            said += 1;
        }
        said == agreed.len()
    }

    /// Whether there are references, and every one of them has been silent.
    fn references_silent(&self, now: Mono) -> Presence {
        let silent = |seen: &Option<Mono>| seen.is_none_or(|at| now.since(at) > BLIND);
        let all = !self.references.is_empty() && self.references.values().all(silent);
        if all { Presence::Absent } else { Presence::Present }
    }
}

impl Node {
    /// The subjects of a new policy; those that stay keep what is known of them.
    pub(super) fn watch_subjects(&mut self, now: Mono) {
        let Some(rules) = &self.rules else { return };
        let serving: Vec<Subject> =
            self.view.routes.values().filter_map(|r| r.rings_in.as_ref()).map(Subject::pbx).collect();
        let mut kept = std::mem::take(&mut self.watches.watches);
        let here = &self.identity.site;
        let mine = |subject: &Subject| !subject.is_inbound() || subject.site == *here;
        let judged_by_all = rules.subjects.iter().filter(|(subject, _)| mine(subject));
        let asked = judged_by_all.map(|(subject, pace)| (subject.clone(), *pace));
        let carriers =
            self.held_carriers().into_iter().map(|held| (Subject::carrier(&held), rules.reach(&held).pace()));
        for (subject, pace) in asked.chain(carriers) {
            let proof = if serving.contains(&subject) { Proof::One } else { Proof::Rise };
            let kept = kept.remove(&subject).filter(|watched| watched.rules.pace == pace);
            let fresh = || Watched { rules: judged(pace, proof), opinion: Opinion::new(now), unable: None };
            self.watches.watches.insert(subject, kept.unwrap_or_else(fresh));
        }
    }

    /// One answer to one question, or none. An answer is as good as its question is old.
    pub(super) fn observed(
        &mut self,
        (subject, asked): (&Subject, Mono),
        answer: Presence,
        out: &mut Output,
    ) {
        let Some(watched) = self.watches.watches.get_mut(subject) else { return };
        watched.unable = None;
        watched.see(if answer == Presence::Present { Seen::Good } else { Seen::Miss }, asked);
        if answer == Presence::Absent && watched.opinion.belief() == Belief::Suspect {
            let (missed, fall) = watched.opinion.streak(&watched.rules);
            let site = self.identity.site.clone();
            out.tell.push(Telling::Suspect { site, subject: subject.clone(), missed, fall });
        }
    }

    /// This machine's clock jumped or it stood still: whatever was believed is old.
    pub(super) fn clock_jumped(&mut self, now: Mono) {
        self.jumped = Some(now);
        self.steady.forget();
        self.watches.all_see(Seen::Gap, now);
    }

    /// This site could not ask: whatever it believed is old, and it says nothing aloud until it can.
    pub(super) fn unasked(&mut self, subject: &Subject, asked: Mono, why: String) {
        let Some(watched) = self.watches.watches.get_mut(subject) else { return };
        watched.see(Seen::Gap, asked);
        if watched.unable.as_ref() != Some(&why) {
            tracing::warn!("{subject} cannot be asked from here: {why}");
        }
        watched.unable = Some(why);
    }

    /// What this site cannot ask, and why.
    pub(super) fn unasked_words(&self) -> impl Iterator<Item = String> {
        let here = &self.identity.site;
        let words = move |(subject, watched): (&Subject, &Watched)| {
            watched.unable.as_ref().map(|why| format!("{here} cannot ask {subject}: {why}"))
        };
        self.watches.watches.iter().filter_map(words)
    }

    /// A reference answered, or not; if none does, the fault is this site's own.
    pub(super) fn referred(&mut self, target: SocketAddr, asked: Mono, answer: Presence) {
        let last = self.watches.references.entry(target).or_default();
        if answer == Presence::Present {
            *last = Some(asked);
        }
        match (self.watches.references_silent(asked), self.watches.blind()) {
            (Presence::Absent, Presence::Present) => self.watches.all_see(Seen::ReferencesSilent, asked),
            (Presence::Present, Presence::Absent) => self.watches.all_see(Seen::ReferencesAnswer, asked),
            (_, _) => {}
        }
    }

    /// What flaps is said like ballots: while it differs from what is agreed, the whole set is proposed.
    pub(super) fn say_flapping(&mut self) {
        if self.idle().is_some() {
            return;
        }
        let subjects: Vec<Subject> = self.watches.flapping().cloned().collect();
        let agreed = self.view.flapping.get(&self.identity.site);
        let set = agreed.map(|seen| seen.set.iter()).into_iter().flatten();
        let meant = |fact: &Fact| matches!(fact, Fact::FlappingSeen { subjects: of } if *of == subjects);
        if set.eq(subjects.iter()) || self.outbox.any(meant) == Answered::Pending {
            return;
        }
        self.outbox.drop_kind(|fact| matches!(fact, Fact::FlappingSeen { .. }));
        self.outbox.add(Fact::FlappingSeen { subjects }, Bond::Own);
    }

    /// Ballots are level: while they differ from the agreed ones, the whole set is proposed.
    pub(super) fn cast(&mut self, now: Now) {
        if self.idle().is_some() {
            return;
        }
        let here = &self.identity.site;
        let agreed = self.view.ballots.get(here);
        let silenced = self.view.silent.contains_key(here);
        let same =
            agreed.is_some_and(|a| a.starts == self.identity.starts && self.watches.say_as(&a.set, now.mono));
        if same && !silenced {
            return;
        }
        let ballots = self.watches.ballots(now.mono);
        let looked = !ballots.is_empty() || agreed.is_some_and(|agreed| !agreed.set.is_empty());
        if !silenced && !looked {
            return;
        }
        let pending = self.outbox.any(|fact| matches!(fact, Fact::BallotsCast { .. })) == Answered::Pending;
        let unchanged = self.watches.said.as_ref().is_some_and(|(at, said)| {
            let alike = said.len() == ballots.len()
                && said.iter().zip(&ballots).all(|(a, b)| a.subject == b.subject && alike(a.says, b.says));
            alike && (pending || now.mono.since(*at) < self.ballot_every())
        });
        if unchanged {
            return;
        }
        // A set that has not been agreed yet is overtaken by the newer one.
        self.outbox.drop_kind(|fact| matches!(fact, Fact::BallotsCast { .. }));
        self.watches.said = Some((now.mono, ballots.clone()));
        self.outbox.add(Fact::BallotsCast { ballots }, Bond::Own);
    }
}

impl Node {
    /// How often ballots are said again: all go together, so the shortest blip decides.
    fn ballot_every(&self) -> Duration {
        let paces = self.rules.iter().flat_map(|rules| rules.subjects.values());
        paces.map(Pace::ballot_every).min().unwrap_or(BALLOT_EVERY)
    }
}

/// Two ballots that say the same, however long it has been dark.
fn alike(a: Says, b: Says) -> bool {
    matches!((a, b), (Says::Up, Says::Up) | (Says::Down { .. }, Says::Down { .. }))
}

fn judged(pace: Pace, proof: Proof) -> Judged {
    Judged { pace, proof }
}
