//! Guard: only so many automatic switches in a window of cluster time.

use super::{Answer, bar, pass};
use crate::decide::Grounds;
use crate::reason::Guarding;

/// Asks how many were opened in the window that ends now.
pub(super) fn ask(on: &Grounds<'_>) -> Answer {
    let (budget, now) = (on.budget, on.case.now);
    let used = on.state.switches_within(budget.window, now);
    let of = budget.switches;
    if used < of {
        return pass(Guarding::BudgetLeft { used, of });
    }
    // The route may move again once so many have left the window that fewer than `of` remain in it.
    let counted: Vec<_> = on.state.switches.iter().filter(|at| now.since(**at) < budget.window).collect();
    let until = counted.get(used - of).map(|at| **at + budget.window);
    bar(Guarding::BudgetSpent { used, of, window: budget.window }, until)
}
