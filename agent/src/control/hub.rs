//! Brings answers to those who asked and tellings to those who follow; never waits for any of them.

use crate::command::{Answer, Telling};
use std::collections::{BTreeMap, BTreeSet};
use tokio::sync::{mpsc, oneshot};

/// Tellings that may wait for one follower: a failover of a hundred numbers says fewer.
pub const FOLLOWER_QUEUE: usize = 256;

/// What the hub is told.
pub enum Order {
    /// Somebody asked and waits.
    Waits { id: u64, reply: oneshot::Sender<Answer> },
    /// Somebody follows from now on, once `ready` was sent.
    Follows { id: u64, told: mpsc::Sender<Telling>, ready: oneshot::Sender<()> },
    /// The agent's answer.
    Answer { id: u64, answer: Box<Answer> },
    /// Something happened.
    Tell { telling: Box<Telling> },
    /// Nobody waits any more.
    Forget { id: u64 },
}

/// Runs until every sender of orders is gone.
pub async fn run(mut orders: mpsc::Receiver<Order>) {
    let mut waiting: BTreeMap<u64, oneshot::Sender<Answer>> = BTreeMap::new();
    let mut following: BTreeMap<u64, mpsc::Sender<Telling>> = BTreeMap::new();
    while let Some(order) = orders.recv().await {
        match order {
            Order::Waits { id, reply } => {
                waiting.insert(id, reply);
            }
            Order::Follows { id, told, ready } => {
                following.insert(id, told);
                // Who asked may have left meanwhile; the next telling notices.
                let _ = ready.send(());
            }
            Order::Answer { id, answer } => {
                if let Some(reply) = waiting.remove(&id) {
                    // As above: an answer that nobody waits for is no fault.
                    let _ = reply.send(*answer);
                }
            }
            Order::Tell { telling } => {
                let full = following.iter().filter(|(_, told)| told.try_send((*telling).clone()).is_err());
                let full: BTreeSet<u64> = full.map(|(id, _)| *id).collect();
                // Losing the sender is how a follower learns that it was too slow.
                following.retain(|id, _| !full.contains(id));
            }
            Order::Forget { id } => {
                waiting.remove(&id);
                following.remove(&id);
            }
        }
    }
}
