//! Opening the database: is it ours, is it whole, is it free, is it of this version.

use super::{StoreError, keep};
use rusqlite::{Connection, ErrorCode, OptionalExtension};
use std::path::Path;
use std::time::Duration;

/// "PNTS" at offset 68 of the file, where SQLite keeps an application's own mark.
const APPLICATION: i32 = 0x504E_5453;

/// Step n brings a database from schema n to n + 1. Steps are added, never changed.
const SCHEMA: [&str; 4] = [
    include_str!("../../../state/schema/001-first.sql"),
    include_str!("../../../state/schema/002-gaps-are-filled.sql"),
    include_str!("../../../state/schema/003-alone.sql"),
    include_str!("../../../state/schema/004-members.sql"),
];

/// A database that is ours, whole, locked, and of the newest schema.
pub(super) fn open(path: &Path, cluster: &str) -> Result<Connection, StoreError> {
    let db = Connection::open(path).map_err(|source| cause(path, source))?;
    let ready = prepare(&db).map_err(|source| cause(path, source))?;
    match ready {
        Found::Foreign => return Err(StoreError::Foreign(path.to_owned())),
        Found::ReadOnly => return Err(StoreError::ReadOnly(path.to_owned())),
        Found::Damaged(why) => return Err(StoreError::Damaged { path: path.to_owned(), why }),
        Found::Ours => {}
    }
    migrate(&db, path)?;
    own(&db, path, cluster)?;
    Ok(db)
}

enum Found {
    Ours,
    Foreign,
    Damaged(String),
    ReadOnly,
}

/// Nothing is written before the file is known to be ours.
fn prepare(db: &Connection) -> rusqlite::Result<Found> {
    // SQLite silently opens what it may not write for reading, and then fails to lock it.
    if db.is_readonly("main")? {
        return Ok(Found::ReadOnly);
    }
    // Waiting would not help: whoever has the lock keeps it as long as it runs.
    db.busy_timeout(Duration::ZERO)?;
    db.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    let mark: i32 = db.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let tables: u32 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if mark != APPLICATION && !(mark == 0 && tables == 0) {
        return Ok(Found::Foreign);
    }
    let verdict: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Ok(Found::Damaged(verdict));
    }
    let mode: String = db.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    debug_assert_eq!(mode, "wal", "a file can always be in WAL mode, only memory cannot");
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "foreign_keys", "ON")?;
    db.pragma_update(None, "application_id", APPLICATION)?;
    Ok(Found::Ours)
}

/// Each step in its own transaction, together with the number that says it was done.
fn migrate(db: &Connection, path: &Path) -> Result<(), StoreError> {
    let version = db.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0));
    let version = version.map_err(|source| cause(path, source))?;
    let found = usize::try_from(version).unwrap_or(usize::MAX);
    if found > SCHEMA.len() {
        return Err(StoreError::Newer { path: path.to_owned(), found, known: SCHEMA.len() });
    }
    for (step, sql) in SCHEMA.iter().enumerate().skip(found) {
        let sql = format!("BEGIN IMMEDIATE; {sql}; PRAGMA user_version = {}; COMMIT;", step + 1);
        db.execute_batch(&sql).map_err(|source| cause(path, source))?;
    }
    Ok(())
}

/// A database serves one cluster for life: its journal begins with the cluster's name.
fn own(db: &Connection, path: &Path, cluster: &str) -> Result<(), StoreError> {
    let known =
        db.query_row("SELECT value FROM kept WHERE key = 'cluster'", [], |row| row.get::<_, Vec<u8>>(0));
    let known = known.optional().map_err(|source| cause(path, source))?;
    match known {
        None => keep(db, "cluster", cluster.as_bytes()).map_err(|source| cause(path, source)),
        Some(name) if name == cluster.as_bytes() => Ok(()),
        Some(name) => {
            let theirs = String::from_utf8_lossy(&name).into_owned();
            Err(StoreError::OtherCluster { path: path.to_owned(), theirs, ours: cluster.to_owned() })
        }
    }
}

/// SQLite's codes in our words.
fn cause(path: &Path, source: rusqlite::Error) -> StoreError {
    let path = path.to_owned();
    let code = source.sqlite_error_code();
    if matches!(code, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)) {
        StoreError::Locked(path)
    } else if code == Some(ErrorCode::NotADatabase) {
        StoreError::Foreign(path)
    } else if code == Some(ErrorCode::DatabaseCorrupt) {
        StoreError::Damaged { path, why: source.to_string() }
    } else if code == Some(ErrorCode::ReadOnly) {
        StoreError::ReadOnly(path)
    } else {
        StoreError::Sqlite { attempt: "open the database", path, source }
    }
}
