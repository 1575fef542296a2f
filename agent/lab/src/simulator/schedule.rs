//! The faults of a run as plain data: what can go wrong, and what people do; a failure is shrunk by deleting some.

use super::carrier::Conduct;
use super::desk::Change;
use super::disk::Fuse;
use super::thief::Booty;

/// How many sites a town is born with.
pub const SITES: u64 = 4;

/// One fault, and when it strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// In milliseconds of true time.
    pub at: u64,
    /// What it is.
    pub what: What,
}

/// What can go wrong, and what people do. Durations are in milliseconds, sites are numbered as in the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The sites whose bit is set hear nothing of the others, nor the others of them.
    Partition { side: u8, lasts: u64 },
    /// Nothing gets from one site to another; the way back is open.
    OneWay { from: usize, to: usize, lasts: u64 },
    /// A site does not reach the carrier.
    NoCarrier { site: usize, lasts: u64 },
    /// On every link so many in a hundred are lost and doubled, and all are slow and overtake each other.
    Weather { lost: u64, doubled: u64, lasts: u64 },
    /// What one site says to another is lost, doubled and overtaken; the way back is as it was.
    Rough { from: usize, to: usize, lost: u64, doubled: u64, lasts: u64 },
    /// The next proposals that are said to a site are dropped.
    Dropped { site: usize, count: u64 },
    /// A site's own references are silent.
    Blind { site: usize, lasts: u64 },
    /// An agent dies, at once or at one of its next writes, and is started again.
    Crash { site: usize, down: u64, fuse: Option<Fuse> },
    /// A process is stopped; its machine's clock goes on.
    Freeze { site: usize, lasts: u64 },
    /// A machine is stopped, and its clock with it.
    Pause { site: usize, lasts: u64 },
    /// A PBX is dead.
    Pbx { site: usize, lasts: u64 },
    /// A PBX says that it takes no more calls.
    Drain { site: usize, lasts: u64 },
    /// A PBX is two seconds dead and two seconds alive, so many times.
    Flap { site: usize, times: u64 },
    /// What is said on a link arrives with bytes flipped, so many times.
    Garble { from: usize, to: usize, count: u64 },
    /// The carrier's front end that a site is led to shows what was there so many milliseconds ago.
    FrontEnd { site: usize, lag: u64, lasts: u64 },
    /// The carrier misbehaves.
    Carrier { conduct: Conduct, lasts: u64 },
    /// A person points a number somewhere at the carrier's portal: at a site, or at a stranger's place.
    Edit { number: usize, to: Option<usize> },
    /// A person saves another text in the policy file of a site.
    Save { site: usize, change: Change },
    /// A person orders something at a site.
    Order { site: usize, order: Order },
    /// A wall clock jumps.
    Wall { site: usize, by: i64 },
    /// An agent dies, and its disk is gone when it is started again.
    Wipe { site: usize, down: u64 },
    /// Somebody has what he needs to speak as a site.
    Steal { site: usize, booty: Booty },
    /// An agent dies, and a new machine is put in the place of the one that is gone: nothing on it tells of another.
    Replace { site: usize, down: u64 },
    /// Two agents die at once, and both disks are gone when they are started again.
    WipeBoth { one: usize, other: usize, down: u64 },
    /// Somebody takes an image of a disk, so many writes later: also between two writes of one turn.
    Image { site: usize, writes: u32 },
    /// An agent dies, and is started again on the last image of its disk: whatever was written after it is gone, as
    /// after a log that is torn there.
    Restore { site: usize, down: u64 },
    /// Something befalls an agent now.
    Now { deed: Deed },
    /// Something befalls an agent at the next such moment.
    Ambush { when: When, deed: Deed },
}

/// What a kind of misfortune is called: the variant, without what it carries.
pub fn kind(of: &impl std::fmt::Debug) -> String {
    format!("{of:?}").split([' ', '(']).next().unwrap_or_default().to_owned()
}

/// A moment that is too short to be hit by chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The leader is about to think about a route whose time has come.
    Deciding,
    /// An executor's session stands, and it is about to ask.
    Asking,
    /// The intent was agreed, and its executor has not read the number yet.
    Going,
    /// The executor has looked at the clock for the last time, and has not written yet.
    Writing,
    /// The carrier has applied the write, and its answer is on its way.
    Answering,
    /// Two majorities have just begun to count, because the votes change; whoever leads is the executor of that.
    Reseating,
}

/// What befalls whom then. Durations are in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// The agent dies.
    Crash { whom: Whom, down: u64 },
    /// It dies at one of its next writes.
    Fuse { whom: Whom, fuse: Fuse },
    /// Nothing that it says arrives, but at one site: what it puts into its log may come to life again there.
    Mute { whom: Whom, but: usize, lasts: u64 },
    /// Nothing gets to it or away from it, but it reaches the carrier.
    Isolate { whom: Whom, lasts: u64 },
    /// The process is stopped.
    Freeze { whom: Whom, lasts: u64 },
    /// The machine is.
    Pause { whom: Whom, lasts: u64 },
    /// The write is on its way when its connection is lost: it arrives as late as that can be, or never.
    Strand,
    /// A person orders something at the leader.
    Order { order: Order },
    /// A person points a number somewhere at the carrier's portal.
    Edit { number: usize, to: Option<usize> },
}

/// Whom it befalls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// The site that leads.
    Leader,
    /// The site that writes; the leader while nobody is about to.
    Executor,
}

/// What people order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// A hold, in milliseconds.
    Hold { lasts: u64 },
    /// Manual.
    Manual,
    /// Auto, and what was latched or held is resumed.
    Auto,
    /// A site shall have the route.
    Claim { to: usize },
    /// The same, and if nobody agrees, the person does it alone from there.
    Alone { to: usize },
    /// The newest incident is acknowledged.
    Ack,
    /// The bundle of a site is revoked: it is in wrong hands.
    Revoke { which: usize },
    /// The site is let in with its next bundle.
    Trust { which: usize },
    /// A site whose disk was lost is let back in.
    Readmit { which: usize },
}
