//! One turn: think, record, agree, send, act; the order is fixed here and nowhere else.

mod greeting;
mod lacking;
mod page;
mod passing;
mod recording;
mod sitting;

use crate::cluster_clock::ClusterClock;
use crate::command::{Command, Telling};
use crate::door::Door;
use crate::event::{Asker, Effect, Event, Keep, Output, Reign, Standing};
use crate::frame::{Body, Frame};
use crate::gaps::{Fetch, Gaps, Missing};
use crate::node::{Folding, Node};
use crate::policy_file::MARKS;
use crate::quorum::{self, Batch, Quorum, Refused, Written};
use crate::relay::{Relay, Seal, Sealed};
use crate::seldom::Seldom;
use crate::store::{JournalRow, Page};
use state::fact::{Entry, Fact, Origin};
use state::{Boot, Fingerprint, Index, Mono, Now, SiteId, Stamp, View, codec};
use std::collections::{BTreeMap, VecDeque};
use std::mem::{Discriminant, discriminant};
use std::time::Duration;

/// What a turn is done to: a disk, links and hands; or their likeness in simulated time.
pub trait World {
    /// Why the disk gave up. It is never tried again: the process ends.
    type Error;

    /// Writes both Readys of a site in one transaction; nothing is sent before it has returned.
    fn commit(&mut self, batch: Batch) -> Result<Written, Self::Error>;
    /// Appends agreed facts to the journal.
    fn append(&mut self, rows: &[JournalRow]) -> Result<(), Self::Error>;
    /// Notes that a snapshot took the place of facts that the journal lacks.
    fn note_gap(&mut self, upto: Index, view: &View) -> Result<(), Self::Error>;
    /// The first part of the journal that is missing.
    fn missing(&mut self) -> Result<Option<Missing>, Self::Error>;
    /// The next facts after an index, up to another one; `None` if they are not all here.
    fn facts(&mut self, fetch: Fetch) -> Result<Option<Vec<JournalRow>>, Self::Error>;
    /// The next facts after an index for whoever reads the journal, gaps or not.
    fn page(&mut self, after: Index) -> Result<Page, Self::Error>;
    /// Fills the first gap of the journal.
    fn fill(&mut self, missing: &Missing, rows: &[JournalRow]) -> Result<(), Self::Error>;
    /// Remembers that somebody leads, at this time of the machine's wall clock.
    fn keep_led(&mut self, at: Stamp) -> Result<(), Self::Error>;
    /// Keeps small local facts, in one transaction.
    fn keep(&mut self, facts: &[(String, Vec<u8>)]) -> Result<(), Self::Error>;
    /// Adds a line to the table of claims alone.
    fn keep_alone(&mut self, n: u64, bytes: &[u8]) -> Result<(), Self::Error>;
    /// Hands a frame to a link.
    fn send(&mut self, to: &SiteId, frame: Frame);
    /// Signs a frame that another site shall pass on; `None` if this site cannot sign.
    fn seal(&mut self, sealed: &Sealed) -> Option<Seal>;
    /// By which key the origin of a sealed frame signed it for this cluster; else what is wrong with the seal.
    fn check(&mut self, sealed: &Sealed) -> Result<Fingerprint, String>;
    /// Hands an order to the hands.
    fn act(&mut self, effect: Effect);
    /// Tells whoever follows.
    fn tell(&mut self, telling: Telling);
}

/// Both clocks of the machine, read once per turn.
#[derive(Clone, Copy, Debug)]
pub struct Clocks {
    /// For waiting.
    pub mono: Mono,
    /// The wall clock, which may be wrong.
    pub wall: Stamp,
}

/// What can begin a turn.
#[derive(Debug)]
pub enum Input {
    /// Raft's tick.
    Tick,
    /// A peer said something.
    Frame { from: SiteId, frame: Frame },
    /// Anything that the node takes as it is.
    Event(Event),
}

/// One agent with its quorum, on some world.
pub struct Turn<W> {
    here: SiteId,
    node: Node,
    quorum: Quorum,
    door: Door,
    clock: ClusterClock,
    world: W,
    standing: Standing,
    /// Whether cluster time was known when that was found.
    knows: bool,
    /// The wall clocks that the node was last told to be astray.
    astray: BTreeMap<SiteId, Duration>,
    /// What the journal lacks; `None` until it was looked up.
    gaps: Option<Gaps>,
    /// Raft messages that were not taken, by who carried them and why.
    refused: Seldom<(SiteId, Discriminant<Refused>)>,
    /// Sites that told a time which was not followed.
    rushing: Seldom<SiteId>,
    relay: Relay,
    /// The detours that the node was last told of.
    detours: BTreeMap<SiteId, SiteId>,
    /// The other sites of the policy, as they were when clock and ways last followed them.
    others: Vec<SiteId>,
    events: VecDeque<Event>,
    /// When the node last wanted to come back.
    wake_at: Option<Mono>,
    boot: Boot,
    /// Its disk stands for another agent from here on: this one says nothing more.
    anew: Anew,
}

