//! Seeds that failed once, seeds nobody has seen, a calm hour, the same trace twice, and a violation that is found.

use super::carrier::{Answered, By, Carrier, Flight, MISCONDUCT, Mandate, Timing};
use super::invariants::{Invariants, Sender};
use super::schedule::{Deed, What, When, kind};
use super::*;
use agent::node::Rules;
use state::{Boot, Destination, Index, Nonce, Number, SiteId, Term};
use std::collections::BTreeSet;

mod both;
mod gap;

const SEEDS: &str = include_str!("seeds.txt");
const SECOND: u64 = 1_000_000;
const FIRST: u64 = 1000;
/// How many kinds of faults, of the carrier's misconduct, of deeds, of orders and of edits there are.
const KINDS: usize = 28 + MISCONDUCT.len() + 9 + 9 + 7;

/// How many seeds each half of the seeds runs: 100, or half of `SEEDS`.
fn half() -> u64 {
    let wish = std::env::var("SEEDS").ok().and_then(|seeds| seeds.parse::<u64>().ok());
    wish.map_or(100, |seeds| seeds / 2)
}

fn options(seed: u64, millis: u64) -> Options {
    Options { seed, millis, faults: None, detail: Detail::Quiet, budget: None }
}

fn holds(seed: u64, millis: u64) -> Outcome {
    let outcome = run(&options(seed, millis));
    if let Some(violation) = &outcome.violation {
        let story = outcome.story.join("\n");
        panic!("{story}\nseed {seed}, {millis} ms: {violation}");
    }
    outcome
}

/// Every line: a seed, milliseconds, a date, and what it found.
#[test]
fn seeds_that_failed_once_hold() {
    for line in SEEDS.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        let mut number = || words.next().and_then(|word| word.parse().ok()).expect("a seed and its time");
        holds(number(), number());
    }
}

/// Two tests of one half each, because tests run beside each other.
#[test]
fn even_seeds_hold() {
    many(FIRST);
}

#[test]
fn odd_seeds_hold() {
    many(FIRST + 1);
}

fn many(from: u64) {
    let half = half();
    let outcomes: Vec<Outcome> = (0..half).map(|n| holds(from + 2 * n, 240_000)).collect();
    let writes: u64 = outcomes.iter().map(|outcome| outcome.counts.1).sum();
    let all = [When::Deciding, When::Asking, When::Going, When::Writing, When::Answering, When::Reseating];
    let sprung: Vec<When> = outcomes.iter().flat_map(|outcome| outcome.rare.ambushes.clone()).collect();
    let never: Vec<&When> = all.iter().filter(|when| !sprung.contains(when)).collect();
    assert!(never.is_empty(), "no ambush was ever sprung at {never:?}");
    let never = |count: fn(&Rare) -> u64| outcomes.iter().all(|outcome| count(&outcome.rare) == 0);
    assert!(!never(|rare| rare.snapshots), "nobody ever needed a snapshot");
    assert!(!never(|rare| rare.edits), "no edit of the policy was ever agreed");
    assert!(!never(|rare| rare.wiped), "no disk was ever lost");
    assert!(!never(|rare| rare.rolled_back), "no disk ever went back in time");
    assert!(!never(|rare| rare.let_in), "nobody was ever let back in");
    assert!(!never(|rare| rare.garbled), "no frame was ever garbled");
    assert!(!never(|rare| rare.reseated.changes), "no vote was ever moved");
    assert!(!never(|rare| rare.reseated.came), "no fifth site ever voted");
    assert!(!never(|rare| rare.reseated.left), "no site ever left");
    assert!(!never(|rare| rare.reseated.returned), "no site ever came back after it had left");
    assert!(!never(|rare| rare.lies), "no thief ever lied");
    assert!(!never(|rare| rare.trusted), "no site ever came back with its next bundle");
    assert!(!never(|rare| rare.alone), "nobody ever wrote alone");
    assert!(!never(|rare| rare.belated), "no word of handing over ever came late");
    let struck: BTreeSet<&String> = outcomes.iter().flat_map(|outcome| outcome.rare.struck.keys()).collect();
    let never: Vec<String> = kinds().into_iter().filter(|kind| !struck.contains(kind)).collect();
    assert!(never.is_empty(), "these are drawn, and never struck: {never:?}");
    assert!(writes > half, "only {writes} writes: nothing happens to these clusters");
}

/// Every kind of misfortune there is, as the runs count them.
fn kinds() -> BTreeSet<String> {
    let faults = (0..500).flat_map(|seed| drawing::draw(seed, 240_000));
    faults.flat_map(|fault| names(fault.what)).collect()
}

#[test]
fn the_schedule_draws_every_kind() {
    let kinds = kinds();
    assert_eq!(kinds.len(), KINDS, "{kinds:?}");
}

fn names(what: What) -> Vec<String> {
    let more = if let What::Order { order, .. } | What::Ambush { deed: Deed::Order { order }, .. } = what {
        vec![format!("order {}", kind(&order))]
    } else if let What::Carrier { conduct, .. } = what {
        vec![format!("carrier {}", kind(&conduct))]
    } else if let What::Save { change, .. } = what {
        vec![format!("edit {}", kind(&change))]
    } else {
        Vec::new()
    };
    let deed = if let What::Ambush { deed, .. } | What::Now { deed } = what {
        Some(format!("deed {}", kind(&deed)))
    } else {
        None
    };
    more.into_iter().chain(deed).chain([kind(&what)]).collect()
}

