//! Who has which votes, as sentences: disks that get their names, sites that come back, and changes of the votes.

use super::About;
use super::sentence::Sentence;
use state::fact::Seated;
use state::{Disk, Fingerprint, SiteId, Who};

/// A disk has its name.
pub fn born(site: &SiteId, disk: Disk) -> Sentence {
    let text = format!("the votes of {site} belong to its disk {disk}, and to no other");
    Sentence::of(About::Site(site.clone()), text)
}

/// A person lets a site back in.
pub fn readmitted(site: &SiteId, who: &Who) -> Sentence {
    Sentence::of(About::Site(site.clone()), format!("{who} lets {site} back in with a new disk"))
}

/// The membership is being changed.
pub fn changing(seated: &[Seated]) -> Sentence {
    Sentence::of(About::Everything, format!("the votes are being changed to {}", votes(seated)))
}

/// The membership is changed.
pub fn changed(seated: &[Seated]) -> Sentence {
    Sentence::of(About::Everything, format!("majorities are now of {}", votes(seated)))
}

/// A disk has other votes than before; whether they count is told by the change that follows.
pub fn given(site: &SiteId, count: usize) -> Sentence {
    let text = match count {
        0 => format!("{site} has left: its name is free"),
        1 => format!("{site} is to have one vote"),
        count => format!("{site} is to have {count} votes"),
    };
    Sentence::of(About::Site(site.clone()), text)
}

/// A bundle is in wrong hands.
pub fn revoked(site: &SiteId, who: &Who) -> Sentence {
    let text = format!("{who} revokes the bundle of {site}: nothing is taken from it any more");
    Sentence::of(About::Site(site.clone()), text)
}

/// A site has another bundle.
pub fn trusted(site: &SiteId, key: Fingerprint, who: &Who) -> Sentence {
    let text = format!("{who} trusts the next bundle of {site}, whose key is {key}");
    Sentence::of(About::Site(site.clone()), text)
}

/// `london 1, netherlands 2`.
fn votes(seated: &[Seated]) -> String {
    let words: Vec<String> =
        seated.iter().map(|seats| format!("{} {}", seats.site, seats.voters.len())).collect();
    words.join(", ")
}
