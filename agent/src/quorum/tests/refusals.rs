//! What is refused: seats that make no group, proposals without leadership, and messages no honest peer sends.

use super::cluster::{Cluster, cluster, seats, site};
use super::disks::Memory;
use super::fuzz::Dice;
use crate::quorum::wire::{ENTRY_LIMIT, Entry, Kind, LARGEST, Message, Snapshot};
use crate::quorum::{
    Change, NotProposed, Past, Quorum, RaftId, Refused, Seat, Seats, SeatsError, Standing, Step, VoterState,
};
use state::fact::Seated;
use state::{Index, Term};

pub fn message(kind: Kind, from: u64, to: u64) -> Message {
    Message {
        kind,
        from: RaftId(from),
        to: RaftId(to),
        term: Term(1),
        log_term: Term(0),
        index: Index(0),
        commit: Index(0),
        commit_term: Term(0),
        entries: Vec::new(),
        snapshot: None,
        reject: false,
        reject_hint: Index(0),
        context: Vec::new(),
    }
}

const KINDS: [Kind; 10] = [
    Kind::Append,
    Kind::AppendAnswer,
    Kind::Vote,
    Kind::VoteAnswer,
    Kind::PreVote,
    Kind::PreVoteAnswer,
    Kind::Snapshot,
    Kind::Heartbeat,
    Kind::HeartbeatAnswer,
    Kind::TimeoutNow,
];

#[test]
fn seats_are_checked() {
    let seat = |name: &str, ids: &[u64], standing| Seat {
        site: site(name),
        ids: ids.iter().copied().map(RaftId).collect(),
        standing,
    };
    let voter = Standing::Voter;
    let rank = |ids: &[u64]| ids.iter().copied().map(RaftId).collect::<Vec<_>>();
    let votes = Seats::new(vec![seat("a", &[1, 2, 3], voter)], rank(&[1, 2, 3])).unwrap_err();
    assert_eq!(votes.to_string(), "cannot seat a with 3 ids: a voter has one or two, a learner one");
    let twice = Seats::new(vec![seat("a", &[1], voter), seat("b", &[1], voter)], rank(&[1])).unwrap_err();
    assert_eq!(twice, SeatsError::Id { site: site("b"), id: RaftId(1) });
    let same = Seats::new(vec![seat("a", &[1], voter), seat("a", &[2], voter)], rank(&[1, 2])).unwrap_err();
    assert_eq!(same, SeatsError::SiteTwice(site("a")));
    let learner = vec![seat("a", &[1], voter), seat("b", &[2], Standing::Learner)];
    for wrong in [&[1, 2][..], &[], &[1, 1]] {
        assert_eq!(Seats::new(learner.clone(), rank(wrong)).unwrap_err(), SeatsError::Rank);
    }
    assert_eq!(Seats::new(learner, rank(&[1])).unwrap().conf().learners, [RaftId(2)]);
}

/// A learner follows and never leads, even when it is the only one left.
#[test]
fn a_learner_follows() {
    let seat = |name: &str, id, standing| Seat { site: site(name), ids: vec![RaftId(id)], standing };
    let voter = Standing::Voter;
    let all =
        vec![seat("a", 1, voter), seat("b", 2, voter), seat("c", 3, voter), seat("d", 9, Standing::Learner)];
    let seats = Seats::new(all, [1, 2, 3].map(RaftId).to_vec()).unwrap();
    let mut c = Cluster::new(seats, |_| Memory::default());
    c.run(21);
    assert!(c.propose("hello"));
    c.run(4);
    assert_eq!(c.facts(&site("d")), ["hello"]);
    assert_eq!(c.node(&site("a")).quorum.as_ref().unwrap().progress().len(), 4);
    for name in ["a", "b", "c"] {
        c.crash(&site(name));
    }
    c.run(200);
    assert_eq!(c.leader(), None);
    let (d, vote) = (RaftId(9), Message { term: Term(7), ..message(Kind::Vote, 9, 1) });
    c.start(&site("a"));
    let a = c.node(&site("a")).quorum.as_mut().unwrap();
    assert_eq!(a.step(&site("d"), vote), Err(Refused::NoVote { id: d, kind: Kind::Vote }));
}

