//! A carrier that speaks the number control protocol of Magrathea, and misbehaves on demand.

pub mod answers;
mod conduct;
mod control;
pub mod destination;
pub mod faults;
pub mod frame;
pub mod judge;
pub mod log;
pub mod office;
pub mod request;
mod session;
pub mod setup;
pub mod stock;
pub mod tls;

use faults::Fault;
use judge::Judgement;
use log::{Entry, Line, What};
use office::{EditError, Office};
use session::{Session, Wire};
use setup::{Setup, SetupError};
use state::Mono;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use stock::Held;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

/// As many as a demo of four agents could ever hold open, ten times over; what the real one allows is not known.
const CONNECTIONS: usize = 64;

/// A client that has not finished its handshake by then is let go.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// A running carrier; it stops when this is dropped.
#[derive(Debug)]
pub struct Carrier {
    office: Arc<Office>,
    at: SocketAddr,
    control: Option<SocketAddr>,
    tasks: Vec<AbortHandle>,
}

impl Carrier {
    /// Starts to listen.
    ///
    /// # Errors
    /// When an address cannot be listened on, or the certificate is of no use.
    pub async fn start(setup: Setup) -> Result<Self, SetupError> {
        let tls = setup.tls.as_ref().map(tls::Certificate::server).transpose()?.map(TlsAcceptor::from);
        let listener = listen(setup.listen).await?;
        let at = listener.local_addr().map_err(|source| SetupError::Listen { at: setup.listen, source })?;
        let control = match setup.control {
            Some(at) => Some(listen(at).await?),
            None => None,
        };
        let office = Office::new(setup);
        let door = Door { office: Arc::clone(&office), tls, at, count: 0 };
        let mut tasks = vec![tokio::spawn(door.stand_open(listener)).abort_handle()];
        let control_at = control.as_ref().and_then(|control| control.local_addr().ok());
        if let Some(control) = control {
            let router = control::router(Arc::clone(&office));
            let serving = async move { axum::serve(control, router).await };
            tasks.push(tokio::spawn(serving).abort_handle());
        }
        Ok(Self { office, at, control: control_at, tasks })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.at
    }

    /// Where its control port listens.
    pub fn control(&self) -> Option<SocketAddr> {
        self.control
    }

    /// Sets one more fault.
    pub fn fault(&self, fault: Fault) {
        self.office.faults.add(fault);
    }

    /// Removes all faults; whoever hangs or holds goes on.
    pub fn clear_faults(&self) {
        self.office.faults.clear();
    }

    /// Points a number as a person does on the carrier's portal.
    ///
    /// # Errors
    /// When there is no such number or slot, or the destination is none.
    pub fn edit(&self, number: &str, slot: u8, destination: &str) -> Result<(), EditError> {
        self.office.edit(number, slot, destination)
    }

    /// All numbers by their spelling.
    pub fn numbers(&self) -> BTreeMap<String, Held> {
        self.office.numbers()
    }

    /// The log so far.
    pub fn log(&self) -> Vec<Entry> {
        self.office.log.after(0)
    }

    /// What the log amounts to: how often numbers moved, and whether two agents wrote at once.
    pub fn judgement(&self) -> Judgement {
        judge::judge(&self.log(), judge::by_label)
    }

    /// When the log began: the times of its entries count from here.
    pub fn started(&self) -> Mono {
        self.office.log.start()
    }

    /// Every entry of the log from now on.
    pub fn follow(&self) -> broadcast::Receiver<Entry> {
        self.office.log.follow()
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

async fn listen(at: SocketAddr) -> Result<TcpListener, SetupError> {
    TcpListener::bind(at).await.map_err(|source| SetupError::Listen { at, source })
}

/// The port: open, or closed while a fault wants it so.
struct Door {
    office: Arc<Office>,
    tls: Option<TlsAcceptor>,
    at: SocketAddr,
    count: u64,
}

impl Door {
    async fn stand_open(mut self, listener: TcpListener) {
        // The sessions die with this task.
        let mut sessions = JoinSet::new();
        let mut changed = self.office.faults.watch();
        let mut listener = Some(listener);
        loop {
            if self.office.faults.refuses_connections() {
                listener = None;
            } else if listener.is_none() {
                listener = listen(self.at).await.ok();
                if listener.is_none() {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            }
            let accepted = async {
                match &listener {
                    Some(listener) => listener.accept().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = changed.changed() => {}
                Some(_) = sessions.join_next() => {}
                accepted = accepted => match accepted {
                    Ok((stream, peer)) => self.admit(stream, peer, &mut sessions),
                    // Out of descriptors, or the client was gone already: neither is helped by haste.
                    Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                },
            }
        }
    }

    fn admit(&mut self, stream: TcpStream, peer: SocketAddr, sessions: &mut JoinSet<()>) {
        self.count += 1;
        let line = Line { connection: self.count, peer, label: self.office.label(peer.ip()) };
        self.office.log.write(Some(&line), What::Opened);
        if sessions.len() >= CONNECTIONS {
            self.office.log.write(Some(&line), What::Closed { why: "too many connections".to_owned() });
            return;
        }
        // Without it a reply could wait for the client's delayed acknowledgement; if it fails, it does just that.
        let _ = stream.set_nodelay(true);
        let (office, tls) = (Arc::clone(&self.office), self.tls.clone());
        sessions.spawn(async move {
            match secured(stream, tls).await {
                Some(wire) => Session::new(office, wire, line).run().await,
                None => {
                    office.log.write(Some(&line), What::Closed { why: "no handshake".to_owned() });
                }
            }
        });
    }
}

async fn secured(stream: TcpStream, tls: Option<TlsAcceptor>) -> Option<Box<dyn Wire>> {
    match tls {
        None => Some(Box::new(stream)),
        Some(tls) => {
            let stream = tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await.ok()?.ok()?;
            Some(Box::new(stream))
        }
    }
}

#[cfg(test)]
mod tests;
