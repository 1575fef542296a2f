//! A database that somebody or something has changed: opened and lived from, or refused in words; never a panic.

use super::corpus::{POLICY, record};
use super::runner::{Target, fuzz, name};
use agent::quorum::{Past, Quorum};
use agent::start::seats;
use agent::store::Store;
use policies::Policy;
use state::{Index, SiteId, View, codec};
use std::cell::Cell;
use std::path::Path;

/// SQLite has a cache of its own, which is not counted here; what is, are our rows.
const ROWS: (usize, usize) = (16 << 20, 400);

/// A young database as it lies on the disk of an agent that was stopped in order.
fn young(folder: &Path) -> Vec<u8> {
    let file = folder.join("young.db");
    let (mut store, _) = Store::open(&file, "bytemark").expect("it is made");
    let mut quorum = super::corpus::quorum("netherlands");
    for _ in 0..30 {
        quorum.tick();
        while let Some(batch) = quorum.ready() {
            let _ = quorum.written(store.commit(batch).expect("there is room"));
        }
    }
    store.append_journal(&record().rows).expect("there is room");
    drop(store);
    std::fs::read(&file).expect("it was made")
}

#[test]
fn a_changed_database_is_lived_from_or_refused() {
    // In memory where that is possible: each input is a file that is synced.
    let place = Path::new("/dev/shm");
    let dir = if place.is_dir() { tempfile::tempdir_in(place) } else { tempfile::tempdir() };
    let dir = dir.expect("a folder of its own");
    let corpus = vec![young(dir.path())];
    let longest = corpus[0].len() * 2;
    let policy = Policy::read("the test's", POLICY).expect("it is a policy");
    let (file, count) = (dir.path().join("it.db"), Cell::new(0_u32));
    let target =
        Target { name: "database", corpus, words: &["journal", "CREATE TABLE"], memory: ROWS, longest };
    fuzz(&target, |bytes| {
        count.set(count.get() + 1);
        for ending in ["", "-wal", "-journal"] {
            let _ = std::fs::remove_file(format!("{}{ending}", file.display()));
        }
        std::fs::write(&file, bytes).expect("there is room");
        let (store, loaded) = match Store::open(&file, "bytemark") {
            Ok(opened) => opened,
            Err(why) => {
                return Ok(name("refused", &why.to_string().replace(&file.display().to_string(), "")));
            }
        };
        let mut view = View::birth("bytemark");
        for row in store.journal_from(Index(1)) {
            let Ok(row) = row else { return Ok("refused: a row".to_owned()) };
            if let Ok(entry) = codec::decode(&row.bytes) {
                let _ = view.apply(row.index, &row.bytes, &entry);
            }
        }
        let past = Past { journal: loaded.last, voters: loaded.voters, ids: Vec::new() };
        let seats = seats(&policy).expect("they can be counted");
        let mut quorum = match Quorum::new(seats, &SiteId::new("netherlands"), past) {
            Ok(quorum) => quorum,
            Err(why) => return Ok(name("refused", &why)),
        };
        for _ in 0..30 {
            quorum.tick();
            while let Some(batch) = quorum.ready() {
                let _ = quorum.written(batch.written());
            }
        }
        Ok(format!("ok {}", view.runs.len()))
    });
}
