//! The disk by itself: reopened, truncated, foreign, full, locked, and turned read-only under our hands.

use super::*;
use crate::gaps::Missing;
use crate::quorum::{Past, Quorum, RaftId, Seat, Seats, Standing};
use state::SiteId;
use std::fs;
use tempfile::TempDir;

fn fact(index: u64, text: &str) -> JournalRow {
    JournalRow { index: Index(index), term: Term(1), bytes: text.as_bytes().to_vec() }
}

fn open(dir: &TempDir) -> Result<(Store, Loaded), StoreError> {
    Store::open(&dir.path().join("pointsman.db"), "example")
}

/// The whole sentence, as a person would see it with its causes.
fn told(error: &StoreError) -> String {
    let cause = std::error::Error::source(error).map(|source| format!(": {source}"));
    format!("{error}{}", cause.unwrap_or_default())
}

/// A group of one twin pair: it agrees with itself, so that its batches have everything in them.
fn twins(past: Past) -> Quorum {
    let (site, ids) = (SiteId::new("alone"), vec![RaftId(1), RaftId(2)]);
    let seat = Seat { site: site.clone(), ids: ids.clone(), standing: Standing::Voter };
    Quorum::new(Seats::new(vec![seat], ids).unwrap(), &site, past).unwrap()
}

fn settle(quorum: &mut Quorum, store: &mut Store) -> Result<(), StoreError> {
    while let Some(batch) = quorum.ready() {
        let outcome = quorum.written(store.commit(batch)?);
        let row = |fact: crate::quorum::Agreed| JournalRow {
            index: fact.index,
            term: fact.term,
            bytes: fact.bytes,
        };
        store.append_journal(&outcome.agreed.into_iter().map(row).collect::<Vec<_>>())?;
    }
    Ok(())
}

#[test]
fn what_was_committed_is_there_after_a_reopen_without_a_close() {
    let dir = TempDir::new().unwrap();
    let (mut store, loaded) = open(&dir).unwrap();
    assert_eq!((loaded.starts.0, loaded.last, loaded.voters.len()), (1, Index(0), 0));
    let mut quorum = twins(Past::default());
    for _ in 0..30 {
        quorum.tick();
        settle(&mut quorum, &mut store).unwrap();
    }
    for n in 0..20 {
        quorum.propose(format!("fact {n}").into_bytes()).unwrap();
        settle(&mut quorum, &mut store).unwrap();
    }
    let (marks, head) = (quorum.marks(), store.head());
    // A copy of the files as they lie is what a killed process leaves behind.
    let copy = TempDir::new().unwrap();
    for file in fs::read_dir(dir.path()).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    let (store, loaded) = open(&copy).unwrap();
    assert_eq!((loaded.starts.0, loaded.last, loaded.head), (2, head.0, head.1));
    let facts: Vec<_> = store.journal_from(Index(0)).map(|row| row.unwrap().bytes).collect();
    assert_eq!(facts, (0..20).map(|n| format!("fact {n}").into_bytes()).collect::<Vec<_>>());
    let again = twins(Past { journal: loaded.last, voters: loaded.voters, ids: Vec::new() });
    assert_eq!(again.marks(), marks);
}

#[test]
fn a_cut_log_is_short_on_disk_too() {
    let dir = TempDir::new().unwrap();
    let (mut store, _) = open(&dir).unwrap();
    let mut quorum = twins(Past::default());
    for _ in 0..30 {
        quorum.tick();
        settle(&mut quorum, &mut store).unwrap();
    }
    for n in 0..50 {
        quorum.propose(format!("fact {n}").into_bytes()).unwrap();
        settle(&mut quorum, &mut store).unwrap();
    }
    let applied = quorum.applied();
    quorum.compact(Index(applied.0 - 5), b"the view").unwrap();
    settle(&mut quorum, &mut store).unwrap();
    let marks = quorum.marks();
    drop(store);
    let (_store, loaded) = open(&dir).unwrap();
    for voter in &loaded.voters {
        assert_eq!((voter.cut.0.0, voter.entries.len()), (applied.0 - 5, 5));
        assert_eq!(voter.snapshot.as_ref().unwrap().bytes, b"the view");
    }
    assert_eq!(twins(Past { journal: loaded.last, voters: loaded.voters, ids: Vec::new() }).marks(), marks);
}