/// Whether an agent goes on with what it read from its disk when it started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anew {
    /// It does.
    GoesOn,
    /// It lost its votes, or was given new ones: whoever drives it starts it again from its disk.
    Begins,
}

impl<W: World> Turn<W> {
    /// Puts an agent together.
    pub fn new(
        here: SiteId,
        (node, quorum, mut door): (Node, Quorum, Door),
        clock: ClusterClock,
        world: W,
    ) -> Self {
        door.begin(quorum.applied().max(node.view().index), &quorum);
        let relay = Relay::new(here.clone(), node.identity().starts, quorum.sites());
        let boot = node.identity().boot;
        Self {
            here,
            node,
            quorum,
            door,
            clock,
            world,
            standing: Standing::default(),
            knows: false,
            astray: BTreeMap::new(),
            gaps: None,
            refused: Seldom::default(),
            rushing: Seldom::default(),
            relay,
            detours: BTreeMap::new(),
            others: Vec::new(),
            events: VecDeque::new(),
            wake_at: None,
            boot,
            anew: Anew::GoesOn,
        }
    }

    /// Whether the agent must be started again from its disk.
    pub fn begins(&self) -> Anew {
        self.anew
    }

    /// What the agent remembers.
    pub fn view(&self) -> &View {
        self.node.view()
    }

    /// What Raft says about leadership, as the node knows it.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// The world it works on.
    pub fn world(&mut self) -> &mut W {
        &mut self.world
    }

    /// One turn: everything that the input means, to its end. Returns when to come back at the latest.
    pub fn take(&mut self, input: Input, clocks: Clocks) -> Result<Option<Mono>, W::Error> {
        if self.anew == Anew::Begins {
            return Ok(None);
        }
        self.clock.see_wall(&self.here, clocks.wall, clocks.mono);
        if self.gaps.is_none() {
            self.look_for_gaps()?;
        }
        let ticked = matches!(input, Input::Tick);
        match input {
            Input::Tick => self.tick(clocks)?,
            Input::Frame { from, frame } => {
                self.relay.heard(&from, clocks.mono);
                self.hear(&from, frame, clocks)?;
            }
            Input::Event(Event::Asked { asker: Asker { id, .. }, command: Command::Journal { after } }) => {
                self.show_page(id, after, clocks)?;
            }
            Input::Event(event) => {
                if let Event::ClockGap { .. } = event {
                    self.quorum.step_down();
                }
                self.events.push_back(event);
            }
        }
        // What only the turn took note of changes nothing about when to come back.
        let mut wake_at = if self.events.is_empty() { self.wake_at } else { None };
        self.record(clocks)?;
        while self.anew == Anew::GoesOn
            && let Some(event) = self.events.pop_front()
        {
            let now = Now { mono: clocks.mono, stamp: self.clock.now(clocks.mono) };
            let out = self.node.step(event, now);
            wake_at = wake_at.into_iter().chain(out.wake_at).min();
            self.carry_out(out, clocks)?;
        }
        self.wake_at = wake_at;
        if ticked && self.anew == Anew::GoesOn {
            // Last: whoever was sent something in this turn need not be told besides that this link lives.
            self.say_ways(clocks);
        }
        Ok(wake_at)
    }

    /// A tenth of a second has passed: what is due by itself.
    fn tick(&mut self, clocks: Clocks) -> Result<(), W::Error> {
        self.greet(clocks)?;
        self.forget_revoked()?;
        self.take_votes()?;
        if !self.node.others().eq(&self.others) {
            self.follow_seats();
        }
        self.quorum.tick();
        if self.quorum.owes_snapshot() {
            self.compact(quorum::KEEP);
        }
        if self.standing.reign != Reign::Following {
            self.clock.slew(clocks.mono);
        }
        let by = self.clock.all_astray(clocks.mono);
        if by != self.astray {
            self.astray.clone_from(&by);
            self.events.push_back(Event::Astray { by });
        }
        self.events.push_back(Event::Tick);
        self.look_for_ways(clocks);
        Ok(())
    }

