//! A switch over HTTP: read first, compare, thrown once, read back; no redirect is followed, no name looked up.

use super::order::{Hand, Tried};
use crate::causes::with_causes;
use crate::clock::mono;
use crate::node::Stands;
use crate::probes::http::{self, BODY_MAX};
use crate::probes::means::{Means, source_for};
use crate::probes::shown;
use crate::site::Secrets;
use reqwest::{Client, RequestBuilder, StatusCode, header, redirect};
use rustls::ClientConfig;
use state::Mono;
use state::fact::{Closure, Was};
use state::plan::{Login, Method, Scheme, Switch};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// What is left of an attempt's time for looking once more after a request that was not answered.
const LAST_LOOK: Duration = Duration::from_secs(1);
/// The first pause before a reading is repeated; it doubles each time.
const AGAIN: Duration = Duration::from_millis(200);
/// How much of what stands in a reading is told.
const VALUE_MAX: usize = 80;

/// A switch as this site can throw it.
#[derive(Debug)]
pub struct Thrower {
    switch: Switch,
    client: Client,
    secrets: Secrets,
}

/// A client that connects to `target`, whatever its URL is called, and keeps nothing between two requests.
///
/// # Errors
/// Says why no request can be made at all.
fn client(
    url: &str,
    (target, bind): (SocketAddr, Option<IpAddr>),
    tls: &ClientConfig,
) -> Result<Client, String> {
    let url = reqwest::Url::parse(url).map_err(|error| format!("`{url}`: {error}"))?;
    let mut builder = Client::builder()
        .tls_backend_preconfigured(tls.clone())
        .redirect(redirect::Policy::none())
        .pool_max_idle_per_host(0)
        .local_address(bind)
        .no_proxy()
        .http1_only()
        .user_agent("pointsman");
    if let Some(name) = url.domain() {
        builder = builder.resolve(name, target);
    }
    builder.build().map_err(|error| with_causes(&error))
}

/// What a reading says.
enum Reads {
    /// It stands as wanted.
    So,
    /// It does not, and may be thrown.
    No(String),
    /// Somebody put something else there.
    Strange(String),
    /// It could not be read.
    Nothing(String),
}

impl Thrower {
    /// The switch, with all that throwing it needs here.
    ///
    /// # Errors
    /// Says what is missing here; never a word of a secret.
    pub fn new(means: &Means, switch: &Switch) -> Result<Self, String> {
        let tls = means.tls.get_or_init(|| http::tls(means.authorities.as_deref()).map(Arc::new));
        let bind = source_for(means.bind, switch.address);
        let client = client(&switch.url, (switch.address, bind), tls.as_ref().map_err(Clone::clone)?)?;
        let thrower = Self { switch: switch.clone(), client, secrets: means.secrets.clone() };
        if let Some(login) = &switch.secret {
            thrower.secrets.read(&login.name).map_err(|why| why.to_string())?;
        }
        Ok(thrower)
    }

    /// One attempt: nothing is sent if it stands as wanted already, or as a stranger left it.
    pub async fn bring_about(&self, hand: &Hand) -> Tried {
        match self.reads(hand.begin_by).await {
            Reads::So => {
                let why = "it stood as wanted already".to_owned();
                return Tried { was: Was::Right, closure: Closure::Closed, why };
            }
            Reads::No(_) => {}
            Reads::Strange(why) | Reads::Nothing(why) => {
                return Tried::nothing(format!("nothing was sent: {why}"));
            }
        }
        if let Some(why) = hand.held_back() {
            return Tried::nothing(format!("nothing was sent: {why}"));
        }
        let method = self.switch.method.as_str();
        match tokio::time::timeout((hand.close_by - LAST_LOOK).left(mono()), self.throw()).await {
            Ok(Ok(status)) if taken(&self.switch.expect, status) => {
                self.read_back((Closure::Closed, None), hand.close_by).await
            }
            Ok(Ok(status)) => {
                let why = format!("{method} was answered {status}");
                self.read_back((Closure::Closed, Some(why)), hand.close_by).await
            }
            Ok(Err(Unthrown::Never(why))) => Tried::nothing(format!("nothing was sent: {why}")),
            Ok(Err(Unthrown::Unanswered(why))) => {
                let why = format!("{method} was not answered: {why}");
                self.read_back((Closure::Open, Some(why)), hand.close_by).await
            }
            Err(_elapsed) => {
                let why = format!("{method} was not answered in time");
                self.read_back((Closure::Open, Some(why)), hand.close_by).await
            }
        }
    }

    /// How it stands, as it is read.
    pub async fn stands(&self, by: Mono) -> Stands {
        match self.reads(by).await {
            Reads::So => Ok((Was::Right, "it stands as wanted".to_owned())),
            Reads::No(why) | Reads::Strange(why) => Ok((Was::Wrong, why)),
            Reads::Nothing(why) => Err(why),
        }
    }

