//! What a probe may ask: each kind with its keys, its defaults and what it refuses.

use super::sites::SIP_PORT;
use super::url;
use state::document::Value;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Where Asterisk's manager interface listens.
const AMI_PORT: u16 = 5038;
/// Where name servers listen.
const DNS_PORT: u16 = 53;
/// The longest name that the name service can hold.
const NAME_MAX: usize = 253;
/// More is not looked for in an answer, and does not fit into a screen either.
const TEXT_MAX: usize = 200;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// SIP OPTIONS: any answer but 503 is alive.
    SipOptions(Transport),
    /// A TCP connection.
    Tcp,
    /// An HTTP request and what must be answered; redirects are not followed.
    Http(Http),
    /// An ICMP echo.
    Icmp,
    /// A question to a name server.
    Dns(Dns),
    /// Asterisk's manager interface: its banner, and a login with the secret of this name.
    Ami { secret: String },
    /// A command of the site file of whoever asks: alive if it ends with 0.
    Exec { command: String },
}

/// How SIP travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// In datagrams, sent again until answered.
    Udp,
    /// In a connection.
    Tcp,
}

/// An HTTP request and what must be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    /// The whole of it, as it is asked for; a name in it is not resolved.
    pub url: String,
    /// The codes that are alive; none written means any from 200 to 299.
    pub expect: Vec<u16>,
    /// What the beginning of the body must hold.
    pub body_has: Option<String>,
}

/// A question to a name server, and what must be among the answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dns {
    /// The name asked for.
    pub name: String,
    /// The type of record.
    pub of: RecordType,
    /// Each of these must be answered; if none is written, any record of the type will do.
    pub expect: Vec<Record>,
}

/// The types of record that a probe may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordType {
    /// Addresses of four bytes.
    A,
    /// Addresses of sixteen bytes.
    Aaaa,
    /// Where a service is.
    Srv,
}

/// One record of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// An address of four bytes.
    A(Ipv4Addr),
    /// An address of sixteen bytes.
    Aaaa(Ipv6Addr),
    /// Where a service is; the target in small letters, without the last dot.
    Srv { priority: u16, weight: u16, port: u16, target: String },
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::A(address) => address.fmt(f),
            Self::Aaaa(address) => address.fmt(f),
            Self::Srv { priority, weight, port, target } => write!(f, "{priority} {weight} {port} {target}"),
        }
    }
}

/// What is asked, and where.
pub(super) struct Asked {
    pub ask: Ask,
    pub at: At,
}

/// Where is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// At the PBX, at this port.
    Pbx(u16),
    /// At an address of its own.
    Own(SocketAddr),
    /// On the machine of whoever asks.
    Here,
}

impl At {
    /// The same at the PBX, for the other doors of a site.
    pub fn at_the_pbx(self) -> Self {
        match self {
            Self::Own(address) => Self::Pbx(address.port()),
            Self::Pbx(_) | Self::Here => self,
        }
    }
}

impl Ask {
    /// Whether it is asked of one machine by its address: what has a place in it, or runs here, asks no other door.
    pub(super) fn goes_anywhere(&self) -> bool {
        match self {
            Self::SipOptions(_) | Self::Tcp | Self::Icmp | Self::Ami { .. } => true,
            Self::Http(_) | Self::Dns(_) | Self::Exec { .. } => false,
        }
    }
}

