//! The screens as text: each case is a report, and beside it the screen as a person sees it; `UPDATE=1` rewrites.

/// The reports that the cases start from.
mod screens {
    pub mod handover;
    mod json;
    pub mod status;
    pub mod why;
}

use agent::cli::screens as screen;
use agent::command::{Answer, CarrierReport, DoorReport, Need, PlanReport, Telling, Voice};
use agent::live::{Health, Kind, Sight};
use policies::Verdict;
use policies::candidates::Candidate;
use policies::reason::{Evidence, Guarding, NotChosen, Refused};
use screens::handover::{self, by_hand};
use screens::status::{self, site, stamp};
use screens::why::{self, wish};
use state::fact::Mode;
use state::handover::{Hindrance, Strength};
use state::incident::{Incident, IncidentState};
use state::run::{End, Word};
use state::{Destination, IncidentId, Index, RouteId, RunId, SiteId, Subject, Who};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// Compares with the golden file, and holds every screen to the rules that all of them keep.
fn check(name: &str, shown: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/screens/{name}.txt"));
    for line in shown.lines() {
        let width = line.chars().count();
        // A command that is to be copied is never broken over two lines.
        assert!(width <= 80 || line.contains("pointsman "), "{name}: {width} columns in `{line}`");
        assert!(!line.ends_with(' '), "{name}: a blank at the end of `{line}`");
    }
    let last = shown.lines().last().expect("a screen has lines");
    assert!(last.contains("pointsman "), "{name}: nothing can be typed after `{last}`");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, shown).unwrap_or_else(|e| panic!("cannot write {}: {e}", path.display()));
    }
    let golden = fs::read_to_string(&path).unwrap_or_else(|e| panic!("cannot read {}: {e}", path.display()));
    assert!(golden == shown, "{name} drifted; UPDATE=1 rewrites it\n--- is\n{shown}--- was\n{golden}");
}

#[test]
fn status_on_a_calm_night() {
    check("status-healthy", &screen::status::screen(&status::healthy()));
}

#[test]
fn status_while_a_site_is_reached_over_another() {
    let mut report = status::healthy();
    report.sites[2].over = Some(site("manchester"));
    report.watch = vec!["office and netherlands reach each other only over manchester".to_owned()];
    check("status-detour", &screen::status::screen(&report));
}

#[test]
fn status_with_an_incident_that_nobody_has_seen() {
    let mut report = status::healthy();
    (report.heard, report.leader) = (4, Some(site("netherlands")));
    let london = &mut report.sites[0];
    (london.pbx, london.silent, london.heard) =
        (Verdict::Down, Voice::Silent, Some(Duration::from_secs(201)));
    london.seen_by.clear();
    for other in &mut report.sites[1..] {
        other.seen_by.retain(|by| *by != site("london"));
    }
    let route = &mut report.routes[0];
    (route.rings_in, route.next, route.budget) =
        (Some(site("manchester")), Some(site("netherlands")), (1, 4));
    if let Some(carrier) = &mut route.carrier {
        carrier.site = Some(site("manchester"));
        carrier.shows = Some(Destination::new("S:442079460000@198.51.100.11"));
    }
    let carrier = &mut report.carriers[0];
    carrier.reached_by.retain(|by| *by == site("manchester") || *by == site("netherlands"));
    carrier.not_by.push((site("office"), stamp("02:40:03")));
    carrier.unsure.push(site("london"));
    report.incidents.push(Incident {
        id: IncidentId(17),
        route: RouteId::new("main"),
        site: Some(site("london")),
        opened: stamp("03:01:12"),
        state: IncidentState::Away,
        acked: None,
        escalated: None,
    });
    report
        .notices
        .push((stamp("03:01:29"), "main now rings in manchester: 3 of 5 votes see london/pbx down".into()));
    report.needs_you.push(Need { what: "acknowledge i-17".into(), hint: "pointsman ack i-17".into() });
    check("status-incident", &screen::status::screen(&report));
}

