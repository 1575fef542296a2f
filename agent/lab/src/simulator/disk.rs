//! A disk in memory: what was committed survives a crash, and what was not is gone as a whole.

use agent::door::{self, Named, Stand};
use agent::gaps::{Fetch, Missing};

use agent::quorum::{Batch, RaftId, VoterState, Written};
use agent::start::beyond;
use agent::store::{JournalRow, Page};
use state::alone::AloneEntry;
use state::{Head, Index, Stamp, Term, View, codec};
use std::collections::BTreeMap;

/// When a process dies while it writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fuse {
    /// So many writes from now, before the write: its transaction is torn and thereby gone.
    Before(u32),
    /// So many writes from now, when the write is on disk and nobody knows it yet.
    After(u32),
}

/// The process died in the middle of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the process died while it wrote")]
pub struct Died;

/// What a voter has said to others that it holds; none of it may ever go back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Promise {
    /// The greatest term it has heard of.
    pub term: Term,
    /// How far it knows its log to be agreed.
    pub commit: Index,
    /// Its last entry: a longer log of an older term is less.
    pub end: (Term, Index),
}

/// Whether a snapshot still stands for facts that are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    /// It does.
    ForFacts,
    /// They were fetched, and it only marks how far the journal reaches.
    AsMark,
}

/// What survives.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    /// Its site had its seat before anything was written here: it is not born with the others.
    pub sat: bool,
    /// The logs of its voters.
    pub voters: Vec<VoterState>,
    /// The journal.
    pub journal: Vec<JournalRow>,
    /// Where snapshots stood for facts, with their heads, and whether those were fetched since.
    pub gaps: Vec<(Index, Head, Stands)>,
    /// How often an agent was started on it.
    pub starts: u64,
    /// How often it was written.
    pub writes: u64,
    /// When somebody led last, by the site's wall clock.
    pub led: Option<Stamp>,
    /// Its name, drawn at the first start; 0 before.
    pub name: u64,
    /// Small local facts.
    pub kept: BTreeMap<String, Vec<u8>>,
    /// What persons did from here without an agreement.
    pub alone: Vec<Vec<u8>>,
    /// The policy file of the site, and the edits that lie beside it.
    pub file: Option<String>,
    /// See there.
    pub aside: Vec<String>,
    /// The last image that somebody took of it.
    pub image: Option<Box<Disk>>,
    /// An image is taken after so many writes.
    imaging: Option<u32>,
    fuse: Option<Fuse>,
}

impl Disk {
    /// Lays a fuse: the process will die at a write.
    pub fn lay(&mut self, fuse: Fuse) {
        self.fuse = Some(fuse);
    }

    /// The fuse goes out with the process.
    pub fn quench(&mut self) {
        self.fuse = None;
    }

    /// Somebody takes an image after so many writes.
    pub fn take_image(&mut self, writes: u32) {
        self.imaging = Some(writes);
    }

    /// What stands beside the database: the policy file is none of its business.
    fn beside(&mut self) -> Self {
        Self { file: self.file.take(), aside: std::mem::take(&mut self.aside), ..Self::default() }
    }

    /// The last image takes its place.
    pub fn roll_back(&mut self) {
        if let Some(image) = self.image.take() {
            let Self { file, aside, .. } = self.beside();
            *self = Self { file, aside, ..*image };
        }
    }

    /// Another machine is set up with what its people have: the policy.
    pub fn replace(&mut self) {
        *self = self.beside();
    }

    /// All that was here is lost; the file beside the configuration tells that there was something.
    pub fn wipe(&mut self) {
        let why = b"its database is gone; the file `disk` tells that there was one".to_vec();
        *self = Self { kept: BTreeMap::from([(door::OUTSIDE.to_owned(), why)]), ..self.beside() };
    }

