//! One connection to the carrier, plain or TLS, driven by hand, with the last check before a write.

use super::account::{Account, Layer};
use super::words::LINE_MAX;
use crate::clock::mono;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{MsgFlags, send};
use rustls::ClientConnection;
use socket2::{Domain, Protocol, Socket, Type};
use state::Mono;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Unread text beyond this is no conversation any more.
const INBOX_MAX: usize = 4 * LINE_MAX;

/// How long one poll may sleep before the clock is looked at again: poll's own clock does not count sleep.
const POLL_MAX: Duration = Duration::from_millis(250);

/// What went wrong on a connection; after any of these it is reset and never used again.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// No connection.
    #[error("cannot connect to {address}")]
    Connect { address: SocketAddr, source: io::Error },
    /// The handshake, or a record.
    #[error("tls failed")]
    Tls { source: rustls::Error },
    /// The connection broke.
    #[error("the connection broke")]
    Broken { source: io::Error },
    /// The other side closed.
    #[error("the carrier closed the connection")]
    Closed,
    /// Nothing came in time.
    #[error("no answer in time")]
    Silent,
    /// A line without end.
    #[error("the carrier sent a line of more than {LINE_MAX} bytes")]
    TooLong,
    /// Bytes that nobody asked for.
    #[error("the carrier sent `{0}`, which nobody asked for")]
    Stray(String),
    /// An earlier failure ended this connection.
    #[error("the connection was given up before")]
    GivenUp,
}

/// What one look at the socket brought.
enum Came {
    Nothing,
    Bytes,
    End,
}

/// What the one write of a SET amounted to, and the clock before and after it.
pub(super) struct Written {
    /// The clock at the last check.
    pub checked: Mono,
    /// The clock right after the write; the same as `checked` if nothing was written.
    pub ended: Mono,
    /// How much the kernel took.
    pub taken: Taken,
}

/// How much of the buffer the kernel took.
pub(super) enum Taken {
    /// The window had passed: nothing was tried.
    TooLate,
    /// Whoever ordered it is gone: nothing was tried.
    Halted,
    /// The kernel took no byte.
    Nothing(nix::errno::Errno),
    /// Some bytes or all.
    Bytes(usize),
}

/// A connection. Dropping it resets it (`SO_LINGER {1, 0}`), so that nothing unsent ever leaves later.
pub(super) struct Wire {
    socket: TcpStream,
    tls: Option<Box<ClientConnection>>,
    inbox: Vec<u8>,
    halt: Arc<AtomicBool>,
}

impl Wire {
    /// Connects, and finishes the TLS handshake, by `deadline`.
    pub fn connect(account: &Account, deadline: Mono) -> Result<Self, WireError> {
        let address = account.address;
        let socket = dial(account, deadline).map_err(|source| WireError::Connect { address, source })?;
        let tls = match &account.layer {
            Layer::Plain => None,
            Layer::Tls { name, config } => {
                let connection = ClientConnection::new(config.clone(), name.clone());
                Some(Box::new(connection.map_err(|source| WireError::Tls { source })?))
            }
        };
        let mut wire = Self { socket, tls, inbox: Vec::new(), halt: Arc::clone(&account.halt) };
        wire.shake_hands(deadline)?;
        Ok(wire)
    }

    /// Nothing to do without TLS.
    fn shake_hands(&mut self, deadline: Mono) -> Result<(), WireError> {
        while self.tls.as_ref().is_some_and(|tls| tls.is_handshaking()) {
            let pending = self.pending_records();
            self.push(&pending, deadline)?;
            if self.tls.as_ref().is_some_and(|tls| tls.is_handshaking()) {
                self.wait_for_bytes(deadline)?;
            }
        }
        let pending = self.pending_records();
        self.push(&pending, deadline)
    }

    /// The bytes that carry `text`: itself, or the TLS record that holds it, after whatever TLS still had to say.
    pub fn seal(&mut self, text: &[u8]) -> Vec<u8> {
        match &mut self.tls {
            None => text.to_vec(),
            Some(tls) => {
                tls.writer().write_all(text).expect("a rustls buffer takes a line of a hundred bytes");
                self.pending_records()
            }
        }
    }

    /// Whatever TLS wants to send.
    fn pending_records(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        if let Some(tls) = &mut self.tls {
            while tls.wants_write() {
                tls.write_tls(&mut bytes).expect("a vector takes every byte");
            }
        }
        bytes
    }

