//! What managers of PBXs, name servers and pinged machines answer: any bytes are one message, or none.

use super::runner::{Target, fuzz, name};
use agent::ami::message::{MESSAGE_MAX, banner, frame};
use agent::probes::dns;
use agent::probes::icmp::{Echo, Family};
use policies::policy::Record;

#[test]
fn a_message_of_the_manager_is_the_same_however_it_is_cut() {
    let corpus = [
        "Asterisk Call Manager/11.0.0\r\nResponse: Success\r\nActionID: 1\r\nMessage: Authentication accepted\r\n\r\n",
        "Response: Error\r\nActionID: 21\r\nMessage: No Contacts found\n\r\n\r\nEvent: FullyBooted\r\n\r\n",
        "Event: DBGetResponse\r\nFamily: outage\r\nKey: empty\r\nVal: \r\nActionID: 12\r\n\r\n",
    ];
    let corpus = corpus.iter().map(|text| text.as_bytes().to_vec()).collect();
    let words = ["\r\n", "\r\n\r\n", ": ", "Response: ", "Asterisk Call Manager/", "\n\r\n"];
    let target =
        Target { name: "manager", corpus, words: &words, memory: (1 << 18, 400), longest: 2 * MESSAGE_MAX };
    fuzz(&target, |stream| {
        let greets = match banner(stream, "Asterisk Call Manager/", 128) {
            Ok(Some((_, taken))) if taken > 128 => return Err(format!("a banner of {taken} bytes")),
            Ok(Some((text, _))) if text.contains(char::is_control) => {
                return Err(format!("a banner that cannot be shown: {text:?}"));
            }
            Ok(banner) => banner.is_some(),
            Err(_other) => false,
        };
        match frame(stream) {
            Err(why) => Ok(name("refused", &why)),
            Ok(None) if stream.len() >= MESSAGE_MAX => Err("it waits for more than there may be".to_owned()),
            Ok(None) => Ok(format!("waits {greets}")),
            Ok(Some((_, taken))) if taken == 0 || taken > stream.len() => {
                Err(format!("{taken} of {} bytes were taken", stream.len()))
            }
            Ok(Some((message, taken))) => match frame(&stream[..taken]) {
                Ok(Some((alone, all))) if alone == message && all == taken => {
                    Ok(format!("ok {greets} {:?}", message.header("Response").is_some()))
                }
                _ => Err("the same message alone is another one".to_owned()),
            },
        }
    });
}

#[test]
fn an_echo_is_ours_or_none() {
    let sent = |family| {
        let mut bytes = Echo { family, token: 7 }.request().to_vec();
        bytes[0] = if family == Family::Four { 0 } else { 129 };
        bytes
    };
    let corpus = vec![sent(Family::Four), sent(Family::Six)];
    let target =
        Target { name: "echo", corpus, words: &["\0", "\u{1}"], memory: (1 << 12, 10), longest: 512 };
    fuzz(&target, |bytes| {
        let read = [Family::Four, Family::Six].map(|family| Echo::reply(family, bytes));
        match read {
            [Some(_), Some(_)] => Err("one reply of two protocols".to_owned()),
            [Some(echo), None] | [None, Some(echo)] => Ok(format!("ok {}", echo.token == 7)),
            [None, None] => Ok("refused".to_owned()),
        }
    });
}

#[test]
fn a_name_servers_answer_is_records_or_nothing() {
    let head = |answers: u8| {
        let mut bytes = vec![0, 7, 0x81, 0x80, 0, 1, 0, answers, 0, 0, 0, 0];
        bytes.extend(b"\x03sip\x07example\x03com\x00\x00\x01\x00\x01");
        bytes
    };
    let record = |kind: u8, data: &[u8]| {
        let length = u8::try_from(data.len()).expect("it is short");
        [&[0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 60, 0, length], data].concat()
    };
    let service = [&[0, 10, 0, 5, 0x13, 0xc4, 4], b"sip1".as_slice(), &[0xc0, 16]].concat();
    let corpus = vec![
        [head(1), record(1, &[192, 0, 2, 11])].concat(),
        [head(2), record(28, &[0x20; 16]), record(33, &service)].concat(),
        head(0),
    ];
    let words = ["\u{0}\u{1}", "\u{3}com\u{0}", "\u{c}"];
    let target = Target { name: "names", corpus, words: &words, memory: (1 << 20, 2000), longest: 1232 };
    fuzz(&target, |bytes| match dns::records(bytes) {
        None => Ok("refused".to_owned()),
        Some(records) => {
            let odd = |record: &Record| record.to_string().contains(char::is_control);
            match records.iter().find(|record| odd(record)) {
                Some(record) => Err(format!("a record that cannot be shown: {record:?}")),
                None => Ok(format!("ok {}", records.len().min(3))),
            }
        }
    });
}
