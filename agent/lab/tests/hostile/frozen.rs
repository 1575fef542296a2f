//! Agents that are stopped and go on later: at every wait of the conversation with the carrier, and in plain life.
//!
//! They need two processors to themselves, so they are a proof of their own: `EVERY=1` stops everybody, everywhere, for
//! 2 and 10 s; `LONG=1` for 60 s as well.

use super::town::{Town, skipped};
use super::tracer::{Tracing, hold_set};
use agent::command::{Answer, Command};
use agent::control::client::Client;
use lab::carrier::faults::{Fault, Kind, Moment};
use lab::carrier::judge::Clash;
use lab::carrier::log::{Entry, What};
use nix::sys::signal::Signal;
use state::run::Word;
use state::{RouteId, SiteId};
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

const ALL: [&str; 4] = ["office", "london", "manchester", "netherlands"];

/// Longer than the window in which a SET may leave (3 s) and than the connection may live (5 s).
const BEYOND_THE_WINDOW: Duration = Duration::from_millis(5500);

/// Nothing may move within this time once everybody believes the same.
const AFTERWARDS: Duration = Duration::from_secs(3);

/// Which proofs are made: one of each kind, or all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Quick,
    Every,
}

fn form() -> Form {
    if std::env::var_os("EVERY").is_some() || std::env::var_os("LONG").is_some() {
        Form::Every
    } else {
        Form::Quick
    }
}

/// A person claims the route for Manchester, whose agent is then the executor.
fn claim(town: &Town) -> JoinHandle<()> {
    let socket = town.rig.socket("office");
    let (route, site) = (RouteId::new("main"), SiteId::new("manchester"));
    let claim = Command::Claim { route, site, because: "a test".to_owned() };
    tokio::spawn(async move {
        let mut client = Client::connect(&socket).await.expect("the office answers");
        let answer = client.ask(claim).await;
        assert!(matches!(answer, Ok(Answer::Agreed { .. })), "the claim was not agreed: {answer:?}");
    })
}

/// A town in which Manchester is the one that acts for a claim: it is named first, and it was sent to read the number
/// a moment ago, so its leader knows that it is able. The office can as well, if Manchester is lost.
async fn town_of_manchester() -> (Town, Receiver<Entry>) {
    let town = Town::with_secrets_at(&["manchester", "office"]).await;
    let mut log = town.rig.carrier.follow();
    // The number was read just now, so that nobody reads it for some seconds and is mistaken for the executor.
    heard(&mut log, |what| matches!(what, What::Command { text } if text.starts_with("STAT"))).await;
    heard(&mut log, |what| matches!(what, What::HungUp | What::Closed { .. })).await;
    (town, log)
}

/// Waits for an entry of the carrier's log that is Manchester's and fits; nobody else may have set the number before.
async fn heard(log: &mut Receiver<Entry>, fits: impl Fn(&What) -> bool) {
    let found = async {
        loop {
            let entry = log.recv().await.expect("the carrier lives");
            if entry.line.as_ref().is_some_and(|line| line.label.as_deref() == Some("manchester")) {
                if fits(&entry.what) {
                    return;
                }
            } else {
                assert!(!matches!(entry.what, What::SetReceived { .. }), "another site acts: {entry:?}");
            }
        }
    };
    timeout(super::town::PATIENCE, found).await.expect("manchester comes so far");
}

fn stop(town: &mut Town, site: &str, signal: Signal) {
    town.rig.agent(site).expect("it was started").signal(signal).expect("it lives");
}

/// Everybody believes that the route rings in Manchester, the carrier shows it, it moved once, nobody wrote beside
/// another, and it stays so.
async fn moved_once(town: &mut Town) {
    let manchester = SiteId::new("manchester");
    for site in ALL {
        let so = |status: &agent::command::StatusReport| {
            status.routes[0].rings_in.as_ref() == Some(&manchester) && status.runs.is_empty()
        };
        town.until(site, so).await;
    }
    sleep(AFTERWARDS).await;
    assert_eq!(town.shown(), "manchester");
    let judged = town.rig.carrier.judgement();
    assert_eq!(judged.switches.len(), 1, "{judged:?}");
    assert!(judged.dual_writers.iter().all(|writers| writers.clash == Clash::PutBack), "{judged:?}");
    let Ok(Answer::Runs { runs }) = town.rig.agent("office").expect("it runs").ask(Command::Runs).await
    else {
        panic!("the office tells no runs")
    };
    let end = runs.last().and_then(|run| run.end.clone()).expect("the run has ended");
    assert!(matches!(end.word, Word::Done | Word::DoneUnverified), "{end:?}");
    town.no_panic(&ALL);
}

