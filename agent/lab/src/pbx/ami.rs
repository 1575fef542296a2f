//! The manager interface of the PBX, as a real Asterisk was heard to speak it: banner, login, database, originate.

mod action;
mod talk;

use agent::clock::mono;
use state::Mono;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{broadcast, watch};
use tokio::task::JoinSet;

use super::Condition;
use talk::Talk;

/// Events that one slow session may leave unread.
const EVENTS: usize = 64;

/// What is said to whoever logs in after the boot, and what when the boot ends, to whoever listens by then.
const FULLY_BOOTED: &str = "Event: FullyBooted\r\nPrivilege: system,all\r\nUptime: 402\r\nLastReload: 402\r\n\
    Status: Fully Booted\r\n\r\n";
const BOOT_ENDS: &str = "Event: FullyBooted\r\nPrivilege: system,all\r\nSystemName: peer\r\n\
    Status: Fully Booted\r\nUptime: 3\r\nLastReload: 3\r\n\r\n";

/// What an account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Everything.
    All,
    /// To read the database, not to write it, nor to call anybody.
    Reporting,
}

/// A call that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Originated {
    /// Whom it calls first.
    pub channel: String,
    /// Where it is connected then: `extension@context`, or the application and its data.
    pub to: String,
}

/// What a manager interface knows; it outlives a restart of the PBX, as a database on a disk does.
#[derive(Debug)]
pub struct Ami {
    accounts: BTreeMap<String, (String, Class)>,
    boots_in: Duration,
    kept: Mutex<Kept>,
    events: broadcast::Sender<String>,
}

#[derive(Debug, Default)]
struct Kept {
    /// `/family/key` and its value.
    database: BTreeMap<String, String>,
    /// Whom the PBX asks by itself whether they are there, by address, and what it thinks of each.
    contacts: BTreeMap<String, String>,
    /// Before it is fully booted it takes logins already.
    booted_at: Mono,
    originated: Vec<Originated>,
    logins: usize,
    refusals: usize,
}

impl Ami {
    /// With these accounts, each a user and a secret; nobody else gets in.
    pub fn new(accounts: &[(&str, &str, Class)]) -> Self {
        let account = |(user, secret, class): &(&str, &str, Class)| {
            ((*user).to_owned(), ((*secret).to_owned(), *class))
        };
        Self {
            accounts: accounts.iter().map(account).collect(),
            boots_in: Duration::ZERO,
            kept: Mutex::default(),
            events: broadcast::Sender::new(EVENTS),
        }
    }

    /// The same, but for so long after its start it takes logins and is not fully booted.
    pub fn boots_in(mut self, boots_in: Duration) -> Self {
        self.boots_in = boots_in;
        self
    }

    /// A value of the database.
    pub fn value(&self, family: &str, key: &str) -> Option<String> {
        self.kept().database.get(&format!("/{family}/{key}")).cloned()
    }

    /// The PBX has a contact at this address, `sip:203.0.113.60:5060`, and thinks so of it: `Reachable`, `Unreachable`.
    pub fn contact(&self, uri: &str, status: &str) {
        self.kept().contacts.insert(uri.to_owned(), status.to_owned());
    }

    /// The calls that were asked for so far.
    pub fn originated(&self) -> Vec<Originated> {
        self.kept().originated.clone()
    }

    /// How many logins were taken, and how many refused.
    pub fn logins(&self) -> (usize, usize) {
        let kept = self.kept();
        (kept.logins, kept.refusals)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().expect("nothing panics while it holds the database")
    }

    /// Serves until this is dropped. One that hangs lets the kernel accept, and says nothing.
    pub(super) async fn serve(
        self: Arc<Self>,
        listener: TcpListener,
        mut condition: watch::Receiver<Condition>,
        extensions: Arc<BTreeSet<String>>,
    ) {
        self.kept().booted_at = mono() + self.boots_in;
        // The conversations, and the rest of the boot, die with this future.
        let mut guests = JoinSet::new();
        let (boots_in, events) = (self.boots_in, self.events.clone());
        guests.spawn(async move {
            tokio::time::sleep(boots_in).await;
            // Nobody may listen yet.
            let _nobody = events.send(BOOT_ENDS.to_owned());
        });
        loop {
            if condition.wait_for(|condition| *condition != Condition::Hung).await.is_err() {
                return;
            }
            tokio::select! {
                Some(_) = guests.join_next(), if !guests.is_empty() => {}
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        let desk = Desk { ami: Arc::clone(&self), extensions: Arc::clone(&extensions) };
                        guests.spawn(Talk::new(stream, desk, condition.clone()).hold());
                    }
                    Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                },
            }
        }
    }
}

/// What a conversation is held with.
#[derive(Clone, Debug)]
struct Desk {
    ami: Arc<Ami>,
    extensions: Arc<BTreeSet<String>>,
}
