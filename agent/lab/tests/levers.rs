//! The lever of the whole example, with real agents: a proxy dies, and a command at its site withdraws the prefix.

use agent::command::{Answer, Command, StatusReport};
use lab::rig::{Options, Rig, Written};
use policies::Verdict;
use state::route::Lever;
use state::{PlaybookId, RouteId, SiteId};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long anything here may take on a slow machine; the rule itself asks for 15 s.
const PATIENCE: Duration = Duration::from_secs(90);

async fn ask(rig: &mut Rig, command: Command) -> Option<Answer> {
    rig.agent("manchester")?.ask(command).await.ok()
}

/// Asks until the status is as wanted.
async fn until(rig: &mut Rig, what: &str, wanted: impl Fn(&StatusReport) -> bool) -> StatusReport {
    let since = Instant::now();
    let mut last = None;
    while since.elapsed() < PATIENCE {
        if let Some(Answer::Status(report)) = ask(rig, Command::Status).await {
            if wanted(&report) {
                return *report;
            }
            last = Some(report);
        }
        sleep(Duration::from_millis(100)).await;
    }
    panic!("not {what}: {last:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_proxy_has_its_prefix_withdrawn_by_its_own_site() {
    let options = Options { policy: Written::Whole, ..Options::default() };
    let mut rig = Rig::put_up(&options).await.expect("a rig stands on loopback");
    rig.start_all().expect("`cargo build -p agent` builds what this test starts");
    let rings = |report: &StatusReport| report.routes[0].rings_in == Some(SiteId::new("london"));
    let sure = |report: &StatusReport| {
        let lever = report.levers.first();
        lever.is_some_and(|lever| lever.is == Verdict::Up && lever.holding == [SiteId::new("manchester")])
    };
    until(&mut rig, "ready", |report| !report.routes.is_empty() && rings(report) && sure(report)).await;

    let prefix = rig.folder("london").join("prefix-withdrawn");
    let down = rig.dir().join("cluster/proxy-is-down");
    std::fs::write(&down, "").expect("the folder can be written");
    let pulled = |report: &StatusReport| matches!(report.levers[0].stands, Lever::Pulled { .. });
    let report = until(&mut rig, "pulled", pulled).await;
    assert!(prefix.exists(), "the command was run where the proxy is");
    assert!(!rig.folder("manchester").join("prefix-withdrawn").exists(), "and nowhere else");
    assert!(rings(&report), "no number moved: {report:#?}");

    // It answers again. A person does not wait for the five minutes.
    std::fs::remove_file(&down).expect("it was written above");
    until(&mut rig, "up again", |report| report.levers[0].is == Verdict::Up).await;
    let (playbook, route) = (PlaybookId::new("announce-prefix"), RouteId::new("london/proxy"));
    let (args, because) = ([("route".to_owned(), route.to_string())].into(), "it is mended".to_owned());
    let answer = ask(&mut rig, Command::Play { playbook, args, because }).await;
    assert!(matches!(answer, Some(Answer::Agreed { .. })), "{answer:?}");
    until(&mut rig, "at rest", |report| report.levers[0].stands == Lever::AtRest).await;
    assert!(!prefix.exists(), "the prefix is announced again");
}
