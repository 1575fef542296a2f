//! What a journal lacks after a snapshot is fetched from the peers, page by page, and believed for its chain alone.

use crate::store::JournalRow;
use serde::{Deserialize, Serialize};
use state::{Head, Index, Mono, SiteId, Term};
use std::time::Duration;

/// How long a peer may take to answer before another one is asked.
const PATIENCE: Duration = Duration::from_secs(5);

/// A part of the journal that a snapshot stands for: the last fact before it and the end of it, each with its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The last fact that is there, or the birth.
    pub after: (Index, Head),
    /// Where the snapshot was taken.
    pub upto: (Index, Head),
}

/// To a peer: the facts after an index, up to another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetch {
    /// The last fact that is known.
    pub after: Index,
    /// The last one that is wanted.
    pub upto: Index,
}

/// A peer's answer: the next facts after an index, as many as fit; `None` if it lacks them itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetched {
    /// After which.
    pub after: Index,
    /// Index, reign and bytes of each.
    pub facts: Option<Vec<(Index, Term, Vec<u8>)>>,
}

/// What is being fetched, and how far it has come.
#[derive(Debug, Default)]
pub struct Gaps {
    missing: Option<Missing>,
    rows: Vec<JournalRow>,
    asked: Option<(SiteId, Mono)>,
}

/// What an answer amounts to.
#[derive(Debug, PartialEq, Eq)]
pub enum Progress {
    /// It was no answer to what is asked now.
    Nothing,
    /// A page more: ask for the next.
    More(Fetch),
    /// All of it, and its chain fits.
    Whole(Missing, Vec<JournalRow>),
    /// What came is not what was agreed, or the peer has nothing: another one is asked.
    Useless(String),
}

impl Gaps {
    /// The journal lacks this, or nothing any more.
    pub fn lack(&mut self, missing: Option<Missing>) {
        *self = Self { missing, ..Self::default() };
    }

    /// What is lacking.
    pub fn missing(&self) -> Option<&Missing> {
        self.missing.as_ref()
    }

    /// A peer whose journal reaches so far was heard: what to ask it, unless another one is being asked.
    pub fn ask(&mut self, peer: &SiteId, reaches: Index, now: Mono) -> Option<Fetch> {
        let missing = self.missing?;
        let waits = self.asked.as_ref().is_some_and(|(_, at)| now.since(*at) < PATIENCE);
        if waits || reaches < missing.upto.0 {
            return None;
        }
        self.asked = Some((peer.clone(), now));
        // What another peer began is begun anew: if the chain does not fit, one peer is to blame.
        self.rows.clear();
        Some(Fetch { after: missing.after.0, upto: missing.upto.0 })
    }

    /// A peer answers.
    pub fn fetched(&mut self, from: &SiteId, page: Fetched, now: Mono) -> Progress {
        let Some(missing) = self.missing else { return Progress::Nothing };
        let known = self.rows.last().map_or(missing.after.0, |row| row.index);
        if self.asked.as_ref().is_none_or(|(site, _)| site != from) || page.after != known {
            return Progress::Nothing;
        }
        let Some(facts) = page.facts else { return self.useless(format!("{from} lacks them too")) };
        let ended = facts.is_empty();
        for (index, term, bytes) in facts {
            let last = self.rows.last().map_or(missing.after.0, |row| row.index);
            if index <= last || index > missing.upto.0 {
                return self.useless(format!("{from} sent {index} after {last}"));
            }
            self.rows.push(JournalRow { index, term, bytes });
        }
        if self.head(&missing) == missing.upto.1 {
            self.asked = None;
            return Progress::Whole(missing, std::mem::take(&mut self.rows));
        }
        if ended {
            return self.useless(format!("the chain of what {from} sent does not fit the snapshot"));
        }
        self.asked = Some((from.clone(), now));
        let after = self.rows.last().map_or(missing.after.0, |row| row.index);
        Progress::More(Fetch { after, upto: missing.upto.0 })
    }

    /// The peer that was asked stays asked until its time is over, so that the next pulse of another one counts.
    fn useless(&mut self, why: String) -> Progress {
        self.rows.clear();
        Progress::Useless(why)
    }

    fn head(&self, missing: &Missing) -> Head {
        self.rows.iter().fold(missing.after.1, |head, row| head.next(row.index, &row.bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<(Index, Term, Vec<u8>)> {
        [3, 4, 7].map(|n| (Index(n), Term(1), vec![u8::try_from(n).unwrap(); 5])).to_vec()
    }

    fn lacking() -> (Gaps, Missing) {
        let birth = Head::birth("bytemark");
        let head = rows().iter().fold(birth, |head, (index, _, bytes)| head.next(*index, bytes));
        let missing = Missing { after: (Index(2), birth), upto: (Index(9), head) };
        let mut gaps = Gaps::default();
        gaps.lack(Some(missing));
        (gaps, missing)
    }

    fn page(after: u64, facts: &[(Index, Term, Vec<u8>)]) -> Fetched {
        Fetched { after: Index(after), facts: Some(facts.to_vec()) }
    }

    #[test]
    fn pages_are_joined_and_their_chain_is_the_proof() {
        let (mut gaps, missing) = lacking();
        let (office, now) = (SiteId::new("office"), Mono::default());
        assert_eq!(gaps.ask(&office, Index(8), now), None, "its journal does not reach so far");
        assert_eq!(gaps.ask(&office, Index(9), now), Some(Fetch { after: Index(2), upto: Index(9) }));
        let more = gaps.fetched(&office, page(2, &rows()[..2]), now);
        assert_eq!(more, Progress::More(Fetch { after: Index(4), upto: Index(9) }));
        assert_eq!(gaps.fetched(&office, page(2, &rows()[..2]), now), Progress::Nothing, "a doubled frame");
        let Progress::Whole(of, whole) = gaps.fetched(&office, page(4, &rows()[2..]), now) else {
            panic!("it is all there")
        };
        assert_eq!((of, whole.len()), (missing, 3));
    }

    #[test]
    fn a_peer_that_lies_lacks_or_is_mute_is_not_the_last_one_asked() {
        let (office, london) = (SiteId::new("office"), SiteId::new("london"));
        let now = Mono::default();
        let mut forged = rows();
        forged[1].2[0] = 9;
        let lies = [
            page(2, &[]),
            page(2, &[forged[1].clone(), forged[0].clone()]),
            page(2, &[(Index(10), Term(1), vec![1])]),
            Fetched { after: Index(2), facts: None },
        ];
        for lie in lies {
            let (mut gaps, _) = lacking();
            let _ = gaps.ask(&office, Index(9), now);
            assert!(matches!(gaps.fetched(&office, lie, now), Progress::Useless(_)));
            assert_eq!(gaps.ask(&office, Index(9), now), None, "its time is not over");
            assert!(gaps.ask(&london, Index(9), now + PATIENCE).is_some());
        }
        let (mut gaps, _) = lacking();
        let _ = gaps.ask(&office, Index(9), now);
        assert!(matches!(gaps.fetched(&office, page(2, &forged), now), Progress::More(_)));
        assert!(matches!(gaps.fetched(&office, page(7, &[]), now), Progress::Useless(_)));
        assert_eq!(gaps.fetched(&london, page(2, &rows()), now), Progress::Nothing, "it was not asked");
    }
}
