//! Claims alone in the town: what an agent wrote down before it acted, and that all sites come to know of it.

use super::carrier::{Flight, Mandate};
use super::invariants::{Checked, Violation, single_flight};
use super::town::Town;
use agent::event::Point;
use state::Index;
use state::alone::AloneEntry;
use state::plan::Pointing;

impl Town {
    /// By whose order a site acts: its own line says so, or all sites have agreed on it.
    pub(super) fn mandate(&mut self, site: usize, point: &Point) -> Mandate {
        let boot = self.boots[site];
        let agreed = self.sites[site].view().and_then(|view| view.attempts.get(&point.fence));
        if agreed.is_some_and(|attempt| attempt.boot == boot && attempt.nonce == point.nonce) {
            return Mandate::Agreed;
        }
        if self.begun_alone(site, point.fence).is_some() { Mandate::Alone } else { Mandate::Agreed }
    }

    /// What a site wrote down that it would do alone.
    fn begun_alone(&mut self, site: usize, of: Index) -> Option<Vec<Pointing>> {
        self.sites[site].disk().told_alone().into_iter().rev().find_map(|(_, entry)| match entry {
            AloneEntry::Started { fence, pointings, .. } if fence == of => Some(pointings),
            AloneEntry::Started { .. }
            | AloneEntry::Claimed { .. }
            | AloneEntry::Ended { .. }
            | AloneEntry::Read { .. }
            | AloneEntry::Merged { .. } => None,
        })
    }

    /// 1 and 2 for a claim alone: it stands on the disk of its site, and nothing else of that site is under way.
    pub(super) fn sent_alone(&mut self, flight: &Flight) -> Checked {
        self.rare.alone += 1;
        let said = |p: &Pointing| p.number == flight.number && p.to == flight.value;
        if !self.begun_alone(flight.site, flight.fence).is_some_and(|all| all.iter().any(said)) {
            let what = format!("{} wrote {} for nobody", self.sites[flight.site].id, flight.value);
            return Err(Violation { number: 1, name: "no write alone that is not on the disk", what });
        }
        single_flight(flight, &self.carrier)
    }

    /// 11: all sites know what was done alone.
    pub(super) fn all_told(&mut self) -> Checked {
        for site in self.members() {
            let lines = self.sites[site].disk().told_alone();
            let begun = |of: u64| {
                lines.iter().any(|(_, entry)| matches!(entry, AloneEntry::Started { n, .. } if *n == of))
            };
            let untold = lines.iter().find_map(|(_, entry)| match entry {
                AloneEntry::Claimed { claim, .. } if begun(claim.n) => {
                    (!self.invariants.was_told(claim)).then(|| claim.to_string())
                }
                AloneEntry::Claimed { .. }
                | AloneEntry::Started { .. }
                | AloneEntry::Ended { .. }
                | AloneEntry::Read { .. }
                | AloneEntry::Merged { .. } => None,
            });
            if let Some(what) = untold {
                return Err(Violation { number: 11, name: "what was done alone is known", what });
            }
        }
        Ok(())
    }
}
