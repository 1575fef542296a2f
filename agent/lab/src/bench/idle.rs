//! What a calm cluster costs: memory, processor, bytes on the links, entries in the log, questions to the carrier.

use super::machine::{self, Used};
use crate::carrier::log::{Entry, What};
use crate::demo::{ALL, DemoError, Leads, Stage};
use crate::rig::{self, Pace, SITES};
use agent::clock;
use state::Mono;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::sleep;

/// After it is well: the first readings of the carrier are over, and a leader that wants to move has moved.
const SETTLE: Duration = Duration::from_secs(75);

/// What an agent used while it was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory at the end, in bytes.
    pub resident: u64,
    /// Time on a processor, per minute.
    pub cpu_a_minute: Duration,
}

/// What the whole cluster cost.
#[derive(Clone, Debug)]
pub struct Calm {
    /// For how long it was measured.
    pub span: Duration,
    /// Each agent; one that died meanwhile is absent.
    pub agents: BTreeMap<&'static str, Cost>,
    /// Bytes per second between the agents, all links and both directions together.
    pub links_a_second: f64,
    /// Bytes per second of the questions to the PBXs and their answers.
    pub probes_a_second: f64,
    /// Entries agreed per hour.
    pub entries_an_hour: f64,
    /// How many other terms there were.
    pub elections: u64,
    /// Logins at the carrier per hour.
    pub logins_an_hour: f64,
    /// Readings of a number per hour.
    pub readings_an_hour: f64,
}

/// One look at everything that is counted.
struct Sample {
    at: Mono,
    used: BTreeMap<&'static str, Used>,
    links: u64,
    probes: u64,
    entries: u64,
    term: u64,
    logins: usize,
    readings: usize,
}

/// Puts a cluster up, lets it come to rest, and watches it for a while.
///
/// # Errors
/// When the cluster could not be put up, did not get well, or stopped answering.
pub async fn measure(pace: Pace, span: Duration, within: Option<PathBuf>) -> Result<Calm, DemoError> {
    let mut stage = Stage::put_up(&rig::Options { pace, within, ..rig::Options::default() }).await?;
    stage.begin(Leads::NotLondon).await?;
    sleep(SETTLE).await;
    let before = sample(&mut stage).await?;
    sleep(span).await;
    let after = sample(&mut stage).await?;
    Ok(between(&before, &after))
}

async fn sample(stage: &mut Stage) -> Result<Sample, DemoError> {
    let report = stage.wait("netherlands", |_| None).await?;
    let mut used = BTreeMap::new();
    for site in ALL {
        let pid = stage.rig.agent(site).and_then(|agent| agent.pid());
        used.extend(pid.and_then(machine::used).map(|used| (*site, used)));
    }
    let (wire, net, log) = (&stage.rig.wire, &stage.rig.net, stage.rig.carrier.log());
    Ok(Sample {
        at: clock::mono(),
        used,
        links: SITES.iter().map(|site| wire.carried(net.peers(site))).sum(),
        probes: SITES.iter().map(|site| wire.carried(net.pbx(site))).sum(),
        entries: report.journal.0.0,
        term: report.term.0,
        logins: asked(&log, "AUTH"),
        readings: asked(&log, "STAT"),
    })
}

fn asked(log: &[Entry], verb: &str) -> usize {
    let of = |entry: &&Entry| matches!(&entry.what, What::Command { text } if text.starts_with(verb));
    log.iter().filter(of).count()
}

fn between(before: &Sample, after: &Sample) -> Calm {
    let span = after.at.since(before.at);
    let a_second = |count: u64| per(count, span, Duration::from_secs(1));
    let an_hour = |count: u64| per(count, span, Duration::from_secs(3600));
    let cost = |(site, used): (&&'static str, &Used)| {
        let spent = used.cpu.saturating_sub(before.used.get(site)?.cpu);
        let cpu_a_minute = spent.mul_f64(60.0 / span.as_secs_f64());
        Some((*site, Cost { resident: used.resident, cpu_a_minute }))
    };
    Calm {
        span,
        agents: after.used.iter().filter_map(cost).collect(),
        links_a_second: a_second(after.links - before.links),
        probes_a_second: a_second(after.probes - before.probes),
        entries_an_hour: an_hour(after.entries - before.entries),
        elections: after.term - before.term,
        logins_an_hour: an_hour((after.logins - before.logins) as u64),
        readings_an_hour: an_hour((after.readings - before.readings) as u64),
    }
}

fn per(count: u64, span: Duration, unit: Duration) -> f64 {
    // Exact far beyond anything that is counted here.
    count as f64 * unit.as_secs_f64() / span.as_secs_f64().max(f64::EPSILON)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_came_between_two_looks_counts() {
        let used = |seconds| Used { resident: 10 << 20, cpu: Duration::from_secs(seconds) };
        let look = |at, factor: u64, cpu| Sample {
            at: Mono::from_boot(Duration::from_secs(at)),
            used: [("office", used(cpu))].into(),
            links: 1000 * factor,
            probes: 500 * factor,
            entries: 40,
            term: 1,
            logins: 3 * usize::try_from(factor).unwrap(),
            readings: 3 * usize::try_from(factor).unwrap(),
        };
        let calm = between(&look(100, 1, 2), &look(220, 3, 3));
        assert_eq!(calm.span, Duration::from_secs(120));
        assert_eq!(calm.agents["office"].cpu_a_minute, Duration::from_millis(500));
        assert_eq!((calm.entries_an_hour, calm.elections), (0.0, 0));
        assert!((calm.links_a_second - 2000.0 / 120.0).abs() < 1e-9);
        assert!((calm.logins_an_hour - 180.0).abs() < 1e-9);
    }
}