#[test]
fn the_chain_names_the_first_bad_index() {
    let dir = TempDir::new().unwrap();
    let (mut store, _) = open(&dir).unwrap();
    store.append_journal(&[fact(2, "two"), fact(4, "four"), fact(5, "five")]).unwrap();
    assert!(matches!(store.append_journal(&[fact(5, "again")]), Err(StoreError::Order { .. })));
    store.db.execute("UPDATE journal SET term = 2", []).unwrap_err();
    store.db.execute("DELETE FROM journal", []).unwrap_err();
    store.db.execute("DROP TRIGGER journal_is_not_rewritten", []).unwrap();
    store.db.execute("UPDATE journal SET bytes = x'00' WHERE idx = 4", []).unwrap();
    drop(store);
    let error = open(&dir).unwrap_err();
    assert!(matches!(error, StoreError::Chain { index: Index(4), .. }), "{error}");
}

#[test]
fn the_chain_of_claims_alone_names_the_first_bad_line() {
    let dir = TempDir::new().unwrap();
    let (mut store, _) = open(&dir).unwrap();
    (1..=3).for_each(|n| store.append_alone(n, format!("line {n}").as_bytes()).unwrap());
    assert!(store.append_alone(5, b"line 5").is_err(), "a line is missing before it");
    assert_eq!(store.alone().unwrap().len(), 3);
    store.db.execute("UPDATE alone SET bytes = x'00' WHERE n = 2", []).unwrap_err();
    store.db.execute("DROP TRIGGER alone_is_not_rewritten", []).unwrap();
    store.db.execute("UPDATE alone SET bytes = x'00' WHERE n = 2", []).unwrap();
    let error = store.alone().expect_err("the second line is another one");
    assert!(matches!(error, StoreError::Chain { index: Index(2), .. }), "{error}");
}

#[test]
fn the_chain_goes_on_after_a_gap() {
    let dir = TempDir::new().unwrap();
    let (mut store, _) = open(&dir).unwrap();
    store.append_journal(&[fact(2, "two")]).unwrap();
    let elsewhere = Head([7; 32]);
    store.note_gap(Index(90), elsewhere).unwrap();
    let head = store.append_journal(&[fact(91, "after")]).unwrap();
    store.note_gap(Index(200), elsewhere).unwrap();
    assert_eq!(head, elsewhere.next(Index(91), b"after"));
    drop(store);
    let (store, loaded) = open(&dir).unwrap();
    assert_eq!((loaded.last, loaded.head), (Index(200), elsewhere));
    assert_eq!(store.gaps().unwrap().len(), 2);
}

#[test]
fn a_second_agent_is_refused() {
    let dir = TempDir::new().unwrap();
    let (_store, _) = open(&dir).unwrap();
    let error = open(&dir).unwrap_err();
    assert!(matches!(error, StoreError::Locked(_)), "{}", told(&error));
    assert!(told(&error).contains("another agent runs on this database"));
}

#[test]
fn a_foreign_file_is_refused_and_left_as_it_was() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("pointsman.db");
    let other = Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE cats (name TEXT); PRAGMA user_version = 9;").unwrap();
    drop(other);
    let before = fs::read(&path).unwrap();
    let error = open(&dir).unwrap_err();
    assert!(matches!(error, StoreError::Foreign(_)), "{}", told(&error));
    assert_eq!(fs::read(&path).unwrap(), before);

    fs::write(&path, "this is a letter to my aunt, and by no means a database".repeat(100)).unwrap();
    let error = open(&dir).unwrap_err();
    assert!(matches!(error, StoreError::Foreign(_)), "{}", told(&error));
}

#[test]
fn another_clusters_database_and_a_newer_one_are_refused() {
    let dir = TempDir::new().unwrap();
    drop(open(&dir).unwrap());
    let error = Store::open(&dir.path().join("pointsman.db"), "elsewhere").unwrap_err();
    assert!(told(&error).ends_with("it belongs to the cluster example, not to elsewhere"), "{error}");
    let (store, loaded) = open(&dir).unwrap();
    assert_eq!(loaded.starts.0, 2, "a refused start is not counted");
    store.db.execute_batch("PRAGMA user_version = 7").unwrap();
    drop(store);
    assert!(matches!(open(&dir), Err(StoreError::Newer { found: 7, .. })));
}

