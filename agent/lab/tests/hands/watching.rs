//! The watch over a PBX that runs, stops, hangs and drains.

use super::bench::Bench;
use agent::event::{Effect, Event, Presence};
use agent::probes::plan::{About, Kind, ProbePlan};
use agent::probes::sip::Transport;
use lab::pbx::{Condition, Pbx};
use state::{SiteId, Subject};
use std::net::SocketAddr;
use std::time::Duration;

fn sip(target: SocketAddr) -> ProbePlan {
    ProbePlan {
        about: About::Subject(Subject::pbx(&SiteId::new("london"))),
        kind: Kind::SipOptions { target, transport: Transport::Udp },
        every: Duration::from_millis(60),
        timeout: Duration::from_millis(50),
    }
}

fn reference(target: SocketAddr) -> ProbePlan {
    let kind = Kind::Tcp { target };
    ProbePlan { about: About::Reference(target), kind, ..sip(target) }
}

impl Bench {
    /// The next observation of London's PBX whose words are these.
    async fn sees(&mut self, presence: Presence, words: &str) {
        for _ in 0..300 {
            if let Event::Observed { subject, answer, detail, .. } = self.event().await {
                assert_eq!(subject.to_string(), "london/pbx");
                if answer == presence && detail.contains(words) {
                    return;
                }
            }
        }
        panic!("never {presence:?} `{words}`");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pbx_is_seen_as_it_is() {
    let mut bench = Bench::new().await;
    let mut pbx = Pbx::start("127.0.0.21:0".parse().unwrap(), &[]).await.unwrap();
    bench.hands.act(Effect::Watch(vec![sip(pbx.address())]));
    bench.sees(Presence::Present, "200").await;
    pbx.set(Condition::Draining).await.unwrap();
    bench.sees(Presence::Absent, "draining").await;
    pbx.set(Condition::Hung).await.unwrap();
    bench.sees(Presence::Absent, "silent").await;
    pbx.set(Condition::Stopped).await.unwrap();
    bench.sees(Presence::Absent, "refused").await;
    pbx.set(Condition::Running).await.unwrap();
    bench.sees(Presence::Present, "200").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_list_stops_what_is_not_in_it_and_starts_what_is_new() {
    let mut bench = Bench::new().await;
    let pbx = Pbx::start("127.0.0.21:0".parse().unwrap(), &[]).await.unwrap();
    bench.hands.act(Effect::Watch(vec![sip(pbx.address())]));
    bench.sees(Presence::Present, "200").await;
    bench.hands.act(Effect::Watch(vec![reference(pbx.address())]));
    // What was in the inbox before is still there; after it come references alone.
    while bench.inbox.try_recv().is_ok() {}
    for _ in 0..5 {
        let event = bench.event().await;
        let Event::Reference { target, answer, .. } = event else { panic!("{event:?}") };
        assert_eq!((target, answer), (pbx.address(), Presence::Present));
    }
    bench.hands.act(Effect::Watch(Vec::new()));
    while bench.inbox.try_recv().is_ok() {}
    let quiet = tokio::time::timeout(Duration::from_millis(200), bench.inbox.recv()).await;
    assert!(quiet.is_err(), "{quiet:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_of_the_carrier_is_asked_and_heard_as_itself() {
    let mut bench = Bench::new().await;
    let mut pbx = Pbx::start("127.0.0.21:0".parse().unwrap(), &[]).await.unwrap();
    bench.hands.act(Effect::Watch(vec![ProbePlan {
        about: About::Signalling(pbx.address()),
        ..sip(pbx.address())
    }]));
    for (condition, expected) in
        [(Condition::Running, Presence::Present), (Condition::Draining, Presence::Absent)]
    {
        pbx.set(condition).await.unwrap();
        let mut left = 300;
        loop {
            let event = bench.event().await;
            let Event::Signalled { target, answer, .. } = event else { panic!("{event:?}") };
            assert_eq!(target, pbx.address());
            if answer == expected {
                break;
            }
            left -= 1;
            assert!(left > 0, "never {expected:?}");
        }
    }
}
