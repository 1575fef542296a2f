//! What whoever follows is told: the same events in the demo, on a terminal and in the log.

use super::Node;
use crate::account::{Sentence, sentence, wanted};
use crate::command::{Course, Telling, Voice};
use crate::event::{Output, Standing};
use policies::judge::Case;
use policies::tally::Verdict;
use state::fact::{Attempt, Entry, Fact, Passed, Reading, Says, Was};
use state::plan::{Ensure, Plan};
use state::run::{Cause, Direction, Run};
use state::view::{Applied, Refusal};
use state::{Index, Now, RouteId, RunId, SiteId, Stamp, Subject};
use std::collections::{BTreeMap, BTreeSet};

/// How many attempts are remembered for telling: far more than are ever under way.
const STEPS: usize = 64;

/// The verdicts that were told last.
#[derive(Debug, Default)]
pub struct Verdicts {
    /// The verdict on each subject that was told last, and the view on which it was counted.
    told: BTreeMap<Subject, (Verdict, Index)>,
    /// The view on which they were counted, and until when they stand on it: only the dark grows by itself.
    counted: Option<(Index, Option<Stamp>)>,
    /// What each site was last told to have said of each subject.
    ballots: BTreeMap<(SiteId, Subject), &'static str>,
    /// What each site was last told to find flapping.
    flapping: BTreeSet<(SiteId, Subject)>,
    /// Which step of which run an attempt belongs to: told again when it ends, by when the view may have let go of it.
    steps: BTreeMap<Index, (RunId, u16)>,
}

impl Verdicts {
    /// The votes are others: every verdict is counted anew.
    pub fn recount(&mut self) {
        self.counted = None;
    }

    /// The verdict on a subject, if it was counted on this view and still stands.
    pub fn standing(&self, subject: &Subject, (index, now): (Index, Stamp)) -> Option<Verdict> {
        let (is, _) = self.told.get(subject).filter(|(_, on)| *on == index && self.stand(index, now))?;
        Some(*is)
    }

    /// Whether all verdicts were counted on this view and still stand.
    fn stand(&self, index: Index, now: Stamp) -> bool {
        self.counted.is_some_and(|(on, until)| on == index && until.is_none_or(|until| now < until))
    }
}

impl Node {
    pub(super) fn tell_leader(&self, next: &Standing, out: &mut Output) {
        if (next.term, &next.leader) != (self.standing.term, &self.standing.leader) {
            out.tell.push(Telling::Leader { site: next.leader.clone(), term: next.term });
        }
    }

    /// A verdict is not a fact but a count: it is told when it changes.
    pub(super) fn tell_verdicts(&mut self, now: Now, out: &mut Output) {
        let Some(rules) = &self.rules else { return };
        if self.verdicts.stand(self.view.index, now.stamp) {
            return;
        }
        let case = Case { judge: &rules.judge, view: &self.view, now: now.stamp };
        let mut until = None;
        for subject in rules.subjects.keys() {
            let tally = case.tally(subject);
            let is = tally.verdict();
            let due = tally.down_in().filter(|left| !left.is_zero()).map(|left| now.stamp.once_passed(left));
            until = until.into_iter().chain(due).min();
            let before = self.verdicts.told.insert(subject.clone(), (is, self.view.index));
            if before.is_some_and(|(before, _)| before != is) {
                let votes = if is == Verdict::Up { tally.up_votes() } else { tally.down_votes() };
                out.tell.push(Telling::Verdict { subject: subject.clone(), is, votes, of: tally.total() });
            }
        }
        self.verdicts.counted = Some((self.view.index, until));
    }

