//! A carrier with fifteen numbers, one agent's hands, and a way to read what both said.

use agent::act::{CarrierSetup, Config, Hands, Transport};
use agent::clock::mono;
use agent::event::{Effect, Event, Point, Report};
use agent::frame::Look;
use agent::site::Secrets;
use lab::carrier::Carrier;
use lab::carrier::log::What;
use lab::carrier::setup::Setup;
use state::fact::Reading;
use state::plan::Pointing;
use state::{CarrierId, Destination, Index, Mono, Nonce, Number};
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;
use tokio::sync::mpsc;

pub const LONDON: &str = "S:442079460000@127.0.0.21";
pub const MANCHESTER: &str = "S:442079460000@127.0.0.22";
pub const COUNT: usize = 15;
const LIMIT: Duration = Duration::from_secs(20);

pub struct Bench {
    pub carrier: Carrier,
    pub hands: Hands,
    pub inbox: mpsc::Receiver<Event>,
    pub folder: tempfile::TempDir,
    nonce: u64,
}

pub fn number(place: usize) -> String {
    format!("020794600{place:02}")
}

pub fn soon(ms: u64) -> Mono {
    mono() + Duration::from_millis(ms)
}

impl Bench {
    pub async fn new() -> Self {
        Self::with(BTreeMap::new()).await
    }

    /// With commands in its site file.
    pub async fn with(commands: BTreeMap<String, Vec<String>>) -> Self {
        let mut setup = Setup::at("127.0.0.1:0".parse().unwrap()).account("demo:s3cret").unwrap();
        for place in 0..COUNT {
            setup = setup.number(&format!("{}={LONDON}", number(place))).unwrap();
        }
        let carrier = Carrier::start(setup).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        write_secret(folder.path(), "s3cret");
        let (events, inbox) = mpsc::channel(64);
        let hands = Hands::new(Config {
            bind: Some("127.0.0.11".parse().unwrap()),
            secrets: Secrets::at(folder.path()),
            addresses: folder.path().to_owned(),
            commands,
            authorities: None,
            site: None,
            carriers: vec![CarrierSetup {
                name: CarrierId::new("magrathea"),
                at: carrier.address().to_string().parse().unwrap(),
                transport: Transport::Plain,
            }],
            events,
        });
        Self { carrier, hands, inbox, folder, nonce: 0 }
    }

    pub fn secret(&self, password: &str) {
        write_secret(self.folder.path(), password);
    }

    /// Orders a session, without waiting for it.
    pub fn prepare(&mut self, patience_ms: u64) -> Nonce {
        self.nonce += 1;
        let nonce = Nonce(self.nonce);
        let carrier = CarrierId::new("magrathea");
        self.hands.act(Effect::Prepare { nonce, carrier, until: soon(patience_ms) });
        nonce
    }

    pub async fn prepared(&mut self) -> Nonce {
        let nonce = self.prepare(4000);
        let event = self.event().await;
        assert!(matches!(event, Event::Prepared { nonce: of } if of == nonce), "{event:?}");
        nonce
    }

    pub async fn unprepared(&mut self) -> String {
        let event = self.event().await;
        let Event::Unprepared { why, .. } = event else { panic!("{event:?}") };
        why
    }

    pub async fn event(&mut self) -> Event {
        loop {
            let event =
                tokio::time::timeout(LIMIT, self.inbox.recv()).await.expect("an event in time").unwrap();
            if !matches!(event, Event::Tallied(_)) {
                return event;
            }
        }
    }

    /// Orders the first `count` numbers to Manchester; the close comes `close_ms` from now, a third of it the guard.
    pub fn order(&mut self, fence: u64, nonce: Nonce, (count, close_ms): (usize, u64)) {
        let wish = |place| {
            let pointing = Pointing {
                number: Number::new(number(place)),
                from: Some(Destination::new(LONDON)),
                to: Destination::new(MANCHESTER),
            };
            (pointing, Vec::new())
        };
        self.hands.act(Effect::Point(Point {
            fence: Index(fence),
            nonce,
            send_by: soon(close_ms * 2 / 3),
            close_by: soon(close_ms),
            batch: (0..count).map(wish).collect(),
        }));
    }

    /// Orders one slot of the first number, which was seen empty.
    pub fn order_slot(&mut self, fence: u64, nonce: Nonce, (slot, to, close_ms): (usize, &str, u64)) {
        let pointing = Pointing {
            number: Number::new(number(0)).at_slot(slot),
            from: Some(Destination::empty()),
            to: Destination::new(to),
        };
        self.hands.act(Effect::Point(Point {
            fence: Index(fence),
            nonce,
            send_by: soon(close_ms * 2 / 3),
            close_by: soon(close_ms),
            batch: vec![(pointing, Vec::new())],
        }));
    }

    pub async fn executed(&mut self, fence: u64) -> Report {
        let event = self.event().await;
        let Event::Executed { fence: of, report } = event else { panic!("{event:?}") };
        assert_eq!(of, Index(fence));
        report
    }

    pub fn look(&mut self, id: u64, count: usize) {
        let numbers = (0..count).map(|place| Number::new(number(place))).collect();
        self.hands.act(Effect::Look(Look { id, carrier: CarrierId::new("magrathea"), numbers }));
    }

    /// Looks at every slot of the first numbers.
    pub fn look_at_slots(&mut self, id: u64, count: usize) {
        let numbers = (0..count).map(|place| Number::new(number(place)));
        let numbers = numbers.flat_map(|n| [n.clone(), n.at_slot(2), n.at_slot(3)]).collect();
        self.hands.act(Effect::Look(Look { id, carrier: CarrierId::new("magrathea"), numbers }));
    }

    /// What a look shows, or its complaint.
    pub async fn looked(&mut self) -> Result<Vec<Option<String>>, String> {
        let event = self.event().await;
        let Event::Looked { found, .. } = event else { panic!("{event:?}") };
        let shown = |reading: Reading| reading.shows.map(|shows| shows.as_str().to_owned());
        found.map(|readings| readings.into_iter().map(shown).collect())
    }

    /// How many entries of the carrier's log are such.
    pub fn logged(&self, such: impl Fn(&What) -> bool) -> usize {
        self.carrier.log().iter().filter(|entry| such(&entry.what)).count()
    }

    pub fn logins(&self) -> usize {
        self.logged(|what| matches!(what, What::Command { text } if text.starts_with("AUTH ")))
    }

    pub fn sets(&self) -> usize {
        self.logged(|what| matches!(what, What::SetReceived { .. }))
    }

    pub fn open_connections(&self) -> usize {
        let opened = self.logged(|what| matches!(what, What::Opened));
        opened - self.logged(|what| matches!(what, What::Closed { .. } | What::HungUp)).min(opened)
    }

    pub async fn until(&self, what: &str, such: impl Fn(&Self) -> bool) {
        let deadline = mono() + LIMIT;
        while !such(self) {
            assert!(mono() < deadline, "{what}; the carrier's log: {:#?}", self.carrier.log());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn write_secret(folder: &Path, password: &str) {
    let path = folder.join("magrathea");
    std::fs::write(&path, format!("demo\n{password}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
}
