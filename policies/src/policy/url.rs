//! URLs as a probe may ask for them: plain, without a password, and at an address that is written.

use super::asks::named;
use state::document::Value;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// The longest URL: nobody reads more on a screen.
const URL_MAX: usize = 1000;

/// A URL in its parts, as far as it matters where it leads.
struct Parts<'u> {
    host: Host<'u>,
    port: u16,
}

enum Host<'u> {
    Address(IpAddr),
    Name(&'u str),
}

/// Reads a URL and where it is asked for: at the address in it, or at one that is written beside its name.
pub(super) fn read(value: Value<'_>, address: Option<Value<'_>>) -> Option<(SocketAddr, String)> {
    let text = value.words()?;
    let Some(Parts { host, port }) = parts(text) else {
        return value
            .refuse(format!("`{text}` is no url for a probe"), "such as `https://192.0.2.11/health`");
    };
    let ip = match (host, address) {
        (Host::Address(ip), None) => ip,
        (Host::Address(_), Some(twice)) => {
            return twice
                .refuse("the url has an address already", "write a name in the url, or leave this out");
        }
        (Host::Name(_), Some(address)) => address.ip()?,
        (Host::Name(name), None) => {
            let note = "`address: 192.0.2.11` beside it: the name service may be down when it matters";
            return value.refuse(format!("where is `{name}`?"), note);
        }
    };
    Some((SocketAddr::new(ip, port), text.to_owned()))
}

/// Takes `http` or `https` apart; none for anything that could be read in two ways.
fn parts(url: &str) -> Option<Parts<'_>> {
    let (rest, usual) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => (rest, 443),
        (None, Some(rest)) => (rest, 80),
        (None, None) => return None,
    };
    let plain = url.len() <= URL_MAX && url.bytes().all(|byte| byte.is_ascii_graphic());
    if !plain || url.contains(['@', '#', '\\']) {
        return None;
    }
    let authority = rest.split(['/', '?']).next()?;
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((six, port)) => (Host::Address(six.parse::<Ipv6Addr>().ok()?.into()), port),
        None => {
            let (host, port) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
            (spelt(host)?, port)
        }
    };
    let port = match port.strip_prefix(':') {
        Some(digits) => digits.parse().ok().filter(|port| *port > 0)?,
        None if port.is_empty() => usual,
        None => return None,
    };
    Some(Parts { host, port })
}

/// An address of four bytes or a name; what is neither in full, as `192.0.2`, some would take for an address.
fn spelt(host: &str) -> Option<Host<'_>> {
    let last = host.rsplit('.').next()?;
    if last.starts_with(|letter: char| letter.is_ascii_digit()) {
        return Some(Host::Address(IpAddr::V4(host.parse().ok()?)));
    }
    named(host).map(|_| Host::Name(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Option<String> {
        parts(url).map(|Parts { host, port }| match host {
            Host::Address(ip) => SocketAddr::new(ip, port).to_string(),
            Host::Name(name) => format!("{name} {port}"),
        })
    }

    #[test]
    fn it_is_plain_where_a_url_leads() {
        let leads = |url: &str, to: &str| assert_eq!(read(url).as_deref(), Some(to), "{url}");
        leads("http://192.0.2.11", "192.0.2.11:80");
        leads("https://192.0.2.11/health", "192.0.2.11:443");
        leads("https://[2001:db8::1]:8443/a?b=c", "[2001:db8::1]:8443");
        leads("http://www.example.com:8080?x", "www.example.com 8080");
        for bad in [
            "",
            "192.0.2.11",
            "ftp://192.0.2.11/",
            "http://",
            "http:///x",
            "http://user:pw@192.0.2.11/",
            "http://192.0.2/",
            "http://0x7f.1/",
            "http://192.0.2.11:0/",
            "http://192.0.2.11:99999/",
            "http://192.0.2.11/a b",
            "http://192.0.2.11\\@example.com/",
            "http://[::1/",
            "http://[::1]x/",
            "http://a..b/",
            "HTTP://192.0.2.11/",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
