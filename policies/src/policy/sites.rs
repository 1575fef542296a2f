//! The sites: their votes, where their agents and PBXs are, and at which pace they are judged.

use super::draft::Named;
use super::pace::{self, Pace};
use state::SiteId;
use state::document::{Fault, Fields, Key, Place, Value, is_name};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// Where an agent listens for the others, unless its site says otherwise.
const AGENT_PORT: u16 = 7701;
/// Where a PBX listens (RFC 3261, 19.1.2).
pub(super) const SIP_PORT: u16 = 5060;
/// The most doors of one site: each is asked for by every site.
const DOORS_MAX: usize = 4;
/// Words that playbooks and reports use in the place of a site.
const RESERVED: [&str; 7] = ["all", "any", "carrier", "leader", "none", "reachable", "refuge"];

/// A place with traffic and an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Its name.
    pub id: SiteId,
    /// Its votes: 0, 1, or 2 for a witness.
    pub votes: u8,
    /// Where its agent listens for the others.
    pub address: SocketAddr,
    /// Where its PBX takes calls: its first door.
    pub pbx: SocketAddr,
    /// Where calls reach it as well, in order: other uplinks, or other PBXs.
    pub further: Vec<SocketAddr>,
    /// At which pace its services are judged.
    pub pace: Pace,
    /// The number that people dial to speak to its agent, digits only; kept, and not acted on yet.
    pub magic: Option<String>,
}

impl Site {
    /// Its doors in order, each with its name and where calls reach it.
    pub fn doors(&self) -> impl Iterator<Item = (SiteId, SocketAddr)> {
        let all = std::iter::once(&self.pbx).chain(&self.further);
        all.enumerate().map(|(place, at)| (self.id.door(place), *at))
    }
}

/// Reads `sites`, and where the doors of each are written; a site without a pace of its own has the cluster's.
pub(super) fn read(section: Option<Value<'_>>, cluster: Pace) -> (Named<Site>, BTreeMap<SiteId, Vec<Place>>) {
    let mut places = BTreeMap::new();
    let sites = Named::read(section, |key, value| {
        let (site, doors) = site(key, value, cluster)?;
        places.insert(site.id.clone(), doors);
        Some(site)
    });
    (sites, places)
}

fn site(key: &Key, value: Value<'_>, cluster: Pace) -> Option<(Site, Vec<Place>)> {
    let id = name(key, value, "site");
    let mut fields = value.map()?;
    let votes = fields.required("votes").and_then(|votes| votes.count(0..=2));
    let address = fields.required("address").and_then(|address| address.socket(AGENT_PORT));
    let doors = doors(&mut fields);
    let pace = pace::read(fields.optional("pace"), cluster);
    let magic = fields.optional("magic").and_then(magic);
    fields.finish();
    let (id, votes) = (SiteId::new(id?), u8::try_from(votes?).ok()?);
    let (pbx, further, places) = doors?;
    Some((Site { id, votes, address: address?, pbx, further, pace, magic }, places))
}

/// Reads a number as people write it: `0113 496 0103`.
fn magic(value: Value<'_>) -> Option<String> {
    let text = value.text()?;
    let digits: String = text.chars().filter(|c| *c != ' ').collect();
    let plain = digits.strip_prefix('+').unwrap_or(&digits);
    if (3..=15).contains(&plain.len()) && plain.bytes().all(|b| b.is_ascii_digit()) {
        return Some(digits);
    }
    value.refuse(format!("`{text}` is no number to dial"), "digits and blanks, such as `0113 496 0103`")
}

/// Reads `pbx`, or in its place `doors` in order; the first and the rest, and where each of them is written.
fn doors(fields: &mut Fields<'_>) -> Option<(SocketAddr, Vec<SocketAddr>, Vec<Place>)> {
    let Some(doors) = fields.optional("doors") else {
        let pbx = fields.required("pbx")?;
        return Some((pbx.socket(SIP_PORT)?, Vec::new(), vec![pbx.place()]));
    };
    if let Some(pbx) = fields.optional("pbx") {
        return pbx.refuse("a site has a `pbx` or `doors`", "leave `pbx` out: `doors` names all of them");
    }
    let written = doors.list();
    if !(1..=DOORS_MAX).contains(&written.len()) {
        return doors.refuse(format!("{} doors", written.len()), format!("from 1 to {DOORS_MAX}"));
    }
    let read: Vec<SocketAddr> = written.iter().filter_map(|door| door.socket(SIP_PORT)).collect();
    let whole = read.len() == written.len();
    let (first, rest) = read.split_first().filter(|_| whole)?;
    Some((*first, rest.to_vec(), written.iter().map(|door| door.place()).collect()))
}

/// The key as the name of a site, a route or a carrier.
pub(super) fn name<'t>(key: &'t Key, value: Value<'_>, what: &str) -> Option<&'t str> {
    if RESERVED.contains(&key.text.as_str()) {
        let fault = Fault::at(key.place, format!("no {what} can be called `{}`", key.text));
        value.faults().add(fault.note("playbooks and reports use this word"));
        return None;
    }
    if is_name(&key.text) {
        return Some(&key.text);
    }
    let note = "small letters, digits and `-`, a letter first, at most 24";
    value.faults().add(Fault::at(key.place, format!("`{}` is no name for a {what}", key.text)).note(note));
    None
}
