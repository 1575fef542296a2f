//! The hands' one door: every effect that touches the world goes through here, and nothing else calls an adapter.

mod entrance;
mod exec;
mod fences;
mod held;
mod histogram;
mod knock;
mod look;
mod numbers;
mod order;
pub mod outcome;
mod reins;
mod session;
mod survey;
mod switch;
mod watch;

pub use crate::carriers::ntsapi::{Login, Transport, Trust};
pub use histogram::Histogram;

use crate::event::{Effect, Event, Order, Point, Report};
use crate::probes::means::Means;
use crate::resolve::HostPort;
use crate::site::{Secrets, SiteFile};
use entrance::Entrance;
use fences::Refusal;
use policies::policy::{Carrier, Tls};
use reins::Reins;
use session::Sessions;
use state::fact::Was;
use state::{CarrierId, Index, Mono, Nonce, Number};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use survey::Ground;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use watch::Watch;

/// What the hands are started with.
#[derive(Debug)]
pub struct Config {
    /// The site's own address, from which carriers and subjects are reached; `None` leaves it to the routes.
    pub bind: Option<IpAddr>,
    /// Where the logins are; each is read again for every login.
    pub secrets: Secrets,
    /// The folder in which each carrier's last good address is kept, in a file of the carrier's name.
    pub addresses: PathBuf,
    /// All that probes and playbooks may ever run, by name.
    pub commands: BTreeMap<String, Vec<String>>,
    /// A file of authorities that HTTP probes believe beside this machine's own roots.
    pub authorities: Option<PathBuf>,
    /// The site file, whose folders, bundle and PBX are looked at; without it only carriers are.
    pub site: Option<Arc<SiteFile>>,
    /// The carriers of the policy in force.
    pub carriers: Vec<CarrierSetup>,
    /// Where results go.
    pub events: mpsc::Sender<Event>,
}

/// How one carrier is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarrierSetup {
    /// Its name in the policy, which is also its secret's.
    pub name: CarrierId,
    /// Where it is.
    pub at: HostPort,
    /// Plain or TLS, and whose certificates are believed.
    pub transport: Transport,
}

/// The hands of one agent. Dropping them stops everything: no SET is begun after that.
#[derive(Debug)]
pub struct Hands {
    reins: Arc<Reins>,
    runtime: Handle,
    bind: Option<IpAddr>,
    secrets: Secrets,
    addresses: PathBuf,
    site: Option<Arc<SiteFile>>,
    carriers: BTreeMap<CarrierId, (CarrierSetup, Arc<Entrance>)>,
    sessions: Sessions,
    watch: Watch,
    means: Arc<Means>,
    /// What was ordered that is no number, to be stopped with the hands.
    orders: Vec<AbortHandle>,
}

impl Hands {
    /// Starts the resolvers of all carriers; call it within a tokio runtime.
    pub fn new(config: Config) -> Self {
        let Config { bind, secrets, addresses, commands, authorities, site, carriers, events } = config;
        let tls = OnceLock::new();
        let manager = site.as_ref().and_then(|site| site.pbx.as_ref()?.ami);
        let refused = Arc::default();
        let means = Means { bind, secrets: secrets.clone(), manager, refused, commands, authorities, tls };
        let means = Arc::new(means);
        let runtime = Handle::current();
        let reins = Arc::new(Reins::new(events, runtime.clone()));
        let mut hands = Self {
            sessions: Sessions::new(Arc::clone(&reins)),
            watch: Watch::new(Arc::clone(&reins), Arc::clone(&means)),
            means,
            orders: Vec::new(),
            reins,
            runtime,
            bind,
            secrets,
            addresses,
            site,
            carriers: BTreeMap::new(),
        };
        hands.reach(carriers);
        hands
    }

    /// Takes the carriers of a new policy. One that did not change keeps its resolver, and one that did still
    /// knows which credentials were refused.
    pub fn reach(&mut self, carriers: Vec<CarrierSetup>) {
        let _within = self.runtime.enter();
        let mut before = std::mem::take(&mut self.carriers);
        for setup in carriers {
            let entrance = match before.remove(&setup.name) {
                Some((same, entrance)) if same == setup => entrance,
                Some((_, entrance)) => Arc::new(self.entrance(&setup).after(&entrance)),
                None => Arc::new(self.entrance(&setup)),
            };
            self.carriers.insert(setup.name.clone(), (setup, entrance));
        }
    }

    fn entrance(&self, setup: &CarrierSetup) -> Entrance {
        let file = self.addresses.join(format!("{}.address", setup.name));
        Entrance::new(setup, self.secrets.clone(), file).bound_to(self.bind).halted_by(self.reins.halt())
    }

