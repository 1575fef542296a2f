//! Looking back as a person types it: audit, incidents, why --at, status line by line, help and completions.

use crate::status::{self, site};
use crate::{agent, calm, typed};
use agent::command::{Answer, Command, FactBytes, JournalPage, PeerHead, Telling};
use state::fact::{Entry, Fact, Home, Mode, Origin};
use state::incident::{Incident, IncidentState};
use state::run::{Cause, Word};
use state::{Head, IncidentId, Index, RouteId, RunId, Starts, Who, codec};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};

/// An agent with a real journal of two facts in two pages, and one incident that nobody has seen.
fn remembers(command: &Command) -> (Answer, Vec<Telling>) {
    let fact = |n: u64, mode| {
        let origin = Origin { site: site("office"), starts: Starts(1), n };
        let fact = Fact::ModeSet { route: None, mode, who: Who::new("matthew") };
        let stamp = status::stamp(&format!("03:0{n}:00"));
        FactBytes { index: Index(n), bytes: codec::encode(&Entry { origin, stamp, fact }).expect("it fits") }
    };
    let facts = [fact(1, Mode::Manual), fact(2, Mode::Auto)];
    let birth = Head::birth("bytemark");
    let head = facts.iter().fold(birth, |head, fact| head.next(fact.index, &fact.bytes));
    let incident = Incident {
        id: IncidentId(2),
        route: RouteId::new("main"),
        site: Some(site("london")),
        opened: status::stamp("03:02:00"),
        state: IncidentState::Away,
        acked: None,
        escalated: None,
    };
    if let Command::Journal { after } = command {
        let age = Duration::from_millis(400);
        let page = JournalPage {
            here: site("netherlands"),
            at: status::stamp("04:00:00"),
            birth,
            facts: facts.into_iter().filter(|fact| fact.index > *after).take(1).collect(),
            gaps: Vec::new(),
            folded: (Index(2), head),
            peers: vec![PeerHead { site: site("office"), index: Index(2), head, age }],
        };
        return (Answer::Journal(Box::new(page)), Vec::new());
    }
    if *command == Command::Incidents {
        return (Answer::Incidents { incidents: vec![incident] }, Vec::new());
    }
    calm(command)
}

#[tokio::test]
async fn the_journal_is_read_page_by_page_and_judged_here() {
    let agent = agent(remembers);
    let said = agent.typed("audit").await;
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{}", said.out);
    assert!(said.out.starts_with("the chain holds, and every fact is here\n"), "{}", said.out);
    assert!(said.out.contains("#2  03:02:00  matthew set every route to mode auto"), "{}", said.out);
    let said = agent.typed("audit --since 03:02 --json").await;
    assert_eq!((said.code, said.out.lines().count()), (0, 2), "{}", said.out);
    let said = agent.typed("incidents").await;
    assert_eq!((said.code, said.out.contains("nobody")), (1, true), "{}", said.out);
    let said = agent.typed("incidents show i-2 --markdown").await;
    assert!(said.code == 0 && said.out.starts_with("## i-2: london was down"), "{said:?}");
    let said = agent.typed("incidents show i-3").await;
    assert_eq!((said.code, said.err.contains("no incident `i-3`")), (1, true), "{said:?}");
    let said = agent.typed("why main --at 03:01:30").await;
    assert_eq!((said.code, said.err.contains("no policy")), (1, true), "{said:?}");
    let said = agent.typed("why main --at 02:00").await;
    assert_eq!((said.code, said.err.contains("begins at 2026-11-20 03:01:00 UTC")), (1, true), "{said:?}");
    let said = agent.typed("why main --at 2026-11-22").await;
    assert_eq!((said.code, said.err.contains("has not been yet")), (2, true), "{said:?}");
}

/// Sixty runs of a person, of which the agent keeps the last one at hand.
fn has_done_much(command: &Command) -> (Answer, Vec<Telling>) {
    let fact = |n: u64| {
        let origin = Origin { site: site("office"), starts: Starts(1), n };
        let cause = Cause::Person { who: Who::new("matthew"), because: format!("drill {n}") };
        let fact = if n % 2 == 1 {
            Fact::RunOpened { basis: Index(n - 1), plan: status::plan(), cause, home: Home::Elsewhere }
        } else {
            Fact::RunEnded { run: RunId(n - 1), word: Word::Undone, why: format!("the end of drill {n}") }
        };
        let stamp = status::stamp("03:00:00") + Duration::from_secs(n);
        FactBytes { index: Index(n), bytes: codec::encode(&Entry { origin, stamp, fact }).expect("it fits") }
    };
    let facts: Vec<FactBytes> = (1..=120).map(fact).collect();
    if *command == Command::Runs {
        return (Answer::Runs { runs: vec![status::run(119, None)] }, Vec::new());
    }
    let Command::Journal { after } = command else { return calm(command) };
    let page = JournalPage {
        here: site("netherlands"),
        at: status::stamp("04:00:00"),
        birth: Head::birth("bytemark"),
        facts: facts.into_iter().filter(|fact| fact.index > *after).take(50).collect(),
        gaps: Vec::new(),
        folded: (Index(0), Head::birth("bytemark")),
        peers: Vec::new(),
    };
    (Answer::Journal(Box::new(page)), Vec::new())
}

