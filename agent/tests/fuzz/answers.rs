//! What carriers and PBXs answer, and what a certificate says: one line, one message, one name.

use super::corpus::POLICY;
use super::runner::{Target, fuzz, name};
use agent::carriers::ntsapi::{Dialled, Reply, Stat};
use agent::init::{Authority, Validity};
use agent::links::name as certificate;
use agent::probes::sip::{MESSAGE_MAX, Message, Options, Transport, frame};
use policies::Policy;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use state::{Number, SiteId, Stamp};
use std::time::Duration;

/// A reader of one line keeps a few copies of it.
const LINE: (usize, usize) = (1 << 16, 200);

fn bytes(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

#[test]
fn a_carriers_line_is_a_reply_and_a_status_or_refused() {
    let corpus = bytes(&[
        "0 Magrathea NTS GW (ntsapi.c(V0.1))",
        "0 Access granted. Welcome (cl=500)",
        "1 Access denied",
        "0 02079460000 Y 2027-12-31 S:442079460000@192.0.2.11||",
        "0 02079460000 Y 2027-12-31 S:1@192.0.2.11|02079460000 Y 2027-12-31 V:a@example.com",
        "0 P2079460000 N 2027-12-31 |F:x@192.0.2.1|441134960999",
        "0 Number updated OK",
    ]);
    let words = ["0 ", "|", "Y ", "2027-12-31", "02079460000", "S:", "@", "\t", "\r\n"];
    let target = Target { name: "carrier", corpus, words: &words, memory: LINE, longest: 20_000 };
    let asked = Dialled::parse(&Number::new("02079460000")).expect("it is a number");
    fuzz(&target, |line| {
        let reply = match Reply::parse(line) {
            Ok(reply) => reply,
            Err(why) if why.to_string().len() > 200 => {
                return Err("a long line is quoted at length".to_owned());
            }
            Err(why) => return Ok(name("refused", &why)),
        };
        if reply.digit > 9 || !reply.text.chars().all(|c| (' '..='~').contains(&c)) {
            return Err(format!("a text that cannot be shown: {:?}", reply.text));
        }
        match Stat::parse_for(&asked, &reply.text) {
            Err(why) => Ok(name("ok, no status", &why)),
            Ok(stat) if !asked.is_echoed_by(stat.number.as_str()) => {
                Err("another number's status".to_owned())
            }
            Ok(stat) => {
                let odd = |c: char| c.is_whitespace() || c == '|';
                let shown = stat.slots.iter().flatten();
                if shown.clone().any(|slot| slot.as_str().is_empty() || slot.as_str().contains(odd)) {
                    return Err(format!("a destination that is none: {:?}", stat.slots));
                }
                Ok(format!("ok {} {:?}", shown.count(), stat.active))
            }
        }
    });
}

#[test]
fn a_sip_message_is_framed_the_same_however_it_is_cut() {
    let at = |text: &str| text.parse().expect("an address");
    let question = Options::new(at("192.0.2.11:5060"), at("192.0.2.10:5060"), Transport::Tcp);
    let corpus = bytes(&[
        std::str::from_utf8(question.bytes()).expect("it is text"),
        "SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP 192.0.2.10;branch=z9hG4bK1;rport\r\nCall-ID: a\r\nCSeq: 7 OPTIONS\r\n\
         Allow: OPTIONS,\r\n INVITE\r\nContent-Length: 4\r\n\r\nbodyrest",
        "\r\n\r\nSIP/2.0 503 Service Unavailable\r\nv: x\r\ni: y\r\nl: 0\r\n\r\n",
    ]);
    let words = ["\r\n", "\r\n\r\n", ": ", "Content-Length: ", "l: 999999999999", "SIP/2.0 200 ", ";branch="];
    let (memory, longest) = ((1 << 17, 400), 2 * MESSAGE_MAX);
    let target = Target { name: "sip", corpus, words: &words, memory, longest };
    fuzz(&target, |stream| match frame(stream) {
        Err(why) => Ok(name("refused", &why)),
        Ok(None) if stream.len() > 2 * MESSAGE_MAX => Err("it waits for more than there may be".to_owned()),
        Ok(None) => Ok("waits".to_owned()),
        Ok(Some((_, taken))) if taken == 0 || taken > stream.len() => {
            Err(format!("{taken} of {} bytes were taken", stream.len()))
        }
        Ok(Some((message, taken))) => {
            // What comes behind it must not change it.
            if frame(&stream[..taken]) != Ok(Some((message.clone(), taken))) {
                return Err("the same message alone is another one".to_owned());
            }
            let alone = Message::parse(&stream[..taken.min(MESSAGE_MAX)]).is_ok();
            let ours = question.final_answer(&message).is_some();
            Ok(format!("ok {alone} {ours} {:?}", message.branch().is_some()))
        }
    });
}

#[test]
fn a_certificate_names_a_site_or_nothing() {
    let year = Validity::from_now(Stamp::from_millis(1_800_000_000_000), Duration::from_secs(365 * 86_400));
    let ca = Authority::new("bytemark", year).expect("a CA");
    let issued = ca.issue(&SiteId::new("london"), year).expect("it is signed");
    let der = |pem: &[u8]| CertificateDer::from_pem_slice(pem).expect("a certificate").to_vec();
    let corpus = vec![der(&issued.site)];
    let words = ["london.bytemark.pointsman", ".", "a.b.pointsman"];
    let target =
        Target { name: "certificate", corpus, words: &words, memory: (1 << 17, 400), longest: 1 << 16 };
    fuzz(&target, |der| match certificate::read(der) {
        Err(why) => Ok(name("refused", &why)),
        Ok(named) if certificate::is_label(named.site.as_str()) && certificate::is_label(&named.cluster) => {
            Ok("ok".to_owned())
        }
        Ok(named) => Err(format!("a name that is none: {named:?}")),
    });
}

/// What leaves for the carrier is made of what stands in a policy: nothing in it may end a line or add a word.
#[test]
fn a_policy_puts_no_second_command_on_the_carriers_line() {
    let policy = Policy::read("the test's", POLICY).expect("it is a policy");
    let corpus =
        bytes(&["02079460000 S:442079460000@192.0.2.11", "P2079460000 E:a@b", "+353123456789 441134960999"]);
    let words = [" ", "\r\n", "|", "S:", "@", "\u{85}", "\u{2028}", "DEAC 02079460000"];
    let target = Target { name: "arguments", corpus, words: &words, memory: LINE, longest: 2000 };
    let route = policy.routes.first().expect("it has one");
    fuzz(&target, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let (number, destination) = text.split_once(' ').unwrap_or((&text, ""));
        let dialled = Dialled::parse(&Number::new(number));
        let wanted = agent::carriers::ntsapi::Target::parse(&state::Destination::new(destination));
        let odd = |c: char| c.is_whitespace() || c.is_control() || c == '|' || !c.is_ascii();
        if dialled.is_ok() && number.contains(odd) || wanted.is_ok() && destination.contains(odd) {
            return Err(format!("`{text}` would be sent"));
        }
        let told = policy.destination(route, &Number::new(number), &SiteId::new("london"));
        let told = told.is_some_and(|told| dialled.is_ok() && told.as_str().contains(odd));
        if told {
            return Err(format!("`{number}` brings a second word into a destination"));
        }
        Ok(if dialled.is_ok() && wanted.is_ok() { "ok".to_owned() } else { "refused".to_owned() })
    });
}