#[test]
fn status_while_a_site_serves_by_its_other_door() {
    let mut report = status::healthy();
    let door = SiteId::new("london").door(1);
    let london = &mut report.sites[0];
    let seen_by = std::mem::replace(&mut london.seen_by, vec![site("london")]);
    (london.pbx, london.further) =
        (Verdict::Down, vec![DoorReport { door: door.clone(), pbx: Verdict::Up, seen_by }]);
    let route = &mut report.routes[0];
    (route.rings_in, route.budget) = (Some(door.clone()), (1, 4));
    if let Some(carrier) = &mut route.carrier {
        carrier.site = Some(door);
        carrier.shows = Some(Destination::new("S:442079460000@198.51.100.77"));
    }
    check("status-doors", &screen::status::screen(&report));
}

#[test]
fn status_in_the_minority() {
    let mut report = status::healthy();
    (report.here, report.heard, report.leader) = (site("london"), 1, None);
    for other in &mut report.sites[1..] {
        (other.silent, other.heard) = (Voice::Silent, Some(Duration::from_secs(48)));
        other.pbx = Verdict::Pending;
    }
    check("status-no-quorum", &screen::status::screen(&report));
    let because = "no quorum: 1 of 5 votes reachable from london; the others may be well";
    let kind = (Hindrance::NoQuorum, Strength::Waiting);
    report.handed_over.push(by_hand(None, kind, because, " --alone"));
    let what = format!("every route is manual until it passes: {because}");
    report.needs_you.push(Need { what, hint: "pointsman why".into() });
    report.routes[0].mode = Mode::Manual;
    check("status-handed-over", &screen::status::screen(&report));
}

#[test]
fn status_while_a_run_moves_the_route_and_the_carrier_shows_a_strangers_value() {
    let mut report = status::healthy();
    report.runs.push(status::run(42, None));
    let because = "somebody changed the number at the carrier";
    report.routes[0].latch = Some(because.into());
    let kind = (Hindrance::PersonsChange, Strength::Latched);
    report.handed_over.push(by_hand(Some("main"), kind, because, ""));
    report.routes[0].hold = Some("matthew, until 04:00:00: works on the uplink".into());
    if let Some(CarrierReport { shows, site, .. }) = &mut report.routes[0].carrier {
        (*shows, *site) = (Some(Destination::new("S:442079460000@203.0.113.99")), None);
    }
    let what = "main is manual until a person resumes it";
    report.needs_you.push(Need { what: what.into(), hint: "pointsman resume main".into() });
    check("status-latched", &screen::status::screen(&report));
}

#[test]
fn status_before_anything_is_known() {
    let mut report = status::healthy();
    (report.at, report.leader, report.policy, report.heard) = (None, None, None, 0);
    (report.sites, report.routes, report.watch) = (Vec::new(), Vec::new(), Vec::new());
    report.carriers.clear();
    check("status-newborn", &screen::status::screen(&report));
}

#[test]
fn what_is_said_before_a_claim_alone() {
    check("claim-alone", &screen::alone::offer(&handover::offer()));
}

#[test]
fn why_nothing_happens_when_nothing_is_wrong() {
    let report = why::quiet();
    assert!(!screen::why::needs_a_person(&report));
    check("why-quiet", &screen::why::screen(&report));
}

#[test]
fn why_it_waits_for_the_blip() {
    let mut report = why::down();
    let (ago, blip) = (Duration::from_secs(9), Duration::from_secs(15));
    report.decision.against = vec![Guarding::Blip { ago, blip }.into()];
    assert!(!screen::why::needs_a_person(&report));
    check("why-blip", &screen::why::screen(&report));
}

#[test]
fn why_it_acts() {
    let mut report = why::down();
    report.decision.verb = policies::decide::Verb::Act(wish());
    report.decision.would = None;
    check("why-acts", &screen::why::screen(&report));
}

