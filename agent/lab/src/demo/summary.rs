//! What a run of the demo amounts to: whether it is ok, by which numbers, and what speaks against it.

use super::Scenario;
use crate::carrier::judge::Judgement;
use policies::policy::Pace;
use serde::Serialize;
use state::SiteId;
use state::run::Word;
use std::fmt;
use std::time::Duration;

/// How much longer than the least a switch may take.
const RATIO_MOST: f64 = 1.4;

/// How soon a run must be adopted when its leader and executor dies.
const ADOPTED_WITHIN_MS: u64 = 10_000;

/// What was measured.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// From the fault until the carrier had applied the first SET.
    pub effect_ms: Option<u64>,
    /// What the carrier's log amounts to.
    pub judgement: Judgement,
    /// Each switch in words: from which site to which.
    pub moves: Vec<String>,
    /// The site that the carrier shows at the end, and how long ago it was read.
    pub shows: Option<(String, Duration)>,
    /// The site that the cluster believes the route to ring in at the end.
    pub believed: Option<SiteId>,
    /// The word in which the run ended.
    pub ended: Option<Word>,
    /// Whether the switch was still under way or another run was open at the end.
    pub unrest: Option<String>,
    /// SETs that the cut-off site sent.
    pub minority_sets: usize,
    /// What `why` says at the cut-off site, if it says that it is the minority.
    pub minority_says: Option<String>,
    /// Switches after the cut was mended.
    pub switches_after_mending: usize,
    /// From the death of leader and executor until another site went on with the run.
    pub adopted_ms: Option<u64>,
}

/// What speaks against a run of the demo.
#[derive(Clone, Debug, PartialEq)]
pub enum Objection {
    /// The number did not move exactly once.
    Switches(usize),
    /// It moved elsewhere.
    Elsewhere(String),
    /// The cluster believes something else than the carrier shows.
    Disagree { believed: String, shows: String },
    /// Two agents wrote one number.
    DualWriters(usize),
    /// It took too long.
    Slow(f64),
    /// The run has not ended, or in a word that is not true.
    Ended(Option<Word>),
    /// Something was still under way.
    Unrest(String),
    /// The cut-off site wrote.
    MinorityWrote(usize),
    /// The cut-off site does not say that it is the minority.
    MinoritySilent,
    /// Something moved after the cut was mended.
    MovedAgain(usize),
    /// Nobody took the run over in time.
    NotAdopted(Option<u64>),
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Switches(count) => write!(f, "the number moved {count} times, not once"),
            Self::Elsewhere(site) => write!(f, "the carrier shows {site}, not manchester"),
            Self::Disagree { believed, shows } => {
                write!(f, "the cluster believes {believed}, the carrier shows {shows}")
            }
            Self::DualWriters(count) => write!(f, "two agents wrote one number, {count} times"),
            Self::Slow(ratio) => write!(f, "it took {ratio:.2} x the least, more than {RATIO_MOST} x"),
            Self::Ended(None) => write!(f, "the run has not ended"),
            Self::Ended(Some(word)) => {
                write!(f, "the run ended in `{word}`, and that is not true or not well")
            }
            Self::Unrest(what) => write!(f, "at the end it was not steady: {what}"),
            Self::MinorityWrote(count) => write!(f, "london wrote at the carrier, {count} times"),
            Self::MinoritySilent => write!(f, "`why` at london does not say that it is the minority"),
            Self::MovedAgain(count) => write!(f, "after the cut was mended it moved again, {count} times"),
            Self::NotAdopted(None) => write!(f, "nobody took the run over"),
            Self::NotAdopted(Some(ms)) => {
                write!(f, "the run was taken over after {} only", seconds(*ms))
            }
        }
    }
}

/// The last line for a program; the names of its fields are a promise.
#[derive(Clone, Debug, Serialize)]
pub struct Last {
    event: &'static str,
    scenario: &'static str,
    ok: bool,
    time_to_effect_ms: Option<u64>,
    bound_ms: u64,
    ratio: Option<f64>,
    switches: usize,
    dual_writers: usize,
    ended: Option<String>,
    shows: Option<String>,
    adopted_ms: Option<u64>,
    against: Vec<String>,
}

/// The end of the demo.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Which story it was.
    pub scenario: Scenario,
    /// What was measured.
    pub measured: Measured,
    /// The least time that the settings allow.
    pub bound_ms: u64,
    /// What speaks against it; nothing if it is ok.
    pub against: Vec<Objection>,
}

impl Summary {
    /// Judges what was measured.
    pub fn new(scenario: Scenario, pace: Pace, measured: Measured) -> Self {
        let bound_ms = millis(bound(pace));
        let mut summary = Self { scenario, measured, bound_ms, against: Vec::new() };
        summary.against = summary.judged();
        summary
    }

    /// Time to effect over the bound.
    pub fn ratio(&self) -> Option<f64> {
        let effect = u32::try_from(self.measured.effect_ms?).unwrap_or(u32::MAX);
        let bound = u32::try_from(self.bound_ms).unwrap_or(u32::MAX);
        Some(f64::from(effect) / f64::from(bound.max(1)))
    }

