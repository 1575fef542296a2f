//! Whether a value of our own that is not wanted may be put back: what persons forbid, and never to a dead place.

use crate::decide::{Grounds, Standing};
use crate::guards::{self, Answer};
use crate::judge::Case;
use crate::reason::{Evidence, NotChosen, Reason, Refused};
use crate::tally::Verdict;
use state::{RouteId, SiteId};

impl Case<'_> {
    /// Everything against asserting again that a route points at `to`; nothing if it may be done.
    ///
    /// The budget, the blip and the other candidates are not asked: nothing goes anywhere that was not decided.
    pub fn against_repair(&self, route: &RouteId, to: &SiteId, standing: &Standing) -> Vec<Reason> {
        let rule = self.judge.routes.get(route);
        let Some((rule, state)) = rule.zip(self.view.routes.get(route)) else {
            return vec![Evidence::NoSuchRoute { route: route.clone() }.into()];
        };
        let tally = self.tally(&rule.subject(to));
        let down = (tally.verdict() == Verdict::Down).then(|| {
            let (subject, votes, of) = (tally.subject.clone(), tally.down_votes(), tally.total());
            NotChosen { site: to.clone(), why: Refused::Down { subject, votes, of } }.into()
        });
        let cut_off = self.cut_off(route, to);
        let on = Grounds { case: *self, route, state, standing, tally, cut_off, budget: rule.budget };
        let bars = guards::ask_of_repair(&on).into_iter().filter_map(|answer| match answer {
            Answer::Bar { reason, .. } => Some(reason),
            Answer::Pass(_) | Answer::Mute => None,
        });
        bars.chain(down).collect()
    }
}
