//! One incident from the first ballot to its end, as the journal tells it.

use super::{About, Account, Line};
use serde::Serialize;
use state::incident::{Incident, IncidentState};
use state::run::Run;
use state::view::Refusal;
use state::{Head, Index, Stamp};
use std::time::Duration;

/// So long before an incident its story begins: with the ballots that led to it.
const BEFORE: Duration = Duration::from_secs(60);

/// An incident with everything that was agreed about it.
#[derive(Clone, Debug, Serialize)]
pub struct Timeline {
    /// The incident.
    pub incident: Incident,
    /// The runs that moved its route meanwhile.
    pub runs: Vec<Run>,
    /// What was agreed, in order.
    pub lines: Vec<Line>,
    /// Entries that are missing here and may belong to it.
    pub missing: Vec<(Index, Index)>,
    /// The last fact that was read, and the journal's head there.
    pub journal: (Index, Head),
}

/// Everything that the journal has about an incident.
pub fn timeline(account: &Account, incident: &Incident) -> Timeline {
    let (from, until) = (incident.opened - BEFORE, end(incident));
    let within = |at: Stamp| at >= from && until.is_none_or(|until| at <= until);
    let again = Refusal::Repeated.to_string();
    let told = |line: &&Line| {
        within(line.at) && concerns(incident, line) && line.refused.as_deref() != Some(again.as_str())
    };
    let moved =
        |run: &&Run| run.plan.route == incident.route && run.opened >= incident.opened && within(run.opened);
    Timeline {
        incident: incident.clone(),
        runs: account.runs.values().filter(moved).cloned().collect(),
        lines: account.lines.iter().filter(told).cloned().collect(),
        missing: account.holes.iter().map(|hole| (hole.after, hole.upto)).collect(),
        journal: account.end,
    }
}

/// When it was over, if it is.
pub fn end(incident: &Incident) -> Option<Stamp> {
    match incident.state {
        IncidentState::Closed { at } => Some(at),
        IncidentState::Open
        | IncidentState::Switching { .. }
        | IncidentState::Away
        | IncidentState::Returning { .. }
        | IncidentState::Stuck => None,
    }
}

fn concerns(incident: &Incident, line: &Line) -> bool {
    match &line.about {
        About::Everything => true,
        About::Route(route) => *route == incident.route,
        About::Site(site) => incident.site.as_ref() == Some(site),
    }
}
