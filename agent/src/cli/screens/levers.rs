//! Levers on the screens: how each stands, why it is pulled or left alone, and what can be typed.

use super::labelled;
use super::status::verdict;
use crate::command::{LeverReport, WhyReport};
use policies::decide::Verb;
use policies::errand::Occasion;
use policies::reason::{Age, Setting};
use state::SiteId;
use state::route::Lever;

/// The table of levers, its head first; on the screen of `status`.
pub fn rows(levers: &[LeverReport]) -> Vec<Vec<String>> {
    let head = ["lever", "is", "stands", "plays when down", "budget", "mode"];
    let mut rows = vec![head.map(String::from).to_vec()];
    for lever in levers {
        let mode = if lever.hold.is_some() { "held".to_owned() } else { lever.mode.to_string() };
        rows.push(vec![
            lever.lever.to_string(),
            verdict(lever.is).to_owned(),
            stands(&lever.stands),
            lever.play.to_string(),
            format!("{}/{}", lever.budget.0, lever.budget.1),
            mode,
        ]);
    }
    rows
}

/// How a lever stands.
pub fn stands(lever: &Lever) -> String {
    match lever {
        Lever::AtRest => "at rest".to_owned(),
        Lever::Pulled { since } => format!("PULLED {since}"),
        Lever::Between { since } => format!("STUCK {since}"),
    }
}

/// The first line of `why`: `left` is how long it still takes, if time is all that is waited for.
pub fn answer(lever: &LeverReport, report: &WhyReport, left: Option<Age>) -> String {
    let (name, decision) = (&lever.lever, &report.decision);
    let plays = |occasion: Occasion| match (occasion, &lever.until_up) {
        (Occasion::LetGo, Some(back)) => back.clone(),
        (_, _) => lever.play.clone(),
    };
    let when = left.map_or(String::new(), |left| format!(" in {left}"));
    match (&decision.verb, &decision.would) {
        (Verb::CannotSay, _) => format!("nobody can say what is to be done about {name}"),
        (Verb::Act(wish), _) => format!("{name}: {} is played now", plays(wish.occasion)),
        (Verb::Wait, Some(wish)) => format!("{name}: {} would be played{when}", plays(wish.occasion)),
        (Verb::Wait, None) => match lever.stands {
            Lever::AtRest => format!("{name} is left alone"),
            Lever::Pulled { .. } => format!("{name} is pulled: {} was played", lever.play),
            Lever::Between { .. } => format!("{name} is half pulled"),
        },
    }
}

/// What would hold, and what would come next.
pub fn outlook(lever: &LeverReport, report: &WhyReport, indent: usize) -> String {
    let (soonest, latest) = report.after;
    let mut out = String::new();
    let calm = report.decision.would.is_none() && report.decision.verb == Verb::Wait;
    if calm && lever.stands == Lever::AtRest {
        let (play, from, until) = (&lever.play, Setting(soonest), Setting(latest));
        out += &labelled("", &format!("if it dies now, {play} is played {from} to {until} later"), 0);
    }
    if lever.keep_up > 0 {
        let names: Vec<&str> = lever.holding.iter().map(SiteId::as_str).collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        out += &labelled("  would hold", &format!("{names} (keep_up {})", lever.keep_up), indent);
    }
    out
}

/// What a person can type to pull it, or to let it go.
pub fn typed(lever: &LeverReport, indent: usize) -> String {
    let line = |label: &str, play: &state::PlaybookId| {
        format!("{label:indent$}pointsman play {play} route={} --because \"...\"\n", lever.lever)
    };
    match (&lever.stands, &lever.until_up) {
        (Lever::AtRest, _) => line("  to pull it", &lever.play),
        (Lever::Pulled { .. } | Lever::Between { .. }, Some(back)) => line("  to let it go", back),
        (Lever::Pulled { .. } | Lever::Between { .. }, None) => String::new(),
    }
}
