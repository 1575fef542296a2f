//! The probes: what is asked of each service; the PBX of every site is asked without being named.

use super::asks::{self, Ask, Asked, Transport};
use super::draft::{DraftProbe, DraftReach, Written};
use super::reaches;
use state::document::{Fault, Fields, Key, Node, Value, is_name};
use state::{ServiceId, SiteId, Subject};
use std::net::SocketAddr;

/// One question that is asked again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// What its answers are about.
    pub subject: Subject,
    /// What is asked.
    pub ask: Ask,
    /// Where; a command has no address.
    pub address: Option<SocketAddr>,
    /// Who asks; nobody named means every site.
    pub by: Option<Vec<SiteId>>,
}

impl Probe {
    /// What every PBX is asked unless the policy says otherwise.
    pub(super) fn pbx(site: &SiteId, pbx: SocketAddr) -> Self {
        Self {
            subject: Subject::pbx(site),
            ask: Ask::SipOptions(Transport::Udp),
            address: Some(pbx),
            by: None,
        }
    }
}

/// Reads `probes`: what is asked of services, and how gently carriers are asked.
pub(super) fn read(section: Option<Value<'_>>) -> (Vec<Written<DraftProbe>>, Vec<Written<DraftReach>>) {
    let entries = section.map(Value::entries).unwrap_or_default();
    let (carriers, services): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|(key, _)| reaches::is_meant(key));
    let services = services.into_iter().filter_map(|(key, value)| probe(key, value)).collect();
    (services, carriers.into_iter().filter_map(|(key, value)| reaches::read(key, value)).collect())
}

fn probe(key: &Key, value: Value<'_>) -> Option<Written<DraftProbe>> {
    let subject = subject(key, value);
    let mut fields = value.map()?;
    // Not a key of this map, and so it is not asked for like one.
    let misplaced = match &value.tree().node {
        Node::Map(entries) => entries.iter().any(|(key, _)| key.text == "carrier"),
        Node::List(_) | Node::Scalar { .. } | Node::Null => false,
    };
    let note = "`carrier/magrathea: { carrier: { every: 60s } }`";
    fields.refuse("carrier", "a carrier is asked, and no service of a site", note);
    let asked = if misplaced { None } else { question(&mut fields) };
    let by = fields.optional("by").map(|by| {
        let name = |site: Value<'_>| Some(Written::at(site, SiteId::new(site.name()?)));
        by.list().into_iter().filter_map(name).collect::<Vec<_>>()
    });
    fields.finish();
    let Asked { ask, at } = asked?;
    let probe = Probe { subject: subject?, ask, address: None, by: None };
    Some(Written { place: key.place, is: DraftProbe { probe, at, by } })
}

/// Reads the one thing that is asked.
fn question(fields: &mut Fields<'_>) -> Option<Asked> {
    let mut asked = asks::KINDS.iter().filter_map(|(key, read)| Some((*key, *read, fields.optional(key)?)));
    let first = asked.next();
    let others: Vec<(&str, Value<'_>)> = asked.map(|(key, _, value)| (key, value)).collect();
    match (first, others.first()) {
        (Some((first, _, _)), Some((second, value))) => {
            value.refuse("one probe asks one thing", format!("`{first}` or `{second}`"))
        }
        (Some((_, read, value)), None) => read(value),
        (None, _) => no_question(fields),
    }
}

/// Says that a probe asks nothing.
fn no_question<T>(fields: &Fields<'_>) -> Option<T> {
    let whole = fields.whole();
    let fault = Fault::at(whole.key_place(), format!("`{}` asks nothing", whole.key_text()));
    whole.faults().add(fault.note(format!("one of: {}", asks::KINDS.map(|(key, _)| key).join(", "))));
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
