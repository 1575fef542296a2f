//! A cluster on a calm night, and a run; the cases change what they are about.

use agent::command::{CarrierReport, ReachReport, RouteReport, SiteReport, StatusReport, Voice};
use policies::Verdict;
use state::fact::Mode;
use state::plan::{At, Ensure, IfFailed, Plan, PlannedStep, Pointing, Undo};
use state::run::{Cause, End, Run, StepState};
use state::{CarrierId, Destination, Index, Number, PlaybookId, RouteId, RunId, SiteId, Stamp, Term};
use std::time::Duration;

pub fn site(name: &str) -> SiteId {
    SiteId::new(name)
}

/// A time of the night of the tests.
pub fn stamp(clock: &str) -> Stamp {
    let parts: Vec<u64> = clock.split(':').map(|part| part.parse().expect("two digits")).collect();
    Stamp::from_millis(1_795_132_800_000 + 1000 * (parts[0] * 3600 + parts[1] * 60 + parts[2]))
}

pub fn healthy() -> StatusReport {
    let all = ["london", "manchester", "office", "netherlands"];
    let ages = [Some(300), Some(200), Some(400), None];
    let one = |(name, age): (&str, Option<u64>)| SiteReport {
        site: site(name),
        votes: if name == "netherlands" { 2 } else { 1 },
        pbx: Verdict::Up,
        seen_by: all.iter().filter(|by| **by != "office" || name != "office").map(|by| site(by)).collect(),
        heard: age.map(Duration::from_millis),
        further: Vec::new(),
        silent: Voice::Heard,
        over: None,
        policy: Some("77ab".into()),
    };
    StatusReport {
        cluster: "bytemark".into(),
        here: site("netherlands"),
        at: Some(stamp("02:58:10")),
        leader: Some(site("netherlands")),
        term: Term(3),
        heard: 5,
        votes: 5,
        policy: Some("4f1c".into()),
        journal: (Index(1204), "9a3e".into()),
        sites: all.into_iter().zip(ages).map(one).collect(),
        routes: vec![route()],
        levers: Vec::new(),
        incidents: Vec::new(),
        runs: Vec::new(),
        handed_over: Vec::new(),
        fragile: Vec::new(),
        carriers: vec![ReachReport {
            carrier: CarrierId::new("magrathea"),
            reached_by: all.iter().map(|name| site(name)).collect(),
            not_by: Vec::new(),
            unsure: Vec::new(),
        }],
        notices: Vec::new(),
        needs_you: Vec::new(),
        late_writes: 0,
        hands: agent::command::HandsReport::default(),
        watch: vec!["office cannot see its own PBX since 02:51 (1 of 5 votes; no harm)".into()],
    }
}

fn route() -> RouteReport {
    RouteReport {
        route: RouteId::new("main"),
        numbers: 100,
        rings_in: Some(site("london")),
        since: Some(stamp("01:00:00")),
        carrier: Some(CarrierReport {
            number: Number::new("02079460000"),
            shows: Some(Destination::new("S:442079460000@192.0.2.11")),
            site: Some(site("london")),
            age: Duration::from_secs(12),
        }),
        budget: (0, 4),
        mode: Mode::Auto,
        hold: None,
        latch: None,
        repairs: (0, 3),
        next: Some(site("manchester")),
    }
}

pub fn plan() -> Plan {
    let points = |site_name: &str, from: &str, to: &str| Ensure::RoutePointsAt {
        carrier: CarrierId::new("magrathea"),
        site: site(site_name),
        numbers: vec![Pointing {
            number: Number::new("02079460000"),
            from: Some(Destination::new(from)),
            to: Destination::new(to),
        }],
    };
    let (here, there) = ("S:442079460000@192.0.2.11", "S:442079460000@198.51.100.11");
    let step = |ensure, undo, if_failed| PlannedStep {
        ensure,
        undo,
        at: At::Executor,
        timeout: Duration::from_secs(10),
        attempts: 3,
        backoff: Duration::from_secs(1),
        if_failed,
    };
    let text = "main now rings in manchester".to_owned();
    Plan {
        playbook: PlaybookId::new("fail-over"),
        route: RouteId::new("main"),
        from: Some(site("london")),
        to: site("manchester"),
        steps: vec![
            step(
                points("manchester", here, there),
                Undo::Ensure(points("london", there, here)),
                IfFailed::Stuck,
            ),
            step(Ensure::Notify { text }, Undo::No("a message cannot be recalled".into()), IfFailed::CarryOn),
        ],
    }
}

/// A run that was opened by a verdict at 03:01:12; every step is done if it has an end.
pub fn run(id: u64, end: Option<End>) -> Run {
    let because = vec![
        "3 of 5 votes see london/pbx down".to_owned(),
        "manchester/pbx says it is up, 0.4s ago".to_owned(),
    ];
    let mut run = Run::open(RunId(id), plan(), Cause::Automatic { because }, stamp("03:01:12"));
    if end.is_some() {
        for step in &mut run.steps {
            step.state = StepState::Done;
        }
    }
    run.end = end;
    run
}
