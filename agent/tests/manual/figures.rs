//! The limits of a crate as a table in its page: name, value and sentence of every constant, from the source itself.

use std::fs;
use std::path::{Path, PathBuf};

/// Between these two lines the page is drawn from the code.
const BEGIN: &str = ".\\\" limits: drawn from the code, UPDATE=1 redraws them\n";
const END: &str = ".\\\" limits: end\n";

/// Compares the table of a page with a file of constants.
pub fn agree(page: &Path, source: &str) {
    let text = fs::read_to_string(page).unwrap_or_else(|e| panic!("cannot read {}: {e}", page.display()));
    let (before, rest) = text.split_once(BEGIN).unwrap_or_else(|| panic!("{} has no table", page.display()));
    let (table, after) = rest.split_once(END).expect("a table ends");
    let drawn: String = limits(source).iter().map(row).collect();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(page, format!("{before}{BEGIN}{drawn}{END}{after}")).expect("the page can be written");
    } else {
        assert!(
            table == drawn,
            "{}: UPDATE=1 redraws the limits\n--- is\n{drawn}--- was\n{table}",
            page.display()
        );
    }
}

/// One constant.
#[derive(Clone, Debug)]
struct Limit {
    name: String,
    value: String,
    says: String,
}

/// Every public constant of a file, those included that it takes over from another crate.
fn limits(source: &str) -> Vec<Limit> {
    let text = read(source);
    let mut found = constants(&text);
    for line in joined(&text).lines().filter(|line| line.starts_with("pub use state::")) {
        let path = line.trim_start_matches("pub use state::").trim_end_matches(';');
        let (file, names) = path.split_once("::").expect("a module and its names");
        let theirs = constants(&read(&format!("state/src/{file}.rs")));
        for name in names.trim_matches(['{', '}']).split(", ") {
            let theirs = theirs.iter().find(|limit| limit.name == name);
            found.push(theirs.unwrap_or_else(|| panic!("{file} has no `{name}`")).clone());
        }
    }
    assert!(found.len() > 5, "{source} has hardly a constant");
    found
}

fn read(path: &str) -> String {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("cannot read {}: {e}", path.display()))
}

/// The text with each statement on one line.
fn joined(text: &str) -> String {
    text.replace("{\n    ", "{").replace(",\n}", "}").replace(",\n    ", ", ")
}

fn constants(text: &str) -> Vec<Limit> {
    let mut says = String::new();
    let mut found = Vec::new();
    for line in text.split("#[cfg(test)]").next().unwrap_or(text).lines() {
        if let Some(doc) = line.strip_prefix("/// ") {
            says = if says.is_empty() { doc.to_owned() } else { format!("{says} {doc}") };
            continue;
        }
        if let Some((name, rest)) = line.strip_prefix("pub const ").and_then(|rest| rest.split_once(": ")) {
            let value = rest.split_once(" = ").expect("a constant has a value").1.trim_end_matches(';');
            let value = value_of(value, &found);
            found.push(Limit { name: name.to_owned(), value, says: says.clone() });
        }
        says.clear();
    }
    found
}

/// `secs(24 * 3600)`, `Duration::from_millis(300)`, `SILENCE`, `5`: as a policy would write it.
fn value_of(text: &str, known: &[Limit]) -> String {
    if let Some(other) = known.iter().find(|limit| limit.name == text) {
        return other.value.clone();
    }
    let inner = |text: &str| {
        let inside = text.split_once('(').expect("a call").1.trim_end_matches(')');
        inside.split(" * ").map(|n| n.replace('_', "").parse::<u64>().expect("a number")).product::<u64>()
    };
    if text.contains("millis(") {
        return spelt(inner(text));
    }
    if text.contains("secs(") {
        return spelt(inner(text) * 1000);
    }
    assert!(text.chars().all(|c| c.is_ascii_digit() || c == '_'), "cannot read the value `{text}`");
    text.to_owned()
}

fn spelt(millis: u64) -> String {
    for (unit, name) in [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s")] {
        if millis >= unit && millis.is_multiple_of(unit) {
            return format!("{}{name}", millis / unit);
        }
    }
    format!("{millis}ms")
}

/// One row of mdoc; what the source says after a semicolon is what must hold.
fn row(limit: &Limit) -> String {
    assert!(!limit.says.is_empty(), "{} says nothing of itself", limit.name);
    let name = limit.name.to_lowercase().replace('_', " ");
    let says = limit.says.replace('\\', "\\e").replace('`', "").replace(">=", "\\(>=").replace("<=", "\\(<=");
    let says: String = says.split(' ').fold(String::new(), |line, word| {
        let last = line.rsplit('\n').next().unwrap_or_default().len();
        match last {
            0 if line.is_empty() => word.to_owned(),
            width if width + word.len() > 110 => format!("{line}\n{word}"),
            _ => format!("{line} {word}"),
        }
    });
    // Each sentence on its own line, as mdoc wants it.
    format!(".It {name} = {}\n{}\n", limit.value, says.replace(". ", ".\n"))
}
