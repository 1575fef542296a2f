//! Whether the carrier's calls reach a site: said by the site alone, and counted only against itself.

use crate::judge::Case;
use crate::tally::Word;
use state::{RouteId, SiteId, Subject};
use std::time::Duration;

/// A site that says of itself that no call reaches it, while others say of themselves that calls reach them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CutOff {
    /// What it is about.
    pub subject: Subject,
    /// How long no address of the carrier has answered it.
    pub dark: Duration,
    /// For how long that must be so.
    pub blip: Duration,
    /// Whom the carrier answers; never empty: an address that answers nobody is the carrier's own trouble.
    pub others: Vec<SiteId>,
}

impl CutOff {
    /// How soon it is believed; zero if it is.
    pub fn due(&self) -> Duration {
        self.blip.saturating_sub(self.dark)
    }
}

impl Case<'_> {
    /// The testimony of a site against itself, if others vouch for the carrier; what it says for itself proves
    /// nothing. A site that knows its own references to be silent says nothing at all.
    pub fn cut_off(&self, route: &RouteId, site: &SiteId) -> Option<CutOff> {
        let _asked = self.judge.routes.get(route).filter(|rule| !rule.signalling.is_empty())?;
        let site = &site.site();
        let subject = Subject::inbound(site);
        let Word::Down { dark } = self.word(site, &subject) else { return None };
        let reached = |other: &SiteId| {
            other != site && matches!(self.word(other, &Subject::inbound(other)), Word::Up { .. })
        };
        let others = self.judge.sites.iter().map(|other| other.site.clone());
        let others: Vec<SiteId> = others.filter(reached).collect();
        let blip = self.judge.blip_of(&subject);
        (!others.is_empty()).then_some(CutOff { subject, dark, blip, others })
    }
}
