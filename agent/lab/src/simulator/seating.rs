//! Sites that people bring, take out and bring back, votes that they move, and who sits where in the end.

use super::carrier::Moment;
use super::desk::Machine;
use super::disk::Disk;
use super::hands::micros;
use super::invariants::{Checked, Violation};
use super::policy::{ROUTE, SITES, line_of};
use super::queue::Item;
use super::site::Site;
use super::thief::DEN;
use super::town::Town;
use agent::links::Other;
use agent::node::Rules;
use state::{RouteId, SiteId};
use std::time::Duration;

const SECOND: Moment = 1_000_000;
/// How often it is looked whether everybody sits as the policy says once everything is whole, five seconds apart.
const LOOKS: usize = 36;
/// A person needs so long to set a machine up.
const SET_UP: Duration = Duration::from_secs(15);

/// A text with one vote of a site less, and one of another more; nothing if they cannot give or take it.
pub(super) fn vote_moved(text: &str, from: usize, to: usize) -> Option<String> {
    let (less, more) = (votes_in(text, from)?.checked_sub(1)?, votes_in(text, to)? + 1);
    (more <= 2 && from != to).then(|| with_votes(&with_votes(text, from, less), to, more))
}

fn head(site: usize) -> String {
    format!("  {}: {{ votes: ", SITES[site])
}

fn votes_in(text: &str, site: usize) -> Option<u32> {
    let rest = text.lines().find_map(|line| line.strip_prefix(&head(site)))?;
    rest.split(',').next()?.parse().ok()
}

