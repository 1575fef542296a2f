//! Why a connection did not become a link, said once a minute and counted always.

use super::Closed;
use crate::clock;
use rustls::{AlertDescription, CertificateError};
use state::{Fingerprint, Mono, SiteId};
use std::collections::HashMap;
use std::io;
use std::mem::{Discriminant, discriminant};
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use thiserror::Error;

/// A refusal that repeats is logged this often: a peer with an expired certificate dials every second.
const SAY_AGAIN: Duration = Duration::from_secs(60);

/// Why a connection did not become a link.
#[derive(Debug, Error)]
pub enum Refusal {
    /// Too late.
    #[error("its certificate has expired")]
    Expired,
    /// Too early, which is almost always a wrong clock.
    #[error("its certificate is not valid yet; compare the clocks")]
    NotYet,
    /// Not one of ours.
    #[error("its certificate was signed by another CA")]
    OtherCa,
    /// Nothing shown.
    #[error("it showed no certificate")]
    NoCertificate,
    /// The certificate's name is not one of a site.
    #[error("its certificate names no site")]
    Nameless,
    /// One of ours, but of another cluster.
    #[error("its certificate names cluster `{0}`, not ours")]
    OtherCluster(String),
    /// One of our cluster that the configuration does not know.
    #[error("its certificate names site `{0}`, which this cluster does not know")]
    UnknownSite(SiteId),
    /// Its bundle was stolen, or is the next one, which nobody has trusted yet.
    #[error(
        "the bundle of `{site}` is revoked, and it shows the key {key}; if that is its next one: \
         `pointsman readmit {site} --key {key}`"
    )]
    Revoked {
        /// The site that it names.
        site: SiteId,
        /// The key that it showed.
        key: Fingerprint,
    },
    /// A copied bundle, or a loop in the network.
    #[error("it claims to be our own site")]
    OurOwnSite,
    /// Another site answers where the dialled one should.
    #[error("its certificate is not that of the site we dialled")]
    WrongSite,
    /// The other end closes because it dislikes what we show.
    #[error("it refuses our certificate: {0}")]
    RefusesUs(&'static str),
    /// Bytes that are no TLS 1.3.
    #[error("it does not speak TLS 1.3: {0}")]
    NotTls(String),
    /// A half-open peer, or one that feeds us byte by byte.
    #[error("it did not say who it is within {} s", super::INTRODUCTION.as_secs())]
    Slow,
    /// The limit on strangers is reached.
    #[error("too many connections are open that have not said who they are")]
    Crowd,
    /// No connection came about.
    #[error("cannot connect: {0}")]
    Connect(io::Error),
    /// It ended before the first pulse.
    #[error("it closed before its first pulse: {0}")]
    Early(#[from] Closed),
}

impl Refusal {
    /// What a failed handshake amounts to.
    pub(super) fn from_handshake(fault: &io::Error) -> Self {
        let Some(tls) = fault.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) else {
            return Self::Early(Closed::Broken(fault.to_string()));
        };
        if let rustls::Error::InvalidCertificate(fault) = tls {
            return Self::from_certificate(fault);
        }
        if let rustls::Error::AlertReceived(alert) = tls {
            return Self::from_alert(*alert);
        }
        if *tls == rustls::Error::NoCertificatesPresented {
            return Self::NoCertificate;
        }
        Self::NotTls(tls.to_string())
    }

    fn from_certificate(fault: &CertificateError) -> Self {
        use CertificateError as C;
        if matches!(fault, C::Expired | C::ExpiredContext { .. }) {
            Self::Expired
        } else if matches!(fault, C::NotValidYet | C::NotValidYetContext { .. }) {
            Self::NotYet
        } else if matches!(fault, C::UnknownIssuer | C::BadSignature) {
            Self::OtherCa
        } else if matches!(fault, C::NotValidForName | C::NotValidForNameContext { .. }) {
            Self::WrongSite
        } else {
            Self::NotTls(fault.to_string())
        }
    }

    fn from_alert(alert: AlertDescription) -> Self {
        if alert == AlertDescription::CertificateExpired {
            Self::RefusesUs("it says that ours has expired")
        } else if alert == AlertDescription::UnknownCA {
            Self::RefusesUs("it says that another CA signed ours")
        } else if alert == AlertDescription::DecryptError || alert == AlertDescription::BadCertificate {
            Self::RefusesUs("it cannot verify ours, and may believe another CA")
        } else {
            Self::NotTls(format!("{alert:?}"))
        }
    }
}

/// One kind of refusal, for the status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The last one of its kind, in words.
    pub why: String,
    /// The peer that was dialled, if it was us who dialled.
    pub dialled: Option<SiteId>,
    /// How many since the start.
    pub count: u64,
}

/// What counts as the same refusal: its sort, and the peer if it was us who dialled.
type Kind = (Discriminant<Refusal>, Option<SiteId>);

struct Entry {
    refused: Refused,
    said: Mono,
    unsaid: u64,
}

/// All refusals since the start: one entry per kind and dialled peer, so bounded by the configuration.
#[derive(Default)]
pub(super) struct RefusalLog {
    entries: Mutex<HashMap<Kind, Entry>>,
}

impl RefusalLog {
    /// Counts one, and logs it unless its kind was logged within the last minute.
    pub(super) fn note(&self, refusal: &Refusal, with: SocketAddr, dialled: Option<&SiteId>) {
        let now = clock::mono();
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.entry((discriminant(refusal), dialled.cloned())).or_insert_with(|| Entry {
            refused: Refused { why: String::new(), dialled: dialled.cloned(), count: 0 },
            said: Mono::default(),
            unsaid: 0,
        });
        entry.refused.why = refusal.to_string();
        entry.refused.count += 1;
        if entry.refused.count > 1 && now.since(entry.said) < SAY_AGAIN {
            entry.unsaid += 1;
            return;
        }
        let more = std::mem::take(&mut entry.unsaid);
        entry.said = now;
        drop(entries);
        match dialled {
            Some(site) => tracing::warn!("no link to {site} at {with}: {refusal} ({more} more unsaid)"),
            None => tracing::warn!("refused a connection from {with}: {refusal} ({more} more unsaid)"),
        }
    }

    /// All kinds seen so far.
    pub(super) fn all(&self) -> Vec<Refused> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.values().map(|entry| entry.refused.clone()).collect()
    }
}
