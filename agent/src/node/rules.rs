//! The policy in force, as the node uses it: plain values, made once when a text is agreed.

use crate::live::asks::Asks;
use crate::probes::plan::{About, Kind, ProbePlan};
use crate::probes::sip;
use policies::Policy;
use policies::errand::Occasion;
use policies::judge::{Blip, Budget, Judge, LeverRule, RouteRule, SiteVotes};
use policies::limits::{CONTACT_EVERY, RETRY_AFTER};
use policies::policy::{Carrier, Deadman, Lever, Pace, Playbooks, Reach, Route, Site};
use state::fact::{Reading, Seated};
use state::{CarrierId, Destination, Number, PlaybookId, RouteId, SiteId, Subject};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

/// Everything in a policy that the node needs.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The cluster's name.
    pub cluster: String,
    /// The short name of the text.
    pub digest: String,
    /// By which ballots, verdicts and decisions are judged. Its votes are those that count, once that is known: the
    /// policy's are a wish.
    pub judge: Judge,
    /// The votes that the policy wishes for each site.
    pub wished: BTreeMap<SiteId, u8>,
    /// Every door of every site, in the policy's order.
    pub doors: Vec<SiteId>,
    /// The routes, in the policy's order.
    pub routes: Vec<RouteRules>,
    /// What is moved and is no route, in the policy's order.
    pub levers: Vec<Lever>,
    /// When automation hands over to people.
    pub deadman: Deadman,
    /// Where each site's agent listens.
    pub addresses: Vec<(SiteId, SocketAddr)>,
    /// The carriers.
    pub carriers: Vec<Carrier>,
    /// How gently each carrier is asked whether it is reached.
    pub reaches: BTreeMap<CarrierId, Reach>,
    /// How many numbers a carrier takes in a second.
    pub rates: BTreeMap<CarrierId, u32>,
    /// How many numbers one attempt may cover at a carrier.
    pub batches: BTreeMap<CarrierId, usize>,
    /// What is watched, by every site.
    pub subjects: BTreeMap<Subject, Pace>,
    /// What this site probes.
    pub probes: Vec<ProbePlan>,
    /// What is looked at here once a night.
    pub asks: Asks,
}

/// One route of the policy.
#[derive(Clone, Debug)]
pub struct RouteRules {
    /// Its name.
    pub route: RouteId,
    /// Who holds its numbers.
    pub carrier: CarrierId,
    /// Its numbers, the first one first, each with where it points for every door of every site, and for its refuge.
    pub numbers: Vec<(Number, BTreeMap<SiteId, Destination>)>,
    /// What stands behind, by the names of the slots: what the policy says of each number's slots 2 and 3.
    pub behind: BTreeMap<Number, Destination>,
    /// What is played for it.
    pub playbooks: Playbooks,
}

/// Whether verdicts are of the same votes as before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weights {
    /// They are.
    AsBefore,
    /// Whatever was counted must be counted anew.
    Others,
}

impl RouteRules {
    /// What is played on an occasion; nothing on those of a lever.
    pub fn played(&self, occasion: Occasion) -> Option<&PlaybookId> {
        match occasion {
            Occasion::SiteDown => Some(&self.playbooks.site_down),
            Occasion::NoneLeft => Some(&self.playbooks.none_left),
            Occasion::SiteBack => Some(&self.playbooks.site_back),
            Occasion::Pull | Occasion::LetGo => None,
        }
    }

    /// Whether a number can point there: a door of a site of the policy, or the refuge if the route has one.
    pub fn leads_to(&self, site: &SiteId) -> bool {
        self.numbers.iter().all(|(_, destinations)| destinations.contains_key(site))
    }
}

