//! The control socket: where persons on this machine ask and order.

pub mod client;
mod connection;
mod hub;
pub mod line;
pub mod person;
mod room;
#[cfg(test)]
mod tests;

use crate::command::{Answer, Command, Telling};
use connection::Desk;
use hub::Order;
use person::Rule;
use room::Room;
use state::Who;
use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::net::UnixListener;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

/// Where the socket is unless somebody says otherwise.
pub const SOCKET: &str = "/run/pointsman/control.sock";

/// Connections at one time: every person of the company at once, with a few followers each. One more takes the
/// place of whoever has been silent the longest.
const CONNECTIONS: usize = 64;
/// Answers and tellings on their way to the hub, which never waits: more than one step of the agent makes.
const ORDERS: usize = 1024;
/// How long a connection may say nothing.
const IDLE: Duration = Duration::from_secs(60);
/// How long an answer may take: an election and an agreement take 10 s at worst.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long the other end may take to read one line.
const WRITE: Duration = Duration::from_secs(10);

/// What comes from the socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ControlEvent {
    /// Somebody asks; to be answered under this id. Whether they may was checked. Never `Command::Follow`.
    Asked { id: u64, who: Who, command: Command },
    /// Whoever asked has gone: nobody waits for the answer any more.
    Gone { id: u64 },
}

/// Why there is no control socket.
#[derive(Debug, Error)]
pub enum ControlError {
    /// An agent is running here.
    #[error("cannot open the control socket `{}`: another agent answers on it", .0.display())]
    Taken(PathBuf),
    /// Something else lies there.
    #[error("cannot open the control socket `{}`: a file that is no socket is in its place", .0.display())]
    NoSocket(PathBuf),
    /// The system refused.
    #[error("cannot open the control socket `{}`", path.display())]
    Open {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The open socket; dropping it closes every connection and removes the file.
#[derive(Debug)]
pub struct Control {
    path: PathBuf,
    inode: u64,
    hub: mpsc::Sender<Order>,
    accepting: JoinHandle<()>,
}

impl Control {
    /// Opens the socket; its folder must exist. Must be called on a tokio runtime.
    ///
    /// # Errors
    /// If another agent answers there, if something that is no socket lies there, or if the system refuses.
    pub fn spawn(path: &Path, inbox: mpsc::Sender<ControlEvent>) -> Result<Self, ControlError> {
        Self::spawn_with(path, inbox, Rule::of_this_machine())
    }

    fn spawn_with(path: &Path, inbox: mpsc::Sender<ControlEvent>, rule: Rule) -> Result<Self, ControlError> {
        clear(path)?;
        let failed = |source| ControlError::Open { path: path.to_owned(), source };
        let listener = UnixListener::bind(path).map_err(failed)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o660)).map_err(failed)?;
        if let Some(group) = person::group(person::LOOK_GROUP)
            && let Err(error) = std::os::unix::fs::chown(path, None, Some(group))
        {
            // An agent started by hand is no member of the group, and its own user can still use the socket.
            tracing::warn!(%error, "cannot give the control socket to the group `{}`", person::LOOK_GROUP);
        }
        let inode = fs::metadata(path).map_err(failed)?.ino();
        let (hub, orders) = mpsc::channel(ORDERS);
        tokio::spawn(hub::run(orders));
        let desk = Desk { inbox, hub: hub.clone(), rule: Arc::new(rule), next: Arc::default() };
        let accepting = tokio::spawn(accept(listener, desk));
        Ok(Self { path: path.to_owned(), inode, hub, accepting })
    }

    /// Answers a question; one that was answered, or whose asker has gone, is passed over.
    pub fn answer(&self, id: u64, answer: Answer) {
        self.order(Order::Answer { id, answer: Box::new(answer) });
    }

    /// Tells everybody who follows.
    pub fn tell(&self, telling: &Telling) {
        self.order(Order::Tell { telling: Box::new(telling.clone()) });
    }

    fn order(&self, order: Order) {
        if self.hub.try_send(order).is_err() {
            tracing::warn!("the control socket has {ORDERS} answers waiting; one was lost");
        }
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.accepting.abort();
        // A socket that somebody else has put in its place meanwhile is not ours to remove.
        if fs::metadata(&self.path).is_ok_and(|found| found.ino() == self.inode)
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!(%error, "cannot remove the control socket `{}`", self.path.display());
        }
    }
}

/// Removes a socket on which nobody answers.
fn clear(path: &Path) -> Result<(), ControlError> {
    let failed = |source| ControlError::Open { path: path.to_owned(), source };
    let found = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found.map_err(failed)?,
    };
    if !found.file_type().is_socket() {
        return Err(ControlError::NoSocket(path.to_owned()));
    }
    match std::os::unix::net::UnixStream::connect(path) {
        Ok(_) => Err(ControlError::Taken(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(failed)
        }
        Err(error) => Err(failed(error)),
    }
}

async fn accept(listener: UnixListener, desk: Desk) {
    let room = Room::of(CONNECTIONS);
    // Owned here, so that they end with the socket.
    let mut connections = JoinSet::new();
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection to the control socket");
                // Out of file descriptors, as a rule: trying again at once would only burn the processor.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        while connections.try_join_next().is_some() {}
        let desk = desk.clone();
        match room.sit_down().await {
            Some(seat) => connections.spawn(connection::serve(stream, desk, seat)),
            None => connections.spawn(connection::turn_away(stream, CONNECTIONS)),
        };
    }
}
