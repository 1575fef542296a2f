//! What `--json` prints, command by command, as files; and the page that names every key of it, both ways.

use super::handover::{by_hand, offer};
use super::status::{self, site, stamp};
use super::why;
use agent::account::{About, Account, Line, PastReport, Timeline};
use agent::cli::screens::{audit, json};
use agent::command::{
    DoorReport, FactBytes, JournalPage, LeverReport, PeerHead, PlanReport, StatusReport, Telling, WhyReport,
};
use agent::live::Sight;
use policies::candidates::Ranked;
use policies::reason::Reason;
use serde::de::DeserializeOwned;
use serde_json::Value;
use state::fact::{Entry, Fact, Mode, Origin};
use state::handover::{Hindrance, Strength};
use state::incident::Incident;
use state::plan::{At, Ensure, IfFailed, Plan, Undo};
use state::route::Lever;
use state::run::{Cause, Run, StepState, Word};
use state::{Head, Index, PlaybookId, RouteId, Starts, Who, codec};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A thing as it comes over the socket; written so because nothing here can make one of every kind.
fn read<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

const REASONS: &str = include_str!("json/reasons.in");
const RANKED: &str = include_str!("json/ranked.in");
const EVENTS: &str = include_str!("json/events.in");
const INCIDENTS: &str = include_str!("json/incidents.in");
const STEPS: &str = include_str!("json/steps.in");
const PLAN: &str = include_str!("json/plan.in");
const SIGHTS: &str = include_str!("json/sights.in");

fn incidents() -> Vec<Incident> {
    read(INCIDENTS)
}

fn plan() -> Plan {
    read(PLAN)
}

/// Runs for every cause, with steps in every state.
fn runs() -> Vec<Run> {
    let end = |word| Some(state::run::End { word, why: "every step was done".into(), at: stamp("03:01:28") });
    let mut automatic = status::run(42, end(Word::Done));
    automatic.plan = plan();
    automatic.steps = read(STEPS);
    let mut person = status::run(57, None);
    person.cause = Cause::Person { who: Who::new("matthew"), because: "moving house".into() };
    person.cut = Some(Who::new("peter"));
    let mut repair = status::run(60, None);
    repair.cause = Cause::Repair { late: vec![Index(41)], because: vec!["the carrier shows london".into()] };
    vec![automatic, person, repair]
}

/// A lever that is pulled.
fn lever() -> LeverReport {
    LeverReport {
        lever: RouteId::new("london/proxy"),
        is: policies::Verdict::Down,
        stands: Lever::Pulled { since: stamp("03:01:12") },
        play: PlaybookId::new("withdraw-prefix"),
        until_up: Some(PlaybookId::new("announce-prefix")),
        keep_up: 1,
        holding: vec![site("manchester")],
        budget: (1, 4),
        mode: Mode::Auto,
        hold: None,
    }
}

fn full_status() -> StatusReport {
    let mut report = status::healthy();
    report.levers = vec![lever()];
    let (door, subject) = (site("london").door(1), Hindrance::PersonsChange);
    report.sites[0].further =
        vec![DoorReport { door, pbx: policies::Verdict::Up, seen_by: vec![site("office")] }];
    report.sites[2].over = Some(site("manchester"));
    report.incidents = incidents();
    report.runs = runs();
    report.handed_over = vec![by_hand(Some("main"), (subject, Strength::Latched), "somebody changed it", "")];
    report.carriers[0].not_by = vec![(site("office"), stamp("02:40:03"))];
    report.notices = vec![(stamp("03:01:29"), "main now rings in manchester".into())];
    report.needs_you =
        vec![agent::command::Need { what: "acknowledge i-17".into(), hint: "pointsman ack i-17".into() }];
    report.hands.last_check_to_write = vec![(64, 3)];
    report
}

