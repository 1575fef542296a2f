//! The fold of what persons decide: mode, hold, claim, acknowledgement, and what they did at the carrier.

use super::{Refusal, View};
use crate::fact::{Adoption, Fact, Mode};
use crate::handover::Hindrance;
use crate::ids::{IncidentId, Index, RouteId, SiteId, Who};
use crate::incident::{Incident, IncidentEvent, IncidentState};
use crate::route::{Brought, Claim, Hold, Latch, Lever};

/// Whose runs are cut short: holding off automation does not stop a person's own run, a newer claim does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Automation,
    Anybody,
}

impl View {
    pub(super) fn mode_set(
        &mut self,
        index: Index,
        route: Option<&RouteId>,
        (mode, who): (Mode, &Who),
    ) -> Result<(), Refusal> {
        match route {
            Some(route) => self.route(route).mode = Some(mode),
            None => self.mode = Some(mode),
        }
        self.forbid(index, route);
        if mode != Mode::Auto {
            self.cut(index, (route, Whose::Automation), who);
        }
        Ok(())
    }

    pub(super) fn held(&mut self, index: Index, route: Option<&RouteId>, hold: Hold) -> Result<(), Refusal> {
        let who = hold.who.clone();
        match route {
            Some(route) => self.route(route).hold = Some(hold),
            None => self.hold = Some(hold),
        }
        self.forbid(index, route);
        self.cut(index, (route, Whose::Automation), &who);
        Ok(())
    }

    /// Resuming ends holds, latches, damping and claims without a run. It leaves the mode as it is: that was a choice.
    pub(super) fn resumed(
        &mut self,
        index: Index,
        route: Option<&RouteId>,
        _who: &Who,
    ) -> Result<(), Refusal> {
        let stamp = self.stamp;
        let all: Vec<RouteId> = match route {
            Some(route) => vec![route.clone()],
            None => self.routes.keys().cloned().collect(),
        };
        for id in &all {
            let state = self.route(id);
            state.hold = None;
            state.latch = None;
            state.alone.clear();
            // A claim whose run could not be opened would stand in automation's way for ever.
            state.claim = None;
            state.spurned.clear();
            state.left.clear();
            if let Some(incident) = state.incident.and_then(|id| self.incidents.get_mut(&id))
                && let Ok(next) = incident.state.next(IncidentEvent::Released, stamp)
            {
                incident.state = next;
            }
        }
        if route.is_none() {
            self.hold = None;
        }
        self.forbid(index, route);
        Ok(())
    }

    /// Nothing automatic goes on with a route, and what was decided before is refused.
    pub(super) fn leave_to_people(&mut self, index: Index, route: &RouteId, who: &Who) {
        self.forbid(index, Some(route));
        self.cut(index, (Some(route), Whose::Automation), who);
    }

    /// A claim refuses what was decided before it, and waits until the automatic run has let go.
    pub(super) fn claimed(&mut self, index: Index, fact: &Fact) -> Result<(), Refusal> {
        let Fact::Claimed { route, site, playbook, because, who } = fact else { return Ok(()) };
        self.route(route).claim = Some(Claim {
            site: site.clone(),
            playbook: playbook.clone(),
            because: because.clone(),
            who: who.clone(),
            index,
        });
        self.forbid(index, Some(route));
        self.cut(index, (Some(route), Whose::Anybody), who);
        Ok(())
    }

    /// What the carrier shows becomes what is wanted; a person's value also sends the route to manual.
    pub(super) fn route_adopted(&mut self, index: Index, fact: &Fact) -> Result<(), Refusal> {
        let Fact::RouteAdopted { route, site, readings, from } = fact else { return Ok(()) };
        let stamp = self.stamp;
        let state = self.route(route);
        if let Some(run) = state.run {
            return Err(Refusal::Busy(run));
        }
        for reading in readings {
            let number = state.numbers.entry(reading.number.clone()).or_default();
            number.wanted = Some(reading.value());
            number.expected = Some(reading.value());
            // What of ours is still on its way stays ours: only a stranger's value ends that.
            if *from != Adoption::Own {
                number.loose.clear();
            }
            number.touched = index;
        }
        if state.rings_in != *site {
            state.rings_in.clone_from(site);
            state.since = Some(stamp);
            state.brought = Brought::ByPerson;
        }
        if *from == Adoption::Person {
            // A claim alone gives a stranger's value its name, and has latched the route already.
            if !state.alone.iter().any(|told| told.explains(readings)) {
                let because = "somebody changed the number at the carrier".to_owned();
                state.latch = Some(Latch { since: stamp, because, hindrance: Hindrance::PersonsChange });
            }
            self.forbid(index, Some(route));
        }
        Ok(())
    }

    pub(super) fn incident_opened(
        &mut self,
        index: Index,
        route: &RouteId,
        site: &SiteId,
    ) -> Result<(), Refusal> {
        if self.route(route).incident.is_some() {
            return Err(Refusal::Repeated);
        }
        self.begin(index, (route, Some(site.clone()), IncidentState::Open));
        Ok(())
    }

    /// Writes down an incident that begins here and makes it the route's.
    pub(super) fn begin(&mut self, index: Index, begun: (&RouteId, Option<SiteId>, IncidentState)) {
        let (route, site, state) = begun;
        let id = IncidentId(index.0);
        let incident = Incident {
            id,
            route: route.clone(),
            site,
            opened: self.stamp,
            state,
            acked: None,
            escalated: None,
        };
        self.incidents.insert(id, incident);
        self.route(route).incident = Some(id);
    }

    /// It passed by itself. A lever that has no way back was pulled once, and is ready again.
    pub(super) fn incident_passed(&mut self, id: IncidentId) -> Result<(), Refusal> {
        let route = self.incidents.get(&id).map(|incident| incident.route.clone());
        let Some(lever) = route.filter(RouteId::is_lever) else {
            return self.incident_next(id, IncidentEvent::VerdictUp);
        };
        self.incident_next(id, IncidentEvent::LeverLetGo)?;
        self.route(&lever).lever = Lever::AtRest;
        Ok(())
    }

    pub(super) fn incident_acked(&mut self, id: IncidentId, who: &Who) -> Result<(), Refusal> {
        let incident = self.incidents.get_mut(&id).ok_or(Refusal::NoIncident(id))?;
        incident.acked.get_or_insert_with(|| who.clone());
        Ok(())
    }

    /// Moves an incident along its table; the route lets go of one that is over.
    pub(super) fn incident_next(&mut self, id: IncidentId, event: IncidentEvent) -> Result<(), Refusal> {
        let stamp = self.stamp;
        let incident = self.incidents.get_mut(&id).ok_or(Refusal::NoIncident(id))?;
        incident.state = incident.state.next(event, stamp).map_err(|_| Refusal::NoIncident(id))?;
        if matches!(incident.state, IncidentState::Closed { .. }) {
            let route = incident.route.clone();
            self.route(&route).incident = None;
        }
        Ok(())
    }

    fn forbid(&mut self, index: Index, route: Option<&RouteId>) {
        match route {
            Some(route) => self.route(route).guard = index,
            None => self.guard = index,
        }
    }

    /// No further attempt of an automatic run is accepted; what is in flight is waited out.
    fn cut(&mut self, index: Index, (route, whose): (Option<&RouteId>, Whose), who: &Who) {
        for run in self.runs.values_mut() {
            let meant = route.is_none_or(|route| run.plan.route == *route);
            let theirs = whose == Whose::Anybody || run.automatic();
            if meant && run.end.is_none() && theirs {
                run.cut.get_or_insert_with(|| who.clone());
                run.touched = index;
            }
        }
    }
}
