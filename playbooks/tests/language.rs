//! Wrong playbooks with their reports as text, the shipped ones as plans.

use playbooks::words::Words;
use playbooks::{Arguments, PlanError, Playbook, RouteFacts, plan, shipped};
use state::plan::{Ensure, IfFailed, Plan, Undo};
use state::{CarrierId, Destination, Number, RouteId, SiteId};
use std::collections::BTreeMap;
use std::path::PathBuf;

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// Compares with the golden text, or rewrites it if `UPDATE` is set.
fn check(path: &PathBuf, now: &str) {
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, now).expect("the test is set up so");
    }
    let golden = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(golden, now, "{} differs; UPDATE=1 rewrites it", path.display());
}

#[test]
fn every_wrong_playbook_is_refused_in_words() {
    let files = std::fs::read_dir(folder("wrong"))
        .expect("the test is set up so")
        .map(|file| file.expect("the test is set up so").path());
    let mut files: Vec<_> = files.filter(|file| file.extension().is_some_and(|e| e == "yaml")).collect();
    files.sort();
    assert!(files.len() >= 20, "the wrong playbooks are missing");
    for file in files {
        let name = file.file_name().expect("the test is set up so").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).expect("the test is set up so");
        let report = Playbook::read(&name, &text).expect_err(&name);
        check(&file.with_extension("txt"), &report.to_string());
    }
}

fn facts() -> RouteFacts {
    let number = |n: u32| Number::new(format!("020794600{n:02}"));
    let mut facts = RouteFacts { carrier: Some(CarrierId::new("magrathea")), ..RouteFacts::default() };
    for n in 0..3 {
        for (site, address) in [("london", "192.0.2.11"), ("manchester", "198.51.100.11")] {
            let to = Destination::new(format!("S:44{}@{address}", 2_079_460_000 + n));
            facts.destinations.insert((SiteId::new(site), number(n)), to);
        }
        facts.destinations.insert((SiteId::refuge(), number(n)), Destination::new("441134960999"));
        let shows = facts.destinations[&(SiteId::new("london"), number(n))].clone();
        facts.numbers.push((number(n), Some(shows)));
    }
    facts
}

fn arguments() -> Arguments {
    Arguments {
        route: RouteId::new("main"),
        from: Some(SiteId::new("london")),
        to: SiteId::new("manchester"),
        reason: "london is\ndown".to_owned(),
        given: BTreeMap::new(),
    }
}

fn shipped_plan(name: &str, facts: &RouteFacts) -> Plan {
    let (_, text) = shipped().iter().find(|(known, _)| *known == name).expect("the test is set up so");
    let playbook = Playbook::read(name, text).unwrap_or_else(|report| panic!("{report}"));
    let to = if name == "all-dark" { SiteId::refuge() } else { arguments().to };
    plan(&playbook, &Arguments { to, ..arguments() }, facts).expect("the test is set up so")
}

#[test]
fn the_shipped_playbooks_are_planned_in_words() {
    for (name, _) in shipped() {
        let plan = shipped_plan(name, &facts());
        check(&folder("plan").join(format!("{name}.txt")), &Words(&plan).to_string());
    }
}

#[test]
fn the_way_back_leads_from_the_new_value_to_the_old_one() {
    let plan = shipped_plan("fail-over", &facts());
    assert_eq!(plan.steps[0].if_failed, IfFailed::Stuck);
    let (
        Ensure::RoutePointsAt { numbers: there, .. },
        Undo::Ensure(Ensure::RoutePointsAt { numbers: back, .. }),
    ) = (&plan.steps[0].ensure, &plan.steps[0].undo)
    else {
        panic!("the first step points the route and can be undone")
    };
    for (there, back) in there.iter().zip(back) {
        assert_eq!(Some(&there.to), back.from.as_ref());
        assert_eq!(there.from.as_ref(), Some(&back.to));
    }
}

#[test]
fn what_was_never_read_has_no_way_back() {
    let mut facts = facts();
    facts.numbers[1].1 = None;
    let plan = shipped_plan("fail-over", &facts);
    assert_eq!(plan.steps[0].undo, Undo::No("nobody has read what 02079460001 showed before".to_owned()));
}

#[test]
fn a_plan_is_refused_without_a_destination_or_a_number() {
    let (name, text) = shipped()[0];
    let playbook = Playbook::read(name, text).expect("the test is set up so");
    let mut lacking = facts();
    lacking.destinations.remove(&(SiteId::new("manchester"), Number::new("02079460002")));
    let refused = plan(&playbook, &arguments(), &lacking);
    assert!(matches!(refused, Err(PlanError::NoDestination { .. })), "{refused:?}");
    let refused = plan(&playbook, &arguments(), &RouteFacts::default());
    assert_eq!(refused, Err(PlanError::NoNumbers(RouteId::new("main"))));
}

#[test]
fn a_dollar_is_written_twice() {
    let text = "playbook: p\nabout: a test\ninputs: { reason: text }\n\
        steps:\n  - ensure: { notify: { text: \"$$5, $reason.\" } }\n    no_undo: words\n";
    let playbook = Playbook::read("p", text).unwrap_or_else(|report| panic!("{report}"));
    let plan = plan(&playbook, &arguments(), &facts()).expect("the test is set up so");
    assert_eq!(plan.steps[0].ensure, Ensure::Notify { text: "$5, london is down.".to_owned() });
}