    pub(super) fn tell_agreed(
        &mut self,
        index: Index,
        entry: &Entry,
        (applied, now): (&Applied, Now),
        out: &mut Output,
    ) {
        if let Applied::Refused(why) = applied {
            out.tell.extend(refused(index, &entry.fact, why));
            return;
        }
        match &entry.fact {
            Fact::BallotsCast { .. } => self.tell_ballots(&entry.origin.site, now, out),
            Fact::SiteSilent { site, .. } => {
                self.tell_ballots(site, now, out);
                self.tell_flapping(site, out);
                out.tell.push(Telling::Voice { site: site.clone(), is: Voice::Silent });
            }
            Fact::RunOpened { plan, cause, .. } => out.tell.push(decision(index, (plan, cause))),
            Fact::StepStarted(attempt) => self.tell_started(index, attempt, out),
            Fact::StepEnded { fence, was, note, .. } | Fact::StepEndedLate { fence, was, note, .. } => {
                self.tell_step(*fence, (became(*was), note.as_deref()), out);
            }
            Fact::StepLost { fence, why } => self.tell_step(*fence, ("lost", Some(why)), out),
            Fact::AttemptLapsed { fence } => self.tell_step(*fence, ("lapsed", None), out),
            Fact::StepRead { fence, .. } => self.tell_step(*fence, ("read", None), out),
            Fact::StepSeen { fence, why, .. } => self.tell_step(*fence, ("read", Some(why)), out),
            Fact::StepPassed { run, step, how, why } => {
                self.tell_passed((*run, *step), (*how, why), index, out)
            }
            Fact::RunEnded { run, word, why } => self.tell_ended(*run, *word, why, out),
            Fact::RouteAdopted { route, site, readings, .. } => {
                out.tell.extend(readings.first().map(|read| carrier_read((route, site.as_ref()), read)));
            }
            Fact::ModeSet { .. } | Fact::Held { .. } | Fact::Resumed { .. } => {
                self.tell_mode(&entry.fact, now, out);
            }
            Fact::FlappingSeen { .. } => self.tell_flapping(&entry.origin.site, out),
            // An edit is told with what is different in it, a hand-over together with what is agreed nowhere.
            Fact::PolicyEdited { .. } | Fact::HandedOver { .. } | Fact::TakenBack { .. } => {}
            Fact::PolicyAgreed { .. }
            | Fact::SchemaRaised { .. }
            | Fact::IncidentOpened { .. }
            | Fact::IncidentPassed { .. }
            | Fact::IncidentAcked { .. }
            | Fact::RunTurned { .. }
            | Fact::Claimed { .. }
            | Fact::Played { .. }
            | Fact::ClaimedAlone { .. }
            | Fact::Born { .. }
            | Fact::Readmitted { .. }
            | Fact::VotesChanging { .. }
            | Fact::VotesChanged { .. }
            | Fact::VotesGiven { .. }
            | Fact::BundleRevoked { .. }
            | Fact::BundleTrusted { .. }
            | Fact::PreparationOrdered { .. }
            | Fact::SlotsRead { .. } => out.tell.push(agreed(index, entry)),
            Fact::Leaderless { .. } | Fact::Escalated { .. } => out.tell.extend(to_people(&entry.fact)),
        }
    }

    /// Each subject of a site's ballots whose word is another than the one told last.
    fn tell_ballots(&mut self, site: &SiteId, now: Now, out: &mut Output) {
        let Some(rules) = &self.rules else { return };
        let case = Case { judge: &rules.judge, view: &self.view, now: now.stamp };
        let carriers: Vec<Subject> = rules.carriers_used().map(Subject::carrier).collect();
        for subject in rules.subjects.keys().chain(&carriers) {
            let says = match self.view.says(site, subject, now.stamp) {
                Some(Says::Up) => "up",
                Some(Says::Down { .. }) => "down",
                None => "withdrawn",
            };
            let before = self.verdicts.ballots.insert((site.clone(), subject.clone()), says);
            if before == Some(says) || before.is_none() && says == "withdrawn" {
                continue;
            }
            let tally = case.tally(subject);
            let votes = if says == "up" { tally.up_votes() } else { tally.down_votes() };
            let (site, subject) = (site.clone(), subject.clone());
            out.tell.push(Telling::Ballot { site, subject, says: says.to_owned(), votes, of: tally.total() });
        }
    }

    /// What begins and what ends to flap, as one site sees it.
    fn tell_flapping(&mut self, site: &SiteId, out: &mut Output) {
        let seen = self.view.flapping.get(site).map(|seen| seen.set.clone()).unwrap_or_default();
        let told = |subject: &Subject| (site.clone(), subject.clone());
        let ended = self.verdicts.flapping.iter().filter(|(by, of)| by == site && !seen.contains(of));
        let ended: Vec<Subject> = ended.map(|(_, subject)| subject.clone()).collect();
        for subject in ended {
            self.verdicts.flapping.remove(&told(&subject));
            out.tell.push(Telling::Flapping { subject, site: site.clone(), is: Course::Ends });
        }
        for subject in seen {
            if self.verdicts.flapping.insert(told(&subject)) {
                out.tell.push(Telling::Flapping { subject, site: site.clone(), is: Course::Begins });
            }
        }
    }

