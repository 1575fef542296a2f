//! What is to be probed, how often and how patiently: one entry per subject or reference.

use super::sip::Transport;
use policies::policy::{self, Ask, Dns, Http, Probe};
use state::Subject;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// One question that is asked again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbePlan {
    /// What the answers are about.
    pub about: About,
    /// How it is asked, and whom.
    pub kind: Kind,
    /// How often.
    pub every: Duration,
    /// How long an answer may take.
    pub timeout: Duration,
}

/// What an answer is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// A service that is judged.
    Subject(Subject),
    /// A reference: if none answers, the fault is here.
    Reference(SocketAddr),
    /// One of the addresses that a carrier's calls come from: whether they reach this site.
    Signalling(SocketAddr),
    /// The same address, as the PBX beside this agent sees it: it asks from where calls come in.
    Contact(SocketAddr),
}

/// How it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// SIP OPTIONS: any answer but 503 is alive.
    SipOptions { target: SocketAddr, transport: Transport },
    /// A bare connect.
    Tcp { target: SocketAddr },
    /// An HTTP request.
    Http { target: SocketAddr, wanted: Http },
    /// An ICMP echo.
    Icmp { target: IpAddr },
    /// A question to a name server.
    Dns { target: SocketAddr, wanted: Dns },
    /// A login at Asterisk's manager interface, with the secret of this name.
    Ami { target: SocketAddr, secret: String },
    /// What the PBX beside this agent, if the site file names one, thinks of its contact there.
    Contact { target: SocketAddr },
    /// A command of the site file.
    Exec { command: String },
}

impl Kind {
    /// How a probe of the policy is asked; none if it lacks an address, which no policy that was read does.
    pub fn of(probe: &Probe) -> Option<Self> {
        let transport = |transport| match transport {
            policy::Transport::Udp => Transport::Udp,
            policy::Transport::Tcp => Transport::Tcp,
        };
        if let Ask::Exec { command } = &probe.ask {
            return Some(Self::Exec { command: command.clone() });
        }
        let target = probe.address?;
        Some(match &probe.ask {
            Ask::SipOptions(over) => Self::SipOptions { target, transport: transport(*over) },
            Ask::Tcp => Self::Tcp { target },
            Ask::Http(wanted) => Self::Http { target, wanted: wanted.clone() },
            Ask::Icmp => Self::Icmp { target: target.ip() },
            Ask::Dns(wanted) => Self::Dns { target, wanted: wanted.clone() },
            Ask::Ami { secret } => Self::Ami { target, secret: secret.clone() },
            Ask::Exec { .. } => return None,
        })
    }
}
