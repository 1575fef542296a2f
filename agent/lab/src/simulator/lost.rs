//! Lost disks: which one may be lost at a moment, what stands in its place, and how people let its site back in.

use super::carrier::Moment;
use super::disk::{Disk, Promise};
use super::invariants::{Checked, Violation};
use super::queue::Item;
use super::schedule::{Order, kind};
use super::town::Town;
use agent::door::{self, Hello, Kept};
use agent::quorum::RaftId;
use state::SiteId;
use std::collections::BTreeSet;

const SECOND: Moment = 1_000_000;
/// How often people try to let a site back in when everything is whole, five seconds apart.
const TRIES: usize = 36;
/// For so long a loss waits until it does not break what nobody promises.
const PATIENCE: Moment = 60 * SECOND;

/// What stands in the place of a disk when its agent is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    /// Nothing; the file beside the configuration tells that there was something.
    Wiped,
    /// Nothing, not even that file: it is another machine.
    Replaced,
    /// An older image of the same disk.
    RolledBack,
}

impl Town {
    /// An agent dies, and another disk stands in its place when it is started again.
    ///
    /// Not while the others could not let it back in, because then nobody promises anything; and nothing is rolled
    /// back that nobody has heard more of, because that is the hole that the manual names. It waits for such a moment.
    pub(super) fn lose_disk(&mut self, fault: usize, (site, loss): (usize, Loss), down: u64) -> Checked {
        if self.healed || !self.may_lose(site) || loss == Loss::RolledBack && !self.would_show(site) {
            self.strike_later(fault);
            return Ok(());
        }
        self.story.tell(self.now, &format!("fault {fault}: {:?}", self.faults[fault].what));
        self.rare.count(kind(&self.faults[fault].what));
        self.lose((site, loss), down)
    }

    /// Two agents die at once, and both disks are gone. Not while those that are left would be no majority: then
    /// everything stands still until people have found the disks, and nobody promises more.
    pub(super) fn lose_both(&mut self, fault: usize, [one, other]: [usize; 2], down: u64) -> Checked {
        let names = [one, other].map(|place| self.sites[place].id.clone());
        let left = one != other && self.invariants.majority_without(&names);
        if self.healed || !left || !self.may_lose(one) || !self.may_lose(other) {
            self.strike_later(fault);
            return Ok(());
        }
        self.story.tell(self.now, &format!("fault {fault}: {:?}", self.faults[fault].what));
        self.rare.count(kind(&self.faults[fault].what));
        self.lose((one, Loss::Wiped), down)?;
        self.lose((other, Loss::Wiped), down)
    }

    /// An agent dies, and something else stands in the place of its disk.
    pub(super) fn lose(&mut self, (site, loss): (usize, Loss), down: u64) -> Checked {
        if self.sites[site].turn.is_some() {
            self.die(site, down * 1000)?;
        }
        match loss {
            Loss::Wiped | Loss::Replaced => self.rare.wiped += 1,
            Loss::RolledBack => self.rare.rolled_back += 1,
        }
        self.sites[site].lose(loss);
        Ok(())
    }

    /// What must not strike now may in a moment.
    pub(super) fn strike_later(&mut self, fault: usize) {
        if !self.healed && self.now < self.faults[fault].at * 1000 + PATIENCE {
            self.queue.put(self.now + SECOND, Item::Strike { fault });
        }
    }

    /// An image is taken a few writes later.
    pub(super) fn take_image(&mut self, site: usize, writes: u32) {
        if let Some(trays) = self.sites[site].trays() {
            trays.disk.take_image(writes);
        }
    }

    /// Whether every other disk is the one that bears its site's name, with its votes; one's own may be lost twice.
    pub(super) fn may_lose(&mut self, site: usize) -> bool {
        let places = self.members();
        let members = &self.invariants.view().members;
        let named = |of: &SiteId| members.get(of).map(|member| member.disk.0);
        let names: Vec<Option<u64>> = self.sites.iter().map(|site| named(&site.id)).collect();
        let others = |place: &&usize| **place != site;
        let whole = places.iter().filter(others).all(|place| {
            let place = *place;
            let here = &mut self.sites[place];
            names[place] == Some(here.disk().name) && here.lost.is_none() && !here.off
        });
        let left = self.invariants.majority_without(std::slice::from_ref(&self.sites[site].id));
        whole
            && left
            && names[site].is_some()
            && !self.sites[site].off
            && places.into_iter().all(|by| self.has_its_votes(by, Some(site)))
    }

