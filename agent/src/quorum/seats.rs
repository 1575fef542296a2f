//! Who sits where: the Raft ids of every site, who has a vote, and who campaigns first.

use super::wire::ConfState;
use serde::{Deserialize, Serialize};
use state::fact::Seated;
use state::{Index, SiteId};
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use thiserror::Error;

/// Windows behind the last one of the birth: two votes that share one only campaign at the same time more often.
const LATECOMERS: u64 = 4;

/// One voter or learner of the Raft group. Never zero, never used twice in the life of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RaftId(pub u64);

impl fmt::Display for RaftId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "voter {}", self.0)
    }
}

/// Whether a seat's ids count in elections and majorities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// Each id is one vote.
    Voter,
    /// Receives everything, decides nothing: a site with 0 votes.
    Learner,
}

/// One site's place in the group: one id, or two for the twins of a witness.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// Whose seat it is.
    pub site: SiteId,
    /// One or two ids.
    pub ids: Vec<RaftId>,
    /// Whether they vote.
    pub standing: Standing,
}

/// All seats, checked, with the order in which voters campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seats {
    seats: Vec<Seat>,
    rank: Vec<RaftId>,
    /// The same as Raft holds it; while a change is under way it has both halves.
    conf: ConfState,
    /// Who sat where before the change that is under way.
    before: Vec<Seat>,
    /// The entry of the last change; 0 at birth.
    at: Index,
    /// The greatest id that ever sat here.
    greatest: RaftId,
}

/// Who sits where, as a fact tells it. It is compared at every turn, and hardly ever another: a copy is a count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seating(Arc<Vec<Seated>>);

impl Deref for Seating {
    type Target = Vec<Seated>;

    fn deref(&self) -> &Vec<Seated> {
        &self.0
    }
}

impl<'a> IntoIterator for &'a Seating {
    type Item = &'a Seated;
    type IntoIter = std::slice::Iter<'a, Seated>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl PartialEq<Seating> for Vec<Seated> {
    fn eq(&self, other: &Seating) -> bool {
        *self == *other.0
    }
}

/// Who sits where, and who sat there before a change that is under way.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Now.
    pub seated: Seating,
    /// Before; nobody while no change is under way.
    pub before: Seating,
}

/// Why seats make no group.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SeatsError {
    /// A site that has two seats.
    #[error("cannot seat the sites: {0} has two seats")]
    SiteTwice(SiteId),
    /// An id that has two owners, or is zero.
    #[error("cannot seat {site}: {id} is taken or zero")]
    Id {
        /// The second owner.
        site: SiteId,
        /// What it wanted.
        id: RaftId,
    },
    /// None or too many.
    #[error("cannot seat {site} with {votes} ids: a voter has one or two, a learner one")]
    Votes {
        /// Whose seat.
        site: SiteId,
        /// How many ids it has.
        votes: usize,
    },
    /// The rank is not a list of all voters.
    #[error("cannot rank the voters: every voter must stand in the rank once, and nobody else")]
    Rank,
    /// A site that is not seated.
    #[error("{0} has no seat")]
    NoSeat(SiteId),
}

impl Seats {
    /// Checks the seats: unique sites and ids, one or two ids each, and a rank over exactly the voters.
    pub fn new(seats: Vec<Seat>, rank: Vec<RaftId>) -> Result<Self, SeatsError> {
        let mut ids = BTreeSet::new();
        let mut sites = BTreeSet::new();
        for seat in &seats {
            let most = match seat.standing {
                Standing::Voter => 2,
                Standing::Learner => 1,
            };
            if !(1..=most).contains(&seat.ids.len()) {
                return Err(SeatsError::Votes { site: seat.site.clone(), votes: seat.ids.len() });
            }
            if !sites.insert(&seat.site) {
                return Err(SeatsError::SiteTwice(seat.site.clone()));
            }
            for &id in &seat.ids {
                if id.0 == 0 || id.0 > super::wire::LARGEST || !ids.insert(id) {
                    return Err(SeatsError::Id { site: seat.site.clone(), id });
                }
            }
        }
        let conf = conf(&seats);
        let ranked: BTreeSet<_> = rank.iter().copied().collect();
        let voters: BTreeSet<_> = conf.voters.iter().copied().collect();
        if voters.is_empty() || ranked != voters || ranked.len() != rank.len() {
            return Err(SeatsError::Rank);
        }
        let greatest = ids.last().copied().unwrap_or(RaftId(0));
        Ok(Self { seats, rank, conf, before: Vec::new(), at: Index(0), greatest })
    }

