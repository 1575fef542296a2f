//! Ambushes: what befalls an agent at a moment that is too short to be hit by chance.

use super::carrier::Moment;
use super::invariants::Checked;
use super::net::{Net, SITES};
use super::queue::Item;
use super::schedule::{Deed, When, Whom, kind};
use super::site::Stop;
use super::town::Town;
use agent::command::Telling;

impl Town {
    /// Such a moment has come: every ambush that lies in wait for it is sprung.
    pub(super) fn spring(&mut self, when: When, executor: usize) -> Checked {
        while let Some(place) = self.ambushes.iter().position(|(of, _)| *of == when) {
            let (_, deed) = self.ambushes.remove(place);
            self.rare.ambushes.push(when);
            self.story.tell(self.now, &format!("ambush: {when:?}, {deed:?}"));
            self.befall(deed, executor)?;
        }
        Ok(())
    }

    pub(super) fn befall(&mut self, deed: Deed, executor: usize) -> Checked {
        self.rare.count(format!("deed {}", kind(&deed)));
        match deed {
            Deed::Crash { whom, down } => {
                let site = self.whom(whom, executor);
                if self.sites[site].turn.is_some() { self.die(site, down * 1000) } else { Ok(()) }
            }
            Deed::Fuse { whom, fuse } => {
                let site = self.whom(whom, executor);
                if let Some(trays) = self.sites[site].trays() {
                    trays.disk.lay(fuse);
                }
                Ok(())
            }
            Deed::Mute { whom, but, lasts } => {
                let site = self.whom(whom, executor);
                self.cut_for(lasts, (0..SITES).filter(|to| *to != but).map(|to| (site, to)).collect());
                Ok(())
            }
            Deed::Isolate { whom, lasts } => {
                let site = self.whom(whom, executor);
                self.cut_for(lasts, Net::across(1 << site).collect());
                Ok(())
            }
            Deed::Freeze { whom, lasts } => self.stop(self.whom(whom, executor), Stop::Frozen, lasts),
            Deed::Pause { whom, lasts } => self.stop(self.whom(whom, executor), Stop::Paused, lasts),
            Deed::Strand => {
                self.strands = true;
                Ok(())
            }
            Deed::Order { order } => {
                let leader = self.whom(Whom::Leader, executor);
                for asked in self.ordered(leader, order) {
                    if self.sites[leader].stopped.is_none() {
                        self.event(leader, asked)?;
                    }
                }
                Ok(())
            }
            Deed::Edit { number, to } => {
                self.edit(number, to);
                Ok(())
            }
        }
    }

    fn whom(&self, whom: Whom, executor: usize) -> usize {
        match whom {
            Whom::Leader => self.leader.map_or(executor, |(_, site)| site),
            Whom::Executor => executor,
        }
    }

    /// Cuts links for so many milliseconds.
    pub(super) fn cut_for(&mut self, lasts: u64, links: Vec<(usize, usize)>) {
        links.iter().for_each(|(from, to)| self.net.cut(*from, *to));
        self.queue.put(self.now + lasts * 1000, Item::Mend { links });
    }

    /// They are whole again, unless the town was healed before.
    pub(super) fn mend(&mut self, links: &[(usize, usize)]) {
        if !self.healed {
            links.iter().for_each(|(from, to)| self.net.mend(*from, *to));
        }
    }

    /// Only a leader asks to be woken; just before, there is a moment in which a person can be quicker.
    pub(super) fn foresee(&mut self, due: Moment) {
        if self.ambushes.iter().any(|(when, _)| *when == When::Deciding) {
            let before = self.net.throw(500, 15_000);
            self.queue.put(due.saturating_sub(before).max(self.now), Item::Due);
        }
    }

    /// Who leads, as far as anybody says.
    pub(super) fn hear_of_leader(&mut self, telling: &Telling) {
        let Telling::Leader { site: Some(name), term } = telling else { return };
        let newer = self.leader.is_none_or(|(known, _)| known <= *term);
        if let Some(site) = self.sites.iter().position(|site| site.id == *name).filter(|_| newer) {
            self.leader = Some((*term, site));
        }
    }
}