    fn hear(&mut self, from: &SiteId, frame: Frame, clocks: Clocks) -> Result<(), W::Error> {
        if self.node.shuns(from) {
            return Ok(());
        }
        if let Body::Hello(sealed) = frame.body {
            return self.knocked(from, *sealed, clocks);
        }
        if !self.door.lets_in(from, frame.boot) {
            self.door.stranger(from, clocks.mono);
            return Ok(());
        }
        if let Some(stamp) = frame.stamp {
            self.learn_time((from, stamp), clocks);
        }
        let body = match frame.body {
            Body::Raft(messages) => {
                for message in messages {
                    if let Err(refused) = self.quorum.step(from, message)
                        && let Some(more) =
                            self.refused.due((from.clone(), discriminant(&refused)), clocks.mono)
                    {
                        tracing::warn!("a message of {from} is dropped: {refused} ({more} more unsaid)");
                    }
                }
                Body::Raft(Vec::new())
            }
            Body::Pulse(pulse) => {
                self.clock.see_wall(from, pulse.wall, clocks.mono);
                self.reached(from, pulse.journal.0, clocks);
                self.relay.told(from, &pulse.hears, clocks.mono);
                Body::Pulse(pulse)
            }
            Body::Fetch(fetch) => return self.hand_out(from, fetch, clocks),
            Body::Fetched(page) => return self.fetched(from, page, clocks),
            // These two are between the turns; the node hears of them what it must know.
            Body::Hears { sites } => {
                self.relay.told(from, &sites, clocks.mono);
                return Ok(());
            }
            Body::Relayed(sealed) => return self.relayed(from, *sealed, clocks),
            other @ (Body::Propose { .. }
            | Body::Prepare(_)
            | Body::Unready { .. }
            | Body::Ask { .. }
            | Body::Look(_)
            | Body::Looked { .. }
            | Body::See(_)
            | Body::Seen { .. }
            | Body::Wrong { .. }
            | Body::Revoke { .. }
            | Body::Hello(_)
            | Body::Declined { .. }) => other,
        };
        self.events.push_back(Event::Heard { from: from.clone(), body });
        Ok(())
    }

    /// A peer tells the time of the cluster.
    fn learn_time(&mut self, (from, stamp): (&SiteId, Stamp), clocks: Clocks) {
        if self.standing.leader.as_ref() == Some(from) {
            self.clock.follow(stamp, clocks.mono);
        } else if let Err(ahead) = self.clock.hear((from, stamp), clocks.wall, clocks.mono)
            && let Some(more) = self.rushing.due(from.clone(), clocks.mono)
        {
            let by = ahead.as_secs();
            tracing::warn!("the cluster time of {from} is {by}s ahead and not followed ({more} more unsaid)");
        }
    }

    fn carry_out(&mut self, out: Output, clocks: Clocks) -> Result<(), W::Error> {
        let Output { keep, propose, hand_over, reseat, send, act, tell, wake_at: _ } = out;
        for keep in keep {
            self.keep(&keep, clocks.wall)?;
        }
        for (origin, fact) in propose {
            self.propose(origin, fact, clocks.mono);
        }
        if let Some(site) = hand_over {
            match self.quorum.transfer(&site) {
                Ok(()) => tracing::info!("leadership is handed to {site}, where no calls are"),
                Err(why) => tracing::debug!("leadership stays: {why}"),
            }
        }
        if let Some(wish) = reseat {
            self.reseat(&wish, clocks.mono);
        }
        self.record(clocks)?;
        for (to, body) in send {
            self.send(&to, body, clocks);
        }
        for effect in act {
            self.world.act(effect);
        }
        for telling in tell {
            self.world.tell(telling);
        }
        Ok(())
    }

    /// What one site remembers by itself. Time without a leader may be longer than a life of this process: a disk
    /// knows no other clock than the wall's.
    fn keep(&mut self, keep: &Keep, wall: Stamp) -> Result<(), W::Error> {
        match keep {
            Keep::Led => self.world.keep_led(wall),
            Keep::Alone { n, line } => self.world.keep_alone(*n, &line.encode()),
            Keep::Marks(marks) => self.world.keep(&[(MARKS.to_owned(), marks.encode())]),
        }
    }

    fn propose(&mut self, origin: Origin, fact: Fact, now: Mono) {
        let entry = Entry { origin, stamp: self.clock.now(now), fact };
        match codec::encode(&entry) {
            Ok(bytes) => {
                if let Err(why) = self.quorum.propose(bytes) {
                    tracing::debug!("a proposal was not taken: {why}");
                }
            }
            Err(why) => tracing::error!("a fact cannot be proposed: {why}"),
        }
    }

    fn send(&mut self, to: &SiteId, mut body: Body, clocks: Clocks) {
        if *to == self.here {
            self.events.push_back(Event::Heard { from: to.clone(), body });
            return;
        }
        if let Body::Pulse(pulse) = &mut body {
            pulse.wall = clocks.wall;
            pulse.hears = self.relay.hears(clocks.mono);
        }
        self.dispatch(to, body, clocks);
    }

    /// Lets Raft forget what every site has, keeping the view as it is now for whoever comes late.
    pub fn compact(&mut self, keep: quorum::Keep) {
        // A view that stopped behind the log would be handed out as what the log amounts to.
        if self.node.folds() == Folding::Stopped {
            return;
        }
        let Some(upto) = self.quorum.compactable(keep) else { return };
        let bytes = postcard::to_stdvec(self.node.view()).expect("every field of a view is plain data");
        if let Err(why) = self.quorum.compact(upto, &bytes) {
            tracing::warn!("the log cannot be compacted: {why}");
        }
    }
}

/// How long the machine may have stood still before its clock counts as having jumped.
pub const GAP: Duration = policies::limits::GAP;
