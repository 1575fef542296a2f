//! The decision for one route: wait or act, with every reason for and against, and when to think again.

use crate::candidates::{Candidate, Ranked};
use crate::errand::{Errand, Occasion};
use crate::guards::{self, Answer};
use crate::inbound::CutOff;
use crate::judge::{Budget, Case, RouteRule};
use crate::reason::{Evidence, Reason};
use crate::tally::{Tally, Verdict, Word};
use serde::{Deserialize, Serialize};
use state::route::RouteState;
use state::{RouteId, SiteId, Stamp};
use std::collections::BTreeMap;
use std::time::Duration;

/// What only this node knows, and what no agreed fact could tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whether it may decide at all.
    pub reign: Reign,
    /// The votes of those that it hears, its own included.
    pub heard: u32,
    /// The votes of the applied membership, never of the policy's wish.
    pub of: u32,
    /// For how long each site could have had a route, or could not; only for routes that ever wait for that.
    pub steady: BTreeMap<(RouteId, SiteId), Steady>,
    /// How much longer it only observes, because its clock jumped.
    pub jumped: Option<Duration>,
    /// How long ago each site was heard: so fresh is a ballot that it let stand.
    pub fresh: BTreeMap<SiteId, Duration>,
}

/// For how long a site could have had a route without a break, or could not, as far as a node has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steady {
    /// It could.
    Able(Duration),
    /// It could not.
    Unable(Duration),
}

/// A node's part in the current term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reign {
    /// Another node leads, or none.
    Follows,
    /// It leads, but its view is not yet at the end of what was agreed before its term.
    CatchingUp,
    /// It leads, and its log is applied to its end in this term.
    Leads,
}

/// What is to be done about a route now, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Wait or act.
    pub verb: Verb,
    /// What the ballots say of where the route rings, and of the site that would be chosen.
    pub because: Vec<Reason>,
    /// What forbids acting, of every guard that does.
    pub against: Vec<Reason>,
    /// What was asked and does not forbid it.
    pub besides: Vec<Reason>,
    /// Each site's part in the tally of where the route rings.
    pub voices: Vec<Reason>,
    /// The other sites of `prefer`, in order: who could have the route, and what is against the rest.
    pub ranked: Vec<Ranked>,
    /// What would be done if no guard forbade it.
    pub would: Option<Move>,
    /// The earliest cluster time at which the answer can change though nothing new is agreed or heard.
    pub again_at: Option<Stamp>,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// Leave it where it is.
    Wait,
    /// Move it.
    Act(Move),
    /// Nothing can be said: the route is unknown, or it is unknown where it rings.
    CannotSay,
}

/// From one site to another; where a lever is pulled or let go, both are the site that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// The site that is left.
    pub from: SiteId,
    /// The site that is to answer.
    pub to: SiteId,
    /// What is played.
    pub occasion: Occasion,
}

/// What is asked about a route and about a lever alike: what is remembered of it, and what the ballots say.
pub(crate) struct Grounds<'a> {
    pub case: Case<'a>,
    pub route: &'a RouteId,
    pub state: &'a RouteState,
    pub standing: &'a Standing,
    pub tally: Tally,
    pub cut_off: Option<CutOff>,
    pub budget: Budget,
}

/// What the guards of a route are asked about: it, where it rings, and who could take it.
pub(crate) struct Matter<'a> {
    pub on: Grounds<'a>,
    pub here: &'a SiteId,
    pub rule: &'a RouteRule,
    pub ranked: Vec<Ranked>,
}

impl Case<'_> {
    /// Decides about one route, or one lever. A route stays where it is unless the verdict on that site is down.
    pub fn decide(&self, route: &RouteId, standing: &Standing) -> Decision {
        if route.is_lever() {
            return self.decide_lever(route, standing);
        }
        let Some(rule) = self.judge.routes.get(route) else {
            return cannot_say(Evidence::NoSuchRoute { route: route.clone() });
        };
        let known = self.view.routes.get(route).and_then(|state| Some((state, state.rings_in.as_ref()?)));
        let Some((state, here)) = known else {
            return cannot_say(Evidence::NotRead { route: route.clone() });
        };
        let tally = self.tally(&rule.subject(here));
        let (cut_off, budget) = (self.cut_off(route, here), rule.budget);
        let on = Grounds { case: *self, route, state, standing, tally, cut_off, budget };
        Matter { on, here, rule, ranked: self.candidates(route) }.decide()
    }
}

