//! The door: every peer is greeted, and compared with what is agreed and remembered of it, before a word is taken.
//!
//! A disk that lost what it had promised could promise the opposite. So whoever comes with another disk than the
//! agreed one, or with less than was heard of it before, stays outside until a person lets it back in.

mod hello;
mod memory;
#[cfg(test)]
mod tests;
mod unfit;
mod word;

pub use hello::{Asks, Hello, Said};
use memory::Held;
pub use memory::{Kept, Memory};
pub use unfit::Unfit;
pub use word::Admission;

use crate::quorum::{Mark, Quorum, Seats};
use crate::relay::Sealed;
use serde::{Deserialize, Serialize};
use state::{Boot, Disk, Index, Mono, SiteId, Starts, View};
use std::collections::BTreeMap;
use std::time::Duration;

/// Under this key a store keeps the number of its disk, eight bytes, the greatest first.
pub const DISK: &str = "disk";
/// Why the disk may not vote, in words; absent while it may.
pub const OUTSIDE: &str = "outside";
/// Which votes the disk has; see [`Named`].
pub const NAMED: &str = "named";

/// Who sat where before the first entry of all logs.
pub const BIRTH: &str = "birth";
/// How often an agent was started on the disk, eight bytes, the greatest first.
pub const STARTS: &str = "starts";

/// The bytes under which a value of ours is kept.
pub fn plain(value: &impl Serialize) -> Vec<u8> {
    postcard::to_stdvec(value).expect("names and numbers can always be written")
}

/// Under which key the most that was heard of a peer is kept.
pub fn heard(of: &SiteId) -> String {
    format!("heard:{of}")
}

/// How soon a greeting is repeated to whoever was not let in yet.
const AGAIN: Duration = Duration::from_secs(1);
/// How many greetings of one peer are heard in that time: two are usual, and a few more while it starts.
const CROWD: u32 = 20;
/// How often whoever is inside is told how far we have come: what it remembers of us is at most this old.
const REFRESH: Duration = Duration::from_secs(10);

/// Whether a site may vote, as its own disk tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stand {
    /// It may.
    Inside,
    /// Its disk is new, and nobody has named it yet.
    Newborn,
    /// It lost what it had promised, or may have.
    Outside {
        /// Why, in words.
        why: String,
    },
}

impl Stand {
    /// Why the site is outside, if it is.
    pub fn outside(&self) -> Option<String> {
        match self {
            Self::Outside { why } => Some(why.clone()),
            Self::Inside | Self::Newborn => None,
        }
    }
}

/// The votes that a disk was given, kept on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// Where that was agreed; 0 at the birth of the cluster.
    pub at: Index,
    /// Their ids.
    pub raft_ids: Vec<u64>,
}

impl Named {
    /// The bytes to be kept.
    pub fn to_bytes(&self) -> Vec<u8> {
        plain(self)
    }

    /// What was kept; `None` if it is unreadable, as if nobody had ever been named.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes(bytes).ok()
    }
}

/// What a site knows of itself when it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// Names this life.
    pub boot: Boot,
    /// Its disk.
    pub disk: Disk,
    /// How often an agent was started on it.
    pub starts: Starts,
    /// Where it was agreed that this disk is the site's; 0 before.
    pub named: Index,
    /// Whether it may vote.
    pub stand: Stand,
}

/// What is known of one peer.
#[derive(Clone, Debug, Default)]
struct Neighbour {
    /// The life that was let in.
    inside: Option<Boot>,
    /// The last greeting, and by which life.
    hello: Option<(Boot, Hello)>,
    /// What this disk keeps of it.
    kept: Kept,
    greeted: Option<Mono>,
    /// Since when its greetings are counted, and how many came since.
    crowd: Option<(Mono, u32)>,
    /// How many greetings it was sent.
    said: u64,
    /// How many of them when the memory was made: only what answers a later one was said after it.
    since: u64,
}

impl Neighbour {
    /// Keeps the most that was heard of it; gives the bytes for the own disk, if that is more than was kept.
    fn remember(&mut self, (hello, sealed): (&Hello, Sealed)) -> Option<Vec<u8>> {
        let memory = self.kept.memory.with(hello);
        // A greeting that carries another one would be carried on in turn, and grow each time.
        if memory == self.kept.memory || hello.proof.is_some() {
            return None;
        }
        self.kept = Kept { memory, proof: Some(sealed) };
        self.since = self.said;
        Some(plain(&self.kept))
    }
}

/// What a greeting amounts to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Greeted {
    /// Why nothing is taken from the peer, if it is so.
    pub unfit: Option<Unfit>,
    /// What must be kept on disk before the peer is let in: the most that was heard of it.
    pub keep: Option<Vec<u8>>,
    /// The peer is to be answered, or asked again.
    pub answer: Option<Asks>,
    /// Why this site must go outside, if the peer knows better than its own disk.
    pub leave: Option<String>,
    /// The name that was agreed for this site's disk, if that is news.
    pub named: Option<Admission>,
    /// Whether it was judged at all: what is held against it may first have to be asked again.
    pub known: bool,
}