impl Rules {
    /// Makes rules of a policy text, as seen from one site.
    ///
    /// # Errors
    /// The faults of the text, as `pointsman check` shows them.
    pub fn read(text: &str, here: &SiteId) -> Result<Self, String> {
        let policy = Policy::read("the agreed policy", text).map_err(|report| report.to_string())?;
        let routes = policy.routes.iter().map(|route| RouteRules {
            route: route.id.clone(),
            carrier: route.carrier.clone(),
            numbers: route.numbers.iter().map(|number| destinations(&policy, route, number)).collect(),
            behind: route.numbers.iter().flat_map(|number| policy.behind(route, number)).collect(),
            playbooks: route.playbooks.clone(),
        });
        Ok(Self {
            digest: state::chain::digest(text),
            judge: judge(&policy),
            wished: policy.sites.iter().map(|site| (site.id.clone(), site.votes)).collect(),
            doors: policy.sites.iter().flat_map(Site::doors).map(|(door, _)| door).collect(),
            routes: routes.collect(),
            reaches: policy.carriers.iter().map(|c| (c.id.clone(), policy.reach(&c.id))).collect(),
            rates: policy.carriers.iter().map(|carrier| (carrier.id.clone(), carrier.rate)).collect(),
            batches: policy.carriers.iter().map(|carrier| (carrier.id.clone(), carrier.batch())).collect(),
            subjects: policy.subjects().into_iter().map(|s| (s.clone(), policy.pace(&s))).collect(),
            probes: probes(&policy, here),
            asks: Asks::of(&policy, here),
            addresses: policy.sites.iter().map(|site| (site.id.clone(), site.address)).collect(),
            levers: policy.levers,
            deadman: policy.deadman,
            cluster: policy.cluster,
            carriers: policy.carriers,
        })
    }

    /// One route's rules.
    pub fn route(&self, route: &RouteId) -> Option<&RouteRules> {
        self.routes.iter().find(|rules| rules.route == *route)
    }

    /// The rule of one lever.
    pub fn lever(&self, lever: &RouteId) -> Option<&Lever> {
        self.levers.iter().find(|rule| rule.id() == *lever)
    }

    /// The carriers that hold a route's numbers, each once.
    pub fn carriers_used(&self) -> impl Iterator<Item = &CarrierId> {
        let used: BTreeSet<&CarrierId> = self.routes.iter().map(|route| &route.carrier).collect();
        used.into_iter()
    }

    /// How gently a carrier is asked.
    pub fn reach(&self, carrier: &CarrierId) -> Reach {
        self.reaches.get(carrier).copied().unwrap_or(Reach::USUAL)
    }

    /// The sites, in the policy's order.
    pub fn sites(&self) -> impl Iterator<Item = &SiteId> {
        self.judge.sites.iter().map(|site| &site.site)
    }

    /// All votes that the policy wishes.
    pub fn votes(&self) -> u32 {
        self.wished.values().copied().map(u32::from).sum()
    }

    /// The votes that the policy wishes for one site.
    pub fn votes_of(&self, site: &SiteId) -> u8 {
        self.wished.get(site).copied().unwrap_or_default()
    }

    /// Verdicts are of these votes from now on. Whether that is news.
    pub fn weigh(&mut self, seated: &[Seated]) -> Weights {
        let theirs = |site: &SiteId| seated.iter().find(|seat| seat.site == *site);
        let votes = |site: &SiteId| theirs(site).map_or(0, |seat| seat.voters.len());
        let mut weights = Weights::AsBefore;
        for site in &mut self.judge.sites {
            let now = u8::try_from(votes(&site.site)).unwrap_or(u8::MAX);
            if std::mem::replace(&mut site.votes, now) != now {
                weights = Weights::Others;
            }
        }
        weights
    }

    /// The doors that may have a route, the first choice first.
    pub fn prefer(&self, route: &RouteId) -> &[SiteId] {
        self.judge.routes.get(route).map(|rule| rule.prefer.as_slice()).unwrap_or_default()
    }

    /// How many numbers the carrier of a route takes in a second.
    pub fn rate(&self, carrier: &CarrierId) -> u32 {
        self.rates.get(carrier).copied().unwrap_or(1)
    }

    /// The door of a site, or the refuge, that every reading of a route means; `None` if they differ or mean neither.
    pub fn site_shown(&self, route: &RouteId, readings: &[Reading]) -> Option<SiteId> {
        let rules = self.route(route)?;
        let means = |site: &&SiteId| {
            readings.iter().all(|reading| {
                let number = rules.numbers.iter().find(|(number, _)| *number == reading.number);
                let wanted = number.and_then(|(_, destinations)| destinations.get(*site));
                wanted.is_some() && wanted == reading.shows.as_ref()
            })
        };
        // In no order: no two places of a policy have the same destination.
        let places = rules.numbers.first().map(|(_, destinations)| destinations.keys());
        places?.find(means).filter(|_| !readings.is_empty()).cloned()
    }
}

