//! The fold of what every site can read: new forms of facts count only after all have said that they know them.

use super::{Refusal, View};
use crate::codec::FIRST;
use crate::fact::Fact;

impl View {
    /// The greatest schema of facts that is agreed to be readable everywhere.
    pub fn schema(&self) -> u16 {
        self.raised.max(FIRST)
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
