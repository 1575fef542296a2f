//! `pointsman-lab carrier` behind pipes: its lines come at once, the address first.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Longer than a busy machine needs to start a program; a pipe that keeps its lines keeps them for ever.
const PATIENCE: Duration = Duration::from_secs(20);

/// The carrier, killed at the end; and its lines, as they come.
struct Running(Child, Receiver<String>);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    fn start(more: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_pointsman-lab"))
            .args(["carrier", "--listen", "127.0.0.1:0", "--account", "lab:lab"])
            .args(["--number", "02079460000=S:442079460000@192.0.2.11"])
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program can be started");
        let out = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        let (into, lines) = channel();
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| into.send(line)));
        Self(child, lines)
    }

    #[track_caller]
    fn line(&self) -> String {
        self.1.recv_timeout(PATIENCE).expect("a line in time")
    }
}

#[test]
fn lines_come_through_a_pipe_at_once() {
    let carrier = Running::start(&[]);
    let first = carrier.line();
    let address = first.split("listening on ").nth(1).unwrap_or_else(|| panic!("no address: {first}"));
    let mut client = TcpStream::connect(address).unwrap();
    assert!(carrier.line().ends_with("opened"));
    assert!(carrier.line().contains("<- 0 Magrathea"));
    client.write_all(b"AUTH lab lab\r\n").unwrap();
    let asked = carrier.line();
    assert!(asked.ends_with("-> AUTH lab ***"), "a password is never shown: {asked}");
    assert!(carrier.line().contains("<- 0 "));
}

#[test]
fn the_first_object_names_both_ports() {
    let carrier = Running::start(&["--json", "--control", "127.0.0.1:0"]);
    let first: serde_json::Value = serde_json::from_str(&carrier.line()).unwrap();
    assert_eq!(first["what"], "listening");
    assert!(first["control"].as_str().unwrap().starts_with("127.0.0.1:"));
    let _client = TcpStream::connect(first["address"].as_str().unwrap()).unwrap();
    let second: serde_json::Value = serde_json::from_str(&carrier.line()).unwrap();
    assert_eq!((&second["what"], &second["n"]), (&"opened".into(), &1.into()));
}

#[test]
fn a_number_that_is_given_twice_is_mistyped() {
    let mut carrier = Running::start(&["--number", "02079460000=S:442079460000@192.0.2.12"]);
    assert_eq!(carrier.0.wait().unwrap().code(), Some(2));
    let mut said = String::new();
    carrier.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(said.contains("number `02079460000` is given twice"), "{said}");
}
