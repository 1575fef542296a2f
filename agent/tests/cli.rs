//! The program as a person types it, against an agent that answers by heart over a real control socket.

#[path = "screens/status.rs"]
mod status;

/// The commands that look back, those that need no agent, and the one that stays.
mod cli {
    mod reading;
    mod terminal;
}

use agent::command::{AloneState, Answer, Command, Need, Offer, PlanReport, Telling};
use agent::control::{Control, ControlEvent};
use state::{Destination, Index, Number, PlaybookId, RouteId, RunId, run::Word};
use status::site;
use std::path::PathBuf;
use std::process::Output;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::sync::mpsc;

/// An agent that knows one answer to each command, and what happens after an order.
struct Agent {
    dir: Arc<TempDir>,
    acting: tokio::task::JoinHandle<()>,
}

/// What the agent says.
type Script = fn(&Command) -> (Answer, Vec<Telling>);

fn agent(script: Script) -> Agent {
    agent_in(Arc::new(TempDir::new().expect("a folder of its own")), script)
}

/// The same where another one was before.
fn agent_in(dir: Arc<TempDir>, script: Script) -> Agent {
    let (events, mut inbox) = mpsc::channel(16);
    let control = Control::spawn(&dir.path().join("control.sock"), events).expect("it opens");
    let acting = tokio::spawn(async move {
        while let Some(event) = inbox.recv().await {
            if let ControlEvent::Asked { id, command, .. } = event {
                let (answer, tellings) = script(&command);
                // Told before it is answered: whoever follows only now would have missed it.
                tellings.iter().for_each(|telling| control.tell(telling));
                control.answer(id, answer);
            }
        }
    });
    Agent { dir, acting }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.acting.abort();
    }
}

/// What a command said, and how it ended.
#[derive(Debug)]
struct Said {
    out: String,
    err: String,
    code: i32,
}

impl Agent {
    /// It ends; its folder stays.
    async fn stop(mut self) -> Arc<TempDir> {
        self.acting.abort();
        let ended = (&mut self.acting).await;
        assert!(ended.is_err_and(|why| why.is_cancelled()));
        Arc::clone(&self.dir)
    }

    async fn typed(&self, line: &str) -> Said {
        typed(self.dir.path().join("control.sock"), line).await
    }
}

/// Words in `'…'` stay together.
async fn typed(socket: PathBuf, line: &str) -> Said {
    let mut program = tokio::process::Command::new(env!("CARGO_BIN_EXE_pointsman"));
    program.arg("--socket").arg(socket).stdin(std::process::Stdio::null()).kill_on_drop(true);
    for (n, part) in line.split('\'').enumerate() {
        if n % 2 == 1 {
            program.arg(part);
        } else {
            program.args(part.split_whitespace());
        }
    }
    let Output { stdout, stderr, status } = program.output().await.expect("cargo built it");
    let [out, err] = [stdout, stderr].map(|bytes| String::from_utf8(bytes).expect("it speaks UTF-8"));
    Said { out, err, code: status.code().expect("it ended by itself") }
}

fn no() -> (Answer, Vec<Telling>) {
    (Answer::Refused { why: "not in this test".into(), hint: None }, Vec::new())
}

fn calm(command: &Command) -> (Answer, Vec<Telling>) {
    match command {
        Command::Status => (Answer::Status(Box::new(status::healthy())), Vec::new()),
        Command::Runs => (Answer::Runs { runs: vec![status::run(42, None)] }, Vec::new()),
        Command::Hold { .. }
        | Command::Mode { .. }
        | Command::Resume { .. }
        | Command::Ack { .. }
        | Command::Revoke { .. }
        | Command::Readmit { .. } => (Answer::Agreed { index: Index(7) }, Vec::new()),
        Command::Why { .. }
        | Command::Plan { .. }
        | Command::Play { .. }
        | Command::Claim { .. }
        | Command::ClaimOrOffer { .. }
        | Command::ClaimAlone { .. }
        | Command::Incidents
        | Command::Journal { .. }
        | Command::Survey { .. }
        | Command::Follow => no(),
    }
}

