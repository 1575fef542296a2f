//! One example of every fact, and of every line of a site's own table; more where a fact has several faces.

use state::alone::{AloneClaim, AloneEntry};
use state::chain::Imprint;
use state::fact::{
    Adoption, Attempt, Ballot, Closure, Fact, Home, Mode, Outcome, Passed, Reading, Says, Seated, Was,
};
use state::handover::{Hindrance, Strength, Urgency};
use state::plan::{
    At, Ensure, IfFailed, Login, Method, Plan, PlannedStep, Pointing, Scheme, Shows, Switch, Undo,
};
use state::run::{Cause, Direction, Word};
use state::{
    Boot, CarrierId, CommandId, Destination, Disk, Fingerprint, IncidentId, Index, Nonce, Number, PlaybookId,
    RouteId, RunId, SiteId, Stamp, Starts, Subject, Who,
};
use std::collections::BTreeMap;
use std::time::Duration;

/// A fact that is not the only one of its kind says in a word which it is.
pub fn facts() -> Vec<(&'static str, Fact)> {
    let mut all = seen();
    all.extend(runs());
    all.extend(attempts());
    all.extend(people());
    all.extend(handovers());
    all.extend(membership());
    all
}

fn site(name: &str) -> SiteId {
    SiteId::new(name)
}

fn main() -> RouteId {
    RouteId::new("main")
}

fn matthew() -> Who {
    Who::new("matthew")
}

fn number() -> Number {
    Number::new("02079460000")
}

fn shows() -> Destination {
    Destination::new("S:442079460000@192.0.2.11")
}

fn pointing() -> Pointing {
    Pointing { number: number(), from: Some(shows()), to: Destination::new("S:442079460000@198.51.100.11") }
}

fn readings() -> Vec<Reading> {
    vec![
        Reading { number: number(), shows: Some(shows()) },
        Reading { number: Number::new("02079460001"), shows: None },
    ]
}

fn outcomes() -> Vec<Outcome> {
    let outcome =
        |was, closure, seen| Outcome { number: number(), was, closure, seen, why: "no answer".into() };
    vec![
        outcome(Was::Right, Closure::Closed, Some(shows())),
        outcome(Was::Wrong, Closure::Closed, None),
        outcome(Was::Unknown, Closure::Open, Some(Destination::empty())),
    ]
}

/// What sites say and what the leader makes of it.
fn seen() -> Vec<(&'static str, Fact)> {
    let dark = Duration::from_millis(15_250);
    let ballots = vec![
        Ballot { subject: Subject::pbx(&site("london")), says: Says::Down { dark } },
        Ballot { subject: Subject::pbx(&site("london").door(1)), says: Says::Up },
        Ballot { subject: Subject::carrier(&CarrierId::new("magrathea")), says: Says::Up },
    ];
    let subjects = vec![Subject::pbx(&site("office")), Subject::inbound(&site("office"))];
    let (incident, who) = (IncidentId(17), matthew());
    let slots = vec![
        Reading { number: number().at_slot(2), shows: Some(shows()) },
        Reading { number: number().at_slot(3), shows: None },
    ];
    vec![
        (
            "",
            Fact::PolicyEdited {
                text: "cluster: bytemark\nmode: auto\n".into(),
                base: Imprint::of("cluster: bytemark\n"),
                who: who.clone(),
            },
        ),
        ("", Fact::SchemaRaised { to: 2 }),
        ("", Fact::PolicyAgreed { text: "cluster: bytemark\n".into(), who: who.clone() }),
        ("", Fact::BallotsCast { ballots }),
        ("", Fact::SiteSilent { site: site("london"), starts: Starts(2), n: 41 }),
        ("", Fact::IncidentOpened { route: main(), site: site("london") }),
        ("", Fact::IncidentPassed { incident }),
        ("", Fact::IncidentAcked { incident, who }),
        ("", Fact::FlappingSeen { subjects }),
        ("", Fact::SlotsRead { route: main(), readings: slots }),
    ]
}

