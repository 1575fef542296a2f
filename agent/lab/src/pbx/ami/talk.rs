//! One conversation with the manager interface: the banner, then messages as they come, split or joined.

use super::action::{Action, Answer};
use super::{Class, Desk, FULLY_BOOTED};
use crate::pbx::Condition;
use agent::clock::mono;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{broadcast, watch};

const BANNER: &str = "Asterisk Call Manager/11.0.0\r\n";

/// A wrong login is answered so late, and then hung up on.
const REFUSED_AFTER: Duration = Duration::from_secs(1);

/// A message longer than this is dropped with its sender.
const LONGEST: usize = 64 * 1024;

/// One guest.
pub(super) struct Talk {
    stream: TcpStream,
    desk: Desk,
    condition: watch::Receiver<Condition>,
    events: broadcast::Receiver<String>,
    /// What the guest may do, once it has logged in.
    class: Option<Class>,
    hears: Hears,
    inbox: Vec<u8>,
}

/// Which events a guest hears.
#[derive(Clone, PartialEq, Eq)]
enum Hears {
    All,
    None,
    /// Those of these classes.
    Of(Vec<String>),
}

impl Hears {
    /// `off`, `on`, or classes with commas between them; without a word, all.
    fn mask(mask: Option<&str>) -> Self {
        match mask.map(str::to_ascii_lowercase).as_deref() {
            Some("off") => Self::None,
            None | Some("on" | "all") => Self::All,
            Some(classes) => Self::Of(classes.split(',').map(|class| class.trim().to_owned()).collect()),
        }
    }

    fn hears(&self, event: &str) -> bool {
        let privilege = event.lines().find_map(|line| line.strip_prefix("Privilege: ")).unwrap_or_default();
        match self {
            Self::All => true,
            Self::None => false,
            Self::Of(classes) => privilege.split(',').any(|of| classes.iter().any(|class| class == of)),
        }
    }
}

/// Whether a conversation goes on.
enum Next {
    On,
    Over,
}

impl Talk {
    pub(super) fn new(stream: TcpStream, desk: Desk, condition: watch::Receiver<Condition>) -> Self {
        let events = desk.ami.events.subscribe();
        Self { stream, desk, condition, events, class: None, hears: Hears::All, inbox: Vec::new() }
    }

    /// Until either hangs up.
    pub(super) async fn hold(mut self) {
        if self.say(BANNER).await.is_err() {
            return;
        }
        let mut lines: Vec<String> = Vec::new();
        loop {
            while let Some(line) = self.line() {
                if !line.is_empty() {
                    lines.push(line);
                    continue;
                }
                let action = Action::of(std::mem::take(&mut lines));
                match self.answer(&action).await {
                    Ok(Next::On) => {}
                    Ok(Next::Over) | Err(_) => return,
                }
            }
            if self.wait().await.is_err() || self.inbox.len() > LONGEST {
                return;
            }
        }
    }

    /// A line that is whole; LF alone ends one as well.
    fn line(&mut self) -> Option<String> {
        let end = self.inbox.iter().position(|byte| *byte == b'\n')?;
        let line: Vec<u8> = self.inbox.drain(..=end).collect();
        Some(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned())
    }

    /// For more from the guest, or for an event to tell it.
    async fn wait(&mut self) -> std::io::Result<()> {
        tokio::select! {
            read = self.stream.read_buf(&mut self.inbox) => match read? {
                0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
                _ => Ok(()),
            },
            // A guest that listens too slowly misses events.
            event = self.events.recv() => match event {
                Ok(event) if self.class.is_some() && self.hears.hears(&event) => self.say(&event).await,
                Ok(_) | Err(_) => Ok(()),
            },
        }
    }

    async fn answer(&mut self, action: &Action) -> std::io::Result<Next> {
        let Some(class) = self.class else {
            return self.before_login(action).await;
        };
        match action.answer(&self.desk, class) {
            Answer::Say(reply) => self.say(&reply).await?,
            Answer::Events(reply) => {
                self.listen(action.get("EventMask"));
                self.say(&reply).await?;
            }
            Answer::SayThenTell(reply, event) => {
                self.say(&reply).await?;
                // Nobody may listen.
                let _nobody = self.desk.ami.events.send(event);
            }
            Answer::Leave(reply) => {
                self.say(&reply).await?;
                return Ok(Next::Over);
            }
        }
        Ok(Next::On)
    }

    async fn before_login(&mut self, action: &Action) -> std::io::Result<Next> {
        if !action.is("Login") {
            self.say(&action.error("Permission denied")).await?;
            return Ok(Next::On);
        }
        let ami = std::sync::Arc::clone(&self.desk.ami);
        let account = action.get("Username").and_then(|user| ami.accounts.get(user));
        match account.filter(|(secret, _)| action.get("Secret") == Some(secret)) {
            Some((_, class)) => {
                self.class = Some(*class);
                ami.kept().logins += 1;
                self.listen(action.get("Events"));
                self.say(&action.success(&[], Some("Authentication accepted"))).await?;
                let booted = mono() >= ami.kept().booted_at;
                if booted && self.hears.hears(FULLY_BOOTED) {
                    self.say(FULLY_BOOTED).await?;
                }
                Ok(Next::On)
            }
            None => {
                ami.kept().refusals += 1;
                tokio::time::sleep(REFUSED_AFTER).await;
                self.say(&action.error("Authentication failed")).await?;
                Ok(Next::Over)
            }
        }
    }

    fn listen(&mut self, mask: Option<&str>) {
        self.hears = Hears::mask(mask);
    }

    /// A hung PBX says it when it goes on.
    async fn say(&mut self, text: &str) -> std::io::Result<()> {
        // An error means that the PBX is gone, and this task is about to be.
        drop(self.condition.wait_for(|condition| *condition != Condition::Hung).await);
        self.stream.write_all(text.as_bytes()).await
    }
}