    fn tell_started(&mut self, index: Index, attempt: &Attempt, out: &mut Output) {
        self.verdicts.steps.insert(index, (attempt.run, attempt.step));
        while self.verdicts.steps.len() > STEPS {
            self.verdicts.steps.pop_first();
        }
        let Some(run) = self.view.runs.get(&attempt.run) else { return };
        let state = match attempt.direction {
            Direction::Do => "started".to_owned(),
            Direction::Undo => "undo started".to_owned(),
        };
        out.tell.push(step_of((run, attempt.step), state, Some(attempt.executor.clone()), index));
    }

    fn tell_step(&self, fence: Index, (state, note): (&str, Option<&str>), out: &mut Output) {
        // Begun before this site was: the audit knows it.
        let Some((run, step)) = self.verdicts.steps.get(&fence).copied() else { return };
        let Some(run) = self.view.runs.get(&run) else { return };
        let attempt = self.view.attempts.get(&fence);
        // Whoever reads after a loss is not the one who was lost.
        let by = attempt.filter(|_| state != "read").map(|attempt| attempt.executor.clone());
        let state = note.map_or_else(|| state.to_owned(), |note| format!("{state}: {note}"));
        out.tell.push(step_of((run, step), state, by, fence));
    }

    /// A step that is over without an attempt has no executor.
    fn tell_passed(
        &self,
        (id, step): (RunId, u16),
        (how, why): (Passed, &str),
        index: Index,
        out: &mut Output,
    ) {
        let Some(run) = self.view.runs.get(&id) else { return };
        let state = match how {
            Passed::Holds => "done",
            Passed::GivenUp => "given up",
            Passed::Skipped => "left out",
        };
        out.tell.push(step_of((run, step), format!("{state}: {why}"), None, index));
    }

    fn tell_ended(&self, id: RunId, word: state::run::Word, why: &str, out: &mut Output) {
        let Some(run) = self.view.runs.get(&id) else { return };
        out.tell.push(Telling::Run {
            run: id,
            route: run.plan.route.clone(),
            playbook: run.plan.playbook.clone(),
            word,
            why: why.to_owned(),
        });
    }

    fn tell_mode(&self, fact: &Fact, now: Now, out: &mut Output) {
        for route in self.all_moved() {
            out.tell.push(Telling::Mode {
                mode: self.mode(&route, now),
                route: Some(route),
                because: kind(fact).to_owned(),
            });
        }
    }
}

/// A step, and what has become of it at `index`.
fn step_of((run, step): (&Run, u16), state: String, by: Option<SiteId>, index: Index) -> Telling {
    let of = u16::try_from(run.steps.len()).unwrap_or(u16::MAX);
    let what = what(run, usize::from(step));
    Telling::Step { run: run.id, step: step + 1, of, what, state, by, index }
}

/// What became of an attempt, in a word.
fn became(was: Was) -> &'static str {
    match was {
        Was::Right => "done",
        Was::Wrong => "failed",
        Was::Unknown => "unknown",
    }
}

/// What has no telling of its own: in the sentence of the audit, so that it is worded once.
fn agreed(index: Index, entry: &Entry) -> Telling {
    let Sentence { text, more, .. } = sentence(index, entry, None);
    Telling::Agreed { index, what: kind(&entry.fact).to_owned(), text, words: more }
}

/// What is told once and to people, beside the hand-overs themselves.
fn to_people(fact: &Fact) -> Option<Telling> {
    if let Fact::Leaderless { lasted, urgency, .. } = fact {
        return Some(Telling::Leaderless { lasted: *lasted, urgency: *urgency });
    }
    let Fact::Escalated { incident } = fact else { return None };
    Some(Telling::Escalated { incident: *incident })
}

