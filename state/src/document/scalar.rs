//! Single values: words, names, counts, durations and addresses, each refused in words.

use super::duration::{NoDuration, duration};
use super::nearest::nearest;
use super::sketch::Asked;
use super::tree::{Node, Quoting};
use super::value::Value;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Duration;

/// The longest name of a site, a route or a playbook: four of them fit into a line of a screen.
pub const NAME_MAX: usize = 24;
/// The longest name of a host, and of one part of it (RFC 1035, 2.3.4).
const HOST_MAX: usize = 253;
const LABEL_MAX: usize = 63;

/// What other languages take for a true or a false. Ours have no such thing, so that nothing is guessed.
const TRUTHS: [&str; 6] = ["true", "false", "yes", "no", "on", "off"];

impl<'t> Value<'t> {
    /// The value as text, in whatever way it is quoted; a bare true or false is refused.
    pub fn text(self) -> Option<&'t str> {
        self.asks(|| Asked::Text);
        match &self.tree().node {
            Node::Scalar { text, quoted: Quoting::Bare }
                if TRUTHS.iter().any(|truth| text.eq_ignore_ascii_case(truth)) =>
            {
                self.refuse(
                    format!("`{text}` is not used here"),
                    "there is no true or false; write the word it stands for",
                )
            }
            Node::Scalar { text, quoted: Quoting::Bare | Quoting::Quoted } => Some(text),
            Node::Map(_) | Node::List(_) | Node::Null => self.unexpected("a single value"),
        }
    }

    /// A sentence or a word that is not empty.
    pub fn words(self) -> Option<&'t str> {
        let text = self.text()?;
        if text.trim().is_empty() {
            self.refuse(format!("`{}` is empty", self.key_text()), "write a word or a sentence")
        } else {
            Some(text)
        }
    }

    /// The name of a site, a route or a playbook.
    pub fn name(self) -> Option<&'t str> {
        let text = self.text()?;
        if is_name(text) {
            Some(text)
        } else {
            self.refuse(
                format!("`{text}` is no name"),
                format!("small letters, digits and `-`, a letter first, at most {NAME_MAX}"),
            )
        }
    }

    /// One of a few words, each with its meaning.
    pub fn one_of<T: Copy>(self, words: &[(&'static str, T)]) -> Option<T> {
        let text = self.text()?;
        self.asks(|| Asked::Word(words.iter().map(|(word, _)| *word).collect()));
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*meaning);
        }
        let note = match nearest(text, words.iter().map(|(word, _)| *word)) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("one of: {}", words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ")),
        };
        self.refuse(format!("`{}` cannot be `{text}`", self.key_text()), note)
    }

    /// A whole number within a range.
    pub fn count(self, range: RangeInclusive<u32>) -> Option<u32> {
        let text = self.text()?;
        self.asks(|| Asked::Count(*range.start(), *range.end()));
        let note = format!("a whole number from {} to {}", range.start(), range.end());
        match text.parse::<u32>() {
            Ok(number) if range.contains(&number) && text.bytes().all(|b| b.is_ascii_digit()) => Some(number),
            _ => self.refuse(format!("`{}` cannot be `{text}`", self.key_text()), note),
        }
    }

    /// A time with its unit.
    pub fn duration(self) -> Option<Duration> {
        let text = self.text()?;
        self.asks(|| Asked::Duration);
        match duration(text) {
            Ok(duration) => Some(duration),
            Err(NoDuration::NoUnit(number)) => {
                self.refuse("a duration needs a unit", format!("write `{number}s`"))
            }
            Err(NoDuration::Fraction) => {
                self.refuse("a duration has no fraction", "use a smaller unit, such as `500ms`")
            }
            Err(NoDuration::TooLong) => {
                self.refuse(format!("`{text}` is longer than a century"), "such as `15s`, `2h` or `1 day`")
            }
            Err(NoDuration::NotOne) => {
                self.refuse(format!("`{text}` is no duration"), "such as `500ms`, `15s`, `2h` or `1 day`")
            }
        }
    }

    /// An IP address without a port.
    pub fn ip(self) -> Option<IpAddr> {
        let text = self.text()?;
        match (text.parse(), text.parse::<SocketAddr>()) {
            (Ok(ip), _) => Some(ip),
            (Err(_), Ok(_)) => {
                self.refuse("an address without a port is expected here", format!("`{}`", port_apart(text)))
            }
            (Err(_), Err(_)) => self.no_address(text),
        }
    }

    /// An IP address with a port, or with the usual one if none is written.
    pub fn socket(self, usual: u16) -> Option<SocketAddr> {
        let text = self.text()?;
        match (text.parse::<IpAddr>(), text.parse::<SocketAddr>()) {
            (Ok(ip), _) => Some(SocketAddr::new(ip, usual)),
            (Err(_), Ok(socket)) if socket.port() > 0 => Some(socket),
            (Err(_), Ok(_)) => self.refuse("port 0 cannot be reached", "from 1 to 65535, or leave it out"),
            (Err(_), Err(_)) => self.no_address(text),
        }
    }

    /// An IP address with a port that must be written.
    pub fn socket_with_port(self) -> Option<SocketAddr> {
        if let Some(ip) = self.text().and_then(|text| text.parse::<IpAddr>().ok()) {
            return self.refuse("a port is missing", format!("such as `{}`", SocketAddr::new(ip, 7701)));
        }
        self.socket(0)
    }

    /// A host, by name or by address, with a port or with the usual one.
    pub fn host(self, usual: u16) -> Option<(&'t str, u16)> {
        let text = self.text()?;
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') => (host, port.parse().ok().filter(|port| *port > 0)),
            _ => (text, Some(usual)),
        };
        if let Some((_, rest)) = text.split_once("://") {
            let host = rest.split('/').next().unwrap_or(rest);
            return self.refuse("a host is no URL", format!("write `{host}`"));
        }
        match port {
            Some(port) if host.parse::<IpAddr>().is_ok() || is_host(host) => Some((host, port)),
            _ => self.refuse(format!("`{text}` is no host"), "such as `api.example.com` or `192.0.2.1:9997`"),
        }
    }

    /// Says that a text is no address.
    fn no_address<T>(self, text: &str) -> Option<T> {
        let looks_like_name = text.chars().any(|c| c.is_ascii_alphabetic()) && !text.contains(':');
        let note = if looks_like_name {
            "an address, not a host name: the name service may be down when it matters"
        } else {
            "such as `192.0.2.10` or `2001:db8::10`"
        };
        self.refuse(format!("`{text}` is no IP address"), note)
    }
}

