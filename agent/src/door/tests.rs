//! Who is believed what at the door: liars with one certificate, disks that went back in time, names from the future.

use super::{Admission, Asks, Door, Hello, Own, Said, Stand, Unfit};
use crate::quorum::{Mark, Past, Quorum, RaftId, Seat, Seats, Standing};
use crate::relay::{Seal, Sealed};
use state::view::Member;
use state::{Boot, Disk, Index, Mono, SiteId, Starts, Term, View};
use std::time::Duration;

const NAMES: [&str; 4] = ["london", "manchester", "office", "netherlands"];

fn site(name: &str) -> SiteId {
    SiteId::new(name)
}

/// One vote each, and two for the witness.
fn seats() -> Seats {
    let ids: [&[u64]; 4] = [&[1], &[2], &[3], &[4, 5]];
    let seat = |(name, ids): (&&str, &[u64])| Seat {
        site: site(name),
        ids: ids.iter().copied().map(RaftId).collect(),
        standing: Standing::Voter,
    };
    let seats = NAMES.iter().zip(ids).map(seat).collect();
    Seats::new(seats, [4, 1, 2, 3, 5].map(RaftId).to_vec()).expect("they make a group")
}

/// Disks are numbered as the sites are; all were named at 7.
fn disk_of(name: &str) -> Disk {
    Disk(10 + NAMES.iter().position(|of| *of == name).expect("one of the four") as u64)
}

fn member(disk: Disk, at: u64) -> Member {
    Member { disk, raft_ids: vec![6], at: Index(at) }
}

fn view() -> View {
    let mut view = View::birth("town");
    view.members = NAMES.map(|name| (site(name), member(disk_of(name), 7))).into();
    view.index = Index(100);
    view
}

struct Case {
    door: Door,
    view: View,
    quorum: Quorum,
    n: u64,
}

const LIFE: Boot = Boot(1);
/// The life before.
const BEFORE: Boot = Boot(77);

impl Case {
    /// London's door.
    fn new(stand: Stand, disk: Disk) -> Self {
        let own = Own { boot: LIFE, disk, starts: Starts(3), named: Index(0), stand };
        let quorum = Quorum::new(seats(), &site("london"), Past::default()).expect("a quorum");
        let view = if own.stand == Stand::Inside { view() } else { View::birth("town") };
        let mut door = Door::new(site("london"), own, Vec::new());
        door.begin(view.index, &quorum);
        Self { door, view, quorum, n: 0 }
    }

    /// What an honest site says that answers whatever it was asked before.
    fn honest(&mut self, name: &str) -> Hello {
        let asked = self.door.hello((&site(name), Some(Asks::Yes)), &self.view, &self.quorum).n;
        self.n += 1;
        Hello {
            disk: disk_of(name),
            starts: Starts(5),
            named: Index(7),
            stand: Stand::Inside,
            journal: Index(100),
            marks: vec![Mark { id: RaftId(9), hard_term: Term(4), last: Index(100), last_term: Term(4) }],
            members: NAMES.map(|of| (site(of), member(disk_of(of), 7))).to_vec(),
            seated: seats().seated(),
            life: Starts(3),
            unfit: None,
            proof: None,
            n: self.n,
            echo: Some((LIFE, asked)),
            asks: Asks::No,
            birth: Some(seats()),
        }
    }

    fn hears(&mut self, name: &str, hello: Hello) -> super::Greeted {
        let (from, to, starts, n) = (site(name), site("london"), hello.starts, hello.n);
        let sealed = Sealed { from, to, starts, n, bytes: hello.encode(Boot(2)), seal: Seal::default() };
        let said = Said { boot: Boot(2), hello, sealed };
        self.door.greeted(&site(name), said, (&self.view, self.quorum.seats())).expect("it is news")
    }
}

#[test]
fn one_site_alone_sends_nobody_away() {
    let mut london = Case::new(Stand::Inside, disk_of("london"));
    let accuses = |hello| {
        let unfit = Unfit::OtherDisk { agreed: Disk(99), at: Index(1_000_000) };
        Hello { unfit: Some((LIFE, unfit)), ..hello }
    };
    // The witness has two of the four other votes, which is not more than half.
    let hello = accuses(london.honest("netherlands"));
    assert_eq!(london.hears("netherlands", hello).leave, None);
    let of_another_life = Unfit::OtherDisk { agreed: Disk(99), at: Index(1_000_000) };
    let hello = Hello { unfit: Some((BEFORE, of_another_life)), ..london.honest("office") };
    assert_eq!(london.hears("office", hello).leave, None);
    let hello = accuses(london.honest("office"));
    assert!(london.hears("office", hello).leave.is_some(), "two sites say the same");
}

