//! The card: the exact steps by which a person does what automation cannot.

use super::Node;
use crate::command::{Card, Deed, HandOver};
use crate::event::Presence;
use policies::policy::Lever;
use policies::reason::Age;
use state::handover::{Hindrance, Strength};
use state::{Now, PlaybookId, RouteId, SiteId, Subject};

impl Node {
    /// Every hand-over with what can be done by hand.
    pub(super) fn hand_overs(&self, now: Now) -> Vec<HandOver> {
        let mut all = self.handed_over(now);
        for one in &mut all {
            let routes = one.route.clone().map_or_else(|| self.routes(), |route| vec![route]);
            one.cards =
                routes.iter().map(|route| self.card(route, (one.hindrance, one.strength), now)).collect();
        }
        all
    }

    fn card(&self, route: &RouteId, (hindrance, strength): (Hindrance, Strength), now: Now) -> Card {
        if let Some(lever) = self.lever(route) {
            return lever_card(lever, strength);
        }
        let here = self.view.routes.get(route).and_then(|state| state.rings_in.clone());
        let claim = |site: &SiteId| claim(route, site, alone(hindrance));
        let deed = |site: &SiteId| Deed {
            site: site.clone(),
            pbx: self.looks_from_here(site),
            command: claim(site),
        };
        let (refuge, rules) = (SiteId::refuge(), self.rules.as_ref().and_then(|rules| rules.route(route)));
        let refuge = Some(&refuge).filter(|refuge| rules.is_some_and(|rules| rules.leads_to(refuge)));
        let others = self.prefer(route).iter().chain(refuge).filter(|site| Some(*site) != here.as_ref());
        Card {
            route: route.clone(),
            carrier: self.carrier_in_words(route, now),
            deeds: others.map(deed).collect(),
            undo: here.as_ref().map_or_else(|| "nobody knows where it rang before".to_owned(), claim),
            resume: (strength == Strength::Latched).then(|| format!("pointsman resume {route}")),
        }
    }

    fn looks_from_here(&self, site: &SiteId) -> String {
        let subject = Subject::pbx(site);
        if site.is_refuge() {
            return "no site of ours, and nobody asks there".to_owned();
        }
        if self.watches.down(&subject) == Presence::Present {
            format!("{} sees it down", self.identity.site)
        } else if self.watches.up(&subject) == Presence::Present {
            format!("{} sees it up", self.identity.site)
        } else {
            format!("{} is not sure of it", self.identity.site)
        }
    }

    fn carrier_in_words(&self, route: &RouteId, now: Now) -> String {
        let agreed = self.view.routes.get(route).and_then(|state| state.rings_in.as_ref());
        let agreed = agreed.map_or("no site", SiteId::as_str);
        let Some(report) = self.carrier_report(route, now) else {
            return format!("not read from here; as last agreed it shows {agreed}");
        };
        let shows = match (&report.site, &report.shows) {
            (Some(site), _) => site.to_string(),
            (None, Some(shows)) => format!("{shows}, no site of ours"),
            (None, None) => "nothing".to_owned(),
        };
        format!("{} shows {shows}, read {} ago", report.number, Age(report.age))
    }
}

/// Whether a claim can be agreed, or must be made alone.
fn alone(hindrance: Hindrance) -> &'static str {
    match hindrance {
        Hindrance::NoQuorum | Hindrance::Clock | Hindrance::TwoHistories => " --alone",
        Hindrance::Unreadable
        | Hindrance::CarrierMute
        | Hindrance::GivenUp
        | Hindrance::BudgetSpent
        | Hindrance::Stuck
        | Hindrance::PersonsChange
        | Hindrance::ClaimedAlone => "",
    }
}

fn claim(route: &RouteId, site: &SiteId, alone: &str) -> String {
    format!("pointsman claim {route} {site}{alone} --because \"...\"")
}

/// The card of a lever: what pulls it, and what lets it go.
fn lever_card(lever: &Lever, strength: Strength) -> Card {
    let (id, site) = (lever.id(), lever.watches.site.clone());
    let play = |book: &PlaybookId| format!("pointsman play {book} route={id} --because \"...\"");
    let none = "what it did is taken back by hand: nothing is written for that";
    Card {
        carrier: "none is asked".to_owned(),
        deeds: vec![Deed { site, pbx: format!("{} pulls it", lever.play), command: play(&lever.play) }],
        undo: lever.until_up.as_ref().map_or_else(|| none.to_owned(), play),
        resume: (strength == Strength::Latched).then(|| format!("pointsman resume {id}")),
        route: id,
    }
}
