//! The account as text: what was heard in a real run, and beside it what a person and a program read of it.
//!
//! `UPDATE=1` rewrites the texts; `RECORD=1 cargo test -p lab --test demo -- --test-threads=1` records anew.

use agent::command::StatusReport;
use clap::ValueEnum;
use lab::carrier::judge::{Clash, DualWriter, Judgement, Switch};
use lab::demo::gather::Gather;
use lab::demo::happening::{Happening, Heard, What};
use lab::demo::{Account, Finding, Measured, Options, Place, Reader, Scenario, Summary};
use lab::rig::Pace;
use state::SiteId;
use state::run::Word;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

const SITES: [(&str, u8, u8); 4] =
    [("london", 1, 11), ("manchester", 1, 12), ("office", 1, 14), ("netherlands", 2, 13)];

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/account").join(name)
}

fn places() -> Vec<Place> {
    let place = |(site, votes, host): (&str, u8, u8)| Place {
        site: site.to_owned(),
        votes,
        pbx: [127, 0, 0, host + 10].into(),
        agent: ([127, 0, 0, host], 7701).into(),
    };
    SITES.map(place).to_vec()
}

fn account() -> Account {
    let first = places().into_iter().map(|place| (place.pbx.to_string(), place.site));
    let second = SITES.map(|(site, _, host)| (format!("127.0.0.{}", host + 50), format!("{site}#2")));
    Account { hosts: first.chain(second).collect() }
}

/// What happened, of what was heard.
fn gathered(heard: Vec<Heard>) -> Vec<Happening> {
    let mut gather = Gather::default();
    let mut happened: Vec<Happening> = heard.into_iter().flat_map(|heard| gather.take(heard)).collect();
    happened.extend(gather.due(i64::MAX));
    let is_before = |happening: &Happening| matches!(happening.what, What::Read { .. }) && happening.t_ms < 0;
    let before = happened.iter().rfind(|happening| is_before(happening)).cloned();
    let after = happened.into_iter().filter(|happening| happening.t_ms >= 0);
    before.map(Happening::as_before).into_iter().chain(after).collect()
}

fn recorded(scenario: Scenario) -> (Option<StatusReport>, Vec<Heard>) {
    let text = fs::read_to_string(path(&format!("{}.jsonl", scenario.name()))).expect("a recording");
    let (report, heard) = text.split_once('\n').expect("a report on the first line");
    let heard = heard.lines().map(|line| serde_json::from_str(line).expect("a line of a recording"));
    let mut heard: Vec<Heard> = heard.collect();
    heard.sort_by_key(|heard| heard.t_ms);
    (serde_json::from_str(report).expect("a report"), heard)
}

#[track_caller]
fn golden(name: &str, text: &str) {
    let path = path(name);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, text).expect("a folder for the texts");
    }
    let known = fs::read_to_string(&path).unwrap_or_default();
    assert!(known == text, "{name} drifted; UPDATE=1 rewrites it\n--- is\n{text}--- was\n{known}");
}

#[track_caller]
fn check(scenario: Scenario) {
    let (report, heard) = recorded(scenario);
    let options = Options { scenario, pace: Pace::Demo, reader: Reader::Person };
    let mut lines = lab::demo::opening(options);
    lines.extend(lab::demo::header(options, &places(), &report.expect("the report of a story that began")));
    let happened = gathered(heard);
    let account = account();
    lines.extend(happened.iter().flat_map(|happening| account.lines(happening)));
    for line in &lines {
        assert!(line.chars().count() <= 80, "more than 80 columns: {line}");
        assert_eq!(line.trim_end(), line, "blanks at the end");
    }
    golden(&format!("{}.txt", scenario.name()), &(lines.join("\n") + "\n"));
    let site = |destination: &str| account.site(destination);
    let events = happened.iter().filter_map(|happening| lab::demo::event(happening, site));
    let events: String = events.map(|event| lab::demo::line(&event) + "\n").collect();
    golden(&format!("{}.events", scenario.name()), &events);
}

#[test]
fn site_dies() {
    check(Scenario::SiteDies);
}

#[test]
fn partition() {
    check(Scenario::Partition);
}

#[test]
fn leader_dies() {
    check(Scenario::LeaderDiesMidPlaybook);
}

#[test]
fn leader_on_dying_site() {
    check(Scenario::LeaderOnDyingSite);
}

#[test]
fn both_datacentres_die() {
    check(Scenario::BothDatacentresDie);
}

#[test]
fn applied_but_no_reply() {
    check(Scenario::AppliedButNoReply);
}

#[test]
fn carrier_hangs() {
    check(Scenario::CarrierHangs);
}

