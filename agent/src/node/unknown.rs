//! What became of an attempt that nobody speaks of: it is waited for, and then a site is asked how it stands.

use super::Node;
use super::conduct::LOST;
use crate::event::{Effect, Output};
use crate::frame::{Body, See};
use state::fact::{Fact, Was};
use state::plan::{At, Deed};
use state::run::{Direction, Run};
use state::{Index, Mono, Now, Number, SiteId, Stamp};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long a site may take to see how something stands; its answer travels, too.
const WITHIN: Duration = Duration::from_secs(6);
/// How long it is waited for before another one is asked.
const PATIENCE: Duration = Duration::from_secs(8);
/// How soon it is asked again where nobody could tell, or where what was begun may still take effect.
const AGAIN: Duration = Duration::from_secs(1);

/// How it stands, and in whose words; or why that cannot be seen.
pub type Stands = Result<(Was, String), String>;

/// What a leader has asked, attempt by attempt; a new leader simply asks again.
#[derive(Debug, Default)]
pub struct Glances {
    open: BTreeMap<Index, Glance>,
}

/// How often one attempt was asked about, and what is under way of it.
#[derive(Debug, Default)]
struct Glance {
    asked: usize,
    again: Mono,
    now: Option<(u64, SiteId, Mono)>,
}

impl Node {
    /// Waits for the report; an attempt whose executor is gone, or that takes too long, is not waited for.
    pub(super) fn await_report(&mut self, of: (Index, &SiteId), lapses_at: Stamp, now: Now) {
        let (fence, executor) = of;
        let attempt = self.view.attempts.get(&fence);
        // What only tells is not read.
        let unread = attempt.is_none_or(|attempt| attempt.pointings.is_empty()) && !self.can_be_seen(fence);
        let here = *executor == self.identity.site;
        let asked = attempt.map(|attempt| attempt.boot);
        let lives = if here { Some(self.identity.boot) } else { self.peers.boot(executor) };
        let gone = !here && !self.peers.heard_within(executor, LOST, now.mono);
        // A site whose life is not known yet has not been born again.
        let reborn = lives.is_some() && lives != asked;
        if now.stamp >= lapses_at && self.can_be_seen(fence) {
            let why = "nothing was heard of it in time".to_owned();
            self.lead_fact(Fact::StepLost { fence, why });
        } else if now.stamp >= lapses_at || (unread && (gone || reborn)) {
            self.lead_fact(Fact::AttemptLapsed { fence });
        } else if gone || reborn {
            let why = format!("{executor} was lost while it did this");
            self.lead_fact(Fact::StepLost { fence, why });
        }
    }

    /// Whether an attempt brings about what is no number, and every site knows how to see that.
    fn can_be_seen(&self, fence: Index) -> bool {
        let found = self.view.open_runs().find_map(|run| Some((run, run.step_of(fence)?)));
        let ensure = found.and_then(|(run, step)| run.ensure(step, run.direction(step)));
        self.view.looks_at_deeds() && ensure.is_some_and(|ensure| ensure.deed() == Deed::Changes)
    }

    /// A site is asked how it stands: one at a time, and another one each time where several may.
    pub(super) fn see(&mut self, run: &Run, (step, fence): (usize, Index), now: Mono, out: &mut Output) {
        let (here, peers) = (&self.identity.site, &self.peers);
        let heard = |site: &SiteId| site == here || peers.heard_within(site, LOST, now);
        let view = &self.view;
        self.glances.open.retain(|fence, _| view.open_runs().any(|run| run.step_of(*fence).is_some()));
        let glance = self.glances.open.entry(fence).or_default();
        glance.now.take_if(|(_, site, since)| now.since(*since) >= PATIENCE || !heard(site));
        if glance.now.is_some() || now < glance.again {
            return;
        }
        let asked = glance.asked;
        let sites: Vec<SiteId> =
            self.who_sees(run, (step, fence)).into_iter().filter(|site| heard(site)).collect();
        let Some(site) = sites.get(asked % sites.len().max(1)).cloned() else { return };
        let id = self.looks.name();
        let glance = Glance { asked: asked + 1, again: now + AGAIN, now: Some((id, site.clone(), now)) };
        self.glances.open.insert(fence, glance);
        let step = u16::try_from(step).unwrap_or(u16::MAX);
        self.say(&site, Body::See(See { id, run: run.id, step }), out);
    }

    /// Who can tell: of what each site has for itself only the one who did it, of a switch whoever can read it.
    fn who_sees(&self, run: &Run, (step, fence): (usize, Index)) -> Vec<SiteId> {
        let planned = run.plan.steps.get(step);
        let did = self.view.attempts.get(&fence).map(|attempt| attempt.executor.clone());
        if planned.is_none_or(|planned| planned.ensure.is_each_sites_own()) {
            return did.into_iter().collect();
        }
        let named = planned.and_then(|planned| match &planned.at {
            At::Site(site) | At::Reachable(site) => Some(site.clone()),
            At::Leader | At::Executor => None,
        });
        let executors = self.executors(run, self.identity.site.clone());
        let mut all: Vec<SiteId> = Vec::new();
        for site in named.into_iter().chain(executors).chain(self.sites()) {
            if !all.contains(&site) {
                all.push(site);
            }
        }
        all
    }

    /// The leader wants to know. Looking changes nothing, and what is looked at is what was agreed, not what it says.
    pub(super) fn asked_to_see(&mut self, from: &SiteId, see: &See, out: &mut Output) {
        let run = self.view.runs.get(&see.run);
        let ensure = run.and_then(|run| run.ensure(usize::from(see.step), Direction::Do)).cloned();
        match ensure.filter(|ensure| ensure.deed() == Deed::Changes) {
            Some(ensure) => {
                self.reading_for.insert(see.id, from.clone());
                out.act.push(Effect::See { id: see.id, ensure, within: WITHIN });
            }
            None => {
                let found = Err("the run is not known here yet".to_owned());
                self.say(from, Body::Seen { id: see.id, found }, out);
            }
        }
    }

    /// The own hands have seen: the one who asked is told.
    pub(super) fn have_seen(&mut self, id: u64, found: Stands, out: &mut Output) {
        if let Some(from) = self.reading_for.remove(&id) {
            self.say(&from, Body::Seen { id, found }, out);
        }
    }

    /// The answer. That it stands as wanted counts at once; that it does not, only if nothing could come of the attempt
    /// any more when it was asked.
    pub(super) fn it_stands(&mut self, from: &SiteId, (id, found): (u64, Stands), now: Mono) {
        let asked = |glance: &Glance| glance.now.as_ref().is_some_and(|(of, by, _)| *of == id && by == from);
        let Some((fence, glance)) = self.glances.open.iter_mut().find(|(_, glance)| asked(glance)) else {
            return;
        };
        let (fence, since) = (*fence, glance.now.take().map_or(now, |(_, _, since)| since));
        let attempt = self.view.attempts.get(&fence);
        let open: Vec<Number> =
            attempt.into_iter().flat_map(|attempt| attempt.open.iter().cloned()).collect();
        let free = self.receipts.free_at(&open, &self.view, now) <= since;
        let (was, why) = match found {
            Ok((Was::Right, why)) => (Was::Right, why),
            Ok((Was::Wrong, why)) if free => (Was::Wrong, why),
            Ok((Was::Wrong | Was::Unknown, _)) | Err(_) => return,
        };
        if self.leads() {
            self.lead_fact(Fact::StepSeen { fence, was, by: from.clone(), why: format!("{from}: {why}") });
        }
    }
}