/// A step in words.
fn what(run: &Run, step: usize) -> String {
    match run.plan.steps.get(step).map(|planned| &planned.ensure) {
        Some(Ensure::RoutePointsAt { site, .. }) => format!("route {} points at {site}", run.plan.route),
        Some(Ensure::Notify { .. }) => "notify".to_owned(),
        Some(
            ensure @ (Ensure::Waited { .. }
            | Ensure::SiteReady { .. }
            | Ensure::Exec { .. }
            | Ensure::BehindPrepared { .. }
            | Ensure::Http(_)),
        ) => wanted(ensure),
        None => "nothing".to_owned(),
    }
}

/// What a carrier shows for the first of a route's numbers.
fn carrier_read((route, site): (&RouteId, Option<&SiteId>), reading: &Reading) -> Telling {
    let (number, shows) = (reading.number.clone(), reading.shows.clone());
    Telling::CarrierRead { route: route.clone(), number, shows, site: site.cloned() }
}

/// What was said twice, or overtaken by something newer, is no news to anybody.
fn refused(index: Index, fact: &Fact, why: &Refusal) -> Option<Telling> {
    let news = !matches!(why, Refusal::Repeated | Refusal::Overtaken(_));
    news.then(|| Telling::Refused { index, what: kind(fact).to_owned(), why: why.to_string() })
}

/// A run was opened: what it will do, and why.
fn decision(index: Index, (plan, cause): (&Plan, &Cause)) -> Telling {
    Telling::Decision {
        run: RunId(index.0),
        route: plan.route.clone(),
        playbook: plan.playbook.clone(),
        from: plan.from.clone(),
        to: plan.to.clone(),
        because: match cause {
            Cause::Automatic { because } | Cause::Repair { because, .. } => because.clone(),
            Cause::Person { who, because } => vec![format!("{who} says: {because}")],
        },
    }
}

/// What a fact is called.
fn kind(fact: &Fact) -> &'static str {
    match fact {
        Fact::PolicyAgreed { .. } => "policy",
        Fact::BallotsCast { .. } => "ballots",
        Fact::SiteSilent { .. } => "silence",
        Fact::IncidentOpened { .. } => "incident",
        Fact::IncidentPassed { .. } => "end of an incident",
        Fact::IncidentAcked { .. } => "acknowledgement",
        Fact::RunOpened { .. } => "run",
        Fact::StepStarted(_) => "attempt",
        Fact::StepEnded { .. } => "report of an attempt",
        Fact::StepEndedLate { .. } => "report of an attempt whose write was late",
        Fact::StepLost { .. } => "loss of an attempt",
        Fact::AttemptLapsed { .. } => "lapse of an attempt",
        Fact::StepRead { .. } => "reading",
        Fact::RunTurned { .. } => "turn of a run",
        Fact::RunEnded { .. } => "end of a run",
        Fact::RouteAdopted { .. } => "adoption of what the carrier shows",
        Fact::ModeSet { .. } => "mode",
        Fact::Held { .. } => "hold",
        Fact::Resumed { .. } => "resume",
        Fact::Claimed { .. } => "claim",
        Fact::FlappingSeen { .. } => "flapping",
        Fact::HandedOver { .. } => "hand-over",
        Fact::TakenBack { .. } => "end of a hand-over",
        Fact::Leaderless { .. } => "time without a leader",
        Fact::Escalated { .. } => "escalation",
        Fact::Born { .. } => "name of a disk",
        Fact::Readmitted { .. } => "readmission",
        Fact::VotesChanging { .. } => "beginning of a change of votes",
        Fact::VotesChanged { .. } => "change of votes",
        Fact::ClaimedAlone { .. } => "claim alone",
        Fact::PolicyEdited { .. } => "edit of the policy",
        Fact::SchemaRaised { .. } => "word on what all can read",
        Fact::StepPassed { .. } => "end of a step without an attempt",
        Fact::Played { .. } => "claim",
        Fact::VotesGiven { .. } => "gift of votes",
        Fact::BundleRevoked { .. } => "revocation of a bundle",
        Fact::BundleTrusted { .. } => "trust in a bundle",
        Fact::PreparationOrdered { .. } => "order to prepare slots 2 and 3",
        Fact::SlotsRead { .. } => "reading of slots 2 and 3",
        Fact::StepSeen { .. } => "look at how a step stands",
    }
}
