//! What surveys found wrong, here and at the others: each site says it to all, and all of them show it.

use super::Node;
use super::conduct::LOST;
use crate::event::Output;
use crate::frame::Body;
use crate::live::Sight;
use crate::probes::shown;
use state::{Boot, Mono, SiteId, Stamp};
use std::collections::BTreeMap;
use std::time::Duration;

/// The schema of facts that came with this frame: whoever reads less cannot read it.
const SINCE: u16 = 5;
/// How often it is said although it is known: a frame may have been lost.
const EVERY: Duration = Duration::from_secs(600);
/// After so long without a word what a site found is forgotten: it lives no more, or is cut off, and that is told.
const FORGOTTEN: Duration = Duration::from_secs(1500);
/// How much of a site's findings is taken: what is said of it by others is a page, not a book.
const TAKEN: usize = 32;
/// How long each word of them may be.
const LONG: usize = 300;

/// What was said to whom, and what was heard.
#[derive(Debug, Default)]
pub struct Findings {
    said: BTreeMap<SiteId, (Option<Boot>, u64, Mono)>,
    heard: BTreeMap<SiteId, (Mono, Stamp, Vec<Sight>)>,
}

impl Node {
    /// Says what the last survey here found to everybody who does not know it: a site that lives anew knows nothing.
    pub(super) fn say_what_is_wrong(&mut self, now: Mono, out: &mut Output) {
        let Some((n, at, sights)) = self.found_wrong() else { return };
        let due = |site: &&SiteId| {
            let said = self.findings.said.get(*site);
            let known = said.is_some_and(|(boot, of, at)| {
                *boot == self.peers.boot(site) && *of == n && (sights.is_empty() || now.since(*at) < EVERY)
            });
            let reads = self.peers.reads(site).is_some_and(|reads| reads >= SINCE);
            !known && reads && self.peers.heard_within(site, LOST, now)
        };
        let due: Vec<SiteId> = self.others().filter(due).cloned().collect();
        for site in due {
            self.findings.said.insert(site.clone(), (self.peers.boot(&site), n, now));
            self.say(&site, Body::Wrong { at, sights: sights.clone() }, out);
        }
    }

    /// What another site found wrong: the newest word takes the place of the one before.
    pub(super) fn others_found(&mut self, from: &SiteId, (at, sights): (Stamp, Vec<Sight>), now: Mono) {
        // Whatever it says goes to terminals.
        let plain = |sight: Sight| Sight {
            thing: shown(&sight.thing, LONG),
            says: shown(&sight.says, LONG),
            hint: sight.hint.map(|hint| shown(&hint, LONG)),
            ..sight
        };
        let sights: Vec<Sight> = sights.into_iter().take(TAKEN).map(plain).collect();
        self.findings.heard.insert(from.clone(), (now, at, sights));
    }

    /// What is wrong at which sites, those that found the same in one line.
    pub(super) fn survey_words(&self, now: Mono) -> Vec<String> {
        let here = self.found_wrong().map(|(_, at, sights)| (&self.identity.site, at, sights));
        let fresh = self.findings.heard.iter().filter(|(_, (said, _, _))| now.since(*said) < FORGOTTEN);
        let others = fresh.map(|(site, (_, at, sights))| (site, *at, sights.clone()));
        let mut lines: Vec<(Vec<&SiteId>, Stamp, Sight)> = Vec::new();
        for (site, at, sights) in here.into_iter().chain(others) {
            for sight in sights {
                match lines.iter_mut().find(|(_, _, known)| *known == sight) {
                    Some((sites, seen, _)) => {
                        sites.push(site);
                        *seen = at.max(*seen);
                    }
                    None => lines.push((vec![site], at, sight)),
                }
            }
        }
        lines.into_iter().map(|(sites, at, sight)| line(&sites, at, &sight)).collect()
    }
}

/// `london, office: fault: carrier magrathea: the login was refused, seen 04:10:00; mend the secret`.
fn line(sites: &[&SiteId], at: Stamp, sight: &Sight) -> String {
    let sites: Vec<&str> = sites.iter().map(|site| site.as_str()).collect();
    let hint = sight.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
    let Sight { kind, thing, is, says, .. } = sight;
    format!("{}: {is}: {kind} {thing}: {says}, seen {at}{hint}", sites.join(", "))
}
