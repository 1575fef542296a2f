//! Looks at what a site leans on, against small servers that are well, silent, strict or something else.

use super::servers::{Dns, Name, Tcp};
use agent::ami::sight::{Needed, Pbx, look};
use agent::live::{Health, Sight};
use agent::probes::smtp;
use agent::resolve::sight::asked;
use agent::site::Secrets;
use lab::pbx::ami::{Ami, Class};
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use tokio::net::UdpSocket;

/// How it is, and part of what is said.
fn is(sight: &Sight, health: Health, says: &str) {
    assert!(sight.is == health && sight.says.contains(says), "{sight:?}");
    assert_eq!(sight.hint.is_some(), health != Health::Ok, "{sight:?}");
}

/// An address at which nobody is.
async fn nobody() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.local_addr().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_name_server_that_answers_makes_the_silence_of_another_a_warning() {
    let (good, other) = (Dns::start(Name::Says).await, nobody().await);
    let host = "sip1.example.com";
    let sights = asked(host, &[good.at, other]).await;
    is(&sights[0], Health::Ok, "127.0.0.1: 1 record");
    is(&sights[1], Health::Warning, "refused");
    is(&asked(host, &[other]).await[0], Health::Fault, "refused");
    is(&asked(host, &[Dns::start(Name::Refuses).await.at]).await[0], Health::Fault, "Non-Existent Domain");
    is(&asked(host, &[]).await[0], Health::Fault, "no name server");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_greets_or_takes_no_mail_from_here() {
    let good = Tcp::greets(b"220 relay.example ESMTP\r\n").await;
    is(&smtp::look(good.at, None).await, Health::Ok, "greets: 220 relay.example ESMTP");
    let strict = Tcp::greets(b"554 no mail from dynamic addresses\r\n").await;
    is(&smtp::look(strict.at, None).await, Health::Fault, "takes no mail from here: 554 no mail");
    is(&smtp::look(nobody().await, None).await, Health::Fault, "is not reached");
}

fn secret(folder: &Path, password: &str) {
    let file = folder.join("ami");
    fs::write(&file, format!("pointsman\n{password}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manager_interface_says_what_its_user_may_do() {
    let any = "127.0.0.1:0".parse().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let secrets = Secrets::at(folder.path());
    for (class, needed, health, says) in [
        (Class::All, Needed::Writing, Health::Ok, "may DBPut, Originate"),
        (Class::Reporting, Needed::Login, Health::Ok, "may write nothing"),
        (Class::Reporting, Needed::Writing, Health::Warning, "greetings cannot be switched"),
    ] {
        let ami = Arc::new(Ami::new(&[("pointsman", "s3cret", class)]));
        let pbx = lab::pbx::Pbx::start_with(any, &[], Some((any, ami))).await.unwrap();
        let at = pbx.ami_address().unwrap();
        let asked = Pbx { at, bind: None, secret: "ami".to_owned(), needed };
        let _ = fs::remove_file(folder.path().join("ami"));
        is(&look(&asked, &secrets).await, Health::Fault, "cannot read the secret");
        secret(folder.path(), "wrong");
        is(&look(&asked, &secrets).await, Health::Fault, "Authentication failed");
        secret(folder.path(), "s3cret");
        is(&look(&asked, &secrets).await, health, says);
    }
    let ssh = Tcp::greets(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n").await;
    let asked = Pbx { at: ssh.at, bind: None, secret: "ami".to_owned(), needed: Needed::Login };
    is(&look(&asked, &secrets).await, Health::Fault, "it greets otherwise");
}
