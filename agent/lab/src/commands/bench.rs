//! `pointsman-lab bench`: how fast and how dear it is, on real processes; it prints, and never judges.

use super::Failure;
use clap::{Args, Subcommand, ValueEnum};
use lab::bench::effect::{Death, Setting, Spread, Took, once, ratio};
use lab::bench::idle::{self, Calm};
use lab::bench::machine;
use lab::bench::probes::{self, Asked, Load};
use lab::demo::{DemoError, Leads};
use lab::rig::Pace;
use serde_json::{Value, json};
use state::document::spell;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// A cluster that cannot be put up so often in a row will not be the next time either.
const TRIES: u32 = 3;

/// How fast it is, and what it costs, measured on real processes
#[derive(Args)]
pub struct Bench {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    TimeToEffect(TimeToEffect),
    Idle(Idle),
    Probes(Probes),
}

/// From the fault until the carrier has applied the SET, in multiples of the least that the pace allows
#[derive(Args)]
struct TimeToEffect {
    /// How often is asked
    #[arg(long, value_name = "SPAN", value_parser = span, default_value = "1s")]
    every: Duration,
    /// How long an answer is waited for
    #[arg(long, value_name = "SPAN", value_parser = span, default_value = "500ms")]
    timeout: Duration,
    /// How many misses in a row are `down`
    #[arg(long, value_name = "N", default_value_t = 3)]
    fall: u32,
    /// How many answers in a row are `up` again
    #[arg(long, value_name = "N", default_value_t = 3)]
    rise: u32,
    /// How long the newest good answer must be gone
    #[arg(long, value_name = "SPAN", value_parser = span, default_value = "3s")]
    blip: Duration,
    /// How often each death is died
    #[arg(long, value_name = "N", default_value_t = 20)]
    runs: u32,
    /// How London dies; may be repeated, and is all three if it is not named
    #[arg(long, value_name = "HOW")]
    death: Vec<Death>,
    /// London leads when it dies: an election comes first
    #[arg(long)]
    leader_on_dying_site: bool,
    #[command(flatten)]
    setup: Setup,
}

/// What a calm cluster uses: memory, processor, bytes, log entries, logins at the carrier
#[derive(Args)]
struct Idle {
    /// For how long it is measured
    #[arg(long, value_name = "N", default_value_t = 10)]
    minutes: u64,
    /// How often is asked
    #[arg(long, value_enum, default_value_t = super::demo::Pace::Calm)]
    pace: super::demo::Pace,
    #[command(flatten)]
    setup: Setup,
}

/// What many probes cost, in parts of one processor
#[derive(Args)]
struct Probes {
    /// How many there are
    #[arg(long, value_name = "N", default_value_t = 1000)]
    count: usize,
    /// How often each asks
    #[arg(long, value_name = "SPAN", value_parser = span, default_value = "2s")]
    every: Duration,
    /// For how long is counted
    #[arg(long = "for", value_name = "SPAN", value_parser = span, default_value = "20s")]
    lasting: Duration,
    /// What they ask; may be repeated, and is everything if it is not named
    #[arg(long, value_name = "KIND")]
    kind: Vec<Asked>,
    /// One JSON object per line
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Setup {
    /// The folder for the agents' disks: `/dev/shm` leaves the disk out of the sum
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// One JSON object per line
    #[arg(long)]
    json: bool,
}

impl Setup {
    fn folder(&self) -> PathBuf {
        self.dir.clone().unwrap_or_else(std::env::temp_dir)
    }
}

impl Bench {
    /// Runs it; whoever interrupts it gets back a machine without agents.
    pub async fn run(self) -> Result<ExitCode, Failure> {
        let failed = |error: std::io::Error| Failure::Failed(error.into());
        let mut interrupted = signal(SignalKind::interrupt()).map_err(failed)?;
        let mut terminated = signal(SignalKind::terminate()).map_err(failed)?;
        tokio::select! {
            _ = interrupted.recv() => Ok(ExitCode::from(130)),
            _ = terminated.recv() => Ok(ExitCode::from(143)),
            done = self.measure() => done.map(|()| ExitCode::SUCCESS),
        }
    }

