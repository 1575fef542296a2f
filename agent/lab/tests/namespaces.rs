//! Four agents on a network of namespaces whose router loses packets and cuts single directions.
//!
//! Ten seconds of loss, one cut each way and one partition in the quick tests where root and nftables are there;
//! `EVERY=1` makes a minute of the seconds, `LONG=1` ten minutes.

use agent::command::{Answer, Command, StatusReport, Telling};
use lab::chamber::ChamberError;
use lab::outdoors::network::Weather;
use lab::outdoors::{Outdoors, OutdoorsError};
use lab::rig::{NUMBER, SITES};
use policies::Verdict;
use state::{RouteId, SiteId};
use std::io::Write;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

/// Longer than a cluster needs for anything, on a machine that builds three other things.
const PATIENCE: Duration = Duration::from_secs(90);
const AGAIN: Duration = Duration::from_millis(100);

/// The pace at which the cuts are judged.
const QUICK: &str = "{ every: 1s, timeout: 500ms, fall: 3, rise: 3, blip: 3s }";

/// How long it rains.
fn rain() -> Duration {
    let asked = |name: &str| std::env::var_os(name).is_some();
    Duration::from_secs(if asked("LONG") {
        600
    } else if asked("EVERY") {
        60
    } else {
        10
    })
}

/// The cluster, ready; nothing where this machine cannot have one, which is said.
async fn outdoors(test: &str, pace: &str) -> Option<Outdoors> {
    let mut outdoors = match Outdoors::put_up(pace) {
        Ok(outdoors) => outdoors,
        Err(OutdoorsError::Chamber(ChamberError::Needs(tool))) => {
            // Past libtest's capture: `.ci/run` counts these lines.
            writeln!(std::io::stderr(), "skipped: {test} needs {tool}").expect("stderr takes a line");
            return None;
        }
        Err(fault) => panic!("{fault}: {:?}", std::error::Error::source(&fault)),
    };
    outdoors.start_all().expect("`cargo build -p agent` builds what this test starts");
    for site in SITES {
        until(&mut outdoors, site.name, ready).await;
    }
    Some(outdoors)
}

fn ready(status: &StatusReport) -> bool {
    let up = status.sites.iter().all(|site| site.pbx == Verdict::Up);
    let rings = status.routes.iter().all(|route| route.rings_in.is_some());
    up && rings && status.leader.is_some()
}

fn rings_in(site: &'static str) -> impl Fn(&StatusReport) -> bool {
    move |status| status.routes[0].rings_in == Some(SiteId::new(site)) && status.runs.is_empty()
}

async fn until(
    outdoors: &mut Outdoors,
    site: &'static str,
    so: impl Fn(&StatusReport) -> bool,
) -> StatusReport {
    let since = Instant::now();
    let mut last = None;
    while since.elapsed() < PATIENCE {
        match outdoors.agent(site).expect("it was started").ask(Command::Status).await {
            Ok(Answer::Status(status)) if so(&status) => return *status,
            answer => last = Some(answer),
        }
        sleep(AGAIN).await;
    }
    panic!("{site} never came to believe it: {last:?}\n{}", log(outdoors, site));
}

fn log(outdoors: &Outdoors, site: &str) -> String {
    std::fs::read_to_string(outdoors.folder(site).join("log")).unwrap_or_default()
}

fn shown(outdoors: &Outdoors) -> &'static str {
    let shows = outdoors.carrier.numbers()[NUMBER].slots[0].clone();
    outdoors.site_of(&shows).expect("the number rings at one of the sites")
}

/// How often the carrier was written, by whom; and nobody panicked.
fn switches(outdoors: &Outdoors) -> usize {
    for site in SITES {
        let log = log(outdoors, site.name);
        assert!(!log.contains("panicked at"), "{}\n{log}", site.name);
    }
    let judged = outdoors.carrier.judgement();
    assert!(judged.dual_writers.is_empty(), "{judged:?}");
    judged.switches.len()
}

/// What happened while it rained, as the witness was told.
#[derive(Debug, Default)]
struct Seen {
    runs: usize,
    downs: usize,
    withdrawn: usize,
    leaders: usize,
    lost: u64,
}

async fn rained(outdoors: &mut Outdoors) -> Seen {
    let mut seen = Seen::default();
    let end = Instant::now() + rain();
    let witness = outdoors.agent("netherlands").expect("it was started");
    let mut told = witness.follow(PATIENCE).await.expect("it is followed");
    outdoors.network.weather(&Weather { loss: 30, ..Weather::default() }).expect("it rains");
    while let Ok(telling) = timeout_at(end, told.next()).await {
        let telling = telling.expect("the witness lives");
        seen.runs += usize::from(matches!(telling, Telling::Decision { .. }));
        seen.downs += usize::from(matches!(telling, Telling::Verdict { is: Verdict::Down, .. }));
        seen.leaders += usize::from(matches!(telling, Telling::Leader { site: Some(_), .. }));
        seen.withdrawn += usize::from(format!("{telling:?}").contains("withdrawn"));
    }
    seen.lost = outdoors.network.lost().expect("the router counts");
    assert!(seen.lost > 100, "that was no rain: {seen:?}");
    outdoors.network.weather(&Weather::default()).expect("it stops");
    seen
}

