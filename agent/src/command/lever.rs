//! How a lever stands: what is moved and is no route.

use policies::Verdict;
use serde::{Deserialize, Serialize};
use state::fact::Mode;
use state::route::Lever;
use state::{PlaybookId, RouteId, SiteId};

/// One lever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeverReport {
    /// Its name: what it watches.
    pub lever: RouteId,
    /// The verdict on that, dark for as long as the rule says.
    pub is: Verdict,
    /// Whether it is pulled.
    pub stands: Lever,
    /// What is played when that is down.
    pub play: PlaybookId,
    /// What is played when it is up again.
    pub until_up: Option<PlaybookId>,
    /// How many of the same service must hold elsewhere for it to be pulled.
    pub keep_up: usize,
    /// Where they would.
    pub holding: Vec<SiteId>,
    /// Automatic runs used of the budget.
    pub budget: (usize, usize),
    /// Who may act.
    pub mode: Mode,
    /// Until when, by whom and why it is held.
    pub hold: Option<String>,
}
