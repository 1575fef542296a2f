//! The name of the disk: in the database and beside the configuration, so that the loss of one shows in the other.

use super::StartError;
use crate::door;
use crate::store::{Loaded, Store, StoreError};
use policies::Policy;
use state::alone::AloneEntry;
use state::{Disk, SiteId};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The database, in the folder of state.
const DATABASE: &str = "pointsman.db";
/// The file beside the configuration.
const BESIDE: &str = "disk";
/// What a person reads in it.
const WARNING: &str = "# The name of this disk in the cluster. Never edit, copy or restore it, nor the database:\n\
                       # after a loss, `pointsman readmit SITE` on a healthy site lets this one back in.\n";

/// A database whose disk has a name.
pub(super) struct Opened {
    pub(super) store: Store,
    pub(super) loaded: Loaded,
    pub(super) disk: Disk,
    /// Why it may not vote, if it is so. Then it is empty: what was there before is put aside.
    pub(super) outside: Option<String>,
}

/// Where the two names of a disk are kept.
pub(super) struct Shelf<'a> {
    pub(super) state: &'a Path,
    pub(super) beside: &'a Path,
    pub(super) cluster: &'a str,
}

/// Opens the database and compares it with the file beside the configuration.
pub(super) fn open(shelf: &Shelf<'_>) -> Result<Opened, StartError> {
    let written = read(&shelf.beside.join(BESIDE))?;
    let (mut store, loaded) = Store::open(&shelf.state.join(DATABASE), shelf.cluster)?;
    let kept = number(store.kept(door::DISK)?.as_deref());
    let told = store
        .kept(door::OUTSIDE)?
        .filter(|why| !why.is_empty())
        .map(|why| String::from_utf8_lossy(&why).into_owned());
    let (disk, outside) = match (kept, written) {
        (None, None) => {
            let disk = draw();
            store.keep(door::DISK, &disk.0.to_be_bytes())?;
            (disk, None)
        }
        (Some(disk), None) => (disk, told),
        (Some(disk), Some(file)) if disk == file => (disk, told),
        (None, Some(_)) => {
            return put_aside(shelf, store, "its database is gone; the file `disk` tells that there was one");
        }
        (Some(_), Some(_)) => {
            return put_aside(shelf, store, "its database is not the one that the file `disk` names");
        }
    };
    // Whoever was named and holds nothing yet was convicted in that moment: under this name it would be let in again.
    let used = !loaded.is_blank() || store.kept(door::NAMED)?.is_some();
    match outside {
        Some(why) if used => put_aside(shelf, store, &why),
        outside => {
            write(&shelf.beside.join(BESIDE), (disk, written))?;
            Ok(Opened { store, loaded, disk, outside })
        }
    }
}

/// What this disk had promised is not known, so it begins anew, without votes and under another name. What it
/// holds is left to people.
pub(super) fn put_aside(shelf: &Shelf<'_>, store: Store, why: &str) -> Result<Opened, StartError> {
    drop(store);
    let disk = draw();
    let path = shelf.state.join(DATABASE);
    for ending in ["", "-wal", "-shm"] {
        let from = PathBuf::from(format!("{}{ending}", path.display()));
        let to = PathBuf::from(format!("{}.before-{disk}{ending}", path.display()));
        match std::fs::rename(&from, &to) {
            Ok(()) => {}
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(StartError::File { path: from, source }),
        }
    }
    let (mut store, loaded) = Store::open(&path, shelf.cluster)?;
    store.keep_all(&[
        (door::DISK.to_owned(), disk.0.to_be_bytes().to_vec()),
        (door::OUTSIDE.to_owned(), why.as_bytes().to_vec()),
    ])?;
    write(&shelf.beside.join(BESIDE), (disk, None))?;
    Ok(Opened { store, loaded, disk, outside: Some(why.to_owned()) })
}

fn draw() -> Disk {
    // Terms, indexes and disks are stored as what SQLite and people can compare; 0 stands for none.
    Disk(rand::random_range(1..=u64::MAX))
}

fn number(bytes: Option<&[u8]>) -> Option<Disk> {
    bytes.and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes).map(Disk)
}

fn read(path: &Path) -> Result<Option<Disk>, StartError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(StartError::File { path: path.to_owned(), source }),
    };
    let line = text.lines().find_map(|line| line.strip_prefix("disk "));
    let disk = line.and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok()).map(Disk);
    disk.map(Some).ok_or_else(|| StartError::Disk { path: path.to_owned() })
}

/// Whole or not at all: half a name would keep the site down.
fn write(path: &Path, (disk, written): (Disk, Option<Disk>)) -> Result<(), StartError> {
    if written == Some(disk) {
        return Ok(());
    }
    let draft = path.with_extension("new");
    let put = || {
        let mut file = File::create(&draft)?;
        file.write_all(format!("{WARNING}disk {disk}\n").as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&draft, path)?;
        File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
    };
    put().map_err(|source| StartError::File { path: path.to_owned(), source })
}

/// The most that was ever heard of each peer.
pub(super) fn heard(store: &Store, policy: &Policy) -> Result<Vec<(SiteId, Vec<u8>)>, StoreError> {
    let mut heard = Vec::new();
    for site in &policy.sites {
        heard.extend(store.kept(&door::heard(&site.id))?.map(|bytes| (site.id.clone(), bytes)));
    }
    Ok(heard)
}

/// What persons did from here without an agreement.
pub(super) fn alone(store: &Store) -> Result<Vec<(u64, AloneEntry)>, StartError> {
    let line = |(n, bytes): (u64, Vec<u8>)| match AloneEntry::decode(&bytes) {
        Ok(line) => Ok((n, line)),
        Err(source) => Err(StartError::Alone { n, source }),
    };
    store.alone()?.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::{Opened, Shelf, open};
    use crate::door::{self, Named};
    use state::Index;

    /// A site that was named and convicted before it was told anything: if it kept its name, the others, who see it
    /// as they named it, would let it in and send it away for ever.
    #[test]
    fn a_named_disk_that_may_not_vote_begins_under_another_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let shelf = Shelf { state: folder.path(), beside: folder.path(), cluster: "town" };
        let opened = || open(&shelf).expect("it can be opened");
        let Opened { mut store, disk: first, outside: None, .. } = opened() else { panic!("it is new") };
        let left = (door::OUTSIDE.to_owned(), b"it went back in time".to_vec());
        store.keep(&left.0, &left.1).expect("it is kept");
        drop(store);
        let Opened { mut store, disk, outside: Some(_), .. } = opened() else { panic!("it is outside") };
        assert_eq!(disk, first, "it holds nothing, and nobody has named it");
        let named = Named { at: Index(59), raft_ids: vec![7] };
        store.keep_all(&[left, (door::NAMED.to_owned(), named.to_bytes())]).expect("it is kept");
        drop(store);
        let Opened { store, disk, outside: Some(_), .. } = opened() else { panic!("it is outside") };
        assert_ne!(disk, first);
        assert_eq!(store.kept(door::NAMED).expect("it can be read"), None);
        drop(store);
        let Opened { disk: again, .. } = opened();
        assert_eq!(again, disk, "this name waits for people");
    }
}
