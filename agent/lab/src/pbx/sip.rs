//! The answer of an Asterisk to one SIP request, as measured on version 22.

use std::collections::BTreeSet;
use std::net::SocketAddr;

/// Whether new calls are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intake {
    /// 200, or 404 for a user that is nobody.
    Open,
    /// 503: the PBX is being stopped gracefully.
    Draining,
}

/// What the measured PBX says of itself in every answer but a 401.
const CAPABILITIES: &str = "Accept: application/pidf+xml, application/xpidf+xml, application/cpim-pidf+xml, \
application/dialog-info+xml, application/simple-message-summary, application/pidf+xml, \
application/dialog-info+xml, application/sdp, message/sipfrag;version=2.0\r\n\
Allow: OPTIONS, REGISTER, SUBSCRIBE, NOTIFY, PUBLISH, INVITE, ACK, BYE, CANCEL, \
       UPDATE, PRACK, MESSAGE, INFO, REFER\r\n\
Supported: 100rel, timer, replaces, norefersub\r\n\
Accept-Encoding: identity\r\n\
Accept-Language: en\r\n";

/// The end of every answer; the two blanks are the PBX's.
const TAIL: &str = "Server: Asterisk PBX 22.10.1\r\nContent-Length:  0\r\n\r\n";

/// The answer to one request; `None` to what is none, or gets none (ACK, responses).
pub fn answer(
    request: &str,
    peer: SocketAddr,
    intake: Intake,
    extensions: &BTreeSet<String>,
) -> Option<String> {
    let head = request.split("\r\n\r\n").next()?;
    let mut lines = head.split("\r\n");
    let [method, uri, "SIP/2.0"] = lines.next()?.split(' ').collect::<Vec<_>>()[..] else {
        return None;
    };
    let headers =
        lines.filter_map(|line| line.split_once(':')).map(|(name, value)| (name.trim(), value.trim()));
    let headers = headers.collect::<Vec<_>>();
    let first = |names: [&str; 2]| find(&headers, names).next();
    let mut vias = find(&headers, ["Via", "v"]);
    let (via, branch) = received_via(vias.next()?, peer)?;
    let (call_id, from) = (first(["Call-ID", "i"])?, first(["From", "f"])?);
    let (to, cseq) = (first(["To", "t"])?, first(["CSeq", "CSeq"])?);
    let status = match (method, intake) {
        ("ACK", _) => return None,
        (_, Intake::Draining) => "503 Service Unavailable",
        ("OPTIONS", Intake::Open) if is_for_someone(uri, extensions) => "200 OK",
        ("OPTIONS", Intake::Open) => "404 Not Found",
        (_, Intake::Open) => "501 Not Implemented",
    };
    let mut text = format!("SIP/2.0 {status}\r\nVia: {via}\r\n");
    for via in vias {
        text += &format!("Via: {via}\r\n");
    }
    text += &format!("Call-ID: {call_id}\r\nFrom: {from}\r\nTo: {}\r\nCSeq: {cseq}\r\n", tagged(to, branch));
    Some(text + CAPABILITIES + TAIL)
}

/// Whether a request has come whole: its length, or `None` if more is needed.
pub fn whole(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]);
    let lines = text.split("\r\n").filter_map(|line| line.split_once(':'));
    let headers = lines.map(|(name, value)| (name.trim(), value.trim())).collect::<Vec<_>>();
    let body = find(&headers, ["Content-Length", "l"]).next().and_then(|value| value.parse::<usize>().ok());
    let whole = head.saturating_add(body.unwrap_or(0));
    (bytes.len() >= whole).then_some(whole)
}

fn find<'a>(headers: &[(&str, &'a str)], names: [&str; 2]) -> impl Iterator<Item = &'a str> {
    let is = move |name: &str| names.iter().any(|known| name.eq_ignore_ascii_case(known));
    headers.iter().filter(move |(name, _)| is(name)).map(|(_, value)| *value).collect::<Vec<_>>().into_iter()
}

/// The topmost Via as it goes back, with the true source in front of its other parameters; and its branch.
fn received_via(via: &str, peer: SocketAddr) -> Option<(String, &str)> {
    let mut parts = via.split(';').map(str::trim);
    let sent_by = parts.next()?;
    let kept = parts.filter(|part| *part != "rport" && !part.starts_with("rport=")).collect::<Vec<_>>();
    let branch = kept.iter().find_map(|part| part.strip_prefix("branch="))?;
    let (port, ip) = (peer.port(), peer.ip());
    Some((format!("{sent_by};rport={port};received={ip};{}", kept.join(";")), branch))
}

/// The To header with a tag; the PBX drops the port and the parameters of a SIP address, and uses the branch as tag.
fn tagged(to: &str, branch: &str) -> String {
    if to.contains(";tag=") {
        return to.to_owned();
    }
    let (before, uri) = match to.split_once('<') {
        Some((before, rest)) => (before, rest.split('>').next().unwrap_or(rest)),
        None => ("", to.split(';').next().unwrap_or(to)),
    };
    let plain = match uri.split_once(':') {
        Some((scheme @ ("sip" | "sips"), address)) => {
            let (user, host) = match address.rsplit_once('@') {
                Some((user, host)) => (format!("{user}@"), host),
                None => (String::new(), address),
            };
            format!("{scheme}:{user}{}", host_of(host))
        }
        _ => uri.to_owned(),
    };
    format!("{before}<{plain}>;tag={branch}")
}

fn host_of(address: &str) -> &str {
    let end = address.find([';', '?']).unwrap_or(address.len());
    let address = &address[..end];
    match address.rfind(']') {
        Some(bracket) => &address[..=bracket],
        None => address.split(':').next().unwrap_or(address),
    }
}

