//! A cluster's journal for tests: every entry is encoded, folded, and replayed from its bytes.

#![allow(dead_code, reason = "each test binary compiles this and uses its own part")]

use playbooks::{Advance, Footing, Ground, advance};
use state::chain::Head;
use state::fact::{Entry, Fact, Origin};
use state::run::Run;
use state::view::Applied;
use state::{Index, RunId, SiteId, Stamp, Starts, View, codec};
use std::collections::BTreeMap;
use std::time::Duration;

/// When every test begins, in milliseconds.
pub const START: u64 = 1_000_000;

/// A journal and the view that lived through it.
pub struct Journal {
    pub view: View,
    pub bytes: Vec<Vec<u8>>,
    pub now: Stamp,
    pub from: Footing,
    pub rate: u32,
    pub last: Option<Entry>,
    pub ready: BTreeMap<SiteId, Duration>,
}

impl Journal {
    pub fn new() -> Self {
        let now = Stamp::from_millis(START);
        let view = View::birth("test");
        Self {
            view,
            bytes: Vec::new(),
            now,
            from: Footing::Candidate,
            rate: 2,
            last: None,
            ready: BTreeMap::new(),
        }
    }

    /// Agrees a fact and proves that a site which only has the journal stands exactly here.
    pub fn agree(&mut self, fact: Fact) -> Applied {
        let n = u64::try_from(self.bytes.len()).expect("the test is set up so");
        let origin = Origin { site: SiteId::new("netherlands"), starts: Starts(1), n };
        self.propose(Entry { origin, stamp: self.now, fact })
    }

    pub fn propose(&mut self, entry: Entry) -> Applied {
        let bytes = codec::encode(&entry).expect("an entry of a test is small");
        let index = Index(u64::try_from(self.bytes.len()).expect("the test is set up so") + 1);
        let applied = self.view.apply(index, &bytes, &entry);
        self.bytes.push(bytes);
        self.last = Some(entry);
        self.resumed_elsewhere();
        applied
    }

    fn resumed_elsewhere(&self) {
        let mut other = View::birth("test");
        for (at, bytes) in self.bytes.iter().enumerate() {
            let entry = codec::decode(bytes).expect("what was encoded can be decoded");
            other.apply(Index(u64::try_from(at).expect("the test is set up so") + 1), bytes, &entry);
        }
        assert_eq!(other, self.view, "replay is not life after entry {}", self.bytes.len());
        assert_ne!(other.head, Head::birth("test"), "the chain moved");
        for run in self.view.runs.values() {
            let resumed = self.next_in(&other, &other.runs[&run.id]);
            assert_eq!(resumed, self.next_in(&self.view, run), "the next leader would do something else");
        }
    }

    fn next_in(&self, view: &View, run: &Run) -> Advance {
        let (from, rate_per_second, ready) = (self.from, self.rate, &self.ready);
        let ground = Ground { view, from, rate_per_second, leaderless: Duration::ZERO, ready };
        advance(run, self.now, &ground)
    }

    pub fn next(&self, run: RunId) -> Advance {
        self.next_in(&self.view, &self.view.runs[&run])
    }
}
