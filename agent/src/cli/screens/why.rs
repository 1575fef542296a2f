//! The screen of `why`: why a route stays or goes, what is waited for, and how to stop or hurry it.

use super::{handover, labelled, levers};
use crate::command::WhyReport;
use policies::decide::Verb;
use policies::reason::{Age, Evidence, Guarding, Reason, Setting};
use state::SiteId;
use state::fact::Mode;
use std::time::Duration;

/// Where the text of a label begins.
const INDENT: usize = 19;

/// One route's screen.
pub fn screen(report: &WhyReport) -> String {
    if report.handed_over.is_empty() { said(report) + &typed(report) } else { said(report) }
}

/// The same without what can be typed now.
pub fn said(report: &WhyReport) -> String {
    let mut out = labelled("", &answer(report), 0);
    let because = &report.decision.because;
    for reason in because {
        out += &labelled("", &reason.to_string(), 2);
    }
    out += &votes(report);
    out += &against(report);
    if !report.decision.besides.is_empty() {
        let besides: Vec<String> = report.decision.besides.iter().map(Reason::to_string).collect();
        out += &labelled("  nothing else", &besides.join(", "), INDENT);
    }
    out += &match &report.lever {
        Some(lever) => levers::outlook(lever, report, INDENT),
        None => candidates(report),
    };
    let mut label = "  behind";
    for line in &report.behind {
        out += &labelled(label, line, INDENT);
        label = "";
    }
    out + &handover::cards(&report.handed_over)
}

/// Whether automation is barred by something that only a person can end.
pub fn needs_a_person(report: &WhyReport) -> bool {
    let wished = report.decision.would.is_some();
    report.decision.verb == Verb::CannotSay
        || !report.handed_over.is_empty()
        || guards(report).any(|guard| match guard {
            Guarding::NoQuorum { .. }
            | Guarding::Latched { .. }
            | Guarding::BudgetSpent { .. }
            | Guarding::Disputed { .. }
            | Guarding::Unacknowledged { .. }
            | Guarding::TooFew { .. }
            | Guarding::NoneLeft { .. } => true,
            Guarding::ModeIs { .. } | Guarding::NewCluster { .. } | Guarding::Held { .. } => wished,
            Guarding::NoHold
            | Guarding::BudgetLeft { .. }
            | Guarding::RunUnderWay { .. }
            | Guarding::ClaimWaits { .. }
            | Guarding::NotLeading
            | Guarding::LogBehind
            | Guarding::Quorum { .. }
            | Guarding::Damped { .. }
            | Guarding::NotSteady { .. }
            | Guarding::OutOfHours { .. }
            | Guarding::RefugeWaits { .. }
            | Guarding::ClockJumped { .. }
            | Guarding::Enough { .. }
            | Guarding::FailedLately { .. }
            | Guarding::PulledLately { .. }
            | Guarding::Blip { .. } => false,
        })
}

fn guards(report: &WhyReport) -> impl Iterator<Item = &Guarding> {
    report.decision.against.iter().filter_map(|reason| match reason {
        Reason::Guard(guard) => Some(guard),
        Reason::Seen(_) => None,
    })
}

/// The first line.
fn answer(report: &WhyReport) -> String {
    let route = &report.route;
    let here = report.rings_in.as_ref().map_or("nowhere that we know", SiteId::as_str);
    if let Some(barred) = guards(report).find_map(barred) {
        return format!("{route} {barred}");
    }
    if let Some(lever) = &report.lever {
        return levers::answer(lever, report, wait_left(report));
    }
    let decision = &report.decision;
    match (&decision.verb, &decision.would) {
        (Verb::CannotSay, _) => format!("nobody can say what {route} should do"),
        (Verb::Act(wish), _) => format!("{route} leaves {} for {} now", wish.from, wish.to),
        (Verb::Wait, Some(wish)) => {
            let when = wait_left(report).map_or(String::new(), |left| format!(" in {left}"));
            format!("{route} stays in {here}, but would go to {}{when}", wish.to)
        }
        (Verb::Wait, None) if others(report).next().is_none() => {
            let wrong =
                if verdict(report) { "nothing is wrong there" } else { "nobody can say that it is down" };
            format!("{route} stays in {here}: {wrong}")
        }
        (Verb::Wait, None) => format!("{route} stays in {here}"),
    }
}

