//! The grammar of a destination, as far as clients of the real carrier show it.

use thiserror::Error;

/// Whether a destination's host may carry a port; the real carrier documents none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ports {
    /// `S:user@host:port` is refused, which is the cautious assumption.
    #[default]
    Refused,
    /// `S:user@host:port` is stored, for tests that need two PBXs on one address.
    Allowed,
}

/// Why a destination is not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DestinationFault {
    /// A blank, a control character, `|` or something outside ASCII.
    #[error("destination has a character that is not allowed")]
    Character,
    /// No known prefix, and not the digits of a telephone number.
    #[error("destination is of no known kind")]
    Kind,
    /// The part before `@` is missing or has a `:` too many.
    #[error("destination has no valid user before the at sign")]
    User,
    /// The part after `@` is not an IPv4 address or a host name.
    #[error("destination has no valid host after the at sign")]
    Host,
    /// A port, where none is taken.
    #[error("destination has a port")]
    Port,
}

/// Checks a destination; the case of the prefix matters (`S:` and `s:` differ in how they carry DTMF).
pub fn check(text: &str, ports: Ports) -> Result<(), DestinationFault> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic() && b != b'|') {
        return Err(DestinationFault::Character);
    }
    let Some((kind, rest)) = text.split_once(':') else {
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        return if digits && (7..=15).contains(&text.len()) { Ok(()) } else { Err(DestinationFault::Kind) };
    };
    let (user, host) = match kind {
        "S" | "s" | "E" | "I" | "F" | "V" => rest.split_once('@').ok_or(DestinationFault::User)?,
        _ => return Err(DestinationFault::Kind),
    };
    // Only IAX has a password between user and host.
    let parts = user.split(':').collect::<Vec<_>>();
    let most = if kind == "I" { 2 } else { 1 };
    if parts.len() > most || parts.iter().any(|part| part.is_empty()) {
        return Err(DestinationFault::User);
    }
    host_is_valid(host, ports)
}

fn host_is_valid(host: &str, ports: Ports) -> Result<(), DestinationFault> {
    let name = match host.split_once(':') {
        None => host,
        Some(_) if ports == Ports::Refused => return Err(DestinationFault::Port),
        Some((name, port)) => {
            port.parse::<u16>().ok().filter(|port| *port > 0).ok_or(DestinationFault::Port)?;
            name
        }
    };
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let numeric = name.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let valid = if numeric {
        name.parse::<std::net::Ipv4Addr>().is_ok()
    } else {
        name.len() <= 253 && name.split('.').all(label)
    };
    if valid { Ok(()) } else { Err(DestinationFault::Host) }
}

/// The destinations in a line with the passwords of IAX targets hidden, for the log.
pub fn masked(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for piece in line.split_inclusive([' ', '|']) {
        let secret = piece.strip_prefix("I:").and_then(|rest| {
            let at = rest.rfind('@')?;
            let colon = rest[..at].find(':')?;
            Some((&rest[..colon], &rest[at..]))
        });
        match secret {
            Some((user, host)) => {
                out.push_str("I:");
                out.push_str(user);
                out.push_str(":***");
                out.push_str(host);
            }
            None => out.push_str(piece),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_that_clients_send_are_taken() {
        for good in [
            "441189999999",
            "S:442079460000@192.0.2.10",
            "s:442079460000@192.0.2.10",
            "E:+442079460000@sip.example.com",
            "I:user:secret@192.0.2.10",
            "F:fax@example.com",
            "V:box@example.com",
        ] {
            assert_eq!(check(good, Ports::Refused), Ok(()), "{good}");
        }
    }

    #[test]
    fn everything_else_is_refused_with_its_reason() {
        for (bad, fault) in [
            ("", DestinationFault::Character),
            ("S:a b@192.0.2.10", DestinationFault::Character),
            ("S:a@192.0.2.10|x", DestinationFault::Character),
            ("S:ü@192.0.2.10", DestinationFault::Character),
            ("+441189999999", DestinationFault::Kind),
            ("H:a@192.0.2.10", DestinationFault::Kind),
            ("e:a@192.0.2.10", DestinationFault::Kind),
            ("S:192.0.2.10", DestinationFault::User),
            ("S:@192.0.2.10", DestinationFault::User),
            ("S:a:b@192.0.2.10", DestinationFault::User),
            ("S:a@", DestinationFault::Host),
            ("S:a@192.0.2.256", DestinationFault::Host),
            ("S:a@192.0.2", DestinationFault::Host),
            ("S:a@-x.example", DestinationFault::Host),
            ("S:a@192.0.2.10:5060", DestinationFault::Port),
        ] {
            assert_eq!(check(bad, Ports::Refused), Err(fault), "{bad}");
        }
        assert_eq!(check("S:a@192.0.2.10:5060", Ports::Allowed), Ok(()));
        assert_eq!(check("S:a@192.0.2.10:0", Ports::Allowed), Err(DestinationFault::Port));
    }

    #[test]
    fn a_password_inside_a_destination_is_hidden() {
        assert_eq!(
            masked("0 02079460000 Y 2027-12-31 I:u:hunter2@192.0.2.1|S:a@192.0.2.2|"),
            "0 02079460000 Y 2027-12-31 I:u:***@192.0.2.1|S:a@192.0.2.2|"
        );
    }
}
