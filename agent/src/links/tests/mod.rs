//! Real links on addresses of this machine: how they come up, what they refuse, how they end.

mod refusing;
mod sealed;
mod wire;

use super::*;
use crate::clock;
use crate::init::{Authority, Validity};
use std::net::Ipv4Addr;
use tokio::time::timeout;

const PORT: u16 = 7701;
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn authority() -> Authority {
    Authority::new("bytemark", year()).unwrap()
}

pub(super) fn year() -> Validity {
    Validity::from_now(clock::wall(), Duration::from_secs(365 * 86_400))
}

/// Each test has a network of its own: `127.71.NET.HOST`.
pub(super) fn at(net: u8, host: u8) -> SocketAddr {
    SocketAddr::new(Ipv4Addr::new(127, 71, net, host).into(), PORT)
}

pub(super) fn other(site: &str, address: SocketAddr, trust: Trust) -> Other {
    Other { site: SiteId::new(site), address, trust }
}

pub(super) struct Site {
    pub(super) links: Links,
    pub(super) inbox: mpsc::Receiver<LinkEvent>,
}

impl Site {
    pub(super) fn start(bundle: &Bundle, listen: SocketAddr, peers: &[(&str, SocketAddr)]) -> Self {
        let identity = Identity::from_bundle(bundle).unwrap();
        let (own, cluster) = (identity.site().clone(), identity.cluster().to_owned());
        let peers = peers.iter().map(|(site, at)| other(site, *at, Trust::Any)).collect();
        let (outlet, inbox) = mpsc::channel(64);
        let config = Config { own, cluster, listen, bind: None, peers, identity };
        Self { links: Links::spawn(config, outlet).unwrap(), inbox }
    }

    pub(super) async fn next(&mut self) -> LinkEvent {
        timeout(PATIENCE, self.inbox.recv()).await.expect("an event comes in time").unwrap()
    }

    pub(super) async fn up(&mut self, site: &str) {
        assert_eq!(self.next().await, LinkEvent::Up { site: SiteId::new(site) });
    }

    pub(super) async fn down(&mut self, site: &str) -> Closed {
        match self.next().await {
            LinkEvent::Down { site: gone, why } if gone.as_str() == site => why,
            other @ (LinkEvent::Up { .. } | LinkEvent::Down { .. } | LinkEvent::Frame { .. }) => {
                panic!("expected {site} to go down, got {other:?}")
            }
        }
    }

    pub(super) fn send(&self, to: &str, text: &str) {
        self.links.send(&SiteId::new(to), text.into()).unwrap();
    }

    pub(super) async fn hears(&mut self, from: &str, text: &str) {
        let expected = LinkEvent::Frame { from: SiteId::new(from), bytes: text.into() };
        assert_eq!(self.next().await, expected);
    }