#[test]
fn a_truncated_file_is_refused() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("pointsman.db");
    let (mut store, _) = open(&dir).unwrap();
    let rows: Vec<_> = (1..400).map(|n| fact(n, &"x".repeat(300))).collect();
    store.append_journal(&rows).unwrap();
    drop(store);
    let whole = fs::read(&path).unwrap();
    assert!(whole.len() > 50_000, "the log was written back at the end");
    for keep in [whole.len() / 2, whole.len() - 5000, 4096, 1000, 50] {
        fs::write(&path, &whole[..keep]).unwrap();
        let error = open(&dir).expect_err(&format!("{keep} bytes of {}", whole.len()));
        let refused = matches!(error, StoreError::Damaged { .. } | StoreError::Foreign(_));
        assert!(refused, "{keep} bytes: {}", told(&error));
    }
    fs::write(&path, &whole).unwrap();
    assert_eq!(open(&dir).unwrap().1.last, Index(399));
}

/// Whatever failed, the second call fails too, even though the disk would take it again.
#[test]
fn a_failed_write_is_the_last_one() {
    let full = "PRAGMA max_page_count = 1";
    let read_only = "PRAGMA query_only = ON";
    for (break_it, mend_it) in
        [(full, "PRAGMA max_page_count = 100000"), (read_only, "PRAGMA query_only = OFF")]
    {
        let dir = TempDir::new().unwrap();
        let (mut store, _) = open(&dir).unwrap();
        store.append_journal(&[fact(1, "one")]).unwrap();
        let head = store.head();
        store.db.execute_batch(break_it).unwrap();
        let error = store.append_journal(&[fact(2, &"x".repeat(100_000))]).unwrap_err();
        assert!(matches!(error, StoreError::Sqlite { .. }), "{}", told(&error));
        store.db.execute_batch(mend_it).unwrap();
        let error = store.keep("colour", b"blue").unwrap_err();
        assert!(matches!(error, StoreError::Ended { .. }), "{}", told(&error));
        assert_eq!(store.head(), head);
        drop(store);
        let (store, loaded) = open(&dir).unwrap();
        assert_eq!((loaded.last, store.kept("colour").unwrap()), (Index(1), None));
    }
}

#[test]
fn small_facts_are_kept() {
    let dir = TempDir::new().unwrap();
    let (mut store, _) = open(&dir).unwrap();
    store.keep("carrier", b"192.0.2.7").unwrap();
    store.keep("carrier", b"192.0.2.8").unwrap();
    drop(store);
    assert_eq!(open(&dir).unwrap().0.kept("carrier").unwrap().unwrap(), b"192.0.2.8");
}

#[test]
fn a_gap_is_filled_as_a_whole_and_only_with_what_was_agreed() {
    let dir = TempDir::new().unwrap();
    let (mut store, _) = open(&dir).unwrap();
    let birth = store.head().1;
    let lost = [fact(3, "three"), fact(4, "four"), fact(7, "seven")];
    let head = store.append_journal(&[fact(2, "two")]).unwrap();
    let upto = (Index(9), lost.iter().fold(head, |head, row| head.next(row.index, &row.bytes)));
    store.note_gap(upto.0, upto.1).unwrap();
    let missing = store.missing().unwrap().unwrap();
    assert_eq!(missing, Missing { after: (Index(2), head), upto });
    assert_eq!(store.facts(Index(2), Index(9)).unwrap(), None, "it lacks them itself");

    let error = store.fill(&missing, &lost[..2]).unwrap_err();
    assert!(matches!(error, StoreError::Chain { index: Index(9), .. }), "{error}");
    assert_eq!(store.missing().unwrap(), Some(missing));
    store.fill(&missing, &lost).unwrap();
    assert_eq!(store.missing().unwrap(), None);
    assert_eq!(store.facts(Index(2), Index(9)).unwrap().unwrap(), lost);
    let after = store.append_journal(&[fact(10, "ten")]).unwrap();
    drop(store);
    let (store, loaded) = open(&dir).unwrap();
    assert_eq!((loaded.last, loaded.head), (Index(10), after));
    let chained = store.journal_from(Index(0)).fold(birth, |head, row| {
        let row = row.unwrap();
        head.next(row.index, &row.bytes)
    });
    assert_eq!(chained, after, "one chain from the birth to the end");
}

#[test]
fn a_filled_gap_still_marks_how_far_the_journal_reaches() {
    let dir = TempDir::new().unwrap();
    let (mut store, _) = open(&dir).unwrap();
    let head = store.append_journal(&[fact(2, "two")]).unwrap();
    store.note_gap(Index(9), head).unwrap();
    let missing = store.missing().unwrap().unwrap();
    store.fill(&missing, &[]).unwrap();
    drop(store);
    let (_, loaded) = open(&dir).unwrap();
    assert_eq!((loaded.last, loaded.head), (Index(9), head));
}
