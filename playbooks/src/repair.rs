//! The plan of a repair: what is wanted is asserted again at the numbers that show an older value of our own.

use crate::limits::{ATTEMPTS, BACKOFF, TIMEOUT};
use state::plan::{At, Ensure, IfFailed, Plan, PlannedStep, Pointing, Undo};
use state::{CarrierId, PlaybookId, RouteId, SiteId};

/// The name under which repairs stand among the runs; no file of it can be had.
pub const REPAIR: &str = "repair";

/// Numbers of one route that show an older value of our own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Astray {
    /// The route.
    pub route: RouteId,
    /// Who holds the numbers.
    pub carrier: CarrierId,
    /// The site that they show, if it is one: it is not asked to put that right.
    pub shown: Option<SiteId>,
    /// The site that is wanted.
    pub wanted: SiteId,
    /// Each number with what it shows and what it shall show.
    pub numbers: Vec<Pointing>,
    /// What people are told when it is done.
    pub text: String,
}

/// The plan: an ordinary step with ordinary attempts, and the telling.
pub fn repair(astray: Astray) -> Plan {
    let Astray { route, carrier, shown, wanted, numbers, text } = astray;
    let step = |ensure: Ensure, at: At, if_failed: IfFailed, no_undo: &str| PlannedStep {
        ensure,
        undo: Undo::No(no_undo.to_owned()),
        at,
        timeout: TIMEOUT,
        attempts: ATTEMPTS,
        backoff: BACKOFF,
        if_failed,
    };
    let points = Ensure::RoutePointsAt { carrier, site: wanted.clone(), numbers };
    let undo = "what it showed was not wanted any more";
    let steps = vec![
        step(points, At::Executor, IfFailed::Stuck, undo),
        step(Ensure::Notify { text }, At::Leader, IfFailed::CarryOn, "a message cannot be recalled"),
    ];
    Plan { playbook: PlaybookId::new(REPAIR), route, from: shown, to: wanted, steps }
}
