//! The site file: what is true of this one machine and never replicated.

mod read;
mod secrets;
pub mod sight;
#[cfg(test)]
mod tests;

pub use secrets::{SecretError, Secrets};

use state::SiteId;
use state::document::{Report, Sketch};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why the site file cannot be used.
#[derive(Debug, Error)]
pub enum SiteFileError {
    /// It cannot be read.
    #[error("cannot read the site file `{}`", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It says something that it must not, or fails to say something.
    #[error("{}", report.to_string().trim_end())]
    Fault {
        /// Which.
        path: PathBuf,
        /// Every fault at its place.
        report: Box<Report>,
    },
}

/// Where the agent keeps what it remembers, unless `state:` says otherwise.
pub const STATE: &str = "/var/lib/pointsman";

/// Where the CLI finds the agent, unless `control:` says otherwise.
pub const CONTROL: &str = "/run/pointsman/control.sock";

/// What this machine listens at.
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
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

impl SiteFile {
    /// Reads a site file. A path in it that is not absolute is meant from the file's own folder.
    pub fn load(path: &Path) -> Result<Self, SiteFileError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| SiteFileError::Read { path: path.to_owned(), source })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::parse(&path.display().to_string(), &text, folder)
            .map_err(|report| SiteFileError::Fault { path: path.to_owned(), report: Box::new(report) })
    }

    /// The language of the site file, as far as editors can be told of it.
    pub fn sketch() -> Sketch {
        read::sketch()
    }

    /// The same from its text; `name` is what the report calls it, `folder` what paths in it are relative to.
    ///
    /// # Errors
    /// Every fault of the text at once, each at its place.
    pub fn parse(name: &str, text: &str, folder: &Path) -> Result<Self, Report> {
        read::site_file((name, text), folder)
    }
}
