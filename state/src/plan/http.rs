//! A switch that is thrown over HTTP: the request that throws it, and the one that shows how it stands.

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// A switch, with every value filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switch {
    /// Where both requests are sent: no name is looked up.
    pub address: SocketAddr,
    /// How it is thrown.
    pub method: Method,
    /// What it is called; also the name of what no two attempts may write at once.
    pub url: String,
    /// What is sent, as JSON.
    pub body: Option<String>,
    /// The status that says that it was taken; none names every 2xx.
    pub expect: Vec<u16>,
    /// Where it is read.
    pub read: String,
    /// The status of a reading in which it stands as wanted; none names every 2xx.
    pub read_expect: Vec<u16>,
    /// What must stand in the reading.
    pub shows: Option<Shows>,
    /// Who asks.
    pub secret: Option<Login>,
}

/// A place in a reading, and what stands there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shows {
    /// The place, as a JSON pointer.
    pub pointer: String,
    /// What shall stand there.
    pub is: String,
    /// What may be overwritten; nothing names anything.
    pub was: Option<String>,
}

/// How a switch is thrown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Method {
    /// PUT.
    Put,
    /// POST.
    Post,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
}

impl Method {
    /// As it is sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// A secret of the executor's site, by its name, and how it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// Its file among the secrets.
    pub name: String,
    /// How.
    pub scheme: Scheme,
}

/// How a secret is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scheme {
    /// User and password.
    Basic,
    /// The password alone, as a token.
    Bearer,
}