fn plan() -> Plan {
    let points = |to: &str| Ensure::RoutePointsAt {
        carrier: CarrierId::new("magrathea"),
        site: site(to),
        numbers: vec![pointing()],
    };
    let step = |ensure, undo, (at, if_failed)| PlannedStep {
        ensure,
        undo,
        at,
        timeout: Duration::from_secs(10),
        attempts: 3,
        backoff: Duration::from_secs(1),
        if_failed,
    };
    let notify = || Ensure::Notify { text: "main now rings in manchester".into() };
    let no = || Undo::No("a message cannot be recalled".into());
    Plan {
        playbook: PlaybookId::new("fail-over"),
        route: main(),
        from: Some(site("london")),
        to: site("manchester"),
        steps: vec![
            step(points("manchester"), Undo::Ensure(points("london")), (At::Executor, IfFailed::Stuck)),
            step(notify(), no(), (At::Leader, IfFailed::CarryOn)),
            step(notify(), no(), (At::Site(site("office")), IfFailed::UndoAll)),
        ],
    }
}

/// What came later than the first plans.
fn patient() -> Plan {
    let steady = Duration::from_secs(600);
    let ready = Ensure::SiteReady { site: site("london"), steady, patience: Duration::from_secs(10) };
    let exec = |command: &str, check: &str| Ensure::Exec {
        command: CommandId::new(command),
        check: CommandId::new(check),
    };
    let there = exec("withdraw-prefix", "prefix-withdrawn");
    let back = Undo::Ensure(exec("announce-prefix", "prefix-announced"));
    let step = |ensure, undo, at| PlannedStep { ensure, undo, at, ..plan().steps.remove(1) };
    let no = || Undo::No("looking changes nothing".into());
    let steps = vec![
        step(Ensure::Waited { lasts: Duration::from_millis(30_000) }, no(), At::Leader),
        step(ready, no(), At::Leader),
        step(there.clone(), back.clone(), At::Site(site("london"))),
        step(there, back, At::Reachable(site("office"))),
    ];
    Plan { steps, ..plan() }
}

/// Switches that are thrown over HTTP.
fn switched() -> Plan {
    let read = "https://switch.example.com/v1/routes/main".to_owned();
    let login = |scheme| Some(Login { name: "switch".into(), scheme });
    let shows = Shows { pointer: "/to".into(), is: "manchester".into(), was: Some("london".into()) };
    let switch = |method, secret| {
        Ensure::Http(Box::new(Switch {
            address: ([192, 0, 2, 7], 443).into(),
            method,
            url: format!("{read}?by=pointsman"),
            body: Some("{\"to\":\"manchester\"}".into()),
            expect: vec![200, 202],
            read: read.clone(),
            read_expect: vec![404],
            shows: Some(shows.clone()),
            secret,
        }))
    };
    let step = |method, secret| PlannedStep {
        ensure: switch(method, secret),
        undo: Undo::No("it stays".into()),
        ..plan().steps.remove(0)
    };
    let steps = vec![
        step(Method::Put, login(Scheme::Basic)),
        step(Method::Post, login(Scheme::Bearer)),
        step(Method::Patch, None),
        step(Method::Delete, None),
    ];
    Plan { steps, ..plan() }
}

/// What stands behind: slots 2 and 3.
fn prepared() -> Plan {
    let slot = |to: &str| Pointing { number: number().at_slot(2), from: None, to: Destination::new(to) };
    let behind =
        |to: &str| Ensure::BehindPrepared { carrier: CarrierId::new("magrathea"), slots: vec![slot(to)] };
    let (ensure, undo) = (behind("441134960999"), Undo::Ensure(behind("441134960998")));
    let step = PlannedStep { ensure, undo, ..plan().steps.remove(0) };
    Plan { playbook: PlaybookId::new("prepare"), from: None, to: site("london"), steps: vec![step], ..plan() }
}

