//! Commands as real processes: looked at first, run once, read back, killed with all that they started.

use super::bench::{Bench, soon};
use agent::event::{Effect, Event, Order, Report};
use agent::node::Stands;
use state::fact::{Closure, Was};
use state::plan::Ensure;
use state::{CommandId, Index, Nonce, Number};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Hands with scripts as commands, and a folder in which these leave their traces.
struct Commanded {
    bench: Bench,
    folder: tempfile::TempDir,
}

impl Commanded {
    /// The scripts find their folder in `$0`.
    async fn new(scripts: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().display().to_string();
        let words = |script: &str| ["/bin/sh", "-c", script, &at].map(str::to_owned).to_vec();
        let mut commands: BTreeMap<String, Vec<String>> =
            scripts.iter().map(|(name, script)| ((*name).to_owned(), words(script))).collect();
        commands.insert("is-so".to_owned(), words("test -f $0/so || { echo it is not so; exit 1; }"));
        commands.insert("gone".to_owned(), vec!["/nowhere/to/be/found".to_owned()]);
        commands.insert("text".to_owned(), vec!["/etc/passwd".to_owned()]);
        Self { bench: Bench::with(commands).await, folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn order(&mut self, fence: u64, command: &str, (check, close_ms): (&str, u64)) {
        let (command, check) = (CommandId::new(command), CommandId::new(check));
        let order = Order {
            fence: Index(fence),
            ensure: Ensure::Exec { command, check },
            writes: vec![Number::new("exec@london")],
            begin_by: soon(close_ms * 2 / 3),
            close_by: soon(close_ms),
        };
        self.bench.hands.act(Effect::Ensure(order));
    }

    /// What is said of an order that has four seconds.
    async fn said(&mut self, fence: u64, command: &str) -> (Was, Closure, String) {
        self.order(fence, command, ("is-so", 4000));
        told(&self.bench.executed(fence).await)
    }

    /// How it stands, by a look that runs nothing else.
    async fn stands(&mut self, check: &str) -> Stands {
        let (command, check) = (CommandId::new("do-it"), CommandId::new(check));
        let ensure = Ensure::Exec { command, check };
        self.bench.hands.act(Effect::See { id: 7, ensure, within: Duration::from_secs(4) });
        let event = self.bench.event().await;
        let Event::Seen { id: 7, found } = event else { panic!("{event:?}") };
        found
    }

    fn lines(&self, name: &str) -> usize {
        fs::read_to_string(self.file(name)).unwrap_or_default().lines().count()
    }
}

fn told(report: &Report) -> (Was, Closure, String) {
    let [outcome] = report.outcomes.as_slice() else { panic!("{report:?}") };
    assert_eq!((outcome.was, outcome.number.as_str()), (report.was, "exec@london"));
    (report.was, outcome.closure, report.note.clone().unwrap_or_default())
}

/// Every process whose number stands in the file is dead.
async fn until_dead(note: &Path) {
    let pids: Vec<String> = fs::read_to_string(note).unwrap().lines().map(str::to_owned).collect();
    assert!(!pids.is_empty());
    let alive = |pid: &String| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        !stat.is_empty() && !stat.contains(") Z ")
    };
    for _ in 0..400 {
        if !pids.iter().any(alive) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{pids:?} live on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_is_run_once_and_what_is_so_already_is_left_alone() {
    let mut at = Commanded::new(&[("do-it", "echo run >> $0/ran; touch $0/so")]).await;
    assert_eq!(at.said(1, "do-it").await, (Was::Right, Closure::Closed, String::new()));
    let (was, closure, note) = at.said(2, "do-it").await;
    assert_eq!(
        (was, closure, note.as_str()),
        (Was::Right, Closure::Closed, "it was so already, as is-so says")
    );
    assert_eq!(at.lines("ran"), 1);
}

/// After an unknown outcome somebody looks, and nothing is run again.
#[tokio::test(flavor = "multi_thread")]
async fn how_it_stands_is_seen_without_running_anything() {
    let mut at = Commanded::new(&[("do-it", "echo run >> $0/ran; touch $0/so")]).await;
    assert_eq!(at.stands("is-so").await, Ok((Was::Wrong, "is-so ended with 1: it is not so".to_owned())));
    assert_eq!(at.said(1, "do-it").await.0, Was::Right);
    assert_eq!(at.stands("is-so").await, Ok((Was::Right, "is-so says it is so".to_owned())));
    let why = at.stands("nobody-has-it").await.unwrap_err();
    assert!(why.starts_with("no command `nobody-has-it` here"), "{why}");
    assert_eq!(at.lines("ran"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_check_decides_whatever_the_command_says() {
    // What it leaves behind in a session of its own does it a little later.
    let late = "setsid /bin/sh -c 'touch $0/begun; sleep 0.6; touch $0/so' $0 >/dev/null 2>&1 & \
                while [ ! -f $0/begun ]; do sleep 0.02; done; exit 0";
    let scripts = [
        ("fails", "echo no such prefix; exit 3"),
        ("lies", "exit 0"),
        ("mutters", "touch $0/so; echo mind the gap >&2; exit 3"),
        ("late", late),
    ];
    let mut at = Commanded::new(&scripts).await;
    let (was, closure, note) = at.said(1, "fails").await;
    assert_eq!((was, closure), (Was::Wrong, Closure::Closed), "{note}");
    assert_eq!(note, "fails ended with 3: no such prefix; and is-so ended with 1: it is not so");
    at.order(2, "lies", ("is-so", 1500));
    let (was, closure, note) = told(&at.bench.executed(2).await);
    assert_eq!((was, closure), (Was::Wrong, Closure::Closed), "{note}");
    assert!(note.starts_with("lies ended with 0; and is-so ended with 1"), "{note}");
    assert_eq!(at.said(3, "late").await, (Was::Right, Closure::Closed, String::new()));
    fs::remove_file(at.file("so")).unwrap();
    let (was, closure, note) = at.said(4, "mutters").await;
    assert_eq!((was, closure), (Was::Right, Closure::Closed));
    assert_eq!(note, "mutters ended with 3: mind the gap; and is-so says it is so");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_too_long_is_killed_with_all_that_it_started_and_stays_open() {
    let scripts = [
        ("hangs", "echo $$ > $0/hangs; sleep 600 & echo $! >> $0/hangs; sleep 600"),
        ("done-and-hangs", "touch $0/so; sleep 600"),
        ("floods", "while :; do echo 0123456789012345678901234567890123456789; done"),
    ];
    let mut at = Commanded::new(&scripts).await;
    at.order(1, "hangs", ("is-so", 2000));
    let (was, closure, note) = told(&at.bench.executed(1).await);
    assert_eq!((was, closure), (Was::Unknown, Closure::Open), "{note}");
    assert!(note.starts_with("hangs took too long and was killed; and is-so"), "{note}");
    until_dead(&at.file("hangs")).await;
    at.order(2, "floods", ("is-so", 3000));
    let (was, closure, note) = told(&at.bench.executed(2).await);
    assert_eq!((was, closure), (Was::Unknown, Closure::Open), "{note}");
    assert!(note.starts_with("floods wrote more than 64 KiB and was killed"), "{note}");
    at.order(3, "done-and-hangs", ("is-so", 2000));
    let (was, closure, note) = told(&at.bench.executed(3).await);
    assert_eq!((was, closure), (Was::Right, Closure::Open), "{note}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_run_if_the_check_does_not_answer_or_the_order_is_old_or_revoked() {
    let scripts = [("do-it", "echo run >> $0/ran; touch $0/so"), ("mute", "sleep 600")];
    let mut at = Commanded::new(&scripts).await;
    at.order(5, "do-it", ("mute", 900));
    let (was, closure, note) = told(&at.bench.executed(5).await);
    assert_eq!((was, closure), (Was::Wrong, Closure::Closed));
    assert_eq!(note, "nothing was run: mute took too long and was killed");
    at.order(4, "do-it", ("is-so", 4000));
    let (was, _, note) = told(&at.bench.executed(4).await);
    assert!(was == Was::Wrong && note.contains("a later attempt (#5) on exec@london was ordered"), "{note}");
    at.bench.hands.act(Effect::Revoke { fence: Index(6) });
    let (was, closure, note) = at.said(6, "do-it").await;
    assert_eq!(
        (was, closure, note.as_str()),
        (Was::Wrong, Closure::Closed, "do-it was not run: a new leader revoked it")
    );
    // An order that comes twice is obeyed once, and reported once.
    at.order(7, "do-it", ("is-so", 4000));
    at.order(7, "do-it", ("is-so", 4000));
    assert_eq!(told(&at.bench.executed(7).await).0, Was::Right);
    assert_eq!(at.said(8, "do-it").await.0, Was::Right);
    assert_eq!(at.lines("ran"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_says_what_it_lacks_before_anything_is_agreed() {
    let mut at = Commanded::new(&[("do-it", "exit 0")]).await;
    for (command, words) in [
        ("do-it", None),
        ("undo-it", Some("no command `undo-it` here; hint: add it to `commands`")),
        ("gone", Some("cannot run `/nowhere/to/be/found`: No such file")),
        ("text", Some("cannot run `/etc/passwd`: it may not be run")),
    ] {
        let ensure = Ensure::Exec { command: CommandId::new(command), check: CommandId::new("is-so") };
        at.bench.hands.act(Effect::Equip { nonce: Nonce(9), ensure });
        let event = at.bench.event().await;
        match (words, &event) {
            (None, Event::Prepared { nonce: Nonce(9) }) => {}
            (Some(words), Event::Unprepared { nonce: Nonce(9), why }) if why.contains(words) => {}
            _ => panic!("{command}: {event:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_dies_with_the_hands() {
    let mut at = Commanded::new(&[("hangs", "echo $$ > $0/hangs; sleep 600")]).await;
    at.order(1, "hangs", ("is-so", 60_000));
    let note = at.file("hangs");
    while fs::read_to_string(&note).unwrap_or_default().trim().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let Commanded { bench, folder } = at;
    drop(bench.hands);
    until_dead(&note).await;
    drop(folder);
}
