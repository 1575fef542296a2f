//! Asterisk's manager interface, as a client: a banner, a login, and one answer to each action, every length limited.

pub mod message;
pub mod sight;

use message::{Message, frame};
use std::io;
use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longer than any banner seen, by a factor of four.
const BANNER_MAX: usize = 128;

/// More events than this between an action and its answer are a storm that nobody waits out.
const EVENTS_MAX: usize = 1000;

/// What every banner begins with.
const BANNER: &str = "Asterisk Call Manager/";

/// Why a conversation ended.
#[derive(Debug, Error)]
pub enum AmiError {
    /// The connection failed.
    #[error("the connection to the manager interface failed")]
    Io(#[from] io::Error),
    /// The other end is no manager interface, or says more than there may be.
    #[error("the other end does not speak as Asterisk's manager interface does: {0}")]
    Malformed(&'static str),
    /// An action was answered with an error, in Asterisk's own words.
    #[error("`{action}` was refused: {words}")]
    Refused {
        /// Which.
        action: &'static str,
        /// Why.
        words: String,
    },
    /// A value would end its line and begin another.
    #[error("a value for `{0}` holds a line end")]
    Value(&'static str),
}

/// A conversation from its banner on.
#[derive(Debug)]
pub struct Session {
    stream: TcpStream,
    inbox: Vec<u8>,
    banner: String,
    asked: u32,
}

impl Session {
    /// Waits for the banner. A frozen Asterisk accepts and never speaks: whoever calls this sets a deadline.
    ///
    /// # Errors
    /// When the connection ends, or something else speaks.
    pub async fn greeted(mut stream: TcpStream) -> Result<Self, AmiError> {
        let mut inbox = Vec::new();
        loop {
            if let Some((banner, taken)) = message::banner(&inbox, BANNER, BANNER_MAX)? {
                inbox.drain(..taken);
                return Ok(Self { stream, inbox, banner, asked: 0 });
            }
            fill(&mut stream, &mut inbox).await?;
        }
    }

    /// What it says it is: `Asterisk Call Manager/11.0.0`.
    pub fn banner(&self) -> &str {
        &self.banner
    }

    /// Logs in, and asks for no events.
    ///
    /// # Errors
    /// [`AmiError::Refused`] for a wrong user, a wrong secret and a forbidden address alike, a second late.
    pub async fn log_in(&mut self, user: &str, secret: &str) -> Result<(), AmiError> {
        let fields = [("Username", user), ("Secret", secret), ("Events", "off")];
        self.ask("Login", &fields).await.map(drop)
    }

    /// One action and its answer; events in between are passed over.
    ///
    /// # Errors
    /// When it is refused, in Asterisk's words, or the conversation ends.
    pub async fn ask(
        &mut self,
        action: &'static str,
        fields: &[(&'static str, &str)],
    ) -> Result<Message, AmiError> {
        let id = self.send(action, fields).await?;
        for _ in 0..EVENTS_MAX {
            let message = self.next().await?;
            let Some(response) =
                message.header("Response").filter(|_| message.header("ActionID") == Some(&id))
            else {
                continue;
            };
            if response.eq_ignore_ascii_case("Error") {
                let words = message.header("Message").unwrap_or("no reason is given").to_owned();
                return Err(AmiError::Refused { action, words });
            }
            return Ok(message);
        }
        Err(AmiError::Malformed("it answers with events alone"))
    }

    /// One action whose answer is a list of events, as they come; none of another action is taken for one of it.
    ///
    /// # Errors
    /// When it is refused, in Asterisk's words, or the list has no end.
    pub async fn list(
        &mut self,
        action: &'static str,
        fields: &[(&'static str, &str)],
    ) -> Result<Vec<Message>, AmiError> {
        let id = self.ask(action, fields).await?.header("ActionID").unwrap_or_default().to_owned();
        let mut listed = Vec::new();
        for _ in 0..EVENTS_MAX {
            let message = self.next().await?;
            if message.header("ActionID") != Some(&id) {
                continue;
            }
            if message.header("EventList").is_some_and(|list| list.eq_ignore_ascii_case("Complete")) {
                return Ok(listed);
            }
            listed.push(message);
        }
        Err(AmiError::Malformed("its list has no end"))
    }

    /// Takes leave without waiting for an answer.
    pub async fn log_off(mut self) {
        // Who has gone already need not be told.
        let _gone = self.send("Logoff", &[]).await;
    }

    async fn send(
        &mut self,
        action: &'static str,
        fields: &[(&'static str, &str)],
    ) -> Result<String, AmiError> {
        self.asked += 1;
        let id = self.asked.to_string();
        let mut text = format!("Action: {action}\r\nActionID: {id}\r\n");
        for (name, value) in fields {
            if value.contains(['\r', '\n', '\0']) {
                return Err(AmiError::Value(name));
            }
            text += &format!("{name}: {value}\r\n");
        }
        text += "\r\n";
        self.stream.write_all(text.as_bytes()).await?;
        Ok(id)
    }

    async fn next(&mut self) -> Result<Message, AmiError> {
        loop {
            if let Some((message, taken)) = frame(&self.inbox)? {
                self.inbox.drain(..taken);
                return Ok(message);
            }
            fill(&mut self.stream, &mut self.inbox).await?;
        }
    }
}

async fn fill(stream: &mut TcpStream, inbox: &mut Vec<u8>) -> Result<(), AmiError> {
    let mut buffer = [0; 4096];
    match stream.read(&mut buffer).await? {
        0 => Err(AmiError::Io(io::ErrorKind::ConnectionReset.into())),
        count => {
            inbox.extend_from_slice(&buffer[..count]);
            Ok(())
        }
    }
}
