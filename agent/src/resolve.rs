//! Where the carrier is: its host name resolved beside the path, the last good address kept on disk.

pub mod sight;

use hickory_resolver::TokioResolver;
use std::fs::File;
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How often a name that resolves is asked for again.
const REFRESH: Duration = Duration::from_secs(300);

/// How soon a name that did not resolve is asked for again.
const RETRY: Duration = Duration::from_secs(10);

/// How long one question may take; the resolver's own tries lie within.
const PATIENCE: Duration = Duration::from_secs(15);

/// A host name or an IP literal, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    host: Host,
    port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Address(IpAddr),
    Name(String),
}

/// A text that is no host and port.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no address: write host:port, 192.0.2.1:777 or [2001:db8::1]:777")]
pub struct NotAnAddress(String);

impl FromStr for HostPort {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(Self { host: Host::Address(address.ip()), port: address.port() });
        }
        let wrong = || NotAnAddress(text.escape_debug().to_string());
        let (name, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let port = port.parse().ok().filter(|port| *port != 0).ok_or_else(wrong)?;
        let label_fits = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        };
        let all_digits = name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        if name.len() > 253 || all_digits || !name.trim_end_matches('.').split('.').all(label_fits) {
            return Err(wrong());
        }
        Ok(Self { host: Host::Name(name.to_ascii_lowercase()), port })
    }
}

/// An address that is always at hand. Dropping it ends the refreshing.
#[derive(Debug)]
pub struct Resolved {
    latest: watch::Receiver<Option<SocketAddr>>,
    task: Option<JoinHandle<()>>,
}

impl Drop for Resolved {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl Resolved {
    /// Takes the last good address from `file`, and goes on asking in the background; a literal needs neither.
    pub fn start(target: HostPort, file: PathBuf) -> Self {
        let HostPort { host, port } = target;
        match host {
            Host::Address(ip) => {
                let (_, latest) = watch::channel(Some(SocketAddr::new(ip, port)));
                Self { latest, task: None }
            }
            Host::Name(name) => {
                let (tell, latest) = watch::channel(remembered(&file, &name, port));
                let task = tokio::spawn(keep_resolving(Question { name, port, file }, tell));
                Self { latest, task: Some(task) }
            }
        }
    }

    /// The last good address, at once; nothing if the name has never been resolved on this machine.
    pub fn address(&self) -> Option<SocketAddr> {
        *self.latest.borrow()
    }