    /// Sends a text that is harmless whenever it arrives: everything but a SET.
    pub fn say(&mut self, text: &[u8], deadline: Mono) -> Result<(), WireError> {
        let sealed = self.seal(text);
        self.push(&sealed, deadline)
    }

    fn push(&mut self, mut bytes: &[u8], deadline: Mono) -> Result<(), WireError> {
        while !bytes.is_empty() {
            match self.socket.write(bytes) {
                Ok(taken) => bytes = &bytes[taken..],
                Err(error) if is_for_later(&error) => self.wait(PollFlags::POLLOUT, deadline)?,
                Err(source) => return Err(WireError::Broken { source }),
            }
        }
        Ok(())
    }

    /// The next line without its end, read by `deadline`. It may come in pieces.
    pub fn line(&mut self, deadline: Mono) -> Result<Vec<u8>, WireError> {
        loop {
            if let Some(end) = self.inbox.iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.inbox.drain(..=end).collect();
                line.truncate(end);
                return Ok(line);
            }
            if self.inbox.len() > LINE_MAX {
                return Err(WireError::TooLong);
            }
            self.wait_for_bytes(deadline)?;
        }
    }

    fn wait_for_bytes(&mut self, deadline: Mono) -> Result<(), WireError> {
        loop {
            match self.look()? {
                Came::Bytes => return Ok(()),
                Came::End => return Err(WireError::Closed),
                Came::Nothing => self.wait(PollFlags::POLLIN, deadline)?,
            }
        }
    }

    /// Makes sure that nothing was said unasked, and that the other side is still there.
    pub fn be_quiet(&mut self) -> Result<(), WireError> {
        loop {
            match self.look()? {
                Came::Nothing => break,
                Came::End => return Err(WireError::Closed),
                Came::Bytes => {}
            }
        }
        if self.inbox.is_empty() {
            Ok(())
        } else {
            let shown: String = String::from_utf8_lossy(&self.inbox).chars().take(40).collect();
            Err(WireError::Stray(shown.escape_debug().to_string()))
        }
    }

    /// One look at the socket, without waiting.
    fn look(&mut self) -> Result<Came, WireError> {
        let mut bytes = [0; LINE_MAX];
        let count = match self.socket.read(&mut bytes) {
            Ok(0) => return Ok(Came::End),
            Ok(count) => count,
            Err(error) if is_for_later(&error) => return Ok(Came::Nothing),
            Err(source) => return Err(WireError::Broken { source }),
        };
        if self.inbox.len() + count > INBOX_MAX {
            return Err(WireError::TooLong);
        }
        match &mut self.tls {
            None => self.inbox.extend_from_slice(&bytes[..count]),
            Some(tls) => open_records(tls, &bytes[..count], &mut self.inbox)?,
        }
        Ok(Came::Bytes)
    }

    /// Sleeps until the socket is ready or the deadline has come.
    fn wait(&self, flags: PollFlags, deadline: Mono) -> Result<(), WireError> {
        let left = deadline.left(mono());
        if left.is_zero() {
            return Err(WireError::Silent);
        }
        let millis = u16::try_from(left.min(POLL_MAX).as_millis() + 1).unwrap_or(u16::MAX);
        let mut polled = [PollFd::new(self.socket.as_fd(), flags)];
        match poll(&mut polled, PollTimeout::from(millis)) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => Ok(()),
            Err(errno) => Err(WireError::Broken { source: errno.into() }),
        }
    }

    /// Lets the kernel give up unacknowledged bytes after `limit` (`TCP_USER_TIMEOUT`).
    pub fn give_up_after(&self, limit: Duration) -> Result<(), WireError> {
        socket2::SockRef::from(&self.socket)
            .set_tcp_user_timeout(Some(limit))
            .map_err(|source| WireError::Broken { source })
    }

    /// The last check and the write: nothing may stand between the two, no lock, no allocation, no log line.
    ///
    /// One non-blocking send of the whole buffer; the kernel takes it now or it is not sent. An error from
    /// `send` means that no byte of this buffer was taken.
    pub fn write_in_time(&self, sealed: &[u8], send_by: Mono) -> Written {
        let socket = self.socket.as_raw_fd();
        let checked = mono();
        if checked > send_by {
            return Written { checked, ended: checked, taken: Taken::TooLate };
        }
        if self.halt.load(Ordering::SeqCst) {
            return Written { checked, ended: checked, taken: Taken::Halted };
        }
        let sent = send(socket, sealed, MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL);
        let ended = mono();
        let taken = match sent {
            Ok(0) => Taken::Nothing(nix::errno::Errno::EAGAIN),
            Ok(count) => Taken::Bytes(count),
            Err(errno) => Taken::Nothing(errno),
        };
        Written { checked, ended, taken }
    }
}