/// Whether the votes amount to anything about where the route rings.
fn verdict(report: &WhyReport) -> bool {
    let none = |reason: &Reason| matches!(reason, Reason::Seen(Evidence::NoVerdict { .. }));
    !report.decision.because.iter().any(none)
}

/// What bars automation altogether, as the end of the first line; a blip or another site's lead does not.
fn barred(guard: &Guarding) -> Option<String> {
    Some(match guard {
        Guarding::NoQuorum { .. } => format!("cannot be moved by automation: {guard}"),
        Guarding::Latched { .. } => format!("is {guard}"),
        Guarding::ModeIs { mode: Mode::Manual } => "is moved by persons only: mode is manual".to_owned(),
        Guarding::ModeIs { mode } => format!("is not moved by automation: mode is {mode}"),
        Guarding::NewCluster { .. } | Guarding::BudgetSpent { .. } | Guarding::Disputed { .. } => {
            format!("is not moved by automation: {guard}")
        }
        Guarding::Held { until, .. } => format!("is held until {until} UTC"),
        Guarding::TooFew { .. } => "is left alone, because too few would hold".to_owned(),
        Guarding::NoneLeft { .. } => "stays where it is, because nobody could take it".to_owned(),
        Guarding::NoHold
        | Guarding::BudgetLeft { .. }
        | Guarding::RunUnderWay { .. }
        | Guarding::ClaimWaits { .. }
        | Guarding::Unacknowledged { .. }
        | Guarding::NotLeading
        | Guarding::LogBehind
        | Guarding::Quorum { .. }
        | Guarding::Damped { .. }
        | Guarding::NotSteady { .. }
        | Guarding::OutOfHours { .. }
        | Guarding::RefugeWaits { .. }
        | Guarding::ClockJumped { .. }
        | Guarding::Enough { .. }
        | Guarding::FailedLately { .. }
        | Guarding::PulledLately { .. }
        | Guarding::Blip { .. } => return None,
    })
}

/// How long it still takes, if time is all that is waited for.
fn wait_left(report: &WhyReport) -> Option<Age> {
    let mut waited = others(report);
    let only = waited.next().filter(|_| waited.next().is_none())?;
    match only {
        Reason::Guard(Guarding::Blip { ago, blip }) => Some(Age(blip.saturating_sub(*ago))),
        Reason::Guard(Guarding::NotSteady { steady, needed, .. }) => {
            Some(Age(needed.saturating_sub(*steady)))
        }
        Reason::Guard(
            Guarding::Damped { left, .. }
            | Guarding::OutOfHours { left, .. }
            | Guarding::ClockJumped { left }
            | Guarding::FailedLately { left, .. }
            | Guarding::PulledLately { left, .. }
            | Guarding::RefugeWaits { left },
        ) => Some(Age(*left)),
        Reason::Guard(_) | Reason::Seen(_) => None,
    }
}

/// What is against acting, this site's not leading apart: the leader asks the same guards.
fn others(report: &WhyReport) -> impl Iterator<Item = &Reason> {
    let place = |reason: &&Reason| !matches!(reason, Reason::Guard(Guarding::NotLeading));
    report.decision.against.iter().filter(place)
}

fn votes(report: &WhyReport) -> String {
    let mut out = String::new();
    let mut label = "  votes";
    for voice in &report.decision.voices {
        out += &labelled(label, &voice.to_string(), INDENT);
        label = "";
    }
    out
}

fn against(report: &WhyReport) -> String {
    let mut out = String::new();
    let mut label = if report.decision.would.is_some() { "  waiting for" } else { "  it may not" };
    for reason in others(report) {
        out += &labelled(label, &reason.to_string(), INDENT);
        label = "";
    }
    if minority(report) {
        let (heard, votes) = report.heard;
        let why = format!(
            "this side has {heard} of {votes} votes: it is the minority. The others may be well, and may act"
        );
        out += &labelled("  minority", &why, INDENT);
    } else if guards(report).any(|guard| *guard == Guarding::NotLeading) {
        let leader = report.leader.as_ref().map_or("nobody", SiteId::as_str);
        out += &labelled(
            "  decided by",
            &format!("{leader}, which leads; this is how it looks from here"),
            INDENT,
        );
    }
    out
}

