//! From what everybody says to what happened: each agreed thing once, suspicions together, the carrier's lines joined.

mod dialogue;

use super::happening::{Deed, Happening, Heard, Raw, What};
use agent::command::Telling;
use dialogue::Dialogues;
use policies::Verdict;
use state::handover::Urgency;
use state::{SiteId, Subject};
use std::collections::{BTreeMap, BTreeSet};

/// Suspicions of several sites within this are one line.
const TOGETHER_MS: i64 = 50;

/// What an agent tells is on its way for so long; the carrier's log is read at once.
const WAY_MS: i64 = 5;

/// Turns what is heard, in the order of its times, into what happened.
#[derive(Debug, Default)]
pub struct Gather {
    /// How often each source has told a thing.
    told: BTreeMap<(SiteId, String), u32>,
    /// How often the quickest source has told it.
    most: BTreeMap<String, u32>,
    /// Sites whose word on what was agreed is not taken: they are cut off, and tell it again later.
    cut: BTreeSet<SiteId>,
    suspects: Vec<Miss>,
    dialogues: Dialogues,
    ready: Vec<Happening>,
    leveled: Leveled,
}

/// Whether all sources were brought to the same count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Leveled {
    #[default]
    No,
    Yes,
}

impl Gather {
    /// Takes one thing that was heard; returns what can be told by now, in the order of the times.
    pub fn take(&mut self, heard: Heard) -> Vec<Happening> {
        let t_ms = heard.t_ms;
        self.settle(t_ms);
        match heard.raw {
            Raw::Told(site, telling) => {
                let what = self.told(t_ms, site, telling);
                self.ready.extend(what.map(|what| Happening { t_ms, what }));
            }
            Raw::Carrier(entry) => self.ready.extend(self.dialogues.take(t_ms, &entry)),
            Raw::Lab(Deed::CutOff(site)) => {
                self.cut.insert(site);
            }
            Raw::Lab(deed) => {
                if let Deed::Broke(_) = deed {
                    self.level();
                }
                self.ready.push(Happening { t_ms, what: What::Deed(deed) });
            }
        }
        self.tellable(t_ms)
    }

    /// What can be told once it is `now_ms`.
    pub fn due(&mut self, now_ms: i64) -> Vec<Happening> {
        self.settle(now_ms);
        self.tellable(now_ms)
    }

    /// Ends the waiting of what has waited for company or an answer long enough.
    fn settle(&mut self, now_ms: i64) {
        self.ready.extend(self.dialogues.due(now_ms));
        if self.suspects.first().is_some_and(|first| now_ms > first.t_ms + TOGETHER_MS) {
            self.ready.extend(together(std::mem::take(&mut self.suspects)));
        }
    }

    /// What is ready, up to the first thing that still waits.
    fn tellable(&mut self, now_ms: i64) -> Vec<Happening> {
        let waits = self.suspects.first().map(|first| first.t_ms).into_iter().chain(self.dialogues.waits());
        let horizon = waits.chain([now_ms.saturating_sub(WAY_MS)]).min().unwrap_or(now_ms);
        self.ready.sort_by_key(cause);
        let later = self.ready.partition_point(|happening| cause(happening) < horizon);
        self.ready.drain(..later).collect()
    }

    /// From the first fault on every source counts as having told as much as the others: some began to listen late.
    /// Later this would be wrong, as a source may still have to tell what another was quicker with.
    fn level(&mut self) {
        if std::mem::replace(&mut self.leveled, Leveled::Yes) == Leveled::Yes {
            return;
        }
        let sites: BTreeSet<SiteId> = self.told.keys().map(|(site, _)| site.clone()).collect();
        for (thing, most) in &self.most {
            for site in &sites {
                self.told.insert((site.clone(), thing.clone()), *most);
            }
        }
    }

    fn told(&mut self, t_ms: i64, from: SiteId, telling: Telling) -> Option<What> {
        let thing = thing(&telling)?;
        let first = self.first(&from, thing);
        if let Telling::Suspect { site, subject, missed, fall } = telling {
            // The first miss is news; those that follow are what the ballot is about.
            if first == News::New && missed == 1 {
                let (sites, subjects) = (vec![site], vec![subject]);
                self.suspects.push(Miss { t_ms, sites, subjects, count: (missed, fall) });
            }
            return None;
        }
        if first == News::Old || self.cut.contains(&from) { None } else { what(telling) }
    }

    fn first(&mut self, from: &SiteId, thing: String) -> News {
        let told = self.told.entry((from.clone(), thing.clone())).or_default();
        *told += 1;
        let most = self.most.entry(thing).or_default();
        if *told > *most {
            *most = *told;
            News::New
        } else {
            News::Old
        }
    }
}

/// Whether somebody told it before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum News {
    New,
    Old,
}

/// The order of causes: an intent is told a moment after it was agreed, and stands before the SET that it caused.
fn cause(happening: &Happening) -> i64 {
    let told = matches!(happening.what, What::Decision { .. } | What::Step { .. });
    if told { happening.t_ms - WAY_MS } else { happening.t_ms }
}

