//! A SET in virtual time: the last look at the clock, the write, and what the carrier makes of it.

use super::carrier::{Answered, By, Conduct, Flight, Mandate, Moment, Timing};
use super::hands::micros;
use super::invariants::{Checked, Sender};
use super::queue::{Item, Then, Write};
use super::schedule::When;
use super::session::Answer;
use super::town::Town;
use agent::carriers::line::{SetOutcome, SetReport};
use agent::carriers::outcome::Lateness;
use agent::carriers::window::{LATE_AFTER, Window};
use policies::limits::REQUEST_LIFE;
use state::{Destination, Nonce, Number};
use std::time::Duration;

impl Town {
    /// The last look at the clock: one function with the write there, and one moment here, unless somebody stops the
    /// process just then.
    pub(super) fn set(
        &mut self,
        (site, nonce): (usize, Nonce),
        (number, value): (Number, Destination),
        window: Window,
    ) -> Checked {
        let here = &self.sites[site];
        let Some(work) = here.sessions.get(&nonce).and_then(|session| session.work.as_ref()) else {
            return Ok(());
        };
        let greatest =
            here.fences.get(&number.line()) == Some(&work.fence) && !here.revoked.contains(&work.fence);
        if here.mono(self.now) > window.send_by || !greatest {
            let report = SetReport::unsent("the window for sending had passed");
            self.reply(site, nonce, (self.now, Answer::Set(report)));
            return Ok(());
        }
        let life = here.life;
        self.spring(When::Writing, site)?;
        let write = Write { nonce, number, value, window };
        if self.sites[site].life != life {
            return Ok(());
        }
        if self.sites[site].stopped.is_some() {
            self.queue.put(self.now, Item::Write { site, life, write });
            return Ok(());
        }
        self.write(site, write)
    }

    /// The write, and the look at the clock right after it.
    pub(super) fn write(&mut self, site: usize, write: Write) -> Checked {
        let Write { nonce, number, value, window } = write;
        let here = &self.sites[site];
        let Some(session) = here.sessions.get(&nonce) else { return Ok(()) };
        let Some(work) = &session.work else { return Ok(()) };
        let late_by = here.mono(self.now).since(window.send_by);
        let stood_still = here.still > session.still;
        let closes = here.at(window.close_by, self.now);
        let flight = Flight {
            id: self.carrier.flights.len(),
            mandate: work.mandate,
            fence: work.fence,
            site,
            life: here.life,
            number,
            value,
            sent: self.now,
            until: closes + micros(REQUEST_LIFE),
            timing: if stood_still || late_by > LATE_AFTER { Timing::Late } else { Timing::InTime },
            answer: Answered::No,
        };
        let what = format!("{} sets {} to {} for {}", here.id, flight.number, flight.value, flight.fence);
        self.story.tell(self.now, &what);
        let sender = Sender { site: &self.sites[site].id, boot: self.boots[site], nonce };
        match flight.mandate {
            Mandate::Agreed => self.invariants.sent(&flight, sender, &self.carrier)?,
            Mandate::Alone => self.sent_alone(&flight)?,
        }
        let id = flight.id;
        self.carrier.flights.push(flight);
        if late_by > LATE_AFTER {
            // The connection is reset at once; what left can still arrive.
            let why = "the write ended late, the connection was reset".to_owned();
            let report = SetReport { late: Lateness::Late(late_by), ..report(SetOutcome::Unknown { why }) };
            self.straggle(id, (nonce, (self.now, Answer::Set(report))));
            return Ok(());
        }
        self.receive(id, (nonce, closes));
        Ok(())
    }

    /// What the carrier makes of a SET.
    fn receive(&mut self, id: usize, (nonce, closes): (Nonce, Moment)) {
        let site = self.carrier.flights[id].site;
        let there = self.now + self.net.carrier_way();
        let back = there + self.net.carrier_way();
        // A lost connection is noticed at once, or at the end of the window.
        let noticed = if self.net.throw(0, 1) == 0 { (back + 50_000).min(closes) } else { closes };
        let unknown = (noticed, Answer::Set(report(SetOutcome::Unknown { why: "no answer".to_owned() })));
        let reaches = self.net.reaches_carrier(site) && !std::mem::take(&mut self.strands);
        match self.carrier.conduct {
            _ if !reaches => self.straggle(id, (nonce, unknown)),
            Conduct::Fair | Conduct::Stale => {
                self.flights_nonce.insert(id, (nonce, closes));
                self.queue.put(there, Item::Apply { flight: id, then: Then::Answers });
            }
            Conduct::Refuses => {
                let refused = SetOutcome::Refused { digit: 4, text: "no".to_owned() };
                self.reply(site, nonce, (back, Answer::Set(report(refused))));
            }
            Conduct::Lies => self.reply(site, nonce, (back, Answer::Set(report(SetOutcome::Answered)))),
            Conduct::Hangs | Conduct::Closed => self.reply(site, nonce, unknown),
            Conduct::Mute => {
                self.queue.put(there, Item::Apply { flight: id, then: Then::Nothing });
                self.reply(site, nonce, unknown);
            }
            Conduct::Late => self.straggle(id, (nonce, unknown)),
        }
    }

    /// A SET that arrives as late as a request can live, or somewhat earlier, or never.
    fn straggle(&mut self, id: usize, (nonce, unknown): (Nonce, (Moment, Answer))) {
        let noticed = unknown.0;
        let flight = &mut self.carrier.flights[id];
        flight.until = flight.until.min(noticed + micros(REQUEST_LIFE));
        let (site, sent, until) = (flight.site, flight.sent, flight.until);
        let at = match self.net.throw(0, 3) {
            0 => None,
            1 => Some(until),
            _ => Some(self.net.throw(sent, until)),
        };
        if let Some(at) = at {
            self.queue.put(at, Item::Apply { flight: id, then: Then::Nothing });
        }
        self.reply(site, nonce, unknown);
    }

    /// The carrier applies a SET.
    pub(super) fn apply(&mut self, id: usize, then: Then) -> Checked {
        let flight = self.carrier.flights[id].clone();
        if self.now > flight.until {
            return Ok(());
        }
        let by = match flight.mandate {
            Mandate::Agreed => By::Attempt(flight.fence),
            Mandate::Alone => By::Person,
        };
        self.carrier.put(&flight.number, &flight.value, (by, self.now));
        self.story.tell(self.now, &format!("the carrier applies {} to {}", flight.fence, flight.number));
        if flight.mandate == Mandate::Agreed {
            self.invariants.applied(&flight)?;
        }
        self.spring(When::Answering, flight.site)?;
        let Some((nonce, closes)) = self.flights_nonce.remove(&id) else { return Ok(()) };
        if then == Then::Answers && self.sites[flight.site].life == flight.life {
            let back = self.now + self.net.carrier_way();
            let said = if self.net.reaches_carrier(flight.site) && back < closes {
                (back, report(SetOutcome::Answered))
            } else {
                (closes, report(SetOutcome::Unknown { why: "the answer was lost".to_owned() }))
            };
            self.reply(flight.site, nonce, (said.0, Answer::Set(said.1)));
        }
        Ok(())
    }
}

fn report(outcome: SetOutcome) -> SetReport {
    SetReport { outcome, late: Lateness::InTime, last_check_to_write: Some(Duration::ZERO) }
}
