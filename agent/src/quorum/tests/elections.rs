//! Who leads, when, and through which cuts.

use super::cluster::{SITES, cluster, site};
use crate::quorum::RaftId;

#[test]
fn the_witness_is_elected_in_the_first_window() {
    let mut c = cluster();
    c.run(20);
    assert_eq!(c.leader(), Some(site("netherlands")));
    assert!(c.leaders == [(20, site("netherlands"), 1)], "{:?}", c.leaders);
    let quorum = c.node(&site("netherlands")).quorum.as_ref().unwrap();
    assert!(quorum.leads().unwrap().ready, "its own first entry is applied at once");
    for name in SITES {
        let (leader, term) = c.node(&site(name)).quorum.as_ref().unwrap().leader().unwrap();
        assert_eq!((leader, term.0), (site("netherlands"), 1));
    }
}

#[test]
fn a_fact_is_agreed_once_by_each_site_and_once_by_twins() {
    let mut c = cluster();
    c.run(20);
    for n in 0..30 {
        assert!(c.propose(&format!("fact {n}")));
        c.drain();
    }
    c.run(3);
    let expected: Vec<String> = (0..30).map(|n| format!("fact {n}")).collect();
    for name in SITES {
        assert_eq!(c.facts(&site(name)), expected, "{name}");
        // Each fact starts one receipt timer, or two where a twin gets it later.
        assert!((30..=60).contains(&c.node(&site(name)).appended));
    }
    c.check();
}

#[test]
fn a_dead_leader_is_followed_within_2_8_s() {
    for phase in 0..3 {
        let mut c = cluster();
        c.run(30 + phase);
        let died = c.ticks;
        c.crash(&site("netherlands"));
        c.run(28);
        assert_eq!(c.leader(), Some(site("london")), "after the witness the next in rank");
        assert!(c.leaders[1].0 - died <= 28, "{:?}", c.leaders);
        assert!(c.propose("alive"));
        c.drain();
        assert_eq!(c.facts(&site("office")), ["alive"]);
    }
}

#[test]
fn a_site_that_comes_back_deposes_nobody() {
    let mut c = cluster();
    c.run(20);
    c.isolate("office");
    c.run(600);
    assert!(c.propose("meanwhile"));
    c.drain();
    c.cuts.clear();
    c.run(100);
    assert_eq!(c.leaders.len(), 1, "{:?}", c.leaders);
    assert_eq!(c.facts(&site("office")), ["meanwhile"]);
}

#[test]
fn a_leader_without_a_majority_steps_down_and_the_others_go_on() {
    let mut c = cluster();
    c.run(20);
    c.isolate("netherlands");
    c.run(45);
    assert_eq!(c.leader(), Some(site("london")));
    assert!(c.node(&site("netherlands")).quorum.as_ref().unwrap().leads().is_none());
    c.cuts.clear();
    c.run(50);
    assert_eq!(c.leaders.len(), 2, "{:?}", c.leaders);
}

/// A star: every site reaches the office alone. Pre-vote without check-quorum stands still here for ever.
#[test]
fn a_star_keeps_committing() {
    let mut c = cluster();
    c.run(20);
    c.cut("netherlands", "london");
    c.cut("netherlands", "manchester");
    c.cut("london", "manchester");
    let mut agreed = 0;
    for n in 0..100 {
        c.run(3);
        agreed += usize::from(c.propose(&format!("fact {n}")));
    }
    c.run(10);
    assert!(c.leaders.len() <= 3, "{:?}", c.leaders);
    assert!(agreed >= 80 && c.facts(&site("office")).len() >= 80, "{agreed}");
    c.cuts.clear();
    c.run(60);
    c.check();
}

/// A chain: netherlands - london - manchester - office.
#[test]
fn a_chain_keeps_committing() {
    let mut c = cluster();
    c.run(20);
    c.cut("netherlands", "manchester");
    c.cut("netherlands", "office");
    c.cut("london", "office");
    for n in 0..60 {
        c.run(3);
        c.propose(&format!("fact {n}"));
    }
    c.run(10);
    assert!(c.leaders.len() <= 2, "{:?}", c.leaders);
    assert!(c.facts(&site("london")).len() >= 55);
    c.cuts.clear();
    c.run(60);
    c.check();
    assert_eq!(c.facts(&site("office")), c.facts(&site("london")));
}

