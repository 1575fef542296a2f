//! Wrong certificates, foreign CAs, voters that are not one's own, and a peer gone wild.

use super::caller::{bundle, call, greeted, greeting, hello, raft, say, slander};
use super::town::{PATIENCE, Town};
use agent::clock;
use agent::door::Hello;
use agent::init::{Authority, Validity};
use agent::links::{Bundle, FRAME_MAX};
use agent::quorum::RaftId;
use agent::quorum::wire::Kind;
use lab::rig::SITES;
use rcgen::{CertificateParams, Issuer, KeyPair};
use state::{Disk, Index, SiteId};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::time::{Instant, timeout};

const OTHERS: [&str; 3] = ["london", "manchester", "netherlands"];

/// How long a peer goes wild.
const WILD: Duration = Duration::from_secs(4);

fn year() -> Validity {
    Validity::from_now(clock::wall(), Duration::from_secs(365 * 86_400))
}

/// A bundle that the cluster's own CA signs for this name.
fn signed(town: &Town, name: &str) -> Bundle {
    let ca = town.rig.folder("ca");
    let read = |file: &str| std::fs::read_to_string(ca.join(file)).expect("the rig made it");
    let key = KeyPair::from_pem(&read("ca.key")).expect("a key");
    let issuer = Issuer::from_ca_cert_pem(&read("ca.pem"), key).expect("a CA");
    let own = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
    let site = params.signed_by(&own, &issuer).expect("it is signed").pem().into_bytes();
    Bundle { ca: read("ca.pem").into_bytes(), site, key: own.serialize_pem().into_bytes() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_not_of_the_cluster_is_refused_by_name() {
    let mut town = Town::whole().await;
    let at = town.rig.net.peers_behind(&SITES[0]);
    let mut forged =
        Authority::new("bytemark", year()).and_then(|ca| ca.issue(&SiteId::new("office"), year()));
    if let Ok(forged) = &mut forged {
        // It believes our CA, so that it comes as far as showing its own certificate.
        forged.ca = bundle(&town.rig.folder("office")).ca;
    }
    let callers = [
        (forged.expect("a bundle"), "signed by another CA"),
        (signed(&town, "paris.bytemark.pointsman"), "names site `paris`, which this cluster does not know"),
        (signed(&town, "office.elsewhere.pointsman"), "names cluster `elsewhere`, not ours"),
        (signed(&town, "london.bytemark.pointsman"), "it claims to be our own site"),
        (signed(&town, "www.example.com"), "its certificate names no site"),
    ];
    for (bundle, why) in &callers {
        // Either end may be the first to say no.
        if let Ok(mut stream) = call(bundle, at).await {
            let mut rest = Vec::new();
            let ended = timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
            assert!(ended.is_ok(), "{why}: the connection should have been closed");
        }
        town.says("london", why).await;
    }
    town.goes_on(&["office", "london", "manchester", "netherlands"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_that_believes_another_ca_stays_alone_and_says_why() {
    let mut town = Town::whole().await;
    town.rig.agent("office").expect("it runs").kill().await;
    let elsewhere = Authority::new("bytemark", year()).expect("a CA");
    let file = town.rig.folder("office").join("bundle/ca.pem");
    std::fs::write(file, elsewhere.pem()).expect("the folder can be written");
    town.rig.start("office").expect("it starts again");
    town.says("office", "its certificate was signed by another CA").await;
    town.says("london", "it refuses our certificate: it cannot verify ours, and may believe another CA")
        .await;
    town.goes_on(&OTHERS).await;
}

/// The office's bundle in strange hands: it speaks for voters that are not the office's, sends what is no frame, and
/// as much of it as the line takes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_gone_wild_speaks_for_nobody_else_and_keeps_nobody_from_being_heard() {
    let mut town = Town::whole().await;
    let before = town.ready("netherlands").await;
    town.rig.agent("office").expect("it runs").kill().await;
    let at = town.rig.net.peers_behind(&SITES[0]);
    let office = bundle(&town.rig.folder("office"));
    let mut stream = call(&office, at).await.expect("its certificate is good");
    say(&mut stream, &[]).await.expect("it is let in");
    // A disk that nobody has heard of yet: nobody but itself says that it was given a name.
    let unheard = hello(Disk(0x0bad), Index(1_000_000), 1);
    say(&mut stream, &greeting(&office, &unheard)).await.expect("it greets, and lies");
    let (boot, london) = greeted(&mut stream).await;
    let answer = Hello { n: 2, echo: Some((boot, london.n)), ..unheard };
    say(&mut stream, &greeting(&office, &answer)).await.expect("it is asked, and lies again");
    town.says("london", "nothing is taken from office: it comes with another disk than before").await;
    say(&mut stream, &raft(Kind::TimeoutNow, RaftId(1), RaftId(1))).await.expect("it is read, and not heard");
    // The true disk, whose number was stolen with the bundle; and lies about London.
    let (unfit, proof) = slander(&office, (&SiteId::new("london"), boot), london.disk);
    let slander = Hello { unfit, proof, ..hello(disk_of(&town, "office"), Index(0), 3) };
    say(&mut stream, &greeting(&office, &slander)).await.expect("it greets, and lies about London");
    // Every voter there is, and some that are not: whichever London's and the office's are, the others are neither.
    for from in 1..=7 {
        for to in 1..=5 {
            for kind in [Kind::Heartbeat, Kind::TimeoutNow, Kind::AppendAnswer, Kind::VoteAnswer] {
                if from != office_voter(&town) {
                    say(&mut stream, &raft(kind, RaftId(from), RaftId(to))).await.expect("it is read");
                }
            }
        }
    }
    town.says("london", "whose voter it is not").await;
    let wild = tokio::spawn(async move {
        let (until, mut frames) = (Instant::now() + WILD, 0_u32);
        let great = vec![0xff; FRAME_MAX];
        while Instant::now() < until {
            let bytes: &[u8] =
                if frames % 50 == 0 { &great } else { b"\x07\xff\xff\xff\xff\xff\xff\xff\xff" };
            say(&mut stream, bytes).await.expect("a frame within the limit ends no link");
            frames += 1;
        }
        frames
    });
    let mut slowest = Duration::ZERO;
    while !wild.is_finished() {
        let asked = Instant::now();
        town.until("london", |_| true).await;
        slowest = slowest.max(asked.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let frames = wild.await.expect("it goes wild");
    assert!(frames > 500, "that was not wild: {frames} frames");
    assert!(slowest < Duration::from_secs(5), "london answered only after {slowest:?}");
    let said = town.log("london").matches("a frame of office is dropped").count();
    assert!((1..=2).contains(&said), "said {said} times");
    town.rig.start("office").expect("it starts again");
    let after = town.ready("office").await;
    assert_eq!(after.term, before.term, "a stranger moved the leader");
    assert!(!town.log("london").contains("london stays outside"), "one liar sent a healthy site away");
    town.goes_on(&["office", "london", "manchester", "netherlands"]).await;
}

/// The disk of a site, as its file beside the configuration names it.
fn disk_of(town: &Town, site: &str) -> Disk {
    let text = std::fs::read_to_string(town.rig.folder(site).join("disk")).expect("its agent wrote it");
    let line = text.lines().find_map(|line| line.strip_prefix("disk ")).expect("it names a disk");
    Disk(u64::from_str_radix(line, 16).expect("in hexadecimal digits"))
}

/// The raft id of the office, counted as the agents count: in the order of the policy, two for the witness.
fn office_voter(town: &Town) -> u64 {
    let text =
        std::fs::read_to_string(town.rig.folder("london").join("policy.yaml")).expect("the rig made it");
    let policy = policies::Policy::read("the rig's", &text).expect("it is a policy");
    let seats = agent::start::seats(&policy).expect("they can be counted");
    seats.of(&SiteId::new("office")).expect("the office has one").ids[0].0
}
