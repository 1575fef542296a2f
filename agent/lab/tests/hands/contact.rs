//! What the PBX beside an agent says of the addresses that calls come from, over real sockets.

use agent::act::{Config, Hands};
use agent::event::{Effect, Event, Presence};
use agent::probes::plan::{About, Kind, ProbePlan};
use agent::site::{Secrets, SiteFile};
use lab::pbx::Pbx;
use lab::pbx::ami::{Ami, Class};
use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

const EVERY: Duration = Duration::from_millis(100);
const LIMIT: Duration = Duration::from_secs(20);

/// The next word on the address that is as wanted.
async fn until(inbox: &mut mpsc::Receiver<Event>, wanted: Presence) {
    let heard = async {
        while let Some(event) = inbox.recv().await {
            let Event::Contacted { answer, .. } = event else { panic!("{event:?}") };
            if answer == wanted {
                return;
            }
        }
    };
    tokio::time::timeout(LIMIT, heard).await.unwrap_or_else(|_| panic!("never {wanted:?}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_is_there_gone_or_not_asked_by_its_pbx() {
    let ami = Arc::new(Ami::new(&[("pointsman", "s3cret", Class::Reporting)]));
    let any = "127.0.0.21:0".parse().unwrap();
    let pbx = Pbx::start_with(any, &[], Some((any, Arc::clone(&ami)))).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("ami");
    fs::write(&secret, "pointsman\ns3cret\n").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let at = pbx.ami_address().unwrap();
    let text =
        format!("site: london\nlisten: {{ peers: 127.0.0.11:7701 }}\nsecrets: .\npbx: {{ ami: {at} }}\n");
    let site = SiteFile::parse("site.yaml", &text, folder.path()).unwrap();
    let (events, mut inbox) = mpsc::channel(64);
    let mut hands = Hands::new(Config {
        bind: None,
        secrets: Secrets::at(folder.path()),
        addresses: folder.path().to_owned(),
        commands: BTreeMap::new(),
        authorities: None,
        site: Some(Arc::new(site)),
        carriers: Vec::new(),
        events,
    });
    let target: SocketAddr = "203.0.113.60:5060".parse().unwrap();
    ami.contact("sip:elsewhere@203.0.113.61:5060", "Unreachable");
    hands.act(Effect::Watch(vec![ProbePlan {
        about: About::Contact(target),
        kind: Kind::Contact { target },
        every: EVERY,
        timeout: Duration::from_secs(1),
    }]));
    // Neither a PBX that has no such contact nor one that does not ask it knows anything of the carrier.
    for status in [None, Some("NonQualified")] {
        if let Some(status) = status {
            ami.contact("sip:203.0.113.60", status);
        }
        let quiet = tokio::time::timeout(EVERY * 8, inbox.recv()).await;
        assert!(quiet.is_err(), "{status:?}: {quiet:?}");
    }
    ami.contact("sip:203.0.113.60", "Reachable");
    until(&mut inbox, Presence::Present).await;
    ami.contact("sip:203.0.113.60", "Unreachable");
    until(&mut inbox, Presence::Absent).await;
    assert_eq!(ami.logins().1, 0, "no login was refused");
}