#[tokio::test]
async fn a_calm_status_is_data_on_stdout_and_ends_in_0() {
    let agent = agent(calm);
    let said = agent.typed("status").await;
    assert!(said.out.starts_with("bytemark: main rings in london"), "{said:?}");
    assert_eq!((said.err.as_str(), said.code), ("", 0));
    let said = agent.typed("status --json").await;
    let json: serde_json::Value = serde_json::from_str(&said.out).expect("one object");
    assert_eq!((json["schema"].as_u64(), json["cluster"].as_str()), (Some(1), Some("bytemark")));
}

#[tokio::test]
async fn something_that_needs_a_person_ends_in_1() {
    let agent = agent(|_| {
        let mut report = status::healthy();
        report.needs_you.push(Need { what: "look".into(), hint: "pointsman why main".into() });
        (Answer::Status(Box::new(report)), Vec::new())
    });
    assert_eq!(agent.typed("status").await.code, 1);
}

#[tokio::test]
async fn a_refusal_ends_in_1_with_its_hint_on_stderr() {
    let agent = agent(|_| {
        let (why, hint) = ("there is no route `mian`".into(), Some("`pointsman status`".into()));
        (Answer::Refused { why, hint }, Vec::new())
    });
    let said = agent.typed("why mian").await;
    assert_eq!((said.out.as_str(), said.code), ("", 1));
    assert_eq!(said.err, "pointsman: error: there is no route `mian`\npointsman: hint: `pointsman status`\n");
}

#[tokio::test]
async fn mistyping_ends_in_2_and_no_agent_in_3() {
    let dir = TempDir::new().expect("a folder of its own");
    let socket = dir.path().join("nobody.sock");
    assert_eq!(typed(socket.clone(), "statsu").await.code, 2);
    assert_eq!(typed(socket.clone(), "hold main --for 15 --because 'a test'").await.code, 2);
    let said = typed(socket.clone(), "status").await;
    assert_eq!((said.out.as_str(), said.code), ("", 3));
    let expected = format!("pointsman: error: no agent answers on `{}`", socket.display());
    assert!(said.err.starts_with(&expected) && said.err.contains("\npointsman: hint: "), "{}", said.err);
}

#[tokio::test]
async fn orders_are_confirmed_with_the_index_at_which_they_were_agreed() {
    let agent = agent(calm);
    let said = agent.typed("hold main --for 2h --because 'works on the uplink'").await;
    let expected = "main: held for 2h; `pointsman resume` ends it sooner (agreed at #7)\n";
    assert_eq!((said.out.as_str(), said.code), (expected, 0));
    assert_eq!(agent.typed("mode advise").await.out, "every route: mode advise (agreed at #7)\n");
    let said = agent.typed("ack i-17 --json").await;
    assert_eq!(said.out, "{\"schema\":1,\"agreed\":7,\"what\":\"i-17 is acknowledged\"}\n");
}

#[tokio::test]
async fn one_run_is_shown() {
    let said = agent(calm).typed("runs show r-42").await;
    assert!(said.out.starts_with("r-42 fail-over of main, london -> manchester: under way"), "{said:?}");
}

/// Everything that happens to run 50 is told before the order is even answered.
fn told(word: Word) -> Vec<Telling> {
    let (run, route, playbook) = (RunId(50), RouteId::new("main"), PlaybookId::new("fail-over"));
    let what = "main points at manchester".to_owned();
    let (state, by, index) = ("started".to_owned(), Some(site("manchester")), Index(51));
    vec![
        Telling::Decision {
            run,
            route: route.clone(),
            playbook: playbook.clone(),
            from: Some(site("london")),
            to: site("manchester"),
            because: vec!["tester: a test".into()],
        },
        Telling::Step { run, step: 1, of: 2, what, state, by, index },
        Telling::Run { run, route, playbook, word, why: String::new() },
    ]
}

fn plays(command: &Command, word: Word) -> (Answer, Vec<Telling>) {
    match command {
        Command::Status => (Answer::Status(Box::new(status::healthy())), Vec::new()),
        Command::Plan { .. } => {
            let plan = status::plan();
            let words = vec!["fail-over of main, london -> manchester".into()];
            let report = PlanReport { words, plan, left: 0, guards: Vec::new(), budget: (0, 4) };
            (Answer::Plan(Box::new(report)), Vec::new())
        }
        Command::Play { .. } => (Answer::Agreed { index: Index(50) }, told(word)),
        Command::Claim { .. } => (Answer::Agreed { index: Index(49) }, told(word)),
        Command::Why { .. }
        | Command::ClaimOrOffer { .. }
        | Command::ClaimAlone { .. }
        | Command::Mode { .. }
        | Command::Hold { .. }
        | Command::Resume { .. }
        | Command::Ack { .. }
        | Command::Readmit { .. }
        | Command::Revoke { .. }
        | Command::Runs
        | Command::Incidents
        | Command::Journal { .. }
        | Command::Survey { .. }
        | Command::Follow => no(),
    }
}

