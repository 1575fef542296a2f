//! From ballots to a verdict: a majority of the electorate and two sites, and silence is not a vote.

use crate::judge::Case;
use serde::{Deserialize, Serialize};
use state::fact::Says;
use state::{SiteId, Subject};
use std::time::Duration;

/// No verdict rests on one site alone, however many votes it has.
const SITES_MIN: usize = 2;

/// The count of the ballots on one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// What they are about.
    pub subject: Subject,
    /// Every site of the electorate, in the order of the policy.
    pub voices: Vec<Voice>,
    /// How long the last good answer must be gone.
    pub blip: Duration,
}

/// One site's part in a tally.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voice {
    /// The site.
    pub site: SiteId,
    /// Its votes.
    pub votes: u32,
    /// What it says.
    pub says: Word,
}

/// What a site says of a subject by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// It answers; said so long ago.
    Up {
        /// How long ago the ballot was cast.
        ago: Duration,
    },
    /// It does not.
    Down {
        /// How long this site has had no good answer.
        dark: Duration,
    },
    /// The site speaks, but casts no ballot on this: suspect, unsure, or not yet looked.
    Unsure,
    /// The site finds that the answers come and go too often to believe.
    Flapping,
    /// The leader does not hear the site: silence is what a cut cable sounds like, not a vote.
    Silent,
}

/// What a tally amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Neither side has a majority of the electorate.
    Pending,
    /// A majority of the electorate's votes, from two sites, says up.
    Up,
    /// A majority of the electorate's votes, from two sites, has had no answer for `blip`.
    Down,
    /// The same, but two sites say up: people must look, nothing is done.
    Disputed,
}

impl Case<'_> {
    /// Counts the ballots on a subject, as they stand now.
    pub fn tally(&self, subject: &Subject) -> Tally {
        let voice = |site: &crate::judge::SiteVotes| Voice {
            site: site.site.clone(),
            votes: u32::from(site.votes),
            says: self.word(&site.site, subject),
        };
        let voices = self.judge.electorate(subject).map(voice).collect();
        Tally { subject: subject.clone(), voices, blip: self.judge.blip_of(subject) }
    }

    /// What the ballots on a subject amount to now.
    pub fn verdict(&self, subject: &Subject) -> Verdict {
        self.tally(subject).verdict()
    }

    /// What one site says of a subject now.
    pub fn word(&self, site: &SiteId, subject: &Subject) -> Word {
        if self.view.silent.contains_key(site) {
            return Word::Silent;
        }
        match self.view.says(site, subject, self.now) {
            Some(Says::Up) => Word::Up { ago: self.view.ballot_age(site, self.now).unwrap_or_default() },
            Some(Says::Down { dark }) => Word::Down { dark },
            None if self.view.flaps(site, subject) => Word::Flapping,
            None => Word::Unsure,
        }
    }
}

impl Tally {
    /// What it amounts to.
    pub fn verdict(&self) -> Verdict {
        match (self.down_in(), self.up().count()) {
            (Some(Duration::ZERO), up) if up >= SITES_MIN => Verdict::Disputed,
            (Some(Duration::ZERO), _) => Verdict::Down,
            (_, up) if up >= SITES_MIN && self.is_majority(self.up_votes()) => Verdict::Up,
            _ => Verdict::Pending,
        }
    }

    /// The votes of the whole electorate, of those too who say nothing.
    pub fn total(&self) -> u32 {
        self.voices.iter().map(|voice| voice.votes).sum()
    }

    /// The votes that say down, however short their darkness.
    pub fn down_votes(&self) -> u32 {
        self.down().map(|(voice, _)| voice.votes).sum()
    }

    /// The votes that say up.
    pub fn up_votes(&self) -> u32 {
        self.up().map(|voice| voice.votes).sum()
    }

    /// The sites that say up.
    pub fn up_sites(&self) -> Vec<SiteId> {
        self.up().map(|voice| voice.site.clone()).collect()
    }

    /// Whether the ballots alone, whatever `blip` says, are enough for a verdict of down.
    pub fn leans_down(&self) -> bool {
        self.down().count() >= SITES_MIN && self.is_majority(self.down_votes())
    }

    /// Whether as many sites say up as make a verdict of down a disputed one.
    pub fn contested(&self) -> bool {
        self.up().count() >= SITES_MIN
    }

    /// How long ago the newest good answer was that any site now saying down has had.
    pub fn last_good(&self) -> Option<Duration> {
        self.down().map(|(_, dark)| dark).min()
    }

    /// How soon, if no ballot changes, a majority will have been without an answer for `blip`; zero if it is so now.
    pub fn down_in(&self) -> Option<Duration> {
        let mut down: Vec<_> = self.down().collect();
        down.sort_by_key(|(_, dark)| std::cmp::Reverse(*dark));
        let enough = |n: &usize| {
            let votes = down[..*n].iter().map(|(voice, _)| voice.votes).sum();
            *n >= SITES_MIN && self.is_majority(votes)
        };
        let n = (1..=down.len()).find(enough)?;
        Some(self.blip.saturating_sub(down[n - 1].1))
    }

    fn is_majority(&self, votes: u32) -> bool {
        votes * 2 > self.total()
    }

    fn up(&self) -> impl Iterator<Item = &Voice> {
        self.voices.iter().filter(|voice| matches!(voice.says, Word::Up { .. }))
    }

    fn down(&self) -> impl Iterator<Item = (&Voice, Duration)> {
        self.voices.iter().filter_map(|voice| match voice.says {
            Word::Down { dark } => Some((voice, dark)),
            Word::Up { .. } | Word::Unsure | Word::Flapping | Word::Silent => None,
        })
    }
}
