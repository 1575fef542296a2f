//! Whether the carrier's calls reach this site: what the addresses they come from answered, as one opinion.

use super::Node;
use crate::event::{Output, Presence};
use crate::probes::plan::{About, ProbePlan};
use policies::limits::SIGNALLING_TRUST;
use state::{Mono, Subject};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

/// The addresses that calls come from, as they answered here.
#[derive(Debug, Default)]
pub struct Signals {
    heard: BTreeMap<(SocketAddr, Asked), Signal>,
}

/// Who asks there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Asked {
    /// This agent.
    Here,
    /// The PBX beside it, as one of its contacts.
    ByPbx,
}

#[derive(Debug)]
struct Signal {
    good: Mono,
    last: Presence,
}

impl Signals {
    /// What an answer amounts to; none if it is no news. An address counts only while it has answered this site
    /// within a day: one that never speaks to strangers would be missed for ever. Where it answers this agent, what
    /// the PBX thinks of it counts nothing: that may be a minute old.
    fn take(&mut self, way: (SocketAddr, Asked), (at, answer): (Mono, Presence)) -> Option<Presence> {
        self.heard.retain(|_, signal| at.since(signal.good) < SIGNALLING_TRUST);
        if way.1 == Asked::ByPbx && self.heard.contains_key(&(way.0, Asked::Here)) {
            self.heard.remove(&way);
            return None;
        }
        match (answer, self.heard.get_mut(&way)) {
            (Presence::Present, _) => {
                self.heard.insert(way, Signal { good: at, last: answer });
                if way.1 == Asked::Here {
                    self.heard.remove(&(way.0, Asked::ByPbx));
                }
                Some(answer)
            }
            (Presence::Absent, Some(signal)) => {
                signal.last = answer;
                // Several silent addresses are one miss in each round, told by the first of them.
                let first = self.heard.keys().next() == Some(&way);
                let all = self.heard.values().all(|signal| signal.last == Presence::Absent);
                (first && all).then_some(answer)
            }
            (Presence::Absent, None) => None,
        }
    }

    /// What is no longer asked is no longer missed.
    fn keep(&mut self, asked: impl Fn(&SocketAddr) -> bool) {
        self.heard.retain(|(target, _), _| asked(target));
    }
}

impl Node {
    /// The addresses of a new policy; those that stay keep what is known of them.
    pub(super) fn watch_signals(&mut self) {
        let Some(rules) = &self.rules else { return };
        let signalling = |plan: &ProbePlan| match plan.about {
            About::Signalling(target) => Some(target),
            About::Subject(_) | About::Reference(_) | About::Contact(_) => None,
        };
        let asked: BTreeSet<SocketAddr> = rules.probes.iter().filter_map(signalling).collect();
        self.signals.keep(|target| asked.contains(target));
    }

    /// An address that calls come from answered, or not.
    pub(super) fn signalled(&mut self, target: SocketAddr, said: (Mono, Presence), out: &mut Output) {
        self.reached((target, Asked::Here), said, out);
    }

    /// The PBX reaches such an address, or not.
    pub(super) fn contacted(&mut self, target: SocketAddr, said: (Mono, Presence), out: &mut Output) {
        self.reached((target, Asked::ByPbx), said, out);
    }

    fn reached(&mut self, way: (SocketAddr, Asked), said: (Mono, Presence), out: &mut Output) {
        let Some(answer) = self.signals.take(way, said) else { return };
        let subject = Subject::inbound(&self.identity.site);
        self.observed((&subject, said.0), answer, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(seconds: u64) -> Mono {
        Mono::from_boot(Duration::from_secs(seconds))
    }

    #[test]
    fn an_address_that_never_answered_is_not_missed() {
        let mut signals = Signals::default();
        let target: SocketAddr = "203.0.113.60:5060".parse().unwrap();
        assert_eq!(signals.take((target, Asked::Here), (at(1), Presence::Absent)), None);
        assert_eq!(signals.take((target, Asked::Here), (at(2), Presence::Present)), Some(Presence::Present));
        assert_eq!(signals.take((target, Asked::Here), (at(3), Presence::Absent)), Some(Presence::Absent));
        assert_eq!(
            signals.take((target, Asked::Here), (at(86_402), Presence::Absent)),
            None,
            "a day is over"
        );
    }

    #[test]
    fn one_of_two_that_answers_is_enough_and_two_silent_ones_are_one_miss() {
        let mut signals = Signals::default();
        let [first, second] = ["203.0.113.60:5060", "203.0.113.61:5060"].map(|at| at.parse().unwrap());
        for target in [first, second] {
            signals.take((target, Asked::Here), (at(1), Presence::Present));
        }
        assert_eq!(signals.take((first, Asked::Here), (at(2), Presence::Absent)), None);
        assert_eq!(signals.take((second, Asked::Here), (at(2), Presence::Present)), Some(Presence::Present));
        assert_eq!(signals.take((second, Asked::Here), (at(3), Presence::Absent)), None);
        assert_eq!(signals.take((first, Asked::Here), (at(4), Presence::Absent)), Some(Presence::Absent));
        signals.keep(|target| *target == second);
        assert_eq!(signals.take((second, Asked::Here), (at(5), Presence::Absent)), Some(Presence::Absent));
    }

    #[test]
    fn an_address_that_answers_the_pbx_alone_is_missed_when_the_pbx_misses_it() {
        let mut signals = Signals::default();
        let target: SocketAddr = "203.0.113.60:5060".parse().unwrap();
        let (here, by_pbx) = ((target, Asked::Here), (target, Asked::ByPbx));
        assert_eq!(signals.take(here, (at(1), Presence::Absent)), None, "it never speaks to strangers");
        assert_eq!(signals.take(by_pbx, (at(2), Presence::Absent)), None, "nor was it ever reached");
        assert_eq!(signals.take(by_pbx, (at(3), Presence::Present)), Some(Presence::Present));
        assert_eq!(signals.take(by_pbx, (at(4), Presence::Absent)), Some(Presence::Absent));
        // From here on it answers this agent, which sees sooner than the PBX when it stops.
        assert_eq!(signals.take(here, (at(5), Presence::Present)), Some(Presence::Present));
        assert_eq!(signals.take(by_pbx, (at(6), Presence::Absent)), None);
        assert_eq!(signals.take(here, (at(7), Presence::Absent)), Some(Presence::Absent));
        assert_eq!(signals.take(by_pbx, (at(8), Presence::Present)), None);
        assert_eq!(signals.take(here, (at(9), Presence::Absent)), Some(Presence::Absent));
    }
}
