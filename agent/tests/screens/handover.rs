//! A hand-over with its card, as London would print it, and what the office offers to do alone.

use super::status::{site, stamp};
use agent::command::{Card, Deed, HandOver, Offer};
use state::handover::{Hindrance, Strength, Urgency};
use state::{Destination, Number, RouteId};

/// People have the route.
pub fn by_hand(
    route: Option<&str>,
    (hindrance, strength): (Hindrance, Strength),
    because: &str,
    alone: &str,
) -> HandOver {
    let command = |to: &str| format!("pointsman claim main {to}{alone} --because \"...\"");
    let deed = |to: &str, pbx: &str| Deed { site: site(to), pbx: pbx.into(), command: command(to) };
    let resume = (strength == Strength::Latched).then(|| "pointsman resume main".to_owned());
    HandOver {
        route: route.map(RouteId::new),
        hindrance,
        strength,
        urgency: Urgency::Urgent,
        because: because.into(),
        since: stamp("02:57:22"),
        cards: vec![Card {
            route: RouteId::new("main"),
            carrier: "02079460000 shows london, read 20s ago".into(),
            deeds: vec![
                deed("manchester", "london sees it up"),
                deed("netherlands", "london is not sure of it"),
            ],
            undo: command("london"),
            resume,
        }],
    }
}

/// What is said before a claim alone.
pub fn offer() -> Offer {
    Offer {
        token: 9,
        route: RouteId::new("main"),
        site: site("office"),
        numbers: 100,
        heard: (1, 5),
        number: Some(Number::new("02079460000")),
        shows: Some(Destination::new("S:442079460000@192.0.2.11")),
        shown: Some(site("london")),
    }
}
