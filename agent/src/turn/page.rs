//! The part of a turn that shows the journal: page by page, so that a long one keeps nobody else waiting.

use super::{Clocks, Turn, World};
use crate::command::{Answer, FactBytes, JournalPage};
use crate::event::Effect;
use state::Index;

impl<W: World> Turn<W> {
    /// Somebody reads the journal. The facts are on the disk, which the node has not; what others say of their own
    /// journals only the node has heard.
    pub(super) fn show_page(&mut self, to: u64, after: Index, clocks: Clocks) -> Result<(), W::Error> {
        let page = self.world.page(after)?;
        let facts = page.rows.into_iter();
        let view = self.node.view();
        let answer = JournalPage {
            here: self.here.clone(),
            at: self.clock.now(clocks.mono),
            birth: page.birth,
            facts: facts.map(|row| FactBytes { index: row.index, bytes: row.bytes }).collect(),
            gaps: page.gaps,
            folded: (view.index, view.head),
            peers: self.node.heads_heard(clocks.mono),
        };
        self.world.act(Effect::Answer { to, answer: Box::new(Answer::Journal(Box::new(answer))) });
        Ok(())
    }
}
