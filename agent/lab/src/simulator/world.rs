//! The world as one agent's turn sees it: a disk that may kill it, and trays for what it sends, does and tells.

use super::disk::{Died, Disk};
use agent::command::Telling;
use agent::event::Effect;
use agent::frame::Frame;
use agent::gaps::{Fetch, Missing};
use agent::quorum::{Batch, Written};
use agent::relay::{Seal, Sealed};
use agent::store::{JournalRow, Page};
use agent::turn::World;
use state::{Fingerprint, Index, SiteId, Stamp, View};

/// Disk and trays. The simulation empties the trays after every turn.
#[derive(Debug, Default)]
pub struct Trays {
    /// The cluster's name, with which its journal begins.
    pub cluster: String,
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
    /// Whose trays these are.
    pub here: String,
    /// The bundle that lies beside the agent.
    pub bundle: Vec<u8>,
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

    fn missing(&mut self) -> Result<Option<Missing>, Died> {
        Ok(self.disk.missing(&self.cluster))
    }

    fn facts(&mut self, fetch: Fetch) -> Result<Option<Vec<JournalRow>>, Died> {
        Ok(self.disk.facts(fetch))
    }

    fn page(&mut self, after: Index) -> Result<Page, Died> {
        Ok(self.disk.page(&self.cluster, after))
    }

    fn fill(&mut self, missing: &Missing, rows: &[JournalRow]) -> Result<(), Died> {
        // What was fetched is looked at like everything else that stands in a journal.
        self.seen = self.seen.min(self.disk.fill(missing, rows)?);
        Ok(())
    }

    fn keep_led(&mut self, at: Stamp) -> Result<(), Died> {
        self.disk.keep_led(at)
    }

    fn keep(&mut self, facts: &[(String, Vec<u8>)]) -> Result<(), Died> {
        self.disk.keep(facts)
    }

    fn keep_alone(&mut self, _n: u64, bytes: &[u8]) -> Result<(), Died> {
        self.disk.keep_alone(bytes)
    }

    fn send(&mut self, to: &SiteId, frame: Frame) {
        self.sent.push((to.clone(), frame));
    }

    fn seal(&mut self, sealed: &Sealed) -> Option<Seal> {
        let signature = mark(&self.bundle, sealed);
        let chain = vec![self.here.clone().into_bytes(), self.bundle.clone()];
        Some(Seal { chain, scheme: 0, signature })
    }

    fn check(&mut self, sealed: &Sealed) -> Result<Fingerprint, String> {
        let named = sealed.seal.chain.first().is_some_and(|name| name == sealed.from.as_str().as_bytes());
        let bundle = sealed.seal.chain.get(1).filter(|_| named);
        match bundle.filter(|bundle| sealed.seal.signature == mark(bundle, sealed)) {
            Some(bundle) => Ok(Fingerprint::of(bundle)),
            None => Err("it is forged".to_owned()),
        }
    }

    fn act(&mut self, effect: Effect) {
        self.orders.push(effect);
    }

    fn tell(&mut self, telling: Telling) {
        self.told.push(telling);
    }
}

/// The likeness of a signature: it depends on who signs and on every byte that is signed.
fn mark(bundle: &[u8], sealed: &Sealed) -> Vec<u8> {
    let bytes = bundle.iter().copied().chain(sealed.words("town"));
    let mixed = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |mixed, byte| {
        (mixed ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    mixed.to_be_bytes().to_vec()
}
