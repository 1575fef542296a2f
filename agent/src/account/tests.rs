//! A journal that is whole, one with a gap, one that was changed, and one of a newer version.

use super::*;
use crate::command::FactBytes;
use state::fact::{Entry, Fact, Mode, Origin};
use state::{Starts, Who};
use std::time::Duration;

fn fact(index: u64, mode: Mode) -> FactBytes {
    let origin = Origin { site: SiteId::new("office"), starts: Starts(1), n: index };
    let fact = Fact::ModeSet { route: None, mode, who: Who::new("matthew") };
    let entry = Entry { origin, stamp: Stamp::from_millis(index * 1000), fact };
    FactBytes { index: Index(index), bytes: codec::encode(&entry).unwrap() }
}

fn journal() -> Vec<FactBytes> {
    [(2, Mode::Manual), (3, Mode::Auto), (7, Mode::Advise)].map(|(index, mode)| fact(index, mode)).to_vec()
}

/// The head that these facts lead to.
fn head(facts: &[FactBytes]) -> Head {
    facts.iter().fold(Head::birth("bytemark"), |head, fact| head.next(fact.index, &fact.bytes))
}

fn read(facts: &[FactBytes], gaps: Vec<(Index, Head)>, past: Option<u64>) -> Account {
    let page = |facts: &[FactBytes]| JournalPage {
        here: SiteId::new("london"),
        at: Stamp::from_millis(60_000),
        birth: Head::birth("bytemark"),
        facts: facts.to_vec(),
        gaps: gaps.clone(),
        folded: (Index(0), Head::default()),
        peers: Vec::new(),
    };
    let mut account = Account::begin(Head::birth("bytemark"), past.map(Stamp::from_millis));
    for fact in facts {
        assert_eq!(account.take(&page(std::slice::from_ref(fact))), Progress::More);
    }
    // A page that comes twice counts once.
    let _ = account.take(&page(facts));
    assert_eq!(account.take(&page(&[])), Progress::Enough);
    account
}

fn says(account: &Account, index: u64, head: Head) -> Compared {
    let site = SiteId::new("office");
    account.compare(&PeerHead { site, index: Index(index), head, age: Duration::ZERO })
}

#[test]
fn a_whole_journal_is_compared_at_every_place() {
    let facts = journal();
    let account = read(&facts, Vec::new(), None);
    assert_eq!((account.end, account.lines.len()), ((Index(7), head(&facts)), 3));
    assert_eq!(says(&account, 7, head(&facts)), Compared::Same);
    assert_eq!(says(&account, 3, head(&facts[..2])), Compared::Same);
    assert_eq!(
        says(&account, 5, head(&facts[..2])),
        Compared::Same,
        "an entry that is no fact changes no head"
    );
    assert_eq!(says(&account, 3, head(&facts)), Compared::Differs);
    assert_eq!(says(&account, 8, head(&facts)), Compared::Ahead);
    assert_eq!(says(&account, 0, Head::birth("bytemark")), Compared::Nothing);
    assert_eq!(says(&account, 0, Head::birth("another")), Compared::Differs, "another cluster's beginning");
}

#[test]
fn one_changed_byte_is_another_history() {
    let mut facts = journal();
    let told = head(&facts);
    *facts[1].bytes.last_mut().unwrap() ^= 1;
    assert_eq!(says(&read(&facts, Vec::new(), None), 7, told), Compared::Differs);
}

#[test]
fn behind_a_gap_the_chain_goes_on_and_the_fold_does_not() {
    let facts = journal();
    let gap = (Index(5), head(&facts[..2]));
    let with_gap = [facts[0].clone(), facts[2].clone()];
    let account = read(&with_gap, vec![gap], Some(6_000));
    assert_eq!(account.holes, [Hole { after: Index(2), upto: Index(5) }]);
    assert_eq!((account.end.1, account.lines.len()), (head(&facts), 2), "the chain is the others' again");
    assert_eq!(says(&account, 4, head(&facts[..2])), Compared::Missing);
    assert_eq!(says(&account, 7, head(&facts)), Compared::Same);
    let asked = |account: &Account| past(account, Stamp::from_millis(6_000), (None, &SiteId::new("london")));
    let Past::Unknown(why) = asked(&account) else { panic!("facts are missing before it") };
    let expected = "the journal here lacks the entries from #2 to #5, and nothing after them can be replayed";
    assert_eq!(why.to_string(), expected);
    // A gap in which there were no facts is none.
    let account = read(&facts, vec![(Index(5), head(&facts[..2]))], None);
    assert!(account.holes.is_empty() && account.view.is_some());
}

#[test]
fn a_gap_at_the_end_is_one() {
    let facts = journal();
    let account = read(&facts[..1], vec![(Index(7), head(&facts))], None);
    assert_eq!(account.holes, [Hole { after: Index(2), upto: Index(7) }]);
    assert_eq!(says(&account, 7, head(&facts)), Compared::Same);
}

#[test]
fn a_fact_of_a_newer_version_is_named() {
    let mut facts = journal();
    facts[1].bytes[0] = 9;
    let account = read(&facts, Vec::new(), None);
    let (index, why) = account.unreadable.clone().unwrap();
    assert_eq!((index, account.lines.len()), (Index(3), 2));
    assert!(why.contains("schema 9"), "{why}");
    assert_eq!(account.end.1, head(&facts), "its bytes are in the chain all the same");
}

#[test]
fn the_past_ends_at_its_moment() {
    let account = read(&journal(), Vec::new(), Some(3_500));
    let then = account.then();
    assert_eq!((then.index, then.lines), (Index(3), 2));
    assert_eq!(then.view.unwrap().mode, Some(Mode::Auto));
    let before = read(&journal(), Vec::new(), Some(1_000));
    let at = Stamp::from_millis(1_000);
    let Past::Unknown(why) = past(&before, at, (None, &SiteId::new("london"))) else {
        panic!("nothing was yet")
    };
    assert_eq!(why.to_string(), "nothing was agreed yet: the journal begins at 1970-01-01 00:00:02 UTC");
}
