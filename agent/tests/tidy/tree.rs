//! The project's own text files, read once and sorted, so that every law sees the same tree.

use std::fs;
use std::path::{Path, PathBuf};

/// One text file of the project; `path` is relative to the root and uses `/`.
pub struct Source {
    pub path: String,
    pub text: String,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_string(), text: text.to_string() }
    }

    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// True for code that only ever runs in tests because of where it lies.
    pub fn is_test_by_place(&self) -> bool {
        self.path.split('/').any(|part| part == "tests" || part == "benches" || part == "tests.rs")
    }
}

/// The directory that holds the workspace's Cargo.toml.
pub fn root() -> PathBuf {
    let agent = Path::new(env!("CARGO_MANIFEST_DIR"));
    agent.parent().expect("the agent's crate lies one level below the root").to_path_buf()
}

/// Every UTF-8 file below the root except what cargo and git keep for themselves.
pub fn all() -> Vec<Source> {
    let mut found = Vec::new();
    walk(&root(), &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

pub fn rust() -> Vec<Source> {
    all().into_iter().filter(Source::is_rust).collect()
}

/// The text of one file below the root; a missing one is a broken law of its own.
pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("cannot read {path}: {e}"))
}

/// Fails with every fault at once, so that one run is enough to mend them all.
pub fn obey(law: &str, faults: &[String]) {
    assert!(faults.is_empty(), "{law}: {} to mend\n  {}", faults.len(), faults.join("\n  "));
}

fn walk(dir: &Path, found: &mut Vec<Source>) {
    let entries = fs::read_dir(dir).unwrap_or_else(|e| panic!("cannot list {}: {e}", dir.display()));
    for entry in entries {
        let path = entry.expect("a directory that could be opened can be listed").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_symlink() || name == ".git" || name == "target" {
            continue;
        }
        if path.is_dir() {
            walk(&path, found);
        } else if let Ok(text) = fs::read_to_string(&path) {
            let below = path.strip_prefix(root()).expect("the walk starts at the root");
            found.push(Source { path: below.to_string_lossy().replace('\\', "/"), text });
        }
    }
}
