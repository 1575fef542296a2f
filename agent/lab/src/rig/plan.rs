//! The plan of a rig: its sites, its block of loopback addresses, and the policy that the agents are given.

use super::{Options, RigError, Written, bytemark};
use state::document::spell;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

/// The number that everyone dials, from Ofcom's drama numbers.
pub const NUMBER: &str = "02079460000";

/// How many blocks are tried: so many rigs can stand beside each other.
const NETS: u8 = 64;

/// One site of the rig.
#[derive(Debug)]
pub struct SiteOfRig {
    /// Its name.
    pub name: &'static str,
    /// Its votes.
    pub votes: u8,
    /// The last part of its agent's address; its PBX is ten further.
    host: u8,
}

/// The four sites, the first choice first.
pub const SITES: &[SiteOfRig] = &[
    SiteOfRig { name: "london", votes: 1, host: 11 },
    SiteOfRig { name: "manchester", votes: 1, host: 12 },
    SiteOfRig { name: "office", votes: 1, host: 14 },
    SiteOfRig { name: "netherlands", votes: 2, host: 13 },
];

/// How fast the agents look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// The demo's own: 1 s, 500 ms, 3, rise 3, blip 3 s.
    Demo,
    /// The product's default: 2 s, 1 s, 5, rise 15, blip 15 s.
    Calm,
    /// 1 s, 500 ms, 4, rise 10, blip 5 s.
    Brisk,
    /// 200 ms, 100 ms, 8, rise 20, blip 2 s.
    Fast,
    /// Any other five numbers.
    Own(policies::policy::Pace),
}

impl Pace {
    /// As it is written in a policy.
    pub fn text(self) -> String {
        match self {
            Self::Calm => "calm".to_owned(),
            Self::Brisk => "brisk".to_owned(),
            Self::Fast => "fast".to_owned(),
            Self::Demo | Self::Own(_) => {
                let known = self.numbers();
                let [every, timeout, blip] = [known.every, known.timeout, known.blip].map(spell);
                let (fall, rise) = (known.fall, known.rise);
                format!("{{ every: {every}, timeout: {timeout}, fall: {fall}, rise: {rise}, blip: {blip} }}")
            }
        }
    }

    /// Every, timeout, fall and blip, as the policy language knows them.
    pub fn numbers(self) -> policies::policy::Pace {
        use policies::policy::Pace as Known;
        let millis = std::time::Duration::from_millis;
        match self {
            Self::Demo => {
                Known { every: millis(1000), timeout: millis(500), fall: 3, rise: 3, blip: millis(3000) }
            }
            Self::Calm => Known::CALM,
            Self::Brisk => Known::BRISK,
            Self::Fast => Known::FAST,
            Self::Own(known) => known,
        }
    }
}

/// A block of loopback addresses, 127.0.N.x, held for as long as this lives.
#[derive(Debug)]
pub struct Net {
    block: u8,
    _held: TcpListener,
}