#[test]
fn flap() {
    check(Scenario::Flap);
}

#[test]
fn stranger_edits() {
    check(Scenario::StrangerEdits);
}

#[test]
fn witness_dies() {
    check(Scenario::WitnessDies);
}

#[test]
fn lever() {
    check(Scenario::Lever);
}

#[test]
fn doors() {
    check(Scenario::Doors);
}

#[test]
fn every_story_says_what_it_is_on_one_line() {
    for scenario in Scenario::value_variants() {
        let options = Options { scenario: *scenario, pace: Pace::Demo, reader: Reader::Person };
        for line in lab::demo::opening(options) {
            assert!(line.chars().count() <= 80, "more than 80 columns: {line}");
        }
    }
}

fn well() -> Measured {
    let switch = Switch {
        t_ms: 9000,
        number: "02079460000".to_owned(),
        agent: "manchester".to_owned(),
        before: "S:442079460000@127.0.0.21".to_owned(),
        after: "S:442079460000@127.0.0.22".to_owned(),
    };
    Measured {
        effect_ms: Some(3090),
        judgement: Judgement { switches: vec![switch], dual_writers: Vec::new() },
        moves: vec![("london".to_owned(), "manchester".to_owned())],
        shows: Some(("manchester".to_owned(), Duration::from_millis(130))),
        believed: Some(SiteId::new("manchester")),
        ended: Some(Word::Done),
        ..Measured::default()
    }
}

/// Everything that can be wrong, at once.
fn ill() -> Measured {
    let clash = DualWriter {
        t_ms: 9000,
        number: "02079460000".to_owned(),
        first: "manchester".to_owned(),
        second: "office".to_owned(),
        clash: Clash::Overlap,
    };
    Measured {
        effect_ms: Some(4290),
        judgement: Judgement { switches: Vec::new(), dual_writers: vec![clash] },
        shows: Some(("london".to_owned(), Duration::from_millis(1210))),
        believed: Some(SiteId::new("manchester")),
        ended: Some(Word::Stuck),
        unrest: Some("r-42 is not over".to_owned()),
        findings: vec![
            Finding::said("minority is said at london", None),
            Finding::count("london wrote", 2, 0),
            Finding::within("taken over after", Some(11_200), 10_000),
            Finding::within("left once it was dead", None, 4500),
        ],
        ..Measured::default()
    }
}

#[test]
fn the_summary_says_what_speaks_against_it() {
    let said = Some("this side has 1 of 5 votes: it is the minority".to_owned());
    let found = vec![
        Finding::said("minority is said at london", said),
        Finding::count("london wrote", 0, 0),
        Finding::within("taken over after", Some(2670), 10_000),
    ];
    let still = Measured { judgement: Judgement::default(), moves: Vec::new(), effect_ms: None, ..well() };
    let journey = [("london", "manchester"), ("manchester", "office"), ("london", "manchester")];
    let journey = journey.map(|(before, after)| (before.to_owned(), after.to_owned())).to_vec();
    let twice =
        Judgement { switches: [well(), well()].map(|m| m.judgement.switches).concat(), ..ill().judgement };
    let cases = [
        (Scenario::SiteDies, well()),
        (Scenario::SiteDies, ill()),
        (Scenario::SiteDies, Measured::default()),
        (Scenario::Partition, Measured { findings: found, ..well() }),
        (Scenario::CarrierHangs, well()),
        (Scenario::BothDatacentresDie, Measured { judgement: twice, moves: journey, ..well() }),
        (Scenario::WitnessDies, Measured { ended: None, ..still.clone() }),
        (Scenario::WitnessDies, still),
    ];
    let mut text = String::new();
    for (scenario, measured) in cases {
        let summary = Summary::new(scenario, Pace::Demo.numbers(), measured);
        text += &(summary.lines().join("\n") + "\n");
        text += &(lab::demo::line(&summary.event()) + "\n");
    }
    golden("summaries.txt", &text);
}

#[test]
fn the_bound_is_the_median_least_and_never_less_than_the_blip() {
    let bound = |pace: Pace| lab::demo::bound(pace.numbers()).as_millis();
    assert_eq!(bound(Pace::Demo), 3000);
    assert_eq!(bound(Pace::Calm), 15_000);
    assert_eq!(bound(Pace::Brisk), 5000);
    assert_eq!(bound(Pace::Fast), 2000);
    let mut pace = Pace::Calm.numbers();
    pace.blip = Duration::from_secs(9);
    // Five misses: the first question comes half a second of `every` after the fault, as the median goes.
    assert_eq!(lab::demo::bound(pace), Duration::from_secs(10));
}
