//! `pointsman-lab demo` as a process: it leaves nothing behind however it ends, and stdout is objects alone.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Longer than a busy machine needs to put a cluster up.
const TRIES: u32 = 600;

fn start(dir: &Path, more: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_pointsman-lab"))
        .arg("demo")
        .args(more)
        .env("TMPDIR", dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program can be started")
}

/// Polls until it is so.
#[track_caller]
fn until(what: &str, so: impl Fn() -> bool) {
    for _ in 0..TRIES {
        if so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("in vain waited until {what}; `cargo build -p agent` builds what this test starts");
}

fn rig_in(dir: &Path) -> Option<std::path::PathBuf> {
    fs::read_dir(dir).ok()?.find_map(|entry| Some(entry.ok()?.path()))
}

/// The agents whose site file lies in this folder.
fn agents_of(dir: &Path) -> usize {
    let dir = dir.to_string_lossy().into_owned();
    let of_ours = |entry: &fs::DirEntry| {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        line.contains("pointsman\0run") && line.contains(&dir)
    };
    let processes = fs::read_dir("/proc").expect("Linux shows its processes there");
    processes.flatten().filter(of_ours).count()
}

/// Stops a demo with a signal once its agents run.
#[track_caller]
fn check(signal: Signal, code: i32) {
    let dir = tempfile::tempdir().expect("a folder");
    let mut demo = start(dir.path(), &[]);
    let awake =
        || rig_in(dir.path()).is_some_and(|rig| rig.join("cluster/netherlands/control.sock").exists());
    until("the agents run", awake);
    assert_eq!(agents_of(dir.path()), 4);
    kill(Pid::from_raw(i32::try_from(demo.id()).expect("a process id")), signal).expect("it runs");
    assert_eq!(demo.wait().expect("it ends").code(), Some(code));
    assert_eq!(agents_of(dir.path()), 0, "agents were left behind");
    assert_eq!(rig_in(dir.path()), None, "files were left behind");
}

#[test]
fn ctrl_c_ends_the_agents_and_removes_their_files() {
    check(Signal::SIGINT, 130);
}

#[test]
fn so_does_being_told_to_end() {
    check(Signal::SIGTERM, 143);
}

#[test]
fn a_program_reads_objects_and_nothing_else() {
    let dir = tempfile::tempdir().expect("a folder");
    let demo = start(dir.path(), &["--json", "--pace", "fast"]).wait_with_output().expect("it ends");
    let text = String::from_utf8(demo.stdout).expect("text");
    let said = String::from_utf8_lossy(&demo.stderr);
    let known =
        ["fault", "ballot", "verdict", "decision", "step", "carrier_set", "carrier_read", "mode", "summary"];
    let objects: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    for object in &objects {
        let event = object["event"].as_str().expect("a kind");
        assert!(known.contains(&event), "{event} was never promised");
    }
    let last = objects.last().unwrap_or_else(|| panic!("nothing was said but: {said}"));
    assert_eq!(last["event"], "summary", "{text}{said}");
    assert_eq!(demo.status.code(), Some(if last["ok"] == true { 0 } else { 1 }), "{last}");
    assert_eq!(rig_in(dir.path()), None, "files were left behind");
}
