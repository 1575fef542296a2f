//! What persons read after a story: `type audit`, `type incidents show i-9 --markdown`, `type why main --at 11s`.

use super::script::{live, time};
use super::world::{Cluster, WALL};
use agent::account::{Account, Past, Progress, past, timeline};
use agent::cli::screens::{self, json};
use agent::command::{Answer, Command, JournalPage};
use state::{Index, PlaybookId, RouteId, SiteId, Stamp};
use std::fs;
use std::path::{Path, PathBuf};

/// What stands between a story and what comes of it.
const RULE: &str = "----\n";

/// Plays every file of the folder; gives those whose text is not what comes out now.
pub fn drifted(folder: &Path) -> Vec<String> {
    let names = files(folder);
    assert!(!names.is_empty());
    let mut wrong = Vec::new();
    for path in names {
        let text = fs::read_to_string(&path).expect("the file is text");
        let (story, was) = text.split_once(RULE).unwrap_or((&text, ""));
        let is = told(story);
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, format!("{story}{RULE}{is}")).expect("the file can be written");
        } else if was != is {
            wrong.push(format!("--- {}\n--- is\n{is}--- was\n{was}", path.display()));
        }
    }
    wrong
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let listing = fs::read_dir(folder).expect("the folder is there");
    let mut names: Vec<PathBuf> = listing.map(|entry| entry.expect("it can be listed").path()).collect();
    names.retain(|path| path.extension().is_some_and(|ending| ending == "txt"));
    names.sort();
    names
}

/// The story, and below each thing that is typed what comes.
fn told(story: &str) -> String {
    let typed: Vec<&str> = story.lines().filter_map(|line| line.strip_prefix("type ")).collect();
    let lived: Vec<&str> = story.lines().filter(|line| !line.starts_with("type ")).collect();
    let (mut cluster, faults) = live(&lived.join("\n"));
    assert!(faults.is_empty(), "{faults:?}");
    let mut out = String::new();
    for line in typed {
        out += &format!("$ pointsman {line}\n{}", shown(&mut cluster, line));
    }
    out
}

/// The same as the commands do over a socket, without the socket.
fn shown(cluster: &mut Cluster, line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    match words.as_slice() {
        ["status", "--line"] => screens::status::line(&cluster.status(&site())),
        ["status", "--watch"] => {
            let report = cluster.status(&site());
            screens::watch::changed(&[], &screens::watch::things(&report), report.at)
        }
        ["status"] => screens::status::screen(&cluster.status(&site())),
        ["runs"] => match ask(cluster, Command::Runs) {
            Some(Answer::Runs { runs }) => screens::runs::screen(&runs),
            other => panic!("the runs were asked for, and {other:?} came"),
        },
        ["runs", "show", "r-LAST"] => match ask(cluster, Command::Runs) {
            Some(Answer::Runs { runs }) => screens::runs::one(runs.last().expect("there is a run")),
            other => panic!("the runs were asked for, and {other:?} came"),
        },
        ["plan", playbook, route] => {
            let (_, lever) = route.split_once('=').expect("the story is well formed");
            let args = [("route".to_owned(), lever.to_owned())];
            let question = Command::Plan { playbook: PlaybookId::new(*playbook), args: args.clone().into() };
            match ask(cluster, question) {
                Some(Answer::Plan(report)) => screens::plan::screen(&report, &args),
                other => panic!("a plan was asked for, and {other:?} came"),
            }
        }
        ["why", route] => match ask(cluster, Command::Why { route: Some(RouteId::new(*route)) }) {
            Some(Answer::Why(reports)) => reports.iter().map(screens::why::screen).collect(),
            other => panic!("why was asked for, and {other:?} came"),
        },
        ["help", "3am"] => {
            let screen = screens::night::screen(Some(&cluster.status(&site())));
            assert!(screen.lines().count() <= 24, "a terminal has 24 lines\n{screen}");
            screen
        }
        ["audit", flags @ ..] => {
            let (account, last) = read(cluster, None);
            let since = after(flags, "--since").map(stamp);
            let route = after(flags, "--route").map(RouteId::new);
            let audit = screens::audit::Audit::of(&account, &last, (since, route.as_ref()));
            let json = flags.contains(&"--json");
            if json { screens::audit::json(&audit) } else { screens::audit::screen(&audit) }
        }
        ["incidents", flags @ ..] => incidents(cluster, flags),
        ["why", route, "--at", at, flags @ ..] => {
            let (account, last) = read(cluster, Some(stamp(at)));
            match past(&account, stamp(at), (Some(&RouteId::new(*route)), &last.here)) {
                Past::Known(reports) if flags.contains(&"--json") => {
                    reports.iter().map(json::object).collect()
                }
                Past::Known(reports) => reports.iter().map(screens::past::screen).collect(),
                Past::Unknown(why) => format!("{why}\n"),
            }
        }
        strange => panic!("no such line: {strange:?}"),
    }
}

fn incidents(cluster: &mut Cluster, words: &[&str]) -> String {
    let Some(Answer::Incidents { incidents }) = ask(cluster, Command::Incidents) else {
        panic!("no incidents were answered")
    };
    let ["show", id, flags @ ..] = words else {
        let json = words.contains(&"--json");
        let objects = || incidents.iter().map(json::object).collect();
        return if json { objects() } else { screens::incidents::screen(&incidents) };
    };
    // `i-LAST` in a story: numbers move whenever agents learn to say more.
    assert_eq!(*id, "i-LAST", "the story is well formed");
    let (account, _) = read(cluster, None);
    let told = timeline(&account, incidents.last().expect("there is an incident"));
    match flags {
        ["--markdown"] => screens::incidents::markdown(&told),
        ["--json"] => json::object(&told),
        _ => screens::incidents::one(&told),
    }
}

/// Whoever asks is at the witness, which no story here kills.
fn site() -> SiteId {
    SiteId::new("netherlands")
}

fn after<'a>(flags: &[&'a str], name: &str) -> Option<&'a str> {
    flags.iter().position(|flag| *flag == name).and_then(|at| flags.get(at + 1)).copied()
}

/// A moment of the story, in cluster time.
fn stamp(moment: &str) -> Stamp {
    Stamp::from_millis(WALL) + time(moment)
}

fn ask(cluster: &mut Cluster, command: Command) -> Option<Answer> {
    let id = cluster.order(&site(), command);
    cluster.outside.borrow_mut().answers.remove(&id)
}

/// The whole journal of a site, page by page, as the commands read it.
pub fn read(cluster: &mut Cluster, past: Option<Stamp>) -> (Account, JournalPage) {
    let mut next = |after| match ask(cluster, Command::Journal { after }) {
        Some(Answer::Journal(page)) => *page,
        other => panic!("the journal was asked for, and {other:?} came"),
    };
    let mut page = next(Index(0));
    let mut account = Account::begin(page.birth, past);
    while account.take(&page) == Progress::More {
        page = next(account.end.0);
    }
    (account, page)
}