#[test]
fn leadership_moves_to_a_site_that_has_caught_up_and_never_to_the_twin() {
    use crate::quorum::NotMoved;
    let mut c = cluster();
    c.run(20);
    let witness = site("netherlands");
    let quorum = c.node(&witness).quorum.as_mut().unwrap();
    assert_eq!(quorum.transfer(&witness), Err(NotMoved::NoCandidate(witness.clone())));
    quorum.transfer(&site("manchester")).unwrap();
    c.settle(&witness);
    c.drain();
    assert_eq!(c.leader(), Some(site("manchester")));
    assert!(c.propose("moved"));
    c.drain();
    c.isolate("office");
    assert!(c.propose("not at the office"));
    c.drain();
    let quorum = c.node(&site("manchester")).quorum.as_mut().unwrap();
    assert_eq!(quorum.transfer(&site("office")), Err(NotMoved::Behind(site("office"))));
    assert_eq!(
        c.node(&site("london")).quorum.as_mut().unwrap().transfer(&site("office")),
        Err(NotMoved::NotLeading)
    );
}

#[test]
fn after_a_clock_gap_a_leader_is_a_follower_first() {
    let mut c = cluster();
    c.run(20);
    let witness = site("netherlands");
    c.node(&witness).quorum.as_mut().unwrap().step_down();
    c.settle(&witness);
    assert!(c.node(&witness).quorum.as_ref().unwrap().leads().is_none());
    c.run(28);
    assert!(c.leader().is_some() && c.propose("on we go"));
}

/// Five (the second twin) alone among the living holds the last entry: it must campaign, or nobody ever leads.
#[test]
fn the_second_twin_leads_when_it_alone_has_the_last_entry() {
    let mut c = cluster();
    c.run(20);
    c.node(&site("netherlands")).quorum.as_mut().unwrap().transfer(&site("london")).unwrap();
    c.settle(&site("netherlands"));
    c.drain();
    assert_eq!(c.leader(), Some(site("london")));
    c.deaf.insert(RaftId(4));
    c.isolate("office");
    assert!(c.propose("london, manchester and the second twin have it"));
    c.drain();
    assert_eq!(c.facts(&site("london")).len(), 1, "three of five votes");
    c.crash(&site("london"));
    c.crash(&site("manchester"));
    c.deaf.clear();
    c.cuts.clear();
    c.run(150);
    assert_eq!(c.leader(), Some(site("netherlands")));
    assert_eq!(c.facts(&site("office")).len(), 1);
    assert_eq!(c.facts(&site("netherlands")).len(), 1);
    assert!(c.propose("and on"));
    c.drain();
    c.check();
}

/// The leader is a leaf of a star whose hub is the office, and its side has no majority.
#[test]
fn a_star_with_its_leader_at_a_leaf_finds_another() {
    let mut c = cluster();
    c.run(20);
    c.node(&site("netherlands")).quorum.as_mut().unwrap().transfer(&site("london")).unwrap();
    c.settle(&site("netherlands"));
    c.drain();
    assert_eq!(c.leader(), Some(site("london")));
    c.cut("netherlands", "london");
    c.cut("netherlands", "manchester");
    c.cut("london", "manchester");
    c.run(100);
    assert!(c.leaders.len() <= 4, "{:?}", c.leaders);
    let before = c.facts(&site("office")).len();
    for n in 0..30 {
        c.propose(&format!("fact {n}"));
        c.run(3);
    }
    assert!(c.facts(&site("office")).len() >= before + 29);
    assert!(c.leaders.len() <= 4, "it does not go round: {:?}", c.leaders);
    c.check();
}

#[test]
fn a_calm_hour_has_no_leader_change_and_no_entry() {
    let mut c = cluster();
    c.run(20);
    let marks = |c: &mut super::cluster::Cluster<_>| {
        SITES.map(|name| c.node(&site(name)).quorum.as_ref().unwrap().marks())
    };
    let before = marks(&mut c);
    c.run(36_000);
    assert_eq!((marks(&mut c), c.leaders.len()), (before, 1));
}
