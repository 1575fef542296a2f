//! Folders and files with the right mode from their first moment, and a whole tree that appears at once.

use super::InitError;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Who may read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Its owner alone: keys.
    Ours,
    /// Everybody.
    All,
}

/// A folder being filled. The outermost one is removed with all it holds unless it became real.
pub(super) struct Folder {
    path: PathBuf,
    unfinished: Unfinished,
}

#[derive(PartialEq, Eq)]
enum Unfinished {
    Remove,
    Leave,
}

impl Folder {
    /// A new folder in the same parent as `dir`, so that it can be renamed to it.
    pub(super) fn beside(dir: &Path) -> Result<Self, InitError> {
        let fault = |source| InitError::Write { path: dir.to_owned(), source };
        let dir = std::path::absolute(dir).map_err(fault)?;
        let name = dir.file_name().unwrap_or_default().to_string_lossy();
        let path = dir.with_file_name(format!(".{name}.{:016x}", rand::random::<u64>()));
        make(&path)?;
        Ok(Self { path, unfinished: Unfinished::Remove })
    }

    /// A folder in this one; like every folder here it leads to a key, so it is its owner's alone.
    pub(super) fn inner(&self, name: &str) -> Result<Self, InitError> {
        let path = self.path.join(name);
        make(&path)?;
        Ok(Self { path, unfinished: Unfinished::Leave })
    }

    /// A new file in this folder, on the disk when this returns.
    pub(super) fn file(&self, name: &str, bytes: &[u8], access: Access) -> Result<(), InitError> {
        let path = self.path.join(name);
        let mode = match access {
            Access::Ours => 0o600,
            Access::All => 0o644,
        };
        write(&path, bytes, mode).map_err(|source| InitError::Write { path, source })
    }

    /// Puts the whole tree where it was asked for. An empty folder there is replaced, a full one is not.
    pub(super) fn become_real(mut self, dir: &Path) -> Result<(), InitError> {
        let fault = |source| InitError::Write { path: dir.to_owned(), source };
        std::fs::rename(&self.path, dir).map_err(fault)?;
        self.unfinished = Unfinished::Leave;
        Ok(())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.unfinished == Unfinished::Remove {
            // The fault that brought us here is being told; that something is left says its own name.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

fn make(path: &Path) -> Result<(), InitError> {
    let made = DirBuilder::new().mode(0o700).create(path);
    made.map_err(|source| InitError::Write { path: path.to_owned(), source })
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut file: File = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
