//! The policy file of real agents: edited, edited at two sites at once, spoilt, and with agents killed meanwhile.

use agent::command::{Answer, Command, StatusReport};
use lab::rig::{Options, Rig, SITES};
use state::{Imprint, SiteId};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a cluster may take to be ready or to agree, on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn file(rig: &Rig, site: &str) -> PathBuf {
    rig.folder(site).join("policy.yaml")
}

/// Saves as most editors do: another file takes the name.
fn save(rig: &Rig, site: &str, change: impl Fn(&str) -> String) {
    let path = file(rig, site);
    let text = change(&fs::read_to_string(&path).expect("the file is there"));
    let swap = path.with_file_name(".policy.yaml.swp");
    fs::write(&swap, text).expect("the folder can be written");
    fs::rename(&swap, &path).expect("it can be renamed");
}

async fn status(rig: &mut Rig, site: &str) -> Option<StatusReport> {
    match rig.agent(site)?.ask(Command::Status).await {
        Ok(Answer::Status(report)) => Some(*report),
        Ok(_) | Err(_) => None,
    }
}

/// Asks every site until all are as wanted.
async fn until(rig: &mut Rig, what: &str, sites: &[&str], wanted: impl Fn(&Path, &StatusReport) -> bool) {
    let since = Instant::now();
    let mut last = String::new();
    while since.elapsed() < PATIENCE {
        let mut good = 0;
        for site in sites {
            let folder = rig.folder(site);
            let report = status(rig, site).await;
            match report.filter(|report| wanted(&folder, report)) {
                Some(_) => good += 1,
                None => {
                    last = format!(
                        "{site}: {}",
                        fs::read_to_string(folder.join("policy.yaml")).unwrap_or_default()
                    )
                }
            }
        }
        if good == sites.len() {
            return;
        }
        sleep(Duration::from_millis(100)).await;
    }
    panic!("not {what}: {last}");
}

fn ready(_: &Path, report: &StatusReport) -> bool {
    let rings = report.routes.first().is_some_and(|route| route.rings_in == Some(SiteId::new("london")));
    rings && report.leader.is_some() && report.policy.is_some()
}

/// The file holds this, the site acts by it, and knows that every other site does.
fn holds(folder: &Path, report: &StatusReport, wanted: &str) -> bool {
    let text = fs::read_to_string(folder.join("policy.yaml")).unwrap_or_default();
    let version = Some(Imprint::of(&text).to_string());
    let all = report.sites.iter().all(|site| site.policy == version);
    text.contains(wanted) && report.policy == version && all
}

fn asides(folder: &Path) -> usize {
    let names = fs::read_dir(folder).expect("the folder is there").flatten();
    names.filter(|entry| entry.file_name().to_string_lossy().contains(".aside-")).count()
}

const ALL: [&str; 4] = ["london", "manchester", "office", "netherlands"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_at_one_site_is_soon_in_every_file_and_nothing_else_is() {
    let mut rig = Rig::put_up(&Options::default()).await.expect("a rig stands on loopback");
    rig.start_all().expect("`cargo build -p agent` builds what this test starts");
    until(&mut rig, "ready", &ALL, ready).await;

    let path = file(&rig, "manchester");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o604)).expect("its mode can be changed");
    let begun = Instant::now();
    save(&rig, "office", |text| format!("{text}# kept by the office\n"));
    until(&mut rig, "in every file", &ALL, |at, report| holds(at, report, "# kept by the office")).await;
    println!("an edit was in every file after {:?}", begun.elapsed());
    assert_eq!(fs::metadata(&path).expect("the file is there").mode() & 0o777, 0o604, "the mode is kept");

    // Faults are told with their place, where they were made, and change nothing.
    save(&rig, "london", |text| text.replace("cluster: bytemark", "cluster: bytemark\nblipp: 3s"));
    let told = |_: &Path, report: &StatusReport| {
        report
            .needs_you
            .iter()
            .any(|need| need.what.contains("changes nothing") && need.what.contains(":2:1"))
    };
    until(&mut rig, "told of the fault", &["london"], told).await;
    let office = fs::read_to_string(file(&rig, "office")).expect("the file is there");
    assert!(!office.contains("blipp"), "{office}");
    save(&rig, "london", |text| text.replace("blipp: 3s\n", ""));
    until(&mut rig, "well again", &ALL, |at, report| holds(at, report, "# kept by the office")).await;

    // Two at once: the first in the log wins, and the other lies beside the file.
    save(&rig, "london", |text| format!("{text}# kept by london\n"));
    save(&rig, "manchester", |text| format!("{text}# kept by manchester\n"));
    until(&mut rig, "decided", &ALL, |at, report| holds(at, report, "# kept by")).await;
    let lost = async |rig: &mut Rig, site: &str| {
        let needs = status(rig, site).await.map(|report| report.needs_you).unwrap_or_default();
        let said = needs.iter().any(|need| need.what.contains("set aside"));
        (asides(&rig.folder(site)), said)
    };
    let both = [lost(&mut rig, "london").await, lost(&mut rig, "manchester").await];
    assert!(both == [(0, false), (1, true)] || both == [(1, true), (0, false)], "{both:?}");
    let shown = rig.carrier.judgement().switches;
    assert!(shown.is_empty(), "an edit moves nothing: {shown:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_killed_meanwhile_there_is_one_policy_afterwards() {
    let mut rig = Rig::put_up(&Options::default()).await.expect("a rig stands on loopback");
    rig.start_all().expect("`cargo build -p agent` builds what this test starts");
    until(&mut rig, "ready", &ALL, ready).await;
    for (round, pause) in [0, 150, 250, 300, 400].into_iter().enumerate() {
        let victim = SITES[round % SITES.len()].name;
        let author = if victim == "office" { "london" } else { "office" };
        let wanted = format!("# round {round}\n");
        save(&rig, author, |text| format!("{text}{wanted}"));
        sleep(Duration::from_millis(pause)).await;
        for site in [victim, author] {
            rig.agent(site).expect("every agent was started").kill().await;
        }
        for site in [victim, author] {
            rig.start(site).expect("the agent starts again");
        }
        until(&mut rig, &format!("one policy in round {round}"), &ALL, |at, report| {
            holds(at, report, &wanted)
        })
        .await;
        let lost: usize = ALL.iter().map(|site| asides(&rig.folder(site))).sum();
        assert_eq!(lost, 0, "nobody edited twice, so nothing is set aside in round {round}");
    }
}
