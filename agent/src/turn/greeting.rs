//! Greetings within a turn: who is told who we are, and what an answer makes of this site.

use super::{Anew, Clocks, Turn, World};
use crate::door::{self, Admission, Asks, Forgotten, Hello, Named, Said, Stand};
use crate::event::Event;
use crate::frame::Body;
use crate::quorum::{Past, Quorum};
use crate::relay::{Seal, Sealed};
use state::view::Member;
use state::{Index, SiteId};

impl<W: World> Turn<W> {
    /// Greets whoever is due. Everything that is said of the own disk is on it: nothing was begun in this turn yet.
    pub(super) fn greet(&mut self, clocks: Clocks) -> Result<(), W::Error> {
        let door = &mut self.door;
        let due: Vec<SiteId> =
            self.node.others().filter(|site| door.greets(site, clocks.mono)).cloned().collect();
        for site in &due {
            self.say_hello((site, None), clocks);
        }
        let alone = self.node.others().next().is_none();
        if alone { self.be_born() } else { Ok(()) }
    }

    fn say_hello(&mut self, (to, asks): (&SiteId, Option<Asks>), clocks: Clocks) {
        let hello = self.door.hello((to, asks), self.node.view(), &self.quorum);
        let (from, to, starts) = (self.here.clone(), to.clone(), self.door.own().starts);
        let (n, bytes) = (hello.n, hello.encode(self.boot));
        let mut sealed = Sealed { from, to: to.clone(), starts, n, bytes, seal: Seal::default() };
        match self.world.seal(&sealed) {
            Some(seal) => {
                sealed.seal = seal;
                self.send(&to, Body::Hello(Box::new(sealed)), clocks);
            }
            None => tracing::error!("{to} cannot be greeted: this site's key signs nothing"),
        }
    }

    /// Somebody greets. Its signature is looked at, because its words may be shown to it later.
    pub(super) fn knocked(&mut self, from: &SiteId, sealed: Sealed, clocks: Clocks) -> Result<(), W::Error> {
        if self.door.is_crowded(from, clocks.mono) {
            return Ok(());
        }
        let straight = sealed.from == *from && sealed.to == self.here;
        let read = Hello::decode(&sealed.bytes).filter(|(_, hello)| straight && hello.n == sealed.n);
        let Some((boot, hello)) = read.filter(|_| self.is_trusted(&sealed)) else {
            tracing::debug!("a greeting of {from} is dropped: it is none, or not signed by it");
            return Ok(());
        };
        if let Some(why) = hello.proof.as_ref().and_then(|proof| self.is_convicted(proof)) {
            return self.leave(&format!("{why} ({from} has kept them)"));
        }
        self.greeted(from, Said { boot, hello, sealed }, clocks)
    }

    /// What this site once signed, if its disk has less now.
    fn is_convicted(&mut self, proof: &Sealed) -> Option<String> {
        let (_, then) = Hello::decode(&proof.bytes).filter(|_| proof.from == self.here)?;
        let why = self.door.convicted(&then, self.node.view(), &self.quorum)?;
        self.is_trusted(proof).then_some(why)
    }

    /// Whether something is signed by its origin, with a key that may speak for that site.
    fn is_trusted(&mut self, sealed: &Sealed) -> bool {
        let key = self.world.check(sealed);
        key.is_ok_and(|key| self.node.trusts(&sealed.from, key))
    }

    /// Whatever was heard from a revoked bundle may have been said by a thief: nothing of it is held against whoever
    /// speaks for that site next.
    pub(super) fn forget_revoked(&mut self) -> Result<(), W::Error> {
        let view = self.node.view();
        let revoked: Vec<SiteId> =
            view.revoked.keys().filter(|site| self.node.shuns(site)).cloned().collect();
        for site in revoked {
            if self.door.forget(&site) == Forgotten::Now {
                self.quorum.disbelieve(&site);
                self.world.keep(&[(door::heard(&site), Vec::new())])?;
            }
        }
        Ok(())
    }