#[test]
fn why_a_minority_does_nothing() {
    let mut report = why::quiet();
    (report.heard, report.leader) = ((2, 5), None);
    report.decision.against =
        vec![Guarding::NoQuorum { heard: 2, of: 5 }.into(), Guarding::NotLeading.into()];
    let (subject, of) = (Subject::pbx(&site("london")), 5);
    report.decision.because =
        vec![Evidence::NoVerdict { subject: subject.clone(), down: 0, up: 2, of }.into()];
    let by = vec![(site("london"), 1), (site("manchester"), 1)];
    report.decision.voices = vec![
        Evidence::UpBy { subject, by, votes: 2, of }.into(),
        Evidence::Silent { site: site("office"), votes: 1 }.into(),
        Evidence::Silent { site: site("netherlands"), votes: 2 }.into(),
    ];
    report.decision.besides.pop();
    assert!(screen::why::needs_a_person(&report));
    check("why-no-quorum", &screen::why::screen(&report));
    let because = "no quorum: 2 of 5 votes reachable from london; the others may be well";
    let kind = (Hindrance::NoQuorum, Strength::Waiting);
    report.handed_over.push(by_hand(None, kind, because, " --alone"));
    check("why-handed-over", &screen::why::screen(&report));
}

#[test]
fn why_a_person_forbids_it() {
    let held = Guarding::Held {
        who: Who::new("matthew"),
        until: stamp("04:00:00"),
        because: "works on the uplink".into(),
    };
    let latched =
        Guarding::Latched { since: stamp("03:00:10"), because: "a person changed it at the carrier".into() };
    let manual = Guarding::ModeIs { mode: Mode::Manual };
    for (name, guard) in [("why-held", held), ("why-latched", latched), ("why-manual", manual)] {
        let mut report = why::down();
        report.decision.against = vec![guard.into()];
        assert!(screen::why::needs_a_person(&report), "{name}");
        check(name, &screen::why::screen(&report));
    }
}

#[test]
fn why_as_a_follower_sees_it() {
    let mut report = why::quiet();
    report.decision.against = vec![Guarding::NotLeading.into()];
    assert!(!screen::why::needs_a_person(&report));
    check("why-follower", &screen::why::screen(&report));
}

#[test]
fn a_plan_shows_what_would_be_done_and_how_to_do_it() {
    let mut report = PlanReport {
        words: playbooks::words::Words(&status::plan()).to_string().lines().map(str::to_owned).collect(),
        plan: status::plan(),
        left: 0,
        guards: Vec::new(),
        budget: (0, 4),
    };
    let args = [("route".to_owned(), "main".to_owned()), ("to".to_owned(), "manchester".to_owned())];
    check("plan", &screen::plan::screen(&report, &args));
    report.guards = vec!["mode is manual".into(), "budget spent: 4 of 4 switches used in 24h".into()];
    check("plan-guarded", &screen::plan::screen(&report, &args));
}

#[test]
fn what_a_site_leans_on() {
    let sight = |is, kind, thing: &str, says: &str, hint: Option<&str>| Sight {
        kind,
        thing: thing.into(),
        is,
        says: says.into(),
        hint: hint.map(str::to_owned),
    };
    let renew = "make its next bundle, where DIR has the cluster's `ca`, by `pointsman init DIR --policy FILE \
                 --add london`; install it and restart";
    let dig = "`dig @192.0.2.53 api.magrathea-telecom.co.uk`";
    let sights = [
        sight(Health::Ok, Kind::Folder, "state", "can be written, 36 GiB free", None),
        sight(Health::Warning, Kind::Certificate, "site.pem", "expires in 29 days", Some(renew)),
        sight(Health::Ok, Kind::Carrier, "magrathea", "logged in, and read 100 of 100 numbers", None),
        sight(Health::Warning, Kind::Dns, "api.magrathea-telecom.co.uk", "192.0.2.53: silent", Some(dig)),
        sight(
            Health::Fault,
            Kind::Ping,
            "icmp",
            "the kernel lets this group send no ping; 2 machines are pinged from here",
            Some("`sysctl -w net.ipv4.ping_group_range=\"0 2147483647\"`"),
        ),
        sight(Health::Ok, Kind::Peer, "office", "heard 0.4s ago", None),
        sight(Health::Ok, Kind::Clock, "wall clock", "as 3 others'", None),
    ];
    let file = Path::new("/etc/pointsman/site.yaml");
    check("check-live", &screen::live::screen(("london", "its agent"), &sights, file));
    let good = [sights[0].clone()];
    check("check-live-good", &screen::live::screen(("london", "its agent"), &good, file));
}

