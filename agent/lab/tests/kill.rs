//! Kill -9 at any moment of a run: the journal tells the story, and the carrier is as wanted.
//!
//! One victim per moment in the quick tests; `EVERY=1` kills every agent at every moment.

use agent::command::{Answer, Command, Telling};
use lab::carrier::log::What;
use lab::rig::{NUMBER, Options, Rig};
use state::run::{Run, Word};
use state::{RouteId, SiteId};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a cluster may take to be ready, and a run to end: 10 s to be taken over, and a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// When the victim dies.
#[derive(Clone, Copy, Debug)]
enum Moment {
    Opened,
    Started,
    Received,
    Ended,
}

const MOMENTS: [Moment; 4] = [Moment::Opened, Moment::Started, Moment::Received, Moment::Ended];

async fn rig() -> Rig {
    let mut rig = Rig::put_up(&Options::default()).await.expect("a rig stands on loopback");
    rig.start_all().expect("`cargo build -p agent` builds what this test starts");
    rig
}

/// Asks an agent until it answers as wanted.
async fn until<T>(rig: &mut Rig, site: &str, (what, wanted): (Command, fn(Answer) -> Option<T>)) -> T {
    let since = Instant::now();
    loop {
        let agent = rig.agent(site).expect("every agent was started");
        if let Ok(answer) = agent.ask(what.clone()).await
            && let Some(found) = wanted(answer)
        {
            return found;
        }
        assert!(since.elapsed() < PATIENCE, "{site} never answered {what:?} as wanted");
        sleep(Duration::from_millis(50)).await;
    }
}

/// The route rings in London, somebody leads, and every site is seen up.
fn ready(answer: Answer) -> Option<()> {
    let Answer::Status(status) = answer else { return None };
    let up = status.sites.iter().all(|site| site.pbx == policies::Verdict::Up);
    let rings = status.routes.first().is_some_and(|route| route.rings_in == Some(SiteId::new("london")));
    (up && rings && status.leader.is_some()).then_some(())
}

/// A run that has ended.
fn ended(answer: Answer) -> Option<Run> {
    let Answer::Runs { runs } = answer else { return None };
    runs.into_iter().rfind(|run| run.end.is_some())
}

/// Waits for the moment, as told by an agent that lives on, or by the carrier.
async fn wait_for(rig: &mut Rig, moment: Moment, witness: &'static str) {
    let mut carrier = rig.carrier.follow();
    let agent = rig.agent(witness).expect("every agent was started");
    let mut told = agent.follow(PATIENCE).await.expect("a living agent is followed");
    let claim = Command::Claim {
        route: RouteId::new("main"),
        site: SiteId::new("manchester"),
        because: "a test".to_owned(),
    };
    let order = agent.ask(claim);
    let seen = async {
        loop {
            tokio::select! {
                telling = told.next() => match (moment, telling.expect("the follower is not dropped")) {
                    (Moment::Opened, Telling::Decision { .. }) | (Moment::Ended, Telling::Run { .. }) => return,
                    (Moment::Started, Telling::Step { state, .. }) if state == "started" => return,
                    (_, _) => {}
                },
                entry = carrier.recv() => {
                    let set = entry.is_ok_and(|entry| matches!(entry.what, What::SetReceived { .. }));
                    if set && matches!(moment, Moment::Received) {
                        return;
                    }
                }
            }
        }
    };
    let (order, ()) = tokio::join!(order, seen);
    assert!(matches!(order, Ok(Answer::Agreed { .. })), "the claim was not agreed: {order:?}");
}

async fn kill(victim: &'static str, moment: Moment) {
    let mut rig = rig().await;
    // Whoever is asked must live on; the office neither leads at first nor executes.
    let witness = if victim == "office" { "netherlands" } else { "office" };
    until(&mut rig, witness, (Command::Status, ready)).await;
    wait_for(&mut rig, moment, witness).await;
    rig.agent(victim).expect("every agent was started").kill().await;
    rig.start(victim).expect("the agent starts again");
    let mut stories = Vec::new();
    for site in ["london", "manchester", "office", "netherlands"] {
        stories.push(until(&mut rig, site, (Command::Runs, ended)).await);
    }
    let word = stories[0].end.as_ref().map(|end| end.word);
    assert!(
        matches!(word, Some(Word::Done | Word::DoneUnverified)),
        "{victim} {moment:?}: {:?}",
        stories[0].end
    );
    assert!(stories.iter().all(|story| story == &stories[0]), "{victim} {moment:?}: the journals differ");
    let shows = rig.carrier.numbers()[NUMBER].slots[0].clone();
    assert_eq!(rig.net.site_of(&shows), Some("manchester"), "{victim} {moment:?}: the carrier shows {shows}");
    let judged = rig.carrier.judgement();
    assert_eq!(judged.switches.len(), 1, "{victim} {moment:?}: {judged:?}");
    assert!(judged.dual_writers.is_empty(), "{victim} {moment:?}: {judged:?}");
}

fn every() -> bool {
    let heavy = std::env::var_os("EVERY").is_some();
    if !heavy {
        eprintln!("one moment each; EVERY=1 kills at every moment");
    }
    heavy
}

async fn kill_at(victim: &'static str, quick: Moment) {
    if every() {
        for moment in MOMENTS {
            kill(victim, moment).await;
        }
    } else {
        kill(victim, quick).await;
    }
}

/// From the birth on the agreed policy rules: a file that somebody spoilt is no reason to stay down.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_whose_policy_file_was_spoilt_comes_back() {
    let mut rig = rig().await;
    until(&mut rig, "office", (Command::Status, ready)).await;
    rig.agent("office").expect("every agent was started").kill().await;
    let file = rig.folder("office").join("policy.yaml");
    std::fs::write(&file, "cluster: [").expect("the folder of the office can be written");
    rig.start("office").expect("the agent starts again");
    until(&mut rig, "office", (Command::Status, ready)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_executor_dies() {
    kill_at("manchester", Moment::Received).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_leader_dies() {
    kill_at("netherlands", Moment::Started).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bystander_dies() {
    kill_at("office", Moment::Opened).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_site_that_is_left_dies() {
    kill_at("london", Moment::Ended).await;
}