/// Reads what stands under the key of a kind.
type Reader = fn(Value<'_>) -> Option<Asked>;

/// The key of each kind, and who reads what stands under it.
pub(super) const KINDS: [(&str, Reader); 7] = [
    ("sip_options", sip_options),
    ("tcp", connection),
    ("http", http),
    ("icmp", icmp),
    ("dns", dns),
    ("ami", ami),
    ("exec", exec),
];

/// Reads `udp`, `tcp`, or a map of what differs from the usual.
fn sip_options(value: Value<'_>) -> Option<Asked> {
    let words = [("udp", Transport::Udp), ("tcp", Transport::Tcp)];
    if !value.is_map() {
        return Some(Asked { ask: Ask::SipOptions(value.one_of(&words)?), at: At::Pbx(SIP_PORT) });
    }
    let mut fields = value.map()?;
    let transport = fields.optional("transport").map_or(Some(Transport::Udp), |word| word.one_of(&words));
    let address = fields.optional("address").map(Value::ip);
    let port = fields.optional("port").map_or(Some(SIP_PORT), port);
    fields.finish();
    Some(Asked { ask: Ask::SipOptions(transport?), at: at(whole(address)?, port?) })
}

/// Reads a port, or a map with a port.
fn connection(value: Value<'_>) -> Option<Asked> {
    if !value.is_map() {
        return Some(Asked { ask: Ask::Tcp, at: At::Pbx(port(value)?) });
    }
    let mut fields = value.map()?;
    let address = fields.optional("address").map(Value::ip);
    let port = fields.required("port").and_then(port);
    fields.finish();
    Some(Asked { ask: Ask::Tcp, at: at(whole(address)?, port?) })
}

/// Reads a URL, or a map with a URL and what must be answered.
fn http(value: Value<'_>) -> Option<Asked> {
    if !value.is_map() {
        let (at, url) = url::read(value, None)?;
        return Some(Asked {
            ask: Ask::Http(Http { url, expect: Vec::new(), body_has: None }),
            at: At::Own(at),
        });
    }
    let mut fields = value.map()?;
    let url = fields.required("url");
    let address = fields.optional("address");
    let expect = fields.optional("expect").map(codes);
    let body_has = fields.optional("body_has").map(text);
    fields.finish();
    let (at, url) = url::read(url?, address)?;
    let ask = Ask::Http(Http { url, expect: whole(expect)?.unwrap_or_default(), body_has: whole(body_has)? });
    Some(Asked { ask, at: At::Own(at) })
}

/// Reads one code or several.
fn codes(value: Value<'_>) -> Option<Vec<u16>> {
    let code = |one: Value<'_>| u16::try_from(one.count(200..=599)?).ok();
    value.list().into_iter().map(code).collect()
}

/// Reads what is looked for in an answer.
fn text(value: Value<'_>) -> Option<String> {
    let text = value.words()?;
    if text.len() > TEXT_MAX {
        return value
            .refuse(format!("`{}` is too long", value.key_text()), format!("at most {TEXT_MAX} bytes"));
    }
    Some(text.to_owned())
}

/// Reads an address.
fn icmp(value: Value<'_>) -> Option<Asked> {
    Some(Asked { ask: Ask::Icmp, at: At::Own(SocketAddr::new(value.ip()?, 0)) })
}

/// Reads the name, the type, the server, and what must be answered.
fn dns(value: Value<'_>) -> Option<Asked> {
    let words = [("A", RecordType::A), ("AAAA", RecordType::Aaaa), ("SRV", RecordType::Srv)];
    let mut fields = value.map()?;
    let name = fields.required("name").and_then(host);
    let of = fields.optional("type").map_or(Some(RecordType::A), |word| word.one_of(&words));
    let server = fields.required("server").and_then(|server| server.socket(DNS_PORT));
    let expect = fields.optional("expect").map(Value::list).unwrap_or_default();
    fields.finish();
    let of = of?;
    let expect: Option<Vec<Record>> = expect.into_iter().map(|one| record(one, of)).collect();
    Some(Asked { ask: Ask::Dns(Dns { name: name?, of, expect: expect? }), at: At::Own(server?) })
}

/// Reads a name of the name service.
fn host(value: Value<'_>) -> Option<String> {
    let text = value.words()?;
    match named(text) {
        Some(name) => Some(name),
        None => value.refuse(format!("`{text}` is no name of a host"), "such as `sip.example.com`"),
    }
}

/// A name of the name service in small letters, without the last dot.
pub(super) fn named(text: &str) -> Option<String> {
    let name = text.strip_suffix('.').unwrap_or(text);
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(letter);
    (name.len() <= NAME_MAX && name.split('.').all(label)).then(|| name.to_ascii_lowercase())
}

/// Reads one record, as name servers write it.
fn record(value: Value<'_>, of: RecordType) -> Option<Record> {
    let text = value.words()?;
    let (read, example) = match of {
        RecordType::A => (text.parse().ok().map(Record::A), "an address such as `192.0.2.11`"),
        RecordType::Aaaa => (text.parse().ok().map(Record::Aaaa), "an address such as `2001:db8::11`"),
        RecordType::Srv => (service(text), "priority, weight, port and host: `10 5 5060 sip1.example.com`"),
    };
    read.or_else(|| value.refuse(format!("`{text}` cannot be answered"), example))
}

/// Reads `10 5 5060 sip1.example.com`.
fn service(text: &str) -> Option<Record> {
    let mut words = text.split_whitespace();
    let mut number = || words.next()?.parse().ok();
    let (priority, weight, port) = (number()?, number()?, number()?);
    let target = named(words.next()?)?;
    words.next().is_none().then_some(Record::Srv { priority, weight, port, target })
}

/// Reads an address, or a map with what differs from the usual.
fn ami(value: Value<'_>) -> Option<Asked> {
    let ask = |secret: &str| Ask::Ami { secret: secret.to_owned() };
    if !value.is_map() {
        return Some(Asked { ask: ask("ami"), at: At::Own(value.socket(AMI_PORT)?) });
    }
    let mut fields = value.map()?;
    let address = fields.optional("address").map(|address| address.socket(AMI_PORT));
    let secret = fields.optional("secret").map_or(Some("ami"), Value::name);
    fields.finish();
    Some(Asked { ask: ask(secret?), at: whole(address)?.map_or(At::Pbx(AMI_PORT), At::Own) })
}

/// Reads the name of a command.
fn exec(value: Value<'_>) -> Option<Asked> {
    Some(Asked { ask: Ask::Exec { command: value.name()?.to_owned() }, at: At::Here })
}

/// Reads a port.
fn port(value: Value<'_>) -> Option<u16> {
    u16::try_from(value.count(1..=65_535)?).ok()
}

/// At the address that is written, or at the PBX.
fn at(address: Option<IpAddr>, port: u16) -> At {
    address.map_or(At::Pbx(port), |ip| At::Own(SocketAddr::new(ip, port)))
}

/// Absent is fine; written wrongly is not.
fn whole<T>(written: Option<Option<T>>) -> Option<Option<T>> {
    match written {
        None => Some(None),
        Some(None) => None,
        Some(Some(value)) => Some(Some(value)),
    }
}
