//! The journal told again: its chain followed from the first fact, its facts folded, each said in a sentence.

mod attempts;
mod calendar;
mod members;
mod past;
mod sentence;
#[cfg(test)]
mod tests;
mod timeline;
mod wanted;

pub use calendar::{Moment, date, moment, span};
pub use past::{Past, PastReport, past};
pub(crate) use sentence::{Sentence, sentence};
pub use timeline::{Timeline, end, timeline};
pub(crate) use wanted::wanted;

use crate::command::{JournalPage, PeerHead};
use serde::{Serialize, Serializer};
use state::fact::Fact;
use state::incident::Incident;
use state::run::Run;
use state::view::Applied;
use state::{Head, IncidentId, Index, RouteId, RunId, SiteId, Stamp, View, codec};
use std::collections::BTreeMap;

/// What a fact is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// All routes, or the cluster itself.
    Everything,
    /// One route.
    Route(RouteId),
    /// One site, and through it whatever rings there.
    Site(SiteId),
}

impl About {
    /// Whether it concerns a route by name, or everything.
    pub fn concerns(&self, route: &RouteId) -> bool {
        match self {
            Self::Everything => true,
            Self::Route(about) => about == route,
            Self::Site(_) => false,
        }
    }
}

/// One fact in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Where it stands.
    pub index: Index,
    /// When it was said, in cluster time: milliseconds since 1970.
    pub at: Stamp,
    /// The site that proposed it.
    pub by: Option<SiteId>,
    /// The route that it is about; none if it is about all of them, or about a site.
    #[serde(rename = "route", serialize_with = "route_alone")]
    pub about: About,
    /// What it says.
    pub text: String,
    /// Its reasons, and what else belongs to it.
    pub more: Vec<String>,
    /// Why it has no effect, if the fold refused it.
    pub refused: Option<String>,
}

fn route_alone<S: Serializer>(about: &About, to: S) -> Result<S::Ok, S::Error> {
    match about {
        About::Route(route) => to.serialize_some(route),
        About::Everything | About::Site(_) => to.serialize_none(),
    }
}

/// A part of the journal that is not on this disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hole {
    /// The last fact before it; #0 if the journal begins with it.
    pub after: Index,
    /// Its last entry.
    pub upto: Index,
}

/// Another site's word about its journal, beside ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Compared {
    /// The same facts in the same order.
    Same,
    /// Another history.
    Differs,
    /// It has folded more than was read here.
    Ahead,
    /// The facts around its place are missing here.
    Missing,
    /// It had no fact yet: there is nothing to compare.
    Nothing,
}

/// What was agreed until a moment.
#[derive(Clone, Debug)]
pub struct Then {
    /// The last fact of it.
    pub index: Index,
    /// How many sentences it is.
    pub lines: usize,
    /// What it amounts to; nothing if facts before it are missing or cannot be read.
    pub view: Option<View>,
}

/// A journal, as far as it was read.
#[derive(Debug)]
pub struct Account {
    /// The last fact, and the chain's head there.
    pub end: (Index, Head),
    /// What the facts amount to; nothing once facts are missing, or one cannot be read.
    pub view: Option<View>,
    /// The facts in words.
    pub lines: Vec<Line>,
    /// What is missing.
    pub holes: Vec<Hole>,
    /// The first fact that this version cannot read, and why.
    pub unreadable: Option<(Index, String)>,
    /// Every incident, as it stood last.
    pub incidents: BTreeMap<IncidentId, Incident>,
    /// Every run, as it stood last.
    pub runs: BTreeMap<RunId, Run>,
    /// The moment that is asked about.
    past: Option<Stamp>,
    /// What was agreed until then; the inner value is missing if it could not be folded.
    then: Option<Then>,
    /// The head at every fact.
    heads: BTreeMap<Index, Head>,
}

impl Account {
    /// Before the first fact.
    pub fn begin(birth: Head, past: Option<Stamp>) -> Self {
        let mut view = View::default();
        view.head = birth;
        Self {
            end: (Index(0), birth),
            view: Some(view),
            lines: Vec::new(),
            holes: Vec::new(),
            unreadable: None,
            incidents: BTreeMap::new(),
            runs: BTreeMap::new(),
            past,
            then: None,
            heads: BTreeMap::from([(Index(0), birth)]),
        }
    }

