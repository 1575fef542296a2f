//! A survey: everything that this site leans on is looked at, each thing by its own adapter, and nothing is touched.

use super::entrance::Entrance;
use super::numbers;
use super::reins::Reins;
use crate::ami::sight::{Needed, Pbx};
use crate::clock;
use crate::event::{Event, Survey};
use crate::live::asks::{Asks, CarrierAsk};
use crate::live::{Kind, Sight};
use crate::probes::{icmp, means, smtp};
use crate::program;
use crate::site::SiteFile;
use crate::{ami, links, resolve, site};
use state::{CarrierId, Mono};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// What a survey is made with.
pub struct Ground {
    /// The hands' reins.
    pub reins: Arc<Reins>,
    /// The ways in at the carriers.
    pub entrances: BTreeMap<CarrierId, Arc<Entrance>>,
    /// The site file; without it only the carriers are looked at.
    pub site: Option<Arc<SiteFile>>,
    /// The site's own address.
    pub bind: Option<IpAddr>,
}

/// Starts one beside everything else.
pub fn start(ground: Ground, survey: Survey) {
    let reins = Arc::clone(&ground.reins);
    reins.runtime().clone().spawn(async move {
        let sights = look(&ground, &survey).await;
        ground.reins.tell_with_tally(Event::Surveyed { n: survey.n, sights });
    });
}

async fn look(ground: &Ground, survey: &Survey) -> Vec<Sight> {
    let mut sights = Vec::new();
    if let Some(site) = &ground.site {
        let (site, cluster) = (Arc::clone(site), survey.cluster.clone());
        let files = move || {
            let mut sights = site::sight::look(&site);
            let own = (&site.site, cluster.as_str());
            sights.extend(links::sight::look(&site.bundle, own, clock::wall()));
            sights
        };
        // A disk that hangs keeps nothing waiting but this.
        sights.extend(tokio::task::spawn_blocking(files).await.unwrap_or_default());
    }
    let hosts: Vec<String> = survey.asks.carriers.iter().filter_map(|ask| ask.host.clone()).collect();
    let (carriers, servers, others) =
        tokio::join!(carriers(ground, survey), resolve::sight::look(&hosts), machines(ground, &survey.asks));
    sights.extend(carriers);
    sights.extend(servers);
    sights.extend(others);
    sights.push(icmp::sight(&survey.asks.pinged));
    sights.extend(commands(ground.site.as_deref(), &survey.asks));
    sights
}

/// One after the other: they may be one and the same company.
async fn carriers(ground: &Ground, survey: &Survey) -> Vec<Sight> {
    let mut sights = Vec::new();
    for ask in &survey.asks.carriers {
        let not_before = survey.not_before.get(&ask.carrier).copied().unwrap_or_default();
        sights.extend(carrier(ground, ask, not_before).await);
    }
    sights
}

async fn carrier(ground: &Ground, ask: &CarrierAsk, not_before: Mono) -> Vec<Sight> {
    let name = &ask.carrier;
    let held = ground.site.as_ref().is_none_or(|site| {
        site.secrets.names().is_ok_and(|names| names.iter().any(|held| held == name.as_str()))
    });
    if !held {
        let says = "no secret here, so this site is never chosen to act there";
        let hint = format!("two lines, user and password, in the secret `{name}`; mode 0600");
        return vec![Sight::warning(Kind::Carrier, name, says).hint(hint)];
    }
    let Some(entrance) = ground.entrances.get(name) else {
        return vec![Sight::fault(Kind::Carrier, name, "its address in the policy cannot be used")];
    };
    // Logins too close to each other are misuse.
    tokio::time::sleep(not_before.left(clock::mono()).min(PATIENCE)).await;
    numbers::look(Arc::clone(&ground.reins), Arc::clone(entrance), ask.clone()).await
}

/// A moment that lies further ahead than this is none that was meant.
const PATIENCE: Duration = Duration::from_secs(60);

/// Manager interfaces and mail relays.
async fn machines(ground: &Ground, asks: &Asks) -> Vec<Sight> {
    let mut sights = Vec::new();
    let Some(site) = &ground.site else { return sights };
    let from = |at: SocketAddr| means::source_for(ground.bind, at);
    let own = site.pbx.as_ref().and_then(|pbx| pbx.ami);
    let needed = if asks.greetings > 0 { Needed::Writing } else { Needed::Login };
    let own = own.map(|at| Pbx { at, bind: from(at), secret: means::SECRET.to_owned(), needed });
    let probed = asks.logins.iter().filter(|(at, _)| own.as_ref().is_none_or(|own| own.at != *at));
    let probed = probed.map(|(at, secret)| Pbx {
        at: *at,
        bind: from(*at),
        secret: secret.clone(),
        needed: Needed::Login,
    });
    for pbx in own.iter().cloned().chain(probed) {
        sights.push(ami::sight::look(&pbx, &site.secrets).await);
    }
    for relay in &asks.relays {
        sights.push(smtp::look(*relay, from(*relay)).await);
    }
    sights
}

/// The commands of the site file, and those that probes and playbooks name and it lacks.
fn commands(site: Option<&SiteFile>, asks: &Asks) -> Vec<Sight> {
    let Some(site) = site else { return Vec::new() };
    let mut sights: Vec<Sight> =
        site.commands.iter().map(|(name, words)| program::sight(name, words)).collect();
    for name in asks.commands.iter().filter(|name| !site.commands.contains_key(*name)) {
        let hint = "add it to `commands` in the site file, and restart";
        sights.push(
            Sight::fault(Kind::Command, name, "a probe or a playbook runs it, and the site file has none")
                .hint(hint),
        );
    }
    sights
}
