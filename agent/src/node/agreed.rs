//! What an agreed entry means here: it is folded and obeyed; and what stops a site from folding on.

use super::{Folding, HEADS, Node, Rules};
use crate::command::PeerHead;
use crate::event::Output;
use crate::links::Other;
use state::fact::{Entry, Fact};
use state::handover::Hindrance;
use state::view::Applied;
use state::{Head, Index, Mono, Now, SiteId, View};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

/// How old another site's word about its journal may be, to be compared with ours: sixty of its pulses.
const HEADS_WITHIN: Duration = Duration::from_secs(60);

impl Node {
    /// One more entry is agreed: fold it, and do what it means for this site.
    pub(super) fn agreed(&mut self, at: (Index, &[u8]), entry: &Entry, now: Now, out: &mut Output) {
        let (index, bytes) = at;
        if self.stopped.is_some() {
            return;
        }
        let edits = matches!(entry.fact, Fact::PolicyEdited { .. });
        let before = self.view.policy.as_ref().filter(|_| edits).map(|policy| policy.text.clone());
        let was_silent = self.view.silent.contains_key(&entry.origin.site);
        let applied = self.view.apply(index, bytes, entry);
        self.heads.insert(index, self.view.head);
        while self.heads.len() > HEADS {
            self.heads.pop_first();
        }
        self.receipts.agreed(index, entry, (&self.view, now.mono));
        self.outbox.settle(&entry.origin);
        self.answer_agreed(index, entry, &applied, out);
        self.wish_agreed(index, entry, &applied, out);
        self.tell_agreed(index, entry, (&applied, now), out);
        self.edit_agreed(entry, &applied, before.as_deref(), out);
        match (&entry.fact, &applied) {
            (Fact::PolicyAgreed { .. } | Fact::PolicyEdited { .. }, Applied::Accepted) => {
                self.rule(now.mono);
                self.watch(out);
                self.edits.stir();
            }
            (Fact::BundleRevoked { site, .. } | Fact::BundleTrusted { site, .. }, Applied::Accepted) => {
                self.peers.forget(site);
                self.watch(out);
            }
            // What its disk had said is nothing that the next one could be named by.
            (Fact::VotesGiven { site, raft_ids }, Applied::Accepted) if raft_ids.is_empty() => {
                self.peers.forget(site);
            }
            (Fact::StepStarted(attempt), Applied::Accepted) => self.go(index, attempt, now, out),
            (Fact::StepStarted(attempt), Applied::Refused(_)) => self.void(attempt, out),
            (Fact::ClaimedAlone { route, .. }, Applied::Accepted) => self.look_now(route, now.mono),
            (Fact::RunEnded { run, .. }, Applied::Accepted) => {
                if let Some(route) = self
                    .view
                    .runs
                    .get(run)
                    .map(|run| run.plan.route.clone())
                    .filter(|route| !route.is_lever())
                {
                    self.look_now(&route, now.mono);
                }
            }
            (Fact::StepEndedLate { late, .. }, _) => self.look_for_late(late, now.mono),
            // It comes back, and with it perhaps what it had sent.
            (Fact::BallotsCast { .. }, Applied::Accepted) if was_silent => self.look_often(now.mono),
            (_, _) => {}
        }
    }

    /// A snapshot took the place of entries that this site does not have.
    pub(super) fn restored(&mut self, view: View, now: Mono, out: &mut Output) {
        self.view = view;
        self.receipts.restored(&self.view, now);
        // What was agreed within the snapshot is never seen being agreed.
        self.outbox.settle_taken(&self.view);
        self.edit_restored();
        self.rule(now);
        self.watch(out);
    }

    /// Two heads at one index are two histories: nothing automatic is done on either.
    pub(super) fn compare(&mut self, from: &SiteId, (index, theirs): (Index, Head)) {
        if let Some(ours) = self.heads.get(&index).filter(|ours| **ours != theirs) {
            let what = format!("the journal here is {ours} at {index}, that of {from} is {theirs}");
            self.stop(what);
            self.stopped_by = Hindrance::TwoHistories;
        }
    }

    /// What other sites said of their own journals within the last minute.
    pub fn heads_heard(&self, now: Mono) -> Vec<PeerHead> {
        self.peers.heads(HEADS_WITHIN, now)
    }

    /// From here on this site votes and answers, but says nothing of what it sees and does nothing.
    pub(super) fn stop(&mut self, why: String) {
        self.stopped.get_or_insert(why);
    }

    /// Why this site judges and does nothing, if it is so; also when it cannot read the agreed policy, because
    /// nothing is judged by the one before.
    pub fn idle(&self) -> Option<&str> {
        let outside = self.outside.as_deref().or(self.stopped.as_deref()).or(self.broken.as_deref());
        outside.or_else(|| self.parted())
    }

    /// Whether its view is that of everything agreed: one that stopped folding stands for nothing.
    pub fn folds(&self) -> Folding {
        if self.stopped.is_some() { Folding::Stopped } else { Folding::GoesOn }
    }

    /// Makes rules of the agreed policy; before the birth, of the own file, so that probes can begin.
    pub(super) fn rule(&mut self, now: Mono) {
        let text = self.view.policy.as_ref().map_or(self.file.as_str(), |policy| policy.text.as_str());
        match Rules::read(text, &self.identity.site) {
            Ok(rules) => {
                self.part_from(&rules);
                (self.rules, self.broken) = (Some(rules), None);
            }
            Err(why) => self.broken = Some(why),
        }
        self.wanting = self.wanted_by();
        // Whatever was found by the policy before must be found anew.
        self.seated_on = None;
        self.looks.doubted.clear();
        self.verdicts.recount();
        self.steady.recount();
        self.handovers.look_again();
        self.weigh();
        self.watch_subjects(now);
        self.watch_carriers(now);
        self.watch_signals();
        self.surveys.anew();
    }

    /// A site that was taken out and is wanted again knows that only by its own file, and there stand those who would
    /// name it: they may be others than in the last policy that it heard of.
    fn wanted_by(&self) -> BTreeMap<SiteId, SocketAddr> {
        let here = &self.identity.site;
        let lacks = |rules: &Rules| !rules.wished.contains_key(here);
        let Some(rules) = self.rules.as_ref().filter(|rules| lacks(rules)) else { return BTreeMap::new() };
        let own = Rules::read(&self.file, here).ok().filter(|own| !lacks(own));
        let known = |site: &SiteId| rules.wished.contains_key(site) || self.leaving.contains_key(site);
        own.into_iter().flat_map(|own| own.addresses).filter(|(site, _)| !known(site)).collect()
    }

    /// What is to be probed, reached and linked to under the policy in force.
    pub fn watch(&self, out: &mut Output) {
        if let Some(rules) = &self.rules {
            out.act.push(crate::event::Effect::Watch(rules.probes.clone()));
            out.act.push(crate::event::Effect::Reach(rules.carriers.clone()));
            out.act.push(crate::event::Effect::Link(self.linked()));
        }
    }

    /// The sites that this one has links to, where they listen, and who may speak for them.
    pub fn linked(&self) -> Vec<Other> {
        let addresses = self.rules.iter().flat_map(|rules| &rules.addresses).map(|(site, at)| (site, at));
        let known = addresses.chain(&self.leaving).chain(&self.wanting);
        let others = known.filter(|(site, _)| **site != self.identity.site);
        let other = |(site, address): (&SiteId, &SocketAddr)| Other {
            site: site.clone(),
            address: *address,
            trust: self.trust_in(site),
        };
        others.map(other).collect()
    }
}
