//! The HTTP probe: one request on a connection of its own; no redirect is followed, no name resolved.

use super::{Answer, Why, shown};
use crate::clock::mono;
use policies::policy::Http as Wanted;
use reqwest::redirect;
use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_platform_verifier::Verifier;
use state::Mono;
use std::error::Error;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// So much of a body is looked through, and no more is read.
pub const BODY_MAX: usize = 64 * 1024;

/// Who is asked, and what must be answered.
#[derive(Clone, Debug)]
pub struct Http {
    client: reqwest::Client,
    wanted: Wanted,
}

impl Http {
    /// A probe of `target`, asked from `bind`, which believes certificates by `tls`.
    ///
    /// # Errors
    /// Says why the request cannot be made at all.
    pub fn new(
        (target, bind): (SocketAddr, Option<IpAddr>),
        wanted: Wanted,
        tls: &ClientConfig,
    ) -> Result<Self, String> {
        let client = client(&wanted.url, (target, bind), tls)?;
        Ok(Self { client, wanted })
    }

    /// Asks once.
    pub async fn ask(&self, timeout: Duration) -> Answer {
        let asked = mono();
        match tokio::time::timeout(timeout, self.talk(asked)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => failed(&error),
            Err(_elapsed) => Answer::Dead { why: Why::Silent },
        }
    }

    async fn talk(&self, asked: Mono) -> reqwest::Result<Answer> {
        let mut response = self.client.get(&self.wanted.url).send().await?;
        let status = response.status();
        let code = status.as_u16();
        let good = self.wanted.expect.contains(&code) || self.wanted.expect.is_empty() && status.is_success();
        if !good {
            return Ok(wrong(format!("answered {status}")));
        }
        if let Some(text) = &self.wanted.body_has {
            let mut body: Vec<u8> = Vec::new();
            while !holds(&body, text) {
                match response.chunk().await? {
                    Some(chunk) if body.len() < BODY_MAX => {
                        body.extend(chunk.iter().take(BODY_MAX - body.len()));
                    }
                    Some(_) | None => return Ok(wrong(format!("answered {code} without `{text}`"))),
                }
            }
        }
        Ok(Answer::Alive { detail: status.to_string(), took: mono().since(asked) })
    }
}

/// A client that connects to `target`, whatever its URL is called, and keeps nothing between two requests.
///
/// # Errors
/// Says why no request can be made at all.
pub fn client(
    url: &str,
    (target, bind): (SocketAddr, Option<IpAddr>),
    tls: &ClientConfig,
) -> Result<reqwest::Client, String> {
    let url = reqwest::Url::parse(url).map_err(|error| format!("`{url}`: {error}"))?;
    let mut builder = reqwest::Client::builder()
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
    builder.build().map_err(|error| words(&error))
}

fn holds(body: &[u8], text: &str) -> bool {
    body.windows(text.len()).any(|window| window == text.as_bytes())
}

fn wrong(words: String) -> Answer {
    Answer::Dead { why: Why::Wrong(words) }
}

/// What a request that failed says of the target.
fn failed(error: &reqwest::Error) -> Answer {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(error) = cause {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return wrong(format!("no tls: {}", shown(&tls.to_string(), 80)));
        }
        // The cause of a wrapped error is that of the inner one: the inner one itself must be asked for.
        let inner = error.downcast_ref::<io::Error>().map(|error| (error, error.get_ref()));
        cause = match inner {
            Some((error, None)) => return Answer::from_error(error),
            Some((_, Some(inner))) => Some(inner),
            None => error.source(),
        };
    }
    // It hung up, or said what is no HTTP.
    Answer::Dead { why: Why::Malformed }
}

/// An error with its causes.
pub fn words(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words += &format!(": {error}");
        cause = error.source();
    }
    words
}

/// How certificates are believed: by this machine's own roots, and by the authorities of a file beside them.
///
/// A resumed session would skip the certificate: each question is a handshake of its own.
///
/// # Errors
/// Says what cannot be read.
pub fn tls(authorities: Option<&Path>) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let own = match authorities {
        None => Vec::new(),
        Some(path) => {
            let at = |why: &dyn Error| format!("cannot read the authorities in `{}`: {why}", path.display());
            let pem = std::fs::read(path).map_err(|error| at(&error))?;
            let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
            found.map_err(|error| at(&error))?
        }
    };
    let failed = |error: rustls::Error| format!("tls cannot be set up: {error}");
    let verifier = Verifier::new_with_extra_roots(own, Arc::clone(&provider)).map_err(failed)?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    Ok(config)
}
