//! The contact probe: what the PBX beside this agent thinks of an address that calls come from, which it asks itself.

use super::ami::Ami;
use super::{Answer, Why};
use crate::ami::AmiError;
use crate::ami::message::Message;
use crate::clock::mono;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Where SIP is spoken if a contact does not say.
const SIP_PORT: u16 = 5060;
const SIPS_PORT: u16 = 5061;

/// Which PBX is asked about whom.
#[derive(Clone, Debug)]
pub struct Contact {
    /// The manager interface of the PBX.
    pub ami: Ami,
    /// The address that is to be one of its contacts.
    pub target: SocketAddr,
}

impl Contact {
    /// Asks once. A PBX that does not answer, or has no such contact, says nothing about the carrier.
    pub async fn ask(&self, timeout: Duration) -> Answer {
        let asked = mono();
        let target = self.target;
        let mut session = match self.ami.open(timeout).await {
            Ok(session) => session,
            Err(Answer::Unasked { why }) => return Answer::Unasked { why },
            Err(answer) => {
                return Answer::Unasked {
                    why: format!("the PBX cannot be asked for its contacts: {answer}"),
                };
            }
        };
        let left = timeout.saturating_sub(mono().since(asked));
        let listed = tokio::time::timeout(left, session.list("PJSIPShowContacts", &[])).await;
        let statuses = match listed {
            Ok(Ok(contacts)) => contacts.iter().filter_map(|contact| status(contact, target)).collect(),
            // Asterisk calls an empty list an error.
            Ok(Err(AmiError::Refused { words, .. })) if words.contains("No Contacts") => Vec::new(),
            Ok(Err(error)) => {
                return Answer::Unasked { why: format!("the PBX does not list its contacts: {error}") };
            }
            Err(_elapsed) => {
                return Answer::Unasked { why: "the PBX lists its contacts too slowly".to_owned() };
            }
        };
        session.log_off().await;
        told(target, &statuses)
            .unwrap_or(Answer::Alive { detail: "Reachable".to_owned(), took: mono().since(asked) })
    }
}

/// What the PBX says of all contacts at an address; nothing if one of them is reached.
fn told(target: SocketAddr, statuses: &[String]) -> Option<Answer> {
    let is = |status: &str| statuses.iter().any(|said| said.eq_ignore_ascii_case(status));
    if is("Reachable") {
        None
    } else if is("Unreachable") {
        Some(Answer::Dead { why: Why::Wrong("the PBX says Unreachable".to_owned()) })
    } else if statuses.is_empty() {
        Some(Answer::Unasked { why: format!("the PBX has no contact at {target}") })
    } else {
        let why = format!(
            "the PBX does not ask its contact at {target}; hint: `qualify_frequency` of its AOR in pjsip.conf"
        );
        Some(Answer::Unasked { why })
    }
}

/// The status of a contact, if it is the one at this address.
fn status(contact: &Message, target: SocketAddr) -> Option<String> {
    let here = contact.header("Uri").and_then(address)? == target;
    here.then(|| contact.header("Status").unwrap_or_default().to_owned())
}

/// The address in a SIP URI: `sip:user@203.0.113.60:5060;transport=udp`. One that is a name is none: names move.
fn address(uri: &str) -> Option<SocketAddr> {
    let (scheme, rest) = uri.split_once(':')?;
    let usual = if scheme.eq_ignore_ascii_case("sips") { SIPS_PORT } else { SIP_PORT };
    let rest = rest.split([';', '?', '>']).next()?;
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    if let Ok(address) = host.parse::<SocketAddr>() {
        return Some(address);
    }
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, usual))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_contact_is_read_however_it_is_written() {
        for (uri, at) in [
            ("sip:203.0.113.60", Some("203.0.113.60:5060")),
            ("sip:pointsman@203.0.113.60:5080;transport=udp", Some("203.0.113.60:5080")),
            ("sips:203.0.113.60", Some("203.0.113.60:5061")),
            ("sip:[2001:db8::1]:5080", Some("[2001:db8::1]:5080")),
            ("sip:[2001:db8::1]", Some("[2001:db8::1]:5060")),
            ("sip:carrier.example:5060", None),
            ("nonsense", None),
        ] {
            assert_eq!(address(uri), at.map(|at| at.parse().unwrap()), "{uri}");
        }
    }

    #[test]
    fn one_contact_that_is_reached_is_enough_and_one_that_nobody_asks_says_nothing() {
        let at = "203.0.113.60:5060".parse().unwrap();
        let said =
            |statuses: &[&str]| told(at, &statuses.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>());
        assert_eq!(said(&["Unreachable", "Reachable"]), None);
        assert!(matches!(said(&["Unreachable", "NonQualified"]), Some(Answer::Dead { .. })));
        assert!(matches!(said(&["NonQualified"]), Some(Answer::Unasked { .. })));
        assert!(matches!(said(&[]), Some(Answer::Unasked { .. })));
    }
}
