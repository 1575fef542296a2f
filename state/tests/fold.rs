//! The gate by itself: each file of `tests/fold` is a journal, line by line, and what the fold makes of every entry.

use state::alone::AloneClaim;
use state::chain::Imprint;
use state::fact::{
    Attempt, Ballot, Closure, Entry, Fact, Home, Origin, Outcome, Passed, Reading, Says, Seated, Was,
};
use state::plan::{At, Ensure, IfFailed, Plan, PlannedStep, Pointing, Undo};
use state::run::{Cause, Direction, Word};
use state::view::{Applied, View};
use state::{
    Boot, CarrierId, Destination, Disk, Fingerprint, Index, Nonce, Number, PlaybookId, RouteId, RunId,
    SiteId, Stamp, Starts, Subject, Who, codec,
};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// The wall clock when a journal begins.
const BEGIN: u64 = 1_800_000_000_000;

/// `UPDATE=1` writes down what comes out now.
#[test]
fn every_journal_folds_as_it_is_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fold");
    let mut wrong = Vec::new();
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let was = fs::read_to_string(&path).unwrap();
        let mut journal = Journal::new();
        let is: String = was.lines().map(|line| journal.line(line) + "\n").collect();
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &is).unwrap();
        } else if is != was {
            wrong.push(format!("{}\n{is}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "drifted; UPDATE=1 rewrites them\n{}", wrong.join("\n"));
}

struct Journal {
    view: View,
    last: BTreeMap<String, u64>,
    now: u64,
}

impl Journal {
    fn new() -> Self {
        Self { view: View::birth("town"), last: BTreeMap::new(), now: BEGIN }
    }

    /// `INDEX SITE: WORDS => what comes of it`; `SITE@2` is the site's second life, `again` the proposal before;
    /// `wait 5` and `back 5` move the proposer's clock, and `time` asks for cluster time, in seconds.
    fn line(&mut self, line: &str) -> String {
        let said = line.split_once(" =>").map_or(line, |(said, _)| said);
        if let Some(seconds) = said.strip_prefix("wait ") {
            self.now += number(seconds) * 1000;
            return line.to_owned();
        }
        if let Some(seconds) = said.strip_prefix("back ") {
            self.now -= number(seconds) * 1000;
            return line.to_owned();
        }
        if said == "time" {
            return format!("time => {}", self.view.stamp.since(Stamp::from_millis(BEGIN)).as_secs());
        }
        let Some((by, words)) = said.split_once(": ").filter(|_| !said.starts_with('#')) else {
            return line.to_owned();
        };
        let by = by.rsplit_once(' ').map_or(by, |(_, by)| by);
        let (site, life) = by.split_once('@').unwrap_or((by, "1"));
        let words: Vec<&str> = words.split(' ').collect();
        let (words, repeated) = match words.as_slice() {
            ["again", rest @ ..] => (rest, 0),
            all => (all, 1),
        };
        let n = self.last.entry(by.to_owned()).or_default();
        *n += repeated;
        let origin = Origin { site: SiteId::new(site), starts: Starts(number(life)), n: *n };
        let entry = Entry { origin, stamp: Stamp::from_millis(self.now), fact: fact(site, words) };
        let index = Index(self.view.index.0 + 1);
        let bytes = codec::encode(&entry).expect("the journal is well formed");
        let made = match self.view.apply(index, &bytes, &entry) {
            Applied::Accepted => "counts".to_owned(),
            Applied::Refused(why) => format!("refused: {why}"),
        };
        format!(
            "{} {by}: {} => {made}",
            index.0,
            said.split_once(": ").expect("the journal is well formed").1
        )
    }
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or_else(|_| panic!("`{text}` is no number"))
}

fn ids(words: &[&str]) -> Vec<u64> {
    words.iter().map(|word| number(word)).collect()
}

fn fact(by: &str, words: &[&str]) -> Fact {
    let who = Who::new("matthew");
    let seated = |name: &str, voters: &[&str]| {
        vec![Seated { site: SiteId::new(name), voters: ids(voters), learners: Vec::new() }]
    };
    match words {
        ["born", name, "disk", disk, "votes", votes @ ..] => {
            Fact::Born { site: SiteId::new(*name), disk: Disk(number(disk)), raft_ids: ids(votes) }
        }
        ["readmit", name, "disk", disk, "votes", votes @ ..] => {
            Fact::Readmitted { site: SiteId::new(*name), disk: Disk(number(disk)), raft_ids: ids(votes), who }
        }
        ["give", name, votes @ ..] => Fact::VotesGiven { site: SiteId::new(*name), raft_ids: ids(votes) },
        ["changing", name, votes @ ..] => Fact::VotesChanging { seated: seated(name, votes) },
        ["changed", name, votes @ ..] => Fact::VotesChanged { seated: seated(name, votes) },
        ["revoke", name] => Fact::BundleRevoked { site: SiteId::new(*name), who },
        ["trust", name] => {
            Fact::BundleTrusted { site: SiteId::new(*name), key: Fingerprint::of(b"the next"), who }
        }
        ["raise", to] => {
            Fact::SchemaRaised { to: u16::try_from(number(to)).expect("the journal is well formed") }
        }
        ["policy", text] => Fact::PolicyAgreed { text: (*text).to_owned(), who },
        ["edit", base, "into", text] => {
            Fact::PolicyEdited { text: (*text).to_owned(), base: Imprint::of(base), who }
        }
        ["hold"] => {
            let until = Stamp::from_millis(u64::MAX);
            Fact::Held { route: None, until, because: "the test says so".to_owned(), who }
        }
        ["sees", "down"] => {
            let says = Says::Down { dark: Duration::from_secs(9) };
            Fact::BallotsCast {
                ballots: vec![Ballot { subject: Subject::pbx(&SiteId::new("london")), says }],
            }
        }
        ["alone", n, "at", at] => alone((n, at), who),
        ["alone", n] => alone((n, by), who),
        others => run(others),
    }
}

/// Something that was done alone.
fn alone((n, at): (&str, &str), who: Who) -> Fact {
    let claim = AloneClaim {
        at: SiteId::new(at),
        n: number(n),
        to: SiteId::new("office"),
        who,
        because: "the test says so".to_owned(),
        done: Stamp::from_millis(BEGIN),
        basis: Index(0),
    };
    Fact::ClaimedAlone { route: RouteId::new("main"), claim, pointings: vec![pointing("office")] }
}

/// The life of a run; every attempt is the first of its step.
fn run(words: &[&str]) -> Fact {
    let automatic = || Cause::Automatic { because: Vec::new() };
    match words {
        ["open", "to", to, "on", basis] => opened((to, basis), automatic()),
        ["repair", "to", to, "after", fence, "on", basis] => {
            let cause = Cause::Repair { late: vec![Index(number(fence))], because: Vec::new() };
            opened((to, basis), cause)
        }
        ["start", id, "n", n, "nonce", nonce, "on", seen] => {
            let seen = Index(number(seen));
            Fact::StepStarted(Attempt {
                run: RunId(number(id)),
                step: 0,
                direction: Direction::Do,
                n: u8::try_from(number(n)).expect("the journal is well formed"),
                executor: SiteId::new("office"),
                boot: Boot(1),
                nonce: Nonce(number(nonce)),
                numbers: vec![Number::new("0207")],
                basis: seen,
                seen,
            })
        }
        ["lost", fence] => Fact::StepLost { fence: Index(number(fence)), why: "it is gone".to_owned() },
        ["reads", to, "after", fence] => {
            let shows = Some(pointing(to).to);
            let readings = vec![Reading { number: Number::new("0207"), shows }];
            Fact::StepRead { fence: Index(number(fence)), readings }
        }
        ["says", fence, "is", "closed", "as", "life", boot] => {
            let (was, closure) = (Was::Wrong, Closure::Closed);
            let (which, why) = (Number::new("0207"), "not sent".to_owned());
            let outcomes = vec![Outcome { number: which, was, closure, seen: None, why }];
            Fact::StepEnded {
                fence: Index(number(fence)),
                boot: Boot(number(boot)),
                was,
                outcomes,
                note: None,
            }
        }
        ["pass", id] => {
            let (run, why) = (RunId(number(id)), "nobody could".to_owned());
            Fact::StepPassed { run, step: 0, how: Passed::GivenUp, why }
        }
        ["end", id, word] => {
            let word = if *word == "stuck" { Word::Stuck } else { Word::Undone };
            Fact::RunEnded { run: RunId(number(id)), word, why: "the test says so".to_owned() }
        }
        strange => panic!("no such fact: {strange:?}"),
    }
}

fn pointing(to: &str) -> Pointing {
    let from = Some(Destination::new("london"));
    Pointing { number: Number::new("0207"), from, to: Destination::new(to) }
}

fn opened((to, basis): (&str, &str), cause: Cause) -> Fact {
    let (carrier, site) = (CarrierId::new("magrathea"), SiteId::new(to));
    let step = PlannedStep {
        ensure: Ensure::RoutePointsAt { carrier, site: site.clone(), numbers: vec![pointing(to)] },
        undo: Undo::No("the test says so".to_owned()),
        at: At::Executor,
        timeout: Duration::from_secs(10),
        attempts: 3,
        backoff: Duration::from_secs(1),
        if_failed: IfFailed::Stuck,
    };
    let (playbook, route, from) =
        (PlaybookId::new("fail-over"), RouteId::new("main"), Some(SiteId::new("london")));
    let plan = Plan { playbook, route, from, to: site, steps: vec![step] };
    Fact::RunOpened { basis: Index(number(basis)), plan, cause, home: Home::Elsewhere }
}
