//! Lost disks: which one may be lost at a moment, what stands in its place, and how people let its site back in.

use super::carrier::Moment;
use super::disk::Disk;
use super::invariants::{Checked, Violation};
use super::schedule::Order;
use super::town::Town;
use agent::door::{self, Hello, Kept};
use agent::store::JournalRow;
use state::SiteId;

const SECOND: Moment = 1_000_000;
/// How often people try to let a site back in when everything is whole, five seconds apart.
const TRIES: usize = 36;

/// What stands in the place of a disk when its agent is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    /// Nothing; the file beside the configuration tells that there was something.
    Wiped,
    /// An older image of the same disk.
    RolledBack,
}

impl Town {
    /// An agent dies, and another disk stands in its place when it is started again.
    ///
    /// Not while the others could not let it back in, because then nobody promises anything; and nothing is rolled
    /// back that nobody has heard more of, because that is the hole that the manual names.
    pub(super) fn lose_disk(&mut self, (site, loss): (usize, Loss), down: u64) -> Checked {
        let image = self.sites[site].image.clone();
        let would_show = loss == Loss::Wiped || self.is_known_to_have_more(site, &image);
        if !self.all_are_whole() || !would_show {
            return Ok(());
        }
        if self.sites[site].turn.is_some() {
            self.die(site, down * 1000)?;
        }
        self.rare.lost += 1;
        let here = &mut self.sites[site];
        here.lost = Some(here.disk.name);
        match loss {
            Loss::Wiped => here.disk.wipe(),
            Loss::RolledBack => here.disk = image,
        }
        Ok(())
    }

    /// Whether every disk is the one that bears its site's name, and no change of the votes is under way.
    fn all_are_whole(&mut self) -> bool {
        let view = self.invariants.view();
        let names: Vec<u64> = self
            .sites
            .iter()
            .map(|site| view.members.get(&site.id).map_or(0, |member| member.disk.0))
            .collect();
        let settled = view.changing.is_none();
        let whole = self.sites.iter_mut().zip(names).all(|(site, name)| {
            name > 0 && site.disk().name == name && !site.disk().is_outside() && !site.has_lost()
        });
        whole && settled && (0..self.sites.len()).all(|site| self.has_its_votes(site))
    }

    /// Whether a site knows that everybody has the votes of the disk that bears its name.
    fn has_its_votes(&self, site: usize) -> bool {
        let Some(turn) = &self.sites[site].turn else { return true };
        let members = &self.invariants.view().members;
        let standing = turn.standing();
        standing.before.is_empty()
            && standing.seated.iter().all(|seat| {
                let named = members.get(&seat.site).map(|member| &member.raft_ids);
                seat.learners.is_empty() && named == Some(&seat.voters)
            })
    }

    /// How many votes hold an entry. What a lost disk had promised was promised; nobody counts on it again before
    /// its site is let back in.
    pub(super) fn holding(&mut self, row: &JournalRow) -> usize {
        let votes = &self.setting.votes;
        let held = self.sites.iter_mut().map(|site| {
            let votes = votes.get(&site.id).copied().unwrap_or_default();
            let lost = if site.has_lost() { usize::try_from(votes).unwrap_or(0) } else { 0 };
            site.disk().holding(row.index, row.term).max(lost)
        });
        held.sum()
    }

    /// Whether every other site would show this image, if it came back, that it had more.
    fn is_known_to_have_more(&mut self, of: usize, image: &Disk) -> bool {
        let key = door::heard(&self.sites[of].id);
        let whole = image.name > 0 && image.name == self.sites[of].disk().name;
        let kept = |disk: &Disk| -> Option<Hello> {
            let kept = Kept::from_bytes(disk.kept.get(&key)?)?;
            Hello::decode(&kept.proof()?.bytes).map(|(_, hello)| hello)
        };
        let more = |hello: Hello| {
            let marks = hello.marks.iter();
            let mut promises = image.promises().collect::<Vec<_>>().into_iter();
            hello.disk.0 == image.name
                && (hello.journal > image.last()
                    || marks.into_iter().any(|mark| {
                        promises.any(|(id, promise)| id == mark.id && promise.term < mark.hard_term)
                    }))
        };
        whole
            && (0..self.sites.len())
                .filter(|site| *site != of)
                .all(|site| kept(self.sites[site].disk()).is_some_and(more))
    }

    /// Everything is whole, and people let back in whoever stands outside.
    pub(super) fn let_back_in(&mut self) -> Checked {
        if self.rare.lost == 0 {
            return Ok(());
        }
        for trial in 0..TRIES {
            self.run(self.now + 5 * SECOND)?;
            let outside = (0..self.sites.len()).find(|site| self.sites[*site].disk().is_outside());
            match outside {
                Some(which) => {
                    let healthy = (which + 1 + trial % 3) % self.sites.len();
                    self.command(healthy, Order::Readmit { which })?;
                }
                None if (0..self.sites.len()).all(|site| self.has_its_votes(site)) => return Ok(()),
                None => {}
            }
        }
        let outside: Vec<SiteId> = self
            .sites
            .iter_mut()
            .filter_map(|site| site.disk().is_outside().then(|| site.id.clone()))
            .collect();
        let what = format!("{outside:?} stand outside three minutes after everything was healed");
        Err(Violation { number: 14, name: "a lost disk comes back", what })
    }
}