    /// What an earlier version kept of a snapshot's members: who votes, but not who they are.
    pub fn nameless(voters: Vec<RaftId>, learners: Vec<RaftId>) -> Self {
        let conf = ConfState { voters, learners, ..ConfState::default() };
        let (seats, rank, before) = (Vec::new(), Vec::new(), Vec::new());
        Self { seats, rank, conf, before, at: Index(0), greatest: RaftId(0) }
    }

    /// Gives these seats the names of others, if they are the same seats.
    pub(super) fn named_by(self, named: &Self) -> Option<Self> {
        if !self.seats.is_empty() {
            return Some(self);
        }
        (self.conf == named.conf).then(|| named.clone())
    }

    pub(super) fn changed(
        &self,
        (seats, before): (Vec<Seat>, Vec<Seat>),
        conf: ConfState,
        at: Index,
    ) -> Self {
        let ids = seats.iter().flat_map(|seat| seat.ids.iter().copied());
        let greatest = ids.fold(self.greatest, RaftId::max);
        Self { seats, rank: self.rank.clone(), conf, before, at, greatest }
    }

    /// Whether nothing in it contradicts itself, as raft-rs takes for granted.
    pub(super) fn is_sane(&self) -> bool {
        let ConfState { voters, learners, voters_before, learners_next } = &self.conf;
        let sorted = |ids: &[RaftId]| ids.windows(2).all(|pair| pair[0] < pair[1]);
        let known = |id: &RaftId| self.site(*id).is_some() && id.0 > 0 && *id <= self.greatest;
        let lists = [voters, learners, voters_before, learners_next];
        let votes = |id: &RaftId| voters.contains(id) || voters_before.contains(id);
        !voters.is_empty()
            && self.greatest.0 <= super::wire::LARGEST
            && lists.iter().all(|ids| sorted(ids) && ids.len() <= 64 && ids.iter().all(known))
            && !learners.iter().any(votes)
            && learners_next.iter().all(|id| voters_before.contains(id) && !voters.contains(id))
    }

    /// The entry of the last change; 0 at birth.
    pub fn at(&self) -> Index {
        self.at
    }

    /// The greatest id that ever sat here: whoever comes next has a greater one.
    pub fn greatest(&self) -> RaftId {
        self.greatest
    }

    /// Who sat where before the change that is under way; nobody while none is.
    pub fn seated_before(&self) -> Vec<Seated> {
        let voters = |seat: &Seat| {
            let ids = seat.ids.iter().filter(|id| self.conf.voters_before.contains(id));
            Seated { site: seat.site.clone(), voters: ids.map(|id| id.0).collect(), learners: Vec::new() }
        };
        merged(self.before.iter().map(voters))
    }

    /// Whether an id is a member, in whatever way.
    pub(super) fn has(&self, id: RaftId) -> bool {
        let learns = self.conf.learners.contains(&id) || self.conf.learners_next.contains(&id);
        self.votes(id) || learns
    }

    /// Whether an id has a vote, in either half of a change.
    pub(super) fn votes(&self, id: RaftId) -> bool {
        self.conf.voters.contains(&id) || self.conf.voters_before.contains(&id)
    }

    /// Every seat.
    pub fn iter(&self) -> impl Iterator<Item = &Seat> {
        self.seats.iter()
    }

    /// The seat of a site.
    pub fn of(&self, site: &SiteId) -> Result<&Seat, SeatsError> {
        self.seats.iter().find(|seat| seat.site == *site).ok_or_else(|| SeatsError::NoSeat(site.clone()))
    }

