//! Who this site is on the wire: its certificate, its key, and the one CA it believes.

use super::name::{self, NameFault, Named};
use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use rustls::sign::SigningKey;
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use state::{Fingerprint, SiteId, Stamp};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thiserror::Error;

/// Why a bundle cannot be used.
#[derive(Debug, Error)]
pub enum IdentityError {
    /// A file of the bundle cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The key lies open to others on this machine.
    #[error("`{0}` can be read by others (mode {mode:04o}); hint: `chmod 600 {0}`", path.display())]
    Open {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A file holds no certificate or no key.
    #[error("`{file}` of the bundle holds no {holds} in PEM form")]
    Pem {
        /// Which file.
        file: &'static str,
        /// What it should hold.
        holds: &'static str,
    },
    /// The site's certificate does not say which site it is.
    #[error("`site.pem` of the bundle names no site")]
    Name {
        /// What is wrong with the name.
        source: NameFault,
    },
    /// Certificate, key and CA do not go together.
    #[error("the certificate, the key and the CA of the bundle do not go together")]
    Tls {
        /// What rustls said.
        #[from]
        source: rustls::Error,
    },
    /// The CA cannot be used to check others.
    #[error("`ca.pem` of the bundle cannot check other certificates")]
    Ca {
        /// What rustls said.
        #[from]
        source: VerifierBuilderError,
    },
}

/// The three texts of a bundle, as they stand in its files.
pub struct Bundle {
    /// `ca.pem`: the CA's certificate.
    pub ca: Vec<u8>,
    /// `site.pem`: the site's certificate.
    pub site: Vec<u8>,
    /// `site.key`: the site's key.
    pub key: Vec<u8>,
}

/// Who this site is, ready to be shown and to check others.
#[derive(Clone)]
pub struct Identity {
    named: Named,
    /// The site's certificate, and those between it and the CA.
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: Arc<dyn SigningKey>,
    /// Who is one of ours.
    pub(super) believes: Arc<dyn ClientCertVerifier>,
    pub(super) client: Arc<ClientConfig>,
    pub(super) server: Arc<ServerConfig>,
}

impl Identity {
    /// Reads `ca.pem`, `site.pem` and `site.key` of a folder; a key that others can read is refused.
    pub fn load(folder: &Path) -> Result<Self, IdentityError> {
        let read = |file: &str| {
            let path = folder.join(file);
            std::fs::read(&path).map_err(|source| IdentityError::Read { path, source })
        };
        let key = folder.join("site.key");
        let mode = std::fs::metadata(&key)
            .map_err(|source| IdentityError::Read { path: key.clone(), source })?
            .permissions()
            .mode();
        if mode & 0o077 != 0 {
            return Err(IdentityError::Open { path: key, mode: mode & 0o7777 });
        }
        Self::from_bundle(&Bundle { ca: read("ca.pem")?, site: read("site.pem")?, key: read("site.key")? })
    }

    /// The same from texts already read.
    pub fn from_bundle(bundle: &Bundle) -> Result<Self, IdentityError> {
        let ca = certificates(&bundle.ca, "ca.pem")?;
        let chain = certificates(&bundle.site, "site.pem")?;
        let key = PrivateKeyDer::from_pem_slice(&bundle.key)
            .map_err(|_| IdentityError::Pem { file: "site.key", holds: "key" })?;
        let named = name::read(&chain[0]).map_err(|source| IdentityError::Name { source })?;
        let mut roots = RootCertStore::empty();
        for certificate in ca {
            roots.add(certificate)?;
        }
        let (roots, ring) = (Arc::new(roots), Arc::new(ring::default_provider()));
        let believes = WebPkiClientVerifier::builder_with_provider(roots.clone(), ring.clone()).build()?;
        let own = (chain, key);
        Ok(Self {
            named,
            key: ring.key_provider.load_private_key(own.1.clone_key())?,
            chain: own.0.clone(),
            client: client(&ring, &roots, (own.0.clone(), own.1.clone_key()))?,
            server: server(&ring, &believes, own)?,
            believes,
        })
    }

    /// The site that the certificate names.
    pub fn site(&self) -> &SiteId {
        &self.named.site
    }

    /// The cluster that the certificate names.
    pub fn cluster(&self) -> &str {
        &self.named.cluster
    }

    /// The fingerprint of its key, by which a person tells one bundle of a site from another.
    pub fn fingerprint(&self) -> Fingerprint {
        self.named.key
    }

    /// When the certificate becomes void.
    pub fn expires(&self) -> Stamp {
        self.named.expires
    }
}

type Own = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn certificates(pem: &[u8], file: &'static str) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
    let fault = || IdentityError::Pem { file, holds: "certificate" };
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|_| fault())?;
    if found.is_empty() { Err(fault()) } else { Ok(found) }
}

// No session is ever resumed, in either role: a resumed one would skip the look at the certificate.
fn client(
    ring: &Arc<CryptoProvider>,
    roots: &Arc<RootCertStore>,
    own: Own,
) -> Result<Arc<ClientConfig>, IdentityError> {
    let mut config = ClientConfig::builder_with_provider(ring.clone())
        .with_protocol_versions(&[&TLS13])?
        .with_root_certificates(roots.clone())
        .with_client_auth_cert(own.0, own.1)?;
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

fn server(
    ring: &Arc<CryptoProvider>,
    believes: &Arc<dyn ClientCertVerifier>,
    own: Own,
) -> Result<Arc<ServerConfig>, IdentityError> {
    let mut config = ServerConfig::builder_with_provider(ring.clone())
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(believes.clone())
        .with_single_cert(own.0, own.1)?;
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}
