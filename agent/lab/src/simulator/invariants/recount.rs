//! What automation may rest on, counted once more and differently: the ballots as they stand in the journal.

use super::{Checked, Invariants, broken};
use policies::judge::SiteVotes;
use policies::limits::DAMPING;
use state::fact::{Fact, Says};
use state::plan::Plan;
use state::run::{Cause, Word};
use state::{Index, RunId, SiteId, Stamp, Subject};

/// The departures that still stand in the way of a return.
#[derive(Debug, Default)]
pub(super) struct Departures {
    /// Automatic runs that are not over: which site they leave, and since when.
    under_way: Vec<(RunId, SiteId, Stamp)>,
    /// The sites that were left.
    left: Vec<(SiteId, Stamp)>,
}

impl Departures {
    /// Follows what was accepted.
    pub(super) fn see(&mut self, index: Index, (fact, now): (&Fact, Stamp)) {
        if let Fact::RunOpened { plan, cause: Cause::Automatic { .. }, .. } = fact {
            self.under_way.extend(plan.from.clone().map(|from| (RunId(index.0), from, now)));
        } else if let Fact::RunEnded { run, word, .. } = fact {
            let over = self.under_way.extract_if(.., |(of, _, _)| of == run);
            self.left.extend(over.filter(|_| *word == Word::Done).map(|(_, from, at)| (from, at)));
        } else if let Fact::Resumed { .. } = fact {
            self.left.clear();
        }
    }
}

impl Invariants {
    /// 5 and 6: a switch that automation opens leaves a site that is down, and does not go back to one left just now.
    pub(super) fn well_founded(&self, index: Index, (fact, now): (&Fact, Stamp)) -> Checked {
        let Fact::RunOpened { basis, plan, cause: Cause::Automatic { .. }, .. } = fact else { return Ok(()) };
        let lately = |(site, at): &(SiteId, Stamp)| *site == plan.to && now.since(*at) < DAMPING;
        let last_resort =
            self.judge.routes.get(&plan.route).is_some_and(|r| r.last_resort.contains(&plan.to));
        if self.departures.left.iter().any(lately) && !last_resort {
            let what = format!("{index} goes back to {}, which was left just now", plan.to);
            return broken(6, "no move back at once", what);
        }
        // Ballots that were agreed after the decision were not known to it.
        if self.moved > *basis { Ok(()) } else { self.counted(index, plan, now) }
    }

    fn counted(&self, index: Index, plan: &Plan, now: Stamp) -> Checked {
        let rule = self.judge.routes.get(&plan.route);
        let leaves =
            |from: &&SiteId| !from.is_refuge() && rule.is_some_and(|r| !r.last_resort.contains(*from));
        let Some(from) = plan.from.as_ref().filter(leaves) else { return Ok(()) };
        let (subject, inbound) = (Subject::pbx(from), Subject::inbound(from));
        let blip = self.judge.blip_of(&subject);
        let all: u32 = self.judge.sites.iter().map(|voter| u32::from(voter.votes)).sum();
        let (mut sites, mut votes, mut up) = (0, 0, 0);
        let heard = |voter: &&SiteVotes| voter.votes > 0 && !self.view.silent.contains_key(&voter.site);
        for voter in self.judge.sites.iter().filter(heard) {
            let Some(cast) = self.view.ballots.get(&voter.site) else { continue };
            // That no call reaches a site is its own word, and enough.
            if voter.site == *from && matches!(cast.set.get(&inbound), Some(Says::Down { .. })) {
                return Ok(());
            }
            match cast.set.get(&subject) {
                Some(Says::Down { dark }) if *dark + now.since(cast.at) >= blip => {
                    (sites, votes) = (sites + 1, votes + u32::from(voter.votes));
                }
                Some(Says::Up) => up += 1,
                Some(Says::Down { .. }) | None => {}
            }
        }
        if sites < 2 || votes * 2 <= all || up >= 2 {
            let what = format!(
                "{index} leaves {from}: {sites} sites with {votes} of {all} votes say so, {up} say up"
            );
            return broken(5, "no switch without a verdict", what);
        }
        Ok(())
    }
}
