//! The HTTP probe: one request on a connection of its own; no redirect is followed, no name resolved.

use super::tcp::connect;
use super::{Answer, Why, shown};
use crate::clock::mono;
use hyper::body::Body;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{ACCEPT, HOST, HeaderValue, USER_AGENT};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use policies::policy::Http as Wanted;
use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls_platform_verifier::Verifier;
use state::Mono;
use std::error::Error;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

/// So much of a body is looked through, and no more is read.
pub const BODY_MAX: usize = 64 * 1024;

/// Who is asked, and what must be answered.
#[derive(Clone, Debug)]
pub struct Http {
    target: SocketAddr,
    bind: Option<IpAddr>,
    /// How the certificate is believed, and whose it must be; none without TLS.
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    /// What is asked for, and of whom.
    path: Uri,
    host: HeaderValue,
    wanted: Wanted,
}

/// What went wrong under way.
type Failed = Box<dyn Error + Send + Sync>;

impl Http {
    /// A probe of `target`, asked from `bind`, which believes certificates by `tls`.
    ///
    /// # Errors
    /// Says why the request cannot be made at all.
    pub fn new(
        (target, bind): (SocketAddr, Option<IpAddr>),
        wanted: Wanted,
        tls: &Arc<ClientConfig>,
    ) -> Result<Self, String> {
        let no = |why: &dyn std::fmt::Display| format!("`{}`: {why}", wanted.url);
        let url: Uri = spelt(&wanted.url).parse().map_err(|error| no(&error))?;
        let (name, path) = (url.host().unwrap_or_default(), url.path_and_query());
        let path = path.map_or("/", |path| path.as_str());
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        let path = path.parse().map_err(|error| no(&error))?;
        let (secure, usual) = if url.scheme_str() == Some("https") { (true, 443) } else { (false, 80) };
        let port = url.port_u16().filter(|port| *port != usual);
        let host = port.map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"));
        let host = host.parse().map_err(|error| no(&error))?;
        let tls = if secure {
            let name = ServerName::try_from(name.trim_matches(['[', ']']).to_owned());
            Some((Arc::clone(tls), name.map_err(|error| no(&error))?))
        } else {
            None
        };
        Ok(Self { target, bind, tls, path, host, wanted })
    }

    /// Asks once.
    pub async fn ask(&self, timeout: Duration) -> Answer {
        let asked = mono();
        match tokio::time::timeout(timeout, self.dial(asked)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => failed(&*error),
            Err(_elapsed) => Answer::Dead { why: Why::Silent },
        }
    }

    async fn dial(&self, asked: Mono) -> Result<Answer, Failed> {
        let stream = connect(self.target, self.bind).await?;
        match &self.tls {
            None => self.converse(stream, asked).await,
            Some((tls, name)) => {
                let stream = TlsConnector::from(Arc::clone(tls)).connect(name.clone(), stream).await?;
                self.converse(stream, asked).await
            }
        }
    }

    /// One request, while the connection is driven beside it in the same task: nothing outlives the question.
    async fn converse(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin,
        asked: Mono,
    ) -> Result<Answer, Failed> {
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let (mut talk, mut connection) = (pin!(self.talk(sender, asked)), pin!(connection));
        let mut open = true;
        loop {
            tokio::select! {
                biased;
                answer = &mut talk => return answer,
                // Whatever befell the connection, the talk is told; what it has is still read.
                _told = &mut connection, if open => open = false,
            }
        }
    }

    async fn talk(&self, mut sender: SendRequest<String>, asked: Mono) -> Result<Answer, Failed> {
        let mut request = Request::new(String::new());
        *request.uri_mut() = self.path.clone();
        let headers = request.headers_mut();
        headers.insert(HOST, self.host.clone());
        headers.insert(USER_AGENT, HeaderValue::from_static("pointsman"));
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        let mut response = sender.send_request(request).await?;
        let status = response.status();
        let code = status.as_u16();
        let good = self.wanted.expect.contains(&code) || self.wanted.expect.is_empty() && status.is_success();
        if !good {
            return Ok(wrong(format!("answered {status}")));
        }
        if let Some(text) = &self.wanted.body_has {
            let mut body: Vec<u8> = Vec::new();
            while !holds(&body, text) {
                let next = std::future::poll_fn(|cx| Pin::new(response.body_mut()).poll_frame(cx)).await;
                match next.transpose()?.map(|frame| frame.into_data().unwrap_or_default()) {
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

/// A URL with those signs spelt out that a request line may not hold.
fn spelt(url: &str) -> String {
    let spell = |letter: char| match letter {
        '"' | '<' | '>' | '^' | '`' | '{' | '|' | '}' => format!("%{:02X}", u32::from(letter)),
        plain => plain.to_string(),
    };
    url.chars().map(spell).collect()
}

fn holds(body: &[u8], text: &str) -> bool {
    body.windows(text.len()).any(|window| window == text.as_bytes())
}

fn wrong(words: String) -> Answer {
    Answer::Dead { why: Why::Wrong(words) }
}

/// What a request that failed says of the target.
fn failed(error: &(dyn Error + 'static)) -> Answer {
    let mut cause = Some(error);
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
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_becomes_a_request_line_and_a_host() {
        let tls = Arc::new(tls(None).unwrap());
        let of = |url: &str| {
            let wanted = Wanted { url: url.to_owned(), expect: Vec::new(), body_has: None };
            let http = Http::new((([192, 0, 2, 11], 80).into(), None), wanted, &tls).unwrap();
            let name = http.tls.map(|(_, name)| name.to_str().into_owned());
            (http.path.to_string(), http.host.to_str().unwrap().to_owned(), name)
        };
        let is = |url: &str, path: &str, host: &str, name: Option<&str>| {
            assert_eq!(of(url), (path.to_owned(), host.to_owned(), name.map(str::to_owned)), "{url}");
        };
        is("http://192.0.2.11", "/", "192.0.2.11", None);
        is("http://192.0.2.11:80?full", "/?full", "192.0.2.11", None);
        is("https://www.example.com:8443/a?b=c", "/a?b=c", "www.example.com:8443", Some("www.example.com"));
        is("https://[2001:db8::1]:443/", "/", "[2001:db8::1]", Some("2001:db8::1"));
        is("http://192.0.2.11/a|b?{c}", "/a%7Cb?%7Bc%7D", "192.0.2.11", None);
    }
}
