//! The way in at one carrier: its address, this site's login, and whether that login was refused.

use super::CarrierSetup;
use crate::carriers::ntsapi::{Account, Login, NtsapiLine, Transport};
use crate::causes::with_causes;
use crate::clock::mono;
use crate::probes::means::source_for;
use crate::probes::tcp::TcpConnect;
use crate::resolve::Resolved;
use crate::secret::Secret;
use crate::site::Secrets;
use state::{CarrierId, Mono};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::Semaphore;

/// How many looks at once: two routes read at the same time, while an attempt has the carrier for itself.
const LOOKS: usize = 2;

/// How long one wait for another login may last before the clock is looked at again.
const WAIT_MAX: Duration = Duration::from_millis(250);

/// One carrier, as this site reaches it.
#[derive(Debug)]
pub struct Entrance {
    name: CarrierId,
    transport: Transport,
    resolved: Resolved,
    secrets: Secrets,
    bind: Option<IpAddr>,
    halt: Arc<AtomicBool>,
    /// The account as it was last made: reading this machine's trusted roots takes a while.
    made: Mutex<Option<Account>>,
    credit: Arc<Credit>,
    /// Places for looks.
    pub looks: Arc<Semaphore>,
}

/// What the carrier thinks of our credentials.
#[derive(Debug, Default)]
struct Credit {
    known: Mutex<Known>,
    tried: Condvar,
}

#[derive(Debug, Default)]
struct Known {
    /// Never to be tried again, and what the carrier said.
    refused: Option<(Credentials, String)>,
    /// Let in before.
    good: Option<Credentials>,
    /// Somebody is finding out.
    trying: Trying,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Trying {
    #[default]
    Nobody,
    Somebody,
}

/// A login as it stood in the secret at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    user: String,
    password: Secret,
}

/// Permission to log in now, with what is written in the secret.
#[derive(Debug)]
struct Turn {
    credentials: Credentials,
    /// Whether others wait for what comes of it.
    first: Trying,
}

impl Entrance {
    /// Starts the resolver; within a tokio runtime.
    pub fn new(setup: &CarrierSetup, secrets: Secrets, file: PathBuf) -> Self {
        Self {
            name: setup.name.clone(),
            transport: setup.transport.clone(),
            resolved: Resolved::start(setup.at.clone(), file),
            secrets,
            bind: None,
            halt: Arc::default(),
            made: Mutex::default(),
            credit: Arc::default(),
            looks: Arc::new(Semaphore::new(LOOKS)),
        }
    }

    /// The same, reached from this local address.
    pub fn bound_to(mut self, bind: Option<IpAddr>) -> Self {
        self.bind = bind;
        self
    }

    /// The same; no SET leaves by it once this is true.
    pub fn halted_by(mut self, halt: Arc<AtomicBool>) -> Self {
        self.halt = halt;
        self
    }

    /// The same, with what was learned of the credentials at its former self.
    pub fn after(mut self, before: &Self) -> Self {
        self.credit = Arc::clone(&before.credit);
        self
    }

    /// A bare connection to where the carrier is now; `None` if that has never been known here.
    pub fn door(&self) -> Option<TcpConnect> {
        let target = self.resolved.address()?;
        Some(TcpConnect { target, bind: source_for(self.bind, target) })
    }

    /// Logs in, unless the credentials were refused before; says with which, or why not.
    pub fn open(&self, deadline: Mono) -> Result<(NtsapiLine, Credentials), String> {
        let turn = self.turn(deadline)?;
        let opened = self.account(&turn.credentials).and_then(|account| {
            NtsapiLine::open(account, deadline).map_err(|error| (error.is_refusal(), with_causes(&error)))
        });
        let mut known = self.known();
        if turn.first == Trying::Somebody {
            known.trying = Trying::Nobody;
        }
        let line = match opened {
            Ok(line) => {
                known.good = Some(turn.credentials.clone());
                Ok((line, turn.credentials))
            }
            Err((refused, why)) => {
                if refused {
                    // Let in before and refused now: the carrier has changed its mind about them.
                    known.good = known.good.take().filter(|good| *good != turn.credentials);
                    known.refused = Some((turn.credentials, why.clone()));
                }
                Err(why)
            }
        };
        self.credit.tried.notify_all();
        line
    }

    /// Waits while somebody finds out about the same credentials: two at once could both be refused, and a
    /// carrier that counts refusals may lock the account.
    fn turn(&self, deadline: Mono) -> Result<Turn, String> {
        let (user, password) = self.secrets.read(self.name.as_str()).map_err(|error| with_causes(&error))?;
        let credentials = Credentials { user, password: Secret::new(password) };
        let mut known = self.known();
        loop {
            if let Some((_, text)) = known.refused.as_ref().filter(|(refused, _)| *refused == credentials) {
                return Err(self.spurned(text));
            }
            if known.good.as_ref() == Some(&credentials) {
                return Ok(Turn { credentials, first: Trying::Nobody });
            }
            if known.trying == Trying::Nobody {
                known.trying = Trying::Somebody;
                return Ok(Turn { credentials, first: Trying::Somebody });
            }
            let left = deadline.left(mono());
            if left.is_zero() {
                return Err(format!("another login at {} has not been answered yet", self.name));
            }
            let waited = self.credit.tried.wait_timeout(known, left.min(WAIT_MAX));
            known = waited.expect("nothing panics while it holds what is known").0;
        }
    }

    /// These credentials were refused in the middle of an attempt.
    pub fn refused(&self, credentials: Credentials, text: &str) {
        let mut known = self.known();
        known.good = known.good.take().filter(|good| *good != credentials);
        known.refused = Some((credentials, text.to_owned()));
    }

    /// Why a lost line may not be replaced, if its credentials were refused elsewhere meanwhile.
    pub fn barred(&self, credentials: &Credentials) -> Option<String> {
        let known = self.known();
        let (_, text) = known.refused.as_ref().filter(|(refused, _)| refused == credentials)?;
        Some(self.spurned(text))
    }

    fn spurned(&self, text: &str) -> String {
        let name = &self.name;
        format!(
            "{text}; not tried again with the same; hint: correct the secret `{name}`, no restart is needed"
        )
    }

    /// The account at the carrier's present address; the pair says whether the credentials were refused.
    fn account(&self, credentials: &Credentials) -> Result<Account, (bool, String)> {
        let plain = |why: String| (false, why);
        let login = Login::new(&credentials.user, credentials.password.clone())
            .map_err(|error| plain(with_causes(&error)))?;
        let address = self
            .resolved
            .address()
            .ok_or_else(|| plain(format!("the address of {} has never been resolved here", self.name)))?;
        let mut made = self.made.lock().expect("nothing panics while it holds the account");
        let account = match made.take() {
            Some(account) => account.at(address).with(login),
            None => {
                Account::new(address, &self.transport, login).map_err(|error| plain(with_causes(&error)))?
            }
        };
        *made = Some(account.clone());
        let account = account.halted_by(Arc::clone(&self.halt));
        Ok(match source_for(self.bind, address) {
            Some(bind) => account.bound_to(bind),
            None => account,
        })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.credit.known.lock().expect("nothing panics while it holds what is known")
    }
}
