//! A good policy in words: what happens when a site dies, who can act, and what is odd about it.

mod cases;
mod levers;
mod table;

pub use cases::{Because, Fate, fate};
pub use table::table;

use crate::limits::{STEADY_LAST_RESORT, STEADY_REFUGE};
use crate::policy::{Failback, Policy, Route, Site, Template, Tls, kept_keys};
use cases::votes;
use state::Subject;
use state::document::spell;
use std::time::Duration;

/// The column in which answers begin.
const COLUMN: usize = 16;

/// What `pointsman check` says of a good policy.
pub fn words(policy: &Policy) -> String {
    let routes = policy.routes.iter().flat_map(|r| deaths(policy, r).into_iter().chain(returns(policy, r)));
    let levers = policy.levers.iter().flat_map(|lever| levers::deaths(policy, lever));
    let deaths: Vec<Death> = routes.chain(levers).collect();
    let behind: Vec<(String, String)> = policy.routes.iter().filter_map(behind).collect();
    let labels = deaths.iter().map(|death| &death.who).chain(behind.iter().map(|(who, _)| who));
    let column = labels.map(|who| who.len() + 1).fold(COLUMN, usize::max);
    let place = deaths.iter().map(|death| death.place.len() + 2).max().unwrap_or(0);
    let mut lines = vec![summary(policy)];
    for Death { who, place: rings, when } in &deaths {
        lines.push(format!("{who:column$}-> {rings:place$}{when}").trim_end().to_string());
    }
    lines.extend(behind.iter().map(|(who, slots)| format!("{who:column$}{slots}")));
    if !behind.is_empty() {
        let how = "(`pointsman plan prepare` shows what is not written yet; audited, never relied on)";
        lines.push(format!("{:column$}{how}", ""));
    }
    lines.push(format!("{:column$}{}", "who can act", who_can_act(policy)));
    if let Some(cases) = table::cases(policy) {
        let cases = count_word(cases);
        lines.push(format!("{:column$}(`pointsman check --table` prints all {cases} cases)", ""));
    }
    lines.extend(warnings(policy).into_iter().map(|warning| format!("warning: {warning}")));
    let kept = kept_keys(policy);
    if !kept.is_empty() {
        lines.push(format!("note: kept; this version does not act on it yet: {}", kept.join(", ")));
    }
    lines.join("\n") + "\n"
}

/// Who dies, where a route rings then, and when.
struct Death {
    who: String,
    place: String,
    when: String,
}

/// The first line: that it is good, and how big it is.
fn summary(policy: &Policy) -> String {
    let numbers = policy.routes.iter().map(|route| route.numbers.len()).sum();
    format!(
        "ok: {}, {} ({} win), {}, {}, {}",
        many(policy.sites.len(), "site", "sites"),
        many(policy.votes() as usize, "vote", "votes"),
        policy.majority(),
        many(policy.routes.len(), "route", "routes"),
        many(numbers, "number", "numbers"),
        many(policy.people.len(), "person", "people"),
    )
}

/// What becomes of a route when its first choice dies, and when its second dies as well.
fn deaths(policy: &Policy, route: &Route) -> Vec<Death> {
    let deaths = 1..=route.prefer.len().min(2);
    let sites = deaths.map(|count| {
        let dead = &route.prefer[..count];
        let living: Vec<&Site> = policy.sites.iter().filter(|site| !dead.contains(&site.id)).collect();
        let who = match dead {
            [one] => format!("{one} dies"),
            _ => dead.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ") + " die",
        };
        let (place, when) = becomes(policy, route, &living);
        Death { who, place, when }
    });
    door(policy, route).into_iter().chain(sites).collect()
}

/// What becomes of a route while the first door of its first choice is dead and another lives.
fn door(policy: &Policy, route: &Route) -> Option<Death> {
    let home = policy.site(&route.prefer[0])?;
    let mut doors = home.doors();
    let ((first, at), (next, _)) = (doors.next()?, doors.next()?);
    let (from, until) = policy.pace(&Subject::pbx(&first)).moved_within();
    let who = format!("{} of {first} dies", at.ip());
    Some(Death { who, place: format!("{} in {next}", route.id), when: later(from, until) })
}

/// When a route has moved.
fn later(from: Duration, until: Duration) -> String {
    format!("{} to {} later", seconds(from), seconds(until))
}

/// Where a route goes when nobody can take it, and what it does by itself once somebody can again.
fn returns(policy: &Policy, route: &Route) -> Vec<Death> {
    let id = &route.id;
    let mut returns = Vec::new();
    let mut says = |who: String, place: String, when: String| returns.push(Death { who, place, when });
    let (back, on) = (spell(STEADY_REFUGE), spell(STEADY_LAST_RESORT));
    let home = &route.prefer[0];
    let carrier = policy.carrier(&route.carrier);
    if carrier.is_some_and(|carrier| !policy.signalling(carrier).is_empty()) {
        let others: Vec<&Site> = policy.sites.iter().filter(|site| site.id != *home).collect();
        let (place, when) = becomes(policy, route, &others);
        says(format!("no call reaches {home}"), place, when);
    }
    if let Some(refuge) = route.refuge.as_ref().and_then(|refuge| refuge.fixed(&route.numbers[0])) {
        says("no PBX answers".into(), format!("{id} in its refuge"), refuge.to_string());
        let when = format!("{back} after a site is up");
        says(format!("{id} in its refuge"), "comes back by itself".into(), when);
    }
    for last in &route.last_resort {
        let when = format!("{on} after a better site is up");
        says(format!("{id} in {last}"), "goes on by itself".into(), when);
    }
    if let Some(Failback { after, between }) = route.failback {
        let hours = between.map(|hours| format!(", between {hours}")).unwrap_or_default();
        let when = format!("{} after {home} is up{hours}", spell(after));
        says(format!("{id} away from {home}"), "goes home by itself".into(), when);
    }
    returns
}

