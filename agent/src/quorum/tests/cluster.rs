//! A cluster in one thread: four sites, five votes, a queue of messages, cuts, and disks that survive a crash.

use super::disks::{Disk, Memory};
use crate::quorum::{Change, Message, Past, Quorum, RaftId, Seat, Seats, Standing};
use state::{Index, SiteId};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

pub const SITES: [&str; 4] = ["netherlands", "london", "manchester", "office"];

/// London, Manchester and the office with a vote each, the witness with two; witness first, its twin last.
pub fn seats() -> Seats {
    let seat = |site: &str, ids: &[u64]| Seat {
        site: SiteId::new(site),
        ids: ids.iter().copied().map(RaftId).collect(),
        standing: Standing::Voter,
    };
    let seats = vec![
        seat("london", &[1]),
        seat("manchester", &[2]),
        seat("office", &[3]),
        seat("netherlands", &[4, 5]),
    ];
    Seats::new(seats, [4, 1, 2, 3, 5].map(RaftId).to_vec()).unwrap()
}

pub struct Node<D> {
    pub quorum: Option<Quorum>,
    pub disk: D,
    /// Every fact that this site was told to be agreed; grows over restarts, never contradicted.
    pub journal: BTreeMap<Index, Vec<u8>>,
    pub restored: usize,
    pub appended: usize,
}

pub struct Cluster<D> {
    pub seats: Seats,
    pub nodes: BTreeMap<SiteId, Node<D>>,
    pub queue: VecDeque<(SiteId, SiteId, Message)>,
    pub cuts: BTreeSet<(SiteId, SiteId)>,
    /// Voters that nothing reaches, while their twin hears everything.
    pub deaf: BTreeSet<RaftId>,
    pub ticks: usize,
    pub leaders: Vec<(usize, SiteId, u64)>,
    /// The ids of each site's votes as a person wishes them, and the next that was never given.
    pub ids: BTreeMap<SiteId, Vec<RaftId>>,
    pub next: u64,
    pub lost: usize,
    /// Crash this site when so many batches are still to be written: before the write, or after it.
    pub fuse: Option<(SiteId, usize, Moment)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    BeforeWrite,
    AfterWrite,
    BeforeJournal,
}

pub fn site(name: &str) -> SiteId {
    SiteId::new(name)
}

impl<D: Disk> Cluster<D> {
    pub fn new(seats: Seats, mut disk: impl FnMut(&SiteId) -> D) -> Self {
        let mut nodes = BTreeMap::new();
        for seat in seats.iter() {
            let mut disk = disk(&seat.site);
            let quorum = Some(Quorum::new(seats.clone(), &seat.site, disk.past()).unwrap());
            let node = Node { quorum, disk, journal: BTreeMap::new(), restored: 0, appended: 0 };
            nodes.insert(seat.site.clone(), node);
        }
        let (queue, cuts, leaders) = (VecDeque::new(), BTreeSet::new(), Vec::new());
        let ids = seats.iter().map(|seat| (seat.site.clone(), seat.ids.clone())).collect();
        let next = seats.greatest().0 + 1;
        Self {
            seats,
            nodes,
            queue,
            cuts,
            deaf: BTreeSet::new(),
            ticks: 0,
            leaders,
            ids,
            next,
            lost: 0,
            fuse: None,
        }
    }

    pub fn node(&mut self, site: &SiteId) -> &mut Node<D> {
        self.nodes.get_mut(site).unwrap()
    }

    pub fn crash(&mut self, site: &SiteId) {
        self.node(site).quorum = None;
        self.queue.retain(|(from, to, _)| from != site && to != site);
    }

    pub fn start(&mut self, site: &SiteId) {
        let seats = self.seats.clone();
        let ids = self.ids[site].clone();
        let node = self.node(site);
        let past = Past { ids, ..node.disk.past() };
        node.quorum = Some(Quorum::new(seats, site, past).unwrap());
        self.settle(site);
    }

    /// A site loses its disk and gets new votes on a new one; nobody else has done anything about it yet.
    pub fn lose_disk(&mut self, site: &SiteId) {
        self.crash(site);
        self.lost += 1;
        let count = self.ids[site].len() as u64;
        let ids = (self.next..self.next + count).map(RaftId).collect();
        self.next += count;
        self.ids.insert(site.clone(), ids);
        let node = self.node(site);
        node.disk.wipe();
        node.journal.clear();
    }

