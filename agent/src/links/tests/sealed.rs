//! What is passed on, under real keys: believed from its origin, and from nobody else.

use super::*;
use crate::relay::{Seal, Sealed};
use state::{Stamp, Starts};

fn identity(bundle: &Bundle) -> Identity {
    Identity::from_bundle(bundle).unwrap()
}

/// A frame from the office to London, sealed by whoever says so.
fn frame(by: &Identity) -> Sealed {
    let (from, to) = (SiteId::new("office"), SiteId::new("london"));
    let mut sealed =
        Sealed { from, to, starts: Starts(7), n: 9, bytes: b"ballot".to_vec(), seal: Seal::default() };
    sealed.seal = by.seal(&sealed).unwrap();
    sealed
}

#[track_caller]
fn refused(at: &Identity, sealed: &Sealed, words: &str) {
    let why = at.check(sealed, clock::wall()).unwrap_err().to_string();
    assert!(why.contains(words), "{why}");
}

#[test]
fn what_its_origin_signed_is_believed() {
    let [london, office] = bundles(&authority(), ["london", "office"]).map(|bundle| identity(&bundle));
    let sealed = frame(&office);
    london.check(&sealed, clock::wall()).unwrap();
    // With its certificate it is small beside the greatest frame, so that a whole snapshot may go with it.
    assert!(postcard::to_stdvec(&sealed).unwrap().len() < 1024);
}

#[test]
fn whatever_the_relay_changes_breaks_the_seal() {
    let [london, office] = bundles(&authority(), ["london", "office"]).map(|bundle| identity(&bundle));
    let sealed = frame(&office);
    let mut bytes = sealed.clone();
    bytes.bytes[0] ^= 1;
    let mut signature = sealed.clone();
    signature.seal.signature[12] ^= 1;
    let changed = [
        bytes,
        signature,
        Sealed { to: SiteId::new("manchester"), ..sealed.clone() },
        Sealed { starts: Starts(8), ..sealed.clone() },
        Sealed { n: 10, ..sealed.clone() },
        Sealed { seal: Seal { signature: Vec::new(), ..sealed.seal.clone() }, ..sealed.clone() },
    ];
    for changed in changed {
        refused(&london, &changed, "its signature does not fit");
    }
    let scheme = Seal { scheme: 0x0201, ..sealed.seal.clone() };
    refused(&london, &Sealed { seal: scheme, ..sealed }, "unknown scheme 0x0201");
}

#[test]
fn nobody_speaks_for_another_site() {
    let ca = authority();
    let [london, office, relay] =
        bundles(&ca, ["london", "office", "manchester"]).map(|bundle| identity(&bundle));
    refused(&london, &frame(&relay), "that of manchester in cluster `bytemark`");
    // Its own signature under the true certificate, and the true signature under its own.
    let (honest, forged) = (frame(&office), frame(&relay));
    let mixed = Seal { chain: honest.seal.chain.clone(), ..forged.seal.clone() };
    refused(&london, &Sealed { seal: mixed, ..forged.clone() }, "its signature does not fit");
    let mixed = Seal { chain: forged.seal.chain, ..honest.seal };
    refused(&london, &Sealed { seal: mixed, ..forged }, "that of manchester");
}

#[test]
fn another_ca_another_cluster_and_an_expired_certificate_seal_nothing() {
    let ca = authority();
    let [london] = bundles(&ca, ["london"]).map(|bundle| identity(&bundle));
    let [foreign] = bundles(&authority(), ["office"]).map(|bundle| identity(&bundle));
    refused(&london, &frame(&foreign), "its certificate is not to be believed");
    let [elsewhere] = bundles(&ca.in_cluster("elsewhere"), ["office"]).map(|bundle| identity(&bundle));
    refused(&london, &frame(&elsewhere), "office in cluster `elsewhere`");
    let [office] = bundles(&ca, ["office"]).map(|bundle| identity(&bundle));
    let sealed = frame(&office);
    let later = Stamp::from_millis(office.expires().millis() + 1000);
    let why = london.check(&sealed, later).unwrap_err().to_string();
    assert!(why.contains("xpired"), "{why}");
}

#[test]
fn certificates_are_measured_before_they_are_read() {
    let [london, office] = bundles(&authority(), ["london", "office"]).map(|bundle| identity(&bundle));
    let sealed = frame(&office);
    let long = Seal { chain: vec![vec![0x30; 4096]], ..sealed.seal.clone() };
    refused(&london, &Sealed { seal: long, ..sealed.clone() }, "4096 bytes of certificates");
    let none = Seal { chain: Vec::new(), ..sealed.seal.clone() };
    refused(&london, &Sealed { seal: none, ..sealed.clone() }, "0 bytes of certificates");
    let garbage = Seal { chain: vec![vec![0x30; 64]], ..sealed.seal.clone() };
    refused(&london, &Sealed { seal: garbage, ..sealed }, "names no site");
}