impl Net {
    /// The first block that nobody has; a listener in it says that it is taken.
    pub fn free() -> Result<Self, RigError> {
        let hold = |block| {
            let at = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, block, 250)), 7700);
            TcpListener::bind(at).ok().map(|held| Self { block, _held: held })
        };
        (0..NETS).find_map(hold).ok_or(RigError::NoNet(NETS - 1))
    }

    fn at(&self, host: u8, port: u16) -> SocketAddr {
        SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, self.block, host)), port)
    }

    /// The address from which a site's agent speaks.
    pub fn agent(&self, site: &SiteOfRig) -> IpAddr {
        self.at(site.host, 0).ip()
    }

    /// Where the wire takes links for a site.
    pub fn peers(&self, site: &SiteOfRig) -> SocketAddr {
        self.at(site.host, 7701)
    }

    /// Where its agent really listens.
    pub fn peers_behind(&self, site: &SiteOfRig) -> SocketAddr {
        self.at(site.host, 17701)
    }

    /// Where the wire takes calls for a site's PBX.
    pub fn pbx(&self, site: &SiteOfRig) -> SocketAddr {
        self.at(site.host + 10, 5060)
    }

    /// Where the wire takes calls for the same PBX by another uplink, if the site has one.
    pub fn second_door(&self, site: &SiteOfRig) -> SocketAddr {
        self.at(site.host + 50, 5060)
    }

    /// Where the PBX really is.
    pub fn pbx_behind(&self, site: &SiteOfRig) -> SocketAddr {
        self.at(site.host + 10, 15060)
    }

    /// Where the wire takes connections for the carrier; the real one's port is for root only.
    pub fn carrier(&self) -> SocketAddr {
        self.at(31, 7777)
    }

    /// Where the carrier really is.
    pub fn carrier_behind(&self) -> SocketAddr {
        self.at(31, 17777)
    }

    /// Where the carrier's calls come from, over the wire.
    pub fn signalling(&self) -> SocketAddr {
        self.at(32, 5060)
    }

    /// Where that really is.
    pub fn signalling_behind(&self) -> SocketAddr {
        self.at(32, 15060)
    }

    /// Somebody outside who always answers: by refusing.
    pub fn reference(&self) -> SocketAddr {
        self.at(1, 53)
    }

    /// Where the carrier can be told to misbehave.
    pub fn carrier_control(&self) -> SocketAddr {
        self.at(31, 7780)
    }

    /// Who speaks from which address.
    pub fn parties(&self) -> BTreeMap<IpAddr, String> {
        SITES.iter().map(|site| (self.agent(site), site.name.to_owned())).collect()
    }

    /// What the carrier is told for a number that rings at a site.
    pub fn points_at(&self, number: &str, site: &SiteOfRig) -> String {
        let national = number.strip_prefix('0').unwrap_or(number);
        format!("S:44{national}@{}", self.pbx(site).ip())
    }

    /// The site that a destination means.
    pub fn site_of(&self, destination: &str) -> Option<&'static str> {
        let host = destination.rsplit_once('@')?.1;
        SITES.iter().find(|site| self.pbx(site).ip().to_string() == host).map(|site| site.name)
    }

    /// The site file of one site: the same as `pointsman init` writes, but everything lies beside it.
    pub fn site_file(&self, site: &SiteOfRig) -> String {
        format!(
            "site: {}\nbundle: bundle\nlisten: {{ peers: {} }}\n\
             secrets: secrets\nstate: state\ncontrol: control.sock\n",
            site.name,
            self.peers_behind(site)
        )
    }

    /// The policy of the rig.
    pub fn policy(&self, options: &Options) -> String {
        if options.policy == Written::Whole {
            return bytemark::policy(self, options);
        }
        let mut text = format!(
            "cluster: bytemark\ntimezone: Europe/London\nmode: auto\npace: {}\n\nsites:\n",
            options.pace.text()
        );
        for site in SITES {
            let (peers, pbx) = (self.peers(site).ip(), self.pbx(site).ip());
            let calls = if options.two_doors.contains(&site.name) {
                format!("doors: [{pbx}, {}]", self.second_door(site).ip())
            } else {
                format!("pbx: {pbx}")
            };
            let line = format!("  {}: {{ votes: {}, address: {peers}, {calls} }}", site.name, site.votes);
            writeln!(text, "{line}").expect("a String takes every text");
        }
        let (ip, port) = (self.carrier().ip(), self.carrier().port());
        let numbers: Vec<String> = options.numbers.iter().map(|number| format!("\"{number}\"")).collect();
        text.push_str(&format!(
            "\ncarriers:\n  magrathea: {{ ntsapi: {{ host: {ip}, port: {port}, tls: plain }} }}\n\n\
             routes:\n  main:\n    carrier: magrathea\n    numbers: [{}]\n    to: S:$number@$pbx\n    \
             prefer: [london, manchester, netherlands, office]\n\n\
             people:\n  matthew: {{ mail: matthew@example.com }}\nalerts:\n  \
             mail: {{ from: pointsman@example.com, relays: [192.0.2.25] }}\n  tell: [matthew]\n",
            numbers.join(", ")
        ));
        text
    }
}
