//! Probes: each asks one thing once, by a deadline, and gives one answer.

pub mod ami;
pub mod contact;
mod datagram;
pub mod dns;
pub mod exec;
pub mod http;
pub mod icmp;
pub mod means;
pub mod plan;
pub mod schedule;
pub mod sip;
pub mod sip_options;
pub mod smtp;
pub mod tcp;

#[cfg(test)]
mod tests;

pub(crate) use tcp::connect;

use std::fmt;
use std::io::{self, ErrorKind};
use std::time::Duration;

/// A question that can be asked again and again.
#[derive(Clone, Debug)]
pub enum Probe {
    /// SIP OPTIONS.
    SipOptions(sip_options::SipOptions),
    /// A bare TCP connect.
    Tcp(tcp::TcpConnect),
    /// An HTTP request.
    Http(http::Http),
    /// An ICMP echo.
    Icmp(icmp::Icmp),
    /// A question to a name server.
    Dns(dns::Dns),
    /// A login at Asterisk's manager interface.
    Ami(ami::Ami),
    /// What a PBX thinks of one of its contacts.
    Contact(contact::Contact),
    /// A command of the site file.
    Exec(exec::Exec),
    /// What this site cannot ask, and why.
    Unable(String),
}

impl Probe {
    /// Asks once; an answer comes by `timeout` at the latest.
    pub async fn ask(&self, timeout: Duration) -> Answer {
        match self {
            Self::SipOptions(probe) => probe.ask(timeout).await,
            Self::Tcp(probe) => probe.ask(timeout).await,
            Self::Http(probe) => probe.ask(timeout).await,
            Self::Icmp(probe) => probe.ask(timeout).await,
            Self::Dns(probe) => probe.ask(timeout).await,
            Self::Ami(probe) => probe.ask(timeout).await,
            Self::Contact(probe) => probe.ask(timeout).await,
            Self::Exec(probe) => probe.ask(timeout).await,
            Self::Unable(why) => Answer::Unasked { why: why.clone() },
        }
    }
}

/// What one question brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It answered; `detail` says what, `took` how long it was from the first byte sent.
    Alive { detail: String, took: Duration },
    /// It answered that it is about to stop: SIP 503.
    Draining,
    /// It did not answer, or not as it should.
    Dead { why: Why },
    /// This site could not ask; that says nothing of the target.
    Unasked { why: String },
}

/// Why something counts as dead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The machine is there and says that nobody listens, or hangs up; known at once.
    Refused,
    /// Nothing came in time.
    Silent,
    /// Something came, but no answer to the question.
    Malformed,
    /// It answered, and not what was expected; in words.
    Wrong(String),
    /// This machine knows no way there, or may not use the local address asked for.
    Unreachable,
}

impl Answer {
    /// What a failed system call says of the target.
    fn from_error(error: &io::Error) -> Self {
        let kind = error.kind();
        let refused = [ErrorKind::ConnectionRefused, ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
        let why = if refused.contains(&kind) {
            Why::Refused
        } else if kind == ErrorKind::TimedOut {
            Why::Silent
        } else if kind == ErrorKind::UnexpectedEof {
            Why::Malformed
        } else {
            Why::Unreachable
        };
        Self::Dead { why }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alive { detail, took } => write!(f, "{detail} in {:.1} ms", took.as_secs_f64() * 1000.0),
            Self::Draining => f.write_str("draining (503)"),
            Self::Dead { why } => why.fmt(f),
            Self::Unasked { why } => f.write_str(why),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "refused",
            Self::Silent => "silent",
            Self::Malformed => "answered nonsense",
            Self::Wrong(words) => words,
            Self::Unreachable => "unreachable from here",
        })
    }
}

/// What came from outside, safe for a terminal and no longer than `most` letters.
pub(crate) fn shown(text: &str, most: usize) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(most).collect()
}
