//! The only loop: wait for what comes first, take one turn, and begin again.

use crate::act::{Config as HandsConfig, Hands};
use crate::command::{Loudness, Telling};
use crate::control::{Control, ControlEvent};
use crate::event::{Asker, Effect, Event, Output};
use crate::frame::Frame;
use crate::gaps::{Fetch, Missing};
use crate::links::{Config as LinksConfig, Identity, LinkEvent, Links};
use crate::policy_file::PolicyFile;
use crate::quorum::{Batch, KEEP, TICK, Written};
use crate::relay::{Seal, Sealed};
use crate::seldom::Seldom;
use crate::start::{Ready, StartError, start};
use crate::store::{JournalRow, Page, Store, StoreError};
use crate::turn::{Anew, Clocks, GAP, Input, Turn, World};
use crate::{clock, control, links};
use state::{Fingerprint, Index, Mono, SiteId, Stamp, View};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep};

/// Room for what comes in while a turn is taken: twice the worst burst of four sites at the fastest pace.
const INBOX: usize = 1024;
/// How often the log is looked at for compaction.
const COMPACT_EVERY: Duration = Duration::from_secs(60);

/// Why an agent ends.
#[derive(Debug, Error)]
pub enum DriverError {
    /// It did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Its links could not be opened.
    #[error(transparent)]
    Links(#[from] links::LinksError),
    /// Its control socket could not be opened.
    #[error(transparent)]
    Control(#[from] control::ControlError),
    /// Its disk gave up. A failed write is never tried again.
    #[error("the disk gave up, and a failed write is never tried again")]
    Store(#[from] StoreError),
    /// The system does not deliver signals.
    #[error("cannot wait for signals")]
    Signals(#[from] std::io::Error),
}

/// Disk, links, hands and the control socket, as one turn sees them.
struct Real {
    store: Store,
    links: Links,
    hands: Hands,
    control: Control,
    identity: Identity,
    policy_file: PolicyFile,
}

impl World for Real {
    type Error = StoreError;

    fn commit(&mut self, batch: Batch) -> Result<Written, StoreError> {
        self.store.commit(batch)
    }

    fn append(&mut self, rows: &[JournalRow]) -> Result<(), StoreError> {
        self.store.append_journal(rows).map(|_| ())
    }

    fn note_gap(&mut self, upto: Index, view: &View) -> Result<(), StoreError> {
        self.store.note_gap(upto, view.head)
    }

    fn missing(&mut self) -> Result<Option<Missing>, StoreError> {
        self.store.missing()
    }

    fn facts(&mut self, fetch: Fetch) -> Result<Option<Vec<JournalRow>>, StoreError> {
        self.store.facts(fetch.after, fetch.upto)
    }

    fn page(&mut self, after: Index) -> Result<Page, StoreError> {
        self.store.page(after)
    }

    fn fill(&mut self, missing: &Missing, rows: &[JournalRow]) -> Result<(), StoreError> {
        self.store.fill(missing, rows)
    }

    fn keep_led(&mut self, at: Stamp) -> Result<(), StoreError> {
        self.store.keep_led(at)
    }

    fn keep(&mut self, facts: &[(String, Vec<u8>)]) -> Result<(), StoreError> {
        self.store.keep_all(facts)
    }

    fn keep_alone(&mut self, n: u64, bytes: &[u8]) -> Result<(), StoreError> {
        self.store.append_alone(n, bytes)
    }

    fn send(&mut self, to: &SiteId, frame: Frame) {
        if let Err(why) = self.links.send(to, frame.encode()) {
            tracing::debug!("a frame for {to} was not sent: {why}");
        }
    }

    fn seal(&mut self, sealed: &Sealed) -> Option<Seal> {
        self.identity.seal(sealed)
    }

    fn check(&mut self, sealed: &Sealed) -> Result<Fingerprint, String> {
        self.identity.check(sealed, clock::wall()).map_err(|why| why.to_string())
    }

    fn act(&mut self, effect: Effect) {
        match effect {
            Effect::Answer { to, answer } => self.control.answer(to, *answer),
            Effect::Link(others) => self.links.link(&others),
            Effect::Rewrite(order) => self.policy_file.rewrite(order),
            effect @ (Effect::Prepare { .. }
            | Effect::Release { .. }
            | Effect::Point(_)
            | Effect::Revoke { .. }
            | Effect::Notify { .. }
            | Effect::Equip { .. }
            | Effect::Ensure(_)
            | Effect::See { .. }
            | Effect::Look(_)
            | Effect::Watch(_)
            | Effect::Knock { .. }
            | Effect::Survey(_)
            | Effect::Reach(_)) => self.hands.act(effect),
        }
    }

    fn tell(&mut self, telling: Telling) {
        if let Ok(text) = serde_json::to_string(&telling) {
            match telling.loudness() {
                Loudness::Talk => tracing::info!(target: "pointsman::told", "{text}"),
                Loudness::Warning => tracing::warn!(target: "pointsman::told", "{text}"),
            }
        }
        self.control.tell(&telling);
    }
}

/// Everything that the loop waits for.
struct Inboxes {
    links: mpsc::Receiver<LinkEvent>,
    events: mpsc::Receiver<Event>,
    control: mpsc::Receiver<ControlEvent>,
    unreadable: Seldom<SiteId>,
}

impl Inboxes {
    /// What comes next, from whichever: a peer gone wild must not keep a person from being heard.
    async fn next(&mut self) -> Option<Input> {
        tokio::select! {
            Some(event) = self.events.recv() => Some(Input::Event(event)),
            Some(event) = self.links.recv() => self.linked(event),
            Some(event) = self.control.recv() => asked(event),
            else => std::future::pending().await,
        }
    }
}

/// Runs the agent of a site file until it is told to stop.
///
/// # Errors
/// Names what could not be started, or the disk that gave up.
pub async fn run(config: &Path) -> Result<(), DriverError> {
    loop {
        // Whoever loses its seat, or is given a new one, is another agent from there on: start-up is the only way in.
        match live(config).await? {
            Anew::GoesOn => return Ok(()),
            Anew::Begins => tracing::info!("the agent begins anew from its disk"),
        }
    }
}

async fn live(config: &Path) -> Result<Anew, DriverError> {
    let Ready { site, certificate, policy, node, quorum, door, clock, store } = start(config)?;
    let (links_in, links) = mpsc::channel(INBOX);
    let (events_in, events) = mpsc::channel(INBOX);
    let (control_in, control) = mpsc::channel(INBOX);
    let key = certificate.fingerprint();
    let bind = Some(site.listen.peers.ip()).filter(|ip: &IpAddr| !ip.is_unspecified());
    let world = Real {
        store,
        links: Links::spawn(
            LinksConfig {
                own: site.site.clone(),
                cluster: policy.cluster.clone(),
                listen: site.listen.peers,
                bind,
                peers: node.linked(),
                identity: certificate.clone(),
            },
            links_in,
        )?,
        policy_file: PolicyFile::watch(site.policy.clone(), events_in.clone()),
        hands: Hands::new(HandsConfig {
            bind,
            secrets: site.secrets.clone(),
            addresses: site.state.clone(),
            commands: site.commands.clone(),
            authorities: site.authorities.clone(),
            site: Some(Arc::new(site.clone())),
            carriers: Vec::new(),
            events: events_in,
        }),
        control: Control::spawn(&site.control, control_in)?,
        identity: certificate,
    };
    let mut first = Output::default();
    node.watch(&mut first);
    let mut turn = Turn::new(site.site.clone(), (node, quorum, door), clock, world);
    for effect in first.act {
        turn.world().act(effect);
    }
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    tracing::info!("pointsman runs at {}, with the key {key}", site.site);
    drive(turn, Inboxes { links, events, control, unreadable: Seldom::default() }).await
}

async fn drive(mut turn: Turn<Real>, mut inboxes: Inboxes) -> Result<Anew, DriverError> {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut compaction = interval(COMPACT_EVERY);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut last = clock::mono();
    let mut wake_at: Option<Mono> = None;
    loop {
        let nap = wake_at.map_or(TICK, |at| at.left(clock::mono()));
        let input = tokio::select! {
            biased;
            _ = terminate.recv() => return Ok(Anew::GoesOn),
            _ = interrupt.recv() => return Ok(Anew::GoesOn),
            _ = ticks.tick() => {
                let _ = sd_notify::notify(&[sd_notify::NotifyState::Watchdog]);
                Some(Input::Tick)
            }
            input = inboxes.next() => input,
            () = sleep(nap), if wake_at.is_some() => Some(Input::Event(Event::Tick)),
            _ = compaction.tick() => {
                turn.compact(KEEP);
                Some(Input::Event(Event::Tick))
            }
        };
        let clocks = Clocks { mono: clock::mono(), wall: clock::wall() };
        // After a sleep or a stop the machine's opinions are old: it observes, but it does not act on them.
        if clocks.mono.since(last) > GAP {
            turn.take(Input::Event(Event::ClockGap { since: last }), clocks)?;
        }
        last = clocks.mono;
        if let Some(input) = input {
            wake_at = turn.take(input, clocks)?;
        }
        if turn.begins() == Anew::Begins {
            return Ok(Anew::Begins);
        }
    }
}

impl Inboxes {
    fn linked(&mut self, event: LinkEvent) -> Option<Input> {
        match event {
            LinkEvent::Frame { from, bytes } => match Frame::decode(&bytes) {
                Ok(frame) => return Some(Input::Frame { from, frame }),
                Err(why) => {
                    if let Some(more) = self.unreadable.due(from.clone(), clock::mono()) {
                        tracing::warn!("a frame of {from} is dropped: {why} ({more} more unsaid)");
                    }
                }
            },
            LinkEvent::Up { site } => tracing::info!("the link to {site} is up"),
            LinkEvent::Down { site, why } => tracing::info!("the link to {site} is down: {why}"),
        }
        None
    }
}

fn asked(event: ControlEvent) -> Option<Input> {
    match event {
        ControlEvent::Asked { id, who, command } => {
            Some(Input::Event(Event::Asked { asker: Asker { id, who }, command }))
        }
        ControlEvent::Gone { .. } => None,
    }
}