#[test]
fn only_a_leader_proposes_and_only_what_fits() {
    let mut c = cluster();
    c.run(20);
    let follower = c.node(&site("london")).quorum.as_mut().unwrap();
    assert_eq!(follower.propose(b"no".to_vec()), Err(NotProposed::NotLeading));
    assert!(follower.ready().is_none(), "nothing is forwarded");
    let leader = c.node(&site("netherlands")).quorum.as_mut().unwrap();
    let long = ENTRY_LIMIT + 1;
    assert_eq!(leader.propose(vec![0; long]), Err(NotProposed::Length { length: long }));
    assert_eq!(leader.propose(Vec::new()), Err(NotProposed::Length { length: 0 }));
    assert_eq!(leader.propose(vec![b'x'; ENTRY_LIMIT]), Ok((Index(2), Term(1))));
    assert_eq!(leader.tail().len(), 1, "proposed, not agreed, and in the own log already");
    c.settle(&site("netherlands"));
    c.isolate("netherlands");
    c.drain();
    let leader = c.node(&site("netherlands")).quorum.as_mut().unwrap();
    let mut taken = 0;
    while leader.propose(vec![b'x'; ENTRY_LIMIT]).is_ok() {
        taken += 1;
        assert!(taken < 100, "what waits for a majority has a limit");
    }
}

#[test]
fn nobody_speaks_for_another() {
    let mut c = cluster();
    c.run(20);
    let london = c.node(&site("london")).quorum.as_mut().unwrap();
    for kind in KINDS {
        let theirs = london.step(&site("manchester"), message(kind, 3, 1));
        assert_eq!(theirs, Err(Refused::NotYours { site: site("manchester"), id: RaftId(3) }));
        let stranger = london.step(&site("paris"), message(kind, 2, 1));
        assert!(matches!(stranger, Err(Refused::NotYours { .. })));
        let elsewhere = london.step(&site("manchester"), message(kind, 2, 3));
        assert_eq!(elsewhere, Err(Refused::NotOurs(RaftId(3))));
    }
    let witness = c.node(&site("netherlands")).quorum.as_mut().unwrap();
    let twin = witness.step(&site("netherlands"), message(Kind::Heartbeat, 4, 5));
    assert_eq!(twin, Err(Refused::NotOurs(RaftId(5))), "twins never talk over the network");
}

/// Votes that came after all that a site knows: a third site must say whose they are, and no liar can for himself.
#[test]
fn a_stranger_needs_a_second_voice() {
    let mut c = cluster();
    c.run(20);
    let london = c.node(&site("london")).quorum.as_mut().unwrap();
    let term = london.marks()[0].hard_term;
    let said = |voters: &[u64], learners: &[u64]| Seated {
        site: site("office"),
        voters: voters.to_vec(),
        learners: learners.to_vec(),
    };
    let ask = |london: &mut Quorum, kind, id| {
        let term = Term(term.0 + 1);
        london.step(&site("office"), Message { term, ..message(kind, id, 1) })
    };
    for kind in KINDS {
        let refused = Err(Refused::NotYours { site: site("office"), id: RaftId(6) });
        assert_eq!(ask(london, kind, 6), refused, "nobody has ever heard of it");
        london.vouch(&site("office"), &[said(&[6], &[])]);
        assert_eq!(ask(london, kind, 6), refused, "but itself");
    }
    london.vouch(&site("manchester"), &[said(&[3], &[6])]);
    assert!(ask(london, Kind::Vote, 6).is_err(), "it only listens, as the others say");
    assert_eq!(london.marks()[0].hard_term, term);
    assert_eq!(ask(london, Kind::Heartbeat, 6), Ok(()), "who leads was given a vote meanwhile");
    assert!(ask(london, Kind::Heartbeat, 7).is_err());
    london.vouch(&site("manchester"), &[said(&[7], &[])]);
    let many: Vec<u64> = (8..100).collect();
    london.vouch(&site("netherlands"), &[said(&many, &[])]);
    assert!(ask(london, Kind::Heartbeat, 8).is_err(), "no honest site names so many");
    assert_eq!(ask(london, Kind::Vote, 7), Ok(()));
}

