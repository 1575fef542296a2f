//! What people and programs write: policies, playbooks, site files, and requests at the control socket.

use super::corpus::POLICY;
use super::runner::{Target, fuzz, name};
use agent::control::line::{self, REQUEST_MAX, Request, SCHEMA};
use agent::site::SiteFile;
use playbooks::Playbook;
use policies::Policy;
use std::path::Path;

/// A report shows the faulty lines; a document's tree has a node for each word, with its place.
const DOCUMENT: (usize, usize) = (4 << 20, 4000);

/// The longest document that is thrown: far more than anybody writes by hand in an hour.
const LONGEST: usize = 16 * 1024;

const YAML: [&str; 22] = [
    ": ",
    "- ",
    "\n",
    "\n  ",
    "{ ",
    " }",
    "[",
    "]",
    "\"",
    "'",
    "#",
    "&a",
    "*a",
    "!!",
    "|\n",
    "? ",
    "15s",
    "votes: 2",
    "$number",
    "$$",
    "---\n",
    "02079460000",
];

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A report is for a person: it ends, and is no longer than a screen or a few for a document of this size.
fn readable(report: &str, input: &str) -> Result<(), String> {
    let most = 64 * 1024 + 40 * input.len();
    if report.len() > most { Err(format!("a report of {} bytes", report.len())) } else { Ok(()) }
}

#[test]
fn a_policy_is_read_or_its_faults_are_shown() {
    let full = include_str!("../../../policies/tests/fixtures/full.yaml");
    let minimal = include_str!("../../../policies/tests/fixtures/minimal.yaml");
    let corpus = [POLICY, full, minimal].map(|text| text.as_bytes().to_vec()).into();
    let target = Target { name: "policy", corpus, words: &YAML, memory: DOCUMENT, longest: LONGEST };
    fuzz(&target, |bytes| {
        let text = text(bytes);
        match Policy::read("it", &text) {
            Err(report) => {
                let report = report.to_string();
                readable(&report, &text)?;
                Ok(name("refused", &report.lines().nth(1).unwrap_or_default()))
            }
            Ok(policy) => {
                readable(&policies::check::words(&policy), &text)?;
                readable(&policies::check::table(&policy), &text)?;
                agent::start::seats(&policy).map_err(|why| format!("a good policy has no votes: {why}"))?;
                Ok(format!("ok {} {}", policy.sites.len(), policy.routes.len()))
            }
        }
    });
}

#[test]
fn a_playbook_is_read_or_its_faults_are_shown() {
    let corpus = playbooks::shipped().iter().map(|(_, text)| text.as_bytes().to_vec()).collect();
    let target = Target { name: "playbook", corpus, words: &YAML, memory: DOCUMENT, longest: LONGEST };
    fuzz(&target, |bytes| {
        let text = text(bytes);
        match Playbook::read("it", &text) {
            Err(report) => {
                let report = report.to_string();
                readable(&report, &text)?;
                Ok(name("refused", &report.lines().nth(1).unwrap_or_default()))
            }
            Ok(playbook) => Ok(format!("ok {}", playbook.steps.len())),
        }
    });
}

#[test]
fn a_site_file_is_read_or_its_fault_is_shown() {
    let corpus = vec![
        b"site: london\nlisten: { peers: 192.0.2.10:7701 }\n".to_vec(),
        b"site: london\nbundle: b\nlisten:\n  peers: \"[2001:db8::1]:7701\"\n  http: 0.0.0.0:80\n\
          pbx: { ami: 127.0.0.1:5038, sounds: s }\nsecrets: s\ncommands: { a: [/bin/true, x] }\nstate: st\n\
          control: c\npolicy: p\nplaybooks: q\n"
            .to_vec(),
    ];
    let target = Target { name: "site file", corpus, words: &YAML, memory: DOCUMENT, longest: LONGEST };
    fuzz(&target, |bytes| {
        let text = text(bytes);
        match SiteFile::parse("site.yaml", &text, Path::new("/etc/pointsman")) {
            Err(fault) => {
                readable(&fault.to_string(), &text)?;
                Ok(name("refused", &fault.faults[0].message()))
            }
            Ok(file) => Ok(format!("ok {} {}", file.commands.len(), file.pbx.is_some())),
        }
    });
}

#[test]
fn a_request_is_a_command_or_a_refusal() {
    let corpus = [
        r#"{"schema":1,"command":"status"}"#,
        r#"{"schema":1,"command":{"why":{"route":"main"}}}"#,
        r#"{"schema":1,"command":{"plan":{"playbook":"fail-over","args":{"route":"main","to":"london"}}}}"#,
        r#"{"schema":1,"command":{"play":{"playbook":"fail-over","args":{},"because":"\u0041"}}}"#,
        r#"{"schema":1,"command":{"claim":{"route":"main","site":"london","because":"x"}}}"#,
        r#"{"schema":1,"command":{"mode":{"route":null,"mode":"auto"}}}"#,
        r#"{"schema":1,"command":{"hold":{"route":null,"lasts":{"secs":3600,"nanos":0},"because":"x"}}}"#,
        r#"{"schema":1,"command":{"ack":{"incident":17}}}"#,
        r#"{"schema":1,"command":"follow"}"#,
    ];
    let corpus = corpus.map(|text| text.as_bytes().to_vec()).into();
    let words =
        ["{", "}", "[", "\"", ":", ",", "null", "1e999", "-1", "18446744073709551616", "\\ud800", "schema"];
    let (memory, longest) = ((1 << 16, 100), REQUEST_MAX);
    let target = Target { name: "request", corpus, words: &words, memory, longest };
    fuzz(&target, |bytes| match line::request(bytes) {
        Err(refusal) => Ok(name("refused", &format!("{refusal:?}"))),
        Ok(command) => {
            let request = Request { schema: SCHEMA, command };
            let again = line::line(&request).map_err(|why| format!("it cannot be written: {why}"))?;
            let twice = line::request(&again).map_err(|why| format!("its own text is refused: {why:?}"))?;
            if twice != request.command {
                return Err("its own text means something else".to_owned());
            }
            Ok(format!("ok {}", format!("{twice:?}").chars().take(8).collect::<String>()))
        }
    });
}
