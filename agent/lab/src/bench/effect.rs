//! From the fault until the carrier has applied the SET: one number for each cluster that is put up and broken.

use crate::carrier::log::{Entry, What};
use crate::demo::{DemoError, Leads, Stage, bound, bound_of_refusal};
use crate::rig::{self, Pace};
use agent::clock;
use serde::Serialize;
use state::Mono;
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// In which way London dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Death {
    /// Agent and PBX are killed; the machine refuses whoever calls
    Killed,
    /// Agent and PBX are stopped; they are there and say nothing
    Frozen,
    /// Every line to it is cut; nothing is heard of it
    Cut,
}

impl Death {
    /// As it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Killed => "killed",
            Self::Frozen => "frozen",
            Self::Cut => "cut",
        }
    }
}

/// Which clusters are put up, and how they are broken.
#[derive(Clone, Debug)]
pub struct Setting {
    /// How London dies.
    pub death: Death,
    /// How fast the agents look.
    pub pace: Pace,
    /// Who leads before that.
    pub leads: Leads,
    /// In which folder the agents' disks are.
    pub within: Option<PathBuf>,
}

impl Setting {
    /// The median least that the pace allows for such a death.
    pub fn bound(&self) -> Duration {
        let pace = self.pace.numbers();
        match self.death {
            Death::Killed => bound_of_refusal(pace),
            Death::Frozen | Death::Cut => bound(pace),
        }
    }
}

/// What became of one cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Took {
    /// From the fault until the carrier had applied a SET that moved the number; `None` if none came.
    pub effect: Option<Duration>,
    /// How often agents moved it.
    pub switches: usize,
    /// How often two agents wrote at once.
    pub dual_writers: usize,
}

/// Elections, retries and a busy machine: after so many times the bound, and a little more, nothing comes any more.
const PATIENCE: (u32, Duration) = (4, Duration::from_secs(15));
/// A second switch would come within this.
const AFTERMATH: Duration = Duration::from_secs(1);

/// Puts a cluster up, lets London die at a moment that no probe knows, and waits for the carrier.
///
/// # Errors
/// When the cluster could not be put up or did not get well.
pub async fn once(setting: &Setting) -> Result<Took, DemoError> {
    let options =
        rig::Options { pace: setting.pace, within: setting.within.clone(), ..rig::Options::default() };
    let mut stage = Stage::put_up(&options).await?;
    stage.begin(setting.leads).await?;
    // Probes stand on a grid: the fault must not.
    sleep(setting.pace.numbers().every.mul_f64(rand::random::<f64>())).await;
    let mut log = stage.rig.carrier.follow();
    let fault = clock::mono();
    match setting.death {
        Death::Killed => stage.rig.kill("london").await?,
        Death::Frozen => stage.rig.freeze("london").await?,
        Death::Cut => stage.rig.wire.isolate("london")?,
    }
    let patience = setting.bound() * PATIENCE.0 + PATIENCE.1;
    let began = stage.rig.carrier.started();
    let moved = async {
        // An error means that the log ran away from us, which the number moving would still be found in.
        while let Ok(entry) = log.recv().await {
            if let Some(at) = moved_at(&entry, began) {
                return Some(at.since(fault));
            }
        }
        None
    };
    let effect = timeout(patience, moved).await.ok().flatten();
    sleep(AFTERMATH).await;
    let judgement = stage.rig.carrier.judgement();
    let (switches, dual_writers) = (judgement.switches.len(), judgement.dual_writers.len());
    Ok(Took { effect, switches, dual_writers })
}

fn moved_at(entry: &Entry, began: Mono) -> Option<Mono> {
    let What::SetApplied { before, after, .. } = &entry.what else { return None };
    (before != after).then(|| began + Duration::from_millis(entry.t_ms))
}

/// The least, the middle and the most of several.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The least.
    pub min: Duration,
    /// Half are no more than this.
    pub median: Duration,
    /// The most.
    pub max: Duration,
}

impl Spread {
    /// Of those that came at all; `None` if none did.
    pub fn of(took: &[Took]) -> Option<Self> {
        let mut spans: Vec<Duration> = took.iter().filter_map(|took| took.effect).collect();
        spans.sort();
        let (min, max) = (*spans.first()?, *spans.last()?);
        let middle = (spans.len() - 1) / 2;
        let median = (spans[middle] + spans[spans.len() / 2]) / 2;
        Some(Self { min, median, max })
    }
}

/// One span over another.
pub fn ratio(span: Duration, bound: Duration) -> f64 {
    span.as_secs_f64() / bound.as_secs_f64().max(f64::EPSILON)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn took(ms: Option<u64>) -> Took {
        Took { effect: ms.map(Duration::from_millis), switches: 1, dual_writers: 0 }
    }

    #[test]
    fn the_spread_is_of_what_came() {
        assert_eq!(Spread::of(&[took(None)]), None);
        let odd = Spread::of(&[took(Some(30)), took(None), took(Some(10)), took(Some(20))]).unwrap();
        assert_eq!([odd.min, odd.median, odd.max].map(|span| span.as_millis()), [10, 20, 30]);
        let even = Spread::of(&[took(Some(40)), took(Some(10))]).unwrap();
        assert_eq!(even.median, Duration::from_millis(25));
    }

    #[test]
    fn a_refusal_needs_no_timeout() {
        let mut pace = Pace::Calm.numbers();
        pace.blip = Duration::from_secs(9);
        let of = |death| Setting { death, pace: Pace::Own(pace), leads: Leads::NotLondon, within: None };
        assert_eq!(of(Death::Killed).bound(), Duration::from_secs(9));
        assert_eq!(of(Death::Frozen).bound(), Duration::from_secs(10));
        assert_eq!(of(Death::Cut).bound(), Duration::from_secs(10));
    }
}