fn with_votes(text: &str, site: usize, votes: u32) -> String {
    let head = head(site);
    let line = |line: &str| match line.strip_prefix(&head).and_then(|rest| rest.split_once(',')) {
        Some((_, rest)) => format!("{head}{votes},{rest}\n"),
        None => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

/// Whether a text has a site.
pub(super) fn has(text: &str, site: usize) -> bool {
    text.lines().any(|line| line.starts_with(&head(site)))
}

/// A text without a site.
pub(super) fn without(text: &str, site: usize) -> String {
    let lines = text.lines().filter(|line| !line.starts_with(&head(site)));
    lines.filter_map(|line| unnamed(line, SITES[site])).map(|line| format!("{line}\n")).collect()
}

/// A line that lists sites, without this one; nothing if it would list none.
fn unnamed(line: &str, site: &str) -> Option<String> {
    let lists = ["prefer:", "last_resort:"].iter().any(|key| line.trim_start().starts_with(key));
    let Some((key, names)) = line.split_once('[').filter(|_| lists) else { return Some(line.to_owned()) };
    let names: Vec<&str> = names.trim_end_matches(']').split(", ").filter(|name| *name != site).collect();
    (!names.is_empty()).then(|| format!("{key}[{}]", names.join(", ")))
}

/// A text with a site more; the route may ring at each of those that were there at the birth.
pub(super) fn with(text: &str, site: usize) -> String {
    let line = |line: &str| {
        let preferred = site < 4 && line.trim_start().starts_with("prefer:");
        match line.strip_suffix(']').filter(|_| preferred) {
            Some(names) => format!("{names}, {}]\n", SITES[site]),
            None if line == "sites:" => format!("sites:\n{}\n", line_of(site)),
            None => format!("{line}\n"),
        }
    };
    text.lines().map(line).collect()
}

impl Town {
    /// The sites of the policy in force, by their places.
    pub(super) fn members(&self) -> Vec<usize> {
        let known = |place: &usize| self.invariants.has_site(&self.sites[*place].id);
        (0..self.sites.len().min(SITES.len())).filter(known).collect()
    }

    /// Whom the links of a site let in from now on.
    pub(super) fn link(&mut self, site: usize, others: &[Other]) {
        let here = &mut self.sites[site];
        here.links = [agent::links::Trust::Nobody; super::net::SITES];
        for other in others {
            if let Some(place) = SITES.iter().position(|name| *name == other.site.as_str()) {
                here.links[place] = other.trust;
            }
        }
    }

    /// The place of the site as which a machine speaks.
    pub(super) fn speaks_as(&self, machine: usize) -> usize {
        self.thief.filter(|_| machine == DEN).map_or(machine, |thief| thief.of)
    }

    /// A machine of a site that had none is put where it belongs.
    pub(super) fn bring(&mut self, which: usize) {
        let rate = self.net.throw(999, 1001);
        self.sites.push(Site::new(SiteId::new(SITES[which]), rate));
        self.boots.push(state::Boot(0));
    }

    /// Whether there is a link between two sites: each must let the other in.
    pub(super) fn linked(&self, from: usize, to: usize) -> bool {
        let (here, there) = (&self.sites[from], &self.sites[to]);
        let (one, other) = (self.speaks_as(from), self.speaks_as(to));
        here.links[other].admits(there.key) && there.links[one].admits(here.key)
    }

    /// A person brings a site whose line is in a text now: its agent is started on this machine, with that text.
    pub(super) fn set_up(&mut self, which: usize, machine: Machine, text: &str) -> Checked {
        if which == self.sites.len() {
            self.bring(which);
        }
        let Some(site) = self.sites.get(which) else { return Ok(()) };
        let (view, id) = (self.invariants.view(), site.id.clone());
        // As long as its disk bears its name nobody puts another one there.
        if view.members.contains_key(&id) || self.invariants.has_site(&id) {
            return Ok(());
        }
        let down = self.net.throw(SECOND, micros(SET_UP));
        if self.sites[which].turn.is_some() {
            // Who goes on running hears by itself that it is wanted again.
            if machine == Machine::Old {
                return Ok(());
            }
            self.die(which, down)?;
        } else {
            self.queue.put(self.now + down, Item::Start { site: which });
        }
        let here = &mut self.sites[which];
        if machine == Machine::New {
            (here.disk, here.lost) = (Disk::default(), None);
        }
        here.disk.file = Some(text.to_owned());
        Ok(())
    }

    /// Everything is whole: everybody comes to sit as the policy says. Whoever shall sit and does not run is started.
    pub(super) fn seat_everybody(&mut self) -> Checked {
        if !self.reseats && self.thief.is_none() {
            return Ok(());
        }
        for trial in 0..LOOKS {
            self.run(self.now + 5 * SECOND)?;
            self.start_members()?;
            // A site that was taken out with a lost disk is let back in once it is wanted again.
            self.let_next_in(trial)?;
            if self.astray().is_none() {
                return Ok(());
            }
        }
        let what = self.astray().unwrap_or_default();
        Err(Violation { number: 11, name: "everybody is seated as the policy says", what })
    }

    /// Whoever shall sit and does not run is given the policy, and started.
    pub(super) fn start_members(&mut self) -> Checked {
        for site in self.members() {
            self.set_right(site)?;
            if self.sites[site].turn.is_none() {
                let agreed = self.agreed_text();
                self.sites[site].on_desk(|file, _| *file = agreed.or(file.take()));
                self.start(site)?;
            }
        }
        Ok(())
    }

    /// Whoever was set up with a text that nobody has agreed, or goes on running with the policy that took it out, may
    /// have no link to those that would name it: its people see that it waits, and begin again with the policy that
    /// is in force.
    fn set_right(&mut self, site: usize) -> Checked {
        let agreed = self.agreed_text();
        let disk = self.sites[site].disk();
        let nameless = disk.named().is_none() && !disk.is_outside();
        let wrong = nameless && disk.file != agreed || self.is_out_of_date(site);
        if wrong && self.sites[site].turn.is_some() { self.die(site, SECOND) } else { Ok(()) }
    }

    /// Whether a running agent has no link to a member that its own policy does not know.
    fn is_out_of_date(&self, site: usize) -> bool {
        let here = &self.sites[site];
        let policy = here.view().and_then(|view| view.policy.as_ref());
        let Some(Ok(rules)) = policy.map(|policy| Rules::read(&policy.text, &here.id)) else { return false };
        let unknown = |other: &usize| !rules.wished.contains_key(&self.sites[*other].id);
        self.members().into_iter().filter(unknown).any(|other| !self.linked(site, other))
    }

    pub(super) fn agreed_text(&self) -> Option<String> {
        self.invariants.view().policy.as_ref().map(|policy| policy.text.clone())
    }

    /// Who does not sit as the policy says, or does not know it, or has an edit that nobody has agreed yet.
    fn astray(&mut self) -> Option<String> {
        if let Some(what) = self.invariants.sits_astray() {
            return Some(what);
        }
        for site in self.members() {
            let id = self.sites[site].id.clone();
            let Some(turn) = &self.sites[site].turn else { return Some(format!("no agent runs at {id}")) };
            let (seated, before) = (turn.standing().seated.to_vec(), !turn.standing().before.is_empty());
            if before || !self.invariants.knows_seats(&seated) {
                return Some(format!("{id} knows other seats: {seated:?}"));
            }
            let file = self.sites[site].disk().file.clone().unwrap_or_default();
            if self.waits(&file) {
                return Some(format!("the edit of {id} is still to be agreed"));
            }
        }
        None
    }

    /// Whether a file holds an edit that must become the policy by itself: it has no faults, and nothing stands in
    /// its way.
    pub(super) fn waits(&self, file: &str) -> bool {
        let Some(agreed) = self.agreed_text().filter(|agreed| agreed != file) else { return false };
        let Ok(wish) = Rules::read(file, &self.sites[0].id) else { return false };
        let Ok(now) = Rules::read(&agreed, &self.sites[0].id) else { return false };
        let stays = |site: &SiteId| wish.wished.contains_key(site);
        let rings = self.invariants.view().routes.get(&RouteId::new(ROUTE)).and_then(|r| r.rings_in.as_ref());
        let stranded = rings.is_some_and(|site| !site.is_refuge() && !stays(site));
        let goes = now.wished.iter().any(|(site, votes)| *votes > 0 && !stays(site));
        let left = now.wished.iter().filter(|(site, _)| stays(site)).map(|(_, votes)| u32::from(*votes));
        let outvoted = goes && left.sum::<u32>() * 2 <= now.votes();
        !stranded && !outvoted
    }
}
