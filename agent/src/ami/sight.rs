//! A look at a manager interface: logs in, asks what it may do, and leaves.

use super::{AmiError, Session};
use crate::causes::with_causes;
use crate::live::{Kind, Sight};
use crate::probes::connect;
use crate::site::{SecretError, Secrets};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::time::timeout;

/// Asterisk refuses a login after a second on purpose; a frozen one says nothing at all.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a greeting is switched with.
const SWITCH: &str = "DBPut";

/// What is needed of a manager interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needed {
    /// That it lets us in.
    Login,
    /// That its database can be written, too.
    Writing,
}

/// A manager interface, and how it is asked.
#[derive(Clone, Debug)]
pub struct Pbx {
    /// Where it is.
    pub at: SocketAddr,
    /// The local address to ask from.
    pub bind: Option<IpAddr>,
    /// Which secret holds user and password.
    pub secret: String,
    /// What is needed of it.
    pub needed: Needed,
}

/// Looks once.
pub async fn look(pbx: &Pbx, secrets: &Secrets) -> Sight {
    let Pbx { at, secret, needed, .. } = pbx;
    let fault = |says: String| Sight::fault(Kind::Ami, at, says);
    let (user, password) = match secrets.read(secret) {
        Ok(login) => login,
        Err(error @ SecretError::Read { .. }) => {
            return fault(with_causes(&error))
                .hint(format!("two lines, user and password, in the secret `{secret}`"));
        }
        Err(error) => return fault(with_causes(&error)),
    };
    let spoken = timeout(PATIENCE, spoken(pbx, (&user, &password))).await;
    match spoken {
        Ok(Ok((banner, may))) => {
            let classes = if may.is_empty() {
                "may write nothing".to_owned()
            } else {
                format!("may {}", may.join(", "))
            };
            let says = format!("{banner}, logged in as {user}; {classes}");
            if *needed == Needed::Writing && !may.contains(&SWITCH) {
                let hint = format!(
                    "`write = system` for {user} in manager.conf, then `asterisk -rx 'manager reload'`"
                );
                return Sight::warning(Kind::Ami, at, format!("{says}: greetings cannot be switched"))
                    .hint(hint);
            }
            Sight::ok(Kind::Ami, at, says)
        }
        Ok(Err(AmiError::Refused { words, .. })) => {
            fault(format!("refuses the login of the secret `{secret}`: {words}"))
                .hint("compare it with manager.conf, also `permit` and `deny` there")
        }
        Ok(Err(error)) => fault(with_causes(&error)).hint("`asterisk -rx 'manager show settings'`"),
        Err(_elapsed) => fault(format!("accepts and says nothing within {} s", PATIENCE.as_secs()))
            .hint("`asterisk -rx 'core show uptime'`"),
    }
}

/// The banner, and which of the actions that change something may be asked for.
async fn spoken(pbx: &Pbx, (user, password): (&str, &str)) -> Result<(String, Vec<&'static str>), AmiError> {
    let mut session = Session::greeted(connect(pbx.at, pbx.bind).await?).await?;
    session.log_in(user, password).await?;
    // What a user may not do is not listed to it.
    let listed = session.ask("ListCommands", &[]).await?;
    let may = [SWITCH, "Originate", "Command"]
        .into_iter()
        .filter(|action| listed.header(action).is_some())
        .collect();
    let banner = session.banner().to_owned();
    session.log_off().await;
    Ok((banner, may))
}
