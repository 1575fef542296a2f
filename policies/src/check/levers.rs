//! What is played for what is no route, in words, and what is odd about it.

use super::{Death, later};
use crate::limits::DAMPING;
use crate::policy::{Lever, Pace, Policy};
use state::PlaybookId;
use state::document::spell;

/// What becomes of a lever when what it watches is down, and when it is up again.
pub(super) fn deaths(policy: &Policy, lever: &Lever) -> Vec<Death> {
    let pace = Pace { blip: policy.after(lever), ..policy.pace(&lever.watches) };
    let (from, until) = pace.moved_within();
    let beside = match lever.keep_up {
        0 => String::new(),
        1 => format!(", if another {} is up", lever.watches.service),
        many => format!(", if {many} other {} are up", lever.watches.service),
    };
    let pulled = Death {
        who: format!("{} is down", lever.watches),
        place: played(&lever.play, lever),
        when: later(from, until) + &beside,
    };
    let soonest = format!("{} after it was pulled, at the soonest", spell(DAMPING));
    let (place, when) = match &lever.until_up {
        Some(back) => (played(back, lever), soonest),
        None => ("nothing is played".to_owned(), String::new()),
    };
    vec![pulled, Death { who: format!("{} is up again", lever.watches), place, when }]
}

/// A playbook with what it is given.
fn played(playbook: &PlaybookId, lever: &Lever) -> String {
    let with: Vec<String> = lever.with.iter().map(|(name, value)| format!(" {name}={value}")).collect();
    format!("{playbook}{}", with.concat())
}

/// Why it would never be pulled, if that is so.
pub(super) fn warning(policy: &Policy, lever: &Lever) -> Option<String> {
    let Lever { watches, play, keep_up, .. } = lever;
    let (beside, service) = (policy.beside(lever).len(), &watches.service);
    let others = match beside {
        0 => format!("no other {service} is probed"),
        1 => format!("only one other {service} is probed"),
        many => format!("only {many} other {service} are probed"),
    };
    (beside < *keep_up)
        .then(|| format!("{others}, so {play} is never played: {watches} is to keep up {keep_up}"))
}