/// Whether there was anything to forget of a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forgotten {
    /// There was, and it is gone.
    Now,
    /// Nothing was known.
    Before,
}

/// Everybody who may come, and oneself.
#[derive(Debug)]
pub struct Door {
    here: SiteId,
    own: Own,
    /// What the own disk held when this life began: what an earlier life said of it is held against this, because
    /// what is heard later may make good what went back.
    began: Held,
    /// The last entry of the own journal; its fold stops before it where an entry cannot be read.
    journal: Index,
    peers: BTreeMap<SiteId, Neighbour>,
}

impl Door {
    /// A door at which nobody has knocked. `remembered` is what this disk has kept of each peer.
    pub fn new(here: SiteId, own: Own, remembered: Vec<(SiteId, Vec<u8>)>) -> Self {
        let recall = |(site, bytes): (SiteId, Vec<u8>)| {
            // A memory that cannot be read is none: it protects, but nothing rests on it.
            let kept = Kept::from_bytes(&bytes).unwrap_or_default();
            (site, Neighbour { kept, ..Neighbour::default() })
        };
        let peers = remembered.into_iter().map(recall).collect();
        Self { here, own, began: Held::default(), journal: Index(0), peers }
    }

    /// A life begins, with a journal that ends here.
    pub fn begin(&mut self, journal: Index, quorum: &Quorum) {
        self.journal = journal;
        self.began = self.holds(quorum);
    }

    /// The own journal is on disk up to here.
    pub fn journaled(&mut self, upto: Index) {
        self.journal = upto;
    }

    fn holds(&self, quorum: &Quorum) -> Held {
        Held { journal: self.journal, marks: quorum.marks() }
    }

    /// What this site knows of itself.
    pub fn own(&self) -> &Own {
        &self.own
    }

    /// The own disk was named, or began to vote at the birth of the cluster.
    pub fn come_in(&mut self, named: Index) {
        self.own.named = named;
        self.own.stand = Stand::Inside;
    }

    /// Whether what this life of a peer says is taken.
    pub fn lets_in(&self, from: &SiteId, boot: Boot) -> bool {
        self.own.stand == Stand::Inside && self.peers.get(from).is_some_and(|peer| peer.inside == Some(boot))
    }

    /// Forgets a peer as if it had never been heard.
    pub fn forget(&mut self, site: &SiteId) -> Forgotten {
        let known = self.peers.insert(site.clone(), Neighbour::default());
        let heard = known.is_some_and(|known| known.hello.is_some() || known.kept != Kept::default());
        if heard { Forgotten::Now } else { Forgotten::Before }
    }

    /// Somebody is there who was not greeted in this life: greet again soon.
    pub fn stranger(&mut self, from: &SiteId, now: Mono) {
        let peer = self.peers.entry(from.clone()).or_default();
        if peer.greeted.is_some_and(|at| now.since(at) >= AGAIN / 4) {
            peer.greeted = None;
        }
    }

    /// Whether a greeting to a peer is due; it counts as said.
    pub fn greets(&mut self, to: &SiteId, now: Mono) -> bool {
        let peer = match self.peers.get_mut(to) {
            Some(peer) => peer,
            None => self.peers.entry(to.clone()).or_default(),
        };
        let pause = if peer.inside.is_some() { REFRESH } else { AGAIN };
        let due = peer.greeted.is_none_or(|at| now.since(at) >= pause);
        if due {
            peer.greeted = Some(now);
        }
        due
    }

    /// Whether a peer greets more often than anybody has reason to: every greeting costs the look at a signature.
    pub fn is_crowded(&mut self, from: &SiteId, now: Mono) -> bool {
        let peer = self.peers.entry(from.clone()).or_default();
        let (since, count) = peer.crowd.filter(|(since, _)| now.since(*since) < AGAIN).unwrap_or((now, 0));
        peer.crowd = Some((since, count.saturating_add(1)));
        count >= CROWD
    }

