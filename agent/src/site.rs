//! The site file: what is true of this one machine and never replicated.

mod fault;
mod secrets;
#[cfg(test)]
mod tests;

pub use fault::{SiteFault, SiteFileError};
pub use secrets::{SecretError, Secrets};

use crate::links::name::is_label;
use serde::Deserialize;
use serde_yaml::Spanned;
use state::SiteId;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Where the agent keeps what it remembers, unless `state:` says otherwise.
pub const STATE: &str = "/var/lib/pointsman";

/// Where the CLI finds the agent, unless `control:` says otherwise.
pub const CONTROL: &str = "/run/pointsman/control.sock";

/// What this machine listens at.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listen {
    /// The links of other sites.
    pub peers: SocketAddr,
    /// Asterisk's dialplan.
    pub fastagi: Option<SocketAddr>,
    /// Sorry pages.
    pub http: Option<SocketAddr>,
    /// Sorry pages and status.
    pub https: Option<SocketAddr>,
}

/// The PBX beside this agent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pbx {
    /// Its manager interface; user and secret are in the secret `ami`.
    pub ami: Option<SocketAddr>,
    /// A folder that the PBX reads and the agent may write.
    pub sounds: Option<PathBuf>,
}

/// The site file, read, with every default filled in and every path absolute or beside the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteFile {
    /// Which site this is.
    pub site: SiteId,
    /// The folder with `ca.pem`, `site.pem` and `site.key`; default `bundle` beside the file.
    pub bundle: PathBuf,
    /// What this machine listens at.
    pub listen: Listen,
    /// The PBX beside this agent, if it has one.
    pub pbx: Option<Pbx>,
    /// The folder of secrets; default `secrets` beside the file.
    pub secrets: Secrets,
    /// All that `exec` may ever run: a name, and the program with its arguments.
    pub commands: BTreeMap<String, Vec<String>>,
    /// A file of authorities that HTTP probes believe beside this machine's own roots.
    pub authorities: Option<PathBuf>,
    /// The folder of the database; default [`STATE`].
    pub state: PathBuf,
    /// The control socket; default [`CONTROL`].
    pub control: PathBuf,
    /// The policy, as proposed from here; default `policy.yaml` beside the file.
    pub policy: PathBuf,
    /// The playbooks, as proposed from here; default `playbooks` beside the file.
    pub playbooks: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSiteFile {
    site: Spanned<String>,
    bundle: Option<PathBuf>,
    listen: Listen,
    pbx: Option<Pbx>,
    secrets: Option<PathBuf>,
    #[serde(default)]
    commands: BTreeMap<String, Spanned<Vec<String>>>,
    authorities: Option<PathBuf>,
    state: Option<PathBuf>,
    control: Option<PathBuf>,
    policy: Option<PathBuf>,
    playbooks: Option<PathBuf>,
}

impl SiteFile {
    /// Reads a site file. A path in it that is not absolute is meant from the file's own folder.
    pub fn load(path: &Path) -> Result<Self, SiteFileError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| SiteFileError::Read { path: path.to_owned(), source })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::parse(&text, folder)
            .map_err(|fault| SiteFileError::Fault { path: path.to_owned(), fault: Box::new(fault) })
    }

    /// The same from its text; `folder` is what paths in it are relative to.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, SiteFault> {
        let raw: RawSiteFile =
            serde_yaml::from_str(text).map_err(|error| SiteFault::from_yaml(&error, text))?;
        if !is_label(&raw.site.value) {
            let what = "a site's name is lower-case letters, digits and hyphens".to_owned();
            return Err(SiteFault::at(what, raw.site.referenced, text));
        }
        let beside = |given: Option<PathBuf>, default: &str| match given {
            Some(path) => folder.join(path),
            None => folder.join(default),
        };
        Ok(Self {
            site: SiteId::new(raw.site.value),
            bundle: beside(raw.bundle, "bundle"),
            listen: raw.listen,
            pbx: raw.pbx.map(|pbx| Pbx { sounds: pbx.sounds.map(|path| folder.join(path)), ..pbx }),
            secrets: Secrets::at(beside(raw.secrets, "secrets")),
            commands: commands(raw.commands, text)?,
            authorities: raw.authorities.map(|path| folder.join(path)),
            state: beside(raw.state, STATE),
            control: beside(raw.control, CONTROL),
            policy: beside(raw.policy, "policy.yaml"),
            playbooks: beside(raw.playbooks, "playbooks"),
        })
    }
}

// A program is named by its whole path: what `PATH` holds at three in the morning is nobody's decision.
fn commands(
    raw: BTreeMap<String, Spanned<Vec<String>>>,
    text: &str,
) -> Result<BTreeMap<String, Vec<String>>, SiteFault> {
    let mut commands = BTreeMap::new();
    for (name, words) in raw {
        if !words.value.first().is_some_and(|program| program.starts_with('/')) {
            let what = format!("the command `{name}` must begin with the whole path of a program");
            return Err(SiteFault::at(what, words.referenced, text));
        }
        commands.insert(name, words.value);
    }
    Ok(commands)
}
