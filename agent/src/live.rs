//! A look at what a site leans on, touching none of it: one line for each thing, and what can be typed if it is wrong.

pub mod asks;
pub mod peers;

use serde::{Deserialize, Serialize};
use std::fmt;

/// What kind of thing was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A folder that the agent reads or writes.
    Folder,
    /// A certificate of the bundle.
    Certificate,
    /// A carrier's interface, or one of the numbers there.
    Carrier,
    /// A name server of this machine.
    Dns,
    /// The manager interface of a PBX.
    Ami,
    /// A relay for mail.
    Relay,
    /// Whether this machine may ping.
    Ping,
    /// A command of the site file.
    Command,
    /// Another site's agent.
    Peer,
    /// This machine's wall clock.
    Clock,
}

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    /// As it should be.
    Ok,
    /// It works, and somebody should look at it one of these days.
    Warning,
    /// It does not work.
    Fault,
}

/// One thing that was looked at, and how it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sight {
    /// What kind of thing.
    pub kind: Kind,
    /// Which one.
    pub thing: String,
    /// How it is.
    pub is: Health,
    /// The same in words.
    pub says: String,
    /// What can be typed.
    pub hint: Option<String>,
}

impl Sight {
    /// It is as it should be.
    pub fn ok(kind: Kind, thing: impl ToString, says: impl Into<String>) -> Self {
        Self { kind, thing: thing.to_string(), is: Health::Ok, says: says.into(), hint: None }
    }

    /// It works, and somebody should look at it.
    pub fn warning(kind: Kind, thing: impl ToString, says: impl Into<String>) -> Self {
        Self { is: Health::Warning, ..Self::ok(kind, thing, says) }
    }

    /// It does not work. Whoever said why may have said what to do as well.
    pub fn fault(kind: Kind, thing: impl ToString, says: impl Into<String>) -> Self {
        let says: String = says.into();
        let (says, hint) = match says.split_once("; hint: ") {
            Some((says, hint)) => (says.to_owned(), Some(hint.to_owned())),
            None => (says, None),
        };
        Self { is: Health::Fault, hint, ..Self::ok(kind, thing, says) }
    }

    /// With what can be typed.
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Folder => "folder",
            Self::Certificate => "certificate",
            Self::Carrier => "carrier",
            Self::Dns => "dns",
            Self::Ami => "ami",
            Self::Relay => "relay",
            Self::Ping => "ping",
            Self::Command => "command",
            Self::Peer => "peer",
            Self::Clock => "clock",
        })
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Fault => "fault",
        })
    }
}
