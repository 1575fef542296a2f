//! Frames that cannot go straight: sealed for another site to pass on, passed on once, or taken in after a look.

use super::{Clocks, Turn, World};
use crate::event::Event;
use crate::frame::{Body, Frame};
use crate::relay::{Because, Due, Errand, Refused, Sealed};
use state::SiteId;

impl<W: World> Turn<W> {
    /// A frame goes to a site on its own link, and, while that is silent, over others as well.
    pub(super) fn dispatch(&mut self, to: &SiteId, body: Body, clocks: Clocks) {
        let stamp = self.clock.known(clocks.mono);
        let frame = Frame { stamp, boot: self.boot, body };
        let ways = self.relay.ways(to, clocks.mono);
        if !ways.is_empty() {
            let mut sealed = self.relay.wrap(to, frame.encode());
            if let Some(seal) = self.world.seal(&sealed) {
                sealed.seal = seal;
                for by in ways {
                    let body = Body::Relayed(Box::new(sealed.clone()));
                    self.world.send(&by, Frame { stamp, boot: self.boot, body });
                }
            }
        }
        self.straight(to, frame, clocks);
    }

    /// A frame goes to a site on its own link, and nowhere else.
    fn straight(&mut self, to: &SiteId, frame: Frame, clocks: Clocks) {
        self.world.send(to, frame);
        self.relay.sent(to, clocks.mono);
    }

    /// Over whom sites are reached that are not reached straight; the node hears of it when that has changed.
    pub(super) fn look_for_ways(&mut self, clocks: Clocks) {
        let view = self.node.view();
        self.relay.all_borne(view.index, view.members.iter().map(|(site, member)| (site, member.disk)));
        let over = self.relay.detours(clocks.mono);
        if over != self.detours {
            self.detours = over.clone();
            self.events.push_back(Event::Detours { over });
        }
    }

    /// Everybody is told whom this site hears as soon as that has changed; and whoever was sent nothing lately is told
    /// it again, so that a silent link is known to be one: that proves nothing of any other link, so it goes straight.
    pub(super) fn say_ways(&mut self, clocks: Clocks) {
        let Due { to, because } = self.relay.due(clocks.mono);
        for site in to {
            let body = Body::Hears { sites: self.relay.hears(clocks.mono) };
            match because {
                Because::Changed => self.dispatch(&site, body, clocks),
                Because::Quiet => {
                    let frame = Frame { stamp: self.clock.known(clocks.mono), boot: self.boot, body };
                    self.straight(&site, frame, clocks);
                }
            }
        }
    }

    /// A sealed frame came on the link of a site.
    pub(super) fn relayed(&mut self, by: &SiteId, sealed: Sealed, clocks: Clocks) -> Result<(), W::Error> {
        match self.unsealed(by, sealed, clocks) {
            Ok(Some((from, frame))) => self.hear(&from, frame, clocks),
            Ok(None) => Ok(()),
            Err(why) => {
                tracing::debug!("what {by} passed on was dropped: {why}");
                Ok(())
            }
        }
    }

    /// Passes it on, or looks whether what it holds is its origin's own word.
    fn unsealed(
        &mut self,
        by: &SiteId,
        sealed: Sealed,
        clocks: Clocks,
    ) -> Result<Option<(SiteId, Frame)>, Refused> {
        let revoked = || Refused::Revoked(sealed.from.clone());
        if self.node.shuns(&sealed.from) {
            return Err(revoked());
        }
        match self.relay.errand(&sealed, by)? {
            Errand::PassOn => {
                self.relay.forwarded(&sealed);
                let (to, stamp) = (sealed.to.clone(), self.clock.known(clocks.mono));
                self.world.send(&to, Frame { stamp, boot: self.boot, body: Body::Relayed(Box::new(sealed)) });
                self.relay.sent(&to, clocks.mono);
                Ok(None)
            }
            Errand::Ours => {
                let from = sealed.from.clone();
                let wrong = |why| Refused::Seal { from: from.clone(), why };
                let key = self.world.check(&sealed).map_err(wrong)?;
                if !self.node.trusts(&sealed.from, key) {
                    return Err(revoked());
                }
                self.relay.taken(&sealed, by, clocks.mono);
                let frame = Frame::decode(&sealed.bytes);
                let frame =
                    frame.map_err(|why| Refused::Unreadable { from: from.clone(), why: why.to_string() })?;
                if let Body::Relayed(_) = frame.body {
                    return Err(Refused::Nested(from));
                }
                Ok(Some((from, frame)))
            }
        }
    }
}