    async fn measure(self) -> Result<(), Failure> {
        match self.what {
            What::TimeToEffect(bench) => bench.measure().await,
            What::Idle(bench) => bench.measure().await,
            What::Probes(bench) => bench.measure().await,
        }
    }
}

impl TimeToEffect {
    async fn measure(self) -> Result<(), Failure> {
        let fsync = machine::fsync(&self.setup.folder()).map_err(|error| Failure::Failed(error.into()))?;
        let deaths = if self.death.is_empty() { Death::value_variants() } else { &self.death };
        self.head(fsync)?;
        for death in deaths {
            let setting = self.setting(*death);
            let mut took = Vec::new();
            for n in 1..=self.runs {
                let one = patiently(&setting).await?;
                eprintln!("pointsman-lab: {} {n} of {}: {}", death.name(), self.runs, told(one, &setting));
                if self.setup.json {
                    say(&run(n, one, &setting).to_string())?;
                }
                took.push(one);
            }
            self.row(&setting, &took, fsync)?;
        }
        Ok(())
    }

    fn setting(&self, death: Death) -> Setting {
        let Self { every, timeout, fall, rise, blip, .. } = *self;
        let pace = Pace::Own(policies::policy::Pace { every, timeout, fall, rise, blip });
        let leads = if self.leader_on_dying_site { Leads::Only("london") } else { Leads::NotLondon };
        Setting { death, pace, leads, within: self.setup.dir.clone() }
    }

    fn head(&self, fsync: Duration) -> Result<(), Failure> {
        if self.setup.json {
            return Ok(());
        }
        let [every, timeout, blip] = [self.every, self.timeout, self.blip].map(spell);
        say(&format!("pace      every {every}, timeout {timeout}, fall {}, blip {blip}", self.fall))?;
        say(&format!(
            "leader    {}",
            if self.leader_on_dying_site { "london, which dies" } else { "lives" }
        ))?;
        say(&format!("disk      fsync {:.2}ms (p50) in {}", millis(fsync), self.setup.folder().display()))?;
        let (load, processors) = machine::load();
        say(&format!("machine   load {load} on {processors} processors before the first run"))?;
        say("")?;
        say("london   runs  moved  twice  clash  bound     min           median        max")
    }

