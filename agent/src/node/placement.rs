//! Where the leader sits: where the calls are not, so that a dying site does not cost an election as well.

use super::Node;
use crate::event::{Output, Reign};
use policies::tally::Verdict;
use state::route::RouteState;
use state::{Now, SiteId, Subject};
use std::time::Duration;

/// How long a leader stays at least: a site that has just come back is not handed the lead at once.
const SETTLED: Duration = Duration::from_secs(60);
/// How often leadership is handed over at most. Raft asks anew every two seconds who answers, and hands over to nobody
/// before the answers are there: so neither pause is a multiple of that, or every try could meet that moment.
const SELDOM: Duration = Duration::from_millis(600_700);
/// How soon a leader that may do nothing tries again to get rid of the lead.
const AGAIN: Duration = Duration::from_millis(9_700);

impl Node {
    /// Hands leadership to a better placed site, in a calm moment and seldom.
    pub(super) fn place(&mut self, now: Now, out: &mut Output) {
        let settled = now.mono.since(self.elected_at) >= SETTLED;
        let lately = self.handed_over.is_some_and(|at| now.mono.since(at) < SELDOM);
        if !settled || lately {
            return;
        }
        let here = self.standing_of(&self.identity.site);
        let heard = |site: &SiteId| self.peers.heard_within(site, super::conduct::LOST, now.mono);
        let silent = |site: &SiteId| self.view.silent.contains_key(site);
        let others = self.others().filter(|site| heard(site) && !silent(site));
        let better = others.filter(|site| self.standing_of(site) < here).min_by_key(|s| self.standing_of(s));
        if let Some(site) = better.filter(|_| self.calm(now)) {
            out.hand_over = Some(site.clone());
            self.handed_over = Some(now.mono);
        }
    }

    /// A leader that may do nothing, or not yet, leaves the lead to a site that is heard.
    pub(super) fn resign(&mut self, now: Now, out: &mut Output) {
        let lately = self.handed_over.is_some_and(|at| now.mono.since(at) < AGAIN);
        let fit = self.idle().is_none() && self.jumped_left(now.mono).is_none();
        if self.standing.reign != Reign::Ready || fit || lately {
            return;
        }
        let heard = |site: &SiteId| self.peers.heard_within(site, super::conduct::LOST, now.mono);
        let able = |site: &&SiteId| heard(site) && self.standing_of(site) != Place::Never;
        let next = self.others().find(able).cloned();
        if next.is_some() {
            self.handed_over = Some(now.mono);
            out.hand_over = next;
        }
    }

    /// No run, no proposal and no verdict is pending.
    fn calm(&self, now: Now) -> bool {
        let Some(rules) = &self.rules else { return false };
        let up = |subject: &Subject| subject.is_inbound() || self.verdict_of(subject, now) == Verdict::Up;
        self.view.open_runs().next().is_none() && self.outbox.is_empty() && rules.subjects.keys().all(up)
    }

    /// How well a site is placed to lead, the least best: a witness, then who has no calls, then the rest.
    /// A site without a vote cannot lead at all.
    fn standing_of(&self, site: &SiteId) -> Place {
        let rings = |route: &RouteState| route.rings_in.as_ref().map(SiteId::site);
        let serving = self.view.routes.values().any(|route| rings(route).as_ref() == Some(site));
        match (self.votes_of(site), serving) {
            (0, _) => Place::Never,
            (_, true) => Place::Serving,
            (1, false) => Place::Standby,
            (_, false) => Place::Witness,
        }
    }
}

/// How well a site is placed to lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Witness,
    Standby,
    Serving,
    Never,
}