/// What makes two tellings the same; `None` for what is no part of the account.
fn thing(telling: &Telling) -> Option<String> {
    Some(match telling {
        Telling::Suspect { site, subject, missed, .. } => format!("suspect {site} {subject} {missed}"),
        Telling::Ballot { site, subject, says, .. } => format!("ballot {site} {subject} {says}"),
        Telling::Verdict { subject, is: Verdict::Up, .. } => format!("up {subject}"),
        Telling::Verdict { subject, is: Verdict::Down, .. } => format!("down {subject}"),
        Telling::Verdict { subject, is: Verdict::Disputed, .. } => format!("disputed {subject}"),
        Telling::Decision { run, .. } => format!("decision {run}"),
        Telling::Step { run, step, state, index, .. } => format!("step {run} {step} {state} {index}"),
        Telling::Run { run, .. } => format!("run {run}"),
        Telling::Mode { route, mode, because } => format!("mode {route:?} {mode:?} {because}"),
        Telling::Leader { site: Some(site), term } => format!("leader {site} {term}"),
        Telling::Voice { site, is } => format!("voice {site} {is:?}"),
        Telling::Refused { index, .. } => format!("refused {index}"),
        Telling::Flapping { subject, site, is } => format!("flapping {subject} {site} {is:?}"),
        Telling::HandedOver { route, hindrance, strength, .. } => {
            format!("handed over {route:?} {hindrance:?} {strength:?}")
        }
        Telling::TakenBack { route, hindrance, strength, .. } => {
            format!("taken back {route:?} {hindrance:?} {strength:?}")
        }
        Telling::Leaderless { lasted, .. } => format!("leaderless {lasted:?}"),
        Telling::Escalated { incident } => format!("escalated {incident}"),
        Telling::Alone { n, site, text, .. } => format!("alone {site} {n} {text}"),
        // A pending verdict is none; no leader is seen by what does not happen; the carrier itself tells who reads; and
        // what is agreed beside the account is read in the audit.
        Telling::Verdict { is: Verdict::Pending, .. }
        | Telling::Leader { site: None, .. }
        | Telling::CarrierRead { .. }
        | Telling::Agreed { .. }
        | Telling::Policy { .. } => return None,
    })
}

fn what(telling: Telling) -> Option<What> {
    Some(match telling {
        Telling::Ballot { site, subject, says, votes, of } => What::Ballot { site, subject, says, votes, of },
        Telling::Verdict { subject, is, votes, of } => What::Verdict { subject, is, votes, of },
        Telling::Decision { run, route, playbook, from, to, because } => {
            What::Decision { run, route, playbook: playbook.to_string(), from, to, because }
        }
        Telling::Step { run, step, of, what, state, by, index } => {
            What::Step { run, step, of, what, state, by, fence: index.0 }
        }
        Telling::Run { run, playbook, word, why, .. } => {
            What::Run { run, playbook: playbook.to_string(), word, why }
        }
        Telling::Mode { route, mode, because } => What::Mode { route, mode, because },
        Telling::Leader { site, term } => What::Leader { site: site?, term },
        Telling::Voice { site, is } => What::Voice { site, is },
        Telling::Refused { what, why, .. } => What::Refused { what, why },
        Telling::Flapping { subject, site, is } => What::Flapping { subject, site, is },
        Telling::HandedOver { route, hindrance, strength, urgency, because } => {
            let of = route.map_or("every route".to_owned(), |route| route.to_string());
            let text = format!("{of} is {strength}: {because}");
            What::HandOver { hindrance: Some(hindrance), text, urgency }
        }
        Telling::TakenBack { route, .. } => {
            let of = route.map_or("every route".to_owned(), |route| route.to_string());
            people(format!("automation has {of} again"), Urgency::Notice)
        }
        Telling::Leaderless { lasted, urgency } => {
            people(format!("nobody could lead for {}s", lasted.as_secs()), urgency)
        }
        Telling::Escalated { incident } => {
            people(format!("nobody has acknowledged {incident}"), Urgency::Urgent)
        }
        Telling::Alone { route, text, .. } => people(format!("{route}, alone: {text}"), Urgency::Notice),
        Telling::Suspect { .. }
        | Telling::CarrierRead { .. }
        | Telling::Agreed { .. }
        | Telling::Policy { .. } => return None,
    })
}

/// What people are told, and nothing is in the way of automation by it.
fn people(text: String, urgency: Urgency) -> What {
    What::HandOver { hindrance: None, text, urgency }
}

/// A site has missed an answer of a subject.
#[derive(Debug)]
struct Miss {
    t_ms: i64,
    sites: Vec<SiteId>,
    subjects: Vec<Subject>,
    count: (u32, u32),
}

/// Who misses the same subjects at the same time is named in one line.
fn together(misses: Vec<Miss>) -> Vec<Happening> {
    let mut by_subject: Vec<Miss> = Vec::new();
    for miss in misses {
        match by_subject.iter_mut().find(|line| line.subjects == miss.subjects && line.count == miss.count) {
            Some(line) => line.sites.extend(miss.sites),
            None => by_subject.push(miss),
        }
    }
    let mut lines: Vec<Miss> = Vec::new();
    for miss in by_subject {
        match lines.iter_mut().find(|line| line.sites == miss.sites && line.count == miss.count) {
            Some(line) => line.subjects.extend(miss.subjects),
            None => lines.push(miss),
        }
    }
    let told = |Miss { t_ms, sites, subjects, count: (missed, fall) }| Happening {
        t_ms,
        what: What::Suspect { sites, subjects, missed, fall },
    };
    lines.into_iter().map(told).collect()
}