/// A third of all packets lost, each way on every path: nothing is moved, and no site's calls are taken away.
async fn nothing_moves(test: &str, pace: &str) {
    let Some(mut outdoors) = outdoors(test, pace).await else { return };
    let seen = rained(&mut outdoors).await;
    eprintln!("{test}: {:?} at 30 % loss: {seen:?}", rain());
    assert_eq!((seen.runs, switches(&outdoors), shown(&outdoors)), (0, 0, "london"), "{seen:?}");
    for site in SITES {
        let status = until(&mut outdoors, site.name, ready).await;
        assert!(status.incidents.is_empty(), "{:?}", status.incidents);
        let answer = outdoors.agent(site.name).expect("it runs").ask(Command::Runs).await;
        assert!(matches!(&answer, Ok(Answer::Runs { runs }) if runs.is_empty()), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rain_moves_nothing_at_the_calm_pace() {
    nothing_moves("rain_moves_nothing_at_the_calm_pace", "calm").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rain_moves_nothing_at_many_small_questions() {
    let pace = "{ every: 50ms, timeout: 50ms, fall: 12, rise: 3, blip: 2s }";
    nothing_moves("rain_moves_nothing_at_many_small_questions", pace).await;
}

/// Few large questions are not as good: how often they go wrong is printed, and that nobody writes beside another is
/// all that is asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rain_at_few_large_questions_is_counted() {
    let test = "rain_at_few_large_questions_is_counted";
    let Some(mut outdoors) = outdoors(test, QUICK).await else { return };
    let seen = rained(&mut outdoors).await;
    eprintln!("{test}: {:?} at 30 % loss, 1 s x 3: {seen:?}, {} switches", rain(), switches(&outdoors));
}

/// Everything from London, or everything to London, is lost: to the others it is as good as dead, and it must not
/// write. Then it heals, and nothing moves back by itself.
async fn cut_off(test: &str, cuts: Vec<(&'static str, &'static str)>) {
    let Some(mut outdoors) = outdoors(test, QUICK).await else { return };
    outdoors.network.weather(&Weather { cuts, ..Weather::default() }).expect("it is cut");
    for site in ["manchester", "office", "netherlands"] {
        until(&mut outdoors, site, rings_in("manchester")).await;
    }
    assert_eq!((switches(&outdoors), shown(&outdoors)), (1, "manchester"));
    outdoors.network.weather(&Weather::default()).expect("it heals");
    for site in SITES {
        until(&mut outdoors, site.name, |status| ready(status) && rings_in("manchester")(status)).await;
    }
    assert_eq!((switches(&outdoors), shown(&outdoors)), (1, "manchester"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_london_says_arrives() {
    let cuts = ["manchester", "office", "netherlands", "carrier"].map(|to| ("london", to)).to_vec();
    cut_off("nothing_that_london_says_arrives", cuts).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_arrives_in_london() {
    let cuts = ["manchester", "office", "netherlands", "carrier"].map(|from| (from, "london")).to_vec();
    cut_off("nothing_arrives_in_london", cuts).await;
}

/// Two and two: the side with three votes acts, the other does not, and after the healing all tell one story.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partition_heals() {
    let test = "a_partition_heals";
    let Some(mut outdoors) = outdoors(test, QUICK).await else { return };
    let mut cuts = Vec::new();
    for (a, b) in [("london", "manchester"), ("london", "netherlands"), ("office", "manchester")] {
        cuts.extend([(a, b), (b, a)]);
    }
    cuts.extend([("office", "netherlands"), ("netherlands", "office")]);
    outdoors.network.weather(&Weather { cuts, ..Weather::default() }).expect("it is cut");
    for site in ["manchester", "netherlands"] {
        until(&mut outdoors, site, rings_in("manchester")).await;
    }
    let (route, site) = (RouteId::new("main"), SiteId::new("office"));
    let claim = Command::Claim { route, site, because: "cut off".to_owned() };
    let answer = outdoors.agent("london").expect("it runs").ask(claim).await;
    assert!(!matches!(answer, Ok(Answer::Agreed { .. })), "two of five votes agreed: {answer:?}");
    assert_eq!((switches(&outdoors), shown(&outdoors)), (1, "manchester"));
    outdoors.network.weather(&Weather::default()).expect("it heals");
    // Whoever was cut off hears what was agreed meanwhile a moment later.
    let since = Instant::now();
    loop {
        let mut stories = Vec::new();
        for site in SITES {
            until(&mut outdoors, site.name, |status| ready(status) && status.runs.is_empty()).await;
            stories.push(outdoors.agent(site.name).expect("it runs").ask(Command::Runs).await.ok());
        }
        if stories.iter().all(|story| *story == stories[0]) {
            break;
        }
        assert!(since.elapsed() < PATIENCE, "they never came to tell one story: {stories:?}");
        sleep(Duration::from_millis(200)).await;
    }
    // What was asked for in vain on the smaller side may still be agreed now; it is a person's word.
    let status = until(&mut outdoors, "netherlands", |status| status.runs.is_empty()).await;
    let believed = status.routes[0].rings_in.clone().expect("it rings somewhere");
    assert_eq!(believed.as_str(), shown(&outdoors));
}
