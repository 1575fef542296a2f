//! The policy file of each simulated site, and the people who edit it.

use super::invariants::Checked;
use super::policy::SITES;
use super::schedule::kind;
use super::seating::{has, vote_moved, with, without};
use super::site::Site;
use super::town::Town;
use agent::event::Event;
use agent::policy_file::{Fate, Found, Rewrite};
use state::Imprint;

/// From a change of the folder until it is looked at, in microseconds: editors are given time to come to rest.
const REST: u64 = 200_000;

/// What people change. All of it leaves the route where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Another budget, of so many switches.
    Budget(u64),
    /// Another order of the sites, begun at this one.
    Prefer(usize),
    /// A remark with this number.
    Remark(u64),
    /// A fault, which changes nothing.
    Fault,
    /// One vote of a site becomes another site's.
    Votes { from: usize, to: usize },
    /// A site is taken out.
    Leave { site: usize },
    /// A site is brought, or brought back, on such a machine.
    Come { site: usize, machine: Machine },
}

/// On which machine the agent of a site is started that has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    /// On the one that it always had, with its disk.
    Old,
    /// On one that has never been one of ours.
    New,
}

impl Change {
    /// The text after it.
    fn made(self, text: &str) -> String {
        let line = |begins: &str, instead: String| {
            let lines = text.lines().map(|line| {
                if line.trim_start().starts_with(begins) { instead.clone() } else { line.to_owned() }
            });
            lines.map(|line| line + "\n").collect()
        };
        // Whoever edits again first takes out what was wrong.
        let text = &line_without(text, "blipp:");
        match self {
            Self::Budget(switches) => line("budget:", format!("    budget: {switches} per day")),
            Self::Prefer(first) => {
                // In the order of the birth's preference.
                let mut sites: Vec<&str> =
                    [0, 1, 3, 2].iter().filter(|site| has(text, **site)).map(|site| SITES[*site]).collect();
                let first = first % sites.len().max(1);
                sites.rotate_left(first);
                line("prefer:", format!("    prefer: [{}]", sites.join(", ")))
            }
            Self::Remark(n) => format!("{text}# remark {n}\n"),
            Self::Fault => format!("{text}blipp: 3s\n"),
            Self::Votes { from, to } => vote_moved(text, from, to).unwrap_or_else(|| text.clone()),
            Self::Leave { site } => without(text, site),
            Self::Come { site, .. } if has(text, site) => text.clone(),
            Self::Come { site, .. } => with(text, site),
        }
    }
}

fn line_without(text: &str, begins: &str) -> String {
    text.lines().filter(|line| !line.starts_with(begins)).map(|line| format!("{line}\n")).collect()
}

impl Site {
    fn found(&mut self) -> Found {
        let disk = self.disk();
        let aside = disk.aside.iter().map(|text| format!("policy.yaml.aside-{}", Imprint::of(text)));
        Found {
            path: "policy.yaml".to_owned(),
            text: Ok(disk.file.clone()),
            aside: aside.collect(),
            unwritable: None,
        }
    }

    /// The file is changed, whether an agent runs beside it or not.
    pub(super) fn on_desk(&mut self, change: impl FnOnce(&mut Option<String>, &mut Vec<String>)) {
        let disk = match &mut self.turn {
            Some(turn) => &mut turn.world().disk,
            None => &mut self.disk,
        };
        change(&mut disk.file, &mut disk.aside);
    }
}

impl Town {
    /// The folder is looked at.
    pub(super) fn look_at_file(&mut self, site: usize) {
        let found = self.sites[site].found();
        self.soon(site, REST, Event::File(found));
    }

    /// A person saves a change of the policy at a site.
    pub(super) fn save(&mut self, site: usize, change: Change) -> Checked {
        let mut saved = String::new();
        self.rare.count(format!("edit {}", kind(&change)));
        self.sites[site].on_desk(|file, _| {
            *file = file.as_deref().map(|text| change.made(text));
            saved = file.clone().unwrap_or_default();
        });
        self.look_at_file(site);
        match change {
            Change::Come { site, machine } => {
                self.reseats = true;
                self.set_up(site, machine, &saved)
            }
            Change::Votes { .. } | Change::Leave { .. } => {
                self.reseats = true;
                Ok(())
            }
            Change::Budget(_) | Change::Prefer(_) | Change::Remark(_) | Change::Fault => Ok(()),
        }
    }

    /// An agent writes the agreed text, if nobody was quicker.
    pub(super) fn rewrite(&mut self, site: usize, order: Rewrite) {
        self.sites[site].on_desk(|file, aside| {
            if file.as_deref().map(Imprint::of) == order.over {
                let before = file.replace(order.with);
                aside.extend(before.filter(|_| order.fate == Fate::SetAside));
            }
        });
        self.look_at_file(site);
    }
}
