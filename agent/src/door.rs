//! The door: every peer is greeted, and compared with what is agreed and remembered of it, before a word is taken.
//!
//! A disk that lost what it had promised could promise the opposite. So whoever comes with another disk than the
//! agreed one, or with less than was heard of it before, stays outside until a person lets it back in.

mod memory;
mod unfit;

pub use memory::Memory;
pub use unfit::Unfit;

use crate::quorum::{Mark, Quorum, Seats};
use serde::{Deserialize, Serialize};
use state::view::Member;
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

/// The first thing that is said to a peer, and the answer to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The speaker's disk.
    pub disk: Disk,
    /// How often an agent was started on it.
    pub starts: Starts,
    /// Where it was agreed that this disk is the speaker's, as far as it knows.
    pub named: Index,
    /// Whether it may vote.
    pub stand: Stand,
    /// The last entry of its journal.
    pub journal: Index,
    /// What each of its votes has come to.
    pub marks: Vec<Mark>,
    /// What is agreed of the listener, as far as the speaker knows.
    pub yours: Option<Member>,
    /// The newest life of the listener that the speaker knows of.
    pub life: Starts,
    /// Why the speaker takes nothing from the listener, and from which life of it.
    pub unfit: Option<(Boot, Unfit)>,
    /// Counts what the speaker says to the listener: a greeting may come late, and after a later one.
    pub n: u64,
    /// The last greeting of the listener that the speaker has heard: this one was said after it.
    pub echo: Option<(Boot, u64)>,
    /// Whether it waits for an answer.
    pub asks: Asks,
    /// Who sat where at the birth of the cluster, for a listener that has lost it.
    pub birth: Option<Seats>,
}

/// Whether a greeting waits for an answer. An answer never does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Asks {
    /// It does.
    Yes,
    /// It does not.
    No,
}

/// What is known of one peer.
#[derive(Clone, Debug, Default)]
struct Neighbour {
    /// The life that was let in.
    inside: Option<Boot>,
    /// The last greeting, and by which life.
    hello: Option<(Boot, Hello)>,
    memory: Memory,
    greeted: Option<Mono>,
    /// How many greetings it was sent.
    said: u64,
    /// How many of them when the memory was made: only what answers a later one was said after it.
    since: u64,
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
    pub named: Option<(Member, Starts)>,
    /// Whether it was judged at all: what is held against it may first have to be asked again.
    pub known: bool,
}

/// Everybody who may come, and oneself.
#[derive(Debug)]
pub struct Door {
    here: SiteId,
    own: Own,
    peers: BTreeMap<SiteId, Neighbour>,
}

