//! The cluster's own CA: it signs one certificate per site and is then kept offline.

use super::InitError;
use crate::links::name::dns_name;
use crate::links::{Bundle, Identity};
use crate::relay::{Seal, Sealed};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use state::{Fingerprint, SiteId, Stamp, Starts};
use std::path::Path;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

/// How long the CA is valid: longer than the machines it is made for.
pub const CA_VALID: Duration = Duration::from_secs(3653 * 86_400);

/// How long a site's certificate is valid: the 825 days that browsers once allowed, known to every tool.
pub const SITE_VALID: Duration = Duration::from_secs(825 * 86_400);

/// From when until when a certificate is valid.
#[derive(Clone, Copy, Debug)]
pub struct Validity {
    /// Not before.
    pub from: Stamp,
    /// Not after.
    pub until: Stamp,
}

impl Validity {
    /// For so long from now; it begins a day earlier, because a site's clock may be behind.
    pub fn from_now(now: Stamp, lasting: Duration) -> Self {
        let day = u64::try_from(DAY.as_millis()).unwrap_or(u64::MAX);
        Self { from: Stamp::from_millis(now.millis().saturating_sub(day)), until: now + lasting }
    }

    fn put_into(self, params: &mut CertificateParams) {
        let epoch = date_time_ymd(1970, 1, 1);
        params.not_before = epoch + Duration::from_millis(self.from.millis());
        params.not_after = epoch + Duration::from_millis(self.until.millis());
    }
}

/// What a CA says of itself; its name is what every certificate that it signs refers to.
fn params(cluster: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, format!("pointsman {cluster} CA"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// A CA with its key.
pub struct Authority {
    cluster: String,
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// A new CA for a cluster, with a new key.
    pub fn new(cluster: &str, validity: Validity) -> Result<Self, rcgen::Error> {
        let mut params = params(cluster);
        validity.put_into(&mut params);
        let key = KeyPair::generate()?;
        let pem = params.self_signed(&key)?.pem();
        Ok(Self { cluster: cluster.to_owned(), pem, issuer: Issuer::new(params, key) })
    }

    /// The CA of a folder that `pointsman init` made.
    pub(super) fn load(folder: &Path, cluster: &str) -> Result<Self, InitError> {
        let no = |why: String| InitError::NoAuthority { dir: folder.to_owned(), why };
        let read = |file: &str| {
            let text = std::fs::read_to_string(folder.join(file));
            text.map_err(|fault| no(format!("`{file}` cannot be read ({fault})")))
        };
        let (pem, key) = (read("ca.pem")?, read("ca.key")?);
        let key = KeyPair::from_pem(&key).map_err(|_| no("`ca.key` holds no key".to_owned()))?;
        Ok(Self { cluster: cluster.to_owned(), pem, issuer: Issuer::new(params(cluster), key) })
    }

    /// The key of a bundle, if whoever believes this CA believes the bundle.
    pub(super) fn believed(&self, bundle: &Bundle, now: Stamp) -> Option<Fingerprint> {
        let identity = Identity::from_bundle(bundle).ok()?;
        let (from, to) = (identity.site().clone(), identity.site().clone());
        let mut word = Sealed { from, to, starts: Starts(0), n: 0, bytes: Vec::new(), seal: Seal::default() };
        word.seal = identity.seal(&word)?;
        identity.check(&word, now).ok().filter(|_| identity.cluster() == self.cluster)
    }

    /// The CA's certificate, for every bundle.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The CA's key, in PEM form: whoever has it can make a site.
    pub fn key_pem(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    /// The same CA, signing for a cluster of another name: what a careless copy of `ca.key` would do.
    #[cfg(test)]
    pub(crate) fn in_cluster(&self, cluster: &str) -> Self {
        let key = KeyPair::from_pem(&self.key_pem()).expect("a key we made is read back");
        let issuer = Issuer::from_ca_cert_pem(&self.pem, key).expect("so is its certificate");
        Self { cluster: cluster.to_owned(), pem: self.pem.clone(), issuer }
    }

    /// Signs a certificate for one site, with a new key, good for both ends of a link.
    pub fn issue(&self, site: &SiteId, validity: Validity) -> Result<Bundle, rcgen::Error> {
        let name = dns_name(site, &self.cluster);
        let mut params = CertificateParams::new(vec![name.clone()])?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        validity.put_into(&mut params);
        let key = KeyPair::generate()?;
        let site = params.signed_by(&key, &self.issuer)?.pem();
        Ok(Bundle {
            ca: self.pem.clone().into_bytes(),
            site: site.into_bytes(),
            key: key.serialize_pem().into_bytes(),
        })
    }
}
