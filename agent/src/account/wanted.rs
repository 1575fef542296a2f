//! An end state in words: the same on the screens, in the audit and in what whoever follows is told.

use state::document::spell;
use state::plan::Ensure;

/// What shall hold.
pub fn wanted(ensure: &Ensure) -> String {
    match ensure {
        Ensure::RoutePointsAt { site, numbers, .. } => match numbers.as_slice() {
            [one] => format!("{} points at {site}", one.number),
            numbers => format!("{} numbers point at {site}", numbers.len()),
        },
        Ensure::Notify { text } => format!("people are told \"{text}\""),
        Ensure::Waited { lasts } => format!("{} pass", spell(*lasts)),
        Ensure::SiteReady { site, steady, .. } if steady.is_zero() => format!("{site} is ready"),
        Ensure::SiteReady { site, steady, .. } => format!("{site} has been ready for {}", spell(*steady)),
        Ensure::Http(switch) => match &switch.shows {
            Some(shows) => format!("{} {} shows {}", switch.read, shows.pointer, shows.is),
            None => format!("{} stands as wanted", switch.read),
        },
        Ensure::Exec { command, check } => format!("{command} has done it, as {check} says"),
    }
}

/// The same where a message has been told already, and need not be said twice.
pub fn briefly(ensure: &Ensure) -> String {
    if matches!(ensure, Ensure::Notify { .. }) { "people are told".to_owned() } else { wanted(ensure) }
}