#[test]
fn runs_one_in_full_and_none() {
    let end = |word, why: &str| Some(End { word, why: why.into(), at: stamp("03:01:28") });
    let done = status::run(42, end(Word::Done, ""));
    let mut stuck = status::run(57, end(Word::Stuck, "the carrier refused our login"));
    stuck.cause = state::run::Cause::Person { who: Who::new("matthew"), because: "moving house".into() };
    stuck.cut = Some(Who::new("peter"));
    stuck.steps[0].state = state::run::StepState::Failed;
    stuck.steps[0].note =
        Some("AUTH was refused; it is not tried twice, because that could lock the account".into());
    let mut open = status::run(60, None);
    let (fence, executor) = (Index(61), site("manchester"));
    open.steps[0].state = state::run::StepState::Running { n: 1, fence, executor, since: stamp("03:01:13") };
    assert_eq!(open.id, RunId(60));
    check("runs", &screen::runs::screen(&[done.clone(), stuck.clone(), open.clone()]));
    check("runs-none", &screen::runs::screen(&[]));
    check("runs-done", &screen::runs::one(&done));
    check("runs-stuck", &screen::runs::one(&stuck));
    check("runs-open", &screen::runs::one(&open));
}

/// What the agent says must be what the person's program reads, reason for reason.
#[test]
fn every_report_survives_its_way_over_the_socket() {
    let mut guarded = why::down();
    let until = stamp("04:00:00");
    guarded.decision.against = vec![
        Guarding::Blip { ago: Duration::from_millis(9_400), blip: Duration::from_secs(15) }.into(),
        Guarding::Held { who: Who::new("matthew"), until, because: "works".into() }.into(),
        Guarding::NotLeading.into(),
        Guarding::NoQuorum { heard: 2, of: 5 }.into(),
        Guarding::ModeIs { mode: Mode::Advise }.into(),
    ];
    let not =
        NotChosen { site: site("office"), why: Refused::Spurned { left: Duration::from_secs(9), until } };
    guarded.decision.because.push(not.clone().into());
    let (subject, ago) = (Subject::pbx(&site("manchester")), Duration::from_millis(400));
    guarded.decision.ranked = vec![Ok(Candidate { site: site("manchester"), subject, ago }), Err(not)];
    guarded.decision.again_at = Some(until);
    let told = Telling::Step {
        run: RunId(42),
        step: 1,
        of: 2,
        what: "main points at manchester".into(),
        state: "done".into(),
        by: None,
        index: Index(44),
    };
    let words = vec!["words".to_owned()];
    let plan = PlanReport { words, plan: status::plan(), left: 0, guards: Vec::new(), budget: (0, 4) };
    for answer in [
        Answer::Why(vec![why::quiet(), guarded]),
        Answer::Status(Box::new(status::healthy())),
        Answer::Plan(Box::new(plan)),
        Answer::Runs { runs: vec![status::run(42, None)] },
        Answer::Told(told),
        Answer::Following,
        Answer::Refused { why: "no".into(), hint: None },
    ] {
        let line = serde_json::to_string(&answer).expect("it is JSON");
        let read: Answer = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e} in {line}"));
        assert_eq!(read, answer);
    }
}
