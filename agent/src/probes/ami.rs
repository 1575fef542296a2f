//! The AMI probe: a banner and a login by the deadline; a refused login is this site's own fault.

use super::tcp::connect;
use super::{Answer, Why, shown};
use crate::ami::{AmiError, Session};
use crate::causes::with_causes;
use crate::clock::mono;
use crate::secret::Secret;
use crate::site::Secrets;
use state::Mono;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::oneshot;

/// Asterisk refuses a login after a second on purpose: for so long it is listened to, whatever the probe's patience.
const REFUSED_WITHIN: Duration = Duration::from_secs(3);

/// A login that was refused is tried again so seldom: every try is written into a log that others watch.
const TRY_AGAIN: Duration = Duration::from_secs(60);

/// Who is asked, from where, and with which secret.
#[derive(Clone, Debug)]
pub struct Ami {
    /// The manager interface.
    pub target: SocketAddr,
    /// The local address to ask from.
    pub bind: Option<IpAddr>,
    /// Where the secrets are.
    pub secrets: Secrets,
    /// Which of them holds user and password.
    pub secret: String,
    /// The login that was refused last.
    pub refused: Arc<Mutex<Option<Refused>>>,
}

/// A login that was refused, and when.
#[derive(Debug)]
pub struct Refused {
    login: (String, Secret),
    at: Mono,
    words: String,
}

impl Ami {
    /// Asks once. Somebody who accepts and says nothing is dead: that is what a frozen Asterisk does.
    pub async fn ask(&self, timeout: Duration) -> Answer {
        let asked = mono();
        match self.open(timeout).await {
            Ok(session) => {
                let detail = format!("{}, logged in", session.banner());
                let took = mono().since(asked);
                session.log_off().await;
                Answer::Alive { detail, took }
            }
            Err(answer) => answer,
        }
    }

    /// Logs in; or says what that says of the PBX, or of this site.
    pub async fn open(&self, timeout: Duration) -> Result<Session, Answer> {
        let asked = mono();
        let login = self.login().await.map_err(|why| Answer::Unasked { why })?;
        let refused = self.refused_lately(&login, asked);
        let silent = Answer::Dead { why: Why::Silent };
        let session = match tokio::time::timeout(timeout, self.greeted()).await {
            Ok(greeted) => greeted.map_err(|error| failed(&error))?,
            Err(_elapsed) => return Err(silent),
        };
        if let Some(words) = refused {
            return Err(Answer::Unasked { why: self.told(&words) });
        }
        let left = timeout.saturating_sub(mono().since(asked));
        match tokio::time::timeout(left, self.log_in(session, login)).await {
            Ok(Ok(Ok(session))) => Ok(session),
            Ok(Ok(Err(AmiError::Refused { words, .. }))) => Err(Answer::Unasked { why: self.told(&words) }),
            Ok(Ok(Err(error))) => Err(failed(&error)),
            Ok(Err(_)) | Err(_) => Err(silent),
        }
    }

    /// Read each time, beside the loop: a new secret needs no restart, and a slow disk delays nobody else.
    async fn login(&self) -> Result<(String, Secret), String> {
        let (secrets, name) = (self.secrets.clone(), self.secret.clone());
        let read = tokio::task::spawn_blocking(move || secrets.read(&name)).await;
        match read {
            Ok(Ok((user, password))) => Ok((user, Secret::new(password))),
            Ok(Err(error)) => Err(with_causes(&error)),
            Err(gone) => Err(gone.to_string()),
        }
    }

    async fn greeted(&self) -> Result<Session, AmiError> {
        Session::greeted(connect(self.target, self.bind).await?).await
    }

    /// Logs in, in a task that outlives an impatient probe: what is refused too late for it is remembered.
    fn log_in(
        &self,
        mut session: Session,
        login: (String, Secret),
    ) -> oneshot::Receiver<Result<Session, AmiError>> {
        let (tell, told) = oneshot::channel();
        let refused = Arc::clone(&self.refused);
        tokio::spawn(async move {
            let trying = session.log_in(&login.0, login.1.expose());
            let Ok(said) = tokio::time::timeout(REFUSED_WITHIN, trying).await else { return };
            remember(&refused, login, &said);
            // An impatient probe has gone already: nobody else says goodbye for it.
            if let Err(Ok(session)) = tell.send(said.map(|()| session)) {
                session.log_off().await;
            }
        });
        told
    }

    fn refused_lately(&self, login: &(String, Secret), now: Mono) -> Option<String> {
        let remembered = self.refused.lock().expect("nothing panics while it holds a login");
        let lately = |refused: &&Refused| refused.login == *login && now.since(refused.at) < TRY_AGAIN;
        remembered.as_ref().filter(lately).map(|refused| refused.words.clone())
    }

    fn told(&self, words: &str) -> String {
        let (words, target, secret) = (shown(words, 60), self.target, &self.secret);
        format!(
            "{target} refuses the login of the secret `{secret}` ({words}); hint: compare it with manager.conf"
        )
    }
}

fn remember(refused: &Mutex<Option<Refused>>, login: (String, Secret), said: &Result<(), AmiError>) {
    let mut remembered = refused.lock().expect("nothing panics while it holds a login");
    *remembered = match said {
        Err(AmiError::Refused { words, .. }) => Some(Refused { login, at: mono(), words: words.clone() }),
        Ok(()) | Err(AmiError::Io(_) | AmiError::Malformed(_) | AmiError::Value(_)) => None,
    };
}

fn failed(error: &AmiError) -> Answer {
    match error {
        AmiError::Io(error) => Answer::from_error(error),
        AmiError::Malformed(_) => Answer::Dead { why: Why::Malformed },
        AmiError::Refused { .. } | AmiError::Value(_) => Answer::Unasked { why: error.to_string() },
    }
}