/// What stands behind the first number of a route, slot by slot.
fn behind(route: &Route) -> Option<(String, String)> {
    let shown =
        |(to, slot): (&Template, usize)| Some(format!("slot {slot} {}", to.fixed(route.numbers.first()?)?));
    let slots: Vec<String> = route.behind.iter().zip(2..).filter_map(shown).collect();
    (!slots.is_empty()).then(|| (format!("behind {}", route.id), slots.join(", ")))
}

/// What becomes of a route, and when.
fn becomes(policy: &Policy, route: &Route, living: &[&Site]) -> (String, String) {
    let id = &route.id;
    match fate(policy, route, living) {
        Fate::Stays(site) => (format!("{id} stays in {site}"), String::new()),
        Fate::StaysUnguarded(site) => (format!("{id} stays in {site}"), "people are told: no quorum".into()),
        Fate::Moves { to, from, until } => (format!("{id} in {to}"), later(from, until)),
        Fate::Refuge { from, until } => (format!("{id} in its refuge"), later(from, until)),
        Fate::People(because) => {
            let reason = table::reason(because);
            let votes = format!("{reason}, {} of {} votes", votes(living), policy.votes());
            (format!("people must move {id}"), votes)
        }
    }
}

/// Which sites together can act.
fn who_can_act(policy: &Policy) -> String {
    let voters: Vec<String> = policy
        .sites
        .iter()
        .filter(|site| site.votes > 0)
        .map(
            |site| if site.votes == 1 { site.id.to_string() } else { format!("{} x{}", site.id, site.votes) },
        )
        .collect();
    format!("any {} of: {}", count_word(policy.majority() as usize), voters.join(", "))
}

/// What is allowed and still worth a thought.
fn warnings(policy: &Policy) -> Vec<String> {
    let mut warnings = votes_warnings(policy);
    for route in policy.routes.iter().filter(|route| route.prefer.len() == 1) {
        warnings.push(format!("{} has nowhere to go if {} dies", route.id, route.prefer[0]));
    }
    warnings.extend(policy.levers.iter().filter_map(|lever| levers::warning(policy, lever)));
    if policy.references.is_empty() {
        warnings.push("no references; a site that is cut off cannot tell whose fault it is".to_string());
    }
    for carrier in policy.carriers.iter().filter(|c| c.signalling != policy.signalling(c)) {
        warnings.push(format!("no references, so the signalling of {} is not asked", carrier.id));
    }
    for carrier in policy.carriers.iter().filter(|carrier| carrier.tls == Tls::Plain) {
        warnings.push(format!("the line to {} is plain; its password can be read on the way", carrier.id));
    }
    for (carrier, reach) in &policy.reaches {
        let (sites, each) = (policy.sites.len(), reach.login_every(policy.sites.len()));
        if each > reach.every {
            let (each, wish) = (spell(each), spell(reach.every));
            let why = format!("{sites} sites share the account at {carrier}");
            warnings.push(format!("{why}, so each logs in every {each} and not every {wish}"));
        }
    }
    match policy.people.len() {
        0 => warnings.push("no people; nobody is told".to_string()),
        1 => warnings.push("one person only; nobody to escalate to".to_string()),
        _ if policy.alerts.tell.is_empty() => warnings.push("`alerts.tell` names nobody".to_string()),
        _ => {}
    }
    if !policy.people.is_empty() {
        warnings.push(
            "mail and SMS are not sent in this version; `pointsman status` and the log tell".to_string(),
        );
    }
    warnings
}

/// What is odd about the votes.
fn votes_warnings(policy: &Policy) -> Vec<String> {
    let mut warnings = Vec::new();
    let (total, majority) = (policy.votes(), policy.majority());
    if total.is_multiple_of(2) {
        warnings
            .push(format!("{total} votes are even; two halves that cannot see each other both stand still"));
    }
    for site in &policy.sites {
        let left = total - u32::from(site.votes);
        if left < majority {
            warnings.push(format!("if {} dies nobody can act: {left} of {total} votes are left", site.id));
        }
    }
    warnings
}

/// A count with its noun.
fn many(count: usize, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

/// A count as a word, as far as people say them as words.
fn count_word(count: usize) -> String {
    const WORDS: [&str; 17] = [
        "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve", "thirteen", "fourteen", "fifteen", "sixteen",
    ];
    WORDS.get(count).map_or_else(|| count.to_string(), |word| (*word).to_string())
}

/// A time in seconds, with a fraction only if it has one: `15s`, `4.5s`.
fn seconds(time: Duration) -> String {
    let tenths = (time.as_millis() + 50) / 100;
    if tenths.is_multiple_of(10) {
        format!("{}s", tenths / 10)
    } else {
        format!("{}.{}s", tenths / 10, tenths % 10)
    }
}
