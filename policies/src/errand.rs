//! What a route wants: to stay, to leave a dead site, to ring in its refuge, or to go on to a better site.

use crate::candidates::Candidate;
use crate::decide::{Matter, Steady};
use crate::limits::{STEADY_LAST_RESORT, STEADY_REFUGE, refuge_after};
use crate::policy::{Failback, Hours};
use crate::reason::Refused;
use serde::{Deserialize, Serialize};
use state::route::Brought;
use state::{SiteId, Stamp};
use std::time::Duration;

/// Which playbook of a route or of a lever is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Occasion {
    /// The site where it rings is down.
    SiteDown,
    /// The same, and no other site could take it.
    NoneLeft,
    /// A better site than the last resort or the refuge is well.
    SiteBack,
    /// What a lever watches is down.
    Pull,
    /// What it watches is up again.
    LetGo,
}

/// What a route wants if no guard forbids it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Errand {
    /// To stay.
    Stay,
    /// To leave a site that is down.
    Leave {
        /// For this one.
        to: SiteId,
    },
    /// To ring in its refuge, because no site could take it.
    Refuge {
        /// For so much longer it is waited for a site to be believed again.
        left: Duration,
    },
    /// To go on from its last resort, or back from its refuge.
    Better {
        /// To this one.
        to: SiteId,
        /// Which could have had it for so long without a break.
        steady: Duration,
        /// And must for so long.
        needed: Duration,
        /// The hours in which it goes, and when they begin, if they do not hold now.
        hours: Option<(Hours, Stamp)>,
    },
}

impl Errand {
    /// Where it goes, and what is played.
    pub fn goal(&self) -> Option<(SiteId, Occasion)> {
        match self {
            Self::Stay => None,
            Self::Leave { to } => Some((to.clone(), Occasion::SiteDown)),
            Self::Refuge { .. } => Some((SiteId::refuge(), Occasion::NoneLeft)),
            Self::Better { to, .. } => Some((to.clone(), Occasion::SiteBack)),
        }
    }
}

impl Matter<'_> {
    /// What the route wants now.
    pub fn errand(&self) -> Errand {
        if self.leaves() {
            return self.away();
        }
        let better = self.needed().map(|needed| self.better(needed));
        better.filter(|errand| *errand != Errand::Stay).or_else(|| self.home()).unwrap_or(Errand::Stay)
    }

    /// Home to its first choice, if the policy says that a route goes there by itself; not where a person brought it.
    fn home(&self) -> Option<Errand> {
        let Failback { after, between } =
            self.rule.failback.filter(|_| self.on.state.brought != Brought::ByPerson)?;
        let home = self.rule.prefer.first().filter(|home| *home != self.here)?;
        let may = self.ranked.iter().flatten().any(|candidate| candidate.site == *home);
        let (steady, now) = (self.steady(home), self.on.case.now);
        let opens = between.map_or(Some(now), |hours| hours.begin(now, &self.on.case.judge.zone));
        let hours = between.zip(opens).filter(|(_, opens)| *opens > now);
        may.then(|| Errand::Better { to: home.clone(), steady, needed: after, hours })
    }

    /// For how long a site could have had the route without a break, as far as this node has seen.
    fn steady(&self, site: &SiteId) -> Duration {
        match self.on.standing.steady.get(&(self.on.route.clone(), site.clone())) {
            Some(Steady::Able(since)) => *since,
            Some(Steady::Unable(_)) | None => Duration::ZERO,
        }
    }

    /// Away from a dead site: to the first that may have the route, else to the refuge, else to whoever damping
    /// keeps from having it.
    fn away(&self) -> Errand {
        if let Some(Candidate { site, .. }) = self.chosen() {
            return Errand::Leave { to: site.clone() };
        }
        match (self.refuge_opens(), self.damped()) {
            (Some(left), _) => Errand::Refuge { left },
            (None, Some((site, _))) => Errand::Leave { to: site.clone() },
            (None, None) => Errand::Stay,
        }
    }

    /// In how long the route's refuge may be rung, if it has one that no run failed to reach a while ago: when every
    /// site was unable to take it for long enough that none is just about to be believed again.
    pub fn refuge_opens(&self) -> Option<Duration> {
        let refuge = self.rule.refuge.as_ref().filter(|refuge| *refuge != self.here)?;
        if self.on.case.spurned_until(self.on.route, refuge).is_some() {
            return None;
        }
        let all = refuge_after(self.on.tally.blip);
        let left = self.ranked.iter().map(|ranked| match ranked {
            Err(not) if matches!(not.why, Refused::Damped { .. }) => Duration::ZERO,
            Err(not) => match self.on.standing.steady.get(&(self.on.route.clone(), not.site.clone())) {
                Some(Steady::Unable(since)) => all.saturating_sub(*since),
                Some(Steady::Able(_)) | None => all,
            },
            Ok(_) => all,
        });
        Some(left.max().unwrap_or_default())
    }

    /// How long a better site must be steady before the route leaves this place by itself; `None` if it never does,
    /// and where a person brought it.
    fn needed(&self) -> Option<Duration> {
        if self.on.state.brought == Brought::ByPerson {
            return None;
        }
        if self.here.is_refuge() {
            return Some(STEADY_REFUGE);
        }
        self.rule.last_resort.contains(self.here).then_some(STEADY_LAST_RESORT)
    }

    /// Whether it rings where nobody wants it to stay.
    pub fn last_or_refuge(&self) -> bool {
        self.here.is_refuge() || self.rule.last_resort.contains(self.here)
    }

    /// The first better site that is steady enough, else the first that could have the route at all.
    fn better(&self, needed: Duration) -> Errand {
        let last = |site: &SiteId| !self.here.is_refuge() && self.rule.last_resort.contains(site);
        let above = self.rule.prefer.iter().take_while(|site| *site != self.here);
        let may = |site: &SiteId| self.ranked.iter().flatten().any(|candidate| candidate.site == *site);
        let able: Vec<&SiteId> = above.filter(|site| !last(site) && may(site)).collect();
        match able.iter().find(|site| self.steady(site) >= needed).or(able.first()) {
            Some(to) => Errand::Better { to: (*to).clone(), steady: self.steady(to), needed, hours: None },
            None => Errand::Stay,
        }
    }
}