/// No message brings a voter near the end of all terms, where nobody could be elected any more.
#[test]
fn no_term_leaps() {
    let mut c = cluster();
    c.run(20);
    let london = c.node(&site("london")).quorum.as_mut().unwrap();
    let own = london.marks()[0].hard_term;
    for kind in KINDS {
        let far = Message { term: Term(own.0 + (1 << 20) + 1), ..message(kind, 4, 1) };
        assert!(london.step(&site("netherlands"), far).is_err(), "{kind:?}");
    }
    assert_eq!(london.marks()[0].hard_term, own);
    let slept = Message { term: Term(own.0 + 100_000), ..message(Kind::Heartbeat, 4, 1) };
    assert_eq!(london.step(&site("netherlands"), slept), Ok(()), "a site that slept for long follows");
    let past = Past::default();
    let mut newcomer = Quorum::new(seats(), &site("london"), past).unwrap();
    let old = Message { term: Term(1 << 40), ..message(Kind::Heartbeat, 4, 1) };
    assert_eq!(newcomer.step(&site("netherlands"), old), Ok(()), "and so does a new one");
}

/// Each of these would be a panic in raft-rs, or an overflow, or a log with a hole.
#[test]
fn nonsense_is_refused() {
    let mut c = cluster();
    c.run(20);
    let base = |kind| message(kind, 4, 1);
    let entry = |index, term| Entry { index: Index(index), term: Term(term), bytes: vec![1], change: None };
    let ours = seats();
    let snapshot = |index, seats: &Seats| {
        Some(Snapshot { index: Index(index), term: Term(1), seats: seats.clone(), bytes: Vec::new() })
    };
    let alone = vec![Seat { site: site("office"), ids: vec![RaftId(3)], standing: Standing::Voter }];
    let stranger = Seats::new(alone.clone(), vec![RaftId(3)]).unwrap();
    let nobody = Seats::nameless(vec![RaftId(1)], Vec::new());
    let zero = vec![Seat { ids: vec![RaftId(0)], ..alone[0].clone() }];
    let change = |seats: Vec<Seat>, steps| Some(Change { steps, seats });
    let long = vec![Entry { bytes: vec![0; ENTRY_LIMIT + 1], ..entry(1, 1) }];
    let cases = [
        Message { commit: Index(9), ..base(Kind::Heartbeat) },
        Message { term: Term(0), ..base(Kind::Heartbeat) },
        Message { term: Term(u64::MAX), ..base(Kind::Vote) },
        Message { index: Index(LARGEST + 1), ..base(Kind::Append) },
        Message { entries: vec![entry(2, 1)], ..base(Kind::Append) },
        Message { index: Index(5), entries: vec![entry(6, 1)], ..base(Kind::Append) },
        Message { entries: vec![entry(1, 1), entry(3, 1)], ..base(Kind::Append) },
        Message { entries: vec![entry(1, 2)], ..base(Kind::Append) },
        Message { entries: vec![entry(1, 1)], ..base(Kind::Heartbeat) },
        Message { entries: long, ..base(Kind::Append) },
        Message { context: vec![0; 65], ..base(Kind::Vote) },
        base(Kind::Snapshot),
        Message { snapshot: snapshot(0, &ours), ..base(Kind::Snapshot) },
        Message { snapshot: snapshot(9, &stranger), ..base(Kind::Snapshot) },
        Message { snapshot: snapshot(9, &nobody), ..base(Kind::Snapshot) },
        Message { snapshot: snapshot(9, &ours), ..base(Kind::Append) },
        Message {
            entries: vec![Entry { change: change(zero, Vec::new()), ..entry(1, 1) }],
            ..base(Kind::Append)
        },
        Message {
            entries: vec![Entry { change: change(alone, vec![(RaftId(9), Step::Leave); 99]), ..entry(1, 1) }],
            ..base(Kind::Append)
        },
    ];
    let london = c.node(&site("london")).quorum.as_mut().unwrap();
    let marks = london.marks();
    for case in cases {
        let told = format!("{case:?}");
        assert!(london.step(&site("netherlands"), case).is_err(), "{told}");
    }
    assert!(london.ready().is_none());
    assert_eq!(london.marks(), marks);
    let witness = c.node(&site("netherlands")).quorum.as_mut().unwrap();
    let beyond = Message { index: Index(99), ..message(Kind::AppendAnswer, 1, 4) };
    assert!(witness.step(&site("london"), beyond).is_err());
}

