//! Looks: log in, read each number, leave; nothing is written.

use super::entrance::Entrance;
use super::reins::Reins;
use crate::carriers::attempt;
use crate::clock::mono;
use crate::event::Event;
use crate::frame::Look;
use state::Mono;
use state::fact::Reading;
use std::sync::Arc;
use std::time::Duration;

/// From the order to the last answer: the leader asks another site after ten seconds.
const PATIENCE: Duration = Duration::from_secs(8);

/// Starts one in a thread of its own, as soon as the carrier has a place for it.
pub fn start(reins: &Arc<Reins>, entrance: &Arc<Entrance>, look: Look) {
    let (reins, entrance) = (Arc::clone(reins), Arc::clone(entrance));
    let deadline = mono() + PATIENCE;
    reins.runtime().clone().spawn(async move {
        let place = tokio::time::timeout(PATIENCE, Arc::clone(&entrance.looks).acquire_owned()).await;
        let id = look.id;
        let Ok(Ok(place)) = place else {
            let found = Err(format!("too many looks at {} at once", look.carrier));
            reins.tell(Event::Looked { id, found });
            return;
        };
        if reins.are_let_go() {
            return;
        }
        let teller = Arc::clone(&reins);
        let started = std::thread::Builder::new().name(format!("look {id}")).spawn(move || {
            reins.count_login();
            let found = read((&entrance, &reins), &look, deadline);
            reins.tell_with_tally(Event::Looked { id, found });
            drop(place);
        });
        if let Err(error) = started {
            let found = Err(format!("cannot start a thread: {error}"));
            teller.tell(Event::Looked { id, found });
        }
    });
}

/// Every number, or why not: a part of a route's numbers says nothing about the route.
fn read((entrance, reins): (&Entrance, &Reins), look: &Look, deadline: Mono) -> Result<Vec<Reading>, String> {
    let (mut line, _) = entrance.open(deadline)?;
    reins.count_reads(attempt::questions(&look.numbers));
    let found = attempt::read(&mut line, &look.numbers, deadline);
    line.quit();
    let reading = |(number, shown): (_, Result<_, crate::carriers::line::LineError>)| match shown {
        Ok(shows) => Ok(Reading { number, shows }),
        Err(error) => Err(error.to_string()),
    };
    found.into_iter().map(reading).collect()
}