const PLAY: &str = "play fail-over route=main to=manchester --because 'a test'";

#[tokio::test]
async fn a_play_prints_its_plan_and_misses_nothing_until_its_end() {
    let agent = agent(|command| plays(command, Word::Done));
    let said = agent.typed(&format!("{PLAY} --yes")).await;
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{}", said.out);
    let lines =
        ["fail-over of main", "decision  fail-over main: london -> manchester (r-50)", "because tester"];
    for expected in lines.into_iter().chain(["1/2 main points at manchester: started by manchester, #51"]) {
        assert!(said.out.contains(expected), "`{expected}` is missing in\n{}", said.out);
    }
    assert!(said.out.trim_end().ends_with("fail-over r-50 ended: done"), "{}", said.out);
}

#[tokio::test]
async fn a_play_that_gets_stuck_ends_in_1() {
    let agent = agent(|command| plays(command, Word::Stuck));
    let said = agent.typed(&format!("{PLAY} --yes --json")).await;
    assert_eq!(said.code, 1, "{}", said.err);
    let last: serde_json::Value =
        serde_json::from_str(said.out.lines().last().expect("it said something")).expect("one object");
    assert_eq!((last["event"].as_str(), last["word"].as_str()), (Some("run"), Some("stuck")));
}

#[tokio::test]
async fn without_a_terminal_a_play_must_be_told_yes_and_does_nothing() {
    let agent = agent(|command| {
        assert!(!matches!(command, Command::Play { .. }), "it was not allowed to");
        plays(command, Word::Done)
    });
    let said = agent.typed(PLAY).await;
    assert_eq!(said.code, 2);
    assert!(!agent.acting.is_finished(), "the agent has seen an order");
    assert!(said.err.contains("--yes"), "{}", said.err);
    assert!(said.out.contains("fail-over of main"), "the plan is printed before anybody is asked");
}

#[tokio::test]
async fn a_claim_follows_the_run_that_it_brings_about() {
    let agent = agent(|command| plays(command, Word::Done));
    let said = agent.typed("claim main manchester --because 'a test'").await;
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.trim_end().ends_with("fail-over r-50 ended: done"), "{}", said.out);
    // Where it rings already there is nothing to follow.
    let said = agent.typed("claim main london --because 'a test'").await;
    assert_eq!((said.code, said.out.contains("rings in london already")), (0, true), "{said:?}");
    let said = agent.typed("claim mian london --because 'a test'").await;
    assert_eq!((said.code, said.err.contains("no route `mian`")), (1, true), "{said:?}");
}

const POLICY: &str = "\
cluster: bytemark
timezone: Europe/London
sites:
  london:      { votes: 1, address: 192.0.2.10,    pbx: 192.0.2.11 }
  manchester:  { votes: 1, address: 198.51.100.10, pbx: 198.51.100.11 }
  office:      { votes: 1, address: 203.0.113.10,  pbx: 203.0.113.11 }
  netherlands: { votes: 2, address: 203.0.113.130, pbx: 203.0.113.131 }
references: [192.0.2.1, 198.51.100.1, 203.0.113.129]
carriers:
  magrathea: { ntsapi: { host: secure.magrathea-telecom.co.uk } }
