//! What all connections of a carrier share: its books, its faults and its log.

use super::answers::Manner;
use super::destination::{self, Ports};
use super::faults::Faults;
use super::frame::Patience;
use super::log::{Line, Log, What};
use super::request::{Request, Spelling};
use super::setup::{Account, LineEnd, Setup};
use super::stock::{Held, Stock};
use agent::clock;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use thiserror::Error;

/// What a SET orders.
#[derive(Clone, Debug)]
pub struct Order {
    /// The number.
    pub number: Spelling,
    /// The slot, 1 to 3.
    pub slot: u8,
    /// Where it shall point.
    pub destination: String,
}

/// Why a person's edit was not made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EditError {
    /// Nobody holds this number.
    #[error("no number `{0}` here")]
    Number(String),
    /// Not 1, 2 or 3.
    #[error("slot `{0}` is not 1, 2 or 3")]
    Slot(u8),
    /// A destination that the carrier refuses.
    #[error("cannot point there")]
    Destination(#[from] destination::DestinationFault),
}

/// The shared part of a carrier.
#[derive(Debug)]
pub struct Office {
    accounts: Vec<Account>,
    stock: Mutex<Stock>,
    manner: Manner,
    line_end: LineEnd,
    ports: Ports,
    patience: Patience,
    labels: BTreeMap<IpAddr, String>,
    sets: AtomicU64,
    /// The faults that are set.
    pub faults: Faults,
    /// What happened.
    pub log: Log,
}

impl Office {
    /// An office as set up, with an empty log.
    pub fn new(setup: Setup) -> Arc<Self> {
        let mut stock = Stock::default();
        for (number, held) in setup.numbers {
            stock.put(&number, held);
        }
        Arc::new(Self {
            accounts: setup.accounts,
            stock: Mutex::new(stock),
            manner: Manner { digit: setup.digit, record: setup.record },
            line_end: setup.line_end,
            ports: setup.ports,
            patience: setup.patience,
            labels: setup.labels,
            sets: AtomicU64::new(0),
            faults: Faults::default(),
            log: Log::default(),
        })
    }

    /// The failure digit and the form of STAT.
    pub fn manner(&self) -> Manner {
        self.manner
    }

    /// How a reply line ends.
    pub fn line_end(&self) -> LineEnd {
        self.line_end
    }

    /// Whether destinations may have a port.
    pub fn ports(&self) -> Ports {
        self.ports
    }

    /// How long an unterminated command is waited for.
    pub fn patience(&self) -> Patience {
        self.patience
    }

    /// Whose address this is.
    pub fn label(&self, ip: IpAddr) -> Option<String> {
        self.labels.get(&ip).cloned()
    }

    /// Whether this username has this password.
    pub fn lets_in(&self, user: &str, password: &str) -> bool {
        self.accounts.iter().any(|account| account.user == user && account.password == password)
    }

    /// Whether an unterminated text can be taken for a whole command: its grammar is, its number is one of ours and
    /// its password is right. What is not may just be the first half of something.
    pub fn reads_as_complete(&self, text: &str) -> bool {
        match Request::parse(text, self.ports) {
            Err(_) => false,
            Ok(Request::Auth { user, password }) => self.lets_in(&user, &password),
            Ok(request) => request
                .number()
                .is_none_or(|number| self.with_stock(|stock| stock.any(number.as_str()).is_some())),
        }
    }

    /// Looks something up, or changes it.
    pub fn with_stock<T>(&self, job: impl FnOnce(&mut Stock) -> T) -> T {
        job(&mut self.stock.lock().expect("nothing panics while it holds the stock"))
    }

    /// All numbers, with the passwords in their destinations hidden.
    pub fn numbers(&self) -> BTreeMap<String, Held> {
        self.with_stock(|stock| {
            stock.all().iter().map(|(number, held)| (number.clone(), held.shown())).collect()
        })
    }

    /// A command with every secret replaced. Before a login it may be half a password, so only its length is told.
    pub fn masked(&self, text: &str, account: Option<&str>) -> String {
        if let Some(at) = text.find("AUTH") {
            let mut words = text[at..].split_ascii_whitespace();
            let user = words.nth(1).filter(|user| self.accounts.iter().any(|account| account.user == *user));
            let before = if at == 0 { "" } else { "… " };
            return format!("{before}AUTH {} ***", user.unwrap_or("?"));
        }
        let known = Request::parse(text, self.ports).is_ok();
        if account.is_none() && !known {
            return format!("({} bytes that are no command)", text.len());
        }
        let hidden = self
            .accounts
            .iter()
            .fold(destination::masked(text), |text, account| text.replace(&account.password, "***"));
        hidden
            .chars()
            .flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] })
            .collect()
    }

    /// Notes that a SET came in, and gives it its number in the log.
    pub fn receive(&self, line: &Line, order: &Order) -> u64 {
        let set = self.sets.fetch_add(1, Ordering::Relaxed) + 1;
        let (number, destination) =
            (order.number.as_str().to_owned(), destination::masked(&order.destination));
        self.log.write(Some(line), What::SetReceived { set, number, slot: order.slot, destination });
        set
    }

    /// Applies a SET.
    pub fn apply(&self, line: &Line, (set, order): (u64, &Order)) {
        // The entry is written while the stock is held, so that the log has the order in which values changed.
        self.with_stock(|stock| {
            let Some(held) = stock.any(order.number.as_str()) else { return };
            let before = held.point(order.slot, &order.destination, clock::mono());
            let what = What::SetApplied {
                set,
                number: order.number.as_str().to_owned(),
                slot: order.slot,
                before: destination::masked(&before),
                after: destination::masked(&order.destination),
            };
            self.log.write(Some(line), what);
        });
    }

    /// Applies a SET after a while, whatever becomes of its connection.
    pub fn apply_late(self: &Arc<Self>, line: &Line, (set, order): (u64, &Order), delay: Duration) {
        let (office, line, order) = (Arc::downgrade(self), line.clone(), order.clone());
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            if let Some(office) = office.upgrade() {
                office.apply(&line, (set, &order));
            }
        });
    }

    /// Notes that the client was told how its SET ended.
    pub fn answered(&self, line: &Line, (set, order): (u64, &Order), code: u8) {
        self.log.write(Some(line), What::SetAnswered { set, number: order.number.as_str().to_owned(), code });
    }

    /// Points a slot as a person does on the carrier's portal, past all accounts.
    pub fn edit(&self, number: &str, slot: u8, destination: &str) -> Result<(), EditError> {
        if !(1..=3).contains(&slot) {
            return Err(EditError::Slot(slot));
        }
        // The portal can empty a slot; no command is known that could.
        if !destination.is_empty() {
            destination::check(destination, self.ports)?;
        }
        self.with_stock(|stock| {
            let held = stock.any(number).ok_or_else(|| EditError::Number(number.to_owned()))?;
            let before = destination::masked(&held.point(slot, destination, clock::mono()));
            let after = destination::masked(destination);
            self.log.write(None, What::Edited { number: number.to_owned(), slot, before, after });
            Ok(())
        })
    }
}