    /// Becomes ready when the address changes.
    pub async fn changed(&mut self) -> Option<SocketAddr> {
        // An error means that the task is gone: an address that never changes again.
        if self.latest.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        *self.latest.borrow()
    }
}

struct Question {
    name: String,
    port: u16,
    file: PathBuf,
}

async fn keep_resolving(question: Question, tell: watch::Sender<Option<SocketAddr>>) {
    loop {
        let before = *tell.borrow();
        let pause = match ask(&question, before).await {
            Ok(address) => {
                if before != Some(address) {
                    tracing::info!("{} is at {address}", question.name);
                    let line = line(&question.name, address);
                    let file = question.file.clone();
                    let kept = tokio::task::spawn_blocking(move || keep(&file, &line)).await;
                    if let Ok(Err(error)) = kept {
                        tracing::warn!("cannot keep the address of {}: {error}", question.name);
                    }
                    tell.send_replace(Some(address));
                }
                REFRESH
            }
            Err(why) => {
                tracing::warn!("cannot resolve {}: {why}", question.name);
                RETRY
            }
        };
        tokio::time::sleep(pause).await;
    }
}

/// One question. The resolver is made anew, so that a changed resolv.conf counts.
async fn ask(question: &Question, before: Option<SocketAddr>) -> Result<SocketAddr, String> {
    let resolver = TokioResolver::builder_tokio()
        .and_then(hickory_resolver::ResolverBuilder::build)
        .map_err(|error| error.to_string())?;
    let answer = tokio::time::timeout(PATIENCE, resolver.lookup_ip(question.name.as_str()))
        .await
        .map_err(|_| "no answer in time".to_owned())?
        .map_err(|error| error.to_string())?;
    choose(&answer.iter().collect::<Vec<_>>(), before.map(|address| address.ip()))
        .map(|ip| SocketAddr::new(ip, question.port))
        .ok_or_else(|| "the name has no address".to_owned())
}

/// The address in use while it is still named; else the first of IPv4, which carriers are known to answer on.
fn choose(found: &[IpAddr], before: Option<IpAddr>) -> Option<IpAddr> {
    let kept = before.filter(|ip| found.contains(ip));
    kept.or_else(|| found.iter().copied().find(IpAddr::is_ipv4)).or_else(|| found.first().copied())
}

fn line(name: &str, address: SocketAddr) -> String {
    format!("{name} {address}\n")
}

/// The address that the file holds, if it holds one for this very name and port.
fn remembered(file: &Path, name: &str, port: u16) -> Option<SocketAddr> {
    let text = std::fs::read_to_string(file).ok()?;
    let (kept, address) = text.trim_end().split_once(' ')?;
    let address: SocketAddr = address.parse().ok()?;
    (kept == name && address.port() == port).then_some(address)
}

/// Writes beside the file, then renames: a crash leaves the old line or the new one.
fn keep(file: &Path, line: &str) -> io::Result<()> {
    let beside = file.with_extension("new");
    let mut writer = File::create(&beside)?;
    writer.write_all(line.as_bytes())?;
    writer.sync_all()?;
    std::fs::rename(&beside, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_literals_and_what_is_neither() {
        for good in ["secure.carrier.example:777", "192.0.2.1:777", "[2001:db8::1]:777", "localhost:1"] {
            assert!(good.parse::<HostPort>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "carrier",
            "carrier:",
            "carrier:0",
            ":777",
            "a b:777",
            "2001:db8::1:777",
            "192.0.2:777",
            "a..b:1",
        ] {
            assert!(bad.parse::<HostPort>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_address_in_use_stays_while_it_is_named() {
        let [old, new, six] =
            ["192.0.2.1", "192.0.2.2", "2001:db8::1"].map(|text| text.parse::<IpAddr>().unwrap());
        assert_eq!(choose(&[new, old], Some(old)), Some(old));
        assert_eq!(choose(&[six, new], Some(old)), Some(new));
        assert_eq!(choose(&[six], None), Some(six));
        assert_eq!(choose(&[], Some(old)), None);
    }

    #[tokio::test]
    async fn a_literal_is_taken_as_it_is() {
        let resolved =
            Resolved::start("192.0.2.1:777".parse().unwrap(), PathBuf::from("/nonexistent/address"));
        assert_eq!(resolved.address(), Some("192.0.2.1:777".parse().unwrap()));
    }

    #[tokio::test]
    async fn the_last_good_address_is_there_before_any_answer_and_only_for_its_own_name() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("carrier.address");
        keep(&file, &line("carrier.invalid", "192.0.2.9:777".parse().unwrap())).unwrap();
        let start = |text: &str| Resolved::start(text.parse().unwrap(), file.clone()).address();
        assert_eq!(start("carrier.invalid:777"), Some("192.0.2.9:777".parse().unwrap()));
        assert_eq!(start("other.invalid:777"), None);
        assert_eq!(start("carrier.invalid:778"), None);
        std::fs::write(&file, "carrier.invalid nonsense").unwrap();
        assert_eq!(start("carrier.invalid:777"), None);
    }

    #[tokio::test]
    async fn a_name_is_resolved_beside_the_path_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("carrier.address");
        // The resolver answers for this name itself, without a network.
        let mut resolved = Resolved::start("localhost:777".parse().unwrap(), file.clone());
        let address = tokio::time::timeout(Duration::from_secs(20), resolved.changed()).await.unwrap();
        assert!(address.unwrap().ip().is_loopback());
        assert_eq!(remembered(&file, "localhost", 777), address);
    }
}