routes:
  main:
    carrier: magrathea
    numbers: [\"02079460000\"]
    to: S:$number@$pbx
    prefer: [london, manchester, netherlands, office]
people:
  matthew: { mail: matthew@example.com, sms: \"+447700900001\" }
alerts:
  mail: { from: pointsman@example.com, relays: [192.0.2.25, 198.51.100.25] }
  tell: [matthew]
";

/// Writes a file and types a command in which `$` is the folder.
async fn with_file(text: &str, line: &str) -> (TempDir, Said) {
    let dir = TempDir::new().expect("a folder of its own");
    std::fs::write(dir.path().join("it.yaml"), text).expect("it is written");
    let line = line.replace('$', &dir.path().display().to_string());
    let said = typed(dir.path().join("nobody.sock"), &line).await;
    (dir, said)
}

#[tokio::test]
async fn a_policy_is_said_in_words_and_as_a_table() {
    let (_dir, said) = with_file(POLICY, "check $/it.yaml").await;
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{}", said.out);
    assert!(
        said.out.starts_with("ok: 4 sites, 5 votes (3 win), 1 route, 1 number, 1 person\n"),
        "{}",
        said.out
    );
    let (_dir, said) = with_file(POLICY, "check --table $/it.yaml").await;
    assert_eq!(said.code, 0);
    assert!(said.out.lines().count() >= 16, "{}", said.out);
}

#[tokio::test]
async fn faults_are_underlined_and_end_in_2() {
    let (_dir, said) = with_file(&POLICY.replace("votes: 2", "vote: 2"), "check $/it.yaml").await;
    assert_eq!(said.code, 2);
    assert!(said.out.contains("it.yaml:7:18") && said.out.contains("^^^^"), "{}", said.out);
    let (_dir, said) =
        with_file("site: london\nlisten: { peer: 192.0.2.10:7701 }\n", "check $/it.yaml").await;
    assert!(said.code == 2 && said.out.contains("did you mean `peers`?"), "{said:?}");
    let (_dir, said) = with_file("playbook: x\n", "check $/it.yaml").await;
    assert!(said.code == 2 && said.out.contains("steps"), "{said:?}");
    let (_dir, said) = with_file("", "check $/gone.yaml").await;
    assert!(said.code == 2 && said.err.contains("gone.yaml"), "{said:?}");
}

#[tokio::test]
async fn a_cluster_is_made_once_and_its_site_files_are_right() {
    let (dir, said) = with_file(POLICY, "init $/new --policy $/it.yaml").await;
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{}", said.out);
    for name in ["london", "manchester", "office", "netherlands"] {
        let file = dir.path().join("new").join(name).join("site.yaml");
        let said = typed(dir.path().join("nobody.sock"), &format!("check {}", file.display())).await;
        assert!(said.code == 0 && said.out.starts_with(&format!("ok: site {name}")), "{said:?}");
    }
    let again = format!("init {0}/new --policy {0}/it.yaml", dir.path().display());
    let said = typed(dir.path().join("nobody.sock"), &again).await;
    assert!(said.code == 2 && said.err.contains("is not empty"), "{said:?}");
}

/// Nothing can be agreed: the agent offers, and does it when it is told so.
fn orphan(command: &Command) -> (Answer, Vec<Telling>) {
    let told = |is, text: &str| Telling::Alone {
        n: 3,
        route: RouteId::new("main"),
        site: site("office"),
        is,
        text: text.to_owned(),
    };
    if let Command::ClaimOrOffer { route, site: to, .. } = command {
        let offer = Offer {
            token: 9,
            route: route.clone(),
            site: to.clone(),
            numbers: 100,
            heard: (1, 5),
            number: Some(Number::new("02079460000")),
            shows: Some(Destination::new("S:442079460000@192.0.2.11")),
            shown: Some(site("london")),
        };
        return (Answer::Offered(Box::new(offer)), Vec::new());
    }
    if *command == (Command::ClaimAlone { token: 9 }) {
        let goes = told(AloneState::Goes, "02079460000 of main points at office, read back");
        let done = told(AloneState::Failed, "somebody else has since pointed main at manchester");
        return (Answer::Alone { n: 3 }, vec![goes, done]);
    }
    calm(command)
}

#[tokio::test]
async fn a_claim_alone_is_asked_for_twice_and_followed_to_its_end() {
    let agent = agent(orphan);
    let said = agent.typed("claim main office --alone --because 'a test'").await;
    assert!(said.out.contains("02079460000 shows london at this moment"), "{said:?}");
    assert!(said.err.contains("add `--yes` to do it alone without being asked"), "{said:?}");
    assert_eq!(said.code, 2);
    let said = agent.typed("claim main office --alone --yes --because 'a test'").await;
    assert!(said.out.contains("points at office, read back"), "{said:?}");
    assert!(said.out.ends_with("somebody else has since pointed main at manchester\n"), "{said:?}");
    assert_eq!(said.code, 1);
    let said = agent.typed("claim main office --yes --because 'a test'").await;
    assert_eq!(said.code, 2, "without --alone nobody is asked twice: {said:?}");
}
