//! What a carrier takes as a destination: one grammar, for whoever checks a policy and for whoever writes on the wire.

use state::document::is_host;

/// The kinds of addresses that a fail-over may set; the carrier has one more, which carries a password.
const KINDS: [&str; 5] = ["S", "s", "E", "F", "V"];
/// The longest user part: that of SIP users in practice.
const USER_MAX: usize = 64;
/// The longest host: that of DNS.
const HOST_MAX: usize = 253;

/// Why a text cannot be set as a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Of no form that the carrier has.
    #[error("no carrier takes this as a destination")]
    Form,
    /// It would carry a password, which every STAT then shows.
    #[error("a destination with a password is never set from here")]
    Password,
    /// No user before the `@`, or not in its letters.
    #[error("the carrier does not take what stands before the `@`")]
    User,
    /// No host behind the `@`, or not in its letters.
    #[error("the carrier does not take what stands behind the `@`")]
    Host,
    /// A port behind the host, or behind a number.
    #[error("the carrier takes no port in a destination")]
    Port,
    /// An address of the newer kind.
    #[error("the carrier takes no IPv6 address in a destination")]
    Newer,
    /// A number that does not begin with its country.
    #[error("the carrier takes a number with its country, and without `0` or `+` before it")]
    Country,
    /// A number of too many or too few digits.
    #[error("no number in the world has so many digits, or so few")]
    Digits,
}

/// Whether a text can be said to a carrier as a destination: its form and its alphabets.
///
/// # Errors
/// Says what stands in the way.
pub fn sayable(text: &str) -> Result<(), Unfit> {
    let Some((kind, address)) = text.split_once(':') else { return number(text) };
    if !KINDS.contains(&kind) {
        let digits = !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_digit());
        return Err(match kind {
            "I" => Unfit::Password,
            _ if digits => Unfit::Port,
            _ => Unfit::Form,
        });
    }
    let (user, host) = address.split_once('@').ok_or(Unfit::User)?;
    let letters = |text: &str, more: &[u8]| {
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
    };
    if !(1..=USER_MAX).contains(&user.len()) || !letters(user, b"+_.-") {
        return Err(if user.contains(':') { Unfit::Password } else { Unfit::User });
    }
    if (1..=HOST_MAX).contains(&host.len()) && letters(host, b".-") {
        return Ok(());
    }
    Err(match host.split_once(':') {
        _ if host.starts_with('[') || host.matches(':').count() > 1 => Unfit::Newer,
        Some((before, port)) if letters(before, b".-") && letters(port, b"") => Unfit::Port,
        Some(_) | None => Unfit::Host,
    })
}

/// As [`sayable`], and besides what nobody would write who is going to be called there.
///
/// # Errors
/// Says what stands in the way.
pub(super) fn fit(text: &str) -> Result<(), Unfit> {
    sayable(text)?;
    match text.split_once('@') {
        None if text.starts_with('0') => Err(Unfit::Country),
        Some((_, host)) if !is_host(host) => Err(Unfit::Host),
        Some(_) | None => Ok(()),
    }
}

/// A telephone number as the whole world dials it: its digits alone.
fn number(text: &str) -> Result<(), Unfit> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.strip_prefix('+') {
        Some(rest) if digits(rest) => Err(Unfit::Country),
        None if digits(text) && (6..=15).contains(&text.len()) => Ok(()),
        None if digits(text) => Err(Unfit::Digits),
        Some(_) | None => Err(Unfit::Form),
    }
}

impl Unfit {
    /// What can be written instead of a text that is not fit.
    pub(super) fn instead(self, text: &str) -> String {
        let before = |end: char| text.rsplit_once(end).map_or(text, |(before, _)| before);
        match self {
            Self::Form => "`S:$number@$pbx`, or a number such as `\"441134960999\"`".to_owned(),
            Self::Password => "`S:$number@$pbx`: the address alone lets the calls in".to_owned(),
            Self::User => format!("1 to {USER_MAX} letters, digits, `+`, `_`, `.` or `-`: `S:$number@$pbx`"),
            Self::Host => "an address or a name, such as `S:$number@192.0.2.11`".to_owned(),
            Self::Port if !text.contains('@') => format!("`\"{}\"`", before(':')),
            Self::Port => format!("`{}`: it calls at the usual port", before(':')),
            Self::Newer => "an address of the older kind, such as `192.0.2.11`".to_owned(),
            Self::Country => {
                let digits = text.trim_start_matches('+');
                let world = digits.strip_prefix('0').map_or(digits.to_owned(), |rest| format!("44{rest}"));
                format!("`\"{world}\"`")
            }
            Self::Digits => "from 6 to 15 digits, such as `\"441134960999\"`".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A destination that was read at the carrier can be put back even if nobody would write it so.
    #[test]
    fn what_nobody_would_write_can_still_be_said() {
        for odd in ["01134960999", "S:a@192.0.2.256", "S:a@-x.example"] {
            assert_eq!(sayable(odd), Ok(()), "{odd}");
            assert!(fit(odd).is_err(), "{odd}");
        }
    }
}