#[tokio::test]
async fn a_run_that_is_no_longer_kept_at_hand_is_in_the_journal() {
    let agent = agent(has_done_much);
    let said = agent.typed("runs show r-1").await;
    assert!(
        said.out.starts_with("r-1 fail-over of main, london -> manchester: undone after 1.0s"),
        "{said:?}"
    );
    assert!(said.code == 0 && said.out.contains("the end of drill 2"), "{said:?}");
    let said = agent.typed("runs show 119").await;
    assert!(said.out.starts_with("r-119 fail-over of main, london -> manchester: under way"), "{said:?}");
    let said = agent.typed("runs show 2").await;
    assert_eq!((said.code, said.err.contains("there is no run `r-2`")), (1, true), "{said:?}");
}

#[tokio::test]
async fn one_line_says_what_the_exit_code_says() {
    let calm = agent(calm);
    let said = calm.typed("status --line").await;
    let expected = "bytemark: main rings in london; auto; 5 of 5 votes; needs you: nothing\n";
    assert_eq!((said.out.as_str(), said.code), (expected, 0));
    let socket = calm.dir.path().join("nobody.sock");
    let said = typed(socket, "status --line").await;
    assert!(
        said.out.starts_with("pointsman: no agent answers on") && said.out.lines().count() == 1,
        "{said:?}"
    );
    assert_eq!((said.err.as_str(), said.code), ("", 3));
    let said = calm.typed("status --line --json").await;
    assert_eq!(said.code, 2);
}

/// Piped, a watch prints what there is, then what changes, then what is no more; ages are no change.
#[tokio::test]
async fn a_watch_prints_changes_and_ends_with_its_reader() {
    static ASKED: AtomicU64 = AtomicU64::new(0);
    let agent = agent(|_| {
        let mut report = status::healthy();
        let asked = ASKED.fetch_add(1, Ordering::SeqCst);
        report.sites[0].heard = Some(Duration::from_millis(100 * asked));
        report.at = Some(status::stamp(&format!("02:58:{:02}", 10 + asked)));
        if asked > 1 {
            report.routes[0].rings_in = Some(site("manchester"));
            report.watch.clear();
        }
        (Answer::Status(Box::new(report)), Vec::new())
    });
    let mut program = tokio::process::Command::new(env!("CARGO_BIN_EXE_pointsman"));
    program.arg("--socket").arg(agent.dir.path().join("control.sock")).args(["status", "--watch"]);
    let mut watch =
        program.stdout(std::process::Stdio::piped()).kill_on_drop(true).spawn().expect("cargo built it");
    let mut lines = BufReader::new(watch.stdout.take().expect("it is piped")).lines();
    let mut said = Vec::new();
    while said.len() < 9 {
        said.push(lines.next_line().await.expect("it is text").expect("it goes on"));
    }
    assert_eq!(said[0], "02:58:10 bytemark: netherlands leads (term 3), 5 of 5 votes, policy 4f1c");
    assert!(
        said[7].starts_with("02:58:12 route main: rings in manchester, the carrier says ANOTHER"),
        "{said:#?}"
    );
    assert!(said[8].starts_with("02:58:12 watch no more: office cannot see its own PBX"), "{said:#?}");
}

#[tokio::test]
async fn help_needs_no_agent_and_completions_know_every_command() {
    let socket = TempDir::new().expect("a folder of its own").path().join("nobody.sock");
    let said = typed(socket.clone(), "help 3am").await;
    assert!(said.code == 0 && said.out.starts_with("no agent answers on this machine"), "{said:?}");
    assert!(
        said.out.lines().count() <= 24 && said.out.lines().all(|line| line.chars().count() <= 80),
        "{said:?}"
    );
    let said = typed(socket.clone(), "help incidents show").await;
    assert!(said.code == 0 && said.out.contains("--markdown"), "{said:?}");
    assert_eq!(typed(socket.clone(), "help statsu").await.code, 2);
    for shell in ["bash", "zsh", "fish"] {
        let said = typed(socket.clone(), &format!("completions {shell}")).await;
        let knows = ["incidents", "audit", "--markdown", "--because"]
            .iter()
            .all(|word| said.out.contains(word) || said.out.contains(word.trim_start_matches('-')));
        assert!(said.code == 0 && knows, "{shell}: {}", said.out);
    }
    assert_eq!(typed(socket, "completions tcsh").await.code, 2);
}
