//! The world as one agent's turn sees it: a disk that may kill it, and trays for what it sends, does and tells.

use super::disk::{Died, Disk};
use agent::command::Telling;
use agent::event::Effect;
use agent::frame::Frame;
use agent::quorum::{Batch, Written};
use agent::store::JournalRow;
use agent::turn::World;
use state::{Index, SiteId, View};

/// Disk and trays. The simulation empties the trays after every turn.
#[derive(Debug, Default)]
pub struct Trays {
    /// What survives a crash.
    pub disk: Disk,
    /// Frames in the order in which they were handed over.
    pub sent: Vec<(SiteId, Frame)>,
    /// Orders to the hands.
    pub orders: Vec<Effect>,
    /// What followers were told.
    pub told: Vec<Telling>,
    /// How many journal rows the invariants have seen.
    pub seen: usize,
}

impl World for Trays {
    type Error = Died;

    fn commit(&mut self, batch: Batch) -> Result<Written, Died> {
        self.disk.commit(batch)
    }

    fn append(&mut self, rows: &[JournalRow]) -> Result<(), Died> {
        self.disk.append(rows)
    }

    fn note_gap(&mut self, upto: Index, view: &View) -> Result<(), Died> {
        self.disk.note_gap(upto, view.head)
    }

    fn keep(&mut self, facts: &[(String, Vec<u8>)]) -> Result<(), Died> {
        self.disk.keep(facts)
    }

    fn send(&mut self, to: &SiteId, frame: Frame) {
        self.sent.push((to.clone(), frame));
    }

    fn act(&mut self, effect: Effect) {
        self.orders.push(effect);
    }

    fn tell(&mut self, telling: Telling) {
        self.told.push(telling);
    }
}
