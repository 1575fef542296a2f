//! Guard: a switch that nobody has acknowledged in time leaves automation one thing only: to leave a dead site.

use super::{Answer, bar};
use crate::decide::Grounds;
use crate::reason::Guarding;

/// Asks for an incident of the route that was escalated and still waits for a person.
pub(super) fn ask(on: &Grounds<'_>) -> Answer {
    let incident = on.state.incident.and_then(|id| on.case.view.incidents.get(&id));
    let unseen = incident.filter(|incident| incident.escalated.is_some() && incident.acked.is_none());
    match unseen {
        Some(incident) if !on.tally.leans_down() => {
            bar(Guarding::Unacknowledged { incident: incident.id }, None)
        }
        Some(_) | None => Answer::Mute,
    }
}
