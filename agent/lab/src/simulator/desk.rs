//! The policy file of each simulated site, and the people who edit it.

use super::invariants::Checked;
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
                let mut sites = ["london", "manchester", "netherlands", "office"];
                sites.rotate_left(first);
                line("prefer:", format!("    prefer: [{}]", sites.join(", ")))
            }
            Self::Remark(n) => format!("{text}# remark {n}\n"),
            Self::Fault => format!("{text}blipp: 3s\n"),
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
    fn on_desk(&mut self, change: impl FnOnce(&mut Option<String>, &mut Vec<String>)) {
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
        self.sites[site].on_desk(|file, _| *file = file.as_deref().map(|text| change.made(text)));
        self.look_at_file(site);
        Ok(())
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
