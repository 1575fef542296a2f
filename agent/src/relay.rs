//! The way of a frame while the straight link is silent: who hears whom, which site passes it on, and what is refused.
//!
//! Absent on purpose: keys and links. Whether a seal is that of its origin is asked of the world; here is only what
//! may be asked at all. A frame takes one hop: who passes it on does so straight, once, and for its neighbour alone.

mod sealed;
mod seen;
#[cfg(test)]
mod tests;

pub use sealed::{CHAIN_MAX, Seal, Sealed};

use policies::limits::{HEARTBEAT, RELAY_AFTER};
use seen::Seen;
use state::{Disk, Index, Mono, SiteId, Starts};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use thiserror::Error;

/// How long a site's word on whom it hears is believed: it comes with every pulse, and two of them may be lost.
const BELIEVED: Duration = Duration::from_millis(2500);

/// What one site knows of the ways between the sites.
#[derive(Debug)]
pub struct Relay {
    here: SiteId,
    starts: Starts,
    known: BTreeMap<SiteId, Known>,
    /// The number of the last frame that was sealed in this life.
    last: u64,
    /// Whom the others were last told that this site hears.
    said: BTreeSet<SiteId>,
    /// The view from which the disks of the sites were read last.
    read: Option<Index>,
}

/// What is known of one other site.
#[derive(Debug, Default)]
struct Known {
    /// When its own link brought something last.
    heard: Option<Mono>,
    /// When something went to it last, on its own link.
    sent: Option<Mono>,
    /// When a frame of its was passed on to us last, and by whom.
    passed: Option<(Mono, SiteId)>,
    /// When it said last whom it hears, and whom.
    hears: Option<(Mono, BTreeSet<SiteId>)>,
    /// Its frames that came here over others.
    taken: Seen,
    /// Its frames that were passed on from here.
    forwarded: Seen,
    /// The disk that bears its name, as far as that is agreed.
    disk: Option<Disk>,
}

impl Known {
    fn is_heard(&self, now: Mono) -> bool {
        self.heard.is_some_and(|at| now.since(at) < RELAY_AFTER)
    }
}

/// Whom to tell whom this site hears, and why just now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Why.
    pub because: Because,
    /// Whom.
    pub to: Vec<SiteId>,
}

/// Why others are told whom this site hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// It hears somebody more, or somebody less.
    Changed,
    /// They were sent nothing for a heartbeat.
    Quiet,
}

/// What is to be done with a sealed frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errand {
    /// It is for a third site: pass it on, as it is, on the straight link.
    PassOn,
    /// It is for this site, if its seal is right.
    Ours,
}

/// Why a sealed frame was dropped.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Refused {
    /// No site of this cluster, or this one.
    #[error("{0} is no other site of this cluster")]
    Stranger(SiteId),
    /// A second hop, or none at all.
    #[error("{by} came with what {from} wrote for {to}, and that is not its way")]
    Astray {
        /// Who brought it.
        by: SiteId,
        /// Who wrote it.
        from: SiteId,
        /// Whom it is for.
        to: SiteId,
    },
    /// It was here before, or is of a life that is over.
    #[error("frame {n} of {from} was here before")]
    Again {
        /// Who wrote it.
        from: SiteId,
        /// Which one.
        n: u64,
    },
    /// Not what its origin signed, or not its origin's signature.
    #[error("the seal of {from} is not right: {why}")]
    Seal {
        /// Who is said to have written it.
        from: SiteId,
        /// What is wrong with it.
        why: String,
    },
    /// Nothing is taken from whoever holds that bundle.
    #[error("the bundle of {0} is revoked")]
    Revoked(SiteId),
    /// A frame that would go on from here.
    #[error("{0} sealed a frame that is sealed for a third site")]
    Nested(SiteId),
    /// No frame at all.
    #[error("{from} sealed what is no frame: {why}")]
    Unreadable {
        /// Who wrote it.
        from: SiteId,
        /// The decoder's words.
        why: String,
    },
}

impl Relay {
    /// What a site knows when its process starts: who the others are.
    pub fn new(here: SiteId, starts: Starts, others: impl IntoIterator<Item = SiteId>) -> Self {
        let known = others.into_iter().filter(|site| *site != here).map(|site| (site, Known::default()));
        let known = known.collect();
        Self { here, starts, known, last: 0, said: BTreeSet::new(), read: None }
    }

