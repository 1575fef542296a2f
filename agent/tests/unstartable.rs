//! Whatever keeps an agent from starting: it ends with 3 and names attempt, thing, cause and a hint, as text.
//!
//! Each file of `tests/unstartable` spoils the folder of a site by shell commands; below them stands what the agent
//! then says. In the commands `$OTHER` is another cluster's folder and `$FOREIGN` the database of another program.

use agent::init::{InitSite, birth};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use state::SiteId;
use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// What stands between the commands and what is said.
const RULE: &str = "----\n";

/// Longer than an agent needs to find out on a machine that builds three other things.
const TRIES: u32 = 400;
const PAUSE: Duration = Duration::from_millis(50);

const POLICY: &str = "\
cluster: CLUSTER
timezone: Europe/London
sites:
  london:      { votes: 1, address: 127.73.0.1, pbx: 127.73.0.11 }
  manchester:  { votes: 1, address: 127.73.0.2, pbx: 127.73.0.12 }
  netherlands: { votes: 2, address: 127.73.0.3, pbx: 127.73.0.13 }
carriers:
  magrathea: { ntsapi: { host: 127.73.0.9, port: 7777, tls: plain } }
routes:
  main:
    carrier: magrathea
    numbers: [\"02079460000\"]
    to: S:$number@$pbx
    prefer: [london, manchester]
people:
  matthew: { mail: matthew@example.com }
alerts:
  mail: { from: pointsman@example.com, relays: [192.0.2.25] }
  tell: [matthew]
";

#[test]
fn what_keeps_an_agent_from_starting_is_said_with_a_hint() {
    let dir = TempDir::new().expect("a folder of its own");
    let cluster = born(dir.path(), "bytemark");
    born(dir.path(), "elsewhere");
    let foreign = rusqlite::Connection::open(dir.path().join("foreign.db")).expect("it can be made");
    foreign
        .execute_batch("CREATE TABLE cats (name TEXT); INSERT INTO cats VALUES ('Tom')")
        .expect("it is SQL");
    drop(foreign);
    let mut wrong = Vec::new();
    for path in cases() {
        let text = fs::read_to_string(&path).expect("a case can be read");
        let (commands, expected) = text.split_once(RULE).unwrap_or((&text, ""));
        assert!(commands.starts_with("# "), "{}: the first line says what it shows", path.display());
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("denied-") && modes().is_none() {
            writeln!(std::io::stderr(), "skipped: {name} needs setpriv").expect("stderr takes a line");
            continue;
        }
        let found = spoilt(&cluster, commands);
        if found != expected && std::env::var_os("UPDATE").is_some() {
            fs::write(&path, format!("{commands}{RULE}{found}")).expect("a case can be written");
        } else if found != expected {
            wrong.push(format!("{}\n--- expected\n{expected}--- found\n{found}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{} wrong; UPDATE=1 accepts them\n{}", wrong.len(), wrong.join("\n"));
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/unstartable");
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).expect("the folder is there").flatten().map(|entry| entry.path()).collect();
    files.sort();
    files
}

/// The folder of a new cluster, in which the agent of London has run once.
fn born(dir: &Path, cluster: &str) -> PathBuf {
    let sites: Vec<InitSite> = ["london", "manchester", "netherlands"]
        .iter()
        .zip(1..)
        .map(|(site, host)| InitSite {
            site: SiteId::new(*site),
            peers: SocketAddr::new(Ipv4Addr::new(127, 73, 0, host).into(), 7701),
            secrets: Vec::new(),
        })
        .collect();
    let folder = dir.join(cluster);
    birth(&folder, cluster, &sites, &POLICY.replace("CLUSTER", cluster)).expect("a cluster is born");
    let london = folder.join("london");
    let file = "site: london\nlisten: { peers: 127.73.0.1:7701 }\nstate: state\ncontrol: control.sock\n";
    fs::write(london.join("site.yaml"), file).expect("it can be written");
    let mut agent = run(&london).spawn().expect("cargo built it");
    for _ in 0..TRIES {
        if london.join("control.sock").exists() {
            break;
        }
        std::thread::sleep(PAUSE);
    }
    let pid = Pid::from_raw(i32::try_from(agent.id()).expect("a pid"));
    kill(pid, Signal::SIGTERM).expect("it runs");
    assert!(agent.wait().expect("it ends").success());
    folder
}

/// What an agent says that is started after these commands.
fn spoilt(cluster: &Path, commands: &str) -> String {
    let dir = TempDir::new().expect("a folder of its own");
    let parent = cluster.parent().expect("it lies in a folder");
    let copied = Command::new("cp").arg("-a").arg(cluster).arg(dir.path()).status();
    assert!(copied.is_ok_and(|status| status.success()), "a folder can be copied");
    let london = dir.path().join("bytemark/london");
    let program = Path::new(env!("CARGO_BIN_EXE_pointsman"));
    let path = format!("{}:{}", program.parent().expect("a folder").display(), env!("PATH"));
    let mut shell = Command::new("sh")
        .args(["-euc", commands])
        .current_dir(&london)
        .env("PATH", path)
        .env("OTHER", parent.join("elsewhere"))
        .env("FOREIGN", parent.join("foreign.db"))
        .env("POINTSMAN_LOG", "off")
        .stdin(Stdio::null())
        .process_group(0)
        .spawn()
        .expect("there is a shell");
    let pid = Pid::from_raw(i32::try_from(shell.id()).expect("a pid"));
    assert!(shell.wait().expect("it ends").success(), "the commands failed:\n{commands}");
    let said = started(&london);
    // Whatever the commands left running.
    let _ = killpg(pid, Signal::SIGKILL);
    said.replace(&dir.path().display().to_string(), "DIR")
}

fn started(london: &Path) -> String {
    let mut agent = run(london).stderr(Stdio::piped()).spawn().expect("cargo built it");
    let ended = (0..TRIES).find_map(|_| {
        std::thread::sleep(PAUSE);
        agent.try_wait().expect("it can be waited for")
    });
    if ended.is_none() {
        let _ = agent.kill();
    }
    let said = said_by(agent);
    match ended.and_then(|status| status.code()) {
        Some(code) => format!("exit {code}\n{said}"),
        None => format!("it runs\n{said}"),
    }
}

fn said_by(agent: Child) -> String {
    let output = agent.wait_with_output().expect("it has ended");
    String::from_utf8(output.stderr).expect("it speaks UTF-8")
}

/// `pointsman run`, bound by the modes of files also where root runs the tests.
fn run(london: &Path) -> Command {
    let program = env!("CARGO_BIN_EXE_pointsman");
    let mut command = match modes() {
        Some(wrapped) if !wrapped.is_empty() => {
            let mut command = Command::new(wrapped[0]);
            command.args(&wrapped[1..]).arg(program);
            command
        }
        Some(_) | None => Command::new(program),
    };
    command.args(["run", "--config"]).arg(london.join("site.yaml"));
    command.env("POINTSMAN_LOG", "off").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// What makes a program obey the modes of files: nothing for a person, for root a wrapper that must be there.
fn modes() -> Option<&'static [&'static str]> {
    const BOUND: &[&str] = &["setpriv", "--bounding-set=-dac_override,-dac_read_search"];
    if !nix::unistd::Uid::effective().is_root() {
        return Some(&[]);
    }
    let there = Command::new("setpriv").arg("--version").stdout(Stdio::null()).status();
    there.is_ok_and(|status| status.success()).then_some(BOUND)
}
