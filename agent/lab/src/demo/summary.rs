//! What a run of the demo amounts to: whether it is ok, by which numbers, and what speaks against it.

use super::finding::{Finding, Told, seconds};
use super::scenario::{Must, Runs, Scenario};
use crate::carrier::judge::Judgement;
use policies::policy::Pace;
use serde::Serialize;
use state::SiteId;
use state::run::Word;
use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

/// How much longer than the least a switch may take.
const RATIO_MOST: f64 = 1.4;

/// What was measured.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// From the fault until the carrier had applied the first SET.
    pub effect_ms: Option<u64>,
    /// What the carrier's log amounts to.
    pub judgement: Judgement,
    /// Each switch: from which site to which.
    pub moves: Vec<(String, String)>,
    /// The site that the carrier shows at the end, and how long ago it was read.
    pub shows: Option<(String, Duration)>,
    /// The site that the cluster believes the route to ring in at the end.
    pub believed: Option<SiteId>,
    /// The word in which the run ended.
    pub ended: Option<Word>,
    /// Whether the switch was still under way or another run was open at the end.
    pub unrest: Option<String>,
    /// What else the story asks for.
    pub findings: Vec<Finding>,
}

/// What speaks against a run of the demo.
#[derive(Clone, Debug, PartialEq)]
pub enum Objection {
    /// The number did not move as often as it must.
    Switches { is: usize, must: RangeInclusive<usize> },
    /// It moved elsewhere.
    Elsewhere { shows: String, must: &'static str },
    /// The cluster believes something else than the carrier shows.
    Disagree { believed: String, shows: String },
    /// Two agents wrote one number.
    DualWriters(usize),
    /// It took too long.
    Slow(f64),
    /// The run has not ended, or in a word that is not true.
    Ended(Option<Word>),
    /// A run ended where none may have been.
    Needless(Word),
    /// Something was still under way.
    Unrest(String),
    /// Something that this story asks for is not so.
    Found(Finding),
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Switches { is, must } => write!(f, "the number moved {is} times, not {}", times(must)),
            Self::Elsewhere { shows, must } => write!(f, "the carrier shows {shows}, not {must}"),
            Self::Disagree { believed, shows } => {
                write!(f, "the cluster believes {believed}, the carrier shows {shows}")
            }
            Self::DualWriters(count) => write!(f, "two agents wrote one number, {count} times"),
            Self::Slow(ratio) => write!(f, "it took {ratio:.2} x the least, more than {RATIO_MOST} x"),
            Self::Ended(None) => write!(f, "the run has not ended"),
            Self::Ended(Some(word)) => {
                write!(f, "the run ended in `{word}`, and that is not true or not well")
            }
            Self::Needless(word) => write!(f, "a run ended in `{word}`, and there should have been none"),
            Self::Unrest(what) => write!(f, "at the end it was not steady: {what}"),
            Self::Found(finding) => finding.fmt(f),
        }
    }
}

/// `once`, `2 times`, `1 to 2 times`.
fn times(must: &RangeInclusive<usize>) -> String {
    match (must.start(), must.end()) {
        (1, 1) => "once".to_owned(),
        (least, most) if least == most => format!("{least} times"),
        (least, most) => format!("{least} to {most} times"),
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
    findings: Vec<Told>,
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

    /// Time to effect over the bound; where the carrier itself made everybody wait it says nothing.
    pub fn ratio(&self) -> Option<f64> {
        if self.scenario == Scenario::CarrierHangs {
            return None;
        }
        let effect = u32::try_from(self.measured.effect_ms?).unwrap_or(u32::MAX);
        let bound = u32::try_from(self.bound_ms).unwrap_or(u32::MAX);
        Some(f64::from(effect) / f64::from(bound.max(1)))
    }

    fn judged(&self) -> Vec<Objection> {
        let found = &self.measured;
        let Must { switches: must, rings_in, run } = self.scenario.must();
        let mut against = Vec::new();
        let is = found.judgement.switches.len();
        if !must.contains(&is) {
            against.push(Objection::Switches { is, must });
        }
        let shows = found.shows.as_ref().map_or("nothing", |(site, _)| site).to_owned();
        let believed = found.believed.as_ref().map_or("nothing", SiteId::as_str).to_owned();
        if shows != rings_in {
            against.push(Objection::Elsewhere { shows: shows.clone(), must: rings_in });
        }
        if shows != believed {
            against.push(Objection::Disagree { believed, shows });
        }
        let clashes = found.judgement.dual_writers.len();
        if clashes > 0 {
            against.push(Objection::DualWriters(clashes));
        }
        match (run, found.ended) {
            (Runs::EndWell, Some(Word::Done | Word::DoneUnverified)) | (Runs::None, None) => {}
            (Runs::EndWell, ended) => against.push(Objection::Ended(ended)),
            (Runs::None, Some(word)) => against.push(Objection::Needless(word)),
        }
        against.extend(found.unrest.clone().map(Objection::Unrest));
        if self.scenario == Scenario::SiteDies {
            against.extend(self.ratio().filter(|ratio| *ratio > RATIO_MOST).map(Objection::Slow));
        }
        against.extend(found.findings.iter().filter(|f| !f.is_well()).cloned().map(Objection::Found));
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
            findings: found.findings.iter().map(Finding::told).collect(),
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
        row("switches", found.judgement.switches.len().to_string(), journey(&found.moves));
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
        for finding in &found.findings {
            let (value, more) = finding.row();
            row(finding.what, value, more);
        }
        lines.extend(self.scenario.next());
        lines
    }
}

/// `london -> manchester -> netherlands`; where somebody else moved it between, a new way begins.
fn journey(moves: &[(String, String)]) -> String {
    let mut text = String::new();
    let mut at: Option<&String> = None;
    for (before, after) in moves {
        if at != Some(before) {
            text += if text.is_empty() { "" } else { ", " };
            text += before;
        }
        text += " -> ";
        text += after;
        at = Some(after);
    }
    text
}

/// The median least that a pace allows when nothing answers any more, and never less than blip.
pub fn bound(pace: Pace) -> Duration {
    let half = pace.every / 2;
    pace.blip.max((pace.every * pace.fall).saturating_sub(half) + pace.timeout)
}

/// The same when whoever asks is refused at once: no timeout has to pass.
pub fn bound_of_refusal(pace: Pace) -> Duration {
    pace.blip.max((pace.every * pace.fall).saturating_sub(pace.every / 2))
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
