//! The secrets of this machine: one file per name, readable by its owner alone, user and password on two lines.

use crate::links::name::is_label;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// A user and a password fit many times; more is not a secret but the wrong file.
const SIZE_MAX: u64 = 4096;

/// Why a secret cannot be used. None of these texts holds a part of one.
#[derive(Debug, Error)]
pub enum SecretError {
    /// The name cannot be that of a file in the folder.
    #[error("`{0}` cannot name a secret: write lower-case letters, digits and hyphens")]
    Name(String),
    /// The file or the folder cannot be read.
    #[error("cannot read the secret `{}`", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file lies open to others on this machine.
    #[error("`{0}` can be read by others (mode {mode:04o}); hint: `chmod 600 {0}`", path.display())]
    Open {
        /// Which.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Not two lines.
    #[error("`{at}` must be two lines of text, the user and the password; hint: `sudoedit {at}`", at = .0.display())]
    Form(PathBuf),
}

/// The folder of secrets. It keeps none in memory: each is read when it is needed, so a new one needs no restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secrets {
    folder: PathBuf,
}

impl Secrets {
    /// The secrets in a folder, which need not exist: then there are none.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The names of the secrets that this site holds, whether or not their files are in order, sorted.
    pub fn names(&self) -> Result<Vec<String>, SecretError> {
        let fault = |source| SecretError::Read { path: self.folder.clone(), source };
        let entries = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(gone) if gone.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(fault(source)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry.map_err(fault)?.file_name();
            // What an editor leaves behind (`magrathea~`, `.magrathea.swp`) is no secret by its name.
            names.extend(name.to_str().filter(|name| is_label(name)).map(str::to_owned));
        }
        names.sort();
        Ok(names)
    }

    /// Where a secret is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The user and the password of one secret: the first line and the second line of its file.
    pub fn read(&self, name: &str) -> Result<(String, String), SecretError> {
        if !is_label(name) {
            return Err(SecretError::Name(name.to_owned()));
        }
        let path = self.path(name);
        let text = read_closed(&path)?;
        let mut lines = text.lines();
        match (lines.next(), lines.next(), lines.next()) {
            (Some(user), Some(password), None) if !user.is_empty() && !password.is_empty() => {
                Ok((user.to_owned(), password.to_owned()))
            }
            _ => Err(SecretError::Form(path)),
        }
    }
}

// The mode is that of the file opened, not of the path, which might by then name another.
fn read_closed(path: &Path) -> Result<String, SecretError> {
    let fault = |source| SecretError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(fault)?;
    let mode = file.metadata().map_err(fault)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(SecretError::Open { path: path.to_owned(), mode: mode & 0o7777 });
    }
    let mut bytes = Vec::new();
    file.take(SIZE_MAX + 1).read_to_end(&mut bytes).map_err(fault)?;
    if bytes.len() as u64 > SIZE_MAX {
        return Err(SecretError::Form(path.to_owned()));
    }
    String::from_utf8(bytes).map_err(|_| SecretError::Form(path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(mode: u32, text: &str) -> (tempfile::TempDir, Secrets) {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("magrathea");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let secrets = Secrets::at(temp.path());
        (temp, secrets)
    }

    #[test]
    fn two_lines_are_user_and_password() {
        for text in ["anna\np w:x\n", "anna\np w:x", "anna\r\np w:x\r\n"] {
            let (_temp, secrets) = folder(0o600, text);
            assert_eq!(secrets.read("magrathea").unwrap(), ("anna".to_owned(), "p w:x".to_owned()));
            assert_eq!(secrets.names().unwrap(), ["magrathea"]);
        }
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_with_the_command_that_mends_it() {
        for mode in [0o640, 0o604, 0o660] {
            let (temp, secrets) = folder(mode, "anna\nswordfish\n");
            let fault = secrets.read("magrathea").unwrap_err().to_string();
            let hint = format!("chmod 600 {}", temp.path().join("magrathea").display());
            assert!(fault.contains(&hint) && !fault.contains("swordfish"), "{fault}");
        }
    }

    #[test]
    fn anything_but_two_lines_is_refused_without_showing_it() {
        for text in ["", "anna:swordfish\n", "anna\n\n", "\nswordfish\n", "anna\nswordfish\nmore\n"] {
            let (_temp, secrets) = folder(0o600, text);
            let fault = secrets.read("magrathea").unwrap_err();
            assert!(matches!(fault, SecretError::Form(_)), "{text:?}");
            assert!(!format!("{fault} {fault:?}").contains("swordfish"));
        }
    }

    #[test]
    fn a_name_never_leaves_the_folder_and_no_folder_holds_none() {
        let (_temp, secrets) = folder(0o600, "a\nb\n");
        assert!(matches!(secrets.read("../etc/shadow"), Err(SecretError::Name(_))));
        assert!(Secrets::at("/nonexistent/secrets").names().unwrap().is_empty());
    }
}
