//! Who votes, as an onlooker reads it from the journal alone, and whether enough of them hold what is agreed.

use super::{Checked, Invariants, broken};
use state::fact::{Fact, Seated};
use state::{Index, SiteId};
use std::collections::{BTreeMap, BTreeSet};

/// The votes of each site.
type Votes = BTreeMap<SiteId, BTreeSet<u64>>;

/// Whose majorities are needed.
#[derive(Clone, Debug, Default)]
struct Halves {
    now: Votes,
    /// While a change is under way, theirs as well.
    before: Option<Votes>,
}

impl Halves {
    fn carried(&self, by: &BTreeSet<u64>) -> bool {
        let majority = |half: &Votes| {
            let all: BTreeSet<u64> = half.values().flatten().copied().collect();
            all.intersection(by).count() * 2 > all.len()
        };
        majority(&self.now) && self.before.as_ref().is_none_or(majority)
    }
}

/// How often sites and votes have changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reseated {
    /// Changes after which some site had another number of votes.
    pub changes: u64,
    /// Sites that nobody had ever counted before.
    pub came: u64,
    /// Sites whose votes were all taken.
    pub left: u64,
    /// Sites that had left.
    pub returned: u64,
}

/// Who votes.
#[derive(Debug, Default)]
pub(super) struct Seats {
    halves: Halves,
    /// Whoever takes a change up in the middle of a turn may have counted the rest of it without that change.
    until: Option<Halves>,
    /// The sites that ever had a vote.
    ever: BTreeSet<SiteId>,
    /// A change was begun, and nobody has asked for it yet.
    begun: bool,
    /// The votes that the policy in force has for each site.
    pub wished: BTreeMap<SiteId, u8>,
    pub reseated: Reseated,
}

fn votes(seated: &[Seated]) -> Votes {
    let voting = seated.iter().filter(|seat| !seat.voters.is_empty());
    voting.map(|seat| (seat.site.clone(), seat.voters.iter().copied().collect())).collect()
}

impl Seats {
    /// Those of the birth.
    pub fn of(seated: &[Seated], wished: BTreeMap<SiteId, u8>) -> Self {
        let now = votes(seated);
        let ever = now.keys().cloned().collect();
        Self { halves: Halves { now, before: None }, ever, wished, ..Self::default() }
    }

    /// Follows what was agreed.
    pub fn see(&mut self, fact: &Fact) {
        let (seated, before) = if let Fact::VotesChanging { seated } = fact {
            (seated, Some(self.halves.now.clone()))
        } else if let Fact::VotesChanged { seated } = fact {
            (seated, None)
        } else {
            return;
        };
        let now = votes(seated);
        // One more that only listens: nobody's majority is another.
        if before.as_ref() == Some(&now) {
            return;
        }
        self.begun |= before.is_some();
        let next = Halves { now, before };
        let had = std::mem::replace(&mut self.halves, next);
        self.count(&had);
        self.until = Some(had);
    }

    fn count(&mut self, had: &Halves) {
        let Some(before) = had.before.as_ref().filter(|_| self.halves.before.is_none()) else { return };
        let many = |votes: &Votes| votes.iter().map(|(site, ids)| (site.clone(), ids.len())).collect();
        let (were, are): (BTreeMap<_, _>, BTreeMap<_, _>) = (many(before), many(&self.halves.now));
        self.reseated.changes += u64::from(were != are);
        self.reseated.left += were.keys().filter(|site| !are.contains_key(*site)).count() as u64;
        for site in are.into_keys().filter(|site| !were.contains_key(site)) {
            let news = self.ever.insert(site);
            self.reseated.came += u64::from(news);
            self.reseated.returned += u64::from(!news);
        }
    }

    /// The votes of a site that count: while two majorities do, those from before.
    pub fn weight(&self, site: &SiteId) -> u8 {
        let votes = self.halves.before.as_ref().unwrap_or(&self.halves.now);
        votes.get(site).map_or(0, |ids| u8::try_from(ids.len()).unwrap_or(u8::MAX))
    }

    /// Who does not sit as the policy in force says; nothing once everybody does.
    fn astray(&self, revoked: &BTreeSet<SiteId>) -> Option<String> {
        let has = |site: &SiteId| self.halves.now.get(site).map_or(0, BTreeSet::len);
        let sites: BTreeSet<&SiteId> = self.wished.keys().chain(self.halves.now.keys()).collect();
        let wish = |site: &SiteId| match self.wished.get(site) {
            Some(votes) if !revoked.contains(site) => usize::from(*votes),
            Some(_) | None => 0,
        };
        let wrong = sites.into_iter().find(|site| has(site) != wish(site));
        let words = wrong.map(|site| format!("{site} has {} votes and shall have {}", has(site), wish(site)));
        words.or_else(|| self.halves.before.is_some().then(|| "two majorities are needed".to_owned()))
    }

    /// Whether these are the votes that count.
    pub fn are(&self, seated: &[Seated]) -> bool {
        self.halves.before.is_none() && votes(seated) == self.halves.now
    }
}

impl Invariants {
    /// 7: a majority of the votes that count holds what is agreed; while the votes change, one of each half.
    pub(super) fn held(&self, index: Index, by: &BTreeSet<u64>) -> Checked {
        let seats = &self.seats;
        if seats.halves.carried(by) || seats.until.as_ref().is_some_and(|until| until.carried(by)) {
            return Ok(());
        }
        let what = format!("{index} is agreed and stands in the logs of {by:?}, of {:?}", seats.halves);
        broken(7, "a majority holds what is agreed", what)
    }

    /// Whether those that vote beside these sites are a majority.
    pub fn majority_without(&self, lost: &[SiteId]) -> bool {
        let halves = &self.seats.halves;
        let left = halves.now.iter().filter(|(site, _)| !lost.contains(site));
        halves.before.is_none() && halves.carried(&left.flat_map(|(_, ids)| ids).copied().collect())
    }

    /// Another turn, which knows of every change that was agreed before it.
    pub fn another_turn(&mut self) {
        self.seats.until = None;
    }

    /// Whether two majorities have just begun to count.
    pub fn takes_begun(&mut self) -> bool {
        std::mem::take(&mut self.seats.begun)
    }

    /// How often sites and votes have changed.
    pub fn reseated(&self) -> Reseated {
        self.seats.reseated
    }

    /// Whether the policy in force has a site.
    pub fn has_site(&self, site: &SiteId) -> bool {
        self.seats.wished.contains_key(site)
    }

    /// The votes that the policy in force has for a site.
    pub fn wishes(&self, site: &SiteId) -> u8 {
        self.seats.wished.get(site).copied().unwrap_or_default()
    }

    /// Who does not sit as the policy in force says.
    pub fn sits_astray(&self) -> Option<String> {
        self.seats.astray(&self.bundles.revoked)
    }

    /// Whether a site knows who votes.
    pub fn knows_seats(&self, seated: &[Seated]) -> bool {
        self.seats.are(seated)
    }

    /// Verdicts are of the votes that count.
    pub(super) fn weigh(&mut self) {
        for site in &mut self.judge.sites {
            site.votes = self.seats.weight(&site.site);
        }
    }
}
