//! A wall clock that is an hour wrong: it is named, cluster time does not follow it, and nothing stops.

use super::town::{Town, skipped};
use agent::clock;
use agent::command::StatusReport;
use lab::rig::{Launch, SITES};
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// Between the program and the system's library: the wall clock alone is moved, as a machine's own may be wrong.
/// `CLOCK_BOOTTIME` is left as it is, because no machine has it wrong, and a namespace could move nothing else.
const SHIFT: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
int clock_gettime(clockid_t id, struct timespec *at) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(id, at);
    const char *by = getenv("WALL_CLOCK_OFF_BY_S");
    if (!failed && id == CLOCK_REALTIME && by) at->tv_sec += atol(by);
    return failed;
}
"#;

/// The least that a wall clock may differ by to be named.
const ASTRAY: Duration = Duration::from_secs(5);

/// The library, if this machine can make one.
fn shift(folder: &Path) -> Option<String> {
    let (source, library) = (folder.join("shift.c"), folder.join("shift.so"));
    std::fs::write(&source, SHIFT).expect("the folder can be written");
    let made = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(&source).status();
    made.ok().filter(|status| status.success())?;
    Some(library.display().to_string())
}

fn off_by(library: &str, seconds: i64) -> Launch {
    Launch::by(["env", &format!("LD_PRELOAD={library}"), &format!("WALL_CLOCK_OFF_BY_S={seconds}")])
}

/// Whether the clock of this site, and of no other, is said to be wrong.
fn names(status: &StatusReport, site: &str) -> bool {
    let said =
        |of: &str| status.watch.iter().any(|line| line.starts_with(&format!("the wall clock of {of} is ")));
    SITES.iter().all(|other| said(other.name) == (other.name == site))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_an_hour_wrong_is_named_and_followed_by_nobody() {
    let dir = TempDir::new().expect("a folder of its own");
    let Some(library) = shift(dir.path()) else {
        return skipped("a_clock_an_hour_wrong_is_named_and_followed_by_nobody", "cc");
    };
    let mut town = Town::asleep().await;
    // Ahead from the birth of the cluster on, at the site that has the number.
    town.rig.launch("london", &off_by(&library, 3600)).expect("it starts");
    for site in ["manchester", "office", "netherlands"] {
        town.rig.start(site).expect("it starts");
    }
    wrong_at(&mut town, "london").await;
    town.goes_on(&["london", "manchester", "office", "netherlands"]).await;

    // Then behind, at the leader, which is started anew with it.
    town.rig.agent("london").expect("it runs").kill().await;
    town.rig.start("london").expect("it starts again");
    town.until("netherlands", |status| names(status, "nobody")).await;
    town.rig.agent("netherlands").expect("it runs").kill().await;
    town.rig.launch("netherlands", &off_by(&library, -3600)).expect("it starts again");
    wrong_at(&mut town, "netherlands").await;
    town.goes_on(&["netherlands", "london", "manchester", "office"]).await;
}

/// Every site names that clock, and tells the right time itself, the wrong one too.
async fn wrong_at(town: &mut Town, site: &str) {
    for asked in SITES {
        town.ready(asked.name).await;
        let status = town.until(asked.name, |status| names(status, site)).await;
        let (at, wall) = (status.at.expect("it knows the time"), clock::wall());
        let off = at.since(wall).max(wall.since(at));
        assert!(off < ASTRAY, "{} believes a time that is {off:?} off", asked.name);
    }
}
