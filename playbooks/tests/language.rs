//! Wrong playbooks with their reports as text, the shipped ones as plans.

use playbooks::words::Words;
use playbooks::{Arguments, Behind, PlanError, Playbook, RouteFacts, plan, prepare, shipped};
use state::plan::{Ensure, IfFailed, Plan, Pointing, Undo};
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
fn what_stands_behind_is_planned_in_words() {
    let slot = |number: &str, slot: usize, from: &str| Pointing {
        number: Number::new(number).at_slot(slot),
        from: Some(Destination::new(from)),
        to: Destination::new(if slot == 2 { "S:442079460000@203.0.113.131" } else { "441134960999" }),
    };
    let plan = |slots: Vec<Pointing>| {
        let (route, carrier) = (RouteId::new("main"), CarrierId::new("magrathea"));
        prepare(Behind { route, carrier, by: SiteId::new("london"), slots })
    };
    let (one, two) = ("02079460000", "02079460001");
    let some = vec![slot(one, 2, "441134960001"), slot(one, 3, ""), slot(two, 2, "")];
    check(&folder("plan").join("prepare.txt"), &Words(&plan(some)).to_string());
    let many = (0..30).map(|n| slot(&format!("020794600{n:02}"), 2, "")).collect();
    check(&folder("plan").join("prepare-many.txt"), &Words(&plan(many)).to_string());
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

/// Each site has a switch of its own; the plan says whose.
#[test]
fn what_each_site_has_for_itself_is_planned_site_by_site() {
    let text = "playbook: own\nabout: a test\ninputs: { route: route, to: site }\nsteps:\n  - ensure: { http: { url: \
                \"http://127.0.0.1:8080/v1/$route\", pointer: /to, is: $to } }\n    no_undo: x\n    at: reachable\n";
    let playbook = Playbook::read("own", text).unwrap_or_else(|report| panic!("{report}"));
    let facts = RouteFacts { sites: ["london", "manchester"].map(SiteId::new).to_vec(), ..facts() };
    let plan = plan(&playbook, &arguments(), &facts).unwrap_or_else(|error| panic!("{error}"));
    check(&folder("plan").join("own-switch.txt"), &Words(&plan).to_string());
}

/// Every end state that the shipped playbooks do not have, with inputs of its own.
const DRAIN: &str = r#"
playbook: drain
about: a test
inputs: { route: route, from: site, to: site, reason: text, pause: { duration: 30s }, ticket: text }
steps:
  - ensure: { site_ready: { site: $to, for: 10m } }
    no_undo: looking changes nothing
  - ensure: { exec: { command: withdraw, check: withdrawn } }
    undo: { exec: { command: announce, check: announced } }
    at: $from
  - ensure: { wait: { for: $pause } }
    no_undo: looking changes nothing
  - ensure: { exec: { command: tell, check: told } }
    no_undo: words
    at: reachable
  - ensure: { http: { url: "https://192.0.2.7/v1/$ticket?why=$reason", body: '{"to": "$to", "why": "$reason"}',
      pointer: /to, is: $to, was: $from, secret: switch } }
    no_undo: it stays
"#;

fn drained(given: &[(&str, &str)]) -> Result<Plan, PlanError> {
    let playbook = Playbook::read("drain", DRAIN).unwrap_or_else(|report| panic!("{report}"));
    let given = given.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let facts = RouteFacts { sites: ["london", "manchester", "office"].map(SiteId::new).to_vec(), ..facts() };
    let reason = "a \"fault\" \\ & more/../x".to_owned();
    plan(&playbook, &Arguments { given, reason, ..arguments() }, &facts)
}

#[test]
fn a_plan_of_everything_is_said_in_words_and_each_value_is_escaped_for_its_place() {
    let plan = drained(&[("ticket", "a/b?c=ä \"#")]).unwrap_or_else(|error| panic!("{error}"));
    check(&folder("plan").join("drain.txt"), &Words(&plan).to_string());
    let Ensure::Http(switch) = &plan.steps.last().expect("the test is set up so").ensure else {
        panic!("{plan:?}")
    };
    assert_eq!(
        switch.url,
        "https://192.0.2.7/v1/a%2Fb%3Fc%3D%C3%A4%20%22%23?why=a%20%22fault%22%20%5C%20%26%20more%2F..%2Fx"
    );
    assert_eq!(switch.body.as_deref(), Some(r#"{"to": "manchester", "why": "a \"fault\" \\ & more/../x"}"#));
    assert_eq!(plan.patience(), std::time::Duration::from_secs(10 + 30));
}

#[test]
fn what_is_given_is_held_against_what_is_declared() {
    let refused = |given: &[(&str, &str)]| drained(given).unwrap_err().to_string();
    assert_eq!(refused(&[]), "cannot plan `drain`: the playbook needs `ticket`");
    assert_eq!(
        refused(&[("ticket", "x"), ("puase", "5s")]),
        "cannot plan `drain`: the playbook takes no `puase`"
    );
    assert_eq!(
        refused(&[("ticket", "x"), ("pause", "soon")]),
        "cannot plan `drain`: `pause` is a duration, and `soon` is none"
    );
    assert_eq!(
        refused(&[("ticket", "x"), ("reason", "mine")]),
        "cannot plan `drain`: the playbook takes no `reason`"
    );
    assert!(refused(&[("ticket", "..")]).contains("leads somewhere else than it says"));
    let plan = drained(&[("ticket", "x"), ("pause", "2m")]).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(plan.steps[2].ensure, Ensure::Waited { lasts: std::time::Duration::from_secs(120) });
}

#[test]
fn a_step_at_a_site_that_is_none_is_refused() {
    let playbook = Playbook::read("drain", DRAIN).unwrap_or_else(|report| panic!("{report}"));
    let given = BTreeMap::from([("ticket".to_owned(), "x".to_owned())]);
    let refused = plan(&playbook, &Arguments { given, ..arguments() }, &facts());
    assert!(matches!(refused, Err(PlanError::NoSite { .. })), "{refused:?}");
}