/// The address of an address and its port.
fn port_apart(text: &str) -> &str {
    text.rsplit_once(':').map_or(text, |(address, _)| address.trim_matches(['[', ']']))
}

/// Whether a text is an address of four bytes, or a name that the name service and certificates can have. What is
/// neither in full, as `192.0.2`, some would take for an address.
pub fn is_host(text: &str) -> bool {
    let name = text.strip_suffix('.').unwrap_or(text);
    if name.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_digit())) {
        return text.parse::<Ipv4Addr>().is_ok();
    }
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let label = |label: &str| {
        let whole = !label.starts_with('-') && !label.ends_with('-');
        (1..=LABEL_MAX).contains(&label.len()) && label.bytes().all(letter) && whole
    };
    name.len() <= HOST_MAX && name.split('.').all(label)
}

/// Whether a text can name a site, a route or a playbook.
pub fn is_name(text: &str) -> bool {
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.len() <= NAME_MAX
        && !text.ends_with('-')
        && text.chars().all(letters)
}

/// A duration as a person writes it: `500ms`, `15s`, `10m`, `2h`.
pub fn spell(duration: Duration) -> String {
    let millis = duration.as_millis();
    // Up to five minutes people think in seconds: `90s` and `120s`, then `5m`.
    if (1000..300_000).contains(&millis) && millis.is_multiple_of(1000) {
        return format!("{}s", millis / 1000);
    }
    let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)];
    match units.iter().find(|(_, size)| millis >= *size && millis.is_multiple_of(*size)) {
        Some((unit, size)) => format!("{}{unit}", millis / size),
        None if millis == 0 => "0s".to_string(),
        None => format!("{millis}ms"),
    }
}
