//! A playbook with its arguments becomes a plan: concrete values for every number, and nothing is done.

use crate::language::{Doer, HttpWish, Playbook, PlaybookStep, Span, Template, Unfit, WayBack, Wish};
use state::document::duration_in;
use state::plan::{At, Ensure, Plan, PlannedStep, Pointing, Shows, Switch, Undo};
use state::{CarrierId, Destination, Number, RouteId, SiteId};
use std::collections::BTreeMap;
use std::time::Duration;

/// What a playbook is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arguments {
    /// The route that it is about.
    pub route: RouteId,
    /// The site that is left, if the route rings in one.
    pub from: Option<SiteId>,
    /// The site that is to answer.
    pub to: SiteId,
    /// Why, in words.
    pub reason: String,
    /// What else the playbook is given, by the names of its inputs.
    pub given: BTreeMap<String, String>,
}

/// What the policy and the carrier say about the route.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteFacts {
    /// The carrier that holds the numbers; `None` if the policy does not know the route.
    pub carrier: Option<CarrierId>,
    /// The numbers in order, the first one first, each with what it was last seen to show.
    pub numbers: Vec<(Number, Option<Destination>)>,
    /// Where each number points when a site has it.
    pub destinations: BTreeMap<(SiteId, Number), Destination>,
    /// Every site of the policy, in its order.
    pub sites: Vec<SiteId>,
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The playbook points at a route that the run is not about.
    #[error("cannot plan `{playbook}`: it moves route `{found}`, and the run is about `{wanted}`")]
    OtherRoute {
        /// The playbook.
        playbook: String,
        /// The route that it names.
        found: String,
        /// The route of the run.
        wanted: RouteId,
    },
    /// The route has no carrier or no numbers.
    #[error("cannot plan for route `{0}`: the policy gives it no number")]
    NoNumbers(RouteId),
    /// The policy gives the route no refuge.
    #[error("cannot plan for route `{0}`: the policy gives it no `refuge`")]
    NoRefuge(RouteId),
    /// The policy does not say where a number points for this site.
    #[error("cannot plan for number {number}: the policy gives it no destination in `{site}`")]
    NoDestination {
        /// The number.
        number: Number,
        /// The site.
        site: String,
    },
    /// The playbook leaves a site that nobody knows.
    #[error("cannot plan `{0}`: it needs `$from`, and the route does not ring in a known site")]
    NoFrom(String),
    /// What it is given does not fit what it declares.
    #[error("cannot plan `{playbook}`: {unfit}")]
    Unfit {
        /// The playbook.
        playbook: String,
        /// What does not.
        unfit: Unfit,
    },
    /// A value would lead a request to another place than is written.
    #[error("cannot plan `{playbook}`: `{url}` leads somewhere else than it says")]
    Astray {
        /// The playbook.
        playbook: String,
        /// The URL.
        url: String,
    },
    /// A step names a site that the policy does not have.
    #[error("cannot plan `{playbook}`: the policy has no site `{site}`")]
    NoSite {
        /// The playbook.
        playbook: String,
        /// The site.
        site: String,
    },
}

/// The plan of a playbook. The same arguments and facts give the same plan on every site.
pub fn plan(playbook: &Playbook, arguments: &Arguments, facts: &RouteFacts) -> Result<Plan, PlanError> {
    let planning = Planning { playbook, arguments, facts };
    let name = || playbook.name.as_str().to_owned();
    playbook.inputs.fit(&arguments.given).map_err(|unfit| PlanError::Unfit { playbook: name(), unfit })?;
    let steps: Vec<Vec<PlannedStep>> =
        playbook.steps.iter().map(|step| planning.steps(step)).collect::<Result<_, _>>()?;
    let steps = steps.into_iter().flatten().collect();
    Ok(Plan {
        playbook: playbook.name.clone(),
        route: arguments.route.clone(),
        from: arguments.from.clone(),
        to: arguments.to.clone(),
        steps,
    })
}

struct Planning<'a> {
    playbook: &'a Playbook,
    arguments: &'a Arguments,
    facts: &'a RouteFacts,
}

