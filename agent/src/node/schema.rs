//! Which facts may be written: those that every site has said it can read, and the leader who agrees that it is so.

use super::outbox::Answered;
use super::{Node, wake};
use crate::event::Output;
use state::codec::SCHEMA;
use state::fact::Fact;
use state::{Mono, SiteId};
use std::time::Duration;

/// For so long all must have said it before it is agreed unasked: an upgrade that is taken back at once shall leave
/// nothing behind that the old version cannot read.
const SETTLED: Duration = Duration::from_secs(60);

/// What a leader knows of it.
#[derive(Debug, Default)]
pub struct Schemas {
    /// What all sites can read, and since when.
    all: Option<(u16, Mono)>,
    /// Something that is asked for waits for it.
    wanted: bool,
}

impl Node {
    /// The sites that have not said that they can read facts of a schema.
    pub(super) fn cannot_read(&self, schema: u16) -> Vec<SiteId> {
        let reads = |site: &SiteId| self.peers.reads(site).is_some_and(|reads| reads >= schema);
        self.others().filter(|site| !reads(site)).cloned().collect()
    }

    /// Whether a fact may be put into the log; if not, it is asked for again until it may.
    pub(super) fn may_write(&mut self, fact: &Fact) -> bool {
        let may = self.schema_of(fact) <= self.view.schema() || matches!(fact, Fact::SchemaRaised { .. });
        self.schemas.wanted |= !may;
        may
    }

    /// Agrees that all can read more than before: at once if something waits for it, else when it has settled.
    pub(super) fn raise(&mut self, now: Mono, out: &mut Output) {
        let least = self.others().map(|site| self.peers.reads(site).unwrap_or_default()).min();
        let least = least.unwrap_or(SCHEMA).min(SCHEMA);
        if least <= self.view.schema() {
            self.schemas = Schemas::default();
            return;
        }
        let since = self.schemas.all.filter(|(all, _)| *all == least).map_or(now, |(_, since)| since);
        self.schemas.all = Some((least, since));
        let pending = |fact: &Fact| matches!(fact, Fact::SchemaRaised { .. });
        if !self.schemas.wanted && now.since(since) < SETTLED {
            wake(out, since + SETTLED);
        } else if self.outbox.any(pending) == Answered::No {
            self.lead_fact(Fact::SchemaRaised { to: least });
        }
    }

    /// Why an edit is not agreed yet, if it is because of this.
    pub(super) fn unread_words(&self, schema: u16) -> Option<String> {
        let sites: Vec<String> = self.cannot_read(schema).iter().map(ToString::to_string).collect();
        (self.view.schema() < schema && !sites.is_empty()).then(|| {
            let who = sites.join(" and ");
            format!(
                "it waits until {who} can read it: an agent there is older than this one, or not heard since"
            )
        })
    }
}