fn minority(report: &WhyReport) -> bool {
    let (heard, votes) = report.heard;
    2 * heard <= votes
}

/// How long something will take: whole seconds as the policy writes them, else to the tenth; never less than it is.
fn after(span: Duration) -> String {
    if span.subsec_nanos() == 0 {
        return Setting(span).to_string();
    }
    let tenths = span.as_millis().div_ceil(100);
    format!("{}.{}s", tenths / 10, tenths % 10)
}

/// Where it would go, or could.
fn candidates(report: &WhyReport) -> String {
    let (soonest, latest) = report.after;
    let mut out = String::new();
    let able = report.candidates.iter().filter(|(_, why)| why.is_none());
    let able: Vec<&str> = able.map(|(site, _)| site.as_str()).collect();
    let calm = report.decision.would.is_none() && report.decision.verb == Verb::Wait && !minority(report);
    let dies = report.rings_in.as_ref().filter(|here| calm && !here.is_refuge());
    if let (Some(here), Some(next)) = (dies, able.first()) {
        let then = format!(
            "if {here} dies now, {} goes to {next}, {} to {} later",
            report.route,
            after(soonest),
            after(latest)
        );
        out += &labelled("", &then, 0);
    }
    let mut label = "  could take it";
    if able.is_empty() {
        out += &labelled(label, "nobody", INDENT);
    } else {
        out += &labelled(label, &able.join(", then "), INDENT);
    }
    label = "  could not";
    for (site, why) in &report.candidates {
        if let Some(why) = why {
            // A reason may name its site itself, as `not office: …`.
            let named = why.strip_prefix("not ").filter(|rest| rest.starts_with(site.as_str()));
            let text = named.map_or_else(|| format!("{site}: {why}"), str::to_owned);
            out += &labelled(label, &text, INDENT);
            label = "";
        }
    }
    out
}

/// What can be typed.
fn typed(report: &WhyReport) -> String {
    let route = &report.route;
    let mut out = String::new();
    let next = report.candidates.iter().find(|(_, why)| why.is_none()).map(|(site, _)| site);
    let ends = guards(report).find_map(|guard| match guard {
        Guarding::Latched { .. } | Guarding::Held { .. } | Guarding::Damped { .. } => {
            Some(format!("pointsman resume {route}"))
        }
        Guarding::ModeIs { .. } | Guarding::NewCluster { .. } => {
            Some(format!("pointsman mode auto, or pointsman mode auto {route}"))
        }
        Guarding::NoHold
        | Guarding::BudgetLeft { .. }
        | Guarding::BudgetSpent { .. }
        | Guarding::RunUnderWay { .. }
        | Guarding::ClaimWaits { .. }
        | Guarding::Unacknowledged { .. }
        | Guarding::NotLeading
        | Guarding::LogBehind
        | Guarding::Quorum { .. }
        | Guarding::NoQuorum { .. }
        | Guarding::Disputed { .. }
        | Guarding::NotSteady { .. }
        | Guarding::OutOfHours { .. }
        | Guarding::RefugeWaits { .. }
        | Guarding::ClockJumped { .. }
        | Guarding::Enough { .. }
        | Guarding::TooFew { .. }
        | Guarding::FailedLately { .. }
        | Guarding::PulledLately { .. }
        | Guarding::Blip { .. }
        | Guarding::NoneLeft { .. } => None,
    });
    if minority(report) {
        let elsewhere = format!("`pointsman why {route}` at a site that hears the majority");
        return out + &labelled("  to see more", &elsewhere, INDENT);
    }
    if let Some(ends) = ends {
        out += &labelled("  to let it act", &ends, INDENT);
    } else {
        out += &format!("{:INDENT$}pointsman hold {route} --for 1h --because \"...\"\n", "  to stop it");
    }
    if let Some(lever) = &report.lever {
        return out + &levers::typed(lever, INDENT);
    }
    if let Some(next) = next {
        let label = if report.decision.would.is_some() { "  to hurry" } else { "  to move it" };
        out += &format!("{label:INDENT$}pointsman claim {route} {next} --because \"...\"\n");
    }
    out
}