impl Matter<'_> {
    /// The first site of `prefer` that may have the route.
    pub fn chosen(&self) -> Option<&Candidate> {
        self.ranked.iter().find_map(|ranked| ranked.as_ref().ok())
    }

    /// Whether the place where it rings is to be left, however short that has been so.
    pub fn leaves(&self) -> bool {
        self.on.tally.leans_down() || self.on.cut_off.is_some()
    }

    fn decide(self) -> Decision {
        let Weighed { against, besides, mut wakes } = Weighed::of(guards::ask_all(&self));
        let goal = self.errand().goal();
        let wish = goal.map(|(to, occasion)| Move { from: self.here.clone(), to, occasion });
        let (verb, would) = match wish {
            Some(wish) if against.is_empty() => (Verb::Act(wish), None),
            wish => (Verb::Wait, wish),
        };
        wakes.extend(self.verdict_due());
        wakes.extend(self.candidates_due());
        let again_at = wakes.into_iter().filter(|at| *at > self.on.case.now).min();
        let (because, voices) =
            (self.because(), if self.here.is_refuge() { Vec::new() } else { self.on.voices() });
        Decision { verb, because, against, besides, voices, ranked: self.ranked, would, again_at }
    }

    /// When the verdict comes about if no ballot changes: an incident opens then, whatever the guards say.
    fn verdict_due(&self) -> Option<Stamp> {
        let cut_off = self.on.cut_off.as_ref().map(CutOff::due);
        let due = self.on.tally.down_in().into_iter().chain(cut_off).min();
        due.map(|left| self.on.case.now.once_passed(left))
    }

    /// When a site that a run failed to reach may be tried again.
    fn candidates_due(&self) -> Option<Stamp> {
        self.ranked.iter().filter_map(|ranked| ranked.as_ref().err()?.until()).min()
    }

    fn because(&self) -> Vec<Reason> {
        let tally = &self.on.tally;
        let (subject, of) = (tally.subject.clone(), tally.total());
        if self.here.is_refuge() || !self.leaves() {
            return self.because_not_down();
        }
        let mut because = Vec::new();
        if tally.leans_down() {
            because.push(Evidence::SeeDown { subject, votes: tally.down_votes(), of }.into());
        }
        because.extend(self.on.cut_off.clone().map(|cut_off| {
            let CutOff { subject, dark, others, .. } = cut_off;
            Evidence::CutOff { subject, dark, others }.into()
        }));
        if let Some(chosen) = self.chosen() {
            because.push(self.says_up(chosen));
        }
        let old_enough = tally.last_good().filter(|ago| *ago >= tally.blip);
        because.extend(old_enough.map(|ago| Evidence::LastGood { ago, blip: tally.blip }.into()));
        let passed_over = self.ranked.iter().map_while(|ranked| ranked.as_ref().err());
        because.extend(passed_over.map(|not| not.clone().into()));
        because
    }

    /// Why it stays, or goes on to a better site though nothing is down.
    fn because_not_down(&self) -> Vec<Reason> {
        let tally = &self.on.tally;
        let (subject, of) = (tally.subject.clone(), tally.total());
        let (down, up) = (tally.down_votes(), tally.up_votes());
        let mut because = vec![match tally.verdict() {
            _ if self.here.is_refuge() => Evidence::InRefuge { route: self.on.route.clone() }.into(),
            Verdict::Up => Evidence::SeeUp { subject, votes: up, of }.into(),
            Verdict::Pending | Verdict::Down | Verdict::Disputed => {
                Evidence::NoVerdict { subject, down, up, of }.into()
            }
        }];
        if let Errand::Better { to, steady, .. } = self.errand() {
            let than = self.here.clone();
            because.push(match self.last_or_refuge() {
                true => Evidence::Better { site: to, than, steady }.into(),
                false => Evidence::Home { site: to, steady }.into(),
            });
        }
        because
    }

    /// A ballot is level: while its site is heard and does not withdraw it, it is as fresh as the site's last frame.
    fn says_up(&self, chosen: &Candidate) -> Reason {
        let heard = self.on.standing.fresh.get(&chosen.site.site()).copied();
        let ago = heard.map_or(chosen.ago, |heard| heard.min(chosen.ago));
        Evidence::SaysUp { subject: chosen.subject.clone(), ago }.into()
    }
}

impl Grounds<'_> {
    /// Each site's part in the tally.
    pub fn voices(&self) -> Vec<Reason> {
        let (subject, of) = (&self.tally.subject, self.tally.total());
        let (mut up, mut down, mut rest) = (Vec::new(), Vec::new(), Vec::new());
        for voice in &self.tally.voices {
            let (site, votes) = (voice.site.clone(), voice.votes);
            match voice.says {
                Word::Up { .. } => up.push((site, votes)),
                Word::Down { .. } => down.push((site, votes)),
                Word::Flapping => rest.push(Evidence::Flapping { site, votes }.into()),
                Word::Unsure => rest.push(Evidence::Unsure { site, votes }.into()),
                Word::Silent => rest.push(Evidence::Silent { site, votes }.into()),
            }
        }
        let mut voices = Vec::new();
        if !down.is_empty() {
            let (subject, votes) = (subject.clone(), self.tally.down_votes());
            voices.push(Evidence::DownBy { subject, by: down, votes, of }.into());
        }
        if !up.is_empty() {
            let (subject, votes) = (subject.clone(), self.tally.up_votes());
            voices.push(Evidence::UpBy { subject, by: up, votes, of }.into());
        }
        voices.extend(rest);
        voices
    }
}

/// What all the guards said, sorted.
pub(crate) struct Weighed {
    pub against: Vec<Reason>,
    pub besides: Vec<Reason>,
    pub wakes: Vec<Stamp>,
}

impl Weighed {
    /// Sorts the answers.
    pub fn of(answers: Vec<Answer>) -> Self {
        let mut weighed = Self { against: Vec::new(), besides: Vec::new(), wakes: Vec::new() };
        for answer in answers {
            match answer {
                Answer::Pass(reason) => weighed.besides.push(reason),
                Answer::Bar { reason, until } => {
                    weighed.against.push(reason);
                    weighed.wakes.extend(until);
                }
                Answer::Mute => {}
            }
        }
        weighed
    }
}

pub(crate) fn cannot_say(why: Evidence) -> Decision {
    Decision {
        verb: Verb::CannotSay,
        because: vec![why.into()],
        against: Vec::new(),
        besides: Vec::new(),
        voices: Vec::new(),
        ranked: Vec::new(),
        would: None,
        again_at: None,
    }
}