impl Planning<'_> {
    /// A step as it is done: once, or once at each site.
    fn steps(&self, step: &PlaybookStep) -> Result<Vec<PlannedStep>, PlanError> {
        let sites = || self.facts.sites.iter().cloned();
        let at: Vec<At> = match &step.at {
            Doer::Executor => vec![At::Executor],
            Doer::Leader => vec![At::Leader],
            Doer::Site(site) => vec![At::Site(self.site(site)?)],
            Doer::All => sites().map(At::Site).collect(),
            Doer::Reachable => sites().map(At::Reachable).collect(),
        };
        at.into_iter().map(|at| self.step(step, at)).collect()
    }

    /// A site that does something: it must be one of the policy's, or nobody would ever do it.
    fn site(&self, template: &Template) -> Result<SiteId, PlanError> {
        let site = SiteId::new(self.filled(template)?).site();
        if self.facts.sites.contains(&site) {
            return Ok(site);
        }
        let playbook = self.playbook.name.as_str().to_owned();
        Err(PlanError::NoSite { playbook, site: site.to_string() })
    }

    fn step(&self, step: &PlaybookStep, at: At) -> Result<PlannedStep, PlanError> {
        let ensure = self.ensure(&step.ensure, step.timeout)?;
        let undo = self.undo(&step.undo, &ensure)?;
        Ok(PlannedStep {
            ensure,
            undo,
            at,
            timeout: step.timeout,
            attempts: step.attempts,
            backoff: step.backoff,
            if_failed: step.if_failed,
        })
    }

    fn ensure(&self, wish: &Wish, timeout: Duration) -> Result<Ensure, PlanError> {
        match wish {
            Wish::Wait { lasts } => Ok(Ensure::Waited { lasts: self.long(lasts) }),
            Wish::SiteReady { site, steady, patience } => Ok(Ensure::SiteReady {
                site: SiteId::new(self.filled(site)?),
                steady: steady.as_ref().map_or(Duration::ZERO, |steady| self.long(steady)),
                patience: patience.as_ref().map_or(timeout, |patience| self.long(patience)),
            }),
            Wish::Http(wish) => self.switch(wish).map(|switch| Ensure::Http(Box::new(switch))),
            Wish::Exec { command, check } => {
                Ok(Ensure::Exec { command: command.clone(), check: check.clone() })
            }
            Wish::Notify { text } => Ok(Ensure::Notify { text: self.filled(text)? }),
            Wish::RoutePointsAt { route, site } => {
                self.same_route(self.filled(route)?)?;
                self.points_at(&SiteId::new(self.filled(site)?))
            }
        }
    }

    /// A switch with its values in their places; none of them may lead to another place than is written.
    fn switch(&self, wish: &HttpWish) -> Result<Switch, PlanError> {
        let shows = wish.shows.as_ref().map(|shows| {
            let was = shows.was.as_ref().map(|was| self.filled(was)).transpose()?;
            Ok(Shows { pointer: shows.pointer.clone(), is: self.filled(&shows.is)?, was })
        });
        let url = self.url(&wish.url)?;
        Ok(Switch {
            address: wish.address,
            method: wish.method,
            read: wish.read.as_ref().map_or(Ok(url.clone()), |read| self.url(read))?,
            url,
            body: wish.body.as_ref().map(|body| self.filled(body)).transpose()?,
            expect: wish.expect.clone(),
            read_expect: wish.read_expect.clone(),
            shows: shows.transpose()?,
            secret: wish.secret.clone(),
        })
    }

    fn url(&self, template: &Template) -> Result<String, PlanError> {
        let url = self.filled(template)?;
        let path = url.split('?').next().unwrap_or(&url);
        if path.split('/').any(|part| part == "." || part == "..") {
            let playbook = self.playbook.name.as_str().to_owned();
            return Err(PlanError::Astray { playbook, url });
        }
        Ok(url)
    }

    /// The undo goes from what the step brings about back to what its site shows; the unknown has no way back.
    fn undo(&self, back: &WayBack, ensure: &Ensure) -> Result<Undo, PlanError> {
        let wish = match back {
            WayBack::No(why) => return Ok(Undo::No(why.clone())),
            WayBack::Wish(wish) => wish,
        };
        let Ensure::RoutePointsAt { numbers: forward, .. } = ensure else {
            return self.ensure(wish, Duration::ZERO).map(Undo::Ensure);
        };
        if self.arguments.from.is_none() {
            return Ok(Undo::No("nobody knows where the route rang before".to_owned()));
        }
        if let Some(unread) = forward.iter().find(|pointing| pointing.from.is_none()) {
            return Ok(Undo::No(format!("nobody has read what {} showed before", unread.number)));
        }
        let mut back = self.ensure(wish, Duration::ZERO)?;
        if let Ensure::RoutePointsAt { numbers, .. } = &mut back {
            for (back, forward) in numbers.iter_mut().zip(forward) {
                back.from = Some(forward.to.clone());
            }
        }
        Ok(Undo::Ensure(back))
    }

    fn points_at(&self, site: &SiteId) -> Result<Ensure, PlanError> {
        let none = || PlanError::NoNumbers(self.arguments.route.clone());
        let carrier = self.facts.carrier.clone().ok_or_else(none)?;
        if self.facts.numbers.is_empty() {
            return Err(none());
        }
        let pointing = |(number, shows): &(Number, Option<Destination>)| {
            let to = self.facts.destinations.get(&(site.clone(), number.clone())).cloned();
            let lacks = || match site.is_refuge() {
                true => PlanError::NoRefuge(self.arguments.route.clone()),
                false => PlanError::NoDestination { number: number.clone(), site: site.to_string() },
            };
            Ok(Pointing { number: number.clone(), from: shows.clone(), to: to.ok_or_else(lacks)? })
        };
        let numbers = self.facts.numbers.iter().map(pointing).collect::<Result<_, _>>()?;
        Ok(Ensure::RoutePointsAt { carrier, site: site.clone(), numbers })
    }

    fn same_route(&self, found: String) -> Result<(), PlanError> {
        if found == self.arguments.route.as_str() {
            return Ok(());
        }
        let playbook = self.playbook.name.as_str().to_owned();
        Err(PlanError::OtherRoute { playbook, found, wanted: self.arguments.route.clone() })
    }

    /// A time; what is given was held against its kind before.
    fn long(&self, of: &Span) -> Duration {
        match of {
            Span::Is(duration) => *duration,
            Span::Given(name) => {
                let given = self.playbook.inputs.value(name, &self.arguments.given);
                given.and_then(duration_in).unwrap_or_default()
            }
        }
    }

    fn filled(&self, template: &Template) -> Result<String, PlanError> {
        if template.names("from") && self.arguments.from.is_none() {
            return Err(PlanError::NoFrom(self.playbook.name.as_str().to_owned()));
        }
        Ok(template.fill(|name| match name {
            "route" => self.arguments.route.as_str(),
            "from" => self.arguments.from.as_ref().map_or("", SiteId::as_str),
            "to" => self.arguments.to.as_str(),
            "reason" => self.arguments.reason.as_str(),
            other => self.playbook.inputs.value(other, &self.arguments.given).unwrap_or_default(),
        }))
    }
}
