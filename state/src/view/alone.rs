//! The merge of claims alone: it writes nothing at the carrier, names whose value is shown, and asks a person.

use super::{Refusal, View};
use crate::alone::{AloneClaim, Told};
use crate::fact::{Entry, Fact};
use crate::handover::Hindrance;
use crate::ids::{Index, RouteId};
use crate::route::Latch;
use crate::run::Run;

impl View {
    /// A person's deed without an agreement becomes known: the route is theirs until one resumes it, and whoever
    /// else moved it meanwhile is listed.
    pub(super) fn claimed_alone(&mut self, index: Index, entry: &Entry) -> Result<(), Refusal> {
        let Fact::ClaimedAlone { route, claim, pointings } = &entry.fact else { return Ok(()) };
        if entry.origin.site != claim.at || self.alone.get(&claim.at).is_some_and(|n| *n >= claim.n) {
            return Err(Refusal::Repeated);
        }
        self.alone.insert(claim.at.clone(), claim.n);
        let mut all: Vec<String> = vec![claim.to_string()];
        all.extend(self.routes.get(route).iter().flat_map(|r| &r.alone).map(|told| told.claim.to_string()));
        all.extend(self.met(route, claim));
        let because = if all.len() == 1 {
            all.remove(0)
        } else {
            format!("{}; say which of them stands", all.join("; and "))
        };
        self.leave_to_people(index, route, &claim.who);
        let values = pointings.iter().map(|p| (p.number.clone(), p.to.clone())).collect();
        let state = self.routes.entry(route.clone()).or_default();
        state.alone.push(Told { claim: claim.clone(), values });
        let hindrance = Hindrance::ClaimedAlone;
        state.latch = Some(Latch { since: entry.stamp, because: because.clone(), hindrance });
        self.notice(format!("{route}: {because}"));
        Ok(())
    }

    /// The runs of the route that the person could not know of, and those that were under way meanwhile.
    fn met(&self, route: &RouteId, claim: &AloneClaim) -> Vec<String> {
        let theirs = self.runs.values().filter(|run| run.plan.route == *route);
        let unknown =
            |run: &&Run| run.id.0 > claim.basis.0 || run.end.as_ref().is_none_or(|end| end.at >= claim.done);
        let late = theirs.filter(unknown);
        late.map(|run| format!("{} went to {} meanwhile", run.id, run.plan.to)).collect()
    }
}
