//! Everything outside the agents of a story: the carrier, the links, the mail under way, and disks.

use super::deeds::Deeds;
use super::world::TRIP;
use agent::command::{Answer, Telling};
use agent::event::{Event, Point};
use agent::frame::{Body, Frame};
use agent::quorum::VoterState;
use agent::relay::Sealed;
use agent::store::JournalRow;
use state::alone::AloneEntry;
use state::fact::Was;
use state::{Boot, Destination, Index, Number, SiteId, Stamp};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What the carrier does with a SET or a login.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Carrier {
    #[default]
    Well,
    /// No login, no reading.
    Mute,
    /// The SET is applied, but nobody hears of it.
    Swallows,
    /// Every answer takes a second and a half: the SET leaves late within its window, unless it is revoked.
    Slow,
    /// The SET is applied, but its sender was stopped before it: it left after its window, and that is noticed.
    Late,
    /// The SET is lost or comes late: nothing is applied, and nobody hears of it.
    Drops,
}

/// What is under way to a site: a frame, or the end of something that it ordered.
pub enum Mail {
    Frame { from: SiteId, frame: Frame },
    Event(Event),
    Point(Point),
}

/// One SET that reached the carrier.
#[derive(Clone, Debug)]
pub struct Set {
    pub at: Duration,
    pub by: SiteId,
    pub number: Number,
    pub to: Destination,
    pub fence: Index,
    /// Whether the process that sent it lived to hear the carrier's answer.
    pub heard: Heard,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    Never,
    Answer,
}

/// Whom the carrier's signalling answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shyness {
    /// Whoever asks.
    #[default]
    Everybody,
    /// The PBXs that it knows: their agents are strangers to it.
    KnownPbxsAlone,
}

/// Everything outside the agents.
#[derive(Default)]
pub struct Outside {
    pub now: Duration,
    pub post: BTreeMap<(Duration, u64), (SiteId, Boot, Mail)>,
    pub posted: u64,
    pub shows: BTreeMap<Number, Destination>,
    pub carrier: Carrier,
    pub missing: BTreeSet<SiteId>,
    /// Services that answer nobody, while their sites live.
    pub failed: BTreeSet<String>,
    pub cut: BTreeSet<SiteId>,
    /// What hands find when they look at everything a site leans on.
    pub sights: Vec<agent::live::Sight>,
    /// Nothing gets from the one to the other.
    pub apart: BTreeSet<(SiteId, SiteId)>,
    /// A relay that forges the words of a site, and repeats what it once passed on of them.
    pub hostile: Option<(SiteId, SiteId)>,
    /// What relays passed on last, and to whom.
    pub passed: Vec<(SiteId, Frame)>,
    pub forged: u64,
    pub sets: Vec<Set>,
    pub told: Vec<(Duration, SiteId, Telling)>,
    pub answers: BTreeMap<u64, Answer>,
    pub looks: Vec<Duration>,
    /// The kinds of frames that were sent, and the attempts that were revoked.
    pub sent: BTreeSet<&'static str>,
    pub revoked: BTreeSet<Index>,
    /// Sites whose link loses the next frame of this kind.
    pub lose: BTreeSet<&'static str>,
    /// The site whose wall clock is a minute ahead.
    pub ahead: Option<SiteId>,
    /// The site whose agent tells a cluster time two hours ahead.
    pub rushing: Option<SiteId>,
    /// Sites that others reach with three questions of ten lost, in no order that anybody could foresee.
    pub lossy: BTreeSet<SiteId>,
    pub dice: u64,
    /// Sites that the carrier's signalling does not answer.
    pub deaf: BTreeSet<SiteId>,
    /// Whom the addresses answer that calls come from.
    pub shy: Shyness,
    /// Sites that the carrier's interface does not answer.
    pub barred: BTreeSet<SiteId>,
    /// Sites whose own references do not answer.
    pub blind: BTreeSet<SiteId>,
    /// Sites whose kernels let them ask nobody.
    pub unable: BTreeSet<SiteId>,
    /// Kinds of frames that no link carries.
    pub hushed: BTreeSet<String>,
    /// Sites whose agents say that they can read no schema beyond this one.
    pub older: BTreeMap<SiteId, u16>,
    /// The versions of edits that anybody told to be in force.
    pub edits: BTreeSet<String>,
    /// What commands do, and did.
    pub deeds: Deeds,
    /// The site that shows another journal than the others'.
    pub rewritten: Option<SiteId>,
}

impl Outside {
    /// Whether something gets from one site to another.
    pub fn carries(&self, from: &SiteId, to: &SiteId) -> bool {
        let whole = |site| !self.cut.contains(site);
        whole(from) && whole(to) && !self.apart.contains(&(from.clone(), to.clone()))
    }

    /// The answer to a SET has arrived where it was waited for.
    pub fn hear(&mut self, event: &Event) {
        let Event::Executed { fence, report } = event else { return };
        let answered = report.was == Was::Right;
        for set in self.sets.iter_mut().filter(|set| answered && set.fence == *fence) {
            set.heard = Heard::Answer;
        }
    }

    /// Three times of ten.
    pub fn lost(&mut self) -> bool {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.dice >> 33) % 10 < 3
    }

    /// The hostile relay says again what its victim once said, as it was, and under numbers that are not used up.
    pub fn forge(&mut self) {
        let Some((relay, victim)) = self.hostile.clone() else { return };
        for (to, frame) in self.passed.clone() {
            let Body::Relayed(sealed) = &frame.body else { continue };
            if sealed.from != victim {
                continue;
            }
            self.forged += 1;
            let fresh = Sealed { n: sealed.n + 1_000_000 + self.forged, ..(**sealed).clone() };
            let fresh = Frame { stamp: None, boot: frame.boot, body: Body::Relayed(Box::new(fresh)) };
            for frame in [frame, fresh] {
                self.post(TRIP, (&to, Boot(0)), Mail::Frame { from: relay.clone(), frame });
            }
        }
    }

    pub fn post(&mut self, after: Duration, to: (&SiteId, Boot), mail: Mail) {
        self.posted += 1;
        self.post.insert((self.now + after, self.posted), (to.0.clone(), to.1, mail));
    }
}

#[derive(Clone, Default)]
pub struct Disk {
    pub voters: Vec<VoterState>,
    pub rows: Vec<JournalRow>,
    pub led: Option<Stamp>,
    pub alone: Vec<(u64, AloneEntry)>,
    pub kept: BTreeMap<String, Vec<u8>>,
    pub starts: u64,
    /// Which machine of the site it is in, from 0: each has a disk of its own name.
    pub machine: u64,
    /// Which bundle lies beside it: a site may get another one.
    pub bundle: u32,
    /// The policy file, and the edits beside it.
    pub file: Option<String>,
    pub aside: Vec<String>,
    /// How many disks of this site were lost before this one.
    pub lost: u64,
    /// Why the file cannot be written, if it cannot.
    pub unwritable: Option<String>,
}
