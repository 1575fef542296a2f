//! The name in a certificate: `london.bytemark.pointsman` says which site of which cluster it belongs to.

use state::{Fingerprint, SiteId, Stamp};
use thiserror::Error;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// The last label of every name, so that no such name is ever one of the public DNS.
const SUFFIX: &str = "pointsman";

/// Why a certificate tells us nothing.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum NameFault {
    /// The bytes are no certificate.
    #[error("it is not an X.509 certificate")]
    Unreadable,
    /// It has no name of the form `SITE.CLUSTER.pointsman`, or more than one name.
    #[error("it does not carry exactly one name `SITE.CLUSTER.pointsman`")]
    Nameless,
}

/// What a certificate says of its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The site it was made for.
    pub site: SiteId,
    /// The cluster it was made for.
    pub cluster: String,
    /// From then on it is void.
    pub expires: Stamp,
    /// The key that it certifies.
    pub key: Fingerprint,
}

/// The name that a site's certificate carries, as a DNS name in its SAN.
pub fn dns_name(site: &SiteId, cluster: &str) -> String {
    format!("{site}.{cluster}.{SUFFIX}")
}

/// Whether a text can stand as one label of such a name: letters in lower case, digits, and hyphens inside.
pub fn is_label(text: &str) -> bool {
    let inside = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=63).contains(&text.len())
        && text.chars().all(inside)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// When any certificate becomes void.
pub fn expiry(der: &[u8]) -> Option<Stamp> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    Some(end(&certificate))
}

fn end(certificate: &X509Certificate<'_>) -> Stamp {
    let seconds = u64::try_from(certificate.validity().not_after.timestamp()).unwrap_or(0);
    Stamp::from_millis(seconds.saturating_mul(1000))
}

/// Reads site, cluster, expiry and key. Says nothing of the signature: that was checked before, by rustls.
pub fn read(der: &[u8]) -> Result<Named, NameFault> {
    let (_, certificate) = X509Certificate::from_der(der).map_err(|_| NameFault::Unreadable)?;
    let expires = end(&certificate);
    let key = Fingerprint::of(certificate.public_key().raw);
    let names = certificate.subject_alternative_name().map_err(|_| NameFault::Unreadable)?;
    let names = names.map(|extension| extension.value.general_names.as_slice()).unwrap_or_default();
    let [GeneralName::DNSName(name)] = names else { return Err(NameFault::Nameless) };
    let mut labels = name.split('.');
    match (labels.next(), labels.next(), labels.next(), labels.next()) {
        (Some(site), Some(cluster), Some(SUFFIX), None) if is_label(site) && is_label(cluster) => {
            Ok(Named { site: SiteId::new(site), cluster: cluster.to_owned(), expires, key })
        }
        _ => Err(NameFault::Nameless),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_what_dns_and_a_person_agree_on() {
        for good in ["london", "site-2", "a"] {
            assert!(is_label(good), "{good}");
        }
        for bad in ["", "London", "-a", "a-", "a.b", "a b", &"a".repeat(64)] {
            assert!(!is_label(bad), "{bad}");
        }
    }

    #[test]
    fn bytes_that_are_no_certificate_are_named_so() {
        assert_eq!(read(b"\x30\x03abc").unwrap_err(), NameFault::Unreadable);
    }
}
