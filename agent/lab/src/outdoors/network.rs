//! Hosts in namespaces of their own, joined by a router that loses packets or cuts one direction on demand.

use crate::chamber::{Chamber, ChamberError, Own};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::process::{Command, Stdio};

/// Every host and the third part of its addresses.
pub const HOSTS: [(&str, u8); 5] =
    [("london", 11), ("manchester", 12), ("office", 14), ("netherlands", 13), ("carrier", 31)];

/// What the router does with what it is to pass on.
#[derive(Clone, Debug, Default)]
pub struct Weather {
    /// So many packets of a hundred are lost, each way on every path.
    pub loss: u8,
    /// Nothing passes from the first to the second.
    pub cuts: Vec<(&'static str, &'static str)>,
}

/// The hosts and the router; all of it is gone when this is dropped.
#[derive(Debug)]
pub struct Network {
    router: Chamber,
    hosts: BTreeMap<&'static str, Chamber>,
}

impl Network {
    /// Joins the hosts.
    ///
    /// # Errors
    /// Names what this machine lacks: root, iproute2, nftables.
    pub fn open() -> Result<Self, ChamberError> {
        for (tool, package) in [("ip", "iproute2"), ("nft", "nftables")] {
            let there = Command::new(tool).arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status();
            if there.is_err() {
                return Err(ChamberError::Needs(package));
            }
        }
        let router = Chamber::open(Own::Network)?;
        router.run("ip link set lo up; echo 1 > /proc/sys/net/ipv4/ip_forward")?;
        let mut hosts = BTreeMap::new();
        for (name, third) in HOSTS {
            let host = Chamber::open(Own::Network)?;
            join(&router, &host, third)?;
            hosts.insert(name, host);
        }
        let network = Self { router, hosts };
        network.weather(&Weather { loss: 1, ..Weather::default() }).map_err(|_| {
            // A kernel without these parts of nftables says so in many words.
            ChamberError::Needs("a kernel with nftables")
        })?;
        network.weather(&Weather::default())?;
        Ok(network)
    }

    /// The namespaces of a host.
    pub fn host(&self, name: &str) -> Option<&Chamber> {
        self.hosts.get(name)
    }

    /// The weather from now on.
    ///
    /// # Errors
    /// When the router does not take it.
    pub fn weather(&self, weather: &Weather) -> Result<(), ChamberError> {
        let mut rules = String::new();
        for (from, to) in &weather.cuts {
            let (from, to) = (subnet(from), subnet(to));
            writeln!(rules, "ip saddr {from} ip daddr {to} drop").expect("a String takes every text");
        }
        if weather.loss > 0 {
            writeln!(rules, "numgen random mod 100 < {} counter drop", weather.loss)
                .expect("a String takes every text");
        }
        let chain = format!("chain pass {{ type filter hook forward priority 0; policy accept;\n{rules}}}");
        let table = format!("table ip weather\ndelete table ip weather\ntable ip weather {{\n{chain}\n}}");
        self.router.run(&format!("nft -f - <<'END'\n{table}\nEND")).map(drop)
    }
}

impl Network {
    /// How many packets the present loss has taken.
    ///
    /// # Errors
    /// When the router does not say.
    pub fn lost(&self) -> Result<u64, ChamberError> {
        let shown = self.router.run("nft list table ip weather")?;
        let counted = shown.split("counter packets ").skip(1);
        Ok(counted.filter_map(|rest| rest.split(' ').next()?.parse::<u64>().ok()).sum())
    }
}

/// Where a host's agent is, or the carrier.
pub fn address(host: &str) -> IpAddr {
    Ipv4Addr::new(10, 98, third(host), 2).into()
}

/// Where its PBX is.
pub fn pbx(host: &str) -> IpAddr {
    Ipv4Addr::new(10, 98, third(host), 3).into()
}

fn third(host: &str) -> u8 {
    HOSTS.iter().find(|(name, _)| *name == host).map_or(0, |(_, third)| *third)
}

fn subnet(host: &str) -> String {
    format!("10.98.{}.0/24", third(host))
}

/// A cable from the host to the router. Neighbours are written down for good: with ordinary ARP a cut in one
/// direction makes the sender fall silent after a while, and the cut would be one in both.
fn join(router: &Chamber, host: &Chamber, third: u8) -> Result<(), ChamberError> {
    let (near, far) = (format!("02:00:00:00:{third:02x}:01"), format!("02:00:00:00:{third:02x}:02"));
    router.run(&format!(
        "ip link add r{third} address {near} type veth peer name eth0 address {far} netns {keeper}\n\
         ip address add 10.98.{third}.1/24 dev r{third}\nip link set r{third} up\n\
         ip neighbour replace 10.98.{third}.2 lladdr {far} dev r{third} nud permanent\n\
         ip neighbour replace 10.98.{third}.3 lladdr {far} dev r{third} nud permanent",
        keeper = host.keeper(),
    ))?;
    host.run(&format!(
        "ip link set lo up\nip address add 10.98.{third}.2/24 dev eth0\n\
         ip address add 10.98.{third}.3/24 dev eth0\nip link set eth0 up\n\
         ip neighbour replace 10.98.{third}.1 lladdr {near} dev eth0 nud permanent\n\
         ip route add default via 10.98.{third}.1"
    ))
    .map(drop)
}
