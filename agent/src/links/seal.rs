//! Signing what another site shall pass on, with the key of the bundle, and checking what others signed.

use super::Identity;
use super::name::{self, NameFault, Named};
use crate::relay::{CHAIN_MAX, Seal, Sealed};
use rustls::SignatureScheme;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, UnixTime};
use state::{Fingerprint, SiteId, Stamp};
use std::time::Duration;
use thiserror::Error;
use x509_parser::prelude::{FromDer, X509Certificate};

/// What we sign with, whichever of them the key can; `pointsman init` makes keys for the first.
const SCHEMES: [SignatureScheme; 5] = [
    SignatureScheme::ECDSA_NISTP256_SHA256,
    SignatureScheme::ECDSA_NISTP384_SHA384,
    SignatureScheme::ED25519,
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::RSA_PSS_SHA512,
];

/// Why a seal is not believed.
#[derive(Debug, Error)]
pub enum SealFault {
    /// None, or more than a link may be burdened with.
    #[error("it has {0} bytes of certificates, 1 to {CHAIN_MAX} are allowed")]
    Length(usize),
    /// The certificate names nobody.
    #[error("its certificate names no site")]
    Nameless(#[from] NameFault),
    /// The certificate is that of somebody else.
    #[error("its certificate is that of {site} in cluster `{cluster}`")]
    Other {
        /// The site that it names.
        site: SiteId,
        /// The cluster that it names.
        cluster: String,
    },
    /// The certificate is not one of our CA's, or not now.
    #[error("its certificate is not to be believed: {0}")]
    Certificate(#[from] rustls::Error),
    /// Signed in a way that we do not use.
    #[error("it is signed by the unknown scheme {0:#06x}")]
    Scheme(u16),
    /// Not what was signed, or not by that key.
    #[error("its signature does not fit")]
    Signature,
}

impl Identity {
    /// Signs a frame that another site shall pass on; none if the key cannot sign, or its certificates are too long.
    pub fn seal(&self, sealed: &Sealed) -> Option<Seal> {
        let chain: Vec<Vec<u8>> = self.chain.iter().map(|certificate| certificate.to_vec()).collect();
        let signer = self.key.choose_scheme(&SCHEMES)?;
        let signature = signer.sign(&sealed.words(self.cluster())).ok()?;
        let fits = chain.iter().map(Vec::len).sum::<usize>() <= CHAIN_MAX;
        fits.then(|| Seal { chain, scheme: signer.scheme().into(), signature })
    }

    /// By which key a frame was signed, for this cluster, by the site that it says it is from.
    ///
    /// # Errors
    /// Says what is wrong with the seal.
    pub fn check(&self, sealed: &Sealed, now: Stamp) -> Result<Fingerprint, SealFault> {
        let chain = &sealed.seal.chain;
        let length = chain.iter().map(Vec::len).sum();
        let [leaf, above @ ..] = chain.as_slice() else { return Err(SealFault::Length(0)) };
        if length > CHAIN_MAX {
            return Err(SealFault::Length(length));
        }
        let Named { site, cluster, expires: _, key } = name::read(leaf)?;
        if site != sealed.from || cluster != self.cluster() {
            return Err(SealFault::Other { site, cluster });
        }
        let above: Vec<CertificateDer<'_>> = above.iter().map(|der| der.as_slice().into()).collect();
        let now = UnixTime::since_unix_epoch(Duration::from_millis(now.millis()));
        self.believes.verify_client_cert(&leaf.as_slice().into(), &above, now)?;
        signed(leaf, &sealed.words(self.cluster()), &sealed.seal).map(|()| key)
    }
}

fn signed(leaf: &[u8], words: &[u8], seal: &Seal) -> Result<(), SealFault> {
    let scheme = SignatureScheme::from(seal.scheme);
    let known = ring::default_provider().signature_verification_algorithms.mapping;
    let ways = known.iter().find(|(of, _)| *of == scheme && SCHEMES.contains(of));
    let (_, ways) = ways.ok_or(SealFault::Scheme(seal.scheme))?;
    let (_, certificate) = X509Certificate::from_der(leaf).map_err(|_| NameFault::Unreadable)?;
    let key = &certificate.public_key().subject_public_key.data;
    let fits = ways.iter().any(|way| way.verify_signature(key, words, &seal.signature).is_ok());
    if fits { Ok(()) } else { Err(SealFault::Signature) }
}
