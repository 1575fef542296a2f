//! Who is not let in, and in which words.

use super::*;
use rustls::pki_types::ServerName;
use state::Stamp;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A connection that is let in as `office`, in the test's own hands.
async fn by_hand(bundle: &Bundle, to: SocketAddr) -> TlsStream<TcpStream> {
    let identity = Identity::from_bundle(bundle).unwrap();
    let stream = TcpStream::connect(to).await.unwrap();
    let name = ServerName::try_from("london.bytemark.pointsman").unwrap();
    TlsConnector::from(Arc::clone(&identity.client)).connect(name, stream).await.unwrap()
}

async fn ends(stream: &mut (impl tokio::io::AsyncRead + Unpin)) {
    let mut rest = Vec::new();
    let ended = timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "the connection should have been closed");
}

#[tokio::test]
async fn another_ca_is_refused_at_both_ends() {
    let [london] = bundles(&authority(), ["london"]);
    let [office] = bundles(&authority(), ["office"]);
    let london = Site::start(&london, at(20, 1), &[("office", at(20, 2))]);
    let office = Site::start(&office, at(20, 2), &[("london", at(20, 1))]);
    london.refused("another CA").await;
    office.refused("another CA").await;
}

#[tokio::test]
async fn a_caller_of_another_ca_is_refused() {
    let ca = authority();
    let [london, honest] = bundles(&ca, ["london", "office"]);
    let [mut forged] = bundles(&authority(), ["office"]);
    // It believes our CA, so that it comes as far as showing its own certificate.
    forged.ca = honest.ca;
    let london = Site::start(&london, at(21, 1), &[("office", at(21, 9))]);
    let mut stream = by_hand(&forged, at(21, 1)).await;
    ends(&mut stream).await;
    london.refused("signed by another CA").await;
}

#[tokio::test]
async fn an_expired_certificate_is_named_as_such_at_both_ends() {
    let ca = authority();
    let [london] = bundles(&ca, ["london"]);
    let now = clock::wall().millis();
    let hour = 3_600_000;
    let past = Validity { from: Stamp::from_millis(now - 2 * hour), until: Stamp::from_millis(now - hour) };
    let office = ca.issue(&SiteId::new("office"), past).unwrap();
    let expires = Identity::from_bundle(&office).unwrap().expires();
    assert_eq!(expires.millis() / 1000, (now - hour) / 1000);
    let london = Site::start(&london, at(22, 1), &[("office", at(22, 2))]);
    let office = Site::start(&office, at(22, 2), &[("london", at(22, 1))]);
    london.refused("its certificate has expired").await;
    office.refused("it says that ours has expired").await;
}

#[tokio::test]
async fn a_site_that_answers_at_anothers_address_is_refused() {
    let [london, paris] = bundles(&authority(), ["london", "paris"]);
    let london = Site::start(&london, at(23, 1), &[("office", at(23, 2))]);
    let paris = Site::start(&paris, at(23, 2), &[("london", at(23, 1))]);
    london.refused("not that of the site we dialled").await;
    paris.refused("closed before its first pulse").await;
    london.refused("names site `paris`").await;
}

#[tokio::test]
async fn our_own_name_from_elsewhere_is_refused() {
    let ca = authority();
    let [london, copy] = bundles(&ca, ["london", "london"]);
    let london = Site::start(&london, at(24, 1), &[("office", at(24, 9))]);
    ends(&mut by_hand(&copy, at(24, 1)).await).await;
    london.refused("our own site").await;
}

#[tokio::test]
async fn a_site_of_another_cluster_under_the_same_ca_is_refused() {
    let ca = Authority::new("bytemark", year()).unwrap();
    let other = ca.in_cluster("elsewhere");
    let [london] = bundles(&ca, ["london"]);
    let [office] = bundles(&other, ["office"]);
    let london = Site::start(&london, at(25, 1), &[("office", at(25, 9))]);
    ends(&mut by_hand(&office, at(25, 1)).await).await;
    london.refused("names cluster `elsewhere`").await;
}

#[tokio::test]
async fn garbage_is_refused_and_the_door_stays_open() {
    let [london, office] = bundles(&authority(), ["london", "office"]);
    let mut london = Site::start(&london, at(26, 1), &[("office", at(26, 9))]);
    for n in 0..40u8 {
        let mut stream = TcpStream::connect(at(26, 1)).await.unwrap();
        // The other end may close in the middle of the write, which is its right.
        let _ = stream.write_all(&[n.wrapping_mul(7); 600]).await;
        ends(&mut stream).await;
    }
    london.refused("does not speak TLS").await;
    let _office = Site::start(&office, at(26, 2), &[("london", at(26, 1))]);
    london.up("office").await;
}

