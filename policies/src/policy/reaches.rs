//! How gently a carrier's interface is asked: `carrier/magrathea` among the probes, with logins and bare connections.

use super::Pace;
use super::draft::{DraftReach, Written};
use super::pace::within;
use crate::limits::{CARRIER_CONNECT_EVERY, CARRIER_EVERY, CARRIER_EVERY_MIN, CARRIER_FALL, CARRIER_TIMEOUT};
use state::document::{Fault, Key, Value, is_name, spell};
use std::time::Duration;

/// Before the name of a carrier, in the place of a site.
const BEFORE: &str = "carrier/";
/// Nobody who looks less often could say anything.
const EVERY_MAX: Duration = Duration::from_secs(3600);
/// A connection is a small thing, and still not to be had for nothing.
const CONNECT_MIN: Duration = Duration::from_secs(1);

/// How each site that holds a carrier's secret asks whether it reaches the carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// How often it logs in and reads a number, if nothing else did so before; `>= carrier_every_min`.
    pub every: Duration,
    /// How often it connects between the logins, saying nothing; `<= every`.
    pub connect_every: Duration,
    /// How long a connection may take; `<= connect_every`.
    pub timeout: Duration,
    /// How many misses in a row make `down`.
    pub fall: u32,
}

impl Reach {
    /// Where the policy says nothing.
    pub const USUAL: Self = Self {
        every: CARRIER_EVERY,
        connect_every: CARRIER_CONNECT_EVERY,
        timeout: CARRIER_TIMEOUT,
        fall: CARRIER_FALL,
    };

    /// How often each of so many sites logs in: they share one account, and together keep to the clause on misuse.
    pub fn login_every(&self, sites: usize) -> Duration {
        let sites = u32::try_from(sites).unwrap_or(u32::MAX);
        self.every.max(CARRIER_EVERY_MIN.saturating_mul(sites))
    }

    /// By which a site judges its own way to the carrier: one good answer is enough, because nothing moves on it.
    pub fn pace(&self) -> Pace {
        let Self { connect_every, timeout, fall, .. } = *self;
        Pace { every: connect_every, timeout, fall, rise: 1, blip: connect_every * fall }
    }
}

/// Whether a key of `probes` names a carrier and not a service of a site.
pub(super) fn is_meant(key: &Key) -> bool {
    key.text.starts_with(BEFORE)
}

/// Reads `carrier/magrathea: { carrier: { every: 60s } }`: the name, and the numbers.
pub(super) fn read(key: &Key, value: Value<'_>) -> Option<Written<DraftReach>> {
    let name = key.text.strip_prefix(BEFORE).filter(|name| is_name(name));
    if name.is_none() {
        let fault = Fault::at(key.place, format!("`{}` is no carrier", key.text));
        value.faults().add(fault.note("such as `carrier/magrathea`"));
    }
    let mut fields = value.map()?;
    let asked = fields.optional("carrier");
    fields.finish();
    if asked.is_none() {
        let fault = Fault::at(key.place, format!("`{}` asks nothing", key.text));
        value.faults().add(fault.hint("`carrier: { every: 60s }`"));
    }
    let reach = asked.and_then(numbers);
    Some(Written { place: key.place, is: DraftReach { carrier: name?.to_owned(), reach: reach? } })
}

fn numbers(value: Value<'_>) -> Option<Reach> {
    let mut fields = value.map()?;
    let before = value.faults().count();
    let every = within(fields.optional("every"), CARRIER_EVERY_MIN, EVERY_MAX);
    let connect = within(fields.optional("connect_every"), CONNECT_MIN, EVERY_MAX);
    let timeout = within(fields.optional("timeout"), CONNECT_MIN, EVERY_MAX);
    let fall = fields.optional("fall").and_then(|fall| fall.count(2..=100));
    fields.finish();
    let place = |written: &Option<Written<Duration>>| written.as_ref().map(|written| written.place);
    let at = place(&timeout).or(place(&connect)).or(place(&every)).unwrap_or(value.key_place());
    let usual = Reach::USUAL;
    let or =
        |written: Option<Written<Duration>>, usual: Duration| written.map_or(usual, |written| written.is);
    let connect_every = or(connect, usual.connect_every);
    let (every, timeout) = (or(every, usual.every), or(timeout, usual.timeout.min(connect_every)));
    let reach = Reach { every, connect_every, timeout, fall: fall.unwrap_or(usual.fall) };
    if value.faults().count() > before {
        return None;
    }
    let too_long = [
        (
            "timeout",
            timeout,
            "connect_every",
            connect_every,
            "a connection may take longer than the next one",
        ),
        ("connect_every", connect_every, "every", every, "logins are more frequent than connections"),
    ];
    for (key, less, than, more, message) in too_long.into_iter().filter(|sum| sum.1 > sum.3) {
        let sum = format!("{key} <= {than}    {} <= {}    is false", spell(less), spell(more));
        value.faults().add(Fault::at(at, message).sum(sum).hint(format!("`{key}: {}`", spell(more))));
    }
    Some(reach)
}
