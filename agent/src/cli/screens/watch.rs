//! What `status --watch` prints where it cannot redraw: one line for each thing that has changed.

use super::{levers, status};
use crate::command::{CarrierReport, RouteReport, SiteReport, StatusReport, Voice};
use state::{SiteId, Stamp};

/// One thing of a status, without the ages, which change all the time and mean nothing by themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thing {
    /// What it is.
    key: String,
    /// How it is.
    is: String,
}

/// Everything that a status says, thing by thing.
pub fn things(report: &StatusReport) -> Vec<Thing> {
    let thing = |key: String, is: String| Thing { key, is };
    let leader = report.leader.as_ref().map_or("no leader".to_owned(), |site| format!("{site} leads"));
    let policy =
        report.policy.as_ref().map_or("no policy yet".to_owned(), |policy| format!("policy {policy}"));
    let (heard, votes) = (report.heard, report.votes);
    let all = format!("{leader} (term {}), {heard} of {votes} votes, {policy}", report.term);
    let mut things = vec![thing(report.cluster.clone(), all)];
    things.extend(report.routes.iter().map(|route| thing(format!("route {}", route.route), rings(route))));
    things.extend(report.levers.iter().map(|lever| {
        let (is, stands) = (status::verdict(lever.is), levers::stands(&lever.stands));
        let ((used, of), hold) = (lever.budget, lever.hold.as_ref());
        let hold = hold.map(|hold| format!(", held {hold}")).unwrap_or_default();
        let mode = lever.mode;
        thing(format!("lever {}", lever.lever), format!("{is}, {stands}, {mode}, {used}/{of} runs{hold}"))
    }));
    things.extend(report.sites.iter().map(|site| thing(format!("site {}", site.site), seen(report, site))));
    for incident in &report.incidents {
        things.push(thing(format!("incident {}", incident.id), status::happened(incident)));
    }
    things.extend(report.runs.iter().map(|run| thing(format!("run {}", run.id), status::goes(run))));
    for one in &report.handed_over {
        let of = one.route.as_ref().map_or("every route".to_owned(), ToString::to_string);
        things.push(thing(format!("by hand {of}"), format!("{}: {}", one.strength, one.because)));
    }
    things.extend(report.needs_you.iter().map(|need| thing("needs you".to_owned(), need.what.clone())));
    things.extend(report.watch.iter().map(|what| thing("watch".to_owned(), what.clone())));
    things
}

fn rings(route: &RouteReport) -> String {
    let rings =
        route.rings_in.as_ref().map_or("nobody knows where".to_owned(), |site| format!("rings in {site}"));
    let carrier = match &route.carrier {
        Some(CarrierReport { site, .. }) if *site == route.rings_in && site.is_some() => {
            "the carrier says the same"
        }
        Some(CarrierReport { site: Some(_), .. }) => "the carrier says ANOTHER SITE",
        Some(CarrierReport { site: None, .. }) => "the carrier says NO SITE OF OURS",
        None => "the carrier is not read here",
    };
    let hold = route.hold.as_ref().map(|hold| format!(", held {hold}")).unwrap_or_default();
    let latch = route.latch.as_ref().map(|why| format!(", latched: {why}")).unwrap_or_default();
    let next = route.next.as_ref().map_or("nobody", SiteId::as_str);
    let (used, of) = route.budget;
    format!("{rings}, {carrier}, {}, {used}/{of} switches, next {next}{hold}{latch}", route.mode)
}

fn seen(report: &StatusReport, site: &SiteReport) -> String {
    let by: Vec<&str> = site.seen_by.iter().map(SiteId::as_str).collect();
    let by = if by.is_empty() { "nobody".to_owned() } else { by.join(" ") };
    let over = site.over.as_ref().map(|over| format!(" via {over}")).unwrap_or_default();
    let agent = match site.silent {
        _ if site.site == report.here => "here",
        Voice::Silent => "SILENT",
        Voice::Heard => "heard",
    };
    format!("pbx {}, seen up by {by}; agent {agent}{over}", status::verdict(site.pbx))
}

/// What has changed since then; all of it if nothing was printed before.
pub fn changed(before: &[Thing], now: &[Thing], at: Option<Stamp>) -> String {
    let at = at.map_or("--:--:--".to_owned(), |at| at.to_string());
    let mut out = String::new();
    for thing in now.iter().filter(|thing| !before.iter().any(|old| alike(old, thing))) {
        out += &format!("{at} {}: {}\n", thing.key, thing.is);
    }
    for thing in before.iter().filter(|thing| !now.iter().any(|new| stands_for(new, thing))) {
        out += &format!("{at} {} no more: {}\n", thing.key, thing.is);
    }
    out
}

/// A remark with a time in it is the same remark a second later.
fn alike(old: &Thing, new: &Thing) -> bool {
    let bare = |thing: &Thing| thing.is.chars().filter(|letter| !letter.is_ascii_digit()).collect::<String>();
    old == new || old.key == new.key && many(&new.key) && bare(old) == bare(new)
}

/// Whether a thing is still there, as it was or otherwise.
fn stands_for(new: &Thing, old: &Thing) -> bool {
    if many(&old.key) { alike(old, new) } else { old.key == new.key }
}

/// Of remarks there may be several, so their words are part of what they are.
fn many(key: &str) -> bool {
    matches!(key, "watch" | "needs you") || key.starts_with("by hand")
}
