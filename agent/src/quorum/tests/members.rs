//! Lost disks: a site comes back with new votes, one change at a time, and whoever slept through it finds its way.

use super::cluster::{Cluster, cluster, site};
use super::disks::Memory;
use super::refusals::message;
use crate::quorum::wire::Kind;
use crate::quorum::{RaftId, Refused, Step};
use state::{Index, Term};

/// Lets the leader change the membership until it is as wished; gives what it did.
fn readmitted(c: &mut Cluster<Memory>) -> Vec<Vec<(RaftId, Step)>> {
    let mut done = Vec::new();
    for _ in 0..300 {
        done.extend(c.reseat().map(|change| change.steps));
        c.tick();
        if c.is_seated() {
            c.check();
            return done;
        }
    }
    let leader = c.leader().unwrap();
    let quorum = c.nodes[&leader].quorum.as_ref().unwrap();
    panic!(
        "the membership never became what was wished: {done:?}, but {:?} {:?}",
        quorum.seats(),
        quorum.progress()
    )
}

fn lived() -> Cluster<Memory> {
    let mut c = cluster();
    c.run(25);
    for n in 0..5 {
        assert!(c.propose(&format!("before {n}")));
        c.run(2);
    }
    c
}

/// The vote of a site that came back counts: with it there is a majority, and without it there was none.
#[test]
fn a_site_that_lost_its_disk_votes_again() {
    let mut c = lived();
    c.lose_disk(&site("london"));
    c.start(&site("london"));
    let (old, new) = (RaftId(1), RaftId(6));
    let swap = vec![(old, Step::Leave), (new, Step::Vote)];
    assert_eq!(readmitted(&mut c), [vec![(new, Step::Listen)], swap, Vec::new()]);
    assert_eq!(c.facts(&site("london")), c.facts(&site("netherlands")), "it has everything again");
    for name in ["manchester", "office"] {
        c.crash(&site(name));
    }
    c.run(60);
    assert!(c.propose("two and one"));
    c.run(5);
    assert_eq!(c.facts(&site("london")).last().unwrap(), "two and one");
    let witness = c.node(&site("netherlands")).quorum.as_mut().unwrap();
    let ghost = witness.step(&site("london"), message(Kind::Vote, 1, 4));
    assert_eq!(ghost, Err(Refused::NotYours { site: site("london"), id: old }), "the lost vote is nobody's");
}

#[test]
fn both_twins_come_back() {
    let mut c = lived();
    c.lose_disk(&site("netherlands"));
    c.start(&site("netherlands"));
    c.run(60);
    let done = readmitted(&mut c);
    assert_eq!(done.len(), 4, "two learners, both majorities, one majority: {done:?}");
    for name in ["london", "manchester"] {
        c.crash(&site(name));
    }
    c.run(80);
    assert!(c.propose("the twins and the office"));
    c.run(5);
    c.check();
    assert_eq!(c.facts(&site("office")).last().unwrap(), "the twins and the office");
}

/// Where the log is cut, the newcomer gets a snapshot that names it as a member.
#[test]
fn a_cut_log_is_no_obstacle() {
    let mut c = lived();
    for name in super::cluster::SITES {
        c.compact(&site(name), Index(5));
    }
    c.lose_disk(&site("office"));
    c.start(&site("office"));
    readmitted(&mut c);
    c.run(5);
    assert_eq!(c.nodes[&site("office")].restored, 1);
    assert_eq!(c.facts(&site("office")), c.facts(&site("london")));
    // What stands on its disk is enough to start again.
    c.crash(&site("office"));
    c.run(3);
    c.start(&site("office"));
    assert!(c.propose("again"));
    c.run(10);
    assert_eq!(c.facts(&site("office")).last().unwrap(), "again");
}

/// A leader whose vote is newer than all that a site knows is followed nevertheless, else that site slept for ever.
#[test]
fn whoever_slept_through_it_follows_a_leader_it_does_not_know() {
    let mut c = lived();
    c.crash(&site("office"));
    c.lose_disk(&site("netherlands"));
    c.start(&site("netherlands"));
    c.run(60);
    // Without the witness and the office there is no majority, and so no change.
    assert!(c.reseat().is_none());
    c.start(&site("office"));
    c.run(60);
    readmitted(&mut c);
    c.crash(&site("office"));
    c.lose_disk(&site("manchester"));
    c.start(&site("manchester"));
    readmitted(&mut c);
    c.run(5);
    c.node(&site("netherlands")).quorum.as_mut().unwrap();
    let leader = c.leader().unwrap();
    if leader != site("manchester") {
        c.node(&leader).quorum.as_mut().unwrap().transfer(&site("manchester")).unwrap();
        c.settle(&leader);
        c.run(10);
    }
    assert_eq!(c.leader(), Some(site("manchester")), "it has its vote and may lead with it");
    c.crash(&site("london"));
    c.start(&site("office"));
    assert!(c.propose("with a stranger"));
    c.run(20);
    c.check();
    assert_eq!(c.facts(&site("office")).last().unwrap(), "with a stranger");
}

