//! Bytes that are flipped on the way: a link's own seal refuses them, and a sealed frame that is passed on has one too.

use super::queue::Item;
use super::town::Town;
use agent::frame::{Body, Frame};

impl Town {
    /// Whether a frame is garbled on its link. What is passed on for a third site arrives all the same: the one who
    /// passes it on may have garbled it. Anything else is lost, and the connection with it.
    pub(super) fn garbled(&mut self, (from, to): (usize, usize), frame: &Frame) -> bool {
        let left = &mut self.garbling[from][to];
        if *left == 0 {
            return false;
        }
        *left -= 1;
        self.rare.garbled += 1;
        if let Body::Relayed(sealed) = &frame.body {
            let mut sealed = sealed.clone();
            self.flip(&mut sealed.bytes);
            let frame = Frame { stamp: frame.stamp, boot: frame.boot, body: Body::Relayed(sealed) };
            self.queue.put(self.now + 20_000, Item::Frame { from, to, frame });
            return true;
        }
        let mut bytes = frame.encode();
        self.flip(&mut bytes);
        // TLS lets none of it through; but whatever the bytes are, to read them is no reason to panic.
        let read = Frame::decode(&bytes).map(drop);
        self.story.tell(self.now, &format!("a frame of {} is garbled: {read:?}", self.sites[from].id));
        let again = self.net.throw(100, 3_000);
        self.cut_for(again, vec![(from, to), (to, from)]);
        true
    }

    fn flip(&mut self, bytes: &mut [u8]) {
        let Some(last) = u64::try_from(bytes.len()).ok().and_then(|length| length.checked_sub(1)) else {
            return;
        };
        for _ in 0..self.net.throw(1, 4) {
            let place = usize::try_from(self.net.throw(0, last)).expect("it is a place in these bytes");
            bytes[place] ^= u8::try_from(self.net.throw(1, 255)).expect("it is a byte");
        }
    }
}
