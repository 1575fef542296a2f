//! The part of the stories' language that is about people: what they are told, and what hides or forges it.

use super::expect::lines;
use super::script::time;
use super::world::Cluster;
use agent::command::{Answer, Command, HandOver, Offer, Telling};
use state::handover::{Hindrance, Strength, Urgency};
use state::{IncidentId, RouteId, SiteId};
use std::time::Duration;

/// What befalls people's means; panics if there is no such deed.
pub fn act(cluster: &mut Cluster, words: &[&str]) {
    let site = |name: &str| SiteId::new(name);
    match words {
        ["bar", name] => drop(cluster.outside.borrow_mut().barred.insert(SiteId::new(*name))),
        ["admit", name] => drop(cluster.outside.borrow_mut().barred.remove(&SiteId::new(*name))),
        ["blind", name] => drop(cluster.outside.borrow_mut().blind.insert(site(name))),
        ["unable", name] => drop(cluster.outside.borrow_mut().unable.insert(site(name))),
        ["able", name] => drop(cluster.outside.borrow_mut().unable.remove(&site(name))),
        ["hush", kind] => drop(cluster.outside.borrow_mut().hushed.insert((*kind).to_owned())),
        ["unhush", kind] => drop(cluster.outside.borrow_mut().hushed.remove(*kind)),
        ["rewrite", name] => cluster.outside.borrow_mut().rewritten = Some(site(name)),
        ["ack", at] => {
            let open = cluster.view(&site(at)).and_then(|view| view.incidents.keys().last().copied());
            let incident = open.unwrap_or(IncidentId(0));
            cluster.order(&site(at), Command::Ack { incident });
        }
        ["wish", to, "at", at] => {
            let (route, site) = (RouteId::new("main"), site(to));
            let because = "the test says so".to_owned();
            cluster.order(&SiteId::new(*at), Command::ClaimOrOffer { route, site, because });
        }
        ["confirm", at] => {
            let token = offered(cluster).map_or(0, |offer| offer.token);
            cluster.order(&site(at), Command::ClaimAlone { token });
        }
        strange => panic!("no such deed: {strange:?}"),
    }
}

/// What people must have been told; panics if there is no such expectation.
pub fn expect(cluster: &mut Cluster, words: &[&str]) -> Result<(), String> {
    match words {
        ["told", name, rest @ ..] => told(cluster, &SiteId::new(*name), rest),
        ["card", name, rest @ ..] => {
            let cards: Vec<String> = hand_overs(cluster, name).iter().flat_map(typed).collect();
            holds(&cards, &rest.join(" "))
        }
        ["notice", name, "lacks", rest @ ..] => {
            let notices = notices(cluster, name);
            holds(&notices, &rest.join(" ")).map_or(Ok(()), |()| Err(format!("{notices:?}")))
        }
        ["notice", name, rest @ ..] => holds(&notices(cluster, name), &rest.join(" ")),
        ["by", "hand", name] => {
            let all = hand_overs(cluster, name);
            if all.is_empty() { Err(format!("{:?}", lines(cluster, name))) } else { Ok(()) }
        }
        ["by", "automation", name] => {
            let all = hand_overs(cluster, name);
            if all.is_empty() { Ok(()) } else { Err(format!("{all:?}")) }
        }
        ["offered", shown] => {
            let offer = offered(cluster);
            let good = offer.as_ref().is_some_and(|offer| offer.shown == Some(SiteId::new(*shown)));
            if good { Ok(()) } else { Err(format!("{offer:?}")) }
        }
        ["refused", rest @ ..] => {
            let last = cluster.outside.borrow().answers.values().last().cloned();
            let Some(Answer::Refused { why, .. }) = last else { return Err(format!("{last:?}")) };
            holds(&[why], &rest.join(" "))
        }
        ["alone", name, rest @ ..] => {
            let outside = cluster.outside.borrow();
            let words: Vec<String> = outside.told.iter().filter_map(|(_, by, t)| deed(name, by, t)).collect();
            holds(&words, &rest.join(" "))
        }
        strange => panic!("no such expectation: {strange:?}"),
    }
}

/// The last offer to do something alone.
fn offered(cluster: &Cluster) -> Option<Offer> {
    let outside = cluster.outside.borrow();
    outside.answers.values().rev().find_map(|answer| {
        let Answer::Offered(offer) = answer else { return None };
        Some((**offer).clone())
    })
}

fn deed(name: &str, by: &SiteId, telling: &Telling) -> Option<String> {
    let Telling::Alone { is, text, .. } = telling else { return None };
    (by.as_str() == name).then(|| format!("{is:?}: {text}"))
}

fn told(cluster: &Cluster, site: &SiteId, words: &[&str]) -> Result<(), String> {
    let outside = cluster.outside.borrow();
    let theirs = outside.told.iter().filter(|(_, by, _)| by == site);
    let named: Vec<(Duration, String)> = theirs.filter_map(|(at, _, t)| Some((*at, name(t)?))).collect();
    let (wanted, by) = match words {
        [wanted @ .., "never"] => (wanted.join(" "), None),
        [wanted @ .., "by", moment] => (wanted.join(" "), Some(time(moment))),
        strange => panic!("no such expectation: {strange:?}"),
    };
    let first = named.iter().find(|(_, name)| *name == wanted).map(|(at, _)| *at);
    let good = match by {
        Some(by) => first.is_some_and(|at| at <= by),
        None => first.is_none(),
    };
    if good { Ok(()) } else { Err(format!("{named:?}")) }
}

/// A telling to people, by its words; `None` for what is told to followers only.
fn name(telling: &Telling) -> Option<String> {
    let lasting = |strength: Strength| if strength == Strength::Latched { " latched" } else { "" };
    let loud = |urgency: Urgency| if urgency == Urgency::Urgent { " urgent" } else { "" };
    if let Telling::HandedOver { hindrance, strength, urgency, .. } = telling {
        return Some(format!("handed-over {}{}{}", kind(*hindrance), lasting(*strength), loud(*urgency)));
    }
    if let Telling::TakenBack { hindrance, strength, .. } = telling {
        return Some(format!("taken-back {}{}", kind(*hindrance), lasting(*strength)));
    }
    if let Telling::Leaderless { urgency, .. } = telling {
        return Some(format!("leaderless{}", loud(*urgency)));
    }
    matches!(telling, Telling::Escalated { .. }).then(|| "escalated".to_owned())
}

fn kind(hindrance: Hindrance) -> String {
    let text = serde_json::to_string(&hindrance).expect("the story is well formed");
    text.trim_matches('"').to_owned()
}

fn hand_overs(cluster: &mut Cluster, at: &str) -> Vec<HandOver> {
    cluster.status(&SiteId::new(at)).handed_over
}

fn notices(cluster: &mut Cluster, at: &str) -> Vec<String> {
    cluster.status(&SiteId::new(at)).notices.into_iter().map(|(_, text)| text).collect()
}

/// Every line of a card.
fn typed(one: &HandOver) -> Vec<String> {
    let lines = one.cards.iter().flat_map(|card| {
        let deeds = card.deeds.iter().map(|deed| format!("{}: {}: {}", deed.site, deed.pbx, deed.command));
        let rest = [card.carrier.clone(), format!("undo: {}", card.undo)];
        deeds.chain(rest).chain(card.resume.clone()).collect::<Vec<_>>()
    });
    lines.collect()
}

fn holds(lines: &[String], wanted: &str) -> Result<(), String> {
    if lines.iter().any(|line| line.contains(wanted)) { Ok(()) } else { Err(format!("{lines:?}")) }
}
