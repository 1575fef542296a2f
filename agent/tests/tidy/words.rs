//! Words that must not be here: unfinished work, silenced lints, names that say nothing, and our own workplace.

use super::rust::{code, is_word, lines_with, places};
use super::tree::{self, Source};

/// A lint is silenced in at most this many places of the whole project, and each says why.
const SILENCED_MAX: usize = 3;

/// Names that are given when the thing is not understood yet.
const HOLLOW: [&str; 12] = [
    "manager",
    "helper",
    "util",
    "utility",
    "common",
    "misc",
    "processor",
    "data",
    "info",
    "process",
    "service",
    "wrapper",
];

#[test]
fn nothing_is_left_for_later() {
    let faults: Vec<String> = tree::all().iter().flat_map(unfinished).collect();
    tree::obey("finish it, or leave it out and say so", &faults);
}

#[test]
fn silenced_lints_are_few_and_explained() {
    let found: Vec<(String, bool)> = tree::rust().iter().flat_map(silenced).collect();
    let mute: Vec<String> =
        found.iter().filter(|(_, has_reason)| !has_reason).map(|(at, _)| at.clone()).collect();
    tree::obey("say beside it why the lint is wrong here", &mute);
    let at: Vec<&str> = found.iter().map(|(at, _)| at.as_str()).collect();
    assert!(
        at.len() <= SILENCED_MAX,
        "{} lints are silenced, {SILENCED_MAX} may be: {}",
        at.len(),
        at.join(", ")
    );
}

#[test]
fn names_say_something() {
    let faults: Vec<String> = tree::rust().iter().flat_map(hollow_names).collect();
    tree::obey("if the name won't come, the thing isn't understood yet", &faults);
}

#[test]
fn no_line_tells_where_it_was_written() {
    let lock = |s: &&Source| s.path != "Cargo.lock";
    let faults: Vec<String> = tree::all().iter().filter(lock).flat_map(workplace).collect();
    tree::obey("paths and mirrors of the place where it was written", &faults);
}

/// The needles are put together here, so that this file does not accuse itself.
fn unfinished(source: &Source) -> Vec<String> {
    let everywhere = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX")];
    let in_code =
        [concat!("dbg", "!"), concat!("todo", "!"), concat!("unimplemented", "!"), concat!("#[ig", "nore")];
    let text = everywhere.iter().flat_map(|needle| hits(source, &source.text, needle));
    let code = if source.is_rust() { code(&source.text) } else { String::new() };
    text.chain(in_code.iter().flat_map(|needle| hits(source, &code, needle))).collect()
}

fn hits(source: &Source, text: &str, needle: &str) -> Vec<String> {
    lines_with(text, needle).into_iter().map(|line| format!("{}:{line}: {needle}", source.path)).collect()
}

/// Each place that silences a lint, and whether a reason stands in it, behind it or above it.
fn silenced(source: &Source) -> Vec<(String, bool)> {
    let code = code(&source.text);
    let lines: Vec<&str> = source.text.lines().collect();
    let mut found = Vec::new();
    for (i, line) in code.lines().enumerate() {
        let line: String = line.chars().filter(|c| *c != ' ').collect();
        if !["#[allow(", "#![allow(", "#[expect(", "#![expect("].iter().any(|a| line.contains(a)) {
            continue;
        }
        let above = i.checked_sub(1).map_or("", |i| lines[i]).trim_start();
        let attribute = lines[i..].join(" ");
        let inside = attribute.split(']').next().unwrap_or_default().contains("reason = \"");
        found.push((
            format!("{}:{}", source.path, i + 1),
            inside || lines[i].contains("// ") || above.starts_with("// "),
        ));
    }
    found
}

fn hollow_names(source: &Source) -> Vec<String> {
    let mut names: Vec<String> =
        source.path.split('/').map(|p| p.trim_end_matches(".rs").to_string()).collect();
    names.extend(type_names(&code(&source.text)));
    let is_hollow = |name: &String| {
        parts(name)
            .iter()
            .any(|part| HOLLOW.contains(&part.trim_end_matches('s')) || HOLLOW.contains(&part.as_str()))
    };
    names.iter().filter(|name| is_hollow(name)).map(|name| format!("{}: {name}", source.path)).collect()
}

/// What types and modules are called.
pub fn type_names(code: &str) -> Vec<String> {
    let named = |keyword: &'static str| {
        let name = move |at: usize| code[at + keyword.len()..].chars().take_while(|c| is_word(*c)).collect();
        places(code, keyword).map(name)
    };
    ["struct ", "enum ", "trait ", "mod ", "type ", "union "].into_iter().flat_map(named).collect()
}

/// `RunManager` and `run_manager` both give `run`, `manager`.
pub fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for c in name.chars() {
        if c == '_' || c == '-' || c == '.' || c.is_uppercase() {
            parts.push(String::new());
        }
        if is_word(c) && c != '_' {
            parts.last_mut().expect("there is always one part").extend(c.to_lowercase());
        }
    }
    parts
}

/// Spelled in pieces for the same reason as above.
fn workplace(source: &Source) -> Vec<String> {
    let needles = [
        concat!("/wo", "rk/"),
        concat!("/fa", "rm/"),
        concat!("fa", "rm-"),
        concat!("crates", ".io"),
        concat!("py", "pi.org"),
        concat!("deb.deb", "ian.org"),
        concat!("registry.npm", "js.org"),
    ];
    let lines = source.text.lines().enumerate();
    let says = |line: &str| needles.iter().find(|n| line.to_lowercase().contains(*n)).copied();
    lines.filter_map(|(i, l)| says(l).map(|n| format!("{}:{}: {n}", source.path, i + 1))).collect()
}

#[test]
fn unfinished_work_is_found_in_comments_and_in_code() {
    let later = concat!("// TO", "DO: later\nlet s = \"dbg", "!\";\n    todo", "!();\n");
    assert_eq!(unfinished(&Source::new("a.rs", later)).len(), 2);
    assert!(unfinished(&Source::new("a.md", "a mastodon, in capitals: MASTODON\n")).is_empty());
}

#[test]
fn a_silenced_lint_needs_its_reason() {
    let reasons =
        |text: &str| silenced(&Source::new("a.rs", text)).into_iter().map(|(_, r)| r).collect::<Vec<_>>();
    assert_eq!(
        reasons("#[allow(dead_code)]\nfn a() {}\n// The macro expands so.\n#[allow(x)]\nfn b() {}\n"),
        [false, true]
    );
    assert_eq!(reasons("#[expect(\n    x,\n    reason = \"the table is one\"\n)]\nfn a() {}\n"), [true]);
    assert!(reasons("let s = \"#[allow(\";\n").is_empty());
}

#[test]
fn a_hollow_name_is_found_in_any_case() {
    let faults = |path: &str, text: &str| hollow_names(&Source::new(path, text)).len();
    assert_eq!(faults("src/a.rs", "pub struct RunManager;\nenum TimeUtils {}\nmod common;\n"), 3);
    assert_eq!(faults("src/helpers.rs", ""), 1);
    assert_eq!(faults("src/a.rs", "struct Database;\nstruct Utilisation;\nfn process() {}\n"), 0);
}

#[test]
fn the_workplace_is_seen() {
    let line = concat!("see /wo", "rk/notes and https://index.crates", ".io/x");
    assert_eq!(workplace(&Source::new("README.md", line)).len(), 1);
    assert!(workplace(&Source::new("README.md", "the farm and the workshop\n")).is_empty());
}
