//! The peers as a site sees them while no agent runs there: its links are opened, listened to, and closed again.

use super::{Kind, Sight};
use crate::causes::with_causes;
use crate::clock;
use crate::cluster_clock::ASTRAY;
use crate::frame::{Body, Frame};
use crate::links::{Config, LinkEvent, Links, LinksError};
use policies::reason::Age;
use state::{SiteId, Stamp};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::sync::mpsc;

/// How long is listened: every agent says once a second that it lives, and a link comes within one or two.
const LISTEN: Duration = Duration::from_secs(4);

/// Opens the links, and says who was met, and how far this machine's clock is from theirs. Within a tokio runtime.
pub async fn meet(config: Config) -> Vec<Sight> {
    let (events, mut inbox) = mpsc::channel(64);
    let peers: Vec<SiteId> = config.peers.iter().map(|peer| peer.site.clone()).collect();
    let listen = config.listen;
    let links = match Links::spawn(config, events) {
        Ok(links) => links,
        Err(LinksError::Listen { source, .. }) if source.kind() == std::io::ErrorKind::AddrInUse => {
            let says = format!("{listen} is taken by a program that does not answer at the control socket");
            return vec![Sight::fault(Kind::Peer, "all of them", says).hint("`systemctl status pointsman`")];
        }
        Err(error) => return vec![Sight::fault(Kind::Peer, "all of them", with_causes(&error))],
    };
    let (mut met, mut apart) = (BTreeSet::new(), BTreeMap::new());
    let listening = async {
        while let Some(event) = inbox.recv().await {
            match event {
                LinkEvent::Up { site } => drop(met.insert(site)),
                LinkEvent::Frame { from, bytes } => {
                    if let Some(wall) = told(&bytes) {
                        // What had to wait for a link comes late and looks old: the quickest word is the true one.
                        let by = behind(wall, clock::wall());
                        apart.entry(from).and_modify(|least: &mut i64| *least = by.min(*least)).or_insert(by);
                    }
                }
                LinkEvent::Down { .. } => {}
            }
        }
    };
    // Who was not heard by then is not there.
    let _listened = tokio::time::timeout(LISTEN, listening).await;
    let mut sights: Vec<Sight> = peers.iter().map(|peer| sight(peer, &met, &links)).collect();
    sights.push(clock_sight(&apart));
    sights
}

/// What a peer's wall clock shows, if that is what the frame says.
fn told(bytes: &[u8]) -> Option<Stamp> {
    let Body::Pulse(pulse) = Frame::decode(bytes).ok()?.body else { return None };
    Some(pulse.wall)
}

/// How far apart two clocks are, in milliseconds; negative if the other one is ahead.
fn behind(theirs: Stamp, ours: Stamp) -> i64 {
    let millis = |at: Stamp| i64::try_from(at.millis()).unwrap_or(i64::MAX);
    millis(ours) - millis(theirs)
}

fn sight(peer: &SiteId, met: &BTreeSet<SiteId>, links: &Links) -> Sight {
    if met.contains(peer) {
        return Sight::ok(Kind::Peer, peer, "answers, and both certificates are believed");
    }
    let refused = links.refused().into_iter().rev().find(|refused| refused.dialled.as_ref() == Some(peer));
    let why = refused.map_or_else(|| "nothing was heard".to_owned(), |refused| refused.why);
    Sight::fault(Kind::Peer, peer, format!("is not reached: {why}")).hint(format!(
        "is its agent running, and does the firewall let us through? `systemctl status pointsman` at {peer}"
    ))
}

/// What the distances from the others' clocks amount to: the one in the middle counts.
fn clock_sight(apart: &BTreeMap<SiteId, i64>) -> Sight {
    let mut all: Vec<i64> = apart.values().copied().collect();
    all.sort_unstable();
    let Some(middle) = all.get(all.len() / 2) else {
        return Sight::warning(Kind::Clock, "wall clock", "compared with nobody: no peer said its time")
            .hint("`timedatectl`");
    };
    let by = Duration::from_millis(middle.unsigned_abs());
    let which = if *middle < 0 { "behind" } else { "ahead of" };
    let of = if all.len() == 1 { "1 other's".to_owned() } else { format!("{} others'", all.len()) };
    if by > ASTRAY {
        return Sight::fault(Kind::Clock, "wall clock", format!("{} {which} {of}", Age(by)))
            .hint("`timedatectl`");
    }
    Sight::ok(Kind::Clock, "wall clock", format!("within {} of {of}", Age(by)))
}