/// Runs from their opening to their end.
fn runs() -> Vec<(&'static str, Fact)> {
    let because = vec!["3 of 5 votes see london/pbx down".to_owned()];
    let automatic = Cause::Automatic { because: because.clone() };
    let person = Cause::Person { who: matthew(), because: "works on the uplink".into() };
    let (late, behind) = (automatic.clone(), person.clone());
    let passed = |how| Fact::StepPassed { run: RunId(42), step: 3, how, why: "office is not heard".into() };
    let repair = Cause::Repair { late: vec![Index(40), Index(300)], because };
    let opened = |cause, home| Fact::RunOpened { basis: Index(38), plan: plan(), cause, home };
    let to = site("london");
    let watches = RouteId::new("london/proxy");
    let plan = Plan { route: watches, from: Some(to.clone()), to, ..plan() };
    let lever = Fact::RunOpened { basis: Index(38), plan, cause: automatic.clone(), home: Home::Home };
    let (run, why) = (RunId(42), "manchester went down meanwhile".to_owned());
    let ended = |word| Fact::RunEnded { run, word, why: why.clone() };
    vec![
        ("by automation", opened(automatic, Home::Elsewhere)),
        ("by a person", opened(person, Home::Home)),
        ("as a repair", opened(repair, Home::Elsewhere)),
        (
            "of what stands behind",
            Fact::RunOpened { basis: Index(38), plan: prepared(), cause: behind, home: Home::Elsewhere },
        ),
        ("of a lever", lever),
        (
            "of switches",
            Fact::RunOpened { basis: Index(38), plan: switched(), cause: late.clone(), home: Home::Home },
        ),
        (
            "of a patient plan",
            Fact::RunOpened { basis: Index(38), plan: patient(), cause: late, home: Home::Elsewhere },
        ),
        ("that holds", passed(Passed::Holds)),
        ("that is given up", passed(Passed::GivenUp)),
        ("that is skipped", passed(Passed::Skipped)),
        ("", Fact::RunTurned { run, why: why.clone() }),
        ("done", ended(Word::Done)),
        ("done unverified", ended(Word::DoneUnverified)),
        ("undone", ended(Word::Undone)),
        ("stuck", ended(Word::Stuck)),
    ]
}

/// Attempts and what is read.
fn attempts() -> Vec<(&'static str, Fact)> {
    let attempt = |direction| Attempt {
        run: RunId(42),
        step: 1,
        direction,
        n: 2,
        executor: site("netherlands"),
        boot: Boot(0x0123_4567_89ab_cdef),
        nonce: Nonce(7),
        numbers: vec![number()],
        basis: Index(50),
        seen: Index(51),
    };
    let (fence, boot, note) = (Index(52), Boot(9), Some("the line was lost".to_owned()));
    let (was, outcomes, late) = (Was::Unknown, outcomes(), vec![number()]);
    let adopted = |site, from| Fact::RouteAdopted { route: main(), site, readings: readings(), from };
    vec![
        ("forth", Fact::StepStarted(attempt(Direction::Do))),
        ("back", Fact::StepStarted(attempt(Direction::Undo))),
        ("", Fact::StepEnded { fence, boot, was, outcomes: outcomes.clone(), note: note.clone() }),
        ("", Fact::StepEndedLate { fence, boot, was, outcomes, note, late }),
        ("", Fact::StepLost { fence, why: "netherlands was lost while it did this".into() }),
        ("", Fact::AttemptLapsed { fence }),
        ("", Fact::StepRead { fence, readings: readings() }),
        (
            "",
            Fact::StepSeen {
                fence,
                was: Was::Right,
                by: site("office"),
                why: "withdrawn says it is so".into(),
            },
        ),
        ("first", adopted(Some(site("london")), Adoption::First)),
        ("a person's", adopted(None, Adoption::Person)),
        ("own", adopted(Some(site("london")), Adoption::Own)),
    ]
}

fn claim() -> AloneClaim {
    AloneClaim {
        at: site("office"),
        n: 5,
        to: site("manchester"),
        who: matthew(),
        because: "both centres are dark".into(),
        done: Stamp::from_millis(1_795_132_700_000),
        basis: Index(90),
    }
}