    /// Whether its site may vote, as start-up finds it. A disk whose votes are worth nothing is put aside, and
    /// one without a name gets `fresh`.
    pub fn stand(&mut self, fresh: u64) -> Stand {
        let why = self.kept.get(door::OUTSIDE).filter(|why| !why.is_empty()).cloned();
        let used = !(self.voters.is_empty() && self.journal.is_empty()) || self.named().is_some();
        if why.is_some() && used {
            *self = Self { starts: 1, ..self.beside() };
        }
        if self.name == 0 {
            self.name = fresh;
        }
        let Some(why) = why else {
            let blank =
                !self.sat && self.voters.is_empty() && self.journal.is_empty() && self.named().is_none();
            return if blank { Stand::Newborn } else { Stand::Inside };
        };
        self.kept.insert(door::OUTSIDE.to_owned(), why.clone());
        Stand::Outside { why: String::from_utf8_lossy(&why).into_owned() }
    }

    /// Whether its site may not vote.
    pub fn is_outside(&self) -> bool {
        self.kept.get(door::OUTSIDE).is_some_and(|why| !why.is_empty())
    }

    /// One start more; a disk that was let back in goes on counting where the lost one ended.
    pub fn count_start(&mut self) {
        let told = self.kept.remove(door::STARTS).and_then(|bytes| bytes.try_into().ok());
        self.starts = self.starts.max(told.map_or(0, u64::from_be_bytes)) + 1;
    }

    /// Where its name was agreed, as it was told.
    pub fn named(&self) -> Option<Named> {
        self.kept.get(door::NAMED).and_then(|bytes| Named::from_bytes(bytes))
    }

    /// Keeps small local facts.
    pub fn keep(&mut self, facts: &[(String, Vec<u8>)]) -> Result<(), Died> {
        self.guarded(|disk| disk.kept.extend(facts.iter().cloned()))
    }

    /// The end of the journal, or of the gap that follows it.
    pub fn last(&self) -> Index {
        let journal = self.journal.last().map_or(Index(0), |row| row.index);
        self.gaps.iter().map(|(upto, _, _)| *upto).fold(journal, Index::max)
    }

    /// The end of the journal as the next start makes it: what is known to be agreed is taken from the logs.
    pub fn comes_to(&self) -> Index {
        self.promises().map(|(_, promise)| promise.commit).fold(self.last(), Index::max)
    }

    /// Both Readys in one transaction.
    pub fn commit(&mut self, batch: Batch) -> Result<Written, Died> {
        if batch.is_empty() {
            return Ok(batch.written());
        }
        self.guarded(|disk| {
            for part in batch.voters() {
                if !disk.voters.iter().any(|voter| voter.id == part.id) {
                    disk.voters.push(VoterState::empty(part.id));
                }
                let voter = disk.voters.iter_mut().find(|voter| voter.id == part.id);
                voter.expect("it was put there").write(part);
            }
        })?;
        Ok(batch.written())
    }

    /// Adds agreed facts.
    pub fn append(&mut self, rows: &[JournalRow]) -> Result<(), Died> {
        self.guarded(|disk| disk.journal.extend_from_slice(rows))
    }

    /// A snapshot took the place of facts that this disk lacks.
    pub fn note_gap(&mut self, upto: Index, head: Head) -> Result<(), Died> {
        self.guarded(|disk| disk.gaps.push((upto, head, Stands::ForFacts)))
    }