fn is_for_someone(uri: &str, extensions: &BTreeSet<String>) -> bool {
    match uri.split_once(':') {
        Some(("sip" | "sips", address)) => {
            address.split_once('@').is_none_or(|(user, _)| extensions.contains(user))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(uri: &str, transport: &str) -> String {
        format!(
            "OPTIONS {uri} SIP/2.0\r\nVia: SIP/2.0/{transport} 127.0.0.1:39384;branch=z9hG4bK45efd1b7;rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:probe@127.0.0.1>;tag=45efd1b7\r\nTo: <{uri}>\r\n\
             Call-ID: 45efd1b7@127.0.0.1\r\nCSeq: 1 OPTIONS\r\nContact: <sip:probe@127.0.0.1:39384>\r\n\
             Accept: application/sdp\r\nContent-Length: 0\r\n\r\n"
        )
    }

    fn ask(request: &str, intake: Intake) -> Option<String> {
        let extensions = BTreeSet::from(["9001".to_owned()]);
        answer(request, "127.0.0.1:39384".parse().unwrap(), intake, &extensions)
    }

    #[test]
    fn the_answer_is_byte_for_byte_the_measured_one() {
        let measured = "SIP/2.0 200 OK\r\n\
      Via: SIP/2.0/UDP 127.0.0.1:39384;rport=39384;received=127.0.0.1;branch=z9hG4bK45efd1b7\r\n\
      Call-ID: 45efd1b7@127.0.0.1\r\n\
      From: <sip:probe@127.0.0.1>;tag=45efd1b7\r\n\
      To: <sip:127.0.0.1>;tag=z9hG4bK45efd1b7\r\n\
      CSeq: 1 OPTIONS\r\n\
      Accept: application/pidf+xml, application/xpidf+xml, application/cpim-pidf+xml, application/dialog-info+xml, \
       application/simple-message-summary, application/pidf+xml, application/dialog-info+xml, \
       application/sdp, message/sipfrag;version=2.0\r\n\
      Allow: OPTIONS, REGISTER, SUBSCRIBE, NOTIFY, PUBLISH, INVITE, ACK, BYE, CANCEL, \
       UPDATE, PRACK, MESSAGE, INFO, REFER\r\n\
      Supported: 100rel, timer, replaces, norefersub\r\n\
      Accept-Encoding: identity\r\n\
      Accept-Language: en\r\n\
      Server: Asterisk PBX 22.10.1\r\n\
      Content-Length:  0\r\n\
      \r\n";
        assert_eq!(ask(&request("sip:127.0.0.1:5060", "UDP"), Intake::Open).as_deref(), Some(measured));
        let without = request("sip:127.0.0.1:5060", "UDP").replace(";rport", "");
        assert_eq!(ask(&without, Intake::Open).as_deref(), Some(measured), "rport is added unasked");
    }

    #[track_caller]
    fn check(uri: &str, intake: Intake, expected: [&str; 2]) {
        let answer = ask(&request(uri, "TCP"), intake).unwrap();
        for line in expected {
            assert!(answer.contains(line), "{uri}: {answer}");
        }
    }

    #[test]
    fn who_is_asked_for_and_whether_calls_are_taken_decides() {
        let tag = ";tag=z9hG4bK45efd1b7\r\n";
        check(
            "sip:9001@127.0.0.1:5060",
            Intake::Open,
            ["SIP/2.0 200 OK", &format!("To: <sip:9001@127.0.0.1>{tag}")],
        );
        check(
            "sip:nosuch@127.0.0.1:5060;transport=tcp",
            Intake::Open,
            ["404 Not Found", "To: <sip:nosuch@127.0.0.1>"],
        );
        check("tel:123", Intake::Open, ["SIP/2.0 404 Not Found", &format!("To: <tel:123>{tag}")]);
        check("sips:127.0.0.1", Intake::Open, ["SIP/2.0 200 OK", &format!("To: <sips:127.0.0.1>{tag}")]);
        check(
            "sip:127.0.0.1",
            Intake::Draining,
            ["SIP/2.0 503 Service Unavailable", "SIP/2.0/TCP 127.0.0.1:39384;rport"],
        );
    }

    #[test]
    fn what_is_no_request_gets_no_answer() {
        let good = request("sip:127.0.0.1", "UDP");
        for bad in [
            "".to_owned(),
            "\r\n\r\n".to_owned(),
            "SIP/2.0 200 OK\r\n\r\n".to_owned(),
            good.replace("OPTIONS sip", "ACK sip"),
            good.replace("Call-ID", "X-ID"),
            good.replace("branch=", "twig="),
            good.replace(" SIP/2.0\r\nVia", " SIP/1.0\r\nVia"),
        ] {
            assert_eq!(ask(&bad, Intake::Open), None, "{bad}");
        }
        assert!(ask(&good.replace("OPTIONS", "INVITE"), Intake::Open).unwrap().starts_with("SIP/2.0 501 "));
    }

    #[test]
    fn a_stream_is_cut_into_requests_by_their_length() {
        assert_eq!(whole(b"OPTIONS x SIP/2.0\r\nl: 4\r\n\r\nbo"), None);
        assert_eq!(whole(b"OPTIONS x SIP/2.0\r\nl: 4\r\n\r\nbodyOPTIONS"), Some(31));
        assert_eq!(whole(b"OPTIONS x SIP/2.0\r\n\r\nOPTIONS"), Some(21));
        assert_eq!(whole(b"OPTIONS x SIP/2.0\r\nContent-Length: 18446744073709551615\r\n\r\n"), None);
    }
}