    /// What is said to a peer.
    pub fn hello(&mut self, (to, asks): (&SiteId, Option<Asks>), view: &View, quorum: &Quorum) -> Hello {
        let known = self.peers.entry(to.clone()).or_default();
        known.said += 1;
        let (n, unknown) = (known.said, known.inside.is_none());

        let peer = self.peers.get(to);
        let said = peer.and_then(|peer| peer.hello.as_ref()).map(|(_, hello)| hello);
        let life = peer.and_then(|peer| peer.hello.as_ref()).map(|(boot, hello)| (*boot, hello.n));
        let unfit = said.and_then(|hello| self.judge(to, hello, (view, quorum.seats())));
        let less = matches!(unfit, Some(Unfit::Less { .. }));
        let proof = peer.and_then(|peer| peer.kept.proof.clone()).filter(|_| less).map(Box::new);
        // Whoever is new may have come to a cluster that was born with other seats than its policy has.
        let lost = said.is_some_and(|hello| hello.stand != Stand::Inside);
        let heard = peer.map(|peer| peer.kept.memory.starts).unwrap_or_default();
        Hello {
            disk: self.own.disk,
            starts: self.own.starts,
            named: self.named(view),
            stand: self.own.stand.clone(),
            journal: self.journal,
            marks: quorum.marks(),
            members: view.members.iter().map(|(site, member)| (site.clone(), member.clone())).collect(),
            seated: quorum.seats().seated(),
            life: view.life_of(to).max(heard),
            unfit: life.map(|(boot, _)| boot).zip(unfit),
            proof,
            n,
            echo: life,
            asks: asks.unwrap_or(if unknown { Asks::Yes } else { Asks::No }),
            birth: (lost && self.own.stand == Stand::Inside).then(|| quorum.birth().clone()),
        }
    }

    /// A peer greets: is it the one that was agreed, and has it all that it had?
    ///
    /// `None` for a greeting that comes too late to mean anything.
    pub fn greeted(&mut self, from: &SiteId, said: Said, (view, seats): (&View, &Seats)) -> Option<Greeted> {
        let Said { boot, hello, sealed } = said;
        let before = self.peers.get(from).and_then(|peer| peer.hello.as_ref());
        if before.is_some_and(|(life, said)| *life == boot && said.n >= hello.n) {
            return None;
        }
        let news = before.is_none_or(|(life, said)| *life != boot || said.stand != hello.stand);
        let unfit = self.judge(from, &hello, (view, seats));
        let accused = matches!(unfit, Some(Unfit::OtherDisk { .. } | Unfit::Less { .. }));
        if accused && !self.is_fresh(from, &hello) {
            // It may be older than what is remembered. Only an answer to what is asked now tells.
            return Some(Greeted { answer: Some(Asks::Yes), ..Greeted::default() });
        }
        let answer = (news || hello.asks == Asks::Yes).then_some(Asks::No);
        let peer = self.peers.entry(from.clone()).or_default();
        peer.inside = unfit.is_none().then_some(boot);
        let keep = if unfit.is_none() { peer.remember((&hello, sealed)) } else { None };
        peer.hello = Some((boot, hello));
        let (leave, named) = (self.sent_away(view, seats), self.admission(view, seats));
        Some(Greeted { unfit, keep, answer, leave, named, known: true })
    }

    /// Whether a greeting was said after all that is remembered of its speaker had been heard.
    fn is_fresh(&self, from: &SiteId, hello: &Hello) -> bool {
        let since = self.peers.get(from).map_or(0, |peer| peer.since);
        hello.echo.is_some_and(|(boot, n)| boot == self.own.boot && n > since)
    }

    fn judge(&self, from: &SiteId, hello: &Hello, (view, seats): (&View, &Seats)) -> Option<Unfit> {
        if let Stand::Outside { why } = &hello.stand {
            return Some(Unfit::SaysSo { why: why.clone() });
        }
        let agreed = view.members.get(from);
        let known = agreed.map_or(Index(0), |member| member.at);
        // Whoever was named later than we have heard of cannot be judged by what we have heard; but that it was
        // named later must another say as well.
        let later = hello.named > known && (agreed.is_none() || self.vouched(from, hello));
        if let Some(member) = agreed.filter(|member| member.disk != hello.disk && !later) {
            return Some(Unfit::OtherDisk { agreed: member.disk, at: member.at });
        }
        let named = later || agreed.is_some();
        let blank = hello.stand == Stand::Newborn;
        // Whoever has no seat has left, and its name is free: what its disk had come to binds no other.
        let freed = blank && seats.of(from).is_err();
        let memory = self.peers.get(from).map(|peer| &peer.kept.memory);
        match memory.filter(|memory| **memory != Memory::default()) {
            Some(memory) if memory.disk == hello.disk => {
                if let Some(what) = memory.exceeds(&Memory::of(hello)) {
                    return Some(Unfit::Less { what });
                }
            }
            Some(memory) if !named && !freed => {
                return Some(Unfit::OtherDisk { agreed: memory.disk, at: Index(0) });
            }
            Some(_) | None => {}
        }
        (blank && view.index > Index(0)).then_some(Unfit::Unnamed)
    }

    /// At the birth of a cluster: the others that are here and have nothing; `None` as soon as one has something,
    /// because then the cluster is born already.
    pub fn all_blank(&self) -> Option<Vec<SiteId>> {
        let mut blank = Vec::new();
        for (site, peer) in &self.peers {
            let Some((_, hello)) = &peer.hello else { continue };
            let empty = hello.journal == Index(0) && hello.marks.iter().all(Mark::is_blank);
            match hello.stand {
                Stand::Newborn | Stand::Inside if empty => blank.push(site.clone()),
                Stand::Newborn | Stand::Inside | Stand::Outside { .. } => return None,
            }
        }
        Some(blank)
    }
}