    /// Does it, or has it done: never blocks, and what comes of it comes as an event.
    pub fn act(&mut self, effect: Effect) {
        match effect {
            Effect::Prepare { nonce, carrier, until } => self.prepare(nonce, &carrier, until),
            Effect::Release { nonce } => self.sessions.release(nonce),
            Effect::Point(point) => self.point(point),
            Effect::Revoke { fence } => self.reins.fences.revoke(fence),
            Effect::Notify { fence, text } => self.notify(fence, &text),
            Effect::Equip { nonce, ensure } => order::equip(&self.reins, &self.means, (nonce, &ensure)),
            Effect::Ensure(order) => self.ensure(order),
            Effect::See { id, ensure, within } => {
                self.orders.retain(|order| !order.is_finished());
                self.orders.extend(order::see(&self.reins, &self.means, (id, &ensure), within));
            }
            Effect::Look(look) => match self.carriers.get(&look.carrier) {
                Some((_, entrance)) => look::start(&self.reins, entrance, look),
                None => {
                    let found = Err(unknown(&look.carrier));
                    self.reins.tell(Event::Looked { id: look.id, found });
                }
            },
            Effect::Knock { carrier, within } => {
                if let Some((_, entrance)) = self.carriers.get(&carrier) {
                    knock::start(&self.reins, entrance, (carrier, within));
                }
            }
            Effect::Survey(survey) => survey::start(self.ground(), survey),
            Effect::Watch(plans) => {
                let _within = self.runtime.enter();
                self.watch.over(plans);
            }
            Effect::Reach(carriers) => {
                self.reach(carriers.iter().filter_map(setup).collect());
                self.reins.tell(Event::Secrets(self.held()));
            }
            effect @ (Effect::Answer { .. } | Effect::Link(_) | Effect::Rewrite(_)) => {
                tracing::error!("what is not theirs was given to the hands: {effect:?}");
            }
        }
    }

    /// What a survey is made with.
    fn ground(&self) -> Ground {
        let entrance = |(id, (_, entrance)): (&CarrierId, &(CarrierSetup, Arc<Entrance>))| {
            (id.clone(), Arc::clone(entrance))
        };
        Ground {
            reins: Arc::clone(&self.reins),
            entrances: self.carriers.iter().map(entrance).collect(),
            site: self.site.clone(),
            bind: self.bind,
        }
    }

    /// The carriers whose secret is here.
    fn held(&self) -> Vec<CarrierId> {
        let held = |id: &&CarrierId| match self.secrets.read(id.as_str()) {
            Ok(_) => true,
            Err(why) => {
                tracing::warn!("this site will not act at {id}: {why}");
                false
            }
        };
        self.carriers.keys().filter(held).cloned().collect()
    }

    fn prepare(&mut self, nonce: Nonce, carrier: &CarrierId, until: Mono) {
        match self.carriers.get(carrier) {
            Some((_, entrance)) => self.sessions.prepare(nonce, Arc::clone(entrance), until),
            None => self.reins.tell(Event::Unprepared { nonce, why: unknown(carrier) }),
        }
    }

    fn point(&mut self, point: Point) {
        let lines: Vec<Number> = point.batch.iter().map(|(pointing, _)| pointing.number.line()).collect();
        let (point, why) = match self.reins.fences.take(point.fence, lines.iter()) {
            Ok(()) => match self.sessions.point(point) {
                Ok(()) => return,
                Err(point) => (point, "no session is prepared for it any more".to_owned()),
            },
            Err(Refusal::Repeated) => {
                // The first order reports: whatever were said here would be said of that attempt too.
                tracing::error!(fence = point.fence.0, "the same attempt was ordered twice");
                return;
            }
            Err(refusal @ (Refusal::Lower { .. } | Refusal::Twice(_))) => (point, refusal.to_string()),
        };
        self.sessions.release(point.nonce);
        let report = outcome::unsent(&point, &why);
        self.reins.tell(Event::Executed { fence: point.fence, report });
    }

    /// An attempt at something that is no number: fenced like any other.
    fn ensure(&mut self, order: Order) {
        match self.reins.fences.take(order.fence, order.writes.iter()) {
            Ok(()) => {
                self.orders.retain(|order| !order.is_finished());
                self.orders.extend(order::start(&self.reins, &self.means, order));
            }
            Err(Refusal::Repeated) => {
                tracing::error!(fence = order.fence.0, "the same attempt was ordered twice");
            }
            Err(refusal @ (Refusal::Lower { .. } | Refusal::Twice(_))) => {
                let report = outcome::untried(&order, &refusal.to_string());
                self.reins.tell(Event::Executed { fence: order.fence, report });
            }
        }
    }

    fn notify(&self, fence: Index, text: &str) {
        tracing::warn!(target: "pointsman::notify", fence = fence.0, "{text}");
        let report = Report { was: Was::Right, outcomes: Vec::new(), note: None, late: Vec::new() };
        self.reins.tell(Event::Executed { fence, report });
    }

    /// How many writes ended later than their window allows; each was reset and reported.
    pub fn late_writes(&self) -> u64 {
        self.reins.spans.late()
    }

    /// From the last look at the clock to the end of the write, for every SET of this process.
    pub fn histogram(&self) -> Histogram {
        self.reins.spans.histogram()
    }
}

impl Drop for Hands {
    fn drop(&mut self) {
        self.reins.let_go();
        self.orders.iter().for_each(AbortHandle::abort);
    }
}

fn unknown(carrier: &CarrierId) -> String {
    format!("the policy here has no carrier `{carrier}`")
}

/// How a carrier of the policy is reached.
fn setup(carrier: &Carrier) -> Option<CarrierSetup> {
    let text = match carrier.host.parse::<IpAddr>() {
        Ok(ip) => SocketAddr::new(ip, carrier.port).to_string(),
        Err(_) => format!("{}:{}", carrier.host, carrier.port),
    };
    let transport = match carrier.tls {
        Tls::Plain => Transport::Plain,
        Tls::Verified => Transport::Tls { name: carrier.host.clone(), trust: Trust::Platform },
    };
    match text.parse() {
        Ok(at) => Some(CarrierSetup { name: carrier.id.clone(), at, transport }),
        Err(why) => {
            tracing::error!("carrier {} cannot be reached: {why}", carrier.id);
            None
        }
    }
}