#[test]
fn a_name_from_the_future_needs_a_second_voice() {
    let mut london = Case::new(Stand::Inside, disk_of("london"));
    let lied = Hello { disk: Disk(99), named: Index(200), ..london.honest("office") };
    let liar = Hello { members: vec![(site("office"), member(Disk(99), 200))], ..lied };
    let other = Some(Unfit::OtherDisk { agreed: disk_of("office"), at: Index(7) });
    assert_eq!(london.hears("office", liar.clone()).unfit, other, "nobody else says so");
    assert!(!london.door.lets_in(&site("office"), Boot(2)));
    // Manchester has folded the readmission that London has not come to yet.
    let mut hello = london.honest("manchester");
    hello.members[2].1 = member(Disk(99), 200);
    assert_eq!(london.hears("manchester", hello).unfit, None);
    let honest = Hello { disk: Disk(99), named: Index(200), ..london.honest("office") };
    assert_eq!(london.hears("office", honest).unfit, None);
    assert!(london.door.lets_in(&site("office"), Boot(2)));
}

/// A name that nobody bears any more is free for another disk; as long as it has a seat it is that disk's.
#[test]
fn whoever_left_comes_back_as_somebody_new() {
    let mut london = Case::new(Stand::Inside, disk_of("london"));
    let hello = london.honest("office");
    assert_eq!(london.hears("office", hello).unfit, None);
    london.view.members.remove(&site("office"));
    let blank = |hello| {
        let (disk, starts) = (Disk(99), Starts(1));
        Hello { disk, starts, named: Index(0), stand: Stand::Newborn, marks: Vec::new(), ..hello }
    };
    let hello = blank(london.honest("office"));
    let bound = Some(Unfit::OtherDisk { agreed: disk_of("office"), at: Index(0) });
    assert_eq!(london.hears("office", hello).unfit, bound, "its seat is still that of the disk before");
    let three = seats().iter().filter(|seat| seat.site != site("office")).cloned().collect();
    let three = Seats::new(three, [4, 1, 2, 5].map(RaftId).to_vec()).expect("they make a group");
    london.quorum = Quorum::new(three, &site("london"), Past::default()).expect("a quorum");
    let hello = blank(london.honest("office"));
    assert_eq!(london.hears("office", hello).unfit, Some(Unfit::Unnamed), "it only waits for its name");
    let hello = Hello { stand: Stand::Inside, ..blank(london.honest("office")) };
    assert_eq!(london.hears("office", hello).unfit, bound, "nobody has named it");
}

/// Whoever is outside takes its new name from most of the others, and nothing from a liar.
#[test]
fn one_site_alone_lets_nobody_in() {
    let mut london = Case::new(Stand::Outside { why: "lost".to_owned() }, Disk(50));
    let lie = vec![(site("london"), member(Disk(50), 300))];
    let liar = Hello { members: lie.clone(), life: Starts(u64::MAX), ..london.honest("netherlands") };
    assert_eq!(london.hears("netherlands", liar).named, None);
    let told = |life, at| (Starts(life), vec![(site("london"), member(Disk(50), at))]);
    let (life, members) = told(8, 200);
    let hello = Hello { members: members.clone(), life, ..london.honest("manchester") };
    assert_eq!(
        london.hears("manchester", hello).named,
        None,
        "one of four votes, and the witness says otherwise"
    );
    let hello = Hello { members: members.clone(), life: Starts(9), ..london.honest("office") };
    assert_eq!(london.hears("office", hello).named, None, "two of four");
    let hello = Hello { members, life: Starts(u64::MAX), ..london.honest("netherlands") };
    let admission = Admission { member: member(Disk(50), 200), life: Starts(9), birth: Some(seats()) };
    assert_eq!(london.hears("netherlands", hello).named, Some(admission));
}

