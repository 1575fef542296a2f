//! The screen before a claim alone: why it is not agreed, what the carrier shows, what would be done.

use super::labelled;
use crate::command::Offer;
use state::{Destination, SiteId};

/// Where the text of a label begins.
const INDENT: usize = 16;

/// What a person should know before saying yes a second time.
pub fn offer(offer: &Offer) -> String {
    let (heard, votes) = offer.heard;
    let (route, site) = (&offer.route, &offer.site);
    let shows = match (&offer.shown, &offer.shows) {
        (Some(site), _) => SiteId::as_str(site),
        (None, Some(shows)) => Destination::as_str(shows),
        (None, None) => "nothing",
    };
    let number = offer.number.as_ref().map_or("no number", |number| number.as_str());
    let mut out = labelled("", &format!("{route} was not agreed to go to {site} within 5s"), 0);
    out += &labelled(
        "  votes",
        &format!("{heard} of {votes} reachable; the others may be well, and may act"),
        INDENT,
    );
    out += &labelled("  carrier", &format!("{number} shows {shows} at this moment"), INDENT);
    let many = if offer.numbers == 1 { "1 number".to_owned() } else { format!("{} numbers", offer.numbers) };
    out +=
        &labelled("  alone", &format!("this agent points {many} of {route} at {site}, as your deed"), INDENT);
    out += &labelled(
        "  then",
        "it reads again after 5 and 15 s; once the sites meet, the route stays manual until a person resumes it",
        INDENT,
    );
    out + &format!("{:INDENT$}pointsman resume {route}\n", "  to end that")
}
