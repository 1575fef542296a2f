//! What stands behind, as real processes: a person has it prepared, the writer is killed over it, a site dies later.

use agent::command::{Answer, Command, StatusReport};
use lab::carrier::log::What;
use lab::pbx::Condition;
use lab::rig::{NUMBER, Options, Rig, SITES, Written};
use state::SiteId;
use state::plan::Plan;
use state::run::{Run, Word};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a cluster may take to be ready, and a run to end: a slow machine.
const PATIENCE: Duration = Duration::from_secs(90);
/// Who is asked: it neither leads at first nor writes.
const WITNESS: &str = "office";

/// Asks until the answer is as wanted.
async fn until<T>(rig: &mut Rig, (what, wanted): (Command, impl Fn(Answer) -> Option<T>)) -> T {
    let since = Instant::now();
    let mut last = None;
    loop {
        let agent = rig.agent(WITNESS).expect("every agent was started");
        if let Ok(answer) = agent.ask(what.clone()).await {
            last = Some(format!("{answer:?}"));
            if let Some(found) = wanted(answer) {
                return found;
            }
        }
        assert!(since.elapsed() < PATIENCE, "{what:?} was never answered as wanted: {last:?}");
        sleep(Duration::from_millis(50)).await;
    }
}

fn status(answer: Answer) -> Option<StatusReport> {
    let Answer::Status(status) = answer else { return None };
    Some(*status)
}

/// The route rings there, and nothing is under way.
fn rings(place: &'static str) -> impl Fn(Answer) -> Option<StatusReport> {
    move |answer| {
        let there = |status: &StatusReport| {
            let rings = status.routes.first().is_some_and(|r| r.rings_in == Some(SiteId::new(place)));
            rings && status.leader.is_some() && status.runs.is_empty()
        };
        status(answer).filter(there)
    }
}

/// The plan, once the slots were read.
fn planned(answer: Answer) -> Option<Plan> {
    let Answer::Plan(report) = answer else { return None };
    Some(report.plan)
}

fn ended(answer: Answer) -> Option<Run> {
    let Answer::Runs { runs } = answer else { return None };
    runs.into_iter().rfind(|run| run.end.is_some() && run.plan.prepares())
}

fn prepare() -> Command {
    let (playbook, args) = (state::PlaybookId::new("prepare"), BTreeMap::new());
    Command::Play { playbook, args, because: "a test".to_owned() }
}

fn plan() -> Command {
    Command::Plan { playbook: state::PlaybookId::new("prepare"), args: BTreeMap::new() }
}

/// How many SETs each slot was sent.
fn sets(rig: &Rig) -> [usize; 3] {
    let log = rig.carrier.log();
    let of = |wanted: u8| {
        let meant = |what: &What| matches!(what, What::SetReceived { slot, .. } if *slot == wanted);
        log.iter().filter(|entry| meant(&entry.what)).count()
    };
    [of(1), of(2), of(3)]
}

/// Waits until a slot behind the first is being written, and says by whom.
async fn writer(rig: &mut Rig) -> &'static str {
    let mut carrier = rig.carrier.follow();
    let order = rig.agent(WITNESS).expect("every agent was started").ask(prepare()).await;
    assert!(matches!(order, Ok(Answer::Agreed { .. })), "it was not agreed: {order:?}");
    loop {
        let entry = carrier.recv().await.expect("the carrier lives");
        if matches!(entry.what, What::SetReceived { slot: 2, .. }) {
            let label = entry.line.and_then(|line| line.label).expect("the rig names its agents");
            return SITES.iter().find(|site| site.name == label).expect("one of ours").name;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slots_are_prepared_though_their_writer_dies_and_a_later_switch_leaves_them_alone() {
    let numbers = vec![NUMBER.to_owned(), "02079460001".to_owned()];
    let options = Options { policy: Written::Whole, numbers: numbers.clone(), ..Options::default() };
    let mut rig = Rig::put_up(&options).await.expect("a rig stands on loopback");
    rig.start_all().expect("`cargo build -p agent` builds what this test starts");
    until(&mut rig, (Command::Status, rings("london"))).await;
    let plan = until(&mut rig, (plan(), planned)).await;
    assert_eq!(plan.steps.len(), 2, "slot 2 and slot 3, both empty: {plan:?}");
    let watch = until(&mut rig, (Command::Status, status)).await.watch;
    assert!(watch.iter().any(|line| line.contains("pointsman plan prepare")), "{watch:?}");
    assert_eq!(sets(&rig), [0, 0, 0], "a policy writes nothing by itself");
    let slots = |rig: &Rig| -> Vec<[String; 3]> {
        let held = rig.carrier.numbers();
        numbers.iter().map(|number| held[number.as_str()].slots.clone()).collect()
    };
    let before = slots(&rig);

    let victim = writer(&mut rig).await;
    rig.agent(victim).expect("every agent was started").kill().await;
    rig.start(victim).expect("the agent starts again");
    let run = until(&mut rig, (Command::Runs, ended)).await;
    let end = run.end.expect("it has ended");
    assert_eq!(end.word, Word::Done, "{end:?}");
    let behind = rig.net.pbx(&SITES[3]).ip();
    for (place, number) in ["442079460000", "442079460001"].iter().enumerate() {
        let shows = slots(&rig)[place].clone();
        let wanted = [before[place][0].clone(), format!("S:{number}@{behind}"), "441134960999".to_owned()];
        assert_eq!(shows, wanted, "after {victim} was killed");
    }
    assert_eq!(sets(&rig)[0], 0, "slot 1 is nobody's business here");
    let quiet = |answer: Answer| {
        let said = |line: &String| line.contains("and the policy says");
        status(answer).filter(|status| !status.watch.iter().any(said)).map(|status| status.needs_you)
    };
    until(&mut rig, (Command::Status, quiet)).await;

    let prepared = slots(&rig);
    rig.pbx("london", Condition::Stopped).await.expect("the PBX of London stops");
    let after = until(&mut rig, (Command::Status, rings("manchester"))).await;
    for (was, is) in prepared.iter().zip(slots(&rig)) {
        assert_ne!(was[0], is[0], "slot 1 has moved");
        assert_eq!(was[1..], is[1..], "what stands behind is as it was");
    }
    assert_eq!(after.routes[0].budget.0, 1, "one switch, as ever");
    let judged = rig.carrier.judgement();
    assert!(judged.dual_writers.is_empty(), "{judged:?}");
    let [first, second, third] = sets(&rig);
    assert_eq!(first, 2, "one for each number");
    assert!(second <= 4 && third <= 2, "only what differed was written: {second} and {third}");
}