    /// These are the others from now on; what is known of those that stay is kept.
    pub fn among(&mut self, others: impl IntoIterator<Item = SiteId>) {
        let mut known = std::mem::take(&mut self.known);
        let others = others.into_iter().filter(|site| *site != self.here);
        self.known = others.map(|site| (site.clone(), known.remove(&site).unwrap_or_default())).collect();
    }

    /// A site's own link brought something.
    pub fn heard(&mut self, site: &SiteId, now: Mono) {
        if let Some(known) = self.known.get_mut(site) {
            known.heard = Some(now);
        }
    }

    /// Something went to a site on its own link.
    pub fn sent(&mut self, site: &SiteId, now: Mono) {
        if let Some(known) = self.known.get_mut(site) {
            known.sent = Some(now);
        }
    }

    /// A site says whom it hears; strangers among them are nobody's business.
    pub fn told(&mut self, site: &SiteId, hears: &[SiteId], now: Mono) {
        let before = self.known.get_mut(site).and_then(|known| known.hears.as_mut());
        // It mostly says the same again, and that in the same order.
        if let Some((at, _)) = before.filter(|(_, before)| before.iter().eq(hears)) {
            *at = now;
            return;
        }
        let of_us = |site: &&SiteId| **site == self.here || self.known.contains_key(*site);
        let hears: BTreeSet<SiteId> = hears.iter().filter(of_us).cloned().collect();
        if let Some(known) = self.known.get_mut(site) {
            known.hears = Some((now, hears));
        }
    }

    /// The sites whose own links have brought something lately.
    pub fn hears(&self, now: Mono) -> Vec<SiteId> {
        self.heard_at(now).cloned().collect()
    }

    fn heard_at(&self, now: Mono) -> impl Iterator<Item = &SiteId> {
        self.known.iter().filter(move |(_, known)| known.is_heard(now)).map(|(site, _)| site)
    }

    /// Whom to tell at once whom this site hears: everybody when that has changed, else who was sent nothing lately,
    /// so that a silent link is known to be one.
    pub fn due(&mut self, now: Mono) -> Due {
        if !self.heard_at(now).eq(&self.said) {
            self.said = self.heard_at(now).cloned().collect();
            return Due { because: Because::Changed, to: self.known.keys().cloned().collect() };
        }
        let quiet = |known: &Known| known.sent.is_none_or(|at| now.since(at) >= HEARTBEAT);
        let to = self.known.iter().filter(|(_, known)| quiet(known)).map(|(site, _)| site.clone());
        Due { because: Because::Quiet, to: to.collect() }
    }

    /// Who shall pass on what goes to a site, beside its own link: nobody while that is known to be whole.
    ///
    /// The first site that is known to hear us and to be heard there is enough. While nobody is known to be, every
    /// site that is not known to be deaf is asked: knowledge itself may have to come this way.
    pub fn ways(&self, to: &SiteId, now: Mono) -> Vec<SiteId> {
        let whole = self.is_heard(to, now) && self.word(to, &self.here, now) != Word::Deaf;
        if whole || !self.lives(to, now) {
            return Vec::new();
        }
        let words = |by: &SiteId| (self.word(by, &self.here, now), self.word(to, by, now));
        let others = self.known.keys().filter(|by| *by != to);
        if let Some(by) = others.clone().find(|by| words(by) == (Word::Hears, Word::Hears)) {
            return vec![by.clone()];
        }
        let open = |by: &&SiteId| words(by).0 != Word::Deaf && words(by).1 != Word::Deaf;
        others.filter(open).cloned().collect()
    }

    /// Over whom each site is reached that is not reached straight, both ways.
    pub fn detours(&self, now: Mono) -> BTreeMap<SiteId, SiteId> {
        let of = |(site, known): (&SiteId, &Known)| {
            let first = self.ways(site, now).into_iter().next()?;
            let passed = known.passed.as_ref().filter(|(at, _)| now.since(*at) < BELIEVED);
            match passed {
                Some((_, by)) if !self.is_heard(site, now) => Some((site.clone(), by.clone())),
                // Nothing has come over others: the way out is all that is known, and only if it is known.
                Some(_) | None if self.word(site, &first, now) == Word::Hears => Some((site.clone(), first)),
                Some(_) | None => None,
            }
        };
        self.known.iter().filter_map(of).collect()
    }

