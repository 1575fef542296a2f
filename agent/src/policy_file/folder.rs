//! The folder of the policy file: read within limits, replaced as a whole, and never over what nobody has read.

use super::{Fate, Found, POLICY_MAX, Rewrite};
use state::Imprint;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// What a file that was set aside is called behind its own name; four digits of its text follow.
const ASIDE: &str = ".aside-";
/// The mode of a file that had to be made anew.
const MODE: u32 = 0o640;

/// What the folder shows.
pub(super) fn look(path: &Path, unwritable: Option<String>) -> Found {
    let text = read(path).map_err(|why| format!("cannot read {}: {why}", path.display()));
    Found { path: path.display().to_string(), text, aside: aside(path), unwritable }
}

/// The text; `None` if there is no file.
fn read(path: &Path) -> io::Result<Option<String>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(fault) => return Err(fault),
    };
    let mut bytes = Vec::new();
    let limit = u64::try_from(POLICY_MAX).unwrap_or(u64::MAX);
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() > POLICY_MAX {
        return Err(io::Error::other(format!("it is longer than {} KiB", POLICY_MAX / 1024)));
    }
    let text = String::from_utf8(bytes);
    text.map(Some).map_err(|fault| io::Error::other(format!("it is not UTF-8 text: {fault}")))
}

/// The edits that lie beside the file.
fn aside(path: &Path) -> Vec<String> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Vec::new() };
    let begins = format!("{}{ASIDE}", name.to_string_lossy());
    let listing = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = listing.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| name.starts_with(&begins)).collect();
    names.sort();
    names
}

/// Carries out an order, if what it is about is still there; else whoever looks next decides anew.
pub(super) fn rewrite(path: &Path, order: &Rewrite) -> Result<(), String> {
    // A file that is a link to another place stays one.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let failed = |why: io::Error| format!("cannot write {}: {why}", path.display());
    if holds(&path).map_err(failed)? != order.over {
        return Ok(());
    }
    let temporary = temporary(&path, &order.with).map_err(failed)?;
    let done = match (order.fate, order.over) {
        (Fate::Replaced, Some(_)) => replace(&path, &temporary, order.over),
        (Fate::SetAside, Some(over)) => set_aside(&path, over).and_then(|()| add(&path, &temporary)),
        (Fate::Replaced | Fate::SetAside, None) => add(&path, &temporary),
    };
    // Where it was renamed it is gone, which is as well.
    let _ = fs::remove_file(&temporary);
    done.and_then(|()| sync_folder(&path)).map_err(failed)
}

/// The imprint of what stands there.
fn holds(path: &Path) -> io::Result<Option<Imprint>> {
    Ok(read(path)?.map(|text| Imprint::of(&text)))
}

/// The new text beside the file, with its mode, and its owner where that is allowed.
fn temporary(path: &Path, text: &str) -> io::Result<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.new"));
    let _ = fs::remove_file(&temporary);
    let like = fs::metadata(path).ok();
    let mode = like.as_ref().map_or(MODE, |like| like.mode() & 0o777);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&temporary)?;
    // The mask of the process may have taken something from it.
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    if let Some(like) = &like {
        // Only root may give a file away; from another user's agent it then belongs to that user.
        let _ = std::os::unix::fs::fchown(&file, Some(like.uid()), Some(like.gid()));
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(temporary)
}

/// The new text takes the file's place in one step. Whoever saved in the last moment is told apart once more.
fn replace(path: &Path, temporary: &Path, over: Option<Imprint>) -> io::Result<()> {
    if holds(path)? == over { fs::rename(temporary, path) } else { Ok(()) }
}

/// The new text gets the file's name, which nobody has; a file that has come meanwhile is looked at next.
fn add(path: &Path, temporary: &Path) -> io::Result<()> {
    match fs::hard_link(temporary, path) {
        Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        done => done,
    }
}

/// A person's text goes under another name, as it is.
fn set_aside(path: &Path, over: Imprint) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    fs::rename(path, path.with_file_name(format!("{name}{ASIDE}{over}")))
}

fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(over: Option<&str>, fate: Fate) -> Rewrite {
        Rewrite { over: over.map(Imprint::of), fate, with: "agreed\n".to_owned() }
    }

    #[test]
    fn a_text_is_replaced_as_a_whole_and_keeps_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.yaml");
        fs::write(&path, "old\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o604)).unwrap();
        rewrite(&path, &order(Some("old\n"), Fate::Replaced)).unwrap();
        assert_eq!(look(&path, None).text, Ok(Some("agreed\n".to_owned())));
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o604);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn what_was_saved_meanwhile_is_neither_replaced_nor_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.yaml");
        fs::write(&path, "newer\n").unwrap();
        for fate in [Fate::Replaced, Fate::SetAside] {
            rewrite(&path, &order(Some("old\n"), fate)).unwrap();
            rewrite(&path, &order(None, fate)).unwrap();
        }
        let found = look(&path, None);
        assert_eq!((found.text, found.aside), (Ok(Some("newer\n".to_owned())), Vec::new()));
    }

    #[test]
    fn a_persons_text_is_kept_under_another_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.yaml");
        fs::write(&path, "mine\n").unwrap();
        rewrite(&path, &order(Some("mine\n"), Fate::SetAside)).unwrap();
        let found = look(&path, None);
        let name = format!("policy.yaml.aside-{}", Imprint::of("mine\n"));
        assert_eq!((found.text, &found.aside), (Ok(Some("agreed\n".to_owned())), &vec![name.clone()]));
        assert_eq!(fs::read_to_string(folder.path().join(name)).unwrap(), "mine\n");
        fs::remove_file(&path).unwrap();
        rewrite(&path, &order(None, Fate::Replaced)).unwrap();
        assert_eq!(look(&path, None).text, Ok(Some("agreed\n".to_owned())));
    }

    #[test]
    fn what_is_no_text_or_too_long_is_refused_in_words() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.yaml");
        assert_eq!(look(&path, None).text, Ok(None));
        fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(look(&path, None).text.unwrap_err().contains("UTF-8"));
        fs::write(&path, vec![b'#'; POLICY_MAX + 1]).unwrap();
        assert!(look(&path, None).text.unwrap_err().contains("longer than 96 KiB"));
    }
}
