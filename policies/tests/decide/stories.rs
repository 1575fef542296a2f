//! Retells every story of this folder and compares it with what is written.

use crate::world::{World, span, subject};
use policies::decide::{Decision, Move, Verb};
use policies::errand::Occasion;
use policies::reason::{Age, Reason};
use state::RouteId;
use std::fmt::Write;
use std::path::Path;

/// Every story ends each step as it is written down; `UPDATE=1 cargo test -p policies` writes it anew.
#[test]
fn every_story_is_told_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/decide");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|end| end == "txt"));
    files.sort();
    assert!(files.len() >= 10, "the stories are gone");
    for file in files {
        check(&file);
    }
}

fn check(file: &Path) {
    let written = std::fs::read_to_string(file).unwrap();
    assert!(written.starts_with("# "), "{}: the first line says what it shows", file.display());
    let told = retell(&written);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(file, told).unwrap();
    } else {
        assert_eq!(told, written, "{}: `UPDATE=1 cargo test -p policies` rewrites it", file.display());
    }
}

/// Keeps what the story says, and writes anew what follows each `----` up to the next blank line.
fn retell(written: &str) -> String {
    let mut world = World::new();
    let (mut told, mut answer, mut skipping) = (String::new(), String::new(), false);
    for line in written.lines() {
        if skipping && !line.is_empty() {
            continue;
        }
        skipping = false;
        if line != "----" {
            told += &unasked(&mut answer);
        }
        told.push_str(line);
        told.push('\n');
        match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            [] | ["#", ..] => {}
            ["decide"] => answer = decide(&world, "main"),
            ["decide", name] => answer = decide(&world, name),
            ["verdict", about] => answer = verdict(&world, about),
            ["table"] => answer = table(),
            ["----"] => {
                assert!(!answer.is_empty(), "`----` follows `decide`, `verdict` or `table`");
                told.push_str(&std::mem::take(&mut answer));
                skipping = true;
            }
            _ => world.tell(line),
        }
    }
    told + &unasked(&mut answer)
}

/// Whoever adds a story may leave the `----` out: what was asked is never left unanswered.
fn unasked(answer: &mut String) -> String {
    if answer.is_empty() { String::new() } else { format!("----\n{}", std::mem::take(answer)) }
}

fn decide(world: &World, name: &str) -> String {
    let decision = world.case().decide(&RouteId::new(name), &world.standing);
    let mut out = head(&decision, name);
    out.push('\n');
    let groups = [
        ("because", &decision.because),
        ("against", &decision.against),
        ("and", &decision.besides),
        ("voice", &decision.voices),
    ];
    for (name, reasons) in groups {
        for reason in reasons {
            kept(reason);
            writeln!(out, "{name} {reason}").unwrap();
        }
    }
    for ranked in &decision.ranked {
        match ranked {
            Ok(candidate) => writeln!(out, "rank {}", candidate.site).unwrap(),
            Err(not) => writeln!(out, "rank {not}").unwrap(),
        }
    }
    if let Some(at) = decision.again_at {
        writeln!(out, "again in {}", Age(at.since(world.now))).unwrap();
    }
    out
}

fn head(decision: &Decision, name: &str) -> String {
    let way = |to: &Move| match to.occasion {
        Occasion::Pull => "pull it".to_owned(),
        Occasion::LetGo => "let it go".to_owned(),
        Occasion::SiteDown | Occasion::NoneLeft | Occasion::SiteBack => format!("{} -> {}", to.from, to.to),
    };
    match (&decision.verb, &decision.would) {
        (Verb::Act(to), _) => format!("act {name} {}{}", way(to), played(to.occasion)),
        (Verb::Wait, Some(to)) => format!("wait {name}, would {}", way(to)),
        (Verb::Wait, None) => format!("wait {name}"),
        (Verb::CannotSay, _) => "cannot say".to_owned(),
    }
}

fn played(occasion: Occasion) -> &'static str {
    match occasion {
        Occasion::SiteDown | Occasion::Pull | Occasion::LetGo => "",
        Occasion::NoneLeft => " (none_left)",
        Occasion::SiteBack => " (site_back)",
    }
}

fn verdict(world: &World, about: &str) -> String {
    let tally = world.case().tally(&subject(about));
    let (down, up, of) = (tally.down_votes(), tally.up_votes(), tally.total());
    format!("{:?}: {down} down, {up} up, of {of} votes\n", tally.verdict()).to_lowercase()
}

/// All sixteen combinations of the living, while `main` rings in london.
fn table() -> String {
    let names = ["london", "manchester", "office", "netherlands"];
    let mut out = String::new();
    for dead in 0..16u8 {
        let lives: Vec<&str> = (0..4).filter(|n| dead & (1 << n) == 0).map(|n| names[n]).collect();
        let mut world = World::new();
        world.tell("rings main london");
        world.living(&lives, span("20s"));
        let decision = world.case().decide(&RouteId::new("main"), &world.standing);
        let shown: Vec<&str> =
            names.iter().map(|n| if lives.contains(n) { &n[..3] } else { " - " }).collect();
        let why = decision.against.first().or(decision.because.first()).unwrap();
        writeln!(out, "{}  {}: {why}", shown.join(" "), head(&decision, "main")).unwrap();
    }
    out
}

/// What a machine reads says the same; of times it keeps the milliseconds.
fn kept(reason: &Reason) {
    let written = serde_json::to_string(reason).unwrap();
    let read: Reason = serde_json::from_str(&written).unwrap();
    assert_eq!(read.to_string(), reason.to_string(), "{written}");
    assert_eq!(serde_json::to_string(&read).unwrap(), written);
}
