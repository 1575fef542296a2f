//! The carrier's certificate: given, or made on the spot.

use super::setup::SetupError;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fmt;
use std::sync::Arc;

/// A certificate with its key, both in PEM.
#[derive(Clone)]
pub struct Certificate {
    chain: String,
    key: String,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").finish_non_exhaustive()
    }
}

impl Certificate {
    /// One from elsewhere: the chain and the private key as PEM text.
    pub fn given(chain: String, key: String) -> Self {
        Self { chain, key }
    }

    /// A self-signed one for these names and addresses; a client has to trust it explicitly.
    pub fn made_for(names: &[&str]) -> Result<Self, SetupError> {
        let names = names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let made = rcgen::generate_simple_self_signed(names).map_err(SetupError::Making)?;
        Ok(Self { chain: made.cert.pem(), key: made.signing_key.serialize_pem() })
    }

    /// The chain as PEM, for a client to trust.
    pub fn chain(&self) -> &str {
        &self.chain
    }

    /// What rustls needs to serve it.
    pub(super) fn server(&self) -> Result<Arc<ServerConfig>, SetupError> {
        let unreadable = |error: rustls::pki_types::pem::Error| {
            SetupError::Certificate(rustls::Error::General(error.to_string()))
        };
        let chain = CertificateDer::pem_slice_iter(self.chain.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(unreadable)?;
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).map_err(unreadable)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map(Arc::new)
            .map_err(SetupError::Certificate)
    }
}
