//! The difference of two policies in words: what changes for whom.

use crate::policy::{Pace, Policy, Route};
use crate::reason::Setting;
use state::SiteId;
use state::document::{self, Faults, Key, Node, Tree};
use std::collections::BTreeMap;

/// The sections whose keys are names, and what one of them is called.
const NAMED: [(&str, &str); 5] = [
    ("sites", "site"),
    ("carriers", "carrier"),
    ("routes", "route"),
    ("people", "person"),
    ("calendars", "calendar"),
];

/// Two lists of together so many items are not said in full.
const LONG: usize = 12;

/// What is different in `after`, line by line; nothing if only blanks, remarks or the order of keys are.
///
/// It compares what is written and not what is understood: a key that the language learns later is never left out.
/// What follows from it for votes and paces is said behind it.
pub fn words(before: &str, after: &str) -> Vec<String> {
    let read = |text: &str| document::read(text, &Faults::new()).map(|tree| tree.node);
    let mut lines = Vec::new();
    if let (Some(before), Some(after)) = (read(before), read(after)) {
        compare(&[], (&before, &after), &mut lines);
    }
    if let (Ok(before), Ok(after)) = (Policy::read("before", before), Policy::read("after", after)) {
        lines.extend(majorities(&before, &after));
        lines.extend(paces(&before, &after));
        lines.extend(after.routes.iter().filter_map(|route| behind(&before, route)));
    }
    lines
}

/// Goes down while both sides are maps; whatever differs below is said as a whole.
fn compare(path: &[&str], (before, after): (&Node, &Node), lines: &mut Vec<String>) {
    let (Node::Map(old), Node::Map(new)) = (before, after) else {
        if inline(before) != inline(after) {
            let change =
                items(before, after).unwrap_or_else(|| format!("{} -> {}", inline(before), inline(after)));
            lines.push(format!("{} {change}", label(path)));
        }
        return;
    };
    let find = |map: &'_ [(Key, Tree)], name: &str| {
        map.iter().find(|(key, _)| key.text == name).map(|(_, tree)| tree.node.clone())
    };
    for (key, tree) in new {
        let below: Vec<&str> = path.iter().copied().chain([key.text.as_str()]).collect();
        match find(old, &key.text) {
            Some(was) => compare(&below, (&was, &tree.node), lines),
            None => lines.push(format!("{} is new: {}", label(&below), inline(&tree.node))),
        }
    }
    for (key, tree) in old.iter().filter(|(key, _)| find(new, &key.text).is_none()) {
        let below: Vec<&str> = path.iter().copied().chain([key.text.as_str()]).collect();
        lines.push(format!("{} is gone; it was {}", label(&below), inline(&tree.node)));
    }
}

/// Whose key it is, in the words of the policy: `route main: budget`.
fn label(path: &[&str]) -> String {
    let named = path.first().and_then(|first| NAMED.iter().find(|(section, _)| section == first));
    match (named, path) {
        (Some((_, one)), [_, name]) => format!("{one} {name}"),
        (Some((_, one)), [_, name, rest @ ..]) => format!("{one} {name}: {}", rest.join(" ")),
        (None | Some(_), path) => path.join(" "),
    }
}

/// A piece of a policy on one line.
fn inline(node: &Node) -> String {
    let many = |items: &[Tree]| items.iter().map(|item| inline(&item.node)).collect::<Vec<_>>().join(", ");
    match node {
        Node::Null => "nothing".to_owned(),
        Node::Scalar { text, .. } => text.clone(),
        Node::List(items) => format!("[{}]", many(items)),
        Node::Map(entries) => {
            let entry = |(key, tree): &(Key, Tree)| format!("{}: {}", key.text, inline(&tree.node));
            format!("{{ {} }}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
    }
}

/// A list that is too long to be said twice: what comes and what goes.
fn items(before: &Node, after: &Node) -> Option<String> {
    let (Node::List(old), Node::List(new)) = (before, after) else { return None };
    if old.len() + new.len() < LONG {
        return None;
    }
    let texts = |items: &[Tree]| items.iter().map(|item| inline(&item.node)).collect::<Vec<_>>();
    let (old, new) = (texts(old), texts(new));
    let without = |some: &[String], others: &[String]| {
        some.iter().filter(|text| !others.contains(text)).cloned().collect::<Vec<_>>().join(", ")
    };
    let (come, go) = (without(&new, &old), without(&old, &new));
    let part = |word: &str, list: String| (!list.is_empty()).then(|| format!("{word} {list}"));
    let parts: Vec<String> = [part("with", come), part("without", go)].into_iter().flatten().collect();
    Some(if parts.is_empty() { "in another order".to_owned() } else { parts.join(", ") })
}

/// What an edit of `behind` does by itself: nothing. A person has it written.
fn behind(before: &Policy, route: &Route) -> Option<String> {
    let was = before.route(&route.id).map(|route| route.behind.as_slice()).unwrap_or_default();
    let Route { id, behind, .. } = route;
    if was == behind.as_slice() {
        return None;
    }
    let what = format!("slots 2 and 3 of {id} stay as they are");
    Some(match behind.is_empty() {
        true => format!("{what}: what was written there is not emptied"),
        false => format!("{what} until somebody plays what `pointsman plan prepare route={id}` shows"),
    })
}

/// How many votes win, if that changes.
fn majorities(before: &Policy, after: &Policy) -> Option<String> {
    let of = |policy: &Policy| format!("{} of {} votes win", policy.majority(), policy.votes());
    (of(before) != of(after)).then(|| format!("{} -> {}", of(before), of(after)))
}

/// Sites that are judged at another pace, those with the same change on one line.
fn paces(before: &Policy, after: &Policy) -> Vec<String> {
    let mut changes: BTreeMap<String, Vec<&SiteId>> = BTreeMap::new();
    for site in &after.sites {
        let was = before.site(&site.id).map(|site| site.pace);
        if let Some(words) = was.and_then(|was| pace(was, site.pace)) {
            changes.entry(words).or_default().push(&site.id);
        }
    }
    let line = |(words, sites): (String, Vec<&SiteId>)| {
        let names: Vec<&str> = sites.iter().map(|site| site.as_str()).collect();
        let whom = if sites.len() == after.sites.len() { "every site".to_owned() } else { names.join(", ") };
        format!("{whom} is judged by {words}")
    };
    changes.into_iter().map(line).collect()
}

fn pace(before: Pace, after: Pace) -> Option<String> {
    let span =
        |name: &str, was, is| (was != is).then(|| format!("{name} {} -> {}", Setting(was), Setting(is)));
    let count = |name: &str, was: u32, is: u32| (was != is).then(|| format!("{name} {was} -> {is}"));
    let parts = [
        span("every", before.every, after.every),
        span("timeout", before.timeout, after.timeout),
        count("fall", before.fall, after.fall),
        count("rise", before.rise, after.rise),
        span("blip", before.blip, after.blip),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}
