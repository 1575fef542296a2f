//! Orders to bring about what is no number: look, do, look again, and say exactly what is known of it.

use super::exec::Exec;
use super::outcome::{ordered, untried};
use super::reins::Reins;
use super::switch::Thrower;
use crate::clock::mono;
use crate::event::{Event, Order};
use crate::node::Stands;
use crate::probes::means::Means;
use state::fact::{Closure, Was};
use state::plan::Ensure;
use state::{Index, Mono, Nonce};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::AbortHandle;

/// What came of an attempt, as far as this process can tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// Whether it is as wanted.
    pub was: Was,
    /// Whether something of it may still take effect.
    pub closure: Closure,
    /// In words; nothing where all is as it should be.
    pub why: String,
}

impl Tried {
    /// Nothing was begun, and so nothing is under way.
    pub fn nothing(why: impl Into<String>) -> Self {
        Self { was: Was::Wrong, closure: Closure::Closed, why: why.into() }
    }
}

/// The hand that holds a tool: until when it may begin, until when it may go on, and whether it is held back.
#[derive(Clone, Debug)]
pub struct Hand {
    /// The word to stop.
    pub reins: Arc<Reins>,
    /// The attempt.
    pub fence: Index,
    /// Nothing is begun after this.
    pub begin_by: Mono,
    /// After this nothing of it lives.
    pub close_by: Mono,
}

impl Hand {
    /// Why nothing may be begun any more, if so; asked right before it.
    pub fn held_back(&self) -> Option<&'static str> {
        if self.reins.are_let_go() {
            Some("the agent stops")
        } else if self.reins.fences.is_revoked(self.fence) {
            Some("a new leader revoked it")
        } else if mono() > self.begin_by {
            Some("looking took so long that its time to begin was over")
        } else {
            None
        }
    }
}

/// Says whether this site has what it takes.
pub fn equip(reins: &Reins, means: &Means, (nonce, ensure): (Nonce, &Ensure)) {
    reins.tell(match tool(means, ensure) {
        Ok(_) => Event::Prepared { nonce },
        Err(why) => Event::Unprepared { nonce, why },
    });
}

/// Begins an order; what comes of it comes as an event, soon after `close_by` at the latest.
pub fn start(reins: &Arc<Reins>, means: &Means, order: Order) -> Option<AbortHandle> {
    let tool = match tool(means, &order.ensure) {
        Ok(tool) => tool,
        Err(why) => {
            reins.tell(Event::Executed { fence: order.fence, report: untried(&order, &why) });
            return None;
        }
    };
    let Order { fence, begin_by, close_by, .. } = order;
    let hand = Hand { reins: Arc::clone(reins), fence, begin_by, close_by };
    let task = reins.runtime().spawn(async move {
        let Tried { was, closure, why } = tool.bring_about(&hand).await;
        tracing::debug!(fence = fence.0, ?was, ?closure, "an order ended: {why}");
        let report = ordered(&order, (was, closure), why);
        hand.reins.tell(Event::Executed { fence, report });
    });
    Some(task.abort_handle())
}

/// Sees how an end state stands; that comes as an event.
pub fn see(
    reins: &Arc<Reins>,
    means: &Means,
    (id, ensure): (u64, &Ensure),
    within: Duration,
) -> Option<AbortHandle> {
    let tool = match tool(means, ensure) {
        Ok(tool) => tool,
        Err(why) => {
            reins.tell(Event::Seen { id, found: Err(why) });
            return None;
        }
    };
    let teller = Arc::clone(reins);
    let task = reins.runtime().spawn(async move {
        let found = tool.stands(mono() + within).await;
        teller.tell(Event::Seen { id, found });
    });
    Some(task.abort_handle())
}

/// What brings an end state about at this site.
enum Tool {
    Exec(Exec),
    Switch(Box<Thrower>),
}

impl Tool {
    async fn bring_about(&self, hand: &Hand) -> Tried {
        match self {
            Self::Exec(exec) => exec.bring_about(hand).await,
            Self::Switch(thrower) => thrower.bring_about(hand).await,
        }
    }

    async fn stands(&self, by: Mono) -> Stands {
        match self {
            Self::Exec(exec) => exec.stands(by).await,
            Self::Switch(thrower) => thrower.stands(by).await,
        }
    }
}

fn tool(means: &Means, ensure: &Ensure) -> Result<Tool, String> {
    match ensure {
        Ensure::Exec { command, check } => Exec::new(means, (command, check)).map(Tool::Exec),
        Ensure::Http(switch) => Thrower::new(means, switch).map(|thrower| Tool::Switch(Box::new(thrower))),
        Ensure::RoutePointsAt { .. }
        | Ensure::BehindPrepared { .. }
        | Ensure::Notify { .. }
        | Ensure::Waited { .. }
        | Ensure::SiteReady { .. } => Err("this is done in another way".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc;

    /// A process that stood still while it looked has its answer, and its time to begin is over all the same.
    #[tokio::test]
    async fn nothing_is_begun_late_revoked_or_by_hands_that_let_go() {
        let reins = Arc::new(Reins::new(mpsc::channel(1).0, tokio::runtime::Handle::current()));
        let minute = Duration::from_secs(60);
        let hand = |begin_by, fence| Hand {
            reins: Arc::clone(&reins),
            fence: Index(fence),
            begin_by,
            close_by: mono() + minute,
        };
        reins.fences.revoke(Index(8));
        assert_eq!(hand(mono() + minute, 7).held_back(), None);
        let late = hand(Mono::default(), 7).held_back();
        assert_eq!(late, Some("looking took so long that its time to begin was over"));
        assert_eq!(hand(mono() + minute, 8).held_back(), Some("a new leader revoked it"));
        reins.let_go();
        assert_eq!(hand(mono() + minute, 7).held_back(), Some("the agent stops"));
    }
}