/// A number, and where it points for every site, and for the refuge.
fn destinations(policy: &Policy, route: &Route, number: &Number) -> (Number, BTreeMap<SiteId, Destination>) {
    let points = |site: SiteId| policy.destination(route, number, &site).map(|to| (site, to));
    let doors = policy.sites.iter().flat_map(Site::doors).map(|(door, _)| door);
    (number.clone(), doors.chain([SiteId::refuge()]).filter_map(points).collect())
}

fn judge(policy: &Policy) -> Judge {
    let electorate = |subject: &Subject| {
        let sites = policy.electorate(subject).into_iter().map(|site| site.id.clone()).collect();
        (subject.clone(), sites)
    };
    let rule = |route: &Route| RouteRule {
        prefer: policy.doors_of(&route.prefer),
        last_resort: policy.doors_of(&route.last_resort),
        failback: route.failback,
        refuge: route.refuge.as_ref().map(|_| SiteId::refuge()),
        signalling: policy.carrier(&route.carrier).map(|c| policy.signalling(c).to_vec()).unwrap_or_default(),
        services: BTreeMap::new(),
        budget: budget(route.budget),
        retry_after: RETRY_AFTER,
        mode: route.mode,
    };
    let lever = |lever: &Lever| LeverRule {
        watches: lever.watches.clone(),
        after: policy.after(lever),
        lets_go: lever.until_up.is_some(),
        keep_up: lever.keep_up,
        beside: policy.beside(lever),
        budget: budget(lever.budget),
        mode: lever.mode,
    };
    let subjects = policy.subjects();
    Judge {
        sites: policy.sites.iter().map(|s| SiteVotes { site: s.id.clone(), votes: s.votes }).collect(),
        electorates: subjects.iter().map(electorate).collect(),
        blip: Blip {
            default: Pace::CALM.blip,
            of: subjects.iter().map(|s| (s.clone(), policy.pace(s).blip)).collect(),
        },
        routes: policy.routes.iter().map(|route| (route.id.clone(), rule(route))).collect(),
        levers: policy.levers.iter().map(|rule| (rule.id(), lever(rule))).collect(),
        mode: policy.mode,
        zone: policy.timezone.clone(),
    }
}

fn budget(written: policies::policy::Budget) -> Budget {
    Budget { switches: usize::try_from(written.switches).unwrap_or(usize::MAX), window: written.window }
}

/// What one site probes: the subjects that it is asked to, the references, and where its carriers' calls come from.
fn probes(policy: &Policy, here: &SiteId) -> Vec<ProbePlan> {
    let mine = policy.probes.iter().filter(|p| p.by.as_ref().is_none_or(|by| by.contains(here)));
    let subjects = mine.filter_map(|probe| {
        let pace = policy.pace(&probe.subject);
        let about = About::Subject(probe.subject.clone());
        Some(ProbePlan { about, kind: Kind::of(probe)?, every: pace.every, timeout: pace.timeout })
    });
    let own = policy.site(here).map_or(Pace::CALM, |site| site.pace);
    let references = policy.references.iter().map(|target| ProbePlan {
        about: About::Reference(*target),
        kind: Kind::Tcp { target: *target },
        every: own.every,
        timeout: own.timeout,
    });
    let signalling: BTreeSet<SocketAddr> =
        policy.carriers.iter().flat_map(|carrier| policy.signalling(carrier)).copied().collect();
    let contacts: Vec<ProbePlan> = signalling.iter().map(|target| contact(*target, own.timeout)).collect();
    let signalling = signalling.into_iter().map(|target| ProbePlan {
        about: About::Signalling(target),
        kind: Kind::SipOptions { target, transport: sip::Transport::Udp },
        every: own.every,
        timeout: own.timeout,
    });
    subjects.chain(references).chain(signalling).chain(contacts).collect()
}

/// What the PBX beside this agent thinks of an address that calls come from.
fn contact(target: SocketAddr, timeout: Duration) -> ProbePlan {
    let (about, kind) = (About::Contact(target), Kind::Contact { target });
    ProbePlan { about, kind, every: CONTACT_EVERY, timeout }
}
