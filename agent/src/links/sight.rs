//! A look at the bundle: whether its three files go together, are ours, and for how long they are good.

use super::{Identity, name};
use crate::causes::with_causes;
use crate::live::{Kind, Sight};
use rustls::pki_types::{CertificateDer, UnixTime, pem::PemObject};
use state::{SiteId, Stamp};
use std::path::Path;
use std::time::Duration;

/// How long before its end a certificate is worth a word, and from when on it is a fault: renewing needs the CA, which
/// lies offline, and somebody who can get at it.
const SOON: Duration = Duration::from_secs(30 * 86_400);
const LATE: Duration = Duration::from_secs(7 * 86_400);

/// What renews the bundle of a site.
fn renew(site: &SiteId) -> String {
    format!(
        "make its next bundle, where DIR has the cluster's `ca`, by `pointsman init DIR --policy FILE --add {site}`; \
         install it and restart"
    )
}

/// What takes the place of the CA: nothing renews it in a running cluster.
const ANOTHER: &str = "`pointsman init` makes another CA, with another bundle for every site";

/// Looks at a bundle as a site would load it; `now` is the wall clock.
pub fn look(bundle: &Path, (site, cluster): (&SiteId, &str), now: Stamp) -> Vec<Sight> {
    let identity = match Identity::load(bundle) {
        Ok(identity) => identity,
        Err(error) => {
            return vec![Sight::fault(Kind::Certificate, "bundle", with_causes(&error))];
        }
    };
    let ours = (identity.site(), identity.cluster()) == (site, cluster);
    let names = name::dns_name(identity.site(), identity.cluster());
    let own = "site.pem";
    let mixed = format!("all three files of `{site}/bundle`, as `pointsman init` made them, belong here");
    let sight = |says: String| Sight::fault(Kind::Certificate, own, says).hint(&mixed);
    let is = if !ours {
        sight(format!("is for `{names}`, and this is `{}`", name::dns_name(site, cluster)))
    } else {
        match identity.vouched(now) {
            // An end that has come is said as such below.
            Err(_) if identity.expires() <= now => lasts((own, &renew(site)), identity.expires(), now),
            Err(why) => sight(format!("is not vouched for by `ca.pem`: {why}")),
            Ok(()) => lasts((own, &renew(site)), identity.expires(), now),
        }
    };
    let ca = bundle.join("ca.pem");
    let authority = match CertificateDer::from_pem_file(&ca).ok().and_then(|der| name::expiry(&der)) {
        Some(expires) => lasts(("ca.pem", ANOTHER), expires, now),
        None => Sight::fault(Kind::Certificate, "ca.pem", "cannot be read"),
    };
    vec![is, authority]
}

fn lasts((file, hint): (&str, &str), expires: Stamp, now: Stamp) -> Sight {
    let left = expires.since(now);
    let days = left.as_secs() / 86_400;
    let plural = if days == 1 { "" } else { "s" };
    let says = format!("expires in {days} day{plural}");
    if expires <= now {
        return Sight::fault(Kind::Certificate, file, "has expired").hint(hint);
    }
    match left {
        left if left < LATE => Sight::fault(Kind::Certificate, file, says).hint(hint),
        left if left < SOON => Sight::warning(Kind::Certificate, file, says).hint(hint),
        _ => Sight::ok(Kind::Certificate, file, says),
    }
}

impl Identity {
    /// Whether the CA of the bundle vouches for its certificate, as every peer will ask.
    fn vouched(&self, now: Stamp) -> Result<(), rustls::Error> {
        let (own, between) = self.chain.split_first().ok_or(rustls::Error::NoCertificatesPresented)?;
        let at = UnixTime::since_unix_epoch(Duration::from_millis(now.millis()));
        self.believes.verify_client_cert(own, between, at).map(drop)
    }
}
