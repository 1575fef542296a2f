//! What this site says of itself: once a second that it lives, and what it wants agreed until it is.

use super::{Node, conduct};
use crate::event::{Output, Reign};
use crate::frame::{Body, Pulse};
use state::codec::SCHEMA;
use state::{Mono, Now, SiteId, Stamp};
use std::time::Duration;

/// How often every site says that it lives.
const PULSE_EVERY: Duration = Duration::from_secs(1);

impl Node {
    /// Once a second it says that it lives, and what it can do.
    pub(super) fn pulse(&mut self, now: Now, out: &mut Output) {
        if self.pulsed.is_some_and(|at| now.mono.since(at) < PULSE_EVERY) {
            return;
        }
        self.pulsed = Some(now.mono);
        let policy = self.view.policy.as_ref().and(self.rules.as_ref()).map(|rules| rules.digest.clone());
        let heard = |leader: &&SiteId| self.peers.heard_within(leader, conduct::LOST, now.mono);
        let follows = self.standing.leader.as_ref().filter(heard).cloned();
        for site in self.others() {
            let pulse = Pulse {
                boot: self.identity.boot,
                wall: Stamp::default(),
                policy: policy.clone(),
                secrets: self.secrets.clone(),
                journal: (self.view.index, self.view.head),
                leaderless: self.absence.report.clone(),
                follows: follows.clone(),
                hears: Vec::new(),
                reads: SCHEMA,
            };
            self.say(site, Body::Pulse(pulse), out);
        }
        self.say_what_is_wrong(now.mono, out);
    }

    /// What is due goes to the log if this site leads, else to the leader if there is one.
    pub(super) fn propose(&mut self, now: Mono, out: &mut Output) {
        let leader = self.standing.leader.clone();
        if self.standing.reign == Reign::Following && leader.is_none() {
            return;
        }
        for (origin, fact) in self.outbox.due(&self.standing, now, |origin| self.receipts.holds(origin)) {
            if self.standing.reign != Reign::Following && !self.may_write(&fact) {
                continue;
            }
            match (&leader, self.standing.reign) {
                (_, Reign::Fresh | Reign::Ready) => out.propose.push((origin, fact)),
                (Some(leader), Reign::Following) => self.say(leader, Body::Propose { origin, fact }, out),
                (None, Reign::Following) => {}
            }
        }
    }

    pub(super) fn say(&self, to: &SiteId, body: Body, out: &mut Output) {
        out.send.push((to.clone(), body));
    }
}
