//! The tools of the trade, run as tests: rustfmt, clippy with warnings as errors, and mandoc.

use super::tree::{all, root};
use std::io::{ErrorKind, Write};
use std::process::{Command, Output};

#[test]
fn the_code_is_formatted() {
    cargo("rustfmt", &["fmt", "--all", "--check"]);
}

#[test]
fn clippy_has_nothing_to_say() {
    cargo("clippy", &["clippy", "--offline", "--workspace", "--all-targets", "--", "-D", "warnings"]);
}

#[test]
fn the_man_pages_are_clean() {
    let is_page = |path: &String| path.starts_with("man/") && path.ends_with(|c: char| c.is_ascii_digit());
    let pages: Vec<String> = all().into_iter().map(|s| s.path).filter(is_page).collect();
    if pages.is_empty() {
        return;
    }
    match Command::new("mandoc")
        .args(["-T", "lint", "-W", "warning"])
        .args(&pages)
        .current_dir(root())
        .output()
    {
        Ok(output) => judge("mandoc", &output),
        Err(e) if e.kind() == ErrorKind::NotFound => skipped("the_man_pages_are_clean", "mandoc"),
        Err(e) => panic!("cannot start mandoc: {e}"),
    }
}

/// Says so past libtest's capture, which holds back `eprintln!` but not a write to the stream itself:
/// a law that was not applied must be seen, and `.ci/run` counts these lines.
fn skipped(test: &str, tool: &str) {
    writeln!(std::io::stderr(), "skipped: {test} needs {tool}").expect("stderr takes a line");
}

/// Runs cargo in the same target directory: `cargo test` has let go of its lock before it starts the tests.
fn cargo(component: &str, args: &[&str]) {
    let has = quiet_cargo().args([args[0], "--version"]).output().expect("cargo ran this test");
    if !has.status.success() {
        return skipped(&format!("cargo {}", args[0]), component);
    }
    let output = quiet_cargo().args(args).output().expect("cargo ran this test");
    judge(&format!("cargo {}", args.join(" ")), &output);
}

/// Cargo without the variables that the outer cargo gave to this test: build scripts which watch them
/// (ring's does) would be stale on every second run, and each run would compile them again.
fn quiet_cargo() -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") || text == "LD_LIBRARY_PATH"
        {
            cargo.env_remove(&name);
        }
    }
    cargo.current_dir(root()).env("CARGO_TERM_COLOR", "never");
    cargo
}

fn judge(what: &str, output: &Output) {
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{what} objects\n{}{}", said(&output.stdout), said(&output.stderr));
}
