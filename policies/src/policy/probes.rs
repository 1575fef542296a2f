//! The probes: what is asked of each service; the PBX of every site is asked without being named.

use super::draft::{DraftProbe, Written};
use super::later::{self, Section};
use super::sites::SIP_PORT;
use state::document::{Fault, Fields, Key, Value, is_name};
use state::{ServiceId, SiteId, Subject};
use std::net::{IpAddr, SocketAddr};

/// One question that is asked again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// What its answers are about.
    pub subject: Subject,
    /// What is asked.
    pub ask: Ask,
    /// Where.
    pub address: SocketAddr,
    /// Who asks; nobody named means every site.
    pub by: Option<Vec<SiteId>>,
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// SIP OPTIONS: any answer but 503 is alive.
    SipOptions(Transport),
    /// A TCP connection.
    Tcp,
}

/// How SIP travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// In datagrams, sent again until answered.
    Udp,
    /// In a connection.
    Tcp,
}

impl Probe {
    /// What every PBX is asked unless the policy says otherwise.
    pub(super) fn pbx(site: &SiteId, pbx: SocketAddr) -> Self {
        Self { subject: Subject::pbx(site), ask: Ask::SipOptions(Transport::Udp), address: pbx, by: None }
    }
}

/// Reads `probes`.
pub(super) fn read(section: Option<Value<'_>>) -> Vec<Written<DraftProbe>> {
    let entries = section.map(Value::entries).unwrap_or_default();
    entries.into_iter().filter_map(|(key, value)| probe(key, value)).collect()
}

fn probe(key: &Key, value: Value<'_>) -> Option<Written<DraftProbe>> {
    let subject = subject(key, value);
    let mut fields = value.map()?;
    later::refuse(&mut fields, Section::Probe);
    let sip = fields.optional("sip_options");
    let tcp = fields.optional("tcp");
    let by = fields.optional("by").map(|by| {
        let name = |site: Value<'_>| Some(Written::at(site, SiteId::new(site.name()?)));
        by.list().into_iter().filter_map(name).collect::<Vec<_>>()
    });
    let asked = match (sip, tcp) {
        (Some(sip), None) => sip_options(sip),
        (None, Some(tcp)) => connection(tcp),
        (Some(_), Some(tcp)) => tcp.refuse("one probe asks one thing", "`sip_options` or `tcp`"),
        (None, None) => no_question(&fields),
    };
    fields.finish();
    let (ask, address, port) = asked?;
    let socket = SocketAddr::new(address.unwrap_or(IpAddr::from([0, 0, 0, 0])), port);
    let probe = Probe { subject: subject?, ask, address: socket, by: None };
    Some(Written { place: key.place, is: DraftProbe { probe, address, by } })
}

/// Says that a probe asks nothing, unless it asks something of a later version.
fn no_question<T>(fields: &Fields<'_>) -> Option<T> {
    if !later::has_refused(fields, Section::Probe) {
        let fault =
            Fault::at(fields.whole().key_place(), format!("`{}` asks nothing", fields.whole().key_text()));
        fields.whole().faults().add(fault.note("`sip_options` or `tcp`"));
    }
    None
}

/// Reads `london/proxy`.
fn subject(key: &Key, value: Value<'_>) -> Option<Subject> {
    match key.text.split_once('/') {
        Some((site, service)) if is_name(site) && is_name(service) => {
            Some(Subject { site: SiteId::new(site), service: ServiceId::new(service) })
        }
        _ => {
            let fault = Fault::at(key.place, format!("`{}` is no service of a site", key.text));
            value.faults().add(fault.note("such as `london/pbx`"));
            None
        }
    }
}

/// What is asked, where if that is written, and at which port.
type Asked = (Ask, Option<IpAddr>, u16);

/// Reads `udp`, `tcp`, or a map of what differs from the usual.
fn sip_options(value: Value<'_>) -> Option<Asked> {
    let words = [("udp", Transport::Udp), ("tcp", Transport::Tcp)];
    if !value.is_map() {
        return Some((Ask::SipOptions(value.one_of(&words)?), None, SIP_PORT));
    }
    let mut fields = value.map()?;
    let transport = fields.optional("transport").map_or(Some(Transport::Udp), |word| word.one_of(&words));
    let address = fields.optional("address").map(Value::ip);
    let port = fields.optional("port").map_or(Some(u32::from(SIP_PORT)), |port| port.count(1..=65_535));
    fields.finish();
    Some((Ask::SipOptions(transport?), whole(address)?, u16::try_from(port?).ok()?))
}

/// Reads a port, or a map with a port.
fn connection(value: Value<'_>) -> Option<Asked> {
    if !value.is_map() {
        return Some((Ask::Tcp, None, u16::try_from(value.count(1..=65_535)?).ok()?));
    }
    let mut fields = value.map()?;
    let address = fields.optional("address").map(Value::ip);
    let port = fields.required("port").and_then(|port| port.count(1..=65_535));
    fields.finish();
    Some((Ask::Tcp, whole(address)?, u16::try_from(port?).ok()?))
}

/// Absent is fine; written wrongly is not.
fn whole(address: Option<Option<IpAddr>>) -> Option<Option<IpAddr>> {
    match address {
        None => Some(None),
        Some(None) => None,
        Some(Some(ip)) => Some(Some(ip)),
    }
}
