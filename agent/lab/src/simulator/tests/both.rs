//! Two disks lost at once that were a majority: what still holds, and the hole that the manual names.

use super::super::lost::Loss;
use super::super::schedule::Order;
use super::super::town::Town;
use super::{Detail, SECOND};
use state::Index;

const LONDON: usize = 0;
const MANCHESTER: usize = 1;
const NETHERLANDS: usize = 3;
/// Three votes of five.
const MOST: [usize; 2] = [LONDON, NETHERLANDS];

fn settled() -> (Town, Index) {
    let mut town = Town::new(7, Vec::new(), Detail::Quiet);
    town.run(180 * SECOND).unwrap();
    let index = town.invariants.view().index;
    assert!(index > Index(1) && town.invariants.view().members.len() == 4);
    (town, index)
}

/// What must be so for as long as nobody finds the disks: callers are where they were, and people are asked for.
fn stands_still(mut town: Town, index: Index) {
    town.dead[LONDON] += 1;
    town.run(town.now + 60 * SECOND).unwrap();
    town.command(MANCHESTER, Order::Readmit { which: LONDON }).unwrap();
    town.run(town.now + 60 * SECOND).unwrap();
    assert_eq!(town.invariants.view().index, index, "something was agreed by two votes of five");
    assert_eq!(town.invariants.sets, 0);
    let refusals: Vec<&str> = town.story.lines().filter(|line| line.contains("manchester refuses")).collect();
    assert!(!refusals.is_empty(), "nobody is let in by two votes of five");
}

#[test]
fn whoever_lost_a_majority_of_the_disks_waits_for_a_person() {
    let (mut town, index) = settled();
    for lost in MOST {
        town.lose((lost, Loss::Wiped), 1_000).unwrap();
    }
    town.run(town.now + 20 * SECOND).unwrap();
    for lost in MOST {
        let disk = town.sites[lost].disk();
        assert!(disk.is_outside() && disk.voters.is_empty() && disk.journal.is_empty(), "{lost} votes");
    }
    stands_still(town, index);
}

/// New machines in the place of a majority, started at such moments, and what they hear of those that are left.
fn replaced(starts: [u64; 2], cut_off: Option<u8>) -> (Town, Index) {
    let (mut town, index) = settled();
    if let Some(side) = cut_off {
        super::super::net::Net::across(side).for_each(|(from, to)| town.net.cut(from, to));
    }
    for (lost, after) in MOST.into_iter().zip(starts) {
        town.die(lost, after).unwrap();
        town.sites[lost].disk.replace();
    }
    (town, index)
}

/// Not even the file beside the configuration is left: three votes of five are as new as at a birth. Whoever is left
/// says that there was one.
#[test]
fn a_majority_of_new_machines_is_no_second_cluster() {
    for starts in [[1_000_000, 1_000_000], [1_000_000, 1_950_000], [30_000_000, 1_000_000]] {
        let (town, index) = replaced(starts, None);
        stands_still(town, index);
    }
}

/// The hole that the manual names: where nobody says so another cluster begins, and votes again with the same votes.
#[test]
fn a_majority_of_new_machines_that_hears_nobody_is_born_again() {
    let side = MOST.iter().map(|place| 1 << place).sum();
    let (mut town, index) = replaced([1_000_000, 1_000_000], Some(side));
    let found = town.run(town.now + 20 * SECOND).unwrap_err();
    assert_eq!((found.number, found.name), (16, "no id is used twice"), "{}", found.what);
    assert!(town.invariants.view().index >= index);
}
