//! How faults strike and pass, and what people order.

use super::carrier::{By, Conduct};
use super::invariants::Checked;
use super::lost::Loss;
use super::net::Net;
use super::policy::{NUMBERS, ROUTE};
use super::queue::Item;
use super::schedule::{Order, What, kind};
use super::site::Stop;
use super::town::Town;
use agent::command::{Answer, Command};
use agent::event::{Asker, Event};
use state::fact::Mode;
use state::{Destination, Number, PlaybookId, RouteId, Who};
use std::collections::BTreeMap;
use std::time::Duration;

impl Town {
    /// A fault strikes.
    pub(super) fn strike(&mut self, fault: usize) -> Checked {
        let what = self.faults[fault].what;
        if let What::Wipe { site, down } = what {
            return self.lose_disk(fault, (site, Loss::Wiped), down);
        }
        if let What::Steal { site, booty } = what {
            return self.steal(fault, (site, booty));
        }
        if let What::Replace { site, down } = what {
            return self.lose_disk(fault, (site, Loss::Replaced), down);
        }
        if let What::WipeBoth { one, other, down } = what {
            return self.lose_both(fault, [one, other], down);
        }
        if let What::Restore { site, down } = what {
            return self.lose_disk(fault, (site, Loss::RolledBack), down);
        }
        self.story.tell(self.now, &format!("fault {fault}: {what:?}"));
        self.rare.count(kind(&what));
        match self.set_in(what) {
            Some(lasts) => {
                self.queue.put(self.now + lasts * 1000, Item::Over { fault });
                Ok(())
            }
            None => self.strike_once(what),
        }
    }

    /// What sets in lasts for so long; nothing for what strikes once.
    fn set_in(&mut self, what: What) -> Option<u64> {
        match what {
            What::Partition { side, .. } => {
                Net::across(side).for_each(|(from, to)| self.net.cut(from, to));
            }
            What::OneWay { from, to, .. } => self.net.cut(from, to),
            What::NoCarrier { site, .. } => self.net.cut_carrier(site),
            What::Weather { lost, doubled, .. } => self.net.weather = Some((lost, doubled)),
            What::Rough { from, to, lost, doubled, .. } => {
                self.net.roughen(from, to, Some((lost, doubled)));
            }
            What::Blind { site, .. } => self.blind[site] += 1,
            What::Pbx { site, .. } => self.dead[site] += 1,
            What::Drain { site, .. } => self.draining[site] += 1,
            What::Carrier { conduct, .. } => {
                self.carrier.conduct = conduct;
                self.rare.count(format!("carrier {}", kind(&conduct)));
            }
            What::FrontEnd { site, lag, .. } => self.carrier.lags[site] = lag * 1000,
            What::Dropped { .. }
            | What::Garble { .. }
            | What::Crash { .. }
            | What::Freeze { .. }
            | What::Pause { .. }
            | What::Flap { .. }
            | What::Edit { .. }
            | What::Order { .. }
            | What::Save { .. }
            | What::Wall { .. }
            | What::Wipe { .. }
            | What::Replace { .. }
            | What::WipeBoth { .. }
            | What::Steal { .. }
            | What::Image { .. }
            | What::Restore { .. }
            | What::Now { .. }
            | What::Ambush { .. } => {}
        }
        lasts(&what)
    }

    fn strike_once(&mut self, what: What) -> Checked {
        match what {
            What::Crash { site, down, fuse: None } if self.sites[site].turn.is_some() => {
                return self.die(site, down * 1000);
            }
            What::Crash { site, fuse, .. } => {
                if let (Some(trays), Some(fuse)) = (self.sites[site].trays(), fuse) {
                    trays.disk.lay(fuse);
                }
            }
            What::Freeze { site, lasts } => return self.stop(site, Stop::Frozen, lasts),
            What::Pause { site, lasts } => return self.stop(site, Stop::Paused, lasts),
            What::Order { site, order } => return self.command(site, order),
            What::Save { site, change } => return self.save(site, change),
            What::Image { site, writes } => self.take_image(site, writes),
            What::Dropped { site, count } => self.dropping[site] += count,
            What::Garble { from, to, count } => self.garbling[from][to] += count,
            What::Flap { site, times } => self.flap(site, times * 2),
            What::Edit { number, to } => self.edit(number, to),
            What::Wall { site, by } => self.sites[site].wall = by,
            What::Now { deed } => return self.befall(deed, self.leader.map_or(0, |(_, site)| site)),
            What::Ambush { when, deed } => self.ambushes.push((when, deed)),
            What::Partition { .. }
            | What::OneWay { .. }
            | What::NoCarrier { .. }
            | What::Weather { .. }
            | What::Rough { .. }
            | What::Blind { .. }
            | What::Pbx { .. }
            | What::Drain { .. }
            | What::FrontEnd { .. }
            | What::Wipe { .. }
            | What::Replace { .. }
            | What::WipeBoth { .. }
            | What::Steal { .. }
            | What::Restore { .. }
            | What::Carrier { .. } => {}
        }
        Ok(())
    }

