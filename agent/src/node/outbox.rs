//! What this site wants agreed, repeated until it is; numbered, so that it counts once.

use crate::event::{Identity, Reign, Standing};
use state::fact::{Fact, Origin};
use state::{Mono, Term, View};
use std::time::Duration;

/// How long a follower waits before it says a proposal to the leader again.
const AGAIN: Duration = Duration::from_millis(500);

/// How many orders of persons may be pending. Ballots, reports and what a leader wants are few by nature, and a
/// report that found no room would be lost for good.
const ORDERS: usize = 32;

/// The proposals of this site that are not agreed yet, the oldest first.
#[derive(Debug)]
pub struct Outbox {
    identity: Identity,
    next: u64,
    pending: Vec<Pending>,
}

/// One of them.
#[derive(Debug)]
struct Pending {
    origin: Origin,
    fact: Fact,
    bond: Bond,
    said: Option<(Mono, Term)>,
}

/// How long a proposal is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bond {
    /// Until it is agreed, whoever leads.
    Own,
    /// The same, and a person waits for it.
    Order,
    /// While this site leads in this term: only the leader decides.
    Reign(Term),
}

impl Outbox {
    /// Nothing pending, in a new life.
    pub fn new(identity: Identity) -> Self {
        Self { identity, next: 0, pending: Vec::new() }
    }

    /// Adds what a person ordered; `None` if too many orders are pending already.
    pub fn order(&mut self, fact: Fact) -> Option<Origin> {
        let orders = self.pending.iter().filter(|pending| pending.bond == Bond::Order).count();
        (orders < ORDERS).then(|| self.add(fact, Bond::Order))
    }

    /// Adds a proposal.
    pub fn add(&mut self, fact: Fact, bond: Bond) -> Origin {
        let origin = self.number();
        self.pending.push(Pending { origin: origin.clone(), fact, bond, said: None });
        origin
    }

    /// The name of one more proposal.
    pub fn number(&mut self) -> Origin {
        let origin = Origin { site: self.identity.site.clone(), starts: self.identity.starts, n: self.next };
        self.next += 1;
        origin
    }

    /// Forgets a proposal: it was agreed, refused, or nobody waits for it any more.
    pub fn settle(&mut self, origin: &Origin) {
        self.pending.retain(|pending| pending.origin != *origin);
    }

    /// What is pending under a name.
    pub fn named(&self, origin: &Origin) -> Option<&Fact> {
        self.pending.iter().find(|pending| pending.origin == *origin).map(|pending| &pending.fact)
    }

    /// Forgets every proposal that was folded already.
    pub fn settle_taken(&mut self, view: &View) {
        self.pending.retain(|pending| !view.taken(&pending.origin));
    }

    /// Forgets every proposal of a kind: a newer one overtakes it.
    pub fn drop_kind(&mut self, kind: impl Fn(&Fact) -> bool) {
        self.pending.retain(|pending| !kind(&pending.fact));
    }

    /// Whether nothing is pending.
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Whether a pending proposal is of this kind.
    pub fn any(&self, kind: impl Fn(&Fact) -> bool) -> Answered {
        if self.pending.iter().any(|pending| kind(&pending.fact)) { Answered::Pending } else { Answered::No }
    }

    /// Drops what was meant for a reign that is over.
    pub fn standing(&mut self, standing: &Standing) {
        let term = (standing.reign != Reign::Following).then_some(standing.term);
        self.pending.retain(|pending| match pending.bond {
            Bond::Own | Bond::Order => true,
            Bond::Reign(of) => Some(of) == term,
        });
    }

    /// What is to be said now. What stands in a leader's own log needs no repeating; everything else may have
    /// been dropped, by a link or by a quorum that was busy.
    pub fn due(
        &mut self,
        standing: &Standing,
        now: Mono,
        held: impl Fn(&Origin) -> bool,
    ) -> Vec<(Origin, Fact)> {
        let mut due = Vec::new();
        for pending in &mut self.pending {
            let again = pending.said.is_none_or(|(at, term)| term != standing.term || now.since(at) >= AGAIN);
            let safe = standing.reign != Reign::Following && held(&pending.origin);
            if again && !safe {
                pending.said = Some((now, standing.term));
                due.push((pending.origin.clone(), pending.fact.clone()));
            }
        }
        due
    }
}

/// Whether a proposal of some kind is still pending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// One is.
    Pending,
    /// None is.
    No,
}