    fn judged(&self) -> Vec<Objection> {
        let found = &self.measured;
        let mut against = Vec::new();
        let switches = found.judgement.switches.len();
        if switches != 1 {
            against.push(Objection::Switches(switches));
        }
        let shows = found.shows.as_ref().map_or("nothing", |(site, _)| site).to_owned();
        let believed = found.believed.as_ref().map_or("nothing", SiteId::as_str).to_owned();
        if shows != "manchester" {
            against.push(Objection::Elsewhere(shows.clone()));
        }
        if shows != believed {
            against.push(Objection::Disagree { believed, shows });
        }
        let clashes = found.judgement.dual_writers.len();
        if clashes > 0 {
            against.push(Objection::DualWriters(clashes));
        }
        if !matches!(found.ended, Some(Word::Done | Word::DoneUnverified)) {
            against.push(Objection::Ended(found.ended));
        }
        against.extend(found.unrest.clone().map(Objection::Unrest));
        against.extend(self.own_judgement());
        against
    }

    /// What only this story asks for.
    fn own_judgement(&self) -> Vec<Objection> {
        let found = &self.measured;
        let mut against = Vec::new();
        match self.scenario {
            Scenario::SiteDies => {
                against.extend(self.ratio().filter(|ratio| *ratio > RATIO_MOST).map(Objection::Slow));
            }
            Scenario::Partition => {
                if found.minority_sets > 0 {
                    against.push(Objection::MinorityWrote(found.minority_sets));
                }
                if found.minority_says.is_none() {
                    against.push(Objection::MinoritySilent);
                }
                if found.switches_after_mending > 0 {
                    against.push(Objection::MovedAgain(found.switches_after_mending));
                }
            }
            Scenario::LeaderDiesMidPlaybook => {
                if found.adopted_ms.is_none_or(|ms| ms > ADOPTED_WITHIN_MS) {
                    against.push(Objection::NotAdopted(found.adopted_ms));
                }
            }
        }
        against
    }

    /// The last line for a program.
    pub fn event(&self) -> Last {
        let found = &self.measured;
        Last {
            event: "summary",
            scenario: self.scenario.name(),
            ok: self.against.is_empty(),
            time_to_effect_ms: found.effect_ms,
            bound_ms: self.bound_ms,
            ratio: self.ratio().map(|ratio| (ratio * 100.0).round() / 100.0),
            switches: found.judgement.switches.len(),
            dual_writers: found.judgement.dual_writers.len(),
            ended: found.ended.map(|word| word.to_string()),
            shows: found.shows.as_ref().map(|(site, _)| site.clone()),
            adopted_ms: found.adopted_ms,
            against: self.against.iter().map(ToString::to_string).collect(),
        }
    }

    /// The last lines for a person.
    pub fn lines(&self) -> Vec<String> {
        let found = &self.measured;
        let name = self.scenario.name();
        let ok = if self.against.is_empty() { "ok" } else { "not ok" };
        let mut lines = vec![String::new(), format!("  {name}: {ok}")];
        lines.extend(self.against.iter().map(|objection| format!("    {objection}")));
        let mut row = |label: &str, value: String, more: String| {
            lines.push(format!("  {label:<29}{value:<8}{more}").trim_end().to_owned());
        };
        let effect = found.effect_ms.map_or("never".to_owned(), seconds);
        let ratio =
            self.ratio().map_or(String::new(), |r| format!("{r:.2} x the least these settings allow"));
        row("fault to carrier applied", effect, ratio);
        row("switches", found.judgement.switches.len().to_string(), found.moves.join(", "));
        let clashes = found.judgement.dual_writers.len();
        row(
            "two writers at once",
            if clashes == 0 { "never".into() } else { clashes.to_string() },
            String::new(),
        );
        let (same, shows) = match (&found.shows, &found.believed) {
            (Some((site, ago)), believed) => {
                let same = believed.as_ref().is_some_and(|believed| believed.as_str() == site);
                let ago = format!("{site}, read {}.{}s ago", ago.as_secs(), ago.subsec_millis() / 100);
                (if same { "yes" } else { "no" }, ago)
            }
            (None, _) => ("no", "it was not read".to_owned()),
        };
        row("carrier shows what we think", same.to_owned(), shows);
        self.own_rows(&mut row);
        lines.extend(self.scenario.next());
        lines
    }

    fn own_rows(&self, row: &mut impl FnMut(&str, String, String)) {
        let found = &self.measured;
        match self.scenario {
            Scenario::SiteDies => {}
            Scenario::Partition => {
                let wrote = found.minority_sets;
                row(
                    "london wrote",
                    if wrote == 0 { "nothing".into() } else { wrote.to_string() },
                    String::new(),
                );
                row("moved after mending", found.switches_after_mending.to_string(), String::new());
            }
            Scenario::LeaderDiesMidPlaybook => {
                let adopted = found.adopted_ms.map_or("never".to_owned(), seconds);
                row("taken over after", adopted, "at most 10s are allowed".to_owned());
                row("ended", found.ended.map_or("never".to_owned(), |word| word.to_string()), String::new());
            }
        }
    }
}

/// The median least that a pace allows when nothing answers any more, and never less than blip.
pub fn bound(pace: Pace) -> Duration {
    let half = pace.every / 2;
    pace.blip.max((pace.every * pace.fall).saturating_sub(half) + pace.timeout)
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// `3.09s`.
fn seconds(ms: u64) -> String {
    format!("{}.{:02}s", ms / 1000, ms % 1000 / 10)
}