    /// It is over, unless the town was healed before.
    pub(super) fn over(&mut self, fault: usize) {
        if self.healed {
            return;
        }
        let what = self.faults[fault].what;
        self.story.tell(self.now, &format!("fault {fault} is over"));
        match what {
            What::Partition { side, .. } => {
                Net::across(side).for_each(|(from, to)| self.net.mend(from, to));
            }
            What::OneWay { from, to, .. } => self.net.mend(from, to),
            What::NoCarrier { site, .. } => self.net.mend_carrier(site),
            What::Weather { .. } => self.net.weather = None,
            What::Pbx { site, .. } => self.dead[site] = self.dead[site].saturating_sub(1),
            What::Drain { site, .. } => self.draining[site] = self.draining[site].saturating_sub(1),
            What::Blind { site, .. } => self.blind[site] = self.blind[site].saturating_sub(1),
            What::Rough { from, to, .. } => self.net.roughen(from, to, None),
            What::Carrier { .. } => self.carrier.conduct = Conduct::Fair,
            What::FrontEnd { site, .. } => self.carrier.lags[site] = 0,
            What::Crash { .. }
            | What::Freeze { .. }
            | What::Pause { .. }
            | What::Flap { .. }
            | What::Edit { .. }
            | What::Order { .. }
            | What::Save { .. }
            | What::Wall { .. }
            | What::Dropped { .. }
            | What::Garble { .. }
            | What::Wipe { .. }
            | What::Replace { .. }
            | What::WipeBoth { .. }
            | What::Steal { .. }
            | What::Image { .. }
            | What::Restore { .. }
            | What::Now { .. }
            | What::Ambush { .. } => {}
        }
    }

    pub(super) fn stop(&mut self, site: usize, stop: Stop, lasts: u64) -> Checked {
        if self.sites[site].stopped.is_none() {
            self.sites[site].stopped = Some((stop, self.now));
            self.queue.put(self.now + lasts * 1000, Item::Thaw { site });
        }
        Ok(())
    }

    /// A stopped site goes on: everything that waited comes at once.
    pub(super) fn thaw(&mut self, site: usize) {
        let Some((stop, since)) = self.sites[site].stopped.take() else { return };
        self.story.tell(self.now, &format!("{} goes on", self.sites[site].id));
        if stop == Stop::Paused {
            self.sites[site].still += self.now - since;
        }
        for item in std::mem::take(&mut self.sites[site].waiting) {
            self.queue.put(self.now, item);
        }
    }

    pub(super) fn flap(&mut self, site: usize, left: u64) {
        const BEAT: u64 = 2_000_000;
        if self.healed && left.is_multiple_of(2) || left == 0 {
            return;
        }
        self.dead[site] =
            if left.is_multiple_of(2) { self.dead[site] + 1 } else { self.dead[site].saturating_sub(1) };
        self.queue.put(self.now + BEAT, Item::Flap { site, left: left - 1 });
    }

    /// A person at the carrier's portal.
    pub(super) fn edit(&mut self, number: usize, to: Option<usize>) {
        let number = Number::new(NUMBERS[number]);
        let route = self.rules.route(&RouteId::new(ROUTE));
        let of = route.and_then(|route| route.numbers.iter().find(|(of, _)| *of == number));
        let there = to.and_then(|site| of?.1.get(&self.sites[site].id).cloned());
        let value = there.unwrap_or_else(|| Destination::new("S:elsewhere@203.0.113.9"));
        self.carrier.put(&number, &value, (By::Person, self.now));
    }