/// What persons decide.
fn people() -> Vec<(&'static str, Fact)> {
    let (who, because) = (matthew(), "works on the uplink".to_owned());
    let until = Stamp::from_millis(1_795_136_400_000);
    let claimed = |site| {
        let (playbook, because) = (PlaybookId::new("fail-over"), because.clone());
        Fact::Claimed { route: main(), site, playbook, because, who: matthew() }
    };
    let mode = |route, mode| Fact::ModeSet { route, mode, who: matthew() };
    vec![
        ("auto", mode(None, Mode::Auto)),
        ("advise", mode(Some(main()), Mode::Advise)),
        ("manual", mode(Some(main()), Mode::Manual)),
        ("", Fact::Held { route: Some(main()), until, because: because.clone(), who: who.clone() }),
        ("", Fact::Resumed { route: None, who }),
        ("a site", claimed(site("london"))),
        ("a door", claimed(site("london").door(1))),
        ("the refuge", claimed(SiteId::refuge())),
        (
            "",
            Fact::Played {
                route: main(),
                site: site("london"),
                playbook: PlaybookId::new("drain"),
                given: BTreeMap::from([("pause".to_owned(), "2m".to_owned())]),
                because: because.clone(),
                who: matthew(),
            },
        ),
        ("", Fact::ClaimedAlone { route: main(), claim: claim(), pointings: vec![pointing()] }),
        ("", Fact::PreparationOrdered { route: main(), because, who: matthew() }),
    ]
}

/// What people are handed, and what is taken back.
fn handovers() -> Vec<(&'static str, Fact)> {
    let handed = |hindrance, strength, urgency| {
        let because = "no site reaches the interface of magrathea".to_owned();
        Fact::HandedOver { route: main(), hindrance, strength, because, urgency }
    };
    let (strength, urgency) = (Strength::Latched, Urgency::Notice);
    vec![
        ("until it passes", handed(Hindrance::CarrierMute, Strength::Waiting, Urgency::Urgent)),
        ("until resumed", handed(Hindrance::BudgetSpent, Strength::Latched, Urgency::Notice)),
        ("", Fact::TakenBack { route: main(), hindrance: Hindrance::GivenUp }),
        ("", Fact::Leaderless { lasted: Duration::from_secs(95), strength, urgency }),
        ("", Fact::Escalated { incident: IncidentId(17) }),
    ]
}

/// Disks and votes.
fn membership() -> Vec<(&'static str, Fact)> {
    let (disk, raft_ids) = (Disk(0x0123_4567_89ab_cdef), vec![4, 5]);
    let seat = |name: &str, voters: &[u64], learners: &[u64]| Seated {
        site: site(name),
        voters: voters.to_vec(),
        learners: learners.to_vec(),
    };
    let changing = vec![seat("london", &[1], &[]), seat("netherlands", &[4], &[6, 7])];
    let changed = vec![seat("london", &[1], &[]), seat("netherlands", &[6, 7], &[])];
    vec![
        ("", Fact::Born { site: site("netherlands"), disk, raft_ids: raft_ids.clone() }),
        ("", Fact::Readmitted { site: site("netherlands"), disk, raft_ids, who: matthew() }),
        ("", Fact::VotesChanging { seated: changing }),
        ("", Fact::VotesChanged { seated: changed }),
        ("", Fact::SchemaRaised { to: 2 }),
        ("", Fact::VotesGiven { site: site("office"), raft_ids: vec![3, 8] }),
        ("", Fact::BundleRevoked { site: site("office"), who: matthew() }),
        ("", Fact::BundleTrusted { site: site("office"), key: Fingerprint::of(b"a key"), who: matthew() }),
    ]
}

/// The lines of a site's own table.
pub fn alone() -> Vec<(&'static str, AloneEntry)> {
    let (n, fence) = (5, Index(1));
    vec![
        ("", AloneEntry::Claimed { route: main(), claim: claim() }),
        ("", AloneEntry::Started { n, fence, pointings: vec![pointing()] }),
        ("", AloneEntry::Ended { n, fence, outcomes: outcomes() }),
        ("", AloneEntry::Read { n, readings: readings() }),
        ("", AloneEntry::Merged { n, index: Index(120) }),
    ]
}
