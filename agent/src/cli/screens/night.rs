//! The screen of `help 3am`: what to type, the card, and what never to do, on one screen of 80 by 24.

use super::{labelled, status};
use crate::command::{RouteReport, SiteReport, StatusReport};
use state::SiteId;

/// So many lines a terminal has.
const HEIGHT: usize = 24;
/// Where the text of a label begins.
const INDENT: usize = 17;

/// What never to do, each with what to do instead.
const NEVER: [&str; 4] = [
    "kill or restart agents to hurry them: a run ends by itself, `pointsman runs`",
    "edit numbers at the carrier during a run; afterwards it is allowed, and seen",
    "restore a disk or a machine from an image: a site that forgot must not vote",
    "believe a silent site dead: its cable may be; `pointsman why` counts votes",
];

/// For whoever was woken; `report` is what the agent of this machine says, if it answers.
pub fn screen(report: Option<&StatusReport>) -> String {
    let mut out = labelled("", &answer(report), 0);
    let route = report.and_then(|report| report.routes.first()).map_or("ROUTE", |route| route.route.as_str());
    let site = report.and_then(next).map_or("SITE", SiteId::as_str);
    out += "\n 1  pointsman status             what is true, and what needs you\n";
    out += &format!(" 2  {:<28} why it acts, or does not\n", format!("pointsman why {route}"));
    out += &format!(" 3  pointsman claim {route} {site} --because \"...\"\n\n");
    out += &report.map_or_else(blank, card);
    out += &labelled("  no agreement", "add --alone: this agent asks once more, then acts by itself", INDENT);
    out += &format!("{:INDENT$}pointsman hold --for 1h --because \"...\"\n", "  let it be");
    out += "\nnever\n";
    for never in NEVER {
        out += &format!("  {never}\n");
    }
    let seen = report.and_then(|report| report.incidents.iter().find(|incident| incident.acked.is_none()));
    let ack =
        seen.map_or("pointsman incidents".to_owned(), |incident| format!("pointsman ack {}", incident.id));
    out + &format!("then: {ack}, and go back to bed\n")
}

/// The first line: how bad it is.
fn answer(report: Option<&StatusReport>) -> String {
    let Some(report) = report else {
        return "no agent answers on this machine: go to another site's, or to the carrier's own panel"
            .to_owned();
    };
    match report.needs_you.as_slice() {
        [] => format!("{}: {}; nothing needs you", report.cluster, status::rings(&report.routes)),
        [first, ..] => format!("{}: {}; {}", report.cluster, status::rings(&report.routes), first.what),
    }
}

/// The site that the first route would go to.
fn next(report: &StatusReport) -> Option<&SiteId> {
    report.routes.first().and_then(|route| route.next.as_ref())
}

/// The card as far as there is room: where each route could ring, and how to take it back.
fn card(report: &StatusReport) -> String {
    let mut lines = Vec::new();
    for route in &report.routes {
        let here = route.rings_in.as_ref();
        let rings = here.map_or("nobody knows where it rings".to_owned(), |site| format!("rings in {site}"));
        lines.push(labelled("the card", &format!("{}: {rings}", route.route), INDENT));
        lines.extend(others(report, route).map(|site| deed(route, site)));
        if let Some(here) = here {
            lines.push(format!(
                "{:INDENT$}pointsman claim {} {here} --because \"...\"\n",
                "  back again", route.route
            ));
        }
    }
    // The commands above and what never to do below are more than a sixth route: `status` has all of them.
    let room = HEIGHT - 14;
    if lines.len() > room {
        lines.truncate(room - 1);
        lines.push(format!("{:INDENT$}and more: pointsman status\n", ""));
    }
    lines.concat()
}

fn others<'a>(report: &'a StatusReport, route: &'a RouteReport) -> impl Iterator<Item = &'a SiteReport> {
    report.sites.iter().filter(|site| Some(&site.site) != route.rings_in.as_ref())
}

fn deed(route: &RouteReport, site: &SiteReport) -> String {
    let to = format!("  to {} ({})", site.site, status::verdict(site.pbx));
    format!("{to:<26} pointsman claim {} {} --because \"...\"\n", route.route, site.site)
}

/// Without an agent nobody knows names; the deeds are the same.
fn blank() -> String {
    labelled("the card", "at a site whose agent answers: `pointsman status` has it, with names", INDENT)
        + &labelled("", "at the carrier's own panel: point the first number, then the rest", INDENT)
}
