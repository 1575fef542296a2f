//! The part of a turn that mends the journal: facts that only a snapshot stands for are fetched from the peers.

use super::{Clocks, Turn, World};
use crate::event::Event;
use crate::frame::Body;
use crate::gaps::{Fetch, Fetched, Gaps, Missing, Progress};
use state::{Index, SiteId};

impl<W: World> Turn<W> {
    /// What this disk lacks, looked up once at the start and after each change.
    pub(super) fn look_for_gaps(&mut self) -> Result<(), W::Error> {
        let mut missing = self.world.missing()?;
        // Between the last fact and a snapshot there may be entries that are no facts.
        while let Some(nothing) = missing.filter(|missing| missing.after.1 == missing.upto.1) {
            self.world.fill(&nothing, &[])?;
            missing = self.world.missing()?;
        }
        let known = self.gaps.as_ref().and_then(Gaps::missing).copied();
        if self.gaps.is_none() || missing != known {
            let between = missing.map(|missing: Missing| (missing.after.0, missing.upto.0));
            if between.is_some() || known.is_some() {
                self.events.push_back(Event::Lacking { between });
            }
            let mut gaps = Gaps::default();
            gaps.lack(missing);
            self.gaps = Some(gaps);
        }
        Ok(())
    }

    /// A peer says how far its journal reaches.
    pub(super) fn reached(&mut self, from: &SiteId, reaches: Index, clocks: Clocks) {
        if let Some(fetch) = self.gaps.as_mut().and_then(|gaps| gaps.ask(from, reaches, clocks.mono)) {
            self.send(from, Body::Fetch(fetch), clocks);
        }
    }

    /// A peer lacks facts: it gets what is here.
    pub(super) fn hand_out(&mut self, to: &SiteId, fetch: Fetch, clocks: Clocks) -> Result<(), W::Error> {
        let facts = self.world.facts(fetch)?;
        let facts = facts.map(|rows| rows.into_iter().map(|row| (row.index, row.term, row.bytes)).collect());
        self.send(to, Body::Fetched(Fetched { after: fetch.after, facts }), clocks);
        Ok(())
    }

    /// A peer has sent facts that were lacking.
    pub(super) fn fetched(&mut self, from: &SiteId, page: Fetched, clocks: Clocks) -> Result<(), W::Error> {
        let Some(gaps) = &mut self.gaps else { return Ok(()) };
        match gaps.fetched(from, page, clocks.mono) {
            Progress::Nothing => Ok(()),
            Progress::More(fetch) => {
                self.send(from, Body::Fetch(fetch), clocks);
                Ok(())
            }
            Progress::Useless(why) => {
                tracing::warn!("the journal's gap was not filled: {why}");
                Ok(())
            }
            Progress::Whole(missing, rows) => {
                self.world.fill(&missing, &rows)?;
                let (after, upto) = (missing.after.0, missing.upto.0);
                tracing::info!("the journal's gap from {after} to {upto} is filled, with what {from} had");
                self.look_for_gaps()
            }
        }
    }
}