/// Stops an agent in the middle of a run, as a debugger or a busy hypervisor does, and lets it go on.
async fn stopped(victim: &'static str, lasts: Duration) {
    let (mut town, mut log) = town_of_manchester().await;
    let order = claim(&town);
    heard(&mut log, |what| matches!(what, What::SetReceived { .. })).await;
    stop(&mut town, victim, Signal::SIGSTOP);
    sleep(lasts).await;
    stop(&mut town, victim, Signal::SIGCONT);
    order.await.expect("the office was asked");
    moved_once(&mut town).await;
}

async fn stopped_for_a_while(victim: &'static str) {
    if form() == Form::Quick {
        return eprintln!("{victim} is stopped for a while: only with EVERY=1");
    }
    stopped(victim, Duration::from_secs(2)).await;
    stopped(victim, Duration::from_secs(10)).await;
    if std::env::var_os("LONG").is_some() {
        stopped(victim, Duration::from_secs(60)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_leader_is_stopped_and_goes_on() {
    stopped_for_a_while("netherlands").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_executor_is_stopped_and_goes_on() {
    stopped_for_a_while("manchester").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_site_that_is_left_is_stopped_and_goes_on() {
    stopped_for_a_while("london").await;
}

/// The carrier falls silent at a moment of the conversation, so that the executor certainly waits there; then the
/// executor is stopped, the carrier says what it had to say, and the executor goes on when its window has closed:
/// no SET may leave on a connection of before.
async fn frozen_at(moment: Moment) {
    let (mut town, mut log) = town_of_manchester().await;
    town.rig.carrier.fault(Fault::of(Kind::Hang { at: moment }));
    let order = claim(&town);
    heard(&mut log, |what| matches!(what, What::Fault { .. })).await;
    stop(&mut town, "manchester", Signal::SIGSTOP);
    let stopped = town.rig.carrier.log().len();
    town.rig.carrier.clear_faults();
    sleep(BEYOND_THE_WINDOW).await;
    let awake = town.rig.carrier.log().len();
    stop(&mut town, "manchester", Signal::SIGCONT);
    order.await.expect("the office was asked");
    moved_once(&mut town).await;
    let log = town.rig.carrier.log();
    let before: Vec<u64> =
        log[..stopped].iter().filter_map(|e| e.line.as_ref().map(|l| l.connection)).collect();
    let late = log[awake..].iter().filter(|entry| {
        let old = entry.line.as_ref().is_some_and(|line| before.contains(&line.connection));
        old && matches!(entry.what, What::SetReceived { .. })
    });
    assert_eq!(late.count(), 0, "{moment:?}: a SET left late\n{log:#?}");
}

async fn every(moment: Moment, test: &str) {
    match form() {
        Form::Every => frozen_at(moment).await,
        Form::Quick => eprintln!("{test}: only with EVERY=1"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frozen_before_the_greeting() {
    every(Moment::Accept, "frozen_before_the_greeting").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frozen_after_the_greeting() {
    every(Moment::Greeting, "frozen_after_the_greeting").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frozen_after_the_login() {
    every(Moment::Auth, "frozen_after_the_login").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frozen_between_reading_and_writing() {
    every(Moment::Stat, "frozen_between_reading_and_writing").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frozen_between_writing_and_hearing() {
    every(Moment::Set, "frozen_between_writing_and_hearing").await;
}

/// The one window that nothing can close: stopped behind the last look at the clock, in the system's own `sendto`.
/// The SET leaves late, is known as late, and the carrier shows what is wanted all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frozen_inside_the_write_is_late_and_said_to_be() {
    let test = "frozen_inside_the_write_is_late_and_said_to_be";
    if form() == Form::Quick {
        return eprintln!("{test}: only with EVERY=1");
    }
    let (mut town, _) = town_of_manchester().await;
    let id = town.rig.agent("manchester").and_then(|agent| agent.pid()).expect("it runs");
    let tracing = match hold_set(id, BEYOND_THE_WINDOW) {
        Tracing::Begun(tracing) => tracing,
        Tracing::Needs(what) => return skipped(test, what),
    };
    let order = claim(&town);
    let held = tokio::task::spawn_blocking(move || tracing.join()).await.expect("it waits");
    let held = held.expect("the tracer does not panic").expect("manchester writes");
    order.await.expect("the office was asked");
    moved_once(&mut town).await;
    let sets = town.rig.carrier.log();
    let sets = sets.iter().filter(|entry| matches!(entry.what, What::SetReceived { .. })).count();
    assert!(sets >= 1 && held >= BEYOND_THE_WINDOW, "{sets} SETs, held for {held:?}");
    town.says("netherlands", "ms after its window").await;
}