/// Nothing is begun that those alive could not end.
#[test]
fn too_few_change_nothing() {
    let mut c = lived();
    c.lose_disk(&site("london"));
    // Its agent does not run: it can never catch up, so it never gets a vote, and its old one is not taken either.
    for _ in 0..100 {
        c.reseat();
        c.tick();
    }
    let leader = c.leader().unwrap();
    let conf = c.nodes[&leader].quorum.as_ref().unwrap().seats().conf();
    assert_eq!((conf.voters.len(), conf.learners), (5, vec![RaftId(6)]));
    // It listens, but two of those that would have to agree are gone.
    c.start(&site("london"));
    c.run(2);
    c.isolate("office");
    c.isolate("manchester");
    c.run(45);
    assert!(c.reseat().is_none());
    c.cuts.clear();
    c.run(60);
    readmitted(&mut c);
    assert!(c.leaders.iter().all(|(_, _, term)| Term(*term) > Term(0)));
}

/// While both majorities count, a vote that goes may still be elected; it must not be the one that ends the change.
#[test]
fn a_vote_that_goes_never_ends_the_change_that_takes_it() {
    let mut c = lived();
    c.ids.insert(site("netherlands"), vec![RaftId(4)]);
    let begun = c.reseat().expect("four votes are enough").steps;
    assert_eq!(begun, [(RaftId(5), Step::Leave)]);
    c.run(3);
    let leader = c.leader().unwrap();
    let quorum = c.node(&leader).quorum.as_mut().unwrap();
    assert!(!quorum.seats().seated_before().is_empty(), "both majorities count");
    quorum.hand_on(|id| id == RaftId(5)).expect("the second twin has the whole log");
    c.settle(&leader);
    c.run(5);
    let twin = c.node(&site("netherlands")).quorum.as_ref().unwrap();
    assert!(twin.leads().is_some(), "the vote that goes leads");
    let wish = c.wish();
    let twin = c.node(&site("netherlands")).quorum.as_ref().unwrap();
    assert_eq!(twin.change_towards(&wish), None, "raft-rs would panic in it");
    readmitted(&mut c);
    assert!(c.propose("afterwards"));
    c.run(5);
    c.check();
    assert_eq!(c.facts(&site("netherlands")).last().unwrap(), "afterwards");
}

/// The vote that leads is one of those that go: another leads first, and nobody is ever without a leader for long.
#[test]
fn a_leader_makes_way_before_its_vote_is_taken() {
    let mut c = lived();
    c.node(&site("netherlands")).quorum.as_mut().unwrap();
    assert_eq!(c.leader(), Some(site("netherlands")));
    c.ids.insert(site("netherlands"), vec![RaftId(5)]);
    let terms = c.leaders.len();
    readmitted(&mut c);
    c.run(10);
    assert!(c.leader().is_some());
    assert_eq!(c.leaders.len(), terms + 1, "handed on once: {:?}", c.leaders);
}

/// Whoever never catches up keeps nobody else waiting: a vote that is to go goes without it.
#[test]
fn a_newcomer_that_is_away_holds_up_nobody_else() {
    let mut c = lived();
    c.lose_disk(&site("office"));
    for _ in 0..20 {
        c.reseat();
        c.tick();
    }
    c.ids.insert(site("netherlands"), vec![RaftId(4)]);
    for _ in 0..60 {
        c.reseat();
        c.tick();
    }
    let leader = c.leader().unwrap();
    let conf = c.nodes[&leader].quorum.as_ref().unwrap().seats().conf();
    assert_eq!((conf.voters, conf.learners), ([1, 2, 3, 4].map(RaftId).to_vec(), vec![RaftId(6)]));
    assert!(conf.voters_before.is_empty());
    c.start(&site("office"));
    readmitted(&mut c);
    c.check();
}
