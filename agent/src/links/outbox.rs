//! What still has to go to one peer: a bounded queue that never makes its writer wait and drops the oldest.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// How many frames wait for one peer: about ten seconds of Raft at its busiest. What is older has been asked
/// again since, because everything above a link repeats until it is answered.
pub const OUTBOX_FRAMES: usize = 256;

/// How many bytes wait for one peer: eight of the greatest frames, so that a cut peer cannot eat the memory.
pub const OUTBOX_BYTES: usize = 8 * super::FRAME_MAX;

#[derive(Default)]
struct Queue {
    frames: VecDeque<Vec<u8>>,
    bytes: usize,
}

/// The queue of one peer.
#[derive(Default)]
pub(super) struct Outbox {
    queue: Mutex<Queue>,
    filled: Notify,
    dropped: AtomicU64,
}

impl Outbox {
    /// Queues one frame, at the price of the oldest ones if there is no room.
    pub(super) fn push(&self, frame: Vec<u8>) {
        let mut queue = self.locked();
        queue.bytes += frame.len();
        queue.frames.push_back(frame);
        while queue.frames.len() > OUTBOX_FRAMES || queue.bytes > OUTBOX_BYTES {
            let Some(oldest) = queue.frames.pop_front() else { break };
            queue.bytes -= oldest.len();
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        drop(queue);
        self.filled.notify_one();
    }

    /// The oldest frame, as soon as there is one. Only the newest link of a peer waits here.
    pub(super) async fn pop(&self) -> Vec<u8> {
        loop {
            if let Some(frame) = self.take() {
                return frame;
            }
            self.filled.notified().await;
        }
    }

    /// How many frames were dropped since the start.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    fn take(&self) -> Option<Vec<u8>> {
        let mut queue = self.locked();
        let frame = queue.frames.pop_front()?;
        queue.bytes -= frame.len();
        Some(frame)
    }

    // A panic elsewhere leaves the queue whole: every change under the lock is complete or has not begun.
    fn locked(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_queue_drops_the_oldest_and_counts() {
        let outbox = Outbox::default();
        for n in 0..OUTBOX_FRAMES + 3 {
            outbox.push(n.to_be_bytes().to_vec());
        }
        assert_eq!(outbox.dropped(), 3);
        assert_eq!(outbox.pop().await, 3usize.to_be_bytes());
    }

    #[tokio::test]
    async fn large_frames_are_bounded_by_their_bytes() {
        let outbox = Outbox::default();
        for n in 0..9u8 {
            outbox.push(vec![n; super::super::FRAME_MAX]);
        }
        assert_eq!(outbox.dropped(), 1);
        assert_eq!(outbox.pop().await[0], 1);
    }
}
