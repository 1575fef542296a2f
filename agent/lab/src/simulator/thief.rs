//! A stolen bundle: a machine that speaks, and lies, as the site that it was stolen from, and that site's way back.
//!
//! From the theft on the site itself is switched off, so that there is one voice and one vote of it: two of them at
//! once are what people revoke a bundle for, and what nobody promises anything about before they have. The thief's
//! agent is an honest one that boasts, beside lies that anybody with the bundle can tell. It tells none to Raft: who
//! votes twice in one term breaks any agreement until the others have heard of the revocation. A seed whose people
//! change sites or votes has no thief.

use super::carrier::Moment;
use super::invariants::{Checked, Violation, Word};
use super::policy::{ROUTE, SITES};
use super::queue::Item;
use super::schedule::{Order, kind};
use super::site::Site;
use super::town::Town;
use agent::command::Command;
use agent::frame::{Body, Frame};
use state::fact::{Ballot, Fact, Mode, Origin, Says};
use state::{Disk as Name, Fingerprint, Index, RouteId, SiteId, Starts, Subject, Who};
use std::time::Duration;

const SECOND: Moment = 1_000_000;
/// How often people try to get a site back, five seconds apart.
const TRIES: usize = 36;
/// Whoever holds a stolen bundle may say that it was started more often than anybody.
const BOASTS: u64 = 1_000_000;
/// Where the thief's machine stands: behind those of all sites.
pub const DEN: usize = SITES.len();

/// What was stolen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Booty {
    /// The machine itself: its people set up another one.
    Machine,
    /// A copy of its bundle and of its disk.
    Copy,
}

/// The bundle of a site after so many others.
pub fn bundle(site: &SiteId, after: u32) -> Vec<u8> {
    format!("{site} {after}").into_bytes()
}

/// Who was robbed.
#[derive(Clone, Copy, Debug)]
pub struct Thief {
    /// The site's place.
    pub of: usize,
    /// Counts the lies.
    lies: u64,
}

impl Town {
    /// Somebody has what he needs to speak as a site. Its people notice, and switch off what is left of it.
    pub(super) fn steal(&mut self, fault: usize, (which, booty): (usize, Booty)) -> Checked {
        if self.thief.is_some() || !self.may_lose(which) {
            self.strike_later(fault);
            return Ok(());
        }
        self.story.tell(self.now, &format!("fault {fault}: {:?}", self.faults[fault].what));
        self.rare.count(kind(&self.faults[fault].what));
        while self.sites.len() < DEN {
            self.bring(self.sites.len());
        }
        self.sites[which].off = true;
        if self.sites[which].turn.is_some() {
            self.die(which, SECOND)?;
        }
        let mut thief = Site::new(self.sites[which].id.clone(), self.net.throw(999, 1001));
        let real = &mut self.sites[which];
        thief.disk = real.disk.clone();
        thief.disk.quench();
        thief.disk.starts += BOASTS;
        if booty == Booty::Machine {
            real.disk.replace();
        }
        self.sites.push(thief);
        self.boots.push(state::Boot(0));
        self.thief = Some(Thief { of: which, lies: 0 });
        let soon = self.net.throw(SECOND, 10 * SECOND);
        self.queue.put(self.now + soon, Item::Start { site: DEN });
        self.queue.put(self.now + soon + SECOND, Item::Lie);
        Ok(())
    }

    /// The thief says something to everybody that its agent would not say.
    pub(super) fn lie(&mut self) {
        let Some(Thief { of, lies }) = self.thief else { return };
        let pause = self.net.throw(40_000, 400_000);
        self.queue.put(self.now + pause, Item::Lie);
        if self.sites[DEN].turn.is_none() {
            return;
        }
        self.thief = Some(Thief { of, lies: lies + 1 });
        let site = self.sites[of].id.clone();
        let starts = Starts(self.sites[DEN].disk().starts);
        // Far beyond what its own agent has come to.
        let origin = Origin { site: site.clone(), starts, n: 1_000_000 + lies };
        let fact = self.falsehood(lies);
        let frame = Frame { stamp: None, boot: self.boots[DEN], body: Body::Propose { origin, fact } };
        for to in 0..DEN {
            if to != of && self.linked(DEN, to) {
                self.rare.lies += 1;
                let [at, _] = self.net.frame(DEN, to, self.now);
                if let Some(at) = at {
                    self.queue.put(at, Item::Frame { from: DEN, to, frame: frame.clone() });
                }
            }
        }
    }

