//! Who has which votes, as sentences: disks that get their names, sites that come back, and changes of the votes.

use super::About;
use super::sentence::Sentence;
use state::fact::Seated;
use state::{Disk, SiteId, Who};

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

/// `london 1, netherlands 2`.
fn votes(seated: &[Seated]) -> String {
    let words: Vec<String> =
        seated.iter().map(|seats| format!("{} {}", seats.site, seats.voters.len())).collect();
    words.join(", ")
}
