//! The other end of the control socket: asks an agent of this machine, and follows what it tells.

use super::line::{self, Reply, Request, SCHEMA};
use crate::command::{Answer, Command, Telling};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use thiserror::Error;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::time::timeout;

/// How long to wait for an answer: the agent itself gives up after 30 s, and says so.
const PATIENCE: Duration = Duration::from_secs(40);

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum ClientError {
    /// Nobody listens there.
    #[error("no agent answers on `{}`", path.display())]
    NoAgent {
        /// Where it was looked for.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It may not be opened.
    #[error("you may not open `{}`", path.display())]
    Denied {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The connection broke.
    #[error("the agent broke off before it answered")]
    Broken {
        /// What the system said.
        source: io::Error,
    },
    /// No answer in time.
    #[error("the agent did not answer within {} s", PATIENCE.as_secs())]
    Silent,
    /// It speaks another language.
    #[error("the agent's answer cannot be read")]
    Foreign {
        /// What serde said.
        source: serde_json::Error,
    },
    /// Not an answer to what was asked.
    #[error("the agent answered something else than was asked")]
    Beside,
    /// It does not let us follow.
    #[error("the agent stopped telling: {0}")]
    Unfollowed(String),
}

impl ClientError {
    /// What can be typed next, if anything can.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoAgent { .. } => {
                Some("`systemctl status pointsman`, or name another socket with `--socket PATH`".into())
            }
            Self::Denied { .. } => {
                Some("the same command with sudo, or `sudo usermod -aG pointsman LOGIN`".into())
            }
            Self::Broken { .. } | Self::Silent => Some("`journalctl -u pointsman -n 50`".into()),
            Self::Foreign { .. } | Self::Beside => {
                Some("`pointsman --version`; is it the one that the agent was started from?".into())
            }
            Self::Unfollowed(_) => Some("`pointsman runs` shows how it ended".into()),
        }
    }
}

/// One connection to an agent.
#[derive(Debug)]
pub struct Client {
    stream: BufReader<UnixStream>,
}

impl Client {
    /// Connects to the agent that listens at `path`.
    ///
    /// # Errors
    /// If nobody listens there, or the system does not let us.
    pub async fn connect(path: &Path) -> Result<Self, ClientError> {
        let stream = UnixStream::connect(path).await.map_err(|source| {
            let path = path.to_owned();
            if source.kind() == io::ErrorKind::PermissionDenied {
                ClientError::Denied { path, source }
            } else {
                ClientError::NoAgent { path, source }
            }
        })?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Asks one thing and waits for its answer, a refusal included.
    ///
    /// # Errors
    /// If the agent goes away, keeps silent for 40 s, or speaks another language.
    pub async fn ask(&mut self, command: Command) -> Result<Answer, ClientError> {
        let request = Request { schema: SCHEMA, command };
        let bytes = line::line(&request).map_err(|source| ClientError::Foreign { source })?;
        self.stream.write_all(&bytes).await.map_err(|source| ClientError::Broken { source })?;
        timeout(PATIENCE, self.heard()).await.map_err(|_| ClientError::Silent)?
    }

    /// Turns the connection into one that hears everything from now on.
    ///
    /// # Errors
    /// As [`Self::ask`], or if the agent refuses.
    pub async fn follow(mut self) -> Result<Following, ClientError> {
        let answer = self.ask(Command::Follow).await?;
        if matches!(answer, Answer::Following) { Ok(Following(self)) } else { Err(untold(answer)) }
    }

    async fn heard(&mut self) -> Result<Answer, ClientError> {
        let mut text = String::new();
        let read = self.stream.read_line(&mut text).await.map_err(|source| ClientError::Broken { source })?;
        if read == 0 {
            return Err(ClientError::Broken { source: io::ErrorKind::UnexpectedEof.into() });
        }
        let reply: Reply = serde_json::from_str(&text).map_err(|source| ClientError::Foreign { source })?;
        Ok(reply.answer)
    }
}

/// A connection that is being told.
#[derive(Debug)]
pub struct Following(Client);

impl Following {
    /// What happens next; waits as long as it takes.
    ///
    /// # Errors
    /// If the agent goes away or stops telling.
    pub async fn next(&mut self) -> Result<Telling, ClientError> {
        let answer = self.0.heard().await?;
        if let Answer::Told(telling) = answer { Ok(telling) } else { Err(untold(answer)) }
    }
}

/// Why nothing is told: the agent says so, or speaks of something else.
fn untold(answer: Answer) -> ClientError {
    if let Answer::Refused { why, .. } = answer { ClientError::Unfollowed(why) } else { ClientError::Beside }
}