fn full_why() -> WhyReport {
    let mut report = why::down();
    report.decision.verb = policies::decide::Verb::Act(why::wish());
    report.decision.because = read::<Vec<Reason>>(REASONS);
    report.decision.ranked = read::<Vec<Ranked>>(RANKED);
    report.lever = Some(lever());
    report.behind = vec!["slot 2 of 02079460000 shows nothing".into()];
    report.decision.again_at = Some(stamp("03:05:00"));
    report.handed_over = full_status().handed_over;
    report
}

fn line(index: u64) -> Line {
    Line {
        index: Index(index),
        at: stamp("03:01:12"),
        by: Some(site("office")),
        about: About::Route(RouteId::new("main")),
        text: "i-17 begins: london, where main rings, is down".into(),
        more: vec!["because 3 of 5 votes see london/pbx down".into()],
        refused: Some("it was taken before".into()),
    }
}

/// A journal with a gap, one fact that is read and one that cannot be.
fn audited() -> String {
    let origin = Origin { site: site("office"), starts: Starts(1), n: 1 };
    let fact = Fact::ModeSet { route: None, mode: Mode::Auto, who: Who::new("matthew") };
    let bytes = codec::encode(&Entry { origin, stamp: stamp("03:01:00"), fact }).expect("it fits");
    let facts =
        vec![FactBytes { index: Index(7), bytes }, FactBytes { index: Index(8), bytes: vec![255; 4] }];
    let birth = Head::birth("bytemark");
    let page = JournalPage {
        here: site("netherlands"),
        at: stamp("04:00:00"),
        birth,
        facts,
        gaps: vec![(Index(5), Head::birth("another"))],
        folded: (Index(8), birth),
        peers: vec![PeerHead {
            site: site("office"),
            index: Index(8),
            head: birth,
            age: Duration::from_millis(400),
        }],
    };
    let mut account = Account::begin(birth, None);
    let _ = account.take(&page);
    audit::json(&audit::Audit::of(&account, &page, (None, None)))
}

fn objects<T: serde::Serialize>(of: &[T]) -> String {
    of.iter().map(json::object).collect()
}

/// What each command prints.
fn printed() -> Vec<(&'static str, String)> {
    let past = PastReport { at: stamp("03:02:00"), index: Index(40), why: full_why(), next: Some(line(41)) };
    let told = Timeline {
        incident: incidents().remove(0),
        runs: runs(),
        lines: vec![line(40)],
        missing: vec![(Index(4), Index(6))],
        journal: (Index(42), Head::birth("bytemark")),
    };
    let planned = PlanReport {
        words: vec!["words".into()],
        plan: plan(),
        left: 0,
        guards: vec!["mode is manual".into()],
        budget: (0, 4),
    };
    let agreed = serde_json::json!({ "agreed": Index(7), "what": "i-17 is acknowledged" });
    vec![
        ("status", json::object(&full_status())),
        ("why", objects(&[why::quiet(), full_why()])),
        ("why at", json::object(&past)),
        ("plan", json::object(&planned)),
        ("play and claim", objects(&read::<Vec<Telling>>(EVENTS))),
        ("claim alone", json::object(&offer())),
        ("orders", json::object(&agreed)),
        ("runs", objects(&runs())),
        ("incidents", objects(&incidents())),
        ("incidents show", json::object(&told)),
        ("audit", audited()),
        ("check live", objects(&read::<Vec<Sight>>(SIGHTS))),
    ]
}

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/screens/json/{}.txt", name.replace(' ', "-")))
}

#[test]
fn what_programs_read_is_as_it_is_written() {
    for (name, text) in printed() {
        if std::env::var_os("UPDATE").is_some() {
            fs::write(golden(name), &text).expect("it can be written");
        }
        let was = fs::read_to_string(golden(name)).unwrap_or_default();
        assert!(was == text, "{name} drifted; UPDATE=1 rewrites it\n--- is\n{text}--- was\n{was}");
    }
}

/// The keys of a page, section by section; a key whose value is described elsewhere names that section.
type Keys = BTreeMap<String, BTreeMap<String, Option<String>>>;

