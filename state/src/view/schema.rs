//! The fold of what every site can read: new forms of facts count only after all have said that they know them.

use super::{Refusal, View};
use crate::codec::FIRST;
use crate::fact::Fact;

/// The schema with which what is no number came to be looked at after an unknown outcome; before it, an unknown outcome
/// of that kind has failed.
const SEEN: u16 = 5;

impl View {
    /// The greatest schema of facts that is agreed to be readable everywhere.
    pub fn schema(&self) -> u16 {
        self.raised.max(FIRST)
    }

    /// Whether an unknown outcome of what is no number is looked at before anything is decided on it.
    pub fn looks_at_deeds(&self) -> bool {
        self.schema() >= SEEN
    }

    pub(super) fn schema_raised(&mut self, to: u16) -> Result<(), Refusal> {
        let raised = self.schema();
        if to <= raised {
            return Err(Refusal::Schema { to, raised });
        }
        self.raised = to;
        Ok(())
    }

    /// The word that raises is itself of the schema to which it raises.
    pub(super) fn readable(&self, fact: &Fact) -> Result<(), Refusal> {
        let (to, raised) = (fact.schema(), self.schema());
        let raises = matches!(fact, Fact::SchemaRaised { .. });
        if to <= raised || raises { Ok(()) } else { Err(Refusal::Schema { to, raised }) }
    }
}