    /// A site that was let back in has lost nothing any more; it votes with no disk but the one that was let in.
    pub(super) fn look_at_loss(&mut self, site: usize) -> Checked {
        let here = &mut self.sites[site];
        if here.lost.is_none() || here.has_lost() {
            return Ok(());
        }
        let (id, name) = (here.id.clone(), here.disk().name);
        let agreed = self.invariants.view().members.get(&id).map(|member| member.disk.0);
        if agreed != Some(name) {
            let what = format!("{id} comes in with disk {name}, and {agreed:?} was let in");
            return Err(Violation { number: 16, name: "outside until people let it in", what });
        }
        self.sites[site].lost = None;
        self.rare.let_in += 1;
        Ok(())
    }

    /// Whether a site knows that everybody has the votes of the disk that bears its name; of one it is not asked.
    fn has_its_votes(&self, site: usize, but: Option<usize>) -> bool {
        let Some(turn) = &self.sites[site].turn else { return true };
        let members = &self.invariants.view().members;
        let standing = turn.standing();
        let but = but.map(|but| &self.sites[but].id);
        let voters =
            |of: &SiteId| members.get(of).map(|member| member.raft_ids.iter().collect::<BTreeSet<_>>());
        let all = standing.seated.iter().map(|seat| (seat, true));
        let mut seats = all.chain(standing.before.iter().map(|seat| (seat, false)));
        let whole = seats.all(|(seat, now)| {
            // Whoever has no vote listens.
            let (sits, waits) = match self.invariants.wishes(&seat.site) {
                0 => (&seat.learners, &seat.voters),
                _ => (&seat.voters, &seat.learners),
            };
            let same = voters(&seat.site) == Some(sits.iter().collect());
            Some(&seat.site) == but || same && waits.is_empty() && (now || but.is_some())
        });
        whole && (but.is_some() || standing.before.is_empty())
    }

    /// Whether every other site would show the last image of a disk, if it came back, that it had more.
    fn would_show(&mut self, of: usize) -> bool {
        let Some(image) = self.sites[of].disk().image.clone() else { return false };
        let key = door::heard(&self.sites[of].id);
        let whole = image.name > 0 && image.name == self.sites[of].disk().name && !image.is_outside();
        let kept = |disk: &Disk| -> Option<Hello> {
            let kept = Kept::from_bytes(disk.kept.get(&key)?)?;
            Hello::decode(&kept.proof()?.bytes).map(|(_, hello)| hello)
        };
        let more = |hello: Hello| {
            let forgot = |(id, promise): (RaftId, Promise)| {
                hello.marks.iter().any(|mark| mark.id == id && promise.term < mark.hard_term)
            };
            hello.disk.0 == image.name && (hello.journal > image.comes_to() || image.promises().any(forgot))
        };
        whole
            && self
                .members()
                .into_iter()
                .filter(|site| *site != of)
                .all(|site| kept(self.sites[site].disk()).is_some_and(more))
    }

    /// Everything is whole, and people let back in whoever stands outside.
    pub(super) fn let_back_in(&mut self) -> Checked {
        if self.rare.wiped + self.rare.rolled_back == 0 {
            return Ok(());
        }
        for trial in 0..TRIES {
            self.run(self.now + 5 * SECOND)?;
            self.start_members()?;
            let outside = self.let_next_in(trial)?;
            if outside.is_none() && self.members().into_iter().all(|by| self.is_settled(by)) {
                return Ok(());
            }
        }
        let lost = |place: &usize| !self.is_settled(*place);
        let lost: Vec<&SiteId> =
            self.members().into_iter().filter(lost).map(|place| &self.sites[place].id).collect();
        let members = &self.invariants.view().members;
        let what = format!("{lost:?} are not settled three minutes after everything was healed: {members:?}");
        Err(Violation { number: 14, name: "a lost disk comes back", what })
    }

    /// A person lets back in one of those that stand outside, at one healthy site or another; says which.
    pub(super) fn let_next_in(&mut self, trial: usize) -> Result<Option<usize>, Violation> {
        let members = self.members();
        let Some(place) = members.iter().position(|site| self.sites[*site].must_be_let_in()) else {
            return Ok(None);
        };
        let (which, healthy) = (members[place], members[(place + 1 + trial % 3) % members.len()]);
        self.command(healthy, Order::Readmit { which })?;
        Ok(Some(which))
    }

    /// Whether a site has lost nothing, and knows that everybody sits where that was agreed.
    fn is_settled(&self, site: usize) -> bool {
        let here = &self.sites[site];
        // Whoever left comes back with votes that nobody had: what its disk had promised with others binds no more.
        let member = self.invariants.view().members.get(&here.id);
        let anew = member.is_some_and(|member| member.raft_ids.iter().all(|id| !here.promised.contains(id)));
        (here.lost.is_none() || anew) && self.has_its_votes(site, None)
    }
}
