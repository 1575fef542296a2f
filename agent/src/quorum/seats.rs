//! Who sits where: the Raft ids of every site, who has a vote, and who campaigns first.

use super::wire::ConfState;
use serde::{Deserialize, Serialize};
use state::SiteId;
use state::fact::Seated;
use std::collections::BTreeSet;
use std::fmt;
use thiserror::Error;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Each id is one vote.
    Voter,
    /// Receives everything, decides nothing: a site with 0 votes.
    Learner,
}

/// One site's place in the group: one id, or two for the twins of a witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Whose seat it is.
    pub site: SiteId,
    /// One or two ids.
    pub ids: Vec<RaftId>,
    /// Whether they vote.
    pub standing: Standing,
}

/// All seats, checked, with the order in which voters campaign.
#[derive(Clone, Debug)]
pub struct Seats {
    seats: Vec<Seat>,
    rank: Vec<RaftId>,
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
        let seats = Self { seats, rank };
        let ranked: BTreeSet<_> = seats.rank.iter().copied().collect();
        let voters: BTreeSet<_> = seats.conf().voters.into_iter().collect();
        if voters.is_empty() || ranked != voters || ranked.len() != seats.rank.len() {
            return Err(SeatsError::Rank);
        }
        Ok(seats)
    }

    /// Every seat.
    pub fn iter(&self) -> impl Iterator<Item = &Seat> {
        self.seats.iter()
    }

    /// The seat of a site.
    pub fn of(&self, site: &SiteId) -> Result<&Seat, SeatsError> {
        self.seats.iter().find(|seat| seat.site == *site).ok_or_else(|| SeatsError::NoSeat(site.clone()))
    }

    /// The ids of a site; none if it has no seat.
    pub fn ids(&self, site: &SiteId) -> Vec<RaftId> {
        self.of(site).map(|seat| seat.ids.clone()).unwrap_or_default()
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

    /// Whose id it is.
    pub fn site(&self, id: RaftId) -> Option<&SiteId> {
        self.seats.iter().find(|seat| seat.ids.contains(&id)).map(|seat| &seat.site)
    }

    /// Where a voter stands in the order of campaigns, 0 first; none for a learner.
    pub fn rank(&self, id: RaftId) -> Option<usize> {
        self.rank.iter().position(|&ranked| ranked == id)
    }

    /// The same as a fact tells it.
    pub fn seated(&self) -> Vec<Seated> {
        let seated = |seat: &Seat| {
            let ids: Vec<u64> = seat.ids.iter().map(|id| id.0).collect();
            let (voters, learners) = match seat.standing {
                Standing::Voter => (ids, Vec::new()),
                Standing::Learner => (Vec::new(), ids),
            };
            Seated { site: seat.site.clone(), voters, learners }
        };
        self.seats.iter().map(seated).collect()
    }

    /// The same as Raft's own list of members, in ascending order.
    pub fn conf(&self) -> ConfState {
        let of = |standing| {
            let seats = self.seats.iter().filter(move |seat| seat.standing == standing);
            let mut ids: Vec<_> = seats.flat_map(|seat| seat.ids.iter().copied()).collect();
            ids.sort();
            ids
        };
        ConfState { voters: of(Standing::Voter), learners: of(Standing::Learner) }
    }
}