    /// Waits until a refusal with this text was counted.
    pub(super) async fn refused(&self, text: &str) {
        let seen = async {
            while !self.links.refused().iter().any(|refused| refused.why.contains(text)) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let found = timeout(PATIENCE, seen).await;
        found.unwrap_or_else(|_| panic!("no refusal says `{text}`: {:?}", self.links.refused()));
    }
}

/// Signs a bundle for each name.
pub(super) fn bundles<const N: usize>(ca: &Authority, names: [&str; N]) -> [Bundle; N] {
    names.map(|name| ca.issue(&SiteId::new(name), year()).unwrap())
}

#[tokio::test]
async fn two_sites_exchange_frames_both_ways() {
    let [london, office] = bundles(&authority(), ["london", "office"]);
    let mut london = Site::start(&london, at(1, 1), &[("office", at(1, 2))]);
    let mut office = Site::start(&office, at(1, 2), &[("london", at(1, 1))]);
    london.up("office").await;
    office.up("london").await;
    for n in 0..100 {
        london.send("office", &format!("down {n}"));
        office.send("london", &format!("up {n}"));
        office.hears("london", &format!("down {n}")).await;
        london.hears("office", &format!("up {n}")).await;
    }
}

#[tokio::test]
async fn either_end_may_dial() {
    // Behind NAT: nobody can reach the office; its own call serves both directions, whichever name is lesser.
    for (net, caller, called) in [(2, "office", "london"), (3, "london", "office")] {
        let [near, far] = bundles(&authority(), [caller, called]);
        let mut far = Site::start(&far, at(net, 1), &[(caller, at(net, 9))]);
        let mut near = Site::start(&near, at(net, 2), &[(called, at(net, 1))]);
        near.up(called).await;
        far.up(caller).await;
        far.send(caller, "hello");
        near.hears(called, "hello").await;
    }
}

#[tokio::test]
async fn three_sites_know_each_sender_by_its_certificate() {
    let [london, manchester, office] = bundles(&authority(), ["london", "manchester", "office"]);
    let all = [("london", at(4, 1)), ("manchester", at(4, 2)), ("office", at(4, 3))];
    let mut london = Site::start(&london, at(4, 1), &all[1..]);
    let manchester = Site::start(&manchester, at(4, 2), &[all[0], all[2]]);
    let office = Site::start(&office, at(4, 3), &all[..2]);
    manchester.send("london", "m");
    office.send("london", "o");
    let mut seen = Vec::new();
    while seen.len() < 2 {
        if let LinkEvent::Frame { from, bytes } = london.next().await {
            seen.push((from.to_string(), bytes));
        }
    }
    seen.sort();
    assert_eq!(seen, [("manchester".to_owned(), b"m".to_vec()), ("office".to_owned(), b"o".to_vec())]);
}

#[tokio::test]
async fn a_killed_site_goes_down_and_comes_back() {
    let [london, office] = bundles(&authority(), ["london", "office"]);
    let mut near = Site::start(&london, at(5, 1), &[("office", at(5, 2))]);
    for _ in 0..3 {
        let mut far = Site::start(&office, at(5, 2), &[("london", at(5, 1))]);
        near.up("office").await;
        far.up("london").await;
        far.send("london", "back");
        near.hears("office", "back").await;
        drop(far);
        near.down("office").await;
    }
}

#[tokio::test]
async fn dialling_at_once_from_both_ends_never_drops_a_link() {
    let [london, office] = bundles(&authority(), ["london", "office"]);
    let mut near = Site::start(&london, at(6, 1), &[("office", at(6, 2))]);
    let mut far = Site::start(&office, at(6, 2), &[("london", at(6, 1))]);
    near.up("office").await;
    far.up("london").await;
    // Longer than draining and silence together: an end that closed the wrong link would show as `Down`.
    let deadline = clock::mono() + Duration::from_secs(4);
    let mut n = 0;
    while deadline.left(clock::mono()) > Duration::ZERO {
        near.send("office", &format!("{n}"));
        far.hears("london", &format!("{n}")).await;
        far.send("london", &format!("{n}"));
        near.hears("office", &format!("{n}")).await;
        n += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_queue_for_an_absent_peer_keeps_the_newest() {
    let [london, office] = bundles(&authority(), ["london", "office"]);
    let near = Site::start(&london, at(7, 1), &[("office", at(7, 2))]);
    for n in 0..OUTBOX_FRAMES + 5 {
        near.send("office", &n.to_string());
    }
    assert_eq!(near.links.dropped(&SiteId::new("office")), 5);
    let mut far = Site::start(&office, at(7, 2), &[("london", at(7, 1))]);
    far.up("london").await;
    far.hears("london", "5").await;
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_at_once() {
    let [london] = bundles(&authority(), ["london"]);
    let near = Site::start(&london, at(8, 1), &[("office", at(8, 2))]);
    let office = SiteId::new("office");
    assert_eq!(near.links.send(&office, vec![]), Err(SendError::Length(0)));
    assert_eq!(near.links.send(&office, vec![0; FRAME_MAX + 1]), Err(SendError::Length(FRAME_MAX + 1)));
    let paris = SiteId::new("paris");
    assert_eq!(near.links.send(&paris, vec![1]), Err(SendError::UnknownSite(paris.clone())));
}

#[tokio::test]
async fn dropping_the_links_frees_the_address() {
    let [london] = bundles(&authority(), ["london"]);
    let site = Site::start(&london, at(9, 1), &[("office", at(9, 2))]);
    drop(site);
    let free = async {
        while std::net::TcpListener::bind(at(9, 1)).is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, free).await.expect("the listener ends with the links");
}

#[tokio::test]
async fn calls_leave_from_the_listening_address() {
    let [london] = bundles(&authority(), ["london"]);
    let office = tokio::net::TcpListener::bind(at(10, 2)).await.unwrap();
    let _london = Site::start(&london, at(10, 1), &[("office", at(10, 2))]);
    let (_stream, from) = timeout(PATIENCE, office.accept()).await.unwrap().unwrap();
    assert_eq!(from.ip(), at(10, 1).ip());
}