    /// A frame for a site, numbered and without a seal.
    pub fn wrap(&mut self, to: &SiteId, bytes: Vec<u8>) -> Sealed {
        self.last += 1;
        let (from, starts) = (self.here.clone(), self.starts);
        Sealed { from, to: to.clone(), starts, n: self.last, bytes, seal: Seal::default() }
    }

    /// What is to be done with a sealed frame that came on the link of `by`; nothing is noted of it yet, because a
    /// forged number must not keep the true one out.
    ///
    /// # Errors
    /// Says why it is dropped.
    pub fn errand(&self, sealed: &Sealed, by: &SiteId) -> Result<Errand, Refused> {
        let Some(origin) = self.known.get(&sealed.from) else {
            return Err(Refused::Stranger(sealed.from.clone()));
        };
        let (ours, straight) = (sealed.to == self.here, sealed.from == *by);
        let (errand, seen) = match (ours, straight) {
            (true, false) => (Errand::Ours, &origin.taken),
            (false, true) => (Errand::PassOn, &origin.forwarded),
            (true, true) | (false, false) => {
                let (from, to) = (sealed.from.clone(), sealed.to.clone());
                return Err(Refused::Astray { by: by.clone(), from, to });
            }
        };
        if errand == Errand::PassOn && (!self.known.contains_key(&sealed.to) || sealed.to == *by) {
            return Err(Refused::Stranger(sealed.to.clone()));
        }
        if seen.has(sealed.starts, sealed.n) {
            return Err(Refused::Again { from: sealed.from.clone(), n: sealed.n });
        }
        Ok(errand)
    }

    /// A sealed frame is passed on: the same one not again.
    pub fn forwarded(&mut self, sealed: &Sealed) {
        if let Some(origin) = self.known.get_mut(&sealed.from) {
            origin.forwarded.note(sealed.starts, sealed.n);
        }
    }

    /// A sealed frame with the right seal has come by a site: the same one counts not again.
    pub fn taken(&mut self, sealed: &Sealed, by: &SiteId, now: Mono) {
        if let Some(origin) = self.known.get_mut(&sealed.from) {
            origin.taken.note(sealed.starts, sealed.n);
            origin.passed = Some((now, by.clone()));
        }
    }

    /// Which disks bear the sites' names, in the view of this index.
    pub fn all_borne<'a>(&mut self, index: Index, disks: impl Iterator<Item = (&'a SiteId, Disk)>) {
        if self.read.replace(index) != Some(index) {
            disks.for_each(|(site, disk)| self.borne(site, disk));
        }
    }

    /// Which disk bears a site's name. A new one may count its lives from the beginning, so what was noted of the lost
    /// one's numbers is forgotten; the door keeps the lost one's lives out.
    pub fn borne(&mut self, site: &SiteId, disk: Disk) {
        let Some(known) = self.known.get_mut(site) else { return };
        if known.disk.replace(disk).is_some_and(|before| before != disk) {
            (known.taken, known.forwarded) = (Seen::default(), Seen::default());
        }
    }

    fn is_heard(&self, site: &SiteId, now: Mono) -> bool {
        self.known.get(site).is_some_and(|known| known.is_heard(now))
    }

    /// Whether a site hears another, in its own words.
    fn word(&self, of: &SiteId, on: &SiteId, now: Mono) -> Word {
        match self.known.get(of).and_then(|known| known.hears.as_ref()) {
            Some((at, hears)) if now.since(*at) < BELIEVED => {
                if hears.contains(on) {
                    Word::Hears
                } else {
                    Word::Deaf
                }
            }
            Some(_) | None => Word::Unknown,
        }
    }

    /// Whether anybody who is believed has heard a site lately: nobody passes on what goes to the dead.
    fn lives(&self, site: &SiteId, now: Mono) -> bool {
        let spoke = self.word(site, &self.here, now) != Word::Unknown;
        let seen = |by: &SiteId| self.is_heard(by, now) && self.word(by, site, now) == Word::Hears;
        self.is_heard(site, now) || spoke || self.known.keys().any(seen)
    }
}

/// Whether one site hears another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    /// It says so.
    Hears,
    /// It says that it does not.
    Deaf,
    /// It has said nothing lately.
    Unknown,
}
