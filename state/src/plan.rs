//! A plan: a playbook with its arguments, as concrete end states that can be printed without being done.

mod http;

pub use http::{Login, Method, Scheme, Shows, Switch};

use crate::ids::{CarrierId, CommandId, Destination, Number, PlaybookId, RouteId, SiteId};
use crate::window::WAIT_OPEN;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What a run is going to do; agreed with the run, so a later edit of the playbook changes nothing under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The playbook it came from.
    pub playbook: PlaybookId,
    /// The route or the lever that it is about.
    pub route: RouteId,
    /// The site that is left, if the route rang in one.
    pub from: Option<SiteId>,
    /// The site that is to answer; of a lever, the site that it belongs to.
    pub to: SiteId,
    /// The end states, in order.
    pub steps: Vec<PlannedStep>,
}

/// One end state of a plan, with its undo and its patience.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// What shall hold afterwards.
    pub ensure: Ensure,
    /// What takes it back, or the sentence why nothing does.
    pub undo: Undo,
    /// Who does it.
    pub at: At,
    /// How long one attempt may take before it counts as lapsed.
    pub timeout: Duration,
    /// How often it is tried.
    pub attempts: u8,
    /// How long to wait before the next attempt.
    pub backoff: Duration,
    /// What the run does when no attempt is left.
    pub if_failed: IfFailed,
}

/// An end state: may be brought about twice, and is read back before it counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ensure {
    /// Every number of the route points at the site (slot 1 at the carrier).
    RoutePointsAt {
        /// The carrier that holds the numbers.
        carrier: CarrierId,
        /// The site they shall point at.
        site: SiteId,
        /// Each number with what we believe it shows now and what it shall show, the first one first.
        numbers: Vec<Pointing>,
    },
    /// People have been told.
    Notify {
        /// What they are told.
        text: String,
    },
    /// So much time has passed since the turn of this step came.
    Waited {
        /// How much.
        lasts: Duration,
    },
    /// A site could have been given the route for so long.
    SiteReady {
        /// The site.
        site: SiteId,
        /// For how long without a break, up to now.
        steady: Duration,
        /// For how long it is waited for, from the turn of this step.
        patience: Duration,
    },
    /// What a command of the executor's own site file brings about.
    Exec {
        /// The command that brings it about.
        command: CommandId,
        /// The command that ends with 0 while it is so.
        check: CommandId,
    },
    /// A switch stands as wanted that is thrown and read over HTTP.
    Http(Box<Switch>),
    /// What stands behind a route's numbers, in slots 2 and 3 at the carrier: only a person ever has it written.
    BehindPrepared {
        /// The carrier that holds the numbers.
        carrier: CarrierId,
        /// Each slot with what it was last seen to show and what it shall show.
        slots: Vec<Pointing>,
    },
}

/// What it takes to bring an end state about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Numbers are pointed somewhere, at a carrier.
    Points,
    /// Something else is changed at one site or from there: it is looked at first, and once more afterwards.
    Changes,
    /// People are told.
    Tells,
    /// Nothing but patience: whoever leads judges it from the agreed state, and nobody executes it.
    Looks,
}

impl Ensure {
    /// Each number's way from one destination to another; nothing where no number is pointed.
    pub fn targets(&self) -> &[Pointing] {
        match self {
            Self::RoutePointsAt { numbers, .. } | Self::BehindPrepared { slots: numbers, .. } => numbers,
            Self::Notify { .. }
            | Self::Waited { .. }
            | Self::SiteReady { .. }
            | Self::Exec { .. }
            | Self::Http(_) => &[],
        }
    }

    /// What it takes.
    pub fn deed(&self) -> Deed {
        match self {
            Self::RoutePointsAt { .. } | Self::BehindPrepared { .. } => Deed::Points,
            Self::Exec { .. } | Self::Http(_) => Deed::Changes,
            Self::Notify { .. } => Deed::Tells,
            Self::Waited { .. } | Self::SiteReady { .. } => Deed::Looks,
        }
    }

    /// Whether each site has one of its own, so that nobody else can do it for a site, or tell how it stands there: a
    /// command, or a switch on the site's own machine.
    pub fn is_each_sites_own(&self) -> bool {
        match self {
            Self::Exec { .. } => true,
            Self::Http(switch) => switch.address.ip().is_loopback(),
            Self::RoutePointsAt { .. }
            | Self::BehindPrepared { .. }
            | Self::Notify { .. }
            | Self::Waited { .. }
            | Self::SiteReady { .. } => false,
        }
    }

