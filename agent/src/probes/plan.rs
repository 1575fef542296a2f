//! What is to be probed, how often and how patiently: one entry per subject or reference.

use super::sip::Transport;
use state::Subject;
use std::net::SocketAddr;
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
    Reference,
    /// One of the addresses that a carrier's calls come from: whether they reach this site.
    Signalling,
}

/// How it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// SIP OPTIONS: any answer but 503 is alive.
    SipOptions { target: SocketAddr, transport: Transport },
    /// A bare connect.
    Tcp { target: SocketAddr },
}

impl Kind {
    /// Whom it asks.
    pub fn target(self) -> SocketAddr {
        match self {
            Self::SipOptions { target, .. } | Self::Tcp { target } => target,
        }
    }
}
