//! What is known of the other agents without agreement: when they were heard, and what they can do.

use crate::command::PeerHead;
use crate::door::{Hello, Unfit};
use crate::frame::{Absent, Pulse};
use state::{Boot, CarrierId, Mono, SiteId};
use std::collections::BTreeMap;
use std::time::Duration;

/// The other agents, as heard on the links.
#[derive(Debug, Default)]
pub struct Peers {
    known: BTreeMap<SiteId, Peer>,
    greetings: BTreeMap<SiteId, Greeting>,
}

/// What a site said at the door, and what is held against it.
#[derive(Debug)]
pub struct Greeting {
    /// When.
    pub at: Mono,
    /// Its words.
    pub hello: Hello,
    /// Why nothing else is taken from it.
    pub unfit: Option<Unfit>,
}

#[derive(Debug)]
struct Peer {
    heard: Mono,
    /// When it last said whom it follows, by leader.
    follows: Option<(SiteId, Mono)>,
    pulse: Option<Pulse>,
    /// When it said that.
    pulsed: Mono,
}

impl Peers {
    /// Any frame is life.
    pub fn heard(&mut self, site: &SiteId, now: Mono) {
        match self.known.get_mut(site) {
            Some(peer) => peer.heard = peer.heard.max(now),
            None => {
                let peer = Peer { heard: now, follows: None, pulse: None, pulsed: now };
                drop(self.known.insert(site.clone(), peer));
            }
        }
    }

    /// A greeting alone is no life: only what was let in counts.
    pub fn greeted(&mut self, site: &SiteId, (hello, unfit): (Hello, Option<Unfit>), at: Mono) {
        self.greetings.insert(site.clone(), Greeting { at, hello, unfit });
    }

    /// Forgets a site as if it had never been heard.
    pub fn forget(&mut self, site: &SiteId) {
        self.known.remove(site);
        self.greetings.remove(site);
    }

    /// The last greeting of a site.
    pub fn greeting(&self, site: &SiteId) -> Option<&Greeting> {
        self.greetings.get(site)
    }

    /// A pulse says more.
    pub fn pulse(&mut self, site: &SiteId, pulse: Pulse, now: Mono) {
        self.heard(site, now);
        if let Some(peer) = self.known.get_mut(site) {
            peer.follows = pulse.follows.clone().map(|leader| (leader, now)).or(peer.follows.take());
            (peer.pulse, peer.pulsed) = (Some(pulse), now);
        }
    }

    /// When a site was heard last.
    pub fn last(&self, site: &SiteId) -> Option<Mono> {
        self.known.get(site).map(|peer| peer.heard)
    }

    /// A site says something that is meant for this leader alone.
    pub fn follows(&mut self, site: &SiteId, leader: &SiteId, now: Mono) {
        self.heard(site, now);
        if let Some(peer) = self.known.get_mut(site) {
            peer.follows = Some((leader.clone(), now));
        }
    }

    /// When a site last said that it follows this leader; a word on another one takes its place.
    pub fn followed(&self, site: &SiteId, leader: &SiteId) -> Option<Mono> {
        let (of, at) = self.known.get(site)?.follows.as_ref()?;
        (of == leader).then_some(*at)
    }

    /// Whether a site was heard lately.
    pub fn heard_within(&self, site: &SiteId, window: Duration, now: Mono) -> bool {
        self.last(site).is_some_and(|at| now.since(at) < window)
    }

    /// The carriers whose secret a site says it has.
    pub fn secrets(&self, site: &SiteId) -> Option<&Vec<CarrierId>> {
        self.known.get(site).and_then(|peer| peer.pulse.as_ref()).map(|pulse| &pulse.secrets)
    }

    /// Which life of its agent a site is in.
    pub fn boot(&self, site: &SiteId) -> Option<Boot> {
        self.known.get(site).and_then(|peer| peer.pulse.as_ref()).map(|pulse| pulse.boot)
    }

    /// The greatest schema of facts that a site says it can read.
    pub fn reads(&self, site: &SiteId) -> Option<u16> {
        self.known.get(site).and_then(|peer| peer.pulse.as_ref()).map(|pulse| pulse.reads)
    }

    /// The policy that a site has applied.
    pub fn policy(&self, site: &SiteId) -> Option<&str> {
        self.known.get(site).and_then(|peer| peer.pulse.as_ref()).and_then(|pulse| pulse.policy.as_deref())
    }

    /// What each site said of its own journal within so long.
    pub fn heads(&self, window: Duration, now: Mono) -> Vec<PeerHead> {
        let said = |(site, peer): (&SiteId, &Peer)| {
            let ((index, head), age) = (peer.pulse.as_ref()?.journal, now.since(peer.pulsed));
            (age < window).then(|| PeerHead { site: site.clone(), index, head, age })
        };
        self.known.iter().filter_map(said).collect()
    }

    /// How long a site was without a leader until the one that it knows, as it last said.
    pub fn absent(&self, site: &SiteId) -> Option<&Absent> {
        self.known.get(site).and_then(|peer| peer.pulse.as_ref()).map(|pulse| &pulse.leaderless)
    }
}
