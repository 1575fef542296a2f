//! The fold of the policy: the first text, and edits, each of which names the text that it was made from.

use super::{PolicyInForce, Refusal, View};
use crate::chain::Imprint;
use crate::ids::{Index, Who};

impl View {
    pub(super) fn policy_agreed(&mut self, index: Index, text: &str, who: &Who) -> Result<(), Refusal> {
        self.policy = Some(PolicyInForce { text: text.to_owned(), index, who: who.clone() });
        // Whatever was decided under the text before is judged anew.
        self.guard = index;
        Ok(())
    }

    /// Of two edits of one text the first one in the log wins: the other one has not seen it.
    pub(super) fn policy_edited(
        &mut self,
        index: Index,
        (text, base): (&str, Imprint),
        who: &Who,
    ) -> Result<(), Refusal> {
        let current = self.policy.as_ref().map(|policy| Imprint::of(&policy.text));
        match current {
            Some(current) if current == base => self.policy_agreed(index, text, who),
            Some(current) => Err(Refusal::Outdated { base, current }),
            None => Err(Refusal::NoPolicy),
        }
    }
}
