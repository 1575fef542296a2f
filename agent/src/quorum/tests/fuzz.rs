//! Loss, doubles, reordering, cuts, crashes at every boundary, cuts of the log and lost disks, from printed seeds.

use super::cluster::{Cluster, Moment, SITES, cluster, seats, site};
use super::disks::{Disk, File};
use state::Index;
use tempfile::TempDir;

/// xorshift64*: the same dice on every machine.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `sides`.
    pub fn throw(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).unwrap() % sides
    }
}

/// One life of a cluster; gives how many facts were agreed, how many snapshots restored, and how many disks lost.
fn life<D: Disk>(seed: u64, mut c: Cluster<D>) -> (usize, usize, usize) {
    let mut dice = Dice::new(seed);
    for step in 0..600 {
        for name in SITES.map(site) {
            // Clocks differ: now and then somebody's tick is late.
            if let Some(quorum) = c.node(&name).quorum.as_mut().filter(|_| dice.throw(10) > 0) {
                quorum.tick();
                c.settle(&name);
            }
        }
        for _ in 0..dice.throw(40) {
            if c.queue.is_empty() {
                break;
            }
            let place = if dice.throw(4) == 0 { dice.throw(c.queue.len()) } else { 0 };
            let message = c.queue.remove(place).unwrap();
            if dice.throw(20) == 0 {
                c.queue.push_back(message.clone());
            }
            if dice.throw(20) > 0 {
                c.deliver(message);
            }
        }
        let name = SITES[dice.throw(4)];
        let moment = [Moment::BeforeWrite, Moment::AfterWrite, Moment::BeforeJournal][dice.throw(3)];
        c.reseat();
        if step % 10 == 0 {
            c.greet();
        }
        match dice.throw(60) {
            0 => c.fuse = Some((site(name), 1 + dice.throw(5), moment)),
            1 => c.isolate(name),
            2 => c.cut(name, SITES[dice.throw(4)]),
            3 | 4 => c.cuts.clear(),
            5 => {
                let applied = c.node(&site(name)).quorum.as_ref().map_or(Index(0), |quorum| quorum.applied());
                c.compact(&site(name), Index(applied.0.saturating_sub(dice.throw(4) as u64)));
            }
            // One lost disk at a time, and only while the others can let it back in.
            30 if c.is_seated() && dice.throw(3) == 0 => {
                c.lose_disk(&site(name));
                c.start(&site(name));
            }
            6..30 => drop(c.propose(&format!("fact {step}"))),
            _ => {}
        }
        let dead = SITES.map(site).into_iter().find(|name| c.nodes[name].quorum.is_none());
        if let Some(dead) = dead.filter(|_| dice.throw(15) == 0) {
            c.start(&dead);
        }
        c.check();
    }
    heal(&mut c)
}

/// Everybody is back, nothing is lost any more: one leader, one journal, and it takes facts.
fn heal<D: Disk>(c: &mut Cluster<D>) -> (usize, usize, usize) {
    (c.fuse, c.cuts) = (None, Default::default());
    for name in SITES.map(site) {
        if c.node(&name).quorum.is_none() {
            c.start(&name);
        }
    }
    c.drain();
    c.run(150);
    for _ in 0..300 {
        c.reseat();
        c.tick();
    }
    assert!(c.is_seated(), "whoever lost its disk is back");
    assert!(c.propose("the end"), "a leader");
    c.run(10);
    c.check();
    let told = c.facts(&site("london"));
    assert_eq!(told.last().unwrap(), "the end");
    for name in SITES {
        assert_eq!(c.facts(&site(name)), told, "{name}");
    }
    (told.len(), c.nodes.values().map(|node| node.restored).sum(), c.lost)
}

#[test]
fn same_index_same_bytes_on_all_sites() {
    let seeds = std::env::var("SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(60);
    let from = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let (mut agreed, mut restored, mut lost) = (0, 0, 0);
    for seed in from..from + seeds {
        eprintln!("seed {seed}");
        let (facts, snapshots, disks) = life(seed, cluster());
        (agreed, restored, lost) = (agreed + facts, restored + snapshots, lost + disks);
    }
    assert!(agreed > usize::try_from(seeds).unwrap() * 20, "the lives were lived: {agreed} facts");
    assert!(restored > 10, "{restored} snapshots");
    assert!(lost > usize::try_from(seeds).unwrap(), "{lost} lost disks");
    eprintln!("{agreed} facts, {restored} snapshots, {lost} lost disks");
}

/// The tables do what the model of a disk does: the same lives, on SQLite.
#[test]
fn the_same_on_real_disks() {
    for seed in 1..=3 {
        eprintln!("seed {seed}");
        let dir = TempDir::new().unwrap();
        let real = Cluster::new(seats(), |site| File::new(dir.path().join(format!("{site}.db"))));
        assert_eq!(life(seed, real), life(seed, cluster()));
    }
}
