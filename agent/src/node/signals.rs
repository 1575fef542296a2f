//! Whether the carrier's calls reach this site: what the addresses they come from answered, as one opinion.

use super::Node;
use super::watch::News;
use crate::event::{Output, Presence};
use crate::probes::plan::{About, ProbePlan};
use policies::limits::SIGNALLING_TRUST;
use state::{Mono, Subject};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

/// The addresses that calls come from, as they answered here.
#[derive(Debug, Default)]
pub struct Signals {
    heard: BTreeMap<SocketAddr, Signal>,
}

#[derive(Debug)]
struct Signal {
    good: Mono,
    last: Presence,
}

impl Signals {
    /// What an answer amounts to; none if it is no news. An address counts only while it has answered this site
    /// within a day: one that never speaks to strangers would be missed for ever.
    fn take(&mut self, target: SocketAddr, (at, answer): (Mono, Presence)) -> Option<Presence> {
        self.heard.retain(|_, signal| at.since(signal.good) < SIGNALLING_TRUST);
        match (answer, self.heard.get_mut(&target)) {
            (Presence::Present, _) => {
                self.heard.insert(target, Signal { good: at, last: answer });
                Some(answer)
            }
            (Presence::Absent, Some(signal)) => {
                signal.last = answer;
                // Several silent addresses are one miss in each round, told by the first of them.
                let first = self.heard.keys().next() == Some(&target);
                let all = self.heard.values().all(|signal| signal.last == Presence::Absent);
                (first && all).then_some(answer)
            }
            (Presence::Absent, None) => None,
        }
    }

    /// What is no longer asked is no longer missed.
    fn keep(&mut self, asked: impl Fn(&SocketAddr) -> bool) {
        self.heard.retain(|target, _| asked(target));
    }
}

impl Node {
    /// The addresses of a new policy; those that stay keep what is known of them.
    pub(super) fn watch_signals(&mut self) {
        let Some(rules) = &self.rules else { return };
        let signalling = |plan: &ProbePlan| match plan.about {
            About::Signalling(target) => Some(target),
            About::Subject(_) | About::Reference(_) => None,
        };
        let asked: BTreeSet<SocketAddr> = rules.probes.iter().filter_map(signalling).collect();
        self.signals.keep(|target| asked.contains(target));
    }

    /// An address that calls come from answered, or not.
    pub(super) fn signalled(&mut self, target: SocketAddr, said: (Mono, Presence), out: &mut Output) -> News {
        let Some(answer) = self.signals.take(target, said) else { return News::Same };
        let subject = Subject::inbound(&self.identity.site);
        self.observed((&subject, said.0), answer, out)
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
        assert_eq!(signals.take(target, (at(1), Presence::Absent)), None);
        assert_eq!(signals.take(target, (at(2), Presence::Present)), Some(Presence::Present));
        assert_eq!(signals.take(target, (at(3), Presence::Absent)), Some(Presence::Absent));
        assert_eq!(signals.take(target, (at(86_402), Presence::Absent)), None, "a day is over");
    }

    #[test]
    fn one_of_two_that_answers_is_enough_and_two_silent_ones_are_one_miss() {
        let mut signals = Signals::default();
        let [first, second] = ["203.0.113.60:5060", "203.0.113.61:5060"].map(|at| at.parse().unwrap());
        for target in [first, second] {
            signals.take(target, (at(1), Presence::Present));
        }
        assert_eq!(signals.take(first, (at(2), Presence::Absent)), None);
        assert_eq!(signals.take(second, (at(2), Presence::Present)), Some(Presence::Present));
        assert_eq!(signals.take(second, (at(3), Presence::Absent)), None);
        assert_eq!(signals.take(first, (at(4), Presence::Absent)), Some(Presence::Absent));
        signals.keep(|target| *target == second);
        assert_eq!(signals.take(second, (at(5), Presence::Absent)), Some(Presence::Absent));
    }
}
