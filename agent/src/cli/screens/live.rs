//! The screen of `check --live`: one line for each thing that a site leans on, and what can be typed where it is wrong.

use super::labelled;
use crate::live::{Health, Sight};
use std::path::Path;

/// Where the words begin.
const INDENT: usize = 23;

/// All of it, after how many of each there are.
pub fn screen((site, by): (&str, &str), sights: &[Sight], file: &Path) -> String {
    let count = |is: Health| sights.iter().filter(|sight| sight.is == is).count();
    let (faults, warnings, good) = (count(Health::Fault), count(Health::Warning), count(Health::Ok));
    let many = |count: usize, what: &str| match count {
        0 => format!("no {what}"),
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    };
    let (faults, warnings) = (many(faults, "fault"), many(warnings, "warning"));
    let answer = format!("{site}: {faults}, {warnings}, {good} ok; looked at by {by}");
    let mut out = labelled("", &answer, 0);
    out.push('\n');
    for sight in sights {
        let label = format!("  {:<8} {}", sight.is.to_string(), sight.kind);
        out += &labelled(&label, &format!("{}: {}", sight.thing, sight.says), INDENT);
        if let Some(hint) = &sight.hint {
            // What is to be copied is never broken over two lines.
            match hint.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')) {
                Some(command) => out += &format!("{:INDENT$}{command}\n", ""),
                None => out += &labelled("", hint, INDENT),
            }
        }
    }
    out + &format!("\nnothing was touched; to look again: pointsman check --live {}\n", file.display())
}
