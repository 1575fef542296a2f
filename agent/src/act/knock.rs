//! Knocks: connect to a carrier's interface and leave, saying nothing.

use super::entrance::Entrance;
use super::reins::Reins;
use crate::clock::mono;
use crate::event::{Event, Presence};
use crate::probes::Answer;
use state::CarrierId;
use std::sync::Arc;
use std::time::Duration;

/// Starts one beside everything else. No login: a carrier cannot take it for misuse.
pub fn start(reins: &Arc<Reins>, entrance: &Arc<Entrance>, (carrier, within): (CarrierId, Duration)) {
    let (reins, entrance) = (Arc::clone(reins), Arc::clone(entrance));
    reins.runtime().clone().spawn(async move {
        let asked = mono();
        let answer = match entrance.door() {
            Some(door) => door.ask(within).await,
            None => return reins.tell(Event::Knocked { carrier, asked, answer: Presence::Absent }),
        };
        let answer = match answer {
            Answer::Alive { .. } => Presence::Present,
            Answer::Draining | Answer::Dead { .. } | Answer::Unasked { .. } => Presence::Absent,
        };
        reins.tell(Event::Knocked { carrier, asked, answer });
    });
}
