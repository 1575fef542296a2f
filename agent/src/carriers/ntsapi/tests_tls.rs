//! The same conversation inside TLS, with a private authority, a stranger's, and another host's certificate.

use super::peer::{AUTH, Act, Peer, after_login, login, soon};
use super::*;
use crate::carriers::line::SetOutcome;
use crate::carriers::window::Window;
use crate::clock::mono;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use state::{Destination, Number};
use std::sync::Arc;
use std::time::Duration;

/// A fresh authority's PEM text, and a server that shows a certificate for `carrier.test` signed by it.
fn authority() -> (String, Arc<ServerConfig>) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let root = params.self_signed(&key).unwrap();
    let issuer = Issuer::new(params, key);
    let leaf_key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["carrier.test".to_owned()]).unwrap().signed_by(&leaf_key, &issuer);
    let key = PrivateKeyDer::try_from(leaf_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.unwrap().der().clone()], key);
    (root.pem(), Arc::new(config.unwrap()))
}

fn peer(config: Arc<ServerConfig>, script: Vec<Act>) -> Peer {
    Peer::start(vec![script], move |socket| {
        StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), socket)
    })
}

fn account(peer: &Peer, name: &str, root: String) -> Account {
    let transport = Transport::Tls { name: name.to_owned(), trust: Trust::Roots(vec![root]) };
    Account::new(peer.address, &transport, login()).unwrap()
}

#[test]
fn a_number_is_pointed_inside_tls() {
    let (root, config) = authority();
    let set = "SET 02079460001 1 S:a@192.0.2.11\r\n";
    let rest =
        [Act::Hear(set), Act::Say("0 Number updated OK\r\n"), Act::Hear("QUIT\r\n"), Act::Say("0 Bye\r\n")];
    let peer = peer(config, after_login(&rest));
    let mut session = Session::open(&account(&peer, "carrier.test", root), soon()).unwrap();
    let window = Window { send_by: soon(), close_by: soon() };
    let report = session.set(&Number::new("02079460001"), &Destination::new("S:a@192.0.2.11"), window);
    assert_eq!(report.outcome, SetOutcome::Answered);
    session.quit();
    assert_eq!(peer.heard(), format!("{AUTH}{set}QUIT\r\n"));
}

#[test]
fn after_send_by_no_record_leaves_and_the_session_is_over() {
    let (root, config) = authority();
    let peer = peer(config, after_login(&[Act::Hang]));
    let mut session = Session::open(&account(&peer, "carrier.test", root), soon()).unwrap();
    let window = Window { send_by: mono() - Duration::from_millis(1), close_by: soon() };
    let report = session.set(&Number::new("02079460001"), &Destination::new("S:a@192.0.2.11"), window);
    assert!(matches!(report.outcome, SetOutcome::NotSent { .. }));
    assert!(!session.is_open());
    assert_eq!(peer.heard(), AUTH);
}

#[test]
fn a_certificate_of_a_stranger_or_for_another_name_is_refused_before_the_login() {
    let (root, config) = authority();
    let (stranger, _) = authority();
    for (name, root) in [("carrier.test", stranger), ("other.test", root)] {
        let peer = peer(config.clone(), after_login(&[Act::Hang]));
        let error = Session::open(&account(&peer, name, root), soon()).err().unwrap();
        assert!(matches!(error, OpenError::Wire { source: WireError::Tls { .. } }), "{error:?}");
        assert_eq!(peer.heard(), "");
    }
}

#[test]
fn the_platform_does_not_know_a_private_authority() {
    let (_, config) = authority();
    let peer = peer(config, after_login(&[Act::Hang]));
    let transport = Transport::Tls { name: "carrier.test".to_owned(), trust: Trust::Platform };
    // A machine without any authority refuses already here, and that is as good.
    if let Ok(account) = Account::new(peer.address, &transport, login()) {
        assert!(Session::open(&account, soon()).is_err());
        assert_eq!(peer.heard(), "");
    }
}

#[test]
fn a_root_or_a_name_that_is_none_is_refused_when_the_account_is_made() {
    let address = "192.0.2.1:777".parse().unwrap();
    let pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned();
    let bad_root = Transport::Tls { name: "carrier.test".to_owned(), trust: Trust::Roots(vec![pem]) };
    assert!(matches!(Account::new(address, &bad_root, login()), Err(AccountError::Tls { .. })));
    let bad_name = Transport::Tls { name: "not a name".to_owned(), trust: Trust::Platform };
    assert!(matches!(Account::new(address, &bad_name, login()), Err(AccountError::Name { .. })));
}
