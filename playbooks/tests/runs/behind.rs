//! What stands behind, in the language of the runs: slots of the first number, and the plan that prepares them.

use playbooks::{Behind, prepare};
use state::plan::{Ensure, Plan, Pointing, Undo};
use state::{CarrierId, Destination, Number, RouteId, SiteId};

/// `2:full 3:empty`: slots of the first number, and what they show before.
pub fn slots(words: &[&str]) -> Vec<Pointing> {
    let slot = |word: &&str| {
        let (slot, shows) = word.split_once(':')?;
        let number = Number::new("02079460000").at_slot(slot.parse().expect("a slot"));
        let from = match shows {
            "full" => Destination::new("441134960001"),
            "right" => Destination::new(format!("44113496099{slot}")),
            "empty" => Destination::empty(),
            other => panic!("no slot shows {other}"),
        };
        Some(Pointing { number, from: Some(from), to: Destination::new(format!("44113496099{slot}")) })
    };
    words.iter().filter_map(slot).collect()
}

/// The plan for such slots.
pub fn planned(route: RouteId, words: &[&str]) -> Plan {
    let (carrier, by) = (CarrierId::new("magrathea"), SiteId::new("london"));
    let mut plan = prepare(Behind { route, carrier: carrier.clone(), by: by.clone(), slots: slots(words) });
    // The same writes under another name.
    if words.contains(&"as-a-route") {
        for step in &mut plan.steps {
            let numbers = step.ensure.targets().to_vec();
            step.ensure = Ensure::RoutePointsAt { carrier: carrier.clone(), site: by.clone(), numbers };
            step.undo = Undo::No("it is a test".to_owned());
        }
    }
    // The same, on the way back alone.
    if words.contains(&"on-the-way-back") {
        for step in &mut plan.steps {
            let numbers = step.ensure.targets().to_vec();
            step.ensure = Ensure::Notify { text: "nothing".to_owned() };
            let back = Ensure::RoutePointsAt { carrier: carrier.clone(), site: by.clone(), numbers };
            step.undo = Undo::Ensure(back);
        }
    }
    plan
}