/// A failure made to order, through the real path: an onlooker that allows one switch where the policy allows more.
#[test]
fn a_failure_is_shortened_to_the_faults_that_it_needs() {
    let strict = |seed| Options { budget: Some(1), ..options(seed, 240_000) };
    let fails = |seed: &u64| {
        let outcome = run(&strict(*seed));
        outcome.violation.is_some_and(|violation| violation.number == 6) && outcome.faults.len() > 10
    };
    let seed = (1..100).find(fails).expect("two switches are not rare");
    let failed = run(&strict(seed));
    let (before, struck) = (failed.faults.len(), failed.struck);
    let short = shrink(&strict(seed), failed);
    assert_eq!(short.violation.as_ref().map(|violation| violation.number), Some(6));
    assert!(short.faults.len() < before.min(6) && short.struck <= struck, "{:?}", short.faults);
    for left_out in 0..short.faults.len() {
        let mut faults = short.faults.clone();
        faults.remove(left_out);
        let again = run(&Options { faults: Some(faults), millis: short.struck, ..strict(seed) });
        assert_eq!(again.violation, None, "fault {left_out} of {:?} is not needed", short.faults);
    }
}

/// Invariant 12.
#[test]
fn the_same_seed_leaves_the_same_trace() {
    let everything = Options { detail: Detail::Everything, ..options(5, 60_000) };
    let (once, again) = (run(&everything), run(&everything));
    let differs = once.story.iter().zip(&again.story).find(|(a, b)| a != b);
    assert_eq!(differs, None);
    assert_eq!((once.hash, once.events), (again.hash, again.events));
    assert_ne!(once.hash, run(&Options { seed: 6, ..everything }).hash);
}

/// Invariant 21: nobody is elected, and nothing is agreed.
#[test]
fn a_calm_hour_leaves_no_trace() {
    let mut town = Town::new(7, Vec::new(), Detail::Quiet);
    let standing = |town: &mut Town| {
        let terms: Vec<Term> = town
            .sites
            .iter_mut()
            .flat_map(|site| site.disk().promises().map(|p| p.1.term).collect::<Vec<_>>())
            .collect();
        (town.invariants.view().index, terms)
    };
    town.run(120 * SECOND).unwrap();
    let before = standing(&mut town);
    town.run(3_720 * SECOND).unwrap();
    assert_eq!(standing(&mut town), before);
    assert!(before.0 > Index(1));
}

/// While a link between two followers is cut, their pulses are passed on, and what only shows that a link lives is not:
/// a frame every 0.3 s, signed and sent twice, would be most of what an office sends.
#[test]
fn what_only_shows_that_a_link_lives_is_not_passed_on() {
    let (at, lasts) = (120_000, 60_000);
    let cut = |(from, to)| schedule::Fault { at, what: What::OneWay { from, to, lasts } };
    let mut town = Town::new(7, [(0, 1), (1, 0)].map(cut).to_vec(), Detail::Quiet);
    town.run(120 * SECOND).unwrap();
    let before = town.rare.passed_on;
    town.run(180 * SECOND).unwrap();
    // Both pulse once a second, and each frame goes two ways: to the third site, and on from there.
    let passed_on = town.rare.passed_on - before;
    assert!((220..350).contains(&passed_on), "{passed_on}");
}

/// An onlooker that finds nothing is worth nothing.
#[test]
fn a_write_that_nobody_agreed_and_two_that_meet_are_found() {
    let rules = Rules::read(&policy::policy(1), &SiteId::new("london")).unwrap();
    let number = Number::new(policy::NUMBERS[0]);
    let value = Destination::new("S:442079460000@192.0.2.12");
    let flight = |fence: u64| Flight {
        id: usize::try_from(fence).unwrap(),
        mandate: Mandate::Agreed,
        fence: Index(fence),
        site: 0,
        life: 1,
        number: number.clone(),
        value: value.clone(),
        sent: 5 * SECOND,
        until: 12 * SECOND,
        timing: Timing::InTime,
        answer: Answered::No,
    };
    let london = SiteId::new("london");
    let sender = Sender { site: &london, boot: Boot(1), nonce: Nonce(1) };
    let mut carrier = Carrier::new([(number.clone(), value.clone())].into_iter());
    let mut invariants = Invariants::new("town", rules, &[]);
    assert_eq!(invariants.sent(&flight(9), sender, &carrier).unwrap_err().number, 1);
    carrier.flights.push(flight(9));
    assert_eq!(invariants::single_flight(&flight(11), &carrier).unwrap_err().number, 2);
    assert!(invariants::single_flight(&Flight { sent: 13 * SECOND, ..flight(11) }, &carrier).is_ok());
    carrier.put(&number, &value, (By::Person, SECOND));
    assert_eq!(invariants.applied(&flight(9)), Ok(()));
    assert_eq!(invariants.applied(&flight(8)).unwrap_err().number, 4);
}
