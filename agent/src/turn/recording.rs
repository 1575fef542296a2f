//! The middle of a turn: what Raft wants written is written, and only then sent, folded and believed.

use super::{Clocks, Turn, World};
use crate::event::{Event, Reign, Standing};
use crate::frame::Body;
use crate::quorum::Agreed;
use crate::store::JournalRow;
use state::{Mono, Term, View, codec};

impl<W: World> Turn<W> {
    /// Writes what Raft wants written, and only then sends what it wants sent and takes what was agreed.
    pub(super) fn record(&mut self, clocks: Clocks) -> Result<(), W::Error> {
        // Of the clock only whether it is known makes a difference to what is told.
        let knows = self.clock.known(clocks.mono).is_some();
        if !self.quorum.is_stirred() && knows == self.knows {
            return Ok(());
        }
        self.knows = knows;
        while let Some(batch) = self.quorum.ready() {
            let written = self.world.commit(batch)?;
            let outcome = self.quorum.written(written);
            for appended in outcome.appended {
                if let Ok(entry) = codec::decode(&appended.bytes) {
                    self.events.push_back(Event::Appended { index: appended.index, entry: Box::new(entry) });
                }
            }
            if let Some(snapshot) = outcome.restored {
                self.restore(&snapshot)?;
            }
            self.journal(outcome.agreed)?;
            for (to, message) in outcome.send {
                self.send(&to, Body::Raft(vec![message]), clocks);
            }
        }
        let standing = self.stand(clocks.mono);
        if standing != self.standing {
            self.standing = standing.clone();
            self.follow_seats();
            // What was agreed before is folded first: a reign is ready only when its log is.
            self.events.push_back(Event::Standing(standing));
        }
        Ok(())
    }

    fn journal(&mut self, agreed: Vec<Agreed>) -> Result<(), W::Error> {
        let Some(last) = agreed.last().map(|agreed| agreed.index) else { return Ok(()) };
        let rows: Vec<JournalRow> = agreed
            .iter()
            .map(|a| JournalRow { index: a.index, term: a.term, bytes: a.bytes.clone() })
            .collect();
        self.world.append(&rows)?;
        self.door.journaled(last);
        for agreed in agreed {
            match codec::decode(&agreed.bytes) {
                Ok(entry) => {
                    self.clock.agreed(entry.stamp);
                    let (index, bytes) = (agreed.index, agreed.bytes);
                    self.events.push_back(Event::Agreed { index, bytes, entry: Box::new(entry) });
                }
                Err(why) => {
                    tracing::error!("entry {} of the journal cannot be read: {why}", agreed.index);
                    self.events.push_back(Event::Unreadable { index: agreed.index, why: why.to_string() });
                }
            }
        }
        Ok(())
    }

    fn restore(&mut self, snapshot: &crate::quorum::wire::Snapshot) -> Result<(), W::Error> {
        let refused = match postcard::from_bytes::<View>(&snapshot.bytes) {
            Ok(view) if view.index <= snapshot.index => {
                self.world.note_gap(snapshot.index, &view)?;
                self.door.journaled(snapshot.index);
                self.look_for_gaps()?;
                self.clock.agreed(view.stamp);
                self.events.push_back(Event::Restored { view: Box::new(view) });
                return Ok(());
            }
            Ok(view) => format!("its view is of {}", view.index),
            Err(why) => why.to_string(),
        };
        // What follows it is agreed on top of it: to fold that on the view from before would be another story.
        let why = format!("the snapshot that stands for it: {refused}");
        self.events.push_back(Event::Unreadable { index: snapshot.index, why });
        Ok(())
    }

    /// What Raft says about leadership. Without cluster time nobody decides.
    fn stand(&self, now: Mono) -> Standing {
        let (leader, leads) = (self.quorum.leader(), self.quorum.leads());
        let reign = match &leads {
            Some(reign) if reign.ready && self.clock.known(now).is_some() => Reign::Ready,
            Some(_) => Reign::Fresh,
            None => Reign::Following,
        };
        let (leader, term) = leader.map_or((None, Term(0)), |(site, term)| (Some(site), term));
        let end = self.quorum.end();
        let last = leads.map_or(end, |reign| reign.last);
        let (applied, told) = (self.quorum.applied(), self.quorum.told());
        let (seated, before) = (told.seated.clone(), told.before.clone());
        let greatest = self.quorum.seats().greatest().0;
        Standing { term, leader, reign, last, applied, end, seated, before, greatest }
    }
}
