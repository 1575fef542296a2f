//! Compares what a program says under `--help` with what its man page says, in both directions.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Commands, and flags with their two dashes, that a program or a page speaks of.
#[derive(Debug, Default, PartialEq)]
pub struct Surface {
    pub commands: BTreeSet<String>,
    pub flags: BTreeSet<String>,
}

/// Fails with everything that one side has and the other lacks.
pub fn agree(program: &str, page: &Path) {
    let text = fs::read_to_string(page).unwrap_or_else(|e| panic!("cannot read {}: {e}", page.display()));
    let (said, written) = (spoken(program), in_page(&text));
    assert!(!said.commands.is_empty(), "`{program} --help` lists no command");
    let faults = differences(&said, &written);
    assert!(faults.is_empty(), "{} and --help disagree\n  {}", page.display(), faults.join("\n  "));
}

fn spoken(program: &str) -> Surface {
    below(program, &[])
}

/// What a command's help speaks of, and the help of every command below it.
fn below(program: &str, path: &[&str]) -> Surface {
    let mut surface = in_help(&help(program, &[path, &["--help"]].concat()));
    for command in surface.commands.clone() {
        let lower = below(program, &[path, &[command.as_str()]].concat());
        surface.commands.extend(lower.commands);
        surface.flags.extend(lower.flags);
    }
    surface
}

fn help(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().expect("cargo built the program for this test");
    assert!(output.status.success(), "`{}` is refused: {output:?}", args.join(" "));
    String::from_utf8(output.stdout).expect("help is UTF-8")
}

/// Clap's help: commands stand indented by two below `Commands:`, flags before two blanks of their line.
fn in_help(text: &str) -> Surface {
    let mut surface = Surface::default();
    let mut in_commands = false;
    for line in text.lines() {
        if !line.starts_with(' ') && !line.is_empty() {
            in_commands = line.trim_end().ends_with("ommands:");
        }
        let words = line.trim_start();
        if in_commands && line.starts_with("  ") && !line.starts_with("   ") {
            surface.commands.extend(words.split(' ').next().map(String::from));
        } else if words.starts_with('-') {
            let names = words.split("  ").next().unwrap_or_default();
            let longs = names.split([' ', ',', '=', '[']).filter(|w| w.starts_with("--"));
            surface.flags.extend(longs.map(String::from));
        }
    }
    without_the_obvious(surface)
}

/// An mdoc page: `.Fl -json` is `--json`, `.Ic status` is a command, wherever on a macro line they stand.
fn in_page(text: &str) -> Surface {
    let mut surface = Surface::default();
    for line in text.lines().filter(|l| l.starts_with('.') && !l.starts_with(".\\\"")) {
        let line = line[1..].replace("\\-", "-").replace('"', "");
        let words: Vec<&str> = line.split_whitespace().collect();
        for (i, word) in words.iter().enumerate() {
            let after = &words[i + 1..];
            if *word == "Fl" {
                let names = after.iter().take_while(|w| w.starts_with('-') || **w == "|" || **w == ",");
                surface.flags.extend(names.filter(|w| w.starts_with('-')).map(|w| format!("-{w}")));
            } else if *word == "Ic" {
                let name = after.iter().find(|w| !w.starts_with("pointsman"));
                surface.commands.extend(name.map(|w| w.to_string()));
            }
        }
    }
    without_the_obvious(surface)
}

/// Every program explains itself; no page needs to repeat it.
fn without_the_obvious(mut surface: Surface) -> Surface {
    surface.commands.remove("help");
    surface.flags.remove("--help");
    surface.flags.remove("--version");
    surface
}

fn differences(said: &Surface, written: &Surface) -> Vec<String> {
    let lack = |a: &BTreeSet<String>, b: &BTreeSet<String>, who: &str| {
        a.difference(b).map(|name| format!("`{name}` {who}")).collect::<Vec<_>>()
    };
    let mut faults = lack(&said.commands, &written.commands, "is a command without a `.Ic` in the page");
    faults.extend(lack(&written.commands, &said.commands, "is in the page but no command"));
    faults.extend(lack(&said.flags, &written.flags, "is a flag without a `.Fl` in the page"));
    faults.extend(lack(&written.flags, &said.flags, "is in the page but no flag"));
    faults
}

#[test]
fn both_sides_are_read_the_same() {
    let help = "Usage: x\n\nCommands:\n  run   the agent\n        at work\n  hold  wait\n  help  it\n\n\
                Options:\n      --for <TIME>  how long, see --because\n  -j, --json        for programs\n";
    let page = ".Dd today\n.\\\" .Ic ghost\n.It Ic run Op Fl -json\n.It Ic hold Fl \\-for Ar time\n\
                Plain text about Fl -nothing\n";
    assert_eq!(in_help(help), in_page(page));
    assert_eq!(in_help(help).commands.len() + in_page(page).flags.len(), 4);
}

#[test]
fn what_one_side_lacks_is_named() {
    let said = in_help("Commands:\n  run   the agent\n\nOptions:\n      --json  x\n");
    let written = in_page(".It Ic run\n.It Ic jump\n.Op Fl -watch\n");
    let faults = differences(&said, &written).join("; ");
    assert!(faults.contains("`jump` is in the page but no command"), "{faults}");
    assert!(
        faults.contains("`--json` is a flag without") && faults.contains("`--watch` is in the page"),
        "{faults}"
    );
}
