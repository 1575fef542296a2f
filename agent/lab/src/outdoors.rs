//! A cluster on real wires: four real agents, their PBXs and a carrier, each on a host with a network of its own.

pub mod network;

use crate::carrier::Carrier;
use crate::carrier::setup::{Setup, SetupError};
use crate::chamber::{Chamber, ChamberError};
use crate::pbx::{Pbx, PbxError};
use crate::rig::{Agent, NUMBER, RigError, SITES, find_pointsman};
use agent::init::{InitError, InitSite};
use network::{HOSTS, Network, address, pbx};
use nix::sched::{CloneFlags, setns};
use state::SiteId;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::mpsc;
use tempfile::TempDir;
use thiserror::Error;
use tokio::sync::oneshot;

/// The login that the agents use at the lab's carrier; it opens nothing else.
const ACCOUNT: (&str, &str) = ("bytemark", "lab-only");

/// Where agents, PBXs and the carrier listen.
const PORTS: (u16, u16, u16) = (7701, 5060, 7777);

/// Why there is no cluster.
#[derive(Debug, Error)]
pub enum OutdoorsError {
    /// No network.
    #[error(transparent)]
    Chamber(#[from] ChamberError),
    /// The bundles.
    #[error("cannot make the bundles")]
    Init(#[from] InitError),
    /// The carrier.
    #[error("cannot start the carrier")]
    Carrier(#[from] SetupError),
    /// A PBX.
    #[error("cannot start a PBX")]
    Pbx(#[from] PbxError),
    /// An agent.
    #[error(transparent)]
    Agent(#[from] RigError),
    /// A file or a thread.
    #[error("cannot {what}")]
    System {
        /// What was tried.
        what: String,
        /// The system's words.
        source: io::Error,
    },
}

/// The cluster. Dropping it ends the agents and removes every file and namespace.
pub struct Outdoors {
    agents: BTreeMap<&'static str, Agent>,
    /// The carrier; its sockets are on its own host.
    pub carrier: Carrier,
    _residents: Vec<Resident>,
    /// The wires.
    pub network: Network,
    dir: TempDir,
}

/// Something that lives on a host, in a thread that has moved there.
struct Resident {
    _leave: oneshot::Sender<()>,
}

impl Outdoors {
    /// Puts up everything but the agents, judged at this pace, as a policy writes it.
    ///
    /// # Errors
    /// Names what this machine lacks, or what failed.
    pub fn put_up(pace: &str) -> Result<Self, OutdoorsError> {
        let network = Network::open()?;
        let dir = tempfile::Builder::new().prefix("pointsman-lab-").tempdir();
        let dir = dir.map_err(system("make a folder"))?;
        let mut residents = Vec::new();
        for site in SITES {
            let at = SocketAddr::new(pbx(site.name), PORTS.1);
            let place = place(&network, site.name)?;
            let started = async move { Ok(Pbx::start(at, &[]).await?) };
            let (_, resident) = settle(place, started, Keep::Here)?;
            residents.push(resident);
        }
        let setup = setup()?;
        let place = place(&network, "carrier")?;
        let started = async move { Ok(Carrier::start(setup).await?) };
        let (carrier, resident) = settle(place, started, Keep::Away)?;
        residents.push(resident);
        let carrier = carrier.ok_or_else(|| system("start the carrier")(io::ErrorKind::Other.into()))?;
        let outdoors = Self { agents: BTreeMap::new(), carrier, _residents: residents, network, dir };
        outdoors.bear(pace)?;
        Ok(outdoors)
    }

    fn bear(&self, pace: &str) -> Result<(), OutdoorsError> {
        let listen = |site: &str| SocketAddr::new(address(site), PORTS.0);
        let sites: Vec<InitSite> = SITES
            .iter()
            .map(|site| InitSite {
                site: SiteId::new(site.name),
                peers: listen(site.name),
                secrets: Vec::new(),
            })
            .collect();
        agent::init::birth(&self.dir.path().join("cluster"), "bytemark", &sites, &policy(pace))?;
        for site in SITES {
            let folder = self.folder(site.name);
            let text = format!(
                "site: {}\nlisten: {{ peers: {} }}\nstate: state\ncontrol: control.sock\n",
                site.name,
                listen(site.name)
            );
            let secret = folder.join("secrets/magrathea");
            std::fs::write(folder.join("site.yaml"), text)
                .and_then(|()| crate::rig::write_secret(&secret, &format!("{}\n{}\n", ACCOUNT.0, ACCOUNT.1)))
                .map_err(system("write a site's files"))?;
        }
        Ok(())
    }

    /// Starts all four agents, each on its host.
    ///
    /// # Errors
    /// When one cannot be started.
    pub fn start_all(&mut self) -> Result<(), OutdoorsError> {
        let pointsman = find_pointsman()?;
        for site in SITES {
            let Some(host) = self.network.host(site.name) else { continue };
            let agent = Agent::start(host.launch().command(&pointsman), &self.folder(site.name));
            self.agents.insert(site.name, agent.map_err(system("start an agent"))?);
        }
        Ok(())
    }

    /// The agent of a site, if it was started.
    pub fn agent(&mut self, site: &str) -> Option<&mut Agent> {
        self.agents.get_mut(site)
    }

    /// The folder of one site.
    pub fn folder(&self, site: &str) -> PathBuf {
        self.dir.path().join("cluster").join(site)
    }

    /// The site that a destination means.
    pub fn site_of(&self, destination: &str) -> Option<&'static str> {
        let host = destination.rsplit_once('@')?.1;
        SITES.iter().find(|site| pbx(site.name).to_string() == host).map(|site| site.name)
    }
}

fn system(what: &str) -> impl FnOnce(io::Error) -> OutdoorsError {
    let what = what.to_owned();
    move |source| OutdoorsError::System { what, source }
}

/// The network namespace of a host, to be moved into.
fn place(network: &Network, name: &str) -> Result<(String, File), OutdoorsError> {
    let keeper = network.host(name).map_or(0, Chamber::keeper);
    let file = File::open(format!("/proc/{keeper}/ns/net")).map_err(system("open a namespace"))?;
    Ok((name.to_owned(), file))
}

/// Who owns what was started on a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keep {
    /// The host's own thread.
    Here,
    /// Whoever asked for it; its sockets stay where they are.
    Away,
}

/// Starts something in a thread on a host, and leaves it there until the resident is dropped.
fn settle<T: Send + 'static>(
    (name, namespace): (String, File),
    start: impl Future<Output = Result<T, OutdoorsError>> + Send + 'static,
    keep: Keep,
) -> Result<(Option<T>, Resident), OutdoorsError> {
    let (leave, left) = oneshot::channel::<()>();
    let (tell, told) = mpsc::channel();
    let live = move || {
        let runtime = setns(namespace, CloneFlags::CLONE_NEWNET)
            .map_err(io::Error::from)
            .and_then(|()| tokio::runtime::Builder::new_current_thread().enable_all().build());
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(source) => return drop(tell.send(Err(system("move to a host")(source)))),
        };
        runtime.block_on(async {
            let mut kept = None;
            let started = start.await.map(|started| match keep {
                Keep::Away => Some(started),
                Keep::Here => {
                    kept = Some(started);
                    None
                }
            });
            // Whoever asked is gone: then so is this.
            if tell.send(started).is_ok() {
                let _ = left.await;
            }
            drop(kept);
        });
    };
    let spawned = std::thread::Builder::new().name(name).spawn(live);
    spawned.map_err(system("start a thread"))?;
    let gone = |_| system("move to a host")(io::ErrorKind::BrokenPipe.into());
    let started = told.recv().map_err(gone)??;
    Ok((started, Resident { _leave: leave }))
}

fn setup() -> Result<Setup, SetupError> {
    let mut setup = Setup::at(SocketAddr::new(address("carrier"), PORTS.2))
        .account(&format!("{}:{}", ACCOUNT.0, ACCOUNT.1))?
        .number(&format!("{NUMBER}=S:44{}@{}", &NUMBER[1..], pbx("london")))?;
    setup.labels = HOSTS.iter().map(|(name, _)| (address(name), (*name).to_owned())).collect();
    Ok(setup)
}

fn policy(pace: &str) -> String {
    let sites: String = SITES
        .iter()
        .map(|site| {
            let (name, votes) = (site.name, site.votes);
            format!("  {name}: {{ votes: {votes}, address: {}, pbx: {} }}\n", address(name), pbx(name))
        })
        .collect();
    format!(
        "cluster: bytemark\ntimezone: Europe/London\nmode: auto\npace: {pace}\nsites:\n{sites}\
         carriers:\n  magrathea: {{ ntsapi: {{ host: {}, port: {}, tls: plain }} }}\n\
         routes:\n  main:\n    carrier: magrathea\n    numbers: [\"{NUMBER}\"]\n    to: S:$number@$pbx\n    \
         prefer: [london, manchester, netherlands, office]\n\
         people:\n  matthew: {{ mail: matthew@example.com }}\nalerts:\n  \
         mail: {{ from: pointsman@example.com, relays: [192.0.2.25] }}\n  tell: [matthew]\n",
        address("carrier"),
        PORTS.2,
    )
}