#[tokio::test]
async fn half_open_callers_are_few_and_shown_out() {
    let [london, office] = bundles(&authority(), ["london", "office"]);
    let mut london = Site::start(&london, at(27, 1), &[("office", at(27, 2))]);
    let mut silent = Vec::new();
    for _ in 0..40 {
        silent.push(TcpStream::connect(at(27, 1)).await.unwrap());
    }
    london.refused("too many connections").await;
    // The office comes in at once all the same: neighbours have places of their own.
    let _office = Site::start(&office, at(27, 2), &[("london", at(27, 1))]);
    london.up("office").await;
    london.refused("did not say who it is within 2 s").await;
    for mut stream in silent {
        ends(&mut stream).await;
    }
}

#[tokio::test]
async fn an_oversized_frame_ends_the_link_by_name() {
    let [london, office] = bundles(&authority(), ["london", "office"]);
    let mut london = Site::start(&london, at(28, 1), &[("office", at(28, 9))]);
    let mut stream = by_hand(&office, at(28, 1)).await;
    stream.write_all(&[0; 4]).await.unwrap();
    london.up("office").await;
    stream.write_all(&u32::MAX.to_be_bytes()).await.unwrap();
    assert_eq!(london.down("office").await, Closed::Oversized { length: u32::MAX as usize });
    ends(&mut stream).await;
}

#[tokio::test]
async fn a_bundle_of_another_site_does_not_start() {
    let [london] = bundles(&authority(), ["london"]);
    let identity = Identity::from_bundle(&london).unwrap();
    let (outlet, _inbox) = mpsc::channel(1);
    let config = Config {
        own: SiteId::new("office"),
        cluster: "bytemark".to_owned(),
        listen: at(29, 1),
        bind: None,
        peers: Vec::new(),
        identity,
    };
    let fault = Links::spawn(config, outlet).err().unwrap();
    assert!(matches!(fault, LinksError::NotOurs { .. }), "{fault}");
}

#[tokio::test]
async fn the_newest_of_many_links_is_used_and_the_oldest_beyond_four_goes() {
    // `alpha` is the lesser name, so it is not London that closes a link merely because a newer one came.
    let [london, alpha] = bundles(&authority(), ["london", "alpha"]);
    let mut london = Site::start(&london, at(30, 1), &[("alpha", at(30, 9))]);
    let mut first = by_hand(&alpha, at(30, 1)).await;
    first.write_all(&[0; 4]).await.unwrap();
    london.up("alpha").await;
    let (mut reader, mut writer) = tokio::io::split(first);
    // It never falls silent: only the limit can end it.
    let pulses = tokio::spawn(async move {
        while writer.write_all(&[0; 4]).await.is_ok() && writer.flush().await.is_ok() {
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    });
    let mut newer = Vec::new();
    for _ in 0..4 {
        let mut stream = by_hand(&alpha, at(30, 1)).await;
        stream.write_all(&[0; 4]).await.unwrap();
        newer.push(stream);
    }
    ends(&mut reader).await;
    pulses.abort();
    london.send("alpha", "to the newest");
    let frame = async {
        loop {
            let bytes = frame::read(newer.last_mut().unwrap()).await.unwrap();
            if !bytes.is_empty() {
                return bytes;
            }
        }
    };
    assert_eq!(timeout(PATIENCE, frame).await.unwrap(), b"to the newest");
}

/// A stolen bundle is shut out at once, also on a link that stands; the next one of the site is let in by its key.
#[tokio::test]
async fn whoever_shows_a_revoked_key_is_shut_out_and_the_next_one_let_in() {
    let ca = authority();
    let [london, office] = bundles(&ca, ["london", "office"]);
    let [next] = bundles(&ca, ["office"]);
    let mut london = Site::start(&london, at(31, 1), &[("office", at(31, 2))]);
    let mut thief = Site::start(&office, at(31, 2), &[("london", at(31, 1))]);
    london.up("office").await;
    thief.up("london").await;
    london.links.link(&[other("office", at(31, 2), Trust::Nobody)]);
    assert_eq!(london.down("office").await, Closed::Removed);
    let key = Identity::from_bundle(&office).unwrap().fingerprint();
    london.refused(&format!("is revoked, and it shows the key {key}")).await;
    // The site is back at another address with its next bundle, while the thief goes on dialling.
    let trust = Trust::Only(Identity::from_bundle(&next).unwrap().fingerprint());
    london.links.link(&[other("office", at(31, 3), trust)]);
    let mut office = Site::start(&next, at(31, 3), &[("london", at(31, 1))]);
    london.up("office").await;
    office.up("london").await;
    office.send("london", "it is me");
    london.hears("office", "it is me").await;
}