    fn open_gaps(&self) -> impl Iterator<Item = (Index, Head)> + '_ {
        let open = self.gaps.iter().filter(|(_, _, stands)| *stands == Stands::ForFacts);
        open.map(|(upto, head, _)| (*upto, *head))
    }

    /// The first part of the journal that is missing.
    pub fn missing(&self, cluster: &str) -> Option<Missing> {
        let upto = self.open_gaps().next()?;
        let before = self.journal.iter().take_while(|row| row.index < upto.0);
        let birth = (Index(0), Head::birth(cluster));
        let after = before.fold(birth, |(_, head), row| (row.index, head.next(row.index, &row.bytes)));
        Some(Missing { after, upto })
    }

    /// The next facts, a few at a time so that several pages are needed.
    pub fn facts(&self, fetch: Fetch) -> Option<Vec<JournalRow>> {
        const PAGE: usize = 7;
        let lacks = self.open_gaps().any(|(gap, _)| gap > fetch.after) || fetch.upto > self.last();
        let wanted = |row: &&JournalRow| row.index > fetch.after && row.index <= fetch.upto;
        (!lacks).then(|| self.journal.iter().filter(wanted).take(PAGE).cloned().collect())
    }

    /// The facts after an index for whoever reads the journal.
    pub fn page(&self, cluster: &str, after: Index) -> Page {
        let rows = self.journal.iter().filter(|row| row.index > after).cloned().collect();
        Page { birth: Head::birth(cluster), rows, gaps: self.open_gaps().collect() }
    }

    /// Fills the first gap; gives how many rows stand before it.
    pub fn fill(&mut self, missing: &Missing, rows: &[JournalRow]) -> Result<usize, Died> {
        let place = self.journal.iter().take_while(|row| row.index < missing.upto.0).count();
        self.guarded(|disk| {
            disk.journal.splice(place..place, rows.iter().cloned());
            for gap in disk.gaps.iter_mut().filter(|gap| gap.0 == missing.upto.0) {
                gap.2 = Stands::AsMark;
            }
        })?;
        Ok(place)
    }

    /// Somebody leads.
    pub fn keep_led(&mut self, at: Stamp) -> Result<(), Died> {
        self.guarded(|disk| disk.led = Some(at))
    }

    /// Adds a line to the table of claims alone.
    pub fn keep_alone(&mut self, bytes: &[u8]) -> Result<(), Died> {
        self.guarded(|disk| disk.alone.push(bytes.to_vec()))
    }

    fn guarded(&mut self, write: impl FnOnce(&mut Self)) -> Result<(), Died> {
        self.writes += 1;
        let written = self.at_its_fuse(write);
        if self.imaging == Some(0) {
            (self.imaging, self.image) = (None, None);
            self.image = Some(Box::new(self.clone()));
        }
        self.imaging = self.imaging.map(|left| left - 1);
        written
    }

    fn at_its_fuse(&mut self, write: impl FnOnce(&mut Self)) -> Result<(), Died> {
        match self.fuse {
            Some(Fuse::Before(0)) => Err(Died),
            Some(Fuse::After(0)) => {
                write(self);
                Err(Died)
            }
            Some(Fuse::Before(left)) => {
                self.fuse = Some(Fuse::Before(left - 1));
                write(self);
                Ok(())
            }
            Some(Fuse::After(left)) => {
                self.fuse = Some(Fuse::After(left - 1));
                write(self);
                Ok(())
            }
            None => {
                write(self);
                Ok(())
            }
        }
    }

    /// The table of claims alone, as it is read at start-up.
    pub fn told_alone(&self) -> Vec<(u64, AloneEntry)> {
        let read = |bytes: &Vec<u8>| AloneEntry::decode(bytes).expect("it was written by this version");
        (1..).zip(self.alone.iter().map(read)).collect()
    }

    /// Start-up is replay: the view that the journal amounts to.
    pub fn replay(&self, cluster: &str) -> View {
        let mut view = match self.open_gaps().last() {
            Some((after, _)) => beyond(after, &self.voters).expect("a snapshot stands where the gap is"),
            None => View::birth(cluster),
        };
        let from = view.index;
        for row in self.journal.iter().filter(|row| row.index > from) {
            let entry = codec::decode(&row.bytes).expect("it was encoded by an agent of this version");
            let _ = view.apply(row.index, &row.bytes, &entry);
        }
        view
    }

    /// The votes of this disk that hold the entry.
    pub fn holding(&self, index: Index, term: Term) -> impl Iterator<Item = u64> + '_ {
        let holds = move |voter: &&VoterState| {
            if index <= voter.cut.0 {
                return true;
            }
            let place = usize::try_from(index.0 - voter.cut.0.0 - 1).unwrap_or(usize::MAX);
            voter.entries.get(place).is_some_and(|entry| entry.index == index && entry.term == term)
        };
        self.voters.iter().filter(holds).map(|voter| voter.id.0)
    }

    /// What each voter has promised.
    pub fn promises(&self) -> impl Iterator<Item = (RaftId, Promise)> + '_ {
        let promise = |voter: &VoterState| {
            let last_term = voter.entries.last().map_or(voter.cut.1, |entry| entry.term);
            let (term, commit) = (voter.hard.term, voter.hard.commit);
            (voter.id, Promise { term, commit, end: (last_term, voter.last()) })
        };
        self.voters.iter().map(promise)
    }
}
