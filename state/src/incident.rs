//! An incident: from a verdict of down until traffic is home again.

use crate::ids::{IncidentId, RouteId, RunId, SiteId, Who};
use crate::time::Stamp;
use serde::{Deserialize, Serialize};

/// Something happened to a route that a person must hear of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Its name.
    pub id: IncidentId,
    /// The route.
    pub route: RouteId,
    /// The site that failed; `None` if nothing did, and a person moved it.
    pub site: Option<SiteId>,
    /// When it began.
    pub opened: Stamp,
    /// Where it stands.
    pub state: IncidentState,
    /// Who said "I have seen it".
    pub acked: Option<Who>,
    /// When it was escalated, because nobody had.
    pub escalated: Option<Stamp>,
}

/// The states of an incident. A hold is not a state but a reason not to leave one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum IncidentState {
    /// The site is down and nothing was done yet.
    Open,
    /// A run is moving the route away.
    Switching { run: RunId },
    /// The route rings elsewhere.
    Away,
    /// A run is bringing it home.
    Returning { run: RunId },
    /// A run ended stuck.
    Stuck,
    /// Over.
    Closed { at: Stamp },
}

/// What can happen to an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncidentEvent {
    /// The site answers again.
    VerdictUp,
    /// What a lever watches answers again, and nothing is played for that.
    LeverLetGo,
    /// A run was opened; to the route's first choice or not.
    RunOpened { run: RunId, way: Way },
    /// The run ended done, verified or not.
    RunDone,
    /// The run was undone.
    RunUndone,
    /// The run got stuck.
    RunStuck,
    /// A person let go of it.
    Released,
}

/// Which way a run goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Way {
    /// Away from the first choice, or from one substitute to another.
    Away,
    /// To the first choice.
    Home,
}

/// A transition that the table does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an incident that is {from:?} cannot take {event:?}")]
pub struct Illegal {
    /// Where it stood.
    pub from: IncidentState,
    /// What happened.
    pub event: IncidentEvent,
}

impl IncidentState {
    /// The one table.
    pub fn next(self, event: IncidentEvent, at: Stamp) -> Result<Self, Illegal> {
        use IncidentEvent as E;
        use IncidentState as S;
        Ok(match (self, event) {
            (S::Open, E::VerdictUp) | (S::Open | S::Away, E::LeverLetGo) => S::Closed { at },
            (S::Open | S::Away | S::Stuck, E::RunOpened { run, way: Way::Away }) => S::Switching { run },
            (S::Open | S::Away | S::Stuck, E::RunOpened { run, way: Way::Home }) => S::Returning { run },
            (S::Switching { .. }, E::RunDone) => S::Away,
            (S::Switching { .. }, E::RunUndone) => S::Open,
            (S::Switching { .. } | S::Returning { .. }, E::RunStuck) => S::Stuck,
            (S::Returning { .. }, E::RunDone) => S::Closed { at },
            (S::Returning { .. }, E::RunUndone) => S::Away,
            (S::Stuck, E::Released) => S::Open,
            (from, event) => return Err(Illegal { from, event }),
        })
    }
}