    /// A person at a site.
    pub(super) fn command(&mut self, site: usize, order: Order) -> Checked {
        for asked in self.ordered(site, order) {
            self.soon(site, 1_000, asked);
        }
        Ok(())
    }

    /// What a person types for an order.
    pub(super) fn ordered(&mut self, site: usize, order: Order) -> Vec<Event> {
        let route = Some(RouteId::new(ROUTE));
        let because = "the simulator says so".to_owned();
        self.rare.count(format!("order {}", kind(&order)));
        let mut commands = Vec::new();
        match order {
            Order::Hold { lasts } => {
                commands.push(Command::Hold { route, lasts: Duration::from_millis(lasts), because });
            }
            Order::Manual => commands.push(Command::Mode { route, mode: Mode::Manual }),
            Order::Auto => {
                commands.push(Command::Mode { route: route.clone(), mode: Mode::Auto });
                commands.push(Command::Resume { route });
            }
            Order::Claim { to } => {
                let site = self.sites[to].id.clone();
                commands.push(Command::Claim { route: RouteId::new(ROUTE), site, because });
            }
            Order::Readmit { which } => {
                commands.push(Command::Readmit { site: self.sites[which].id.clone(), key: None });
            }
            Order::Revoke { which } => commands.extend(self.revokes(which)),
            Order::Trust { which } => commands.push(self.trusts(which)),
            Order::Alone { to } => {
                let site = self.sites[to].id.clone();
                commands.push(Command::ClaimOrOffer { route: RouteId::new(ROUTE), site, because });
            }
            Order::Ack => {
                let newest = self.sites[site].view().and_then(|view| view.incidents.keys().last().copied());
                commands.extend(newest.map(|incident| Command::Ack { incident }));
                // Whoever looks after a fault also looks after what stands behind, where anything does.
                if self.rules.routes.iter().any(|route| !route.behind.is_empty()) {
                    let (playbook, args) = (PlaybookId::new(playbooks::PREPARE), BTreeMap::new());
                    commands.push(Command::Play { playbook, args, because });
                }
            }
        }
        commands.into_iter().map(|command| self.asked(command)).collect()
    }

    fn asked(&mut self, command: Command) -> Event {
        self.asked += 1;
        Event::Asked { asker: Asker { id: self.asked, who: Who::new("matthew") }, command }
    }

    /// What a person is answered must be true.
    pub(super) fn answered(&mut self, site: usize, answer: &Answer) -> Checked {
        match answer {
            Answer::Agreed { index } => {
                self.story.tell(self.now, &format!("{} confirms {index}", self.sites[site].id));
                self.invariants.confirmed(*index)
            }
            Answer::Refused { why, .. } => {
                self.story.tell(self.now, &format!("{} refuses: {why}", self.sites[site].id));
                Ok(())
            }
            Answer::Offered(offer) => {
                // The person thinks about it.
                let after = self.net.throw(500_000, 20_000_000);
                let yes = self.asked(Command::ClaimAlone { token: offer.token });
                self.soon(site, after, yes);
                Ok(())
            }
            Answer::Status(_)
            | Answer::Why(_)
            | Answer::Plan(_)
            | Answer::Runs { .. }
            | Answer::Incidents { .. }
            | Answer::Journal(_)
            | Answer::Survey(_)
            | Answer::Following
            | Answer::Told(_)
            | Answer::Alone { .. } => Ok(()),
        }
    }
}

/// For how long, in milliseconds; nothing for what strikes once.
fn lasts(what: &What) -> Option<u64> {
    let (What::Partition { lasts, .. }
    | What::OneWay { lasts, .. }
    | What::NoCarrier { lasts, .. }
    | What::Weather { lasts, .. }
    | What::Rough { lasts, .. }
    | What::Blind { lasts, .. }
    | What::Pbx { lasts, .. }
    | What::Drain { lasts, .. }
    | What::Carrier { lasts, .. }
    | What::FrontEnd { lasts, .. }) = what
    else {
        return None;
    };
    Some(*lasts)
}
