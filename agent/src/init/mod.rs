//! The birth of a cluster: its CA, and for each site a folder with all that its machine needs.

mod authority;
mod folder;
mod install;
#[cfg(test)]
mod tests;

pub use authority::{Authority, CA_VALID, SITE_VALID, Validity};

use crate::clock;
use crate::links::Bundle;
use crate::links::name::is_label;
use folder::{Access, Folder};
use state::{Fingerprint, SiteId, Stamp};
use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The unit file, as it is installed.
pub const UNIT: &str = include_str!("../../systemd/pointsman.service");

/// The sysctl setting that lets the agent ping without a capability.
pub const PING: &str = include_str!("../../systemd/pointsman-ping.conf");

/// One site of the cluster to be born.
#[derive(Clone, Debug)]
pub struct InitSite {
    /// Its name: letters in lower case, digits and hyphens.
    pub site: SiteId,
    /// Where the other sites reach it.
    pub peers: SocketAddr,
    /// The secrets it shall hold, by the names of their files (`magrathea`); none for a bare witness.
    pub secrets: Vec<String>,
}

/// What was made.
#[derive(Clone, Debug)]
pub struct Born {
    /// The folder that was asked for.
    pub dir: PathBuf,
    /// The folder of each site, in the order of the sites.
    pub sites: Vec<PathBuf>,
    /// The folder of the CA, to be kept offline.
    pub ca: PathBuf,
    /// When the CA becomes void.
    pub ca_expires: Stamp,
    /// When the certificates of the sites become void.
    pub site_expires: Stamp,
}

/// One site more.
#[derive(Clone, Debug)]
pub struct Added {
    /// Its folder.
    pub dir: PathBuf,
    /// The key of its bundle.
    pub key: Fingerprint,
}

/// Why no cluster was born. Nothing is left behind then.
#[derive(Debug, Error)]
pub enum InitError {
    /// The folder holds something.
    #[error(
        "`{}` is not empty; hint: name a folder that does not exist yet; `--add SITE` makes one site more",
        .0.display()
    )]
    NotEmpty(PathBuf),
    /// The folder of the site is there, from an earlier bundle of it.
    #[error(
        "`{}` is there already, and its keys may be in use; hint: `mv {} {}.before`, then the same again",
        .0.display(), .0.display(), .0.display()
    )]
    Taken(PathBuf),
    /// The name cannot stand in a certificate.
    #[error(
        "`{0}` cannot name a site or a cluster: write lower-case letters, digits and hyphens, 63 at most"
    )]
    Name(String),
    /// The name cannot be that of a file.
    #[error("`{0}` cannot name a secret: write lower-case letters, digits and hyphens, 63 at most")]
    Secret(String),
    /// A site named twice, or one whose name is that of the CA's folder.
    #[error("`{0}` stands twice among the folders to be made")]
    Twice(SiteId),
    /// There is no CA that could sign.
    #[error(
        "`{}` holds no CA: {why}; hint: name the folder that `pointsman init` made, with its `ca` back in it",
        dir.display()
    )]
    NoAuthority {
        /// Where it was looked for.
        dir: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// What was signed is not believed by whoever believes the CA.
    #[error("the CA in that folder is not that of cluster `{0}`, or its key is that of another one")]
    Strange(String),
    /// No site at all.
    #[error("a cluster without a site cannot be made")]
    Empty,
    /// The CA or a certificate could not be made.
    #[error("cannot make the certificates")]
    Certificate {
        /// What rcgen said.
        #[from]
        source: rcgen::Error,
    },
    /// A file could not be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Makes the CA and one folder per site under `dir`: all of it, or nothing.
///
/// `dir` must not exist or be empty. Everything is first made beside it and then renamed in one step.
pub fn birth(dir: &Path, cluster: &str, sites: &[InitSite], policy_text: &str) -> Result<Born, InitError> {
    check(cluster, sites)?;
    if std::fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(InitError::NotEmpty(dir.to_owned()));
    }
    let now = clock::wall();
    let authority = Authority::new(cluster, Validity::from_now(now, CA_VALID))?;
    let whole = Folder::beside(dir)?;
    let ca = whole.inner("ca")?;
    ca.file("ca.pem", authority.pem().as_bytes(), Access::All)?;
    ca.file("ca.key", authority.key_pem().as_bytes(), Access::Ours)?;
    ca.file("README", install::CA_README.as_bytes(), Access::All)?;
    for site in sites {
        fill(&whole.inner(site.site.as_str())?, site, (&authority, now), policy_text)?;
    }
    whole.become_real(dir)?;
    Ok(Born {
        dir: dir.to_owned(),
        sites: sites.iter().map(|site| dir.join(site.site.as_str())).collect(),
        ca: dir.join("ca"),
        ca_expires: now + CA_VALID,
        site_expires: now + SITE_VALID,
    })
}

/// Makes the folder of one site more under `dir`, signed by the CA that is there: all of it, or nothing.
///
/// A folder of that name must not be there: the keys in it may be in use.
pub fn addition(dir: &Path, cluster: &str, site: &InitSite, policy_text: &str) -> Result<Added, InitError> {
    check(cluster, std::slice::from_ref(site))?;
    let home = dir.join(site.site.as_str());
    if home.exists() {
        return Err(InitError::Taken(home));
    }
    let now = clock::wall();
    let authority = Authority::load(&dir.join("ca"), cluster)?;
    let whole = Folder::beside(&home)?;
    let issued = fill(&whole, site, (&authority, now), policy_text)?;
    let key = authority.believed(&issued, now).ok_or_else(|| InitError::Strange(cluster.to_owned()))?;
    whole.become_real(&home)?;
    Ok(Added { dir: home, key })
}

fn check(cluster: &str, sites: &[InitSite]) -> Result<(), InitError> {
    let names = sites.iter().map(|site| site.site.as_str()).chain([cluster]);
    if let Some(bad) = names.into_iter().find(|name| !is_label(name)) {
        return Err(InitError::Name(bad.to_owned()));
    }
    if let Some(bad) = sites.iter().flat_map(|site| &site.secrets).find(|name| !is_label(name)) {
        return Err(InitError::Secret(bad.clone()));
    }
    let mut taken = BTreeSet::from(["ca"]);
    if let Some(twice) = sites.iter().find(|site| !taken.insert(site.site.as_str())) {
        return Err(InitError::Twice(twice.site.clone()));
    }
    if sites.is_empty() { Err(InitError::Empty) } else { Ok(()) }
}

fn fill(
    folder: &Folder,
    site: &InitSite,
    (authority, now): (&Authority, Stamp),
    policy_text: &str,
) -> Result<Bundle, InitError> {
    let issued = authority.issue(&site.site, Validity::from_now(now, SITE_VALID))?;
    let bundle = folder.inner("bundle")?;
    bundle.file("ca.pem", &issued.ca, Access::All)?;
    bundle.file("site.pem", &issued.site, Access::All)?;
    bundle.file("site.key", &issued.key, Access::Ours)?;
    folder.inner("secrets")?;
    folder.file("site.yaml", install::site_yaml(site).as_bytes(), Access::All)?;
    folder.file("policy.yaml", policy_text.as_bytes(), Access::All)?;
    folder.file("pointsman.service", UNIT.as_bytes(), Access::All)?;
    folder.file("pointsman-ping.conf", PING.as_bytes(), Access::All)?;
    folder.file("INSTALL", install::six_lines(site).as_bytes(), Access::All)?;
    Ok(issued)
}
