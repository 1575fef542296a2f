//! The carrier's commands however they are cut, and the faults that its control port takes.

use super::runner::{Target, fuzz, name};
use lab::carrier::destination::{Ports, masked};
use lab::carrier::faults::Fault;
use lab::carrier::frame::{Framer, LONGEST, TooLong};
use lab::carrier::request::Request;

fn bytes(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// Every command of a stream that comes in pieces of this length, or nothing if one is too long.
fn commands(stream: &[u8], piece: usize) -> Option<Vec<Vec<u8>>> {
    let (mut framer, mut found) = (Framer::default(), Vec::new());
    for piece in stream.chunks(piece) {
        framer.push(piece);
        loop {
            match framer.line() {
                Ok(Some(line)) => found.push(line),
                Ok(None) => break,
                Err(TooLong) => return None,
            }
        }
    }
    found.push(framer.take_rest());
    Some(found)
}

#[test]
fn a_clients_commands_are_the_same_however_they_are_cut() {
    let corpus = bytes(&[
        "AUTH bytemark secret\r\nSTAT 02079460000\r\nSET 02079460000 1 S:442079460000@192.0.2.11\r\nQUIT",
        "ORDE 02079460000 3\nSTAT P2079460000\rQUIT \r",
        "SET +353123456789 3 V:someone@example.com\n",
    ]);
    let words = ["\r\n", "SET ", "DEAC ", "02079460000", "S:", " 1 ", "@", "\0", "x".repeat(600).leak()];
    let (memory, longest) = ((1 << 17, 400), 4000);
    let target = Target { name: "client", corpus, words: &words, memory, longest };
    fuzz(&target, |stream| {
        let Some(found) = commands(stream, 3) else { return Ok("too long".to_owned()) };
        if found.iter().any(|line| line.len() > LONGEST) {
            return Err("a command is longer than the limit".to_owned());
        }
        if commands(stream, 1) != Some(found.clone()) {
            return Err("byte by byte they are other commands".to_owned());
        }
        let (mut good, mut why) = (0, String::new());
        for line in found {
            let text = String::from_utf8_lossy(&line).into_owned();
            match Request::parse(&text, Ports::Refused) {
                Ok(request) => good += usize::from(!request.verb().is_empty()),
                Err(fault) => why = fault.to_owned(),
            }
            if masked(&masked(&text)) != masked(&text) {
                return Err(format!("what was hidden is not hidden: {}", masked(&text)));
            }
        }
        Ok(if good > 0 { name("ok", &why) } else { name("refused", &why) })
    });
}

#[test]
fn a_fault_is_one_of_the_list_or_refused() {
    let corpus = bytes(&[
        r#"{"fault":"hang","at":"set","next":1}"#,
        r#"{"fault":"error","digit":3,"verb":"SET","number":"02079460000"}"#,
        r#"{"fault":"apply_late","ms":50,"meanwhile":"drop","next":2}"#,
        r#"{"fault":"slow","ms":600000}"#,
    ]);
    let words = ["{", "}", "\"", ":", ",", "null", "1e999", "-1", "4294967296", "refuse_auth", "stat"];
    let (memory, longest) = ((1 << 16, 100), 20_000);
    let target = Target { name: "fault", corpus, words: &words, memory, longest };
    fuzz(&target, |bytes| match serde_json::from_slice::<Fault>(bytes) {
        Err(why) => Ok(name("refused", &why)),
        Ok(fault) => Ok(name("ok", &format!("{:?}", fault.kind))),
    });
}
