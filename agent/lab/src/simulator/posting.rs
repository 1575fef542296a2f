//! Frames on their way: linked or not, lost, doubled, belated or garbled.

use super::carrier::Moment;
use super::queue::Item;
use super::thief::DEN;
use super::town::Town;
use agent::frame::Body;
use agent::quorum::wire::Kind;

impl Town {
    /// Frames go out.
    pub(super) fn post(&mut self, from: usize) {
        let Some(trays) = self.sites[from].trays() else { return };
        let mut sent = std::mem::take(&mut trays.sent);
        for (name, frame) in sent.drain(..) {
            let Some(to) = self.sites.iter().position(|site| site.id == name) else { continue };
            // Whoever shows the name and a key that is believed is told what is meant for its site.
            if self.thief.is_some_and(|thief| thief.of == to) && from != DEN && self.linked(from, DEN) {
                let [at, _] = self.ways_of((from, DEN), &frame.body);
                let frame = frame.clone();
                at.into_iter()
                    .for_each(|at| self.queue.put(at, Item::Frame { from, to: DEN, frame: frame.clone() }));
            }
            if !self.linked(from, to) {
                continue;
            }
            self.rare.passed_on += u64::from(matches!(frame.body, Body::Relayed(_)));
            if self.garbled((from, to), &frame) {
                continue;
            }
            let [first, second] = self.ways_of((from, to), &frame.body);
            if let Some(at) = second {
                self.queue.put(at, Item::Frame { from, to, frame: frame.clone() });
            }
            if let Some(at) = first {
                self.queue.put(at, Item::Frame { from, to, frame });
            }
        }
        if let Some(trays) = self.sites[from].trays() {
            trays.sent = sent;
        }
    }

    /// When copies of a frame arrive.
    fn ways_of(&mut self, (from, to): (usize, usize), body: &Body) -> [Option<Moment>; 2] {
        let hands_over = |body: &Body| match body {
            Body::Raft(messages) => messages.iter().any(|message| message.kind == Kind::TimeoutNow),
            Body::Propose { .. }
            | Body::Pulse(_)
            | Body::Prepare(_)
            | Body::Unready { .. }
            | Body::Ask { .. }
            | Body::Look(_)
            | Body::Looked { .. }
            | Body::See(_)
            | Body::Seen { .. }
            | Body::Wrong { .. }
            | Body::Revoke { .. }
            | Body::Declined { .. }
            | Body::Fetch(_)
            | Body::Fetched(_)
            | Body::Hears { .. }
            | Body::Relayed(_)
            | Body::Hello(_) => false,
        };
        let way = self.net.frame(from, to, self.now);
        if matches!(body, Body::Propose { .. }) && self.dropping[to] > 0 {
            self.dropping[to] -= 1;
            return [None, None];
        }
        if self.ways.belated && hands_over(body) {
            self.rare.belated += 1;
            let late = self.net.throw(0, 20_000_000);
            let again = self.net.throw(0, 40_000_000);
            return [way[0].map(|at| at + late), way[0].map(|at| at + again)];
        }
        way
    }
}