impl Door {
    /// A door at which nobody has knocked. `remembered` is what this disk has kept of each peer.
    pub fn new(here: SiteId, own: Own, remembered: Vec<(SiteId, Vec<u8>)>) -> Self {
        let recall = |(site, bytes): (SiteId, Vec<u8>)| {
            // A memory that cannot be read is none: it protects, but nothing rests on it.
            let memory = postcard::from_bytes(&bytes).unwrap_or_default();
            (site, Neighbour { memory, ..Neighbour::default() })
        };
        Self { here, own, peers: remembered.into_iter().map(recall).collect() }
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

    /// Somebody is there who was not greeted in this life: greet again soon.
    pub fn stranger(&mut self, from: &SiteId, now: Mono) {
        let peer = self.peers.entry(from.clone()).or_default();
        if peer.greeted.is_some_and(|at| now.since(at) >= AGAIN / 4) {
            peer.greeted = None;
        }
    }

    /// Whether a greeting to a peer is due; it counts as said.
    pub fn greets(&mut self, to: &SiteId, now: Mono) -> bool {
        let peer = self.peers.entry(to.clone()).or_default();
        let pause = if peer.inside.is_some() { REFRESH } else { AGAIN };
        let due = peer.greeted.is_none_or(|at| now.since(at) >= pause);
        if due {
            peer.greeted = Some(now);
        }
        due
    }

    /// What is said to a peer.
    pub fn hello(&mut self, (to, asks): (&SiteId, Option<Asks>), view: &View, quorum: &Quorum) -> Hello {
        let known = self.peers.entry(to.clone()).or_default();
        known.said += 1;
        let (n, unknown) = (known.said, known.inside.is_none());

        let peer = self.peers.get(to);
        let said = peer.and_then(|peer| peer.hello.as_ref()).map(|(_, hello)| hello);
        let life = peer.and_then(|peer| peer.hello.as_ref()).map(|(boot, hello)| (*boot, hello.n));
        let unfit = said.and_then(|hello| self.judge(to, hello, view));
        let lost = said.is_some_and(|hello| hello.stand.outside().is_some());
        let heard = peer.map(|peer| peer.memory.starts).unwrap_or_default();
        Hello {
            disk: self.own.disk,
            starts: self.own.starts,
            named: self.named(view),
            stand: self.own.stand.clone(),
            journal: view.index,
            marks: quorum.marks(),
            yours: view.members.get(to).cloned(),
            life: view.life_of(to).max(heard),
            unfit: life.map(|(boot, _)| boot).zip(unfit),
            n,
            echo: life,
            asks: asks.unwrap_or(if unknown { Asks::Yes } else { Asks::No }),
            birth: (lost && self.own.stand == Stand::Inside).then(|| quorum.birth().clone()),
        }
    }

    /// A peer greets: is it the one that was agreed, and has it all that it had?
    ///
    /// `None` for a greeting that comes too late to mean anything.
    pub fn greeted(&mut self, from: &SiteId, (boot, hello): (Boot, Hello), view: &View) -> Option<Greeted> {
        let before = self.peers.get(from).and_then(|peer| peer.hello.as_ref());
        if before.is_some_and(|(life, said)| *life == boot && said.n >= hello.n) {
            return None;
        }
        let news = before.is_none_or(|(life, said)| *life != boot || said.stand != hello.stand);
        let unfit = self.judge(from, &hello, view);
        let accused = matches!(unfit, Some(Unfit::OtherDisk { .. } | Unfit::Less { .. }));
        if accused && !self.is_fresh(from, &hello) {
            // It may be older than what is remembered. Only an answer to what is asked now tells.
            return Some(Greeted { answer: Some(Asks::Yes), ..Greeted::default() });
        }
        let mut greeted = Greeted {
            answer: (news || hello.asks == Asks::Yes).then_some(Asks::No),
            leave: self.must_leave(from, &hello, self.named(view)),
            named: self.is_named(&hello),
            known: true,
            ..Greeted::default()
        };
        let peer = self.peers.entry(from.clone()).or_default();
        peer.inside = unfit.is_none().then_some(boot);
        if unfit.is_none() {
            let memory = peer.memory.with(&hello);
            if memory != peer.memory {
                greeted.keep = Some(plain(&memory));
                (peer.memory, peer.since) = (memory, peer.said);
            }
        }
        peer.hello = Some((boot, hello));
        greeted.unfit = unfit;
        Some(greeted)
    }

    /// Whether a greeting was said after all that is remembered of its speaker had been heard.
    fn is_fresh(&self, from: &SiteId, hello: &Hello) -> bool {
        let since = self.peers.get(from).map_or(0, |peer| peer.since);
        hello.echo.is_some_and(|(boot, n)| boot == self.own.boot && n > since)
    }

    fn judge(&self, from: &SiteId, hello: &Hello, view: &View) -> Option<Unfit> {
        if let Stand::Outside { why } = &hello.stand {
            return Some(Unfit::SaysSo { why: why.clone() });
        }
        let agreed = view.members.get(from);
        let known = agreed.map_or(Index(0), |member| member.at);
        // Whoever was named later than we have heard of cannot be judged by what we have heard.
        let later = hello.named > known;
        if let Some(member) = agreed.filter(|member| member.disk != hello.disk && !later) {
            return Some(Unfit::OtherDisk { agreed: member.disk, at: member.at });
        }
        let named = later || agreed.is_some();
        let memory =
            self.peers.get(from).map(|peer| &peer.memory).filter(|memory| **memory != Memory::default());
        match memory {
            Some(memory) if memory.disk == hello.disk => {
                if let Some(what) = memory.exceeds(hello) {
                    return Some(Unfit::Less { what });
                }
            }
            Some(memory) if !named => return Some(Unfit::OtherDisk { agreed: memory.disk, at: Index(0) }),
            Some(_) | None => {}
        }
        let blank = hello.stand == Stand::Newborn;
        (blank && view.index > Index(0)).then_some(Unfit::Unnamed)
    }

    /// A peer knows better than the own disk what the own disk had, unless it is behind.
    fn must_leave(&self, from: &SiteId, hello: &Hello, named: Index) -> Option<String> {
        if self.own.stand != Stand::Inside {
            return None;
        }
        let (_, unfit) = hello.unfit.as_ref().filter(|(boot, _)| *boot == self.own.boot)?;
        match unfit {
            Unfit::Less { what } => Some(format!(
                "this disk went back in time: {what}, as {from} remembers; was an image restored?"
            )),
            Unfit::OtherDisk { agreed, at } if *at >= named && *agreed != self.own.disk => {
                Some(format!("this is another disk than the one that {from} knows"))
            }
            Unfit::OtherDisk { .. } | Unfit::SaysSo { .. } | Unfit::Unnamed => None,
        }
    }

    fn is_named(&self, hello: &Hello) -> Option<(Member, Starts)> {
        let waits = self.own.stand != Stand::Inside && hello.stand == Stand::Inside;
        let member = hello.yours.as_ref().filter(|member| waits && member.disk == self.own.disk)?;
        Some((member.clone(), hello.life))
    }

    /// Where the own disk was named, as its journal or its peers tell.
    fn named(&self, view: &View) -> Index {
        let ours = |member: &&Member| member.disk == self.own.disk;
        let agreed = view.members.get(&self.here).filter(ours).map(|member| member.at);
        self.own.named.max(agreed.unwrap_or_default())
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