/// A disk is held to what its own site signed, and to nothing else.
#[test]
fn a_disk_that_went_back_is_convicted_by_its_own_word() {
    let mut london = Case::new(Stand::Inside, disk_of("london"));
    let own = london.door.hello((&site("office"), None), &london.view, &london.quorum);
    let convicted = |london: &Case, life, then: &Hello| london.door.convicted((life, then), &london.quorum);
    assert_eq!(convicted(&london, BEFORE, &own), None, "it has all that it had");
    let another = Hello { disk: Disk(99), journal: Index(900), ..own.clone() };
    assert_eq!(convicted(&london, BEFORE, &another), None, "of another disk");
    let more = Hello { journal: Index(101), ..own };
    let why = convicted(&london, BEFORE, &more).expect("it has less");
    assert!(why.contains("its journal had #101, and ends at #100"), "{why}");
    // What it was told since does not make good what it had forgotten; what it said in this life may be of today.
    london.door.journaled(Index(102));
    assert_eq!(convicted(&london, BEFORE, &more), Some(why));
    assert_eq!(convicted(&london, LIFE, &more), None);
    // A machine that was taken back to an image of its memory goes back within a life.
    london.door.journaled(Index(100));
    assert!(convicted(&london, LIFE, &more).is_some());
}

/// An agent was set back to a version that cannot read the newest entries: its disk has lost nothing.
#[test]
fn a_fold_that_stops_short_takes_nothing_from_the_journal() {
    let mut london = Case::new(Stand::Inside, disk_of("london"));
    let newer = london.door.hello((&site("office"), None), &london.view, &london.quorum);
    london.view.index = Index(60);
    let older = london.door.hello((&site("office"), None), &london.view, &london.quorum);
    assert_eq!((newer.journal, older.journal), (Index(100), Index(100)));
    assert_eq!(london.door.convicted((BEFORE, &newer), &london.quorum), None);
}

/// What a peer kept of a site comes back to the site, with the site's own signature, also after the peer's restart.
#[test]
fn what_was_signed_is_shown() {
    let mut london = Case::new(Stand::Inside, disk_of("london"));
    let hello = london.honest("office");
    let kept = london.hears("office", hello).keep.expect("more than was known");
    let own = Own { boot: LIFE, ..london.door.own().clone() };
    london.door = Door::new(site("london"), own, vec![(site("office"), kept)]);
    let hello = Hello { journal: Index(60), ..london.honest("office") };
    let greeted = london.hears("office", hello);
    assert!(matches!(greeted.unfit, Some(Unfit::Less { .. })), "{greeted:?}");
    assert_eq!(greeted.leave, None);
    let answer = london.door.hello((&site("office"), None), &london.view, &london.quorum);
    let proof = answer.proof.expect("its own word");
    let (_, then) = Hello::decode(&proof.bytes).expect("a greeting");
    assert_eq!((proof.from, then.journal), (site("office"), Index(100)));
    // Votes that are not spoken of are not forgotten.
    let silent = Hello { marks: Vec::new(), ..london.honest("office") };
    assert_eq!(london.hears("office", silent).unfit, None);
    let mut less = london.honest("office");
    less.marks[0].hard_term = Term(3);
    assert!(matches!(london.hears("office", less).unfit, Some(Unfit::Less { .. })));
}

#[test]
fn a_flood_of_greetings_is_not_listened_to() {
    let mut london = Case::new(Stand::Inside, disk_of("london"));
    let at = |millis| Mono::from_boot(Duration::from_millis(millis));
    let heard = (0..900).filter(|n| !london.door.is_crowded(&site("office"), at(*n))).count();
    assert!((2..=20).contains(&heard), "{heard}");
    assert!(!london.door.is_crowded(&site("office"), at(2_000)), "a second later it is heard again");
    assert!(!london.door.is_crowded(&site("manchester"), at(500)), "others are not kept out by it");
}

#[test]
fn a_greeting_is_never_a_frame() {
    let mut london = Case::new(Stand::Inside, disk_of("london"));
    let bytes = london.honest("office").encode(LIFE);
    assert!(crate::frame::Frame::decode(&bytes).is_err());
    assert!(Hello::decode(&[&bytes[..], &[0]].concat()).is_none());
    assert!(Hello::decode(&bytes[1..]).is_none());
}

/// Somebody on the way keeps a greeting back, and brings it after a newer one: what is older than that accuses nobody.
#[test]
fn a_greeting_that_was_kept_back_accuses_nobody() {
    let mut london = Case::new(Stand::Inside, disk_of("london"));
    let old = Hello { journal: Index(60), ..london.honest("office") };
    let newer = london.honest("office");
    assert!(london.hears("office", newer).known);
    let late = Hello { n: 1_000, ..old };
    let greeted = london.hears("office", late);
    assert_eq!((greeted.known, greeted.unfit, greeted.answer), (false, None, Some(Asks::Yes)));
}
