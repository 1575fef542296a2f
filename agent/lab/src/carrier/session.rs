//! One connection to the carrier, from the greeting to the end.

use super::answers::failure;
use super::destination::masked;
use super::faults::{Kind, Moment, Struck};
use super::frame::{Framer, TooLong};
use super::log::{Line, What};
use super::office::Office;
use super::request::Request;
use super::setup::LineEnd;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Plain TCP or TLS, it is the same inside.
pub trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// What every client matches on is the leading `0 `, some match the whole line.
const GREETING: &str = "0 Magrathea NTS GW (ntsapi.c(V0.1))";

/// A connection on which nothing is said for so long is closed; the real limit is not known.
const IDLE: Duration = Duration::from_secs(300);

/// A client that does not take a reply for so long is gone.
const UNREAD: Duration = Duration::from_secs(10);

/// Why a session ends.
#[derive(Debug)]
pub(super) enum End {
    /// The client left.
    HungUp,
    /// The carrier closes, and says why in its log.
    Closed(&'static str),
}

/// How long to wait while a client may talk on, or leave.
pub(super) enum Until {
    After(Duration),
    Cleared(Struck),
}

/// One connection.
pub struct Session {
    pub(super) office: Arc<Office>,
    wire: Box<dyn Wire>,
    pub(super) line: Line,
    framer: Framer,
    pub(super) account: Option<String>,
}

impl Session {
    /// A session on a connection that was just accepted.
    pub fn new(office: Arc<Office>, wire: Box<dyn Wire>, line: Line) -> Self {
        Self { office, wire, line, framer: Framer::default(), account: None }
    }

    /// Talks until either side has had enough.
    pub async fn run(mut self) {
        let end = match self.talk().await {
            Ok(never) => match never {},
            Err(end) => end,
        };
        match end {
            End::HungUp => self.log(What::HungUp),
            End::Closed(why) => {
                let _ = tokio::time::timeout(UNREAD, self.wire.shutdown()).await;
                self.log(What::Closed { why: why.to_owned() });
            }
        }
    }

    async fn talk(&mut self) -> Result<std::convert::Infallible, End> {
        self.hang(Moment::Accept, None).await?;
        self.reply(&[GREETING.to_owned()]).await?;
        self.hang(Moment::Greeting, None).await?;
        loop {
            let bytes = self.command().await?;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            self.log(What::Command { text: self.office.masked(&text, self.account.as_deref()) });
            let request = Request::parse(&text, self.office.ports());
            self.attend(request).await?;
        }
    }

    /// The next command: at its line end, or after a quiet time if it has none.
    async fn command(&mut self) -> Result<Vec<u8>, End> {
        loop {
            match self.framer.line() {
                Ok(Some(line)) => return Ok(line),
                Ok(None) => {}
                Err(TooLong) => {
                    self.reply(&[failure(self.office.manner(), "Line too long")]).await?;
                    return Err(End::Closed("line too long"));
                }
            }
            let rest = String::from_utf8_lossy(self.framer.rest()).into_owned();
            let patience = self.office.patience();
            let wait = if rest.is_empty() {
                IDLE
            } else if self.office.reads_as_complete(&rest) {
                patience.complete
            } else {
                patience.partial
            };
            match tokio::time::timeout(wait, self.read()).await {
                Ok(Ok(())) => {}
                // A client that closed its sending side behind a whole command still means it.
                Ok(Err(_)) if self.office.reads_as_complete(&rest) => return Ok(self.framer.take_rest()),
                Ok(Err(end)) => return Err(end),
                Err(_) if rest.is_empty() => return Err(End::Closed("idle")),
                Err(_) => return Ok(self.framer.take_rest()),
            }
        }
    }

    /// One read; an end or an error is the client leaving. Nothing is lost if the read is given up.
    async fn read(&mut self) -> Result<(), End> {
        let mut bytes = [0; 1024];
        match self.wire.read(&mut bytes).await {
            Ok(0) | Err(_) => Err(End::HungUp),
            Ok(count) => {
                self.framer.push(&bytes[..count]);
                Ok(())
            }
        }
    }

    /// Sends the lines of one reply, as late as the faults want it.
    pub(super) async fn reply(&mut self, lines: &[String]) -> Result<(), End> {
        self.tarry().await?;
        self.send(lines).await
    }

    /// Waits before a reply if a fault wants it.
    pub(super) async fn tarry(&mut self) -> Result<(), End> {
        match self.office.faults.slowness() {
            Some(slowness) => self.stay(Until::After(slowness)).await,
            None => Ok(()),
        }
    }

    /// Sends the lines of one reply in one write.
    pub(super) async fn send(&mut self, lines: &[String]) -> Result<(), End> {
        let end = match self.office.line_end() {
            LineEnd::CrLf => "\r\n",
            LineEnd::Lf => "\n",
        };
        let bytes = lines.iter().fold(String::new(), |all, line| all + line + end);
        // Written in the log first: the client may act on the reply before this task runs again.
        for line in lines {
            self.log(What::Reply { text: masked(line) });
        }
        let sending = async {
            self.wire.write_all(bytes.as_bytes()).await?;
            self.wire.flush().await
        };
        match tokio::time::timeout(UNREAD, sending).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::HungUp),
            Err(_) => Err(End::Closed("replies are not read")),
        }
    }

    /// Falls silent if a fault wants it here.
    pub(super) async fn hang(&mut self, moment: Moment, number: Option<&str>) -> Result<(), End> {
        match self.strike(number, |kind| *kind == Kind::Hang { at: moment }) {
            Some(struck) => self.stay(Until::Cleared(struck)).await,
            None => Ok(()),
        }
    }

    /// Waits while listening: what the client says is kept for later, and its leaving is noticed.
    pub(super) async fn stay(&mut self, until: Until) -> Result<(), End> {
        let over = async {
            match until {
                Until::After(delay) => tokio::time::sleep(delay).await,
                Until::Cleared(mut struck) => struck.cleared().await,
            }
        };
        let mut over = std::pin::pin!(over);
        loop {
            tokio::select! {
                () = &mut over => return Ok(()),
                read = self.read() => read?,
            }
        }
    }

    /// A fault that fits, noted in the log.
    pub(super) fn strike(&self, number: Option<&str>, fits: impl Fn(&Kind) -> bool) -> Option<Struck> {
        let struck = self.office.faults.strike(number, fits)?;
        self.log(What::Fault { text: format!("{:?}", struck.kind) });
        Some(struck)
    }

    pub(super) fn log(&self, what: What) {
        self.office.log.write(Some(&self.line), what);
    }
}