    /// The next page.
    pub fn take(&mut self, page: &JournalPage) -> Progress {
        for fact in &page.facts {
            if fact.index <= self.end.0 {
                continue;
            }
            self.pass_gaps(page, fact.index);
            let entry = codec::decode(&fact.bytes);
            if let Ok(entry) = &entry {
                self.look_back(entry.stamp);
            }
            self.end = (fact.index, self.end.1.next(fact.index, &fact.bytes));
            self.heads.insert(self.end.0, self.end.1);
            match entry {
                Ok(entry) => self.fold(fact.index, &fact.bytes, &entry),
                Err(why) => {
                    self.view = None;
                    self.unreadable.get_or_insert((fact.index, why.to_string()));
                }
            }
        }
        if page.facts.is_empty() {
            // A gap at the very end: a snapshot has come, and no fact after it.
            self.pass_gaps(page, Index(u64::MAX));
            return Progress::Enough;
        }
        Progress::More
    }

    /// Keeps what was agreed until the moment that is asked about, before anything later is folded.
    fn look_back(&mut self, stamp: Stamp) {
        if self.then.is_none() && self.past.is_some_and(|past| stamp > past) {
            self.then = Some(Then { index: self.end.0, lines: self.lines.len(), view: self.view.clone() });
        }
    }

    /// What was agreed until the moment that was asked about.
    pub fn then(&self) -> Then {
        let now = || Then { index: self.end.0, lines: self.lines.len(), view: self.view.clone() };
        self.then.clone().unwrap_or_else(now)
    }

    /// The chain goes on from the head of the snapshot that stands for what is missing; the fold cannot.
    fn pass_gaps(&mut self, page: &JournalPage, before: Index) {
        let passed = |(upto, _): &&(Index, Head)| *upto > self.end.0 && *upto < before;
        let passed: Vec<(Index, Head)> = page.gaps.iter().filter(passed).copied().collect();
        for (upto, head) in passed {
            // Between the last fact and a snapshot there may be entries that are no facts.
            if head != self.end.1 {
                self.holes.push(Hole { after: self.end.0, upto });
                self.view = None;
            }
            self.end = (upto, head);
            self.heads.insert(upto, head);
        }
    }

    fn fold(&mut self, index: Index, bytes: &[u8], entry: &state::fact::Entry) {
        let said = sentence::sentence(index, entry, self.view.as_ref());
        let applied = self.view.as_mut().map(|view| view.apply(index, bytes, entry));
        let refused = match applied {
            Some(Applied::Refused(why)) => Some(why.to_string()),
            Some(Applied::Accepted) | None => None,
        };
        self.remember(&entry.fact);
        self.lines.push(Line {
            index,
            at: entry.stamp,
            by: Some(entry.origin.site.clone()),
            about: said.about,
            text: said.text,
            more: said.more,
            refused,
        });
    }

    /// Incidents and runs, before the view lets go of the oldest.
    fn remember(&mut self, fact: &Fact) {
        let changes = matches!(
            fact,
            Fact::IncidentOpened { .. }
                | Fact::IncidentPassed { .. }
                | Fact::IncidentAcked { .. }
                | Fact::Escalated { .. }
                | Fact::RunOpened { .. }
                | Fact::RunEnded { .. }
                | Fact::Resumed { .. }
                | Fact::ClaimedAlone { .. }
        );
        if let Some(view) = self.view.as_ref().filter(|_| changes) {
            self.incidents.extend(view.incidents.iter().map(|(id, incident)| (*id, incident.clone())));
            self.runs.extend(view.runs.iter().map(|(id, run)| (*id, run.clone())));
        }
    }

    /// The head at an index: that of the last fact that is not after it.
    pub fn head_at(&self, index: Index) -> Option<Head> {
        self.heads.range(..=index).next_back().map(|(_, head)| *head)
    }

    /// What another site says of its journal, beside what was read here.
    pub fn compare(&self, peer: &PeerHead) -> Compared {
        let known = self.heads.get(&peer.index).copied().or_else(|| {
            // Between two facts nothing changes; after the last one nobody knows.
            (peer.index <= self.end.0).then(|| self.head_at(peer.index)).flatten()
        });
        let missing = self.holes.iter().any(|hole| hole.after < peer.index && peer.index < hole.upto);
        match known {
            _ if missing => Compared::Missing,
            Some(head) if head == peer.head && peer.index == Index(0) => Compared::Nothing,
            None => Compared::Ahead,
            Some(head) if head == peer.head => Compared::Same,
            Some(_) => Compared::Differs,
        }
    }
}

/// Whether more is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Ask for the next page.
    More,
    /// That was all that is wanted, or all that there is.
    Enough,
}