/// `.Ss status` begins a section, `.It Cm runs[] Vt run` is a key of it.
fn in_page(page: &str) -> Keys {
    let mut keys = Keys::new();
    let mut section = String::new();
    for line in page.lines() {
        if let Some(name) = line.strip_prefix(".Ss ") {
            section = name.trim_matches('"').to_owned();
        } else if let Some(item) = line.strip_prefix(".It Cm ") {
            let (key, of) = item.split_once(" Vt ").map_or((item, None), |(key, of)| (key, Some(of)));
            let of = of.map(|of| of.trim_matches('"').to_owned());
            keys.entry(section.clone()).or_default().insert(key.to_owned(), of);
        }
    }
    keys
}

/// Notes every key of a value, each in the section where the page has it.
fn note(
    value: &Value,
    (section, path): (&str, &str),
    page: &Keys,
    found: &mut BTreeMap<String, BTreeSet<String>>,
) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                let keys = page.get(section);
                let of = keys.and_then(|keys| keys.get(&path)).and_then(Option::as_deref);
                found.entry(section.to_owned()).or_default().insert(path.clone());
                match of {
                    Some(elsewhere) => note(value, (elsewhere, ""), page, found),
                    None => note(value, (section, &path), page, found),
                }
            }
        }
        Value::Array(values) if values.iter().any(Value::is_object) => {
            let path = if path.is_empty() { String::new() } else { format!("{path}[]") };
            values.iter().for_each(|value| note(value, (section, &path), page, found));
        }
        Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_key_that_is_printed_is_in_the_page_and_the_other_way_round() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../man/pointsman-json.5");
    let page = in_page(&fs::read_to_string(page).unwrap_or_default());
    let mut found = BTreeMap::new();
    for (name, text) in printed() {
        for (n, line) in text.lines().enumerate() {
            // Behind the audit itself stand the facts.
            let section = if name == "audit" && n > 0 { "line" } else { name };
            note(&read(line), (section, ""), &page, &mut found);
        }
    }
    let mut faults = Vec::new();
    for (section, keys) in &found {
        let known = page.get(section).cloned().unwrap_or_default();
        let lacking = keys.iter().filter(|key| *key != "schema" && !known.contains_key(*key));
        faults.extend(lacking.map(|key| format!("{section}: `{key}` is printed and not in the page")));
    }
    for (section, keys) in &page {
        let printed = found.get(section).cloned().unwrap_or_default();
        let idle = keys.keys().filter(|key| !printed.contains(*key));
        faults.extend(idle.map(|key| format!("{section}: `{key}` is in the page and never printed")));
    }
    assert!(faults.is_empty(), "pointsman-json(5)\n  {}", faults.join("\n  "));
}

/// The forms that a value may take, in the words of its own reader, which names them when it is given none of them.
fn forms<T: DeserializeOwned>(none: &str) -> Vec<String> {
    let Err(why) = serde_json::from_str::<T>(none) else { panic!("`{none}` is one") };
    let why = why.to_string();
    let named = why.split('`').skip(1).step_by(2).filter(|name| *name != "?");
    named.map(str::to_owned).collect()
}

#[test]
fn every_form_of_what_is_printed_has_an_example_and_is_in_the_page() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../man/pointsman-json.5");
    let page = fs::read_to_string(page).unwrap_or_default();
    let printed: String = printed().into_iter().map(|(_, text)| text).collect();
    let mut faults = Vec::new();
    for forms in [
        forms::<Telling>(r#"{"event":"?"}"#),
        forms::<Ensure>(r#""?""#),
        forms::<At>(r#""?""#),
        forms::<Undo>(r#""?""#),
        forms::<IfFailed>(r#""?""#),
        forms::<StepState>(r#""?""#),
        forms::<Cause>(r#""?""#),
    ] {
        assert!(forms.len() > 1, "{forms:?}");
        faults.extend(forms.iter().filter(|form| !printed.contains(&format!("\"{form}\""))).cloned());
        faults.extend(forms.into_iter().filter(|form| !page.contains(form.as_str())));
    }
    assert!(faults.is_empty(), "no example, or not in pointsman-json(5): {}", faults.join(", "));
}
