//! A disk that is damaged, full or read-only: its agent ends and says so, and the others go on without it.

use super::town::{Town, skipped};
use agent::command::{Answer, Command};
use lab::chamber::{Chamber, ChamberError, Own};
use nix::sys::signal::Signal;
use state::{PlaybookId, RouteId};
use std::time::Duration;

/// Room for a young database, and for nothing else.
const ROOM: &str = "1m";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_database_ends_its_agent_alone() {
    let mut town = Town::whole().await;
    // Ended in order, so that the whole database lies in its one file.
    let office = town.rig.agent("office").expect("it runs");
    office.signal(Signal::SIGTERM).expect("it runs");
    assert_eq!(office.ended().await, Some(0));
    let file = std::fs::File::options().write(true).open(town.state("office").join("pointsman.db"));
    file.and_then(|file| file.set_len(9000)).expect("it can be cut");
    town.rig.start("office").expect("it starts again");
    let words = ["the database is damaged", "hint: never restore an image", "`pointsman readmit SITE`"];
    town.gives_up("office", &words).await;
    town.goes_on(&["london", "manchester", "netherlands"]).await;
}

/// A spoilt playbook keeps no site down, and nothing else is played under its name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spoilt_playbook_keeps_no_site_down() {
    let mut town = Town::whole().await;
    town.rig.agent("office").expect("it runs").kill().await;
    let folder = town.rig.folder("office").join("playbooks");
    std::fs::create_dir(&folder).expect("the folder can be written");
    for (file, text) in [("fail-over.yaml", &b"playbook: ["[..]), ("other.yaml", b"\xff\xfe")] {
        std::fs::write(folder.join(file), text).expect("the folder can be written");
    }
    town.rig.start("office").expect("it starts again");
    town.ready("office").await;
    town.says("office", "nothing is played as `fail-over` until its file is mended").await;
    town.says("office", "nothing is played as `other` until its file is mended").await;
    let plan = Command::Plan {
        playbook: PlaybookId::new("fail-over"),
        args: [("route", "main"), ("to", "manchester")].map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
    };
    let answer = town.rig.agent("office").expect("it runs").ask(plan).await;
    assert!(matches!(answer, Ok(Answer::Refused { .. })), "{answer:?}");
    town.goes_on(&["london", "manchester", "netherlands", "office"]).await;
}

/// A person's hold that was agreed; it must still be there afterwards.
async fn hold(town: &mut Town) {
    let hold = Command::Hold {
        route: Some(RouteId::new("main")),
        lasts: Duration::from_secs(3600),
        because: "a test".to_owned(),
    };
    let answer = town.rig.agent("london").expect("it runs").ask(hold).await;
    assert!(matches!(answer, Ok(Answer::Agreed { .. })), "{answer:?}");
}

/// The leader's disk is full in the middle of its work: it ends without having said what it could not keep, another
/// leads on, and once there is room it comes back and lacks nothing. A read-only disk is found out at the start.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_ends_the_leader_and_a_read_only_one_never_starts() {
    let chamber = match Chamber::open(Own::Mounts) {
        Ok(chamber) => chamber,
        Err(ChamberError::Needs(tool)) => {
            return skipped("a_full_disk_ends_the_leader_and_a_read_only_one_never_starts", tool);
        }
        Err(fault @ (ChamberError::Open(_) | ChamberError::Script { .. })) => panic!("{fault}"),
    };
    let mut town = Town::asleep().await;
    let state = town.state("netherlands");
    let at = state.display();
    std::fs::create_dir(&state).expect("the folder can be written");
    let run = |script: String| chamber.run(&script).unwrap_or_else(|fault| panic!("{fault}"));
    run(format!("mount -t tmpfs -o size={ROOM} none {at}"));
    for site in ["london", "manchester", "office"] {
        town.rig.start(site).expect("it starts");
    }
    town.rig.launch("netherlands", &chamber.launch()).expect("it starts");
    for site in ["london", "manchester", "office", "netherlands"] {
        town.ready(site).await;
    }
    hold(&mut town).await;
    run(format!("cat /dev/zero > {at}/filler || true"));
    town.goes_on(&["london", "manchester", "office"]).await;
    let words = ["the disk gave up", "database or disk is full", "hint: `df -h ", "nothing agreed is lost"];
    town.gives_up("netherlands", &words).await;

    run(format!("rm {at}/filler; mount -o remount,ro {at}"));
    town.rig.launch("netherlands", &chamber.launch()).expect("it starts");
    town.gives_up("netherlands", &["it is read-only", "hint: `findmnt -T "]).await;

    run(format!("mount -o remount,rw,size=8m {at}"));
    town.rig.launch("netherlands", &chamber.launch()).expect("it starts");
    let status = town.ready("netherlands").await;
    assert!(status.routes[0].hold.is_some(), "the hold that was agreed is gone");
    town.goes_on(&["netherlands", "london", "manchester", "office"]).await;
}
