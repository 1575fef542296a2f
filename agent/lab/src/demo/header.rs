//! The head of the account: what stands on the stage before anything is broken.

use super::Options;
use crate::rig::Pace;
use agent::command::StatusReport;
use state::SiteId;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// One site on the stage.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its name.
    pub site: String,
    /// Its votes.
    pub votes: u8,
    /// Where its PBX is called.
    pub pbx: IpAddr,
    /// Where its agent is reached.
    pub agent: SocketAddr,
}

/// The first lines of all, before anything stands.
pub fn opening(options: Options) -> Vec<String> {
    let (name, story) = (options.scenario.name(), options.scenario.story());
    vec![
        "demo: four agents, four PBXs and a carrier on this machine; nothing leaves it".to_owned(),
        format!("demo: `{name}`: {story}"),
    ]
}

/// The table of the sites, and the pace.
pub fn header(options: Options, places: &[Place], report: &StatusReport) -> Vec<String> {
    let mut lines =
        vec![String::new(), format!("  {:<12}{:>7}  {:<12}{:<17}now", "site", "votes", "pbx", "agent")];
    let route = report.routes.first();
    for place in places {
        let is = |id: &Option<SiteId>| id.as_ref().is_some_and(|id| id.as_str() == place.site);
        let mut now = Vec::new();
        let rings = route.is_some_and(|route| is(&route.rings_in));
        if rings {
            now.push("has the number".to_owned());
        }
        if route.is_some_and(|route| is(&route.next)) {
            now.push("next in line".to_owned());
        }
        if is(&report.leader) {
            // Beside so many words there is no room for the term.
            now.push(if rings { "leads".to_owned() } else { format!("leads (term {})", report.term) });
        }
        let Place { site, votes, pbx, agent } = place;
        let (pbx, agent) = (pbx.to_string(), agent.to_string());
        let line = format!("  {site:<12}{votes:>7}  {pbx:<12}{agent:<17}{}", now.join(", "));
        lines.push(line.trim_end().to_owned());
    }
    lines.push(String::new());
    lines.extend(pace(options.pace));
    lines.push(String::new());
    lines
}

fn pace(pace: Pace) -> Vec<String> {
    let known = pace.numbers();
    let numbers = format!(
        "  pace: every {}, timeout {}, fall {}, blip {}",
        span(known.every),
        span(known.timeout),
        known.fall,
        span(known.blip)
    );
    if pace == Pace::Demo {
        vec![
            format!("{numbers} (the product's default is"),
            "  calmer: 2s, 1s, 5, 15s; `--pace calm` shows it)".to_owned(),
        ]
    } else {
        vec![numbers]
    }
}

/// `500ms`, `2s`.
fn span(span: Duration) -> String {
    let ms = span.as_millis();
    if ms.is_multiple_of(1000) { format!("{}s", ms / 1000) } else { format!("{ms}ms") }
}