/// Random messages from a peer that is seated but mad, to a follower and to a leader: refused or lived with,
/// never a panic. (What a mad voter says may still be believed: Raft trusts its voters.)
#[test]
fn a_mad_peer_stops_nobody() {
    let mut believed = 0;
    for seed in 1..=2000 {
        let mut dice = Dice::new(seed);
        let mut c = cluster();
        c.run(20);
        let to = ["london", "manchester"][dice.throw(2)];
        c.node(&site("netherlands")).quorum.as_mut().unwrap().transfer(&site("manchester")).unwrap();
        c.settle(&site("netherlands"));
        c.drain();
        assert!(c.propose("sane"));
        c.drain();
        let victim = c.node(&site(to)).quorum.as_mut().unwrap();
        let id = victim.marks()[0].id;
        for _ in 0..40 {
            believed += usize::from(victim.step(&site("office"), madness(&mut dice, id)).is_ok());
            if dice.throw(4) == 0 {
                victim.tick();
            }
            while let Some(batch) = victim.ready() {
                drop(victim.written(batch.written()));
            }
        }
    }
    assert!(believed > 20_000, "most of it is plausible: {believed}");
}

fn madness(dice: &mut Dice, to: RaftId) -> Message {
    let small = |dice: &mut Dice, sides| dice.throw(sides) as u64;
    let mut mad = message(KINDS[dice.throw(10)], 3, to.0);
    mad.term = Term(small(dice, 7));
    mad.log_term = Term(small(dice, 4));
    mad.index = Index(small(dice, 6));
    mad.commit = Index(small(dice, 6));
    mad.commit_term = Term(small(dice, 4));
    mad.reject = dice.throw(2) == 0;
    mad.reject_hint = Index(small(dice, 6));
    if mad.kind == Kind::Append {
        let follow =
            |n| Entry { index: Index(mad.index.0 + n), term: mad.term, bytes: vec![0], change: None };
        mad.entries = (1..1 + small(dice, 3)).map(follow).collect();
    }
    if mad.kind == Kind::Snapshot {
        let (index, term, seats) = (mad.index, mad.log_term, seats());
        mad.snapshot = Some(Snapshot { index, term, seats, bytes: Vec::new() });
    }
    mad
}

#[test]
fn a_broken_log_is_refused_at_start() {
    let start = |state: VoterState| {
        let past = Past { journal: Index(0), voters: vec![state], ids: Vec::new() };
        Quorum::new(seats(), &site("london"), past).map(drop).unwrap_err().to_string()
    };
    let entry = |index| Entry { index: Index(index), term: Term(1), bytes: vec![1], change: None };
    let whole = VoterState { entries: vec![entry(1), entry(2)], ..VoterState::empty(RaftId(1)) };
    assert_eq!(
        start(VoterState { id: RaftId(3), ..whole.clone() }),
        "cannot start the quorum: this disk has a log of voter 3, which is not of this site"
    );
    let mut hole = whole.clone();
    hole.hard.term = Term(1);
    hole.entries.remove(0);
    assert_eq!(start(hole), "cannot start voter 1: its log is broken at index #2");
    let mut short = whole;
    short.hard.term = Term(1);
    short.hard.commit = Index(7);
    assert_eq!(start(short), "cannot start voter 1: it promised #7 to be agreed, but its log ends at #2");
}
