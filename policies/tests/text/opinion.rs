//! Opinions as texts: what a site sees, and every change of what it believes.

use super::golden;
use policies::opinion::{Belief, Event, Opinion, Proof, Rules};
use policies::policy::Pace;
use state::Mono;
use state::document::spell;
use state::fact::Says;
use std::time::Duration;

#[test]
fn opinions_in_golden_files() {
    golden::check("opinion", told);
}

/// Lets a story happen. The lines of a story:
///
/// - `pace every=1s fall=3 rise=3 blip=3s` in seconds, before anything else; `proof=one` for a serving site
/// - `good 15`, `miss`: so many answers, one every `every`
/// - `good miss x20`, `miss good x20`: the two in turn
/// - `wait 30s`, `gap`, `references silent`, `references answer`
fn told(story: &str) -> String {
    let mut rules = Rules { pace: Pace::CALM, proof: Proof::Rise };
    let start = Mono::from_boot(Duration::from_secs(1000));
    let mut now = start;
    let mut opinion = Opinion::new(now);
    let mut shown = line(&opinion, Duration::ZERO, now);
    for words in story.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
        let words: Vec<&str> = words.split_whitespace().collect();
        match words[..] {
            ["pace", ..] => words[1..].iter().for_each(|word| set(&mut rules, word)),
            ["wait", span] => now = now + Duration::from_secs(count(span)),
            _ => {
                for event in events(&words) {
                    if matches!(event, Event::Good | Event::Miss) {
                        now = now + rules.pace.every;
                    }
                    let before = opinion.belief();
                    opinion.see(event, &rules, now);
                    if opinion.belief() != before {
                        shown += &line(&opinion, now.since(start), now);
                    }
                }
            }
        }
    }
    shown
}

/// What is believed at a time.
fn line(opinion: &Opinion, at: Duration, now: Mono) -> String {
    let says = match opinion.says(now) {
        Some(Says::Up) => "says up".to_string(),
        Some(Says::Down { dark }) => format!("says down, dark {}", spell(dark)),
        None => "says nothing".to_string(),
    };
    let why = match opinion.belief() {
        Belief::Unsure(why) => format!(" ({why})"),
        Belief::Up | Belief::Suspect | Belief::Down => String::new(),
    };
    format!("{:>6} {}{why}, {says}\n", spell(at), opinion.belief())
}

/// One number of the pace.
fn set(rules: &mut Rules, word: &str) {
    let (name, number) = word.split_once('=').expect("name=number");
    match name {
        "proof" => rules.proof = Proof::One,
        "every" => rules.pace.every = Duration::from_secs(count(number)),
        "blip" => rules.pace.blip = Duration::from_secs(count(number)),
        "fall" => rules.pace.fall = u32::try_from(count(number)).expect("a small number"),
        "rise" => rules.pace.rise = u32::try_from(count(number)).expect("a small number"),
        other => panic!("no such rule: {other}"),
    }
}

/// The events of a line.
fn events(words: &[&str]) -> Vec<Event> {
    match words {
        ["gap"] => vec![Event::Gap],
        ["references", "silent"] => vec![Event::ReferencesSilent],
        ["references", "answer"] => vec![Event::ReferencesAnswer],
        ["miss", "good", times] => {
            [Event::Miss, Event::Good].repeat(usize::try_from(count(times)).unwrap_or(0))
        }
        ["good", "miss", times] => {
            [Event::Good, Event::Miss].repeat(usize::try_from(count(times)).unwrap_or(0))
        }
        ["good"] => vec![Event::Good],
        ["miss"] => vec![Event::Miss],
        ["good", times] => vec![Event::Good; usize::try_from(count(times)).unwrap_or(0)],
        ["miss", times] => vec![Event::Miss; usize::try_from(count(times)).unwrap_or(0)],
        other => panic!("no such event: {other:?}"),
    }
}

/// A number between whatever letters.
fn count(word: &str) -> u64 {
    word.trim_matches(|c: char| !c.is_ascii_digit()).parse().expect("a number")
}
