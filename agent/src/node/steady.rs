//! How long each site could have had a route, or could not: what a last resort and a refuge wait for.

use super::patience::wanted;
use super::{Node, Rules};
use crate::quorum::TICK;
use playbooks::Playbook;
use policies::decide::Steady;
use policies::judge::Case;
use state::{Index, Mono, Now, RouteId, SiteId, Stamp};
use std::collections::{BTreeMap, BTreeSet};

/// What this node has seen of every site, for the routes that ever wait for it.
#[derive(Debug, Default)]
pub struct Standings {
    known: BTreeMap<(RouteId, SiteId), (Ability, Mono)>,
    /// Since when sites could have a route that playbooks ask for.
    ready: BTreeMap<(RouteId, SiteId), Mono>,
    /// How often that has changed: a decision that waits rests on it, not on how old it has grown.
    changes: u64,
    /// What the last look found, and for how long that holds.
    looked: Option<Looked>,
}

/// A look at what every site could have.
#[derive(Clone, Copy, Debug)]
struct Looked {
    /// On this view.
    on: Index,
    /// When that was, or when it was last known to hold still.
    at: Mono,
    /// Until when it holds if nothing more is agreed and the votes stay what they are; `None` for ever.
    until: Option<Stamp>,
}

/// Whether a site could have a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ability {
    Able,
    Unable,
}

impl Standings {
    /// For how long, as it is now.
    pub fn for_how_long(&self, now: Mono) -> BTreeMap<(RouteId, SiteId), Steady> {
        let steady = |(key, (ability, since)): (&(RouteId, SiteId), &(Ability, Mono))| {
            let long = now.since(*since);
            let steady = match ability {
                Ability::Able => Steady::Able(long),
                Ability::Unable => Steady::Unable(long),
            };
            (key.clone(), steady)
        };
        self.known.iter().map(steady).collect()
    }

    /// Since when a site could have a route; `None` if it could not now, or nobody asks.
    pub fn ready_since(&self, route: &RouteId, site: &SiteId) -> Option<Mono> {
        self.ready.get(&(route.clone(), site.clone())).copied()
    }

    /// Names what is known: it is another number as soon as that is something else.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// What was seen before a clock jumped proves nothing about the time between.
    pub fn forget(&mut self) {
        *self = Self { changes: self.changes + 1, ..Self::default() };
    }

    /// The votes are others: what was seen must be seen anew at the next tick.
    pub fn recount(&mut self) {
        if let Some(looked) = &mut self.looked {
            looked.until = Some(Stamp::default());
        }
    }

    /// Whether nothing need be looked at: nothing was agreed, and no tick has passed, or none that changes anything.
    fn holds(&mut self, index: Index, now: Now) -> bool {
        let Some(looked) = self.looked.as_mut().filter(|looked| looked.on == index) else { return false };
        if now.mono.since(looked.at) < TICK {
            return true;
        }
        let holds = looked.until.is_none_or(|until| now.stamp < until);
        if holds {
            looked.at = now.mono;
        }
        holds
    }
}

impl Node {
    /// Every node counts for itself, on its own clock, so that a new leader knows at once.
    pub(super) fn watch_standings(&mut self, now: Now) {
        let Some(rules) = &self.rules else { return };
        if self.steady.holds(self.view.index, now) {
            return;
        }
        let case = Case { judge: &rules.judge, view: &self.view, now: now.stamp };
        let (mut known, mut until) = (BTreeMap::new(), None);
        let waits = rules.judge.routes.iter().filter(|(_, rule)| rule.waits());
        for (route, site) in waits.flat_map(|(route, rule)| rule.prefer.iter().map(move |site| (route, site)))
        {
            let is = if case.able(route, site).is_ok() { Ability::Able } else { Ability::Unable };
            until = until.into_iter().chain(case.able_until(route, site)).min();
            let key = (route.clone(), site.clone());
            let before = self.steady.known.get(&key).copied().filter(|(was, _)| *was == is);
            known.insert(key, before.unwrap_or((is, now.mono)));
        }
        let asked: BTreeSet<(RouteId, SiteId)> = self.asked_ready(rules);
        let changes = asked.iter().filter_map(|(route, site)| case.able_until(route, site));
        let until = until.into_iter().chain(changes).min();
        let ready = asked.into_iter().filter(|(route, site)| case.able(route, site).is_ok());
        let since = |key: &(RouteId, SiteId)| self.steady.ready.get(key).copied().unwrap_or(now.mono);
        let ready = ready.map(|key| (key.clone(), since(&key))).collect();
        self.steady.looked = Some(Looked { on: self.view.index, at: now.mono, until });
        if known != self.steady.known {
            self.steady.known = known;
            self.steady.changes += 1;
        }
        self.steady.ready = ready;
    }

    /// The sites that an open run asks for, and all of every route while a playbook here could ask for how long they
    /// have been ready.
    fn asked_ready(&self, rules: &Rules) -> BTreeSet<(RouteId, SiteId)> {
        let steps = self.view.open_runs().flat_map(|run| run.plan.steps.iter().map(move |step| (run, step)));
        let open =
            steps.filter_map(|(run, step)| Some((run.plan.route.clone(), wanted(&step.ensure)?.clone())));
        let mut asked: BTreeSet<_> = open.collect();
        if self.playbooks.values().any(Playbook::asks_for_readiness) {
            let all = rules.judge.routes.iter();
            asked.extend(
                all.flat_map(|(route, rule)| rule.prefer.iter().map(|site| (route.clone(), site.clone()))),
            );
        }
        asked
    }
}
