//! Who logs in where, and whose certificate is believed.

use crate::secret::Secret;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, InvalidDnsNameError, ServerName};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// User and password, both free of blanks and control characters.
#[derive(Clone, Debug)]
pub struct Login {
    user: String,
    password: Secret,
}

impl Login {
    /// Checks both against their alphabets. The user is `[A-Za-z0-9_.-]`, which the carrier's own clients keep
    /// to; the password may be any visible ASCII, because only blanks and line ends could say something else.
    pub fn new(user: &str, password: Secret) -> Result<Self, AccountError> {
        let user_fits = user.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
        if !user_fits || !(1..=64).contains(&user.len()) {
            return Err(AccountError::User);
        }
        let secret = password.expose();
        if !secret.bytes().all(|byte| byte.is_ascii_graphic()) || !(1..=128).contains(&secret.len()) {
            return Err(AccountError::Password);
        }
        Ok(Self { user: user.to_owned(), password })
    }

    /// The user's name.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The password.
    pub fn password(&self) -> &Secret {
        &self.password
    }
}

/// Whose word is taken for a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// What this machine trusts.
    Platform,
    /// Only these authorities, each a PEM text: a private CA.
    Roots(Vec<String>),
}

/// How the bytes travel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Plain TCP.
    Plain,
    /// TLS from the first byte; the certificate must be valid for `name`.
    Tls { name: String, trust: Trust },
}

/// Plain, or TLS made ready once: reading the machine's roots takes a while.
#[derive(Clone, Debug)]
pub(super) enum Layer {
    Plain,
    Tls { name: ServerName<'static>, config: Arc<ClientConfig> },
}

/// An account at the carrier, everything checked.
#[derive(Clone, Debug)]
pub struct Account {
    pub(super) address: SocketAddr,
    pub(super) bind: Option<IpAddr>,
    pub(super) layer: Layer,
    pub(super) login: Login,
    pub(super) halt: Arc<AtomicBool>,
}

/// An account that cannot be used as written.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The user's alphabet.
    #[error("the carrier's user name may hold 1 to 64 of A-Z a-z 0-9 _ . - only")]
    User,
    /// The password's alphabet; the password itself is not shown.
    #[error("the carrier's password may hold 1 to 128 visible ASCII characters only, no blanks")]
    Password,
    /// The certificate's name is no host name.
    #[error("`{name}` cannot be the name on the carrier's certificate")]
    Name { name: String, source: InvalidDnsNameError },
    /// A root that is no certificate.
    #[error("a root certificate for the carrier cannot be read")]
    Root { source: rustls::pki_types::pem::Error },
    /// TLS could not be set up.
    #[error("tls to the carrier cannot be set up")]
    Tls { source: rustls::Error },
}

impl Account {
    /// An account at `address`, reached from any local address.
    pub fn new(address: SocketAddr, transport: &Transport, login: Login) -> Result<Self, AccountError> {
        let layer = match transport {
            Transport::Plain => Layer::Plain,
            Transport::Tls { name, trust } => Layer::Tls {
                name: ServerName::try_from(name.clone())
                    .map_err(|source| AccountError::Name { name: name.clone(), source })?,
                config: Arc::new(tls(trust)?),
            },
        };
        Ok(Self { address, bind: None, layer, login, halt: Arc::default() })
    }

    /// The same account, reached from this local address.
    pub fn bound_to(mut self, bind: IpAddr) -> Self {
        self.bind = Some(bind);
        self
    }

    /// The same account, whose lines send no SET once this is true.
    pub fn halted_by(mut self, halt: Arc<AtomicBool>) -> Self {
        self.halt = halt;
        self
    }

    /// The same account at another address, when its host name has moved.
    pub fn at(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// The same account with another login: what TLS believes was made ready once.
    pub fn with(mut self, login: Login) -> Self {
        self.login = login;
        self
    }

    /// Where it is reached.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// A TLS client that believes `trust`, with ring named explicitly, so that nothing global need be installed.
fn tls(trust: &Trust) -> Result<ClientConfig, AccountError> {
    let tls_failed = |source| AccountError::Tls { source };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(tls_failed)?;
    let builder = match trust {
        Trust::Platform => builder.with_platform_verifier().map_err(tls_failed)?,
        Trust::Roots(pems) => builder.with_root_certificates(roots(pems)?),
    };
    Ok(builder.with_no_client_auth())
}

/// The certificates of all PEM texts as the only roots.
fn roots(pems: &[String]) -> Result<RootCertStore, AccountError> {
    let mut store = RootCertStore::empty();
    for pem in pems {
        for der in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let der = der.map_err(|source| AccountError::Root { source })?;
            store.add(der).map_err(|source| AccountError::Tls { source })?;
        }
    }
    Ok(store)
}