    /// What is read decides whether it is right, and never whether it is over.
    async fn read_back(&self, (closure, trouble): (Closure, Option<String>), by: Mono) -> Tried {
        let tried = |was, why| Tried { was, closure, why };
        let with =
            |why: String| trouble.as_ref().map_or(why.clone(), |trouble| format!("{trouble}; and {why}"));
        let mut pause = AGAIN;
        loop {
            match self.reads(by).await {
                Reads::So => {
                    let why = trouble.as_ref().map(|trouble| format!("{trouble}; and it stands as wanted"));
                    return tried(Was::Right, why.unwrap_or_default());
                }
                // What was taken may take a moment to show; what was refused does not.
                Reads::No(_) | Reads::Strange(_) if trouble.is_none() && by.left(mono()) > pause => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                Reads::No(why) | Reads::Strange(why) => {
                    let was = if closure == Closure::Closed { Was::Wrong } else { Was::Unknown };
                    return tried(was, with(why));
                }
                Reads::Nothing(why) => return tried(Was::Unknown, with(why)),
            }
        }
    }

    /// Throws it once.
    async fn throw(&self) -> Result<StatusCode, Unthrown> {
        let Switch { method, url, body, .. } = &self.switch;
        let request = match method {
            Method::Put => self.client.put(url),
            Method::Post => self.client.post(url),
            Method::Patch => self.client.patch(url),
            Method::Delete => self.client.delete(url),
        };
        let request = match body {
            Some(body) => request.header(header::CONTENT_TYPE, "application/json").body(body.clone()),
            None => request,
        };
        let request = self.signed(request).map_err(Unthrown::Never)?;
        match request.send().await {
            Ok(response) => Ok(response.status()),
            // Without a connection no byte of the request has left.
            Err(error) if error.is_connect() || error.is_builder() => Err(Unthrown::Never(plain(error))),
            Err(error) => Err(Unthrown::Unanswered(plain(error))),
        }
    }

    /// How it stands.
    async fn reads(&self, by: Mono) -> Reads {
        match tokio::time::timeout(by.left(mono()), self.read()).await {
            Ok(Ok(reads)) => reads,
            Ok(Err(why)) => Reads::Nothing(format!("it cannot be read: {why}")),
            Err(_elapsed) => Reads::Nothing("it cannot be read in time".to_owned()),
        }
    }

    async fn read(&self) -> Result<Reads, String> {
        let request = self.client.get(&self.switch.read).header(header::ACCEPT, "application/json");
        let mut response = self.signed(request)?.send().await.map_err(plain)?;
        let status = response.status();
        let good = taken(&self.switch.read_expect, status);
        let Some(shows) = &self.switch.shows else {
            return Ok(match (good, status.is_server_error()) {
                (true, _) => Reads::So,
                (false, false) => Reads::No(format!("the reading was answered {status}")),
                (false, true) => Reads::Nothing(format!("the reading was answered {status}")),
            });
        };
        if !good {
            return Ok(Reads::Nothing(format!("the reading was answered {status}")));
        }
        let mut body: Vec<u8> = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(plain)? {
            if body.len() + chunk.len() > BODY_MAX {
                return Err(format!("more than {} KiB", BODY_MAX / 1024));
            }
            body.extend(chunk);
        }
        let json: serde_json::Value =
            serde_json::from_slice(&body).map_err(|_| "it is no JSON".to_owned())?;
        Ok(match json.pointer(&shows.pointer).map(text) {
            Some(found) if found == shows.is => Reads::So,
            Some(found) if shows.was.as_ref().is_none_or(|was| *was == found) => {
                Reads::No(format!("{} shows `{}`", shows.pointer, shown(&found, VALUE_MAX)))
            }
            None if shows.was.is_none() => Reads::No(format!("{} shows nothing", shows.pointer)),
            Some(found) => {
                let found = shown(&found, VALUE_MAX);
                Reads::Strange(format!("{} shows `{found}`, and that is not ours", shows.pointer))
            }
            None => Reads::Strange(format!("{} shows nothing, and that is not ours", shows.pointer)),
        })
    }

    /// The request with the site's secret, read anew each time and never kept.
    fn signed(&self, request: RequestBuilder) -> Result<RequestBuilder, String> {
        let Some(Login { name, scheme }) = &self.switch.secret else { return Ok(request) };
        let (user, password) = self.secrets.read(name).map_err(|why| why.to_string())?;
        Ok(match scheme {
            Scheme::Basic => request.basic_auth(user, Some(password)),
            Scheme::Bearer => request.bearer_auth(password),
        })
    }
}

/// Why no answer came.
enum Unthrown {
    /// No byte was sent.
    Never(String),
    /// Some may have been.
    Unanswered(String),
}

fn taken(expect: &[u16], status: StatusCode) -> bool {
    if expect.is_empty() { status.is_success() } else { expect.contains(&status.as_u16()) }
}

/// What stands in a reading, as it is compared: a text without its quotes, anything else as it is written.
fn text(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// An error in words, without the URL, in which somebody may have put something that nobody shall read.
fn plain(error: reqwest::Error) -> String {
    with_causes(&error.without_url())
}
