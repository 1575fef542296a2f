//! The decision for one lever: to pull it while what it watches is down, to let it go once that is up again.

use crate::decide::{Decision, Grounds, Move, Standing, Verb, Weighed, cannot_say};
use crate::errand::Occasion;
use crate::guards;
use crate::judge::{Case, LeverRule};
use crate::reason::{Evidence, Reason};
use crate::tally::{Tally, Verdict};
use state::route::{Brought, Lever, RouteState};
use state::{RouteId, SiteId, Subject};

/// What the guards of a lever are asked about: it, and the services beside the one that it watches.
pub(crate) struct Pull<'a> {
    pub on: Grounds<'a>,
    pub rule: &'a LeverRule,
}

impl Case<'_> {
    /// Decides about one lever. It stays as it is unless what it watches says otherwise.
    pub(crate) fn decide_lever(&self, lever: &RouteId, standing: &Standing) -> Decision {
        let (Some(rule), Some(tally)) = (self.judge.levers.get(lever), self.lever_tally(lever)) else {
            return cannot_say(Evidence::NoSuchRoute { route: lever.clone() });
        };
        let untouched = RouteState::default();
        let state = self.view.routes.get(lever).unwrap_or(&untouched);
        let (cut_off, budget) = (None, rule.budget);
        let on = Grounds { case: *self, route: lever, state, standing, tally, cut_off, budget };
        Pull { on, rule }.decide()
    }

    /// The count on what a lever watches; it must have been dark for as long as the rule says.
    pub fn lever_tally(&self, lever: &RouteId) -> Option<Tally> {
        let rule = self.judge.levers.get(lever)?;
        Some(Tally { blip: rule.after, ..self.tally(&rule.watches) })
    }

    /// The verdict on what a lever watches.
    pub fn lever_verdict(&self, lever: &RouteId) -> Verdict {
        self.lever_tally(lever).map_or(Verdict::Pending, |tally| tally.verdict())
    }

    /// The services beside the one that a lever watches that would hold if it were pulled: up, and not taken out
    /// themselves.
    pub fn holding(&self, lever: &RouteId) -> Vec<SiteId> {
        let beside = self.judge.levers.get(lever).map(|rule| rule.beside.as_slice()).unwrap_or_default();
        let in_place = |subject: &&Subject| {
            let own = self.view.routes.get(&RouteId::lever(subject));
            own.is_none_or(|own| own.lever == Lever::AtRest && own.run.is_none())
        };
        let up = |subject: &&Subject| self.verdict(subject) == Verdict::Up;
        beside.iter().filter(in_place).filter(up).map(|subject| subject.site.clone()).collect()
    }
}

impl Pull<'_> {
    /// What it wants if no guard forbids it.
    pub fn wish(&self) -> Option<Occasion> {
        let stands = self.on.state.lever;
        if self.on.tally.leans_down() {
            return (!matches!(stands, Lever::Pulled { .. })).then_some(Occasion::Pull);
        }
        // Automation does not take away by itself what a person chose.
        let ours = self.on.state.brought == Brought::ByAutomation;
        let back = self.rule.lets_go && stands != Lever::AtRest && ours;
        (back && self.on.tally.verdict() == Verdict::Up).then_some(Occasion::LetGo)
    }

    /// The site that it belongs to.
    pub fn site(&self) -> &SiteId {
        &self.rule.watches.site
    }

    fn decide(self) -> Decision {
        let Weighed { against, besides, mut wakes } = Weighed::of(guards::ask_of_lever(&self));
        let site = self.site().clone();
        let wish = self.wish().map(|occasion| Move { from: site.clone(), to: site, occasion });
        let (verb, would) = match wish {
            Some(wish) if against.is_empty() => (Verb::Act(wish), None),
            wish => (Verb::Wait, wish),
        };
        let now = self.on.case.now;
        wakes.extend(self.on.tally.down_in().map(|left| now.once_passed(left)));
        let again_at = wakes.into_iter().filter(|at| *at > now).min();
        let (because, voices, ranked) = (self.because(), self.on.voices(), Vec::new());
        Decision { verb, because, against, besides, voices, ranked, would, again_at }
    }

    fn because(&self) -> Vec<Reason> {
        let tally = &self.on.tally;
        let (subject, of) = (tally.subject.clone(), tally.total());
        let (down, up) = (tally.down_votes(), tally.up_votes());
        let mut because: Vec<Reason> = Vec::new();
        if tally.leans_down() {
            because.push(Evidence::SeeDown { subject, votes: down, of }.into());
            let old_enough = tally.last_good().filter(|ago| *ago >= tally.blip);
            because.extend(old_enough.map(|ago| Evidence::LastGood { ago, blip: tally.blip }.into()));
        } else if tally.verdict() == Verdict::Up {
            because.push(Evidence::SeeUp { subject, votes: up, of }.into());
        } else {
            because.push(Evidence::NoVerdict { subject, down, up, of }.into());
        }
        because.extend(match self.on.state.lever {
            Lever::AtRest => None,
            Lever::Pulled { since } if self.on.state.brought == Brought::ByPerson => {
                Some(Evidence::PulledByHand { since }.into())
            }
            Lever::Pulled { since } => Some(Evidence::Pulled { since }.into()),
            Lever::Between { since } => Some(Evidence::Between { since }.into()),
        });
        because
    }
}
