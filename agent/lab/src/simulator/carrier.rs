//! The simulated carrier: one register per slot of a number, and every SET that may still be alive.

use super::net::SITES;
use state::{Destination, Index, Number};
use std::collections::BTreeMap;

/// Microseconds of true time.
pub type Moment = u64;

/// How the carrier behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conduct {
    /// As it should.
    Fair,
    /// It refuses every SET with a digit.
    Refuses,
    /// It takes connections and never speaks.
    Hangs,
    /// It applies a SET at once and the answer is lost.
    Mute,
    /// The connection is lost, and the SET is applied as late as that can be.
    Late,
    /// It says done and does not do it.
    Lies,
    /// A front end shows the value before the last one for a while.
    Stale,
    /// It refuses connections.
    Closed,
}

/// Every misconduct.
pub const MISCONDUCT: [Conduct; 7] = [
    Conduct::Refuses,
    Conduct::Hangs,
    Conduct::Mute,
    Conduct::Late,
    Conduct::Lies,
    Conduct::Stale,
    Conduct::Closed,
];

/// Who put a value there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// It was there at the beginning.
    Birth,
    /// An attempt, by its fence.
    Attempt(Index),
    /// A person, at the carrier's portal or by a claim alone.
    Person,
}

/// What one slot shows.
#[derive(Clone, Debug)]
pub struct Register {
    /// The value.
    pub value: Destination,
    /// Since when.
    pub since: Moment,
    /// Who put it there.
    pub by: By,
    /// The value before.
    pub before: Destination,
}

/// One SET on its way.
#[derive(Clone, Debug)]
pub struct Flight {
    /// Names it.
    pub id: usize,
    /// By whose order.
    pub mandate: Mandate,
    /// Of which attempt.
    pub fence: Index,
    /// By which site.
    pub site: usize,
    /// In which life of that site's agent.
    pub life: u64,
    /// The number.
    pub number: Number,
    /// What it sets.
    pub value: Destination,
    /// When it left.
    pub sent: Moment,
    /// Until when it can have an effect, as the protocol assumes it at worst.
    pub until: Moment,
    /// Whether its sender was stopped between its ask and its write for longer than anybody can guard against.
    pub timing: Timing,
    /// Whether the answer was read by the process that sent it.
    pub answer: Answered,
}

/// Whose order a SET is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mandate {
    /// Of all sites: the intent was agreed.
    Agreed,
    /// Of a person at one site, without the others.
    Alone,
}

/// Whether a SET left when it may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// It did, as far as a clock that runs can tell.
    InTime,
    /// Its sender's clock stood still: this is repaired, and cannot be prevented.
    Late,
}

/// Whether the carrier's answer to a SET was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// It was: nothing of it can still arrive.
    Read,
    /// It was not, or not yet.
    No,
}

/// Registers and flights.
#[derive(Debug)]
pub struct Carrier {
    /// How it behaves now.
    pub conduct: Conduct,
    /// How far the front end that each site is led to lags behind.
    pub lags: [Moment; SITES],
    /// What each slot of each number shows.
    pub registers: BTreeMap<Number, Register>,
    /// Every SET that was ever sent.
    pub flights: Vec<Flight>,
}

impl Carrier {
    /// A fair one.
    pub fn new(values: impl Iterator<Item = (Number, Destination)>) -> Self {
        let register =
            |value: Destination| Register { before: value.clone(), value, since: 0, by: By::Birth };
        let slots = |(number, value): (Number, Destination)| {
            let behind = [2, 3].map(|slot| (number.at_slot(slot), register(Destination::empty())));
            [(number, register(value))].into_iter().chain(behind)
        };
        let registers = values.flat_map(slots).collect();
        Self { conduct: Conduct::Fair, lags: [0; SITES], registers, flights: Vec::new() }
    }

    /// What a reader at a site is shown.
    pub fn shows(&self, number: &Number, (site, now): (usize, Moment)) -> Option<Destination> {
        const STALE: Moment = 1_500_000;
        let register = self.registers.get(number)?;
        let lag = if self.conduct == Conduct::Stale { STALE } else { self.lags[site] };
        let stale = now < register.since + lag;
        let shows = if stale { &register.before } else { &register.value };
        Some(shows.clone()).filter(|shows| !shows.is_empty())
    }

    /// Puts a value there.
    pub fn put(&mut self, number: &Number, value: &Destination, (by, now): (By, Moment)) {
        if let Some(register) = self.registers.get_mut(number) {
            let before = std::mem::replace(&mut register.value, value.clone());
            *register = Register { value: value.clone(), since: now, by, before };
        }
    }

    /// The SETs of a life of an agent that ended: what they had not had read can still arrive for `life_left`.
    pub fn orphan(&mut self, (site, life): (usize, u64), until: Moment) {
        for flight in self.flights.iter_mut().filter(|f| f.site == site && f.life == life) {
            if flight.answer == Answered::No {
                flight.until = flight.until.min(until);
            }
        }
    }
}