    /// Who shall sit where.
    pub fn wish(&self) -> Vec<Seat> {
        let seat = |seat: &Seat| Seat { ids: self.ids[&seat.site].clone(), ..seat.clone() };
        self.seats.iter().map(seat).collect()
    }

    /// The leader does one step towards what is wished, if one can be done.
    pub fn reseat(&mut self) -> Option<Change> {
        let (leader, wish) = (self.leader()?, self.wish());
        let quorum = self.nodes[&leader].quorum.as_ref().unwrap();
        if let Some(upto) = quorum.compactable(crate::quorum::KEEP).filter(|_| quorum.owes_snapshot()) {
            self.compact(&leader, upto);
        }
        // A fuse may have blown in the write of the snapshot.
        let quorum = self.node(&leader).quorum.as_mut()?;
        // Whether somebody can take it now shows in the next tick.
        let _ = quorum.make_way(&wish);
        let change = quorum.change_towards(&wish);
        self.settle(&leader);
        let change = change?;
        let quorum = self.node(&leader).quorum.as_mut()?;
        let told = format!("{:?} by {leader}", change.steps);
        quorum.change(change.clone(), told.into_bytes()).ok()?;
        self.settle(&leader);
        Some(change)
    }

    /// Whether the leader has come to what is wished.
    pub fn is_seated(&self) -> bool {
        let Some(leader) = self.leader() else { return false };
        let conf = self.nodes[&leader].quorum.as_ref().unwrap().seats().conf();
        let mut wished: Vec<RaftId> = self.ids.values().flatten().copied().collect();
        wished.sort();
        conf.voters == wished && conf.learners.is_empty() && conf.voters_before.is_empty()
    }

    /// Cuts the log of one site; the snapshot is everything agreed so far.
    pub fn compact(&mut self, at: &SiteId, upto: Index) {
        let node = self.node(at);
        let Some(quorum) = &mut node.quorum else { return };
        quorum.compact(upto, &postcard::to_stdvec(&node.journal).unwrap()).unwrap();
        self.settle(at);
    }

    pub fn cut(&mut self, a: &str, b: &str) {
        self.cuts.insert((site(a), site(b)));
        self.cuts.insert((site(b), site(a)));
    }

    pub fn isolate(&mut self, name: &str) {
        let others: Vec<_> = self.nodes.keys().filter(|other| other.as_str() != name).cloned().collect();
        for other in others {
            self.cut(name, other.as_str());
        }
    }

    /// Empties the ready cycle of one site, as the driver does.
    pub fn settle(&mut self, at: &SiteId) {
        loop {
            let fuse = self.fuse.as_mut().filter(|fuse| fuse.0 == *at);
            let node = self.nodes.get_mut(at).unwrap();
            let Some(quorum) = &mut node.quorum else { return };
            let Some(batch) = quorum.ready() else { break };
            let moment = fuse.and_then(|fuse| {
                fuse.1 = fuse.1.saturating_sub(1);
                (fuse.1 == 0).then_some(fuse.2)
            });
            if moment == Some(Moment::BeforeWrite) {
                return self.blow(at);
            }
            let written = node.disk.commit(batch);
            if moment == Some(Moment::AfterWrite) {
                return self.blow(at);
            }
            let outcome = quorum.written(written);
            if moment == Some(Moment::BeforeJournal) {
                return self.blow(at);
            }
            node.appended += outcome.appended.len();
            if let Some(snapshot) = outcome.restored {
                node.disk.restore(snapshot.index);
                node.restored += 1;
                let facts: BTreeMap<Index, Vec<u8>> = postcard::from_bytes(&snapshot.bytes).unwrap();
                node.journal.extend(facts);
            }
            node.disk.journal(&outcome.agreed);
            for fact in outcome.agreed {
                let before = node.journal.insert(fact.index, fact.bytes.clone());
                assert!(
                    before.is_none_or(|bytes| bytes == fact.bytes),
                    "{at} agreed twice at {}",
                    fact.index
                );
            }
            self.queue.extend(outcome.send.into_iter().map(|(to, message)| (at.clone(), to, message)));
        }
        let reign = self.nodes[at].quorum.as_ref().and_then(Quorum::leads);
        if let Some(reign) = reign {
            let known = self.leaders.iter().find(|(_, _, term)| *term == reign.term.0);
            assert!(known.is_none_or(|(_, site, _)| site == at), "two leaders in {}", reign.term);
            if known.is_none() {
                self.leaders.push((self.ticks, at.clone(), reign.term.0));
            }
        }
    }

