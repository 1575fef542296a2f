//! What a policy gives to judgement, as plain typed values: votes, electorates, blips and the rules of each route.

use crate::policy::Failback;
use jiff::tz::TimeZone;
use state::fact::Mode;
use state::{RouteId, ServiceId, SiteId, Stamp, Subject, View};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

/// The part of a policy by which ballots, verdicts and decisions are judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judge {
    /// Every site with its votes, in the order in which they are spoken of.
    pub sites: Vec<SiteVotes>,
    /// The sites that probe a subject; a subject that is not listed is probed by all.
    pub electorates: BTreeMap<Subject, Vec<SiteId>>,
    /// How long a subject must have been dark before anything moves.
    pub blip: Blip,
    /// The routes and their rules.
    pub routes: BTreeMap<RouteId, RouteRule>,
    /// The levers and their rules.
    pub levers: BTreeMap<RouteId, LeverRule>,
    /// The mode that the policy writes for all routes, if it writes one.
    pub mode: Option<Mode>,
    /// The local time in which hours of the day are meant.
    pub zone: TimeZone,
}

/// A site and the weight of its ballots; a site without votes is never counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteVotes {
    /// The site.
    pub site: SiteId,
    /// Its votes: 1, for a witness 2, for a spectator 0.
    pub votes: u8,
}

/// How long the newest good answer must be gone before a subject counts as down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blip {
    /// For every subject that has none of its own.
    pub default: Duration,
    /// For these.
    pub of: BTreeMap<Subject, Duration>,
}

/// The rules of one route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteRule {
    /// The doors that may have it, the first choice first; the doors of a site stand together.
    pub prefer: Vec<SiteId>,
    /// Those of them from which it moves on by itself, once a better site is steady.
    pub last_resort: Vec<SiteId>,
    /// When it goes home by itself, if it does.
    pub failback: Option<Failback>,
    /// What stands for its refuge, if it has one.
    pub refuge: Option<SiteId>,
    /// Where its carrier's calls come from, and each site asks whether they can reach it.
    pub signalling: Vec<SocketAddr>,
    /// The service that must answer at a site; `pbx` where none is named.
    pub services: BTreeMap<SiteId, ServiceId>,
    /// How many automatic switches are allowed.
    pub budget: Budget,
    /// How long a site is no candidate after a run that did not end `done` there.
    pub retry_after: Duration,
    /// The mode that the policy writes for this route, if it writes one.
    pub mode: Option<Mode>,
}

/// The rule of one lever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeverRule {
    /// What it watches.
    pub watches: Subject,
    /// How long that must have been dark before the lever is pulled.
    pub after: Duration,
    /// Whether something is played once it is up again.
    pub lets_go: bool,
    /// How many of `beside` must hold for the lever to be pulled; 0 asks for none.
    pub keep_up: usize,
    /// The same service wherever else it is probed.
    pub beside: Vec<Subject>,
    /// How often it may be pulled and let go by automation.
    pub budget: Budget,
    /// The mode that the policy writes for it, if it writes one.
    pub mode: Option<Mode>,
}

/// How many automatic switches a route may make in a window of cluster time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// So many.
    pub switches: usize,
    /// In so long a time.
    pub window: Duration,
}

/// Everything that a judgement may look at: the rules, what was agreed, and the cluster's time.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// By which rules.
    pub judge: &'a Judge,
    /// On what was agreed.
    pub view: &'a View,
    /// When, in cluster time.
    pub now: Stamp,
}

impl Judge {
    /// The sites whose ballots on a subject count, with their votes, in the order of the policy: none for a carrier,
    /// because each site speaks of its own way there only.
    pub fn electorate<'a>(&'a self, subject: &Subject) -> impl Iterator<Item = &'a SiteVotes> {
        let only = self.electorates.get(subject);
        let judged = !subject.is_carrier();
        let asked = move |site: &SiteId| judged && only.is_none_or(|only| only.contains(site));
        self.sites.iter().filter(move |site| site.votes > 0 && asked(&site.site))
    }

    /// The blip of a subject.
    pub fn blip_of(&self, subject: &Subject) -> Duration {
        self.blip.of.get(subject).copied().unwrap_or(self.blip.default)
    }
}

impl RouteRule {
    /// Whether it ever matters for how long a site could have had this route.
    pub fn waits(&self) -> bool {
        self.refuge.is_some() || self.failback.is_some() || !self.last_resort.is_empty()
    }

    /// What must answer at a site for the site to have this route.
    pub fn subject(&self, site: &SiteId) -> Subject {
        match self.services.get(site) {
            Some(service) => Subject { site: site.clone(), service: service.clone() },
            None => Subject::pbx(site),
        }
    }
}