    fn row(&self, setting: &Setting, took: &[Took], fsync: Duration) -> Result<(), Failure> {
        if self.setup.json {
            return say(&series(took, setting, fsync).to_string());
        }
        let bound = setting.bound();
        let cell = |span: Duration| format!("{:>6.3}s {:>4.2}x", span.as_secs_f64(), ratio(span, bound));
        let spread = Spread::of(took)
            .map_or("never".to_owned(), |spread| [spread.min, spread.median, spread.max].map(cell).join(" "));
        let Counts { moved, twice, clashes } = counts(took);
        let (name, runs, bound) = (setting.death.name(), took.len(), bound.as_secs_f64());
        say(&format!("{name:<8} {runs:>4} {moved:>6} {twice:>6} {clashes:>6} {bound:>6.3}s {spread}"))
    }
}

/// Puts up, breaks and measures one cluster; on a busy machine one may not get well in time.
async fn patiently(setting: &Setting) -> Result<Took, Failure> {
    let mut tries = 0;
    loop {
        tries += 1;
        match once(setting).await {
            Ok(took) => return Ok(took),
            Err(error @ DemoError::NotReady { .. }) if tries < TRIES => {
                eprintln!("pointsman-lab: once more: {error}");
            }
            Err(error) => return Err(Failure::Failed(error.into())),
        }
    }
}

struct Counts {
    moved: usize,
    /// In how many clusters the number moved more than once.
    twice: usize,
    clashes: usize,
}

fn counts(took: &[Took]) -> Counts {
    Counts {
        moved: took.iter().filter(|one| one.effect.is_some()).count(),
        twice: took.iter().filter(|one| one.switches > 1).count(),
        clashes: took.iter().map(|one| one.dual_writers).sum(),
    }
}

fn told(one: Took, setting: &Setting) -> String {
    one.effect.map_or("the number did not move".to_owned(), |effect| {
        format!("{:.3}s, {:.2} x the least", effect.as_secs_f64(), ratio(effect, setting.bound()))
    })
}

fn run(n: u32, one: Took, setting: &Setting) -> Value {
    json!({
        "event": "run", "death": setting.death, "n": n,
        "time_to_effect_ms": one.effect.map(millis),
        "ratio": one.effect.map(|effect| ratio(effect, setting.bound())),
        "switches": one.switches, "dual_writers": one.dual_writers,
    })
}

fn series(took: &[Took], setting: &Setting, fsync: Duration) -> Value {
    let (bound, spread) = (setting.bound(), Spread::of(took));
    let Counts { moved, twice, clashes } = counts(took);
    let ratio = |of: fn(&Spread) -> Duration| spread.as_ref().map(|spread| ratio(of(spread), bound));
    json!({
        "event": "series", "death": setting.death, "runs": took.len(), "moved": moved,
        "moved_twice": twice, "dual_writers": clashes, "bound_ms": millis(bound),
        "fsync_ms": millis(fsync), "load": machine::load().0,
        "min": ratio(|s| s.min), "median": ratio(|s| s.median), "max": ratio(|s| s.max),
    })
}

impl Idle {
    async fn measure(self) -> Result<(), Failure> {
        let span = Duration::from_secs(self.minutes * 60);
        eprintln!("pointsman-lab: {} minutes, and two before that to come to rest", self.minutes);
        let calm = idle::measure(self.pace.of_rig(), span, self.setup.dir.clone()).await;
        let calm = calm.map_err(|error| Failure::Failed(error.into()))?;
        if self.setup.json { say(&cost(&calm).to_string()) } else { table(&calm) }
    }
}

impl Probes {
    async fn measure(self) -> Result<(), Failure> {
        let Self { count, every, lasting, .. } = self;
        let kinds = if self.kind.is_empty() { Asked::value_variants() } else { &self.kind };
        for asked in kinds {
            let load = Load { asked: *asked, count, every, lasting };
            let cost = probes::measure(load).await.map_err(|error| Failure::Failed(error.into()))?;
            let name = asked.to_possible_value().map_or(String::new(), |value| value.get_name().to_owned());
            let percent = cost.share() * 100.0;
            say(&if self.json {
                json!({
                    "event": "probes", "kind": asked, "count": count, "every_ms": millis(every),
                    "cpu_percent": percent, "answers": cost.good, "missed": cost.missed,
                    "unasked": cost.unasked, "measured_ms": millis(cost.passed),
                })
                .to_string()
            } else if let Some(why) = cost.unasked {
                format!("{name:<12} not measured: {why}")
            } else {
                let (good, missed, every) = (cost.good, cost.missed, spell(every));
                format!(
                    "{name:<12} {count} every {every}: {percent:.1} % of one processor, {good} answers, {missed} missed"
                )
            })?;
        }
        Ok(())
    }
}

fn cost(calm: &Calm) -> Value {
    let agents = calm.agents.iter().map(|(site, cost)| {
        let cpu_ms = millis(cost.cpu_a_minute);
        json!({ "site": site, "resident_bytes": cost.resident, "cpu_ms_a_minute": cpu_ms })
    });
    json!({
        "event": "idle", "measured_ms": millis(calm.span), "agents": agents.collect::<Vec<_>>(),
        "links_bytes_a_second": calm.links_a_second, "probes_bytes_a_second": calm.probes_a_second,
        "entries_an_hour": calm.entries_an_hour, "elections": calm.elections,
        "carrier_logins_an_hour": calm.logins_an_hour, "carrier_readings_an_hour": calm.readings_an_hour,
    })
}

fn table(calm: &Calm) -> Result<(), Failure> {
    say("agent         resident  processor")?;
    for (site, cost) in &calm.agents {
        // Exact far beyond any memory.
        let megabytes = cost.resident as f64 / 1e6;
        let cpu = cost.cpu_a_minute.as_secs_f64();
        say(&format!("{site:<12} {megabytes:>6.1} MB  {cpu:.2}s a minute"))?;
    }
    let rows = [
        ("links", format!("{:.0} bytes a second, all twelve directions together", calm.links_a_second)),
        ("probes", format!("{:.0} bytes a second, with the answers", calm.probes_a_second)),
        ("log", format!("{:.0} entries an hour, {} elections", calm.entries_an_hour, calm.elections)),
        ("carrier", format!("{:.0} logins, {:.0} STATs an hour", calm.logins_an_hour, calm.readings_an_hour)),
        ("measured", spell(Duration::from_secs(calm.span.as_secs()))),
    ];
    rows.iter().try_for_each(|(name, value)| say(&format!("{name:<12} {value}")))
}

fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1000.0
}

/// Each line goes out as it is known.
fn say(line: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(|error| Failure::Failed(error.into()))
}

/// Reads `50ms` or `3s`.
fn span(text: &str) -> Result<Duration, String> {
    let at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (count, unit) = text.split_at(at);
    let count: u64 = count.parse().map_err(|_| format!("`{text}` is no time: write `1s`"))?;
    match unit {
        "ms" => Ok(Duration::from_millis(count)),
        "s" => Ok(Duration::from_secs(count)),
        "" => Err(format!("a time needs a unit: write `{count}s` or `{count}ms`")),
        other => Err(format!("`{other}` is no unit of time here: use ms or s")),
    }
}