    /// The ids of a site, those first that vote; none if it has no seat.
    pub fn ids(&self, site: &SiteId) -> Vec<RaftId> {
        let theirs = self.seats.iter().filter(|seat| seat.site == *site);
        theirs.flat_map(|seat| seat.ids.iter().copied()).collect()
    }

    /// Whether these sites have more than half of all votes.
    pub fn is_majority(&self, sites: &[SiteId]) -> bool {
        let voters = self.seats.iter().filter(|seat| seat.standing == Standing::Voter);
        let (mut all, mut theirs) = (0, 0);
        for seat in voters {
            all += seat.ids.len();
            theirs += if sites.contains(&seat.site) { seat.ids.len() } else { 0 };
        }
        theirs * 2 > all
    }

    /// Whether these sites have more than half of the votes of all but one site; while a change is under way, in
    /// both halves.
    pub fn is_majority_beside(&self, one: &SiteId, sites: &[&SiteId]) -> bool {
        let halves = [&self.conf.voters, &self.conf.voters_before];
        halves.into_iter().filter(|half| !half.is_empty()).all(|half| {
            let others = half.iter().filter_map(|id| self.site(*id)).filter(|site| *site != one);
            let theirs = others.clone().filter(|site| sites.contains(site)).count();
            theirs * 2 > others.count()
        })
    }

    /// Whose id it is.
    pub fn site(&self, id: RaftId) -> Option<&SiteId> {
        let all = self.seats.iter().chain(&self.before);
        all.into_iter().find(|seat| seat.ids.contains(&id)).map(|seat| &seat.site)
    }

    /// Where a voter stands in the order of campaigns, 0 first; none for a learner.
    pub fn rank(&self, id: RaftId) -> Option<usize> {
        self.rank.iter().position(|&ranked| ranked == id)
    }

    /// Where a vote stands that nobody had at birth: behind all that were there, in a window that few share.
    pub fn last_rank(&self, id: RaftId) -> usize {
        self.conf.voters.len() + usize::try_from(id.0 % LATECOMERS).unwrap_or_default()
    }

    /// The same as a fact tells it.
    pub fn seated(&self) -> Vec<Seated> {
        Self::seated_as(&self.seats)
    }

    /// The same, with who sat where before.
    pub(super) fn told(&self) -> Told {
        Told { seated: Seating(Arc::new(self.seated())), before: Seating(Arc::new(self.seated_before())) }
    }

    /// Seats as a fact tells them.
    pub fn seated_as(seats: &[Seat]) -> Vec<Seated> {
        let seated = |seat: &Seat| {
            let ids: Vec<u64> = seat.ids.iter().map(|id| id.0).collect();
            let (voters, learners) = match seat.standing {
                Standing::Voter => (ids, Vec::new()),
                Standing::Learner => (Vec::new(), ids),
            };
            Seated { site: seat.site.clone(), voters, learners }
        };
        merged(seats.iter().map(seated))
    }

    /// The same as Raft's own list of members, in ascending order.
    pub fn conf(&self) -> ConfState {
        self.conf.clone()
    }
}

fn conf(seats: &[Seat]) -> ConfState {
    let of = |standing| {
        let seats = seats.iter().filter(move |seat| seat.standing == standing);
        let mut ids: Vec<_> = seats.flat_map(|seat| seat.ids.iter().copied()).collect();
        ids.sort();
        ids
    };
    ConfState { voters: of(Standing::Voter), learners: of(Standing::Learner), ..ConfState::default() }
}

/// A site that is coming back has its old seat and its new one.
fn merged(seated: impl Iterator<Item = Seated>) -> Vec<Seated> {
    let mut all: Vec<Seated> = Vec::new();
    for seat in seated {
        match all.iter_mut().find(|known| known.site == seat.site) {
            Some(known) => {
                known.voters.extend(seat.voters);
                known.learners.extend(seat.learners);
            }
            None => all.push(seat),
        }
    }
    all
}