/// Whether the error only says: not now.
fn is_for_later(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// A connected, non-blocking socket that resets when it is dropped.
fn dial(account: &Account, deadline: Mono) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(account.address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_linger(Some(Duration::ZERO))?;
    socket.set_tcp_nodelay(true)?;
    if let Some(source) = account.bind {
        socket.bind(&SocketAddr::new(source, 0).into())?;
    }
    let left = deadline.left(mono());
    if left.is_zero() {
        return Err(ErrorKind::TimedOut.into());
    }
    socket.connect_timeout(&account.address.into(), left)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Feeds bytes from the wire to TLS and moves what it understood to the inbox.
fn open_records(tls: &mut ClientConnection, mut bytes: &[u8], inbox: &mut Vec<u8>) -> Result<(), WireError> {
    while !bytes.is_empty() {
        let fed = tls.read_tls(&mut bytes).map_err(|source| WireError::Broken { source })?;
        let state = tls.process_new_packets().map_err(|source| WireError::Tls { source })?;
        let start = inbox.len();
        inbox.resize(start + state.plaintext_bytes_to_read(), 0);
        if inbox.len() > start {
            tls.reader().read_exact(&mut inbox[start..]).map_err(|source| WireError::Broken { source })?;
        }
        if fed == 0 || state.peer_has_closed() {
            return if inbox.is_empty() { Err(WireError::Closed) } else { Ok(()) };
        }
    }
    Ok(())
}

#[cfg(test)]
impl Wire {
    /// Waits until something can be read; what TLS or an earlier read holds already counts.
    pub fn wait_for_something(&self, deadline: Mono) {
        while self.inbox.is_empty() && self.socket.peek(&mut [0]).is_err_and(|error| is_for_later(&error)) {
            self.wait(PollFlags::POLLIN, deadline).expect("the peer says something or leaves");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::account::Transport;
    use super::super::peer::{login, soon};
    use super::*;

    #[test]
    fn a_full_kernel_buffer_takes_no_byte_instead_of_waiting() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let account = Account::new(listener.local_addr().unwrap(), &Transport::Plain, login()).unwrap();
        let mut wire = Wire::connect(&account, soon()).unwrap();
        let _deaf = listener.accept().unwrap();
        let patience = Duration::from_millis(100);
        // The other side reads nothing: at the end the push waits in vain.
        let pushed = wire.push(&vec![b'x'; 64 << 20], mono() + patience);
        assert!(matches!(pushed, Err(WireError::Silent)), "{pushed:?}");
        let written = wire.write_in_time(b"SET", soon());
        assert!(matches!(written.taken, Taken::Nothing(nix::errno::Errno::EAGAIN)));
        assert!(written.ended.since(written.checked) < patience);
    }

    /// Between the last check and the write there is no place where the word to stop could be missed.
    #[test]
    fn the_word_to_stop_is_part_of_the_last_check() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let halt = Arc::new(AtomicBool::new(false));
        let account = Account::new(listener.local_addr().unwrap(), &Transport::Plain, login()).unwrap();
        let wire = Wire::connect(&account.halted_by(Arc::clone(&halt)), soon()).unwrap();
        assert!(matches!(wire.write_in_time(b"SET", soon()).taken, Taken::Bytes(3)));
        halt.store(true, Ordering::SeqCst);
        assert!(matches!(wire.write_in_time(b"SET", soon()).taken, Taken::Halted));
        drop(wire);
        let mut heard = Vec::new();
        let _reset = listener.accept().unwrap().0.read_to_end(&mut heard);
        assert!(heard.len() <= 3, "{heard:?}");
    }

    #[test]
    fn a_dropped_connection_is_reset_and_unacknowledged_bytes_are_given_up() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let account = Account::new(listener.local_addr().unwrap(), &Transport::Plain, login()).unwrap();
        let wire = Wire::connect(&account, soon()).unwrap();
        let (mut peer, _) = listener.accept().unwrap();
        wire.give_up_after(crate::carriers::window::LATE_AFTER).unwrap();
        let socket = socket2::SockRef::from(&wire.socket);
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(Duration::from_secs(1)));
        assert!(socket.tcp_nodelay().unwrap());
        drop(wire);
        assert_eq!(peer.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    }
}
