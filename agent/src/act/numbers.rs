//! A look at a carrier: logs in once, reads every number as gently as the policy says, and leaves; nothing is written.

use super::entrance::Entrance;
use super::reins::Reins;
use crate::carriers::attempt;
use crate::clock::mono;
use crate::live::asks::CarrierAsk;
use crate::live::{Kind, Sight};
use policies::limits::CARRIER_TIMEOUT;
use state::{Destination, Number};
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tokio::sync::oneshot;

/// How many numbers are named that could not be read; the others are counted.
const NAMED: usize = 5;
/// A line that fails so often in a row will not be better for the next number.
const GIVE_UP: usize = 3;
/// How long a name may take to become an address.
const RESOLVED_WITHIN: Duration = Duration::from_secs(5);
const NAP: Duration = Duration::from_millis(50);

/// Looks once, in a thread of its own.
pub async fn look(reins: Arc<Reins>, entrance: Arc<Entrance>, ask: CarrierAsk) -> Vec<Sight> {
    let carrier = ask.carrier.clone();
    let asked = mono();
    while entrance.door().is_none() && mono().since(asked) < RESOLVED_WITHIN {
        tokio::time::sleep(NAP).await;
    }
    // Never more at once than other looks may be, while an attempt has the carrier for itself.
    let place = Arc::clone(&entrance.looks).acquire_owned().await;
    let (tell, told) = oneshot::channel();
    let started = thread::Builder::new().name(format!("survey {carrier}")).spawn(move || {
        let _place = place;
        // Nobody may wait any more.
        let _gone = tell.send(read((&entrance, &reins), &ask));
    });
    let failed = |why: String| vec![Sight::fault(Kind::Carrier, &carrier, why)];
    match started {
        Ok(_) => told.await.unwrap_or_else(|_| failed("the look was broken off".to_owned())),
        Err(error) => failed(format!("cannot start a thread: {error}")),
    }
}

fn read((entrance, reins): (&Entrance, &Reins), ask: &CarrierAsk) -> Vec<Sight> {
    let CarrierAsk { carrier, numbers, behind, rate, .. } = ask;
    reins.count_login();
    let mut line = match entrance.open(mono() + CARRIER_TIMEOUT) {
        Ok((line, _)) => line,
        Err(why) => return vec![Sight::fault(Kind::Carrier, carrier, why)],
    };
    let (mut unread, mut good, mut row, mut slots) = (Vec::new(), 0, 0, Vec::new());
    // The carrier shows them in the same answer.
    let with_slots = |number: &Number| {
        let named =
            [number.at_slot(2), number.at_slot(3)].into_iter().filter(|slot| behind.contains_key(slot));
        [number.clone()].into_iter().chain(named)
    };
    let each = usize::try_from(*rate).unwrap_or(1).max(1);
    for some in numbers.chunks(each) {
        let began = mono();
        if reins.are_let_go() || row >= GIVE_UP {
            break;
        }
        reins.count_reads(some.len());
        let some: Vec<Number> = some.iter().flat_map(with_slots).collect();
        for (number, shown) in attempt::read(&mut line, &some, mono() + CARRIER_TIMEOUT) {
            match shown {
                Ok(shows) if number.is_behind() => slots.push((number, shows)),
                // The number's own slot says it.
                Err(_) if number.is_behind() => {}
                Ok(_) => (good, row) = (good + 1, 0),
                Err(error) => {
                    row += 1;
                    unread.push((number, error.to_string()));
                }
            }
        }
        if good + unread.len() < numbers.len() {
            thread::sleep(Duration::from_secs(1).saturating_sub(mono().since(began)));
        }
    }
    line.quit();
    let mut sights = told(ask, good, &unread);
    sights.extend(differ(ask, slots));
    sights
}

/// The slots behind the first that do not show what the policy says: that does no harm, and a person can mend it.
fn differ(ask: &CarrierAsk, slots: Vec<(Number, Option<Destination>)>) -> Vec<Sight> {
    let wrong = |(slot, shows): (Number, Option<Destination>)| {
        let wanted = ask.behind.get(&slot).filter(|wanted| shows.as_ref() != Some(*wanted))?;
        let shows = shows.as_ref().map_or("nothing", Destination::as_str);
        Some((slot.line(), format!("slot {} shows {shows}, and the policy says {wanted}", slot.slot())))
    };
    let wrong: Vec<(Number, String)> = slots.into_iter().filter_map(wrong).collect();
    let sight = |thing: &dyn ToString, says: String| {
        Sight::warning(Kind::Behind, thing.to_string(), says).hint("`pointsman plan prepare`")
    };
    let mut sights: Vec<Sight> =
        wrong.iter().take(NAMED).map(|(number, says)| sight(number, says.clone())).collect();
    let more = wrong.len().saturating_sub(NAMED);
    if more > 0 {
        sights.push(sight(&ask.carrier, format!("{more} more slots do not show what the policy says")));
    }
    sights
}

fn told(ask: &CarrierAsk, good: usize, unread: &[(Number, String)]) -> Vec<Sight> {
    let CarrierAsk { carrier, numbers, .. } = ask;
    let says = match numbers.as_slice() {
        [one] if good == 1 => format!("logged in, and read {one}"),
        all => format!("logged in, and read {good} of {} numbers", all.len()),
    };
    if unread.is_empty() && good == numbers.len() {
        return vec![Sight::ok(Kind::Carrier, carrier, says)];
    }
    let mut sights = vec![Sight::fault(Kind::Carrier, carrier, says)];
    let named = |(number, why): &(Number, String)| Sight::fault(Kind::Carrier, number, why.clone());
    sights.extend(unread.iter().take(NAMED).map(named));
    let more = (numbers.len() - good).saturating_sub(NAMED.min(unread.len()));
    if more > 0 {
        sights.push(Sight::fault(Kind::Carrier, carrier, format!("{more} more numbers were not read")));
    }
    sights
}
