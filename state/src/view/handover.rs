//! The fold of hand-overs: what waits for a cause to end, what is latched, and for how long nobody led.

use super::{Notice, Refusal, View};
use crate::fact::Fact;
use crate::handover::{Hindrance, Leaderless, Strength, Wait};
use crate::ids::{IncidentId, Index, RouteId};
use crate::incident::IncidentState;
use crate::route::Latch;
use std::time::Duration;

impl View {
    /// A hindrance that passes is noted and forbids nothing by itself; a latch forbids until a person resumes.
    pub(super) fn handed_over(&mut self, index: Index, fact: &Fact) -> Result<(), Refusal> {
        let Fact::HandedOver { route, hindrance, strength, because, urgency } = fact else { return Ok(()) };
        let since = self.stamp;
        match strength {
            Strength::Waiting => {
                let first = self.route(route).waits.get(hindrance).map_or(since, |wait| wait.since);
                let wait = Wait { since: first, because: because.clone(), urgency: *urgency };
                self.route(route).waits.insert(*hindrance, wait);
            }
            Strength::Latched => self.latch(index, route, (*hindrance, because)),
        }
        self.notice(format!("{route} is handed over to people, {strength}: {because}"));
        Ok(())
    }

    fn latch(&mut self, index: Index, route: &RouteId, (hindrance, because): (Hindrance, &str)) {
        let latch = Latch { since: self.stamp, because: because.to_owned(), hindrance };
        let state = self.route(route);
        state.waits.remove(&hindrance);
        // The first cause stays: resuming ends the latch, whatever came after it.
        if state.latch.is_none() {
            state.latch = Some(latch);
            state.guard = index;
        }
    }

    pub(super) fn taken_back(&mut self, route: &RouteId, hindrance: Hindrance) -> Result<(), Refusal> {
        let wait = self.routes.get_mut(route).and_then(|state| state.waits.remove(&hindrance));
        let wait = wait.ok_or(Refusal::Repeated)?;
        self.notice(format!("automation has {route} again, and judges anew; it is over: {}", wait.because));
        Ok(())
    }

    /// For so long no site could act, and whoever led before knew nothing of the others.
    pub(super) fn leaderless_for(&mut self, index: Index, fact: &Fact) -> Result<(), Refusal> {
        let Fact::Leaderless { lasted, strength, .. } = fact else { return Ok(()) };
        self.leaderless = Some(Leaderless { index, until: self.stamp, lasted: *lasted });
        let words = format!("nobody could lead for {}", spelt(*lasted));
        if *strength == Strength::Latched {
            let routes: Vec<RouteId> = self.routes.keys().cloned().collect();
            for route in &routes {
                self.latch(index, route, (Hindrance::NoQuorum, &words));
            }
        }
        self.notice(format!("{words}; automation judges anew"));
        Ok(())
    }

    /// Nobody has acknowledged an automatic switch in time.
    pub(super) fn escalated(&mut self, id: IncidentId) -> Result<(), Refusal> {
        let stamp = self.stamp;
        let incident = self.incidents.get_mut(&id).ok_or(Refusal::NoIncident(id))?;
        let over = matches!(incident.state, IncidentState::Closed { .. }) || incident.acked.is_some();
        if over || incident.escalated.is_some() {
            return Err(Refusal::NoIncident(id));
        }
        incident.escalated = Some(stamp);
        let route = incident.route.clone();
        self.notice(format!(
            "nobody has acknowledged {id}: automation only leaves a dead site of {route} now"
        ));
        Ok(())
    }

    pub(super) fn notice(&mut self, text: String) {
        self.notices.push(Notice { at: self.stamp, run: None, text });
    }
}

/// Whole minutes and seconds.
fn spelt(lasted: Duration) -> String {
    let secs = lasted.as_secs();
    match (secs / 60, secs % 60) {
        (0, secs) => format!("{secs}s"),
        (minutes, secs) => format!("{minutes}m {secs}s"),
    }
}
