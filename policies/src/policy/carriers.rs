//! The carriers: who is told where a number shall ring, and how gently.

use super::draft::Named;
use super::sites::{SIP_PORT, name};
use crate::limits::{CARRIER_RATE, CLOSE_BY, SEND_GUARD};
use state::CarrierId;
use state::document::{Key, Value};
use std::net::SocketAddr;

/// Where NTSAPI is spoken, plain and inside TLS alike (the vendor's guide and both public clients).
const NTSAPI_PORT: u16 = 777;
/// No carrier allows more; a hundred numbers would then take a second.
const RATE_MAX: u32 = 100;

/// A carrier and how it is reached. Its credentials are in no policy: each site has them in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carrier {
    /// Its name; also the name of the secret.
    pub id: CarrierId,
    /// The host, by name or by address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether the line is encrypted.
    pub tls: Tls,
    /// How many commands a second it is sent at most.
    pub rate: u32,
    /// Where its calls come from; each site asks there whether they can reach it. Empty: nobody asks.
    pub signalling: Vec<SocketAddr>,
}

/// Whether the line to a carrier is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// From the first byte, and the certificate must be valid for the host.
    Verified,
    /// Not at all: for a line that is private anyway, and for the lab.
    Plain,
}

impl Carrier {
    /// How many numbers one attempt may cover; `rate x batch <= close_by - send_guard`, reading included.
    pub fn batch(&self) -> usize {
        // A number takes three commands: READ, SET, READ.
        let commands = u64::from(self.rate) * (CLOSE_BY - SEND_GUARD).as_secs();
        usize::try_from(commands / 3).unwrap_or(usize::MAX).max(1)
    }
}

/// Reads `carriers`.
pub(super) fn read(section: Option<Value<'_>>) -> Named<Carrier> {
    Named::read(section, carrier)
}

fn carrier(key: &Key, value: Value<'_>) -> Option<Carrier> {
    let id = name(key, value, "carrier");
    let mut fields = value.map()?;
    let rate = fields.optional("rate").map_or(Some(CARRIER_RATE), rate);
    let signalling = fields.optional("signalling").map(Value::list).unwrap_or_default();
    let signalling = distinct(&signalling);
    let ntsapi = fields.required("ntsapi").and_then(|ntsapi| {
        let mut fields = ntsapi.map()?;
        let host = fields.required("host").and_then(|host| host.host(NTSAPI_PORT));
        let port = fields.optional("port").map(|port| port.count(1..=65_535));
        let words = [("verified", Tls::Verified), ("plain", Tls::Plain)];
        let tls = fields.optional("tls").map_or(Some(Tls::Verified), |tls| tls.one_of(&words));
        fields.finish();
        let (host, usual) = host?;
        let port = port.map_or(Some(usual), |port| u16::try_from(port?).ok());
        Some((host.to_string(), port?, tls?))
    });
    fields.finish();
    let (host, port, tls) = ntsapi?;
    Some(Carrier { id: CarrierId::new(id?), host, port, tls, rate: rate?, signalling })
}

/// Reads addresses, each of which stands there once.
fn distinct(addresses: &[Value<'_>]) -> Vec<SocketAddr> {
    let mut read: Vec<SocketAddr> = Vec::new();
    for value in addresses {
        let Some(address) = value.socket(SIP_PORT) else { continue };
        if read.contains(&address) {
            value.refuse::<()>(format!("`{}` is asked twice", address.ip()), "leave one of them out");
        }
        read.push(address);
    }
    read
}

/// Reads `5 per second`.
fn rate(value: Value<'_>) -> Option<u32> {
    let text = value.text()?;
    let number = text.strip_suffix(" per second").and_then(|number| number.trim().parse::<u32>().ok());
    match number {
        Some(number) if (1..=RATE_MAX).contains(&number) => Some(number),
        _ => value
            .refuse(format!("`{text}` is no rate"), format!("such as `5 per second`, at most {RATE_MAX}")),
    }
}