    /// What one attempt writes that is no number, and must therefore never have two writers. Two commands of one site
    /// may do and undo the same, so each site has one writer; a step that any site may do has one in the cluster too.
    pub fn written_by(&self, executor: &SiteId, at: &At) -> Vec<Number> {
        let here = |what: &str| Number::new(format!("{what}@{executor}"));
        match (self, at) {
            (Self::Exec { .. }, At::Site(_) | At::Reachable(_)) => vec![here("exec")],
            (Self::Http(switch), _) if self.is_each_sites_own() => vec![here(&switch.url)],
            (Self::Http(switch), _) => vec![Number::new(switch.url.clone())],
            (Self::Exec { .. }, At::Executor | At::Leader) => vec![here("exec"), Number::new("exec")],
            (
                Self::RoutePointsAt { .. }
                | Self::Notify { .. }
                | Self::Waited { .. }
                | Self::SiteReady { .. }
                | Self::BehindPrepared { .. },
                _,
            ) => Vec::new(),
        }
    }

    /// The schema of facts that this form came with.
    pub fn schema(&self) -> u16 {
        match self {
            Self::RoutePointsAt { .. } | Self::Notify { .. } => 1,
            Self::Waited { .. } | Self::SiteReady { .. } | Self::Exec { .. } | Self::Http(_) => 3,
            Self::BehindPrepared { .. } => 4,
        }
    }
}

impl Plan {
    /// The greatest schema of facts that a part of it came with; that of a lever is folded in another way by whoever
    /// knows no levers.
    pub fn schema(&self) -> u16 {
        let about = if self.route.is_lever() { 3 } else { 1 };
        self.steps.iter().map(PlannedStep::schema).max().unwrap_or(1).max(about)
    }

    /// Whether it prepares slots 2 and 3 anywhere, be it on its way back: then a person must have asked for it.
    pub fn prepares(&self) -> bool {
        self.ends().any(|ensure| matches!(ensure, Ensure::BehindPrepared { .. }))
    }

    /// Every end state that a run of it may bring about, forwards or on its way back.
    pub fn ends(&self) -> impl Iterator<Item = &Ensure> {
        self.steps.iter().flat_map(PlannedStep::ends)
    }

    /// For how long it may do nothing but wait.
    pub fn patience(&self) -> Duration {
        let waits = |step: &PlannedStep| match &step.ensure {
            Ensure::Waited { lasts } => *lasts,
            Ensure::SiteReady { patience, .. } => *patience,
            Ensure::RoutePointsAt { .. }
            | Ensure::Notify { .. }
            | Ensure::Exec { .. }
            | Ensure::Http(_)
            | Ensure::BehindPrepared { .. } => Duration::ZERO,
        };
        self.steps.iter().map(waits).sum()
    }
}

impl PlannedStep {
    /// The end state, and the one that takes it back.
    fn ends(&self) -> impl Iterator<Item = &Ensure> {
        let back = match &self.undo {
            Undo::Ensure(ensure) => Some(ensure),
            Undo::No(_) => None,
        };
        [&self.ensure].into_iter().chain(back)
    }

    fn schema(&self) -> u16 {
        let at = match self.at {
            At::Executor | At::Leader | At::Site(_) => 1,
            At::Reachable(_) => 3,
        };
        self.ends().map(Ensure::schema).max().unwrap_or(1).max(at)
    }

    /// How long an attempt that is not closed keeps what it writes, from the receipt of its intent: for a carrier it
    /// is W, for anything else the timeout, from which the executor's own deadline is reckoned backwards.
    pub fn wait_open(&self) -> Duration {
        match self.ensure.deed() {
            Deed::Points => WAIT_OPEN,
            Deed::Changes | Deed::Tells | Deed::Looks => self.timeout.max(WAIT_OPEN),
        }
    }
}

/// One number's way from one destination to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pointing {
    /// The number.
    pub number: Number,
    /// What it is believed to show when the run is opened; `None` if it was never read.
    pub from: Option<Destination>,
    /// What it shall show.
    pub to: Destination,
}

/// The way back from an end state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Undo {
    /// The end state that takes it back.
    Ensure(Ensure),
    /// Why there is none.
    No(String),
}

/// Which site does a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum At {
    /// One executor: the destination, else the leader, else the first able in `prefer`.
    Executor,
    /// The leader itself.
    Leader,
    /// This site and no other.
    Site(SiteId),
    /// This site, if it is heard when the turn of the step comes; else it need not be done.
    Reachable(SiteId),
}

/// What a run does with a step that could not be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum IfFailed {
    /// Go on with the next step; the run can end at best `done unverified`.
    CarryOn,
    /// Undo every step that was started, last first.
    UndoAll,
    /// Keep what was done, stop, and wake a person.
    Stuck,
}
