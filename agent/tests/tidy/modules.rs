//! No dead file: every Rust file is named by a `mod` line that leads back to a root of its crate.

use super::rust::{code, is_word, live, places};
use super::tree::{self, Source};
use std::collections::BTreeSet;

#[test]
fn no_file_is_dead() {
    let files = tree::rust();
    let living = reached(&files, code);
    let dead: Vec<String> = files.iter().map(|s| s.path.clone()).filter(|p| !living.contains(p)).collect();
    tree::obey("a file that no `mod` line names is compiled by nobody", &dead);
}

/// The files that end up in a program: a module behind `#[cfg(test)]` does not, whatever its name.
pub fn product() -> Vec<Source> {
    let files = tree::rust();
    let living = reached(&files, live);
    files.into_iter().filter(|s| living.contains(&s.path) && !s.is_test_by_place()).collect()
}

/// Cargo's own starting points: `src/{lib,main}.rs`, `build.rs`, and each file of `src/bin`, `tests`, `benches`.
fn is_root(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        [.., "src", "lib.rs" | "main.rs"] | [.., "build.rs"] | [.., "src", "bin", _] => true,
        [.., "tests" | "benches" | "examples", _] => !parts.contains(&"src"),
        [.., "tests" | "benches" | "examples", _, "main.rs"] => !parts.contains(&"src"),
        _ => false,
    }
}

/// `read` says which `mod` lines count: all of them, or those of the product only.
fn reached(files: &[Source], read: fn(&str) -> String) -> BTreeSet<String> {
    let mut living = BTreeSet::new();
    let mut waiting: Vec<&Source> = files.iter().filter(|s| is_root(&s.path)).collect();
    while let Some(file) = waiting.pop() {
        if living.insert(file.path.clone()) {
            let named = children(file, read);
            waiting.extend(files.iter().filter(|s| named.contains(&s.path)));
        }
    }
    living
}

/// Where the modules that this file names may lie, those inside an inline `mod name { … }` included.
fn children(file: &Source, read: fn(&str) -> String) -> BTreeSet<String> {
    let code = read(&file.text);
    let mut found = BTreeSet::new();
    let mut open: Vec<(usize, String)> = Vec::new();
    let starts: BTreeSet<usize> = places(&code, "mod ").collect();
    let mut depth = 0;
    for (at, c) in code.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                open.retain(|(d, _)| *d <= depth);
            }
            'm' if starts.contains(&at) => {
                let rest = &code[at + "mod ".len()..];
                let name: String = rest.chars().take_while(|c| is_word(*c)).collect();
                let after = rest[name.len()..].trim_start();
                if after.starts_with('{') {
                    open.push((depth + 1, name));
                } else if after.starts_with(';') {
                    let inline: String = open.iter().map(|(_, name)| format!("{name}/")).collect();
                    let base = format!("{}{inline}{name}", home(&file.path));
                    found.extend([format!("{base}.rs"), format!("{base}/mod.rs")]);
                }
            }
            _ => {}
        }
    }
    found
}

/// The directory in which a file's modules lie: its own for a root and `mod.rs`, else one of its name.
fn home(path: &str) -> String {
    let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
    if is_root(path) || name == "mod.rs" {
        format!("{dir}/")
    } else {
        format!("{}/", path.trim_end_matches(".rs"))
    }
}

#[test]
fn the_way_from_the_root_is_followed() {
    let files = [
        Source::new("a/src/lib.rs", "pub mod one;\n// mod dead;\n#[cfg(test)]\nmod tests { mod deep; }\n"),
        Source::new("a/src/one.rs", "mod two;\n"),
        Source::new("a/src/one/two.rs", ""),
        Source::new("a/src/tests/deep.rs", ""),
        Source::new("a/src/dead.rs", "mod ghost;\n"),
        Source::new("a/src/dead/ghost.rs", ""),
        Source::new("a/tests/law.rs", "mod law {\n    pub mod x;\n}\n"),
        Source::new("a/tests/law/x.rs", ""),
    ];
    let living = reached(&files, code);
    let dead: Vec<&str> = files.iter().map(|s| s.path.as_str()).filter(|p| !living.contains(*p)).collect();
    assert_eq!(dead, ["a/src/dead.rs", "a/src/dead/ghost.rs"]);
    assert!(living.contains("a/src/tests/deep.rs") && !reached(&files, live).contains("a/src/tests/deep.rs"));
}
