//! The watch: one schedule per probe of the policy, and its answers as events.

use super::entrance::source_for;
use super::reins::Reins;
use crate::event::{Event, Presence};
use crate::probes::plan::{About, Kind, ProbePlan};
use crate::probes::schedule::{self, Observation, Plan, Scheduled};
use crate::probes::sip_options::SipOptions;
use crate::probes::tcp::TcpConnect;
use crate::probes::{Answer, Probe};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

/// Answers of one probe that wait to be told; an older one is worth nothing.
const WAITING: usize = 4;

/// All probes of this site.
#[derive(Debug)]
pub struct Watch {
    reins: Arc<Reins>,
    bind: Option<IpAddr>,
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
    pub fn new(reins: Arc<Reins>, bind: Option<IpAddr>) -> Self {
        Self { reins, bind, probes: Vec::new() }
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
                target: phase_name(&plan),
                probe: probe(plan.kind, self.bind),
                every: plan.every,
                timeout: plan.timeout,
            },
            sink,
        );
        let (about, events) = (plan.about.clone(), self.reins.events());
        let target = plan.kind.target();
        let telling = tokio::spawn(async move {
            while let Some(observation) = answers.recv().await {
                if events.send(told(&about, target, observation)).await.is_err() {
                    return;
                }
            }
        });
        Watched { plan, _asking: asking, telling: telling.abort_handle() }
    }
}

/// What the phase is spread by.
fn phase_name(plan: &ProbePlan) -> String {
    match &plan.about {
        About::Subject(subject) => subject.to_string(),
        About::Reference | About::Signalling => plan.kind.target().to_string(),
    }
}

fn probe(kind: Kind, bind: Option<IpAddr>) -> Probe {
    match kind {
        Kind::SipOptions { target, transport } => {
            Probe::SipOptions(SipOptions { target, bind: source_for(bind, target), transport })
        }
        Kind::Tcp { target } => Probe::Tcp(TcpConnect { target, bind: source_for(bind, target) }),
    }
}

/// A PBX that drains is absent: it takes no new call.
fn told(about: &About, target: SocketAddr, observation: Observation) -> Event {
    let asked = observation.at;
    let detail = observation.answer.to_string();
    let answer = match observation.answer {
        Answer::Alive { .. } => Presence::Present,
        Answer::Draining | Answer::Dead { .. } => Presence::Absent,
    };
    match about {
        About::Subject(subject) => Event::Observed { subject: subject.clone(), asked, answer, detail },
        About::Reference => Event::Reference { target, asked, answer },
        About::Signalling => Event::Signalled { target, asked, answer },
    }
}
