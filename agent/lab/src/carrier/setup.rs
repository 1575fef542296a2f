//! What a carrier is started with: accounts, numbers, and the manners that the real one leaves open.

use super::destination::{self, Ports};
use super::frame::Patience;
use super::request::Spelling;
use super::stock::{Held, Life, Slots};
use super::tls::Certificate;
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use thiserror::Error;

/// How STAT shows a number with several slots; two clients of the real carrier disagree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Record {
    /// `number Y date t1|t2|t3`, which the later client was fixed against.
    #[default]
    Joined,
    /// `number Y date t1|number Y date t2|…`: every part a whole record, empty slots left out.
    Repeated,
}

/// How a reply line ends; not known of the real carrier, every client copes with both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineEnd {
    /// CR LF
    #[default]
    CrLf,
    /// LF alone
    Lf,
}

/// One login of the carrier.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The username.
    pub user: String,
    /// Its password: compared, replaced by `***` in the log, and shown nowhere.
    pub password: String,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("user", &self.user).finish_non_exhaustive()
    }
}

/// Why a carrier cannot be started as told.
#[derive(Debug, Error)]
pub enum SetupError {
    /// Not `USER:PASS`, or characters that the real carrier's clients would strip.
    #[error("an account is written `USER:PASS`, both of letters, digits, `_`, `.` and `-`")]
    Account,
    /// The same username twice.
    #[error("account `{0}` is given twice")]
    Twice(String),
    /// Not `[USER/]N=DEST[|DEST[|DEST]]`.
    #[error("`{0}` is no number: write `[USER/]NUMBER=DEST`, further slots after `|`")]
    Number(String),
    /// The same number twice: which of the two destinations was meant?
    #[error("number `{0}` is given twice")]
    NumberTwice(String),
    /// The account before the slash is none, or there is no account at all.
    #[error("`{0}` belongs to no account: give its account first")]
    Ownerless(String),
    /// A destination that the carrier itself would refuse.
    #[error("cannot point `{number}` at `{destination}`")]
    Destination { number: String, destination: String, source: destination::DestinationFault },
    /// A certificate that does not fit its key, or is none.
    #[error("cannot use the certificate")]
    Certificate(#[source] rustls::Error),
    /// A certificate could not be made.
    #[error("cannot make a certificate")]
    Making(#[source] rcgen::Error),
    /// The address is taken, or is not ours.
    #[error("cannot listen on {at}")]
    Listen { at: SocketAddr, source: std::io::Error },
}

/// What a carrier is started with.
#[derive(Debug)]
pub struct Setup {
    /// Where it listens; port 0 takes any.
    pub listen: SocketAddr,
    /// Where its control port listens, if it has one.
    pub control: Option<SocketAddr>,
    /// Its logins.
    pub accounts: Vec<Account>,
    /// Its numbers.
    pub numbers: BTreeMap<String, Held>,
    /// Speaks TLS from the first byte, if there is a certificate.
    pub tls: Option<Certificate>,
    /// The names of those who connect, by their address.
    pub labels: BTreeMap<IpAddr, String>,
    /// The code of failures, 1 to 9.
    pub digit: u8,
    /// The form of STAT.
    pub record: Record,
    /// The end of a reply line.
    pub line_end: LineEnd,
    /// Whether destinations may have a port.
    pub ports: Ports,
    /// How long an unterminated command is waited for.
    pub patience: Patience,
}

impl Setup {
    /// A carrier without accounts, plain, on this address.
    pub fn at(listen: SocketAddr) -> Self {
        Self {
            listen,
            control: None,
            accounts: Vec::new(),
            numbers: BTreeMap::new(),
            tls: None,
            labels: BTreeMap::new(),
            digit: 1,
            record: Record::default(),
            line_end: LineEnd::default(),
            ports: Ports::default(),
            patience: Patience::default(),
        }
    }

    /// Adds an account, written `USER:PASS`. The error never repeats it.
    pub fn account(mut self, text: &str) -> Result<Self, SetupError> {
        let (user, password) = text.split_once(':').ok_or(SetupError::Account)?;
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
        if [user, password].iter().any(|part| part.is_empty() || !part.bytes().all(allowed)) {
            return Err(SetupError::Account);
        }
        if self.accounts.iter().any(|account| account.user == user) {
            return Err(SetupError::Twice(user.to_owned()));
        }
        self.accounts.push(Account { user: user.to_owned(), password: password.to_owned() });
        Ok(self)
    }

    /// Adds a number, written `[USER/]N=DEST[|DEST[|DEST]]`; without a user it belongs to the first account.
    pub fn number(mut self, text: &str) -> Result<Self, SetupError> {
        let bad = || SetupError::Number(destination::masked(text));
        let (name, destinations) = text.split_once('=').ok_or_else(bad)?;
        let (user, name) = match name.split_once('/') {
            Some((user, name)) => (Some(user), name),
            None => (None, name),
        };
        let owner = match user {
            Some(user) => self.accounts.iter().find(|account| account.user == user),
            None => self.accounts.first(),
        };
        let owner = owner.ok_or_else(|| SetupError::Ownerless(name.to_owned()))?;
        Spelling::parse(name).ok_or_else(bad)?;
        if self.numbers.contains_key(name) {
            return Err(SetupError::NumberTwice(name.to_owned()));
        }
        let mut slots = Slots::default();
        let parts = destinations.split('|').collect::<Vec<_>>();
        if parts.len() > slots.len() {
            return Err(bad());
        }
        for (slot, part) in slots.iter_mut().zip(parts) {
            if !part.is_empty() {
                destination::check(part, self.ports).map_err(|source| SetupError::Destination {
                    number: name.to_owned(),
                    destination: destination::masked(part),
                    source,
                })?;
            }
            part.clone_into(slot);
        }
        self.numbers.insert(name.to_owned(), Held::new(&owner.user, Life::Active, slots));
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demo() -> Setup {
        let setup = Setup::at("127.0.0.1:0".parse().expect("an address"));
        setup.account("demo:secret").and_then(|s| s.account("other:hidden")).expect("two accounts")
    }

    #[test]
    fn numbers_belong_to_the_account_before_the_slash_or_to_the_first() {
        let setup = demo().number("02079460000=S:1@192.0.2.1|S:2@192.0.2.2").expect("a number");
        let setup = setup.number("other/P2079460001=").expect("another");
        assert_eq!(setup.numbers["02079460000"].account, "demo");
        assert_eq!(setup.numbers["02079460000"].slots[1], "S:2@192.0.2.2");
        assert_eq!(setup.numbers["P2079460001"].account, "other");
    }

    #[test]
    fn faults_are_named_and_passwords_are_not() {
        let say = |result: Result<Setup, SetupError>| result.expect_err("refused").to_string();
        assert!(say(demo().account("demo:again")).contains("`demo` is given twice"));
        assert!(!say(demo().account("a b:topsecret")).contains("topsecret"));
        assert!(say(demo().number("02079460000")).contains("is no number"));
        let twice = demo().number("02079460000=S:1@192.0.2.1").and_then(|s| s.number("other/02079460000="));
        assert!(say(twice).contains("number `02079460000` is given twice"));
        assert!(say(demo().number("nobody/02079460000=")).contains("belongs to no account"));
        assert!(say(demo().number("02079460000=S:1")).contains("cannot point"));
        assert!(!format!("{:?}", demo()).contains("secret"));
    }
}
