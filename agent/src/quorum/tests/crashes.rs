//! Crashes at every boundary between memory and disk, and what a restart makes of it.

use super::cluster::{Cluster, Moment, SITES, cluster, seats, site};
use super::disks::{Disk, File, Memory};
use super::refusals::message;
use crate::quorum::wire::Kind;
use crate::quorum::{KEEP, Message};
use state::{Index, Term};
use tempfile::TempDir;

const MOMENTS: [Moment; 3] = [Moment::BeforeWrite, Moment::AfterWrite, Moment::BeforeJournal];

/// Twelve facts, one site crashing once at the given point and coming back soon; all that was ever agreed
/// anywhere is agreed everywhere at the end. Says whether the point was reached.
fn story<D: Disk>(mut c: Cluster<D>, fuse: (&str, usize, Moment)) -> bool {
    let victim = site(fuse.0);
    c.fuse = Some((victim.clone(), fuse.1, fuse.2));
    for n in 0..12 {
        c.run(5);
        c.propose(&format!("fact {n}"));
        c.drain();
        if c.node(&victim).quorum.is_none() {
            c.run(2);
            c.start(&victim);
        }
    }
    let reached = c.fuse.take().is_none();
    c.run(40);
    assert!(c.propose("the end"));
    c.drain();
    c.run(4);
    let told = c.facts(&victim);
    assert_eq!(told.last().unwrap(), "the end");
    for name in SITES {
        assert_eq!(c.facts(&site(name)), told, "{name}");
    }
    c.check();
    reached
}

#[test]
fn a_crash_at_any_boundary_loses_nothing_agreed() {
    for name in SITES {
        for moment in MOMENTS {
            let reached = (1..400).take_while(|&nth| story(cluster(), (name, nth, moment))).count();
            assert!(reached > 20, "{name}: {reached} boundaries");
        }
    }
}

#[test]
fn a_crash_at_any_boundary_loses_nothing_agreed_on_a_real_disk() {
    for (nth, moment) in (1..40).step_by(4).zip(MOMENTS.into_iter().cycle()) {
        let dir = TempDir::new().unwrap();
        let c = Cluster::new(seats(), |site| File::new(dir.path().join(format!("{site}.db"))));
        assert!(story(c, ("netherlands", nth, moment)));
    }
}

#[test]
fn a_whole_cluster_comes_back_from_its_disks() {
    let dir = TempDir::new().unwrap();
    let mut c = Cluster::new(seats(), |site| File::new(dir.path().join(format!("{site}.db"))));
    c.run(20);
    for n in 0..10 {
        assert!(c.propose(&format!("fact {n}")));
        c.drain();
    }
    SITES.map(site).iter().for_each(|site| c.crash(site));
    SITES.map(site).iter().for_each(|site| c.start(site));
    c.run(20);
    assert_eq!(c.leader(), Some(site("netherlands")));
    assert!(c.propose("again"));
    c.drain();
    c.run(4);
    for name in SITES {
        assert_eq!(c.facts(&site(name)).len(), 11, "{name}");
    }
}

/// The office is away while the others cut their logs: it comes back through a snapshot, once, and goes on.
fn long_absence<D: Disk>(mut c: Cluster<D>) {
    c.run(20);
    assert!(c.propose("everybody has this"));
    c.run(4);
    c.crash(&site("office"));
    for n in 0..50 {
        assert!(c.propose(&format!("fact {n}")));
        c.drain();
    }
    for name in &SITES[..3] {
        c.compact(&site(name), Index(40));
    }
    assert!(c.propose("after the cut"));
    c.drain();
    c.start(&site("office"));
    c.run(10);
    assert_eq!(c.node(&site("office")).restored, 1);
    assert_eq!(c.facts(&site("office")).len(), 52);
    c.check();
    for name in SITES {
        c.crash(&site(name));
        c.start(&site(name));
        assert_eq!(c.node(&site(name)).restored, usize::from(name == "office"), "a restart restores nothing");
    }
    c.run(25);
    assert!(c.propose("on we go"));
    c.run(4);
    assert_eq!(c.facts(&site("office")).len(), 53);
}

