//! Greetings within a turn: who is told who we are, and what an answer makes of this site.

use super::{Anew, Clocks, Turn, World};
use crate::door::{self, Asks, Hello, Named, Stand};
use crate::event::Event;
use crate::frame::Body;
use crate::quorum::{Past, Quorum, Seats};
use state::view::Member;
use state::{Boot, Index, SiteId, Starts};

impl<W: World> Turn<W> {
    /// Greets whoever is due. Everything that is said of the own disk is on it: nothing was begun in this turn yet.
    pub(super) fn greet(&mut self, clocks: Clocks) -> Result<(), W::Error> {
        for site in self.node.others() {
            if self.door.greets(&site, clocks.mono) {
                self.say_hello((&site, None), clocks);
            }
        }
        if self.node.others().is_empty() {
            self.be_born()?;
        }
        Ok(())
    }

    fn say_hello(&mut self, (to, asks): (&SiteId, Option<Asks>), clocks: Clocks) {
        let hello = self.door.hello((to, asks), self.node.view(), &self.quorum);
        self.send(to, Body::Hello(Box::new(hello)), clocks);
    }

    /// A peer says who it is. What must be remembered of it is on disk before anything else is taken from it.
    pub(super) fn greeted(
        &mut self,
        from: &SiteId,
        (boot, hello): (Boot, Hello),
        clocks: Clocks,
    ) -> Result<(), W::Error> {
        let greeted = self.door.greeted(from, (boot, hello.clone()), self.node.view());
        let Some(greeted) = greeted else { return Ok(()) };
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
        if let Some(why) = greeted.leave {
            return self.leave(&why);
        }
        match greeted.named {
            Some(named) => self.be_named(named, hello.birth.clone())?,
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
    fn be_named(&mut self, (member, life): (Member, Starts), birth: Option<Seats>) -> Result<(), W::Error> {
        let Member { disk: _, raft_ids, at } = member;
        match (self.door.own().stand.clone(), birth) {
            (Stand::Newborn, _) => self.come_in(Named { at, raft_ids }),
            (Stand::Outside { .. }, Some(birth)) => {
                // The life goes on counting where the lost disk ended: what it proposes is news to everybody.
                let starts = life.max(self.door.own().starts);
                tracing::info!("{} is readmitted, as agreed at {at}", self.here);
                self.world.keep(&[
                    (door::NAMED.to_owned(), Named { at, raft_ids }.to_bytes()),
                    (door::BIRTH.to_owned(), door::plain(&birth)),
                    (door::STARTS.to_owned(), starts.0.to_be_bytes().to_vec()),
                    (door::OUTSIDE.to_owned(), Vec::new()),
                ])?;
                self.anew = Anew::Begins;
                Ok(())
            }
            (Stand::Outside { .. } | Stand::Inside, _) => Ok(()),
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