    fn blow(&mut self, at: &SiteId) {
        self.fuse = None;
        self.crash(at);
    }

    pub fn deliver(&mut self, (from, to, message): (SiteId, SiteId, Message)) {
        if self.cuts.contains(&(from.clone(), to.clone())) || self.deaf.contains(&message.to) {
            return;
        }
        if let Some(quorum) = &mut self.node(&to).quorum {
            let stepped = quorum.step(&from, message);
            // Whoever came or went meanwhile is unknown to somebody.
            let sit = self.ids.values().map(Vec::len).sum::<usize>();
            let known = self.seats.greatest().0 + 1 == self.next && sit == self.seats.conf().voters.len();
            assert!(!known || stepped.is_ok(), "{stepped:?}");
            self.settle(&to);
        }
    }

    /// Everybody hears from everybody it is heard by who sits where, as greetings say it.
    pub fn greet(&mut self) {
        let names: Vec<_> = self.nodes.keys().cloned().collect();
        for from in &names {
            let Some(seated) = self.nodes[from].quorum.as_ref().map(|quorum| quorum.seats().seated()) else {
                continue;
            };
            for to in names.iter().filter(|to| *to != from) {
                let heard = !self.cuts.contains(&(from.clone(), to.clone()));
                if let Some(quorum) = self.node(to).quorum.as_mut().filter(|_| heard) {
                    quorum.vouch(from, &seated);
                }
            }
        }
    }

    /// One tick everywhere, then everything that follows from it, without delay.
    pub fn tick(&mut self) {
        self.tick_losing(|_| false);
    }

    /// The same, and some messages never arrive.
    pub fn tick_losing(&mut self, mut lost: impl FnMut(&Message) -> bool) {
        self.ticks += 1;
        if self.ticks.is_multiple_of(10) {
            self.greet();
        }
        let names: Vec<_> = self.nodes.keys().cloned().collect();
        for name in names {
            if let Some(quorum) = &mut self.node(&name).quorum {
                quorum.tick();
                self.settle(&name);
            }
        }
        while let Some(message) = self.queue.pop_front() {
            if !lost(&message.2) {
                self.deliver(message);
            }
        }
    }

    pub fn drain(&mut self) {
        while let Some(message) = self.queue.pop_front() {
            self.deliver(message);
        }
    }

    pub fn run(&mut self, ticks: usize) {
        (0..ticks).for_each(|_| self.tick());
    }

    /// The site that leads with a majority behind it: the one of the greatest term.
    pub fn leader(&self) -> Option<SiteId> {
        let reigns =
            self.nodes.iter().filter_map(|(site, node)| Some((site, node.quorum.as_ref()?.leads()?)));
        reigns.max_by_key(|(_, reign)| reign.term).map(|(site, _)| site.clone())
    }

    pub fn propose(&mut self, fact: &str) -> bool {
        let Some(leader) = self.leader() else { return false };
        let taken = self.node(&leader).quorum.as_mut().unwrap().propose(fact.as_bytes().to_vec()).is_ok();
        self.settle(&leader);
        taken
    }

    /// Same index, same bytes, on every site that has the index.
    pub fn check(&self) {
        let mut all: BTreeMap<Index, &Vec<u8>> = BTreeMap::new();
        for (site, node) in &self.nodes {
            for (index, bytes) in &node.journal {
                let first = *all.entry(*index).or_insert(bytes);
                assert_eq!(first, bytes, "{site} has something else at {index}");
            }
        }
    }

    pub fn facts(&self, site: &SiteId) -> Vec<String> {
        self.nodes[site].journal.values().map(|bytes| String::from_utf8(bytes.clone()).unwrap()).collect()
    }
}

/// A cluster on disks that live in memory.
pub fn cluster() -> Cluster<Memory> {
    Cluster::new(seats(), |_| Memory::default())
}