#[test]
fn a_long_absence_ends_with_one_snapshot() {
    long_absence(cluster());
}

#[test]
fn a_long_absence_ends_with_one_snapshot_on_a_real_disk() {
    let dir = TempDir::new().unwrap();
    long_absence(Cluster::new(seats(), |site| File::new(dir.path().join(format!("{site}.db")))));
}

/// The process ends between the snapshot's write and the view's: the next start hands it over again.
#[test]
fn a_snapshot_is_owed_until_the_journal_knows_it() {
    let mut c: Cluster<Memory> = cluster();
    c.run(20);
    c.crash(&site("office"));
    for n in 0..50 {
        assert!(c.propose(&format!("fact {n}")));
        c.drain();
    }
    for name in &SITES[..3] {
        c.compact(&site(name), Index(40));
    }
    c.start(&site("office"));
    for nth in 1..12 {
        c.fuse = Some((site("office"), 1, MOMENTS[nth % 3]));
        c.run(10);
        if c.node(&site("office")).quorum.is_none() {
            c.start(&site("office"));
        }
    }
    c.fuse = None;
    c.run(30);
    assert!(c.node(&site("office")).restored >= 1);
    assert_eq!(c.facts(&site("office")).len(), 50);
    c.check();
}

/// A snapshot that is lost on the way is sent again: raft-rs alone would wait for ever.
#[test]
fn a_lost_snapshot_is_sent_again() {
    let mut c = cluster();
    c.run(20);
    c.crash(&site("office"));
    for n in 0..50 {
        assert!(c.propose(&format!("fact {n}")));
        c.drain();
    }
    for name in &SITES[..3] {
        c.compact(&site(name), Index(40));
    }
    c.start(&site("office"));
    for _ in 0..30 {
        c.tick_losing(|message| message.snapshot.is_some());
    }
    assert_eq!(c.node(&site("office")).restored, 0);
    c.run(80);
    assert_eq!(c.node(&site("office")).restored, 1);
    assert_eq!(c.facts(&site("office")).len(), 50);
}

#[test]
fn what_everybody_has_may_go_and_what_somebody_lacks_is_kept() {
    let mut c = cluster();
    c.run(20);
    let witness = site("netherlands");
    let may =
        |c: &mut Cluster<Memory>| c.node(&site("netherlands")).quorum.as_ref().unwrap().compactable(KEEP);
    for n in 0..1500 {
        assert!(c.propose(&format!("fact {n}")));
        c.drain();
    }
    c.run(3);
    let upto = may(&mut c).expect("1,500 entries that everybody has are worth a cut");
    c.compact(&witness, upto);
    assert_eq!(may(&mut c), None);
    c.isolate("office");
    for n in 0..1500 {
        assert!(c.propose(&format!("more {n}")));
        c.drain();
    }
    assert_eq!(may(&mut c), None, "the office would need a snapshot");
    assert_eq!(
        c.node(&site("london")).quorum.as_ref().unwrap().compactable(KEEP),
        None,
        "a follower keeps 10,000"
    );
}

/// A vote outlives the process that cast it: nobody votes twice in one term.
#[test]
fn a_vote_is_remembered() {
    let dir = TempDir::new().unwrap();
    let mut c = Cluster::new(seats(), |site| File::new(dir.path().join(format!("{site}.db"))));
    let london = site("london");
    let ask = |from| Message { term: Term(5), ..message(Kind::Vote, from, 1) };
    let mut answer = |from: &str, id| {
        c.node(&london).quorum.as_mut().unwrap().step(&site(from), ask(id)).unwrap();
        c.settle(&london);
        let (_, to, answer) = c.queue.pop_back().unwrap();
        assert_eq!((to, answer.kind), (site(from), Kind::VoteAnswer));
        c.crash(&london);
        c.start(&london);
        answer.reject
    };
    assert!(!answer("office", 3));
    assert!(answer("manchester", 2), "it is the office's already");
    assert!(!answer("office", 3), "the same answer as before");
}