    /// What is said before anybody has heard of the theft stands, because nobody can tell it from what the owner would
    /// say: that is harmless here. What is said afterwards must not be taken from anybody.
    fn falsehood(&self, n: u64) -> Fact {
        let (who, route) = (Who::new("the owner"), Some(RouteId::new(ROUTE)));
        let victim = (0..4).map(|place| &self.sites[place].id).find(|id| **id != self.sites[DEN].id);
        let victim = victim.cloned().unwrap_or_else(|| self.sites[DEN].id.clone());
        let known = self.thief.is_some_and(|thief| self.invariants.is_revoked(&self.sites[thief.of].id));
        match n % 6 {
            0 if known => Fact::BundleRevoked { site: victim, who },
            1 if known => {
                let last = self.invariants.view().ids_given;
                Fact::Readmitted { site: victim, disk: Name(n + 7), raft_ids: vec![last + 1 + n], who }
            }
            2 if known => {
                let key = Fingerprint::of(b"the thief's own");
                Fact::BundleTrusted { site: self.sites[DEN].id.clone(), key, who }
            }
            0 | 3 => Fact::ModeSet { route, mode: Mode::Advise, who },
            1 | 4 => {
                let says = Says::Down { dark: Duration::from_secs(600) };
                Fact::BallotsCast { ballots: vec![Ballot { subject: Subject::pbx(&victim), says }] }
            }
            _ => Fact::ModeSet { route, mode: Mode::Auto, who },
        }
    }

    /// What was just agreed of bundles has consequences for the machines.
    pub(super) fn obey(&mut self) {
        for (id, word) in self.invariants.takes_words() {
            let Some(place) = self.sites.iter().position(|site| site.id == id) else { continue };
            let here = &mut self.sites[place];
            if let Word::Trusted(key) = word
                && key == Fingerprint::of(&bundle(&id, here.bundles + 1))
            {
                here.bundles += 1;
                (here.key, here.off) = (key, false);
                self.rare.trusted += 1;
                let down = self.net.throw(SECOND, 20 * SECOND);
                self.queue.put(self.now + down, Item::Start { site: place });
            }
        }
    }

    /// What a person types to revoke what was stolen; nobody revokes anything else.
    pub(super) fn revokes(&self, which: usize) -> Option<Command> {
        let stolen = self.thief.is_some_and(|thief| thief.of == which) && self.sites[which].off;
        stolen.then(|| Command::Revoke { site: self.sites[which].id.clone() })
    }

    /// What a person types to let a site in with its next bundle; once that is trusted, the same again.
    pub(super) fn trusts(&self, which: usize) -> Command {
        let here = &self.sites[which];
        let next = if here.off { here.bundles + 1 } else { here.bundles };
        let key = Fingerprint::of(&bundle(&here.id, next));
        Command::Readmit { site: here.id.clone(), key: Some(key) }
    }

    /// Everything is whole: people revoke what was stolen, and let its site in with its next bundle.
    pub(super) fn get_back(&mut self) -> Checked {
        let Some(Thief { of, .. }) = self.thief else { return Ok(()) };
        for trial in 0..TRIES {
            let others: Vec<usize> = self.members().into_iter().filter(|place| *place != of).collect();
            if !self.sites[of].off || !self.members().contains(&of) {
                return Ok(());
            }
            let revoked = self.invariants.is_revoked(&self.sites[of].id);
            let order = if revoked { Order::Trust { which: of } } else { Order::Revoke { which: of } };
            self.command(others[trial % others.len()], order)?;
            self.run(self.now + 5 * SECOND)?;
        }
        let what = format!("{} is not back three minutes after everything was healed", self.sites[of].id);
        Err(Violation { number: 14, name: "a robbed site comes back", what })
    }

    /// Nobody who knows of the revocation has a link to whoever shows the stolen key, and nothing more was told to it.
    pub(super) fn shut_out(&mut self, since: Index) -> Checked {
        let Some(Thief { of, .. }) = self.thief else { return Ok(()) };
        if !self.invariants.was_revoked(&self.sites[of].id) {
            return Ok(());
        }
        let inside = self.members().into_iter().find(|place| self.linked(DEN, *place));
        let told = self.sites[DEN].disk().last();
        if inside.is_some() || told > since {
            let by = inside.map(|place| &self.sites[place].id);
            let what =
                format!("{by:?} has a link to the stolen key of {}, which knows {told}", self.sites[of].id);
            return Err(Violation { number: 18, name: "a stolen bundle is shut out", what });
        }
        Ok(())
    }
}
