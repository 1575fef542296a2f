//! What this site has to ask with: its own address, its secrets, its commands, and whose certificates it believes.

use super::Probe;
use super::ami::{Ami, Refused};
use super::contact::Contact;
use super::dns::Dns;
use super::exec::Exec;
use super::http::{self, Http};
use super::icmp::Icmp;
use super::plan::Kind;
use super::sip_options::SipOptions;
use super::tcp::TcpConnect;
use crate::site::Secrets;
use rustls::ClientConfig;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};

/// The secret of the manager interface that the site file names.
pub const SECRET: &str = "ami";

/// What is the same for all probes of a site.
#[derive(Debug)]
pub struct Means {
    /// The site's own address; `None` leaves it to the routes.
    pub bind: Option<IpAddr>,
    /// Where the secrets are; each is read again for every login.
    pub secrets: Secrets,
    /// The manager interface of the PBX beside this agent.
    pub manager: Option<SocketAddr>,
    /// Its login that was refused last.
    pub refused: Arc<Mutex<Option<Refused>>>,
    /// All that may ever be run, by name.
    pub commands: BTreeMap<String, Vec<String>>,
    /// Authorities that are believed beside this machine's own roots.
    pub authorities: Option<PathBuf>,
    /// Made once, and only if it is needed: reading the machine's roots takes a while.
    pub tls: OnceLock<Result<ClientConfig, String>>,
}

impl Means {
    /// A probe of this kind.
    pub fn probe(&self, kind: &Kind) -> Probe {
        match kind.clone() {
            Kind::SipOptions { target, transport } => {
                Probe::SipOptions(SipOptions { target, bind: self.source(target.ip()), transport })
            }
            Kind::Tcp { target } => Probe::Tcp(TcpConnect { target, bind: self.source(target.ip()) }),
            Kind::Http { target, wanted } => {
                let tls = self.tls.get_or_init(|| http::tls(self.authorities.as_deref()));
                let probe = tls.as_ref().map_err(Clone::clone);
                match probe.and_then(|tls| Http::new((target, self.source(target.ip())), wanted, tls)) {
                    Ok(probe) => Probe::Http(probe),
                    Err(why) => Probe::Unable(why),
                }
            }
            Kind::Icmp { target } => Probe::Icmp(Icmp { target, bind: self.source(target) }),
            Kind::Dns { target, wanted } => {
                Probe::Dns(Dns { target, bind: self.source(target.ip()), wanted })
            }
            Kind::Ami { target, secret } => Probe::Ami(Ami {
                target,
                bind: self.source(target.ip()),
                secrets: self.secrets.clone(),
                secret,
                refused: Arc::default(),
            }),
            Kind::Contact { target } => match self.manager {
                Some(manager) => Probe::Contact(Contact {
                    ami: Ami {
                        target: manager,
                        bind: self.source(manager.ip()),
                        secrets: self.secrets.clone(),
                        secret: SECRET.to_owned(),
                        refused: Arc::clone(&self.refused),
                    },
                    target,
                }),
                None => Probe::Unable("the site file names no `pbx`".to_owned()),
            },
            Kind::Exec { command } => match self.commands.get(&command) {
                Some(words) => Probe::Exec(Exec { words: words.clone() }),
                None => Probe::Unable(format!(
                    "no command `{command}` here; hint: add it to `commands` in the site file, and restart"
                )),
            },
        }
    }

    fn source(&self, target: IpAddr) -> Option<IpAddr> {
        source_for(self.bind, SocketAddr::new(target, 0))
    }
}

/// The own address if the target can be reached from it at all: one family, and never from the loopback out.
pub fn source_for(bind: Option<IpAddr>, target: SocketAddr) -> Option<IpAddr> {
    bind.filter(|bind| bind.is_ipv4() == target.is_ipv4() && bind.is_loopback() == target.ip().is_loopback())
}