    /// A peer says who it is. What must be remembered of it is on disk before anything else is taken from it.
    fn greeted(&mut self, from: &SiteId, said: Said, clocks: Clocks) -> Result<(), W::Error> {
        let hello = said.hello.clone();
        let seats = self.quorum.seats();
        let Some(greeted) = self.door.greeted(from, said, (self.node.view(), seats)) else { return Ok(()) };
        if let Some(bytes) = greeted.keep {
            self.world.keep(&[(door::heard(from), bytes)])?;
        }
        if let Some(unfit) = greeted.unfit.as_ref().filter(|_| greeted.answer.is_some()) {
            tracing::warn!("nothing is taken from {from}: {unfit}");
        }
        if let Some(asks) = greeted.answer {
            self.say_hello((from, Some(asks)), clocks);
        }
        if !greeted.known {
            return Ok(());
        }
        if hello.stand == Stand::Inside {
            self.quorum.vouch(from, &hello.seated);
        }
        if let Some(why) = greeted.leave {
            return self.leave(&why);
        }
        match greeted.named {
            Some(named) => self.be_named(named)?,
            None => self.be_born()?,
        }
        let (from, hello) = (from.clone(), Box::new(hello));
        self.events.push_back(Event::Greeted { from, hello, unfit: greeted.unfit });
        Ok(())
    }

    /// The votes of this disk are worth nothing any more: from here on it has none.
    fn leave(&mut self, why: &str) -> Result<(), W::Error> {
        tracing::error!("{} stays outside: {why}", self.here);
        self.world.keep(&[(door::OUTSIDE.to_owned(), why.as_bytes().to_vec())])?;
        self.anew = Anew::Begins;
        Ok(())
    }

    /// The others have agreed that this disk is ours. A new one may vote from here on.
    fn be_named(&mut self, admission: Admission) -> Result<(), W::Error> {
        let Admission { member: Member { disk: _, raft_ids, at }, life, birth } = admission;
        let own: Vec<u64> = self.quorum.seats().ids(&self.here).into_iter().map(|id| id.0).collect();
        let same = raft_ids == own && birth.as_ref().is_none_or(|birth| birth == self.quorum.birth());
        match (self.door.own().stand.clone(), birth) {
            (Stand::Newborn, _) if same => self.come_in(Named { at, raft_ids }),
            (Stand::Newborn | Stand::Outside { .. }, Some(birth)) => {
                // The life goes on counting where the lost disk ended: what it proposes is news to everybody.
                let starts = life.max(self.door.own().starts);
                tracing::info!("{} is let in, as agreed at {at}", self.here);
                self.world.keep(&[
                    (door::NAMED.to_owned(), Named { at, raft_ids }.to_bytes()),
                    (door::BIRTH.to_owned(), door::plain(&birth)),
                    (door::STARTS.to_owned(), starts.0.to_be_bytes().to_vec()),
                    (door::OUTSIDE.to_owned(), Vec::new()),
                ])?;
                self.anew = Anew::Begins;
                Ok(())
            }
            (Stand::Inside, _) => self.take_up(at, &raft_ids),
            (Stand::Newborn | Stand::Outside { .. }, None) => Ok(()),
        }
    }

    /// At the birth of a cluster, a majority of disks that are all new may begin.
    fn be_born(&mut self) -> Result<(), W::Error> {
        if self.door.own().stand != Stand::Newborn {
            return Ok(());
        }
        let Some(mut blank) = self.door.all_blank() else { return Ok(()) };
        blank.push(self.here.clone());
        if self.quorum.seats().is_majority(&blank) {
            let raft_ids = self.quorum.seats().ids(&self.here).into_iter().map(|id| id.0).collect();
            self.come_in(Named { at: Index(0), raft_ids })?;
        }
        Ok(())
    }

    fn come_in(&mut self, named: Named) -> Result<(), W::Error> {
        match Quorum::new(self.quorum.seats().clone(), &self.here, Past::default()) {
            Ok(quorum) => {
                self.world.keep(&[
                    (door::NAMED.to_owned(), named.to_bytes()),
                    (door::BIRTH.to_owned(), door::plain(self.quorum.birth())),
                ])?;
                self.door.come_in(named.at);
                self.quorum = quorum;
                tracing::info!("{} takes its seat", self.here);
            }
            Err(why) => tracing::error!("{} cannot take its seat: {why}", self.here),
        }
        Ok(())
    }
}
