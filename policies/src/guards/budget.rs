//! Guard: only so many automatic switches in a window of cluster time.

use super::{Answer, bar, pass};
use crate::decide::Matter;
use crate::reason::Guarding;

/// Asks how many were opened in the window that ends now.
pub(super) fn ask(matter: &Matter<'_>) -> Answer {
    let (budget, now) = (matter.rule.budget, matter.case.now);
    let used = matter.state.switches_within(budget.window, now);
    let of = budget.switches;
    if used < of {
        return pass(Guarding::BudgetLeft { used, of });
    }
    // The route may move again once so many have left the window that fewer than `of` remain in it.
    let counted: Vec<_> = matter.state.switches.iter().filter(|at| now.since(**at) < budget.window).collect();
    let until = counted.get(used - of).map(|at| **at + budget.window);
    bar(Guarding::BudgetSpent { used, of, window: budget.window }, until)
}
