//! A whole cluster on this machine: four real agents, their PBXs and a carrier, with the lab's wire between all.

mod agents;
mod bytemark;
mod launch;
mod plan;

pub use agents::{Agent, Life, find_pointsman};
pub use launch::Launch;
pub use plan::{NUMBER, Net, Pace, SITES, SiteOfRig};

use crate::carrier::Carrier;
use crate::carrier::setup::{Setup, SetupError};
use crate::pbx::{Condition, Pbx, PbxError};
use crate::wire::{UnknownParty, Wire, WireError};
use agent::init::{InitError, InitSite};
use nix::sys::signal::Signal;
use state::SiteId;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use thiserror::Error;

/// The login that the agents use at the lab's carrier; it opens nothing else.
const ACCOUNT: (&str, &str) = ("bytemark", "lab-only");

/// Why a rig could not be put up.
#[derive(Debug, Error)]
pub enum RigError {
    /// No block of addresses is free.
    #[error("cannot find a free block of loopback addresses: 127.0.0.x to 127.0.{0}.x are in use")]
    NoNet(u8),
    /// The program is missing.
    #[error("cannot find `pointsman` beside this program: looked for `{}`", .0.display())]
    NoPointsman(PathBuf),
    /// A file or folder.
    #[error("cannot write `{}`", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The bundles.
    #[error("cannot make the bundles")]
    Init(#[from] InitError),
    /// The carrier.
    #[error("cannot start the carrier")]
    Carrier(#[from] SetupError),
    /// A PBX.
    #[error("cannot start a PBX")]
    Pbx(#[from] PbxError),
    /// The wire.
    #[error("cannot lay the wire")]
    Wire(#[from] WireError),
    /// A name.
    #[error(transparent)]
    Party(#[from] UnknownParty),
    /// A process.
    #[error("cannot start the agent of {site}")]
    Agent {
        /// Whose.
        site: String,
        /// The system's words.
        source: io::Error,
    },
}

/// Which policy its agents are given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Written {
    /// What a beginner writes: sites, one route, one person.
    #[default]
    Small,
    /// The whole of the example, with its playbooks and its commands.
    Whole,
}

/// How a rig is to be.
#[derive(Clone, Debug)]
pub struct Options {
    /// How fast the agents look.
    pub pace: Pace,
    /// Which policy they are given.
    pub policy: Written,
    /// The numbers of the route, the first one first.
    pub numbers: Vec<String>,
    /// The sites that hold the carrier's secret.
    pub secrets: Vec<&'static str>,
    /// The sites that calls reach by two uplinks.
    pub two_doors: Vec<&'static str>,
    /// In which folder its own is made; the system's for temporary files if it is not named.
    pub within: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        let secrets = SITES.iter().map(|site| site.name).collect();
        Self {
            pace: Pace::Demo,
            policy: Written::Small,
            numbers: vec![NUMBER.to_owned()],
            secrets,
            two_doors: Vec::new(),
            within: None,
        }
    }
}

/// The cluster. Dropping it kills the agents and removes every file.
pub struct Rig {
    /// The network between everything.
    pub wire: Wire,
    /// The carrier.
    pub carrier: Carrier,
    /// The block of addresses that it took.
    pub net: Net,
    pbxs: BTreeMap<&'static str, Pbx>,
    /// What answers where the carrier's calls come from.
    _signalling: Pbx,
    agents: BTreeMap<&'static str, Agent>,
    dir: TempDir,
}

impl Rig {
    /// Puts up everything but the agents.
    pub async fn put_up(options: &Options) -> Result<Self, RigError> {
        let net = Net::free()?;
        let within = options.within.clone().unwrap_or_else(std::env::temp_dir);
        let dir = tempfile::Builder::new().prefix("pointsman-lab-").tempdir_in(&within);
        let dir = dir.map_err(|source| RigError::File { path: within, source })?;
        let wire = Wire::new(net.parties());
        let mut pbxs = BTreeMap::new();
        for site in SITES {
            wire.tcp(site.name, net.peers(site), net.peers_behind(site)).await?;
            pbxs.insert(site.name, Pbx::start(net.pbx_behind(site), &[]).await?);
            wire.udp(site.name, net.pbx(site), net.pbx_behind(site)).await?;
            if options.two_doors.contains(&site.name) {
                wire.udp(site.name, net.second_door(site), net.pbx_behind(site)).await?;
            }
        }
        wire.tcp("carrier", net.carrier(), net.carrier_behind()).await?;
        let carrier = Carrier::start(setup(&net, options)?).await?;
        let signalling = Pbx::start(net.signalling_behind(), &[]).await?;
        wire.udp("carrier", net.signalling(), net.signalling_behind()).await?;
        let agents = BTreeMap::new();
        let rig = Self { wire, carrier, net, pbxs, _signalling: signalling, agents, dir };
        rig.bear(options)?;
        Ok(rig)
    }

    /// Makes the CA, the bundles, the site files and the secrets, as `pointsman init` does.
    fn bear(&self, options: &Options) -> Result<(), RigError> {
        let sites: Vec<InitSite> = SITES
            .iter()
            .map(|site| InitSite {
                site: SiteId::new(site.name),
                peers: self.net.peers_behind(site),
                secrets: Vec::new(),
            })
            .collect();
        let policy = self.net.policy(options);
        agent::init::birth(&self.cluster(), "bytemark", &sites, &policy)?;
        for site in SITES {
            let folder = self.folder(site.name);
            let mut file = self.net.site_file(site);
            if options.policy == Written::Whole {
                file += &bytemark::commands(&self.cluster(), &folder);
                shelve(&folder.join("playbooks"))?;
            }
            write(&folder.join("site.yaml"), &file)?;
            if options.secrets.contains(&site.name) {
                let path = folder.join("secrets/magrathea");
                write_secret(&path, &format!("{}\n{}\n", ACCOUNT.0, ACCOUNT.1))
                    .map_err(|source| RigError::File { path, source })?;
            }
        }
        Ok(())
    }

    fn cluster(&self) -> PathBuf {
        self.dir.path().join("cluster")
    }

    /// The folder of one site.
    pub fn folder(&self, site: &str) -> PathBuf {
        self.cluster().join(site)
    }

    /// Starts the agent of a site, or starts it again.
    pub fn start(&mut self, site: &'static str) -> Result<(), RigError> {
        self.launch(site, &Launch::default())
    }

    /// The same by way of another program.
    pub fn launch(&mut self, site: &'static str, launch: &Launch) -> Result<(), RigError> {
        let folder = self.folder(site);
        let agent = Agent::start(launch.command(&find_pointsman()?), &folder)
            .map_err(|source| RigError::Agent { site: site.to_owned(), source })?;
        self.agents.insert(site, agent);
        Ok(())
    }

    /// Starts all four agents.
    pub fn start_all(&mut self) -> Result<(), RigError> {
        SITES.iter().try_for_each(|site| self.start(site.name))
    }

    /// The agent of a site, if it was started.
    pub fn agent(&mut self, site: &str) -> Option<&mut Agent> {
        self.agents.get_mut(site)
    }

    /// The PBX of a site: running, stopped, hung or draining. Who calls a stopped one is refused at once: the
    /// wire's port is closed with it.
    pub async fn pbx(&mut self, site: &str, condition: Condition) -> Result<(), RigError> {
        let Some(of_rig) = SITES.iter().find(|of_rig| of_rig.name == site) else { return Ok(()) };
        if let Some(pbx) = self.pbxs.get_mut(site) {
            pbx.set(condition).await?;
        }
        let public = self.net.pbx(of_rig);
        match condition {
            Condition::Stopped => self.wire.close(public).await,
            Condition::Running | Condition::Hung | Condition::Draining => self.wire.open(public).await?,
        }
        Ok(())
    }

    /// Agent and PBX of a site are killed; its machine lives, and refuses whoever calls.
    pub async fn kill(&mut self, site: &str) -> Result<(), RigError> {
        if let Some(agent) = self.agents.get_mut(site) {
            agent.kill().await;
        }
        if let Some(of_rig) = SITES.iter().find(|of_rig| of_rig.name == site) {
            self.wire.close(self.net.peers(of_rig)).await;
        }
        self.pbx(site, Condition::Stopped).await
    }

    /// Agent and PBX of a site are stopped as by a debugger: they are there, and say nothing.
    pub async fn freeze(&mut self, site: &str) -> Result<(), RigError> {
        if let Some(agent) = self.agents.get_mut(site) {
            let stopped = agent.signal(Signal::SIGSTOP);
            stopped.map_err(|source| RigError::Agent { site: site.to_owned(), source })?;
        }
        self.pbx(site, Condition::Hung).await
    }

    /// A site loses power: its agent, its PBX and its links fall silent, and nothing is closed.
    pub async fn power_off(&mut self, site: &str) -> Result<(), RigError> {
        self.wire.isolate(site)?;
        if let Some(agent) = self.agents.get_mut(site) {
            agent.kill().await;
        }
        self.pbx(site, Condition::Hung).await
    }

    /// The control socket of a site's agent.
    pub fn socket(&self, site: &str) -> PathBuf {
        self.folder(site).join("control.sock")
    }

    /// Where everything lies.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }
}

fn setup(net: &Net, options: &Options) -> Result<Setup, SetupError> {
    let mut setup = Setup::at(net.carrier_behind()).account(&format!("{}:{}", ACCOUNT.0, ACCOUNT.1))?;
    for number in &options.numbers {
        setup = setup.number(&format!("{number}={}", net.points_at(number, &SITES[0])))?;
    }
    setup.control = Some(net.carrier_control());
    setup.labels = SITES.iter().map(|site| (net.agent(site), site.name.to_owned())).collect();
    Ok(setup)
}

/// The playbooks of the example, in the folder where an agent looks for them.
fn shelve(folder: &Path) -> Result<(), RigError> {
    let made = std::fs::create_dir_all(folder);
    made.map_err(|source| RigError::File { path: folder.to_owned(), source })?;
    let mut all = bytemark::PLAYBOOKS.iter();
    all.try_for_each(|(name, text)| write(&folder.join(format!("{name}.yaml")), text))
}

fn write(path: &Path, text: &str) -> Result<(), RigError> {
    std::fs::write(path, text).map_err(|source| RigError::File { path: path.to_owned(), source })
}

/// A secret as an agent wants it: its owner's alone.
pub(crate) fn write_secret(path: &Path, text: &str) -> io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}
