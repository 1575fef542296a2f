//! The watch: one schedule per probe of the policy, and its answers as events.

use super::reins::Reins;
use crate::event::{Event, Presence};
use crate::probes::means::Means;
use crate::probes::plan::{About, ProbePlan};
use crate::probes::schedule::{self, Observation, Plan, Scheduled};
use crate::probes::{Answer, Why};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

/// Answers of one probe that wait to be told; an older one is worth nothing.
const WAITING: usize = 4;

/// All probes of this site.
#[derive(Debug)]
pub struct Watch {
    reins: Arc<Reins>,
    means: Arc<Means>,
    probes: Vec<Watched>,
}

#[derive(Debug)]
struct Watched {
    plan: ProbePlan,
    /// Held, because dropping it stops the probe.
    _asking: Scheduled,
    telling: AbortHandle,
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.telling.abort();
    }
}

impl Watch {
    /// Over nothing.
    pub fn new(reins: Arc<Reins>, means: Arc<Means>) -> Self {
        Self { reins, means, probes: Vec::new() }
    }

    /// Over these from now on: what stays the same keeps its rhythm. Call it within a tokio runtime.
    pub fn over(&mut self, plans: Vec<ProbePlan>) {
        let mut before = std::mem::take(&mut self.probes);
        for plan in plans {
            let same = before.iter().position(|watched| watched.plan == plan);
            let watched = match same {
                Some(place) => before.swap_remove(place),
                None => self.start(plan),
            };
            self.probes.push(watched);
        }
    }

    fn start(&self, plan: ProbePlan) -> Watched {
        let (sink, mut answers) = mpsc::channel(WAITING);
        let asking = schedule::start(
            Plan {
                target: phase_name(&plan.about),
                probe: self.means.probe(&plan.kind),
                every: plan.every,
                timeout: plan.timeout,
            },
            sink,
        );
        let (about, events) = (plan.about.clone(), self.reins.events());
        let telling = tokio::spawn(async move {
            while let Some(observation) = answers.recv().await {
                let Some(event) = told(&about, observation) else { continue };
                if events.send(event).await.is_err() {
                    return;
                }
            }
        });
        Watched { plan, _asking: asking, telling: telling.abort_handle() }
    }
}

/// What the phase is spread by.
fn phase_name(about: &About) -> String {
    match about {
        About::Subject(subject) => subject.to_string(),
        About::Reference(target) | About::Signalling(target) | About::Contact(target) => target.to_string(),
    }
}

/// A PBX that drains is absent: it takes no new call. What could not be asked is neither here nor there. A reference
/// that refuses has answered: the way out is well, and that is all that it is asked for.
fn told(about: &About, observation: Observation) -> Option<Event> {
    let asked = observation.at;
    let detail = observation.answer.to_string();
    let answer = match observation.answer {
        Answer::Alive { .. } => Presence::Present,
        Answer::Dead { why: Why::Refused } if matches!(about, About::Reference(_)) => Presence::Present,
        Answer::Draining | Answer::Dead { .. } => Presence::Absent,
        Answer::Unasked { why } => {
            let About::Subject(subject) = about else { return None };
            return Some(Event::Unasked { subject: subject.clone(), asked, why });
        }
    };
    Some(match about {
        About::Subject(subject) => Event::Observed { subject: subject.clone(), asked, answer, detail },
        About::Reference(target) => Event::Reference { target: *target, asked, answer },
        About::Signalling(target) => Event::Signalled { target: *target, asked, answer },
        About::Contact(target) => Event::Contacted { target: *target, asked, answer },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::mono;
    use std::net::SocketAddr;

    #[test]
    fn a_refusal_proves_the_way_out_and_nothing_else() {
        let target = SocketAddr::from(([192, 0, 2, 1], 53));
        let said = |about: About, why: Why| {
            let answer = Answer::Dead { why };
            match told(&about, Observation { target: target.to_string(), at: mono(), answer }) {
                Some(Event::Reference { answer, .. } | Event::Signalled { answer, .. }) => answer,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(said(About::Reference(target), Why::Refused), Presence::Present);
        assert_eq!(said(About::Reference(target), Why::Silent), Presence::Absent);
        assert_eq!(said(About::Reference(target), Why::Unreachable), Presence::Absent);
        assert_eq!(said(About::Signalling(target), Why::Refused), Presence::Absent);
    }
}
