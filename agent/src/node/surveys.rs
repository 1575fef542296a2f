//! Surveys: what this site leans on is looked at when a person asks, and once a night by itself.

use super::{Node, wake};
use crate::command::{Answer, SurveyReport};
use crate::event::{Effect, Output, Survey};
use crate::live::{Health, Kind, Sight};
use policies::limits::{LOOK_OVER_AT, LOOK_OVER_SPREAD, SILENCE};
use policies::policy::next_at;
use policies::reason::Age;
use state::{Mono, Now, SiteId, Stamp};
use std::collections::BTreeMap;
use std::time::Duration;

/// A survey that is not over by then is forgotten: a thousand numbers take five minutes, and a carrier may be slow.
const GIVEN_UP: Duration = Duration::from_secs(20 * 60);
/// A night that was slept through is not made up for: whoever wakes at noon has better things to do.
const MISSED: Duration = Duration::from_secs(1800);

/// The surveys of this process.
#[derive(Debug, Default)]
pub struct Surveys {
    /// The last one that was begun.
    n: u64,
    /// When, while it is under way.
    since: Option<Mono>,
    last: Option<Found>,
    /// When the next nightly one is due.
    due: Option<Stamp>,
}

#[derive(Debug)]
struct Found {
    n: u64,
    at: Stamp,
    sights: Vec<Sight>,
}

impl Surveys {
    /// The night's moment is another one under another policy.
    pub fn anew(&mut self) {
        self.due = None;
    }
}

impl Node {
    /// A person asks for a survey, or whether the one that was begun is over.
    pub(super) fn survey_asked(&mut self, awaited: Option<u64>, now: Now, out: &mut Output) -> Answer {
        let here = self.identity.site.clone();
        let report = |n, found: Option<&Found>| {
            let at = found.map_or(now.stamp, |found| found.at);
            let sights = found.map(|found| found.sights.clone());
            Answer::Survey(Box::new(SurveyReport { here, n, at, sights }))
        };
        match (awaited, &self.surveys.last) {
            (Some(n), Some(found)) if found.n >= n => report(found.n, Some(found)),
            (Some(n), _) if n == self.surveys.n && self.surveys.since.is_some() => report(n, None),
            (Some(_), _) => *super::people::refused("that look was given up", "`pointsman check --live`"),
            (None, _) => {
                if self.surveys.since.is_none() {
                    self.survey(now.mono, out);
                }
                report(self.surveys.n, None)
            }
        }
    }

    /// Once a night, each site at its own time.
    pub(super) fn survey_at_night(&mut self, now: Now, out: &mut Output) {
        if self.surveys.since.is_some_and(|since| now.mono.since(since) >= GIVEN_UP) {
            self.surveys.since = None;
        }
        let Some(due) = self.surveys.due.or_else(|| self.next_night(now.stamp)) else { return };
        self.surveys.due = Some(due);
        if now.stamp < due {
            return wake(out, now.mono + due.since(now.stamp));
        }
        self.surveys.due = self.next_night(now.stamp);
        if now.stamp.since(due) < MISSED && self.surveys.since.is_none() {
            self.survey(now.mono, out);
        }
    }

    /// Local time, as every time of the day of a policy; the sites share carriers, so not all at once.
    fn next_night(&self, now: Stamp) -> Option<Stamp> {
        let rules = self.rules.as_ref()?;
        let place = rules.sites().position(|site| *site == self.identity.site)?;
        let spread = LOOK_OVER_SPREAD * u32::try_from(place).unwrap_or(0);
        next_at(LOOK_OVER_AT + spread, now, &rules.judge.zone)
    }

    fn survey(&mut self, now: Mono, out: &mut Output) {
        let Some(rules) = &self.rules else { return };
        self.surveys.n += 1;
        self.surveys.since = Some(now);
        let carriers = rules.asks.carriers.iter().map(|ask| &ask.carrier);
        let allowed = |carrier: &state::CarrierId| (carrier.clone(), self.reach.allowed(carrier, now));
        let not_before: BTreeMap<_, _> = carriers.map(allowed).collect();
        let asks = rules.asks.clone().with_playbooks(&self.playbooks, &self.identity.site);
        let (n, cluster) = (self.surveys.n, rules.cluster.clone());
        out.act.push(Effect::Survey(Survey { n, cluster, asks, not_before }));
    }

    /// What the hands found; what only the node knows is added.
    pub(super) fn surveyed(&mut self, n: u64, mut sights: Vec<Sight>, now: Now) {
        if n != self.surveys.n {
            return;
        }
        sights.extend(self.others().map(|site| self.peer_sight(site, now.mono)).collect::<Vec<_>>());
        sights.push(self.clock_sight(now.mono));
        self.surveys.since = None;
        self.surveys.last = Some(Found { n, at: now.stamp, sights });
    }

    fn peer_sight(&self, site: &SiteId, now: Mono) -> Sight {
        let outside = self.outsiders().into_iter().find(|(outsider, _)| outsider == site);
        if let Some((_, why)) = outside {
            return Sight::fault(Kind::Peer, site, format!("is outside: {why}"))
                .hint(format!("`pointsman readmit {site}`"));
        }
        let status = format!("`systemctl status pointsman` at {site}");
        match (self.peers.last(site).map(|at| now.since(at)), self.detours.get(site)) {
            (Some(age), _) if age >= SILENCE => {
                Sight::fault(Kind::Peer, site, format!("is silent for {}", Age(age))).hint(status)
            }
            (Some(_), Some(over)) => {
                let says = format!("is reached only over {over}");
                Sight::warning(Kind::Peer, site, says).hint(format!("the firewall between here and {site}"))
            }
            (Some(age), None) => Sight::ok(Kind::Peer, site, format!("heard {} ago", Age(age))),
            (None, _) => {
                Sight::fault(Kind::Peer, site, "was never heard since this agent began").hint(status)
            }
        }
    }

    fn clock_sight(&self, now: Mono) -> Sight {
        let heard = self.others().filter(|site| self.peers.heard_within(site, SILENCE, now)).count();
        let sight = |says: String| Sight::fault(Kind::Clock, "wall clock", says).hint("`timedatectl`");
        match (self.astray.get(&self.identity.site), heard) {
            (Some(by), _) => sight(format!("{} away from the others'", Age(*by))),
            (None, 0) => Sight { is: Health::Warning, ..sight("compared with nobody".to_owned()) },
            (None, 1) => Sight::ok(Kind::Clock, "wall clock", "as 1 other's"),
            (None, heard) => Sight::ok(Kind::Clock, "wall clock", format!("as {heard} others'")),
        }
    }

    /// What the last survey found wrong, and when. Peers, the clock and slots are told as they are now, elsewhere.
    pub(super) fn found_wrong(&self) -> Option<(u64, Stamp, Vec<Sight>)> {
        let Found { n, at, sights } = self.surveys.last.as_ref()?;
        let elsewhere = |kind| matches!(kind, Kind::Peer | Kind::Clock | Kind::Behind);
        let wrong = sights.iter().filter(|sight| sight.is != Health::Ok && !elsewhere(sight.kind));
        Some((*n, *at, wrong.cloned().collect()))
    }
}
