//! The rules of `when`: while a service is down a lever is pulled, and let go once the service is up again.

use super::draft::{DraftLever, Written};
use super::pace::within;
use super::routes::{self, Budget, MODES};
use crate::limits::{BUDGET, BUDGET_WINDOW};
use state::document::{Fault, Fields, Value, is_name};
use state::fact::Mode;
use state::{PlaybookId, RouteId, ServiceId, SiteId, Subject};
use std::collections::BTreeMap;
use std::time::Duration;

/// Whatever is not pulled for so long would have been mended by a person.
const FOR_MAX: Duration = Duration::from_secs(24 * 3600);
/// What every run brings along: the lever's name, its site twice, and why.
const BROUGHT: [&str; 4] = ["route", "from", "to", "reason"];

/// What is moved and is no route, and the rule that moves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lever {
    /// What it watches.
    pub watches: Subject,
    /// How long that must have been dark; without it as long as its pace says.
    pub after: Option<Duration>,
    /// What is played then.
    pub play: PlaybookId,
    /// What the playbooks are given, by the names of their inputs.
    pub with: BTreeMap<String, String>,
    /// What is played once it is up again; without it a person undoes it.
    pub until_up: Option<PlaybookId>,
    /// How many of the same service must hold elsewhere.
    pub keep_up: usize,
    /// How often automation may play.
    pub budget: Budget,
    /// Its own mode, if the policy sets one.
    pub mode: Option<Mode>,
}

impl Lever {
    /// Its name: that of what it watches.
    pub fn id(&self) -> RouteId {
        RouteId::lever(&self.watches)
    }
}

/// Reads `when`.
pub(super) fn read(section: Option<Value<'_>>) -> Vec<Written<DraftLever>> {
    section.map(Value::list).unwrap_or_default().into_iter().filter_map(rule).collect()
}

fn rule(value: Value<'_>) -> Option<Written<DraftLever>> {
    let mut fields = value.map()?;
    let down = fields.required("down").map(|down| (down, subject(down)));
    let after = within(fields.optional("for"), Duration::from_millis(1), FOR_MAX);
    let play = fields.required("play").and_then(Value::name);
    let with = with(&mut fields);
    let until_up = fields.optional("until_up").and_then(Value::name);
    let keep_up = fields.optional("keep_up").and_then(|count| count.count(0..=16)).unwrap_or(0);
    let otherwise = Budget { switches: BUDGET, window: BUDGET_WINDOW };
    let budget = fields.optional("budget").map_or(Some(otherwise), routes::budget);
    let mode = fields.optional("mode").and_then(|mode| mode.one_of(&MODES));
    fields.finish();
    let (down, watches) = down?;
    let lever = Lever {
        watches: watches?,
        after: after.as_ref().map(|after| after.is),
        play: PlaybookId::new(play?),
        with,
        until_up: until_up.map(PlaybookId::new),
        keep_up: usize::try_from(keep_up).unwrap_or(usize::MAX),
        budget: budget?,
        mode,
    };
    Some(Written::at(down, DraftLever { lever, after: after.map(|after| after.place) }))
}

/// Reads `with: { site: london }`.
fn with(fields: &mut Fields<'_>) -> BTreeMap<String, String> {
    let mut with = BTreeMap::new();
    for (key, value) in fields.optional("with").map(Value::entries).unwrap_or_default() {
        let letters = |c: char| c.is_ascii_lowercase() || c == '_';
        let note = if BROUGHT.contains(&key.text.as_str()) {
            "every run brings that along"
        } else if key.text.is_empty() || !key.text.chars().all(letters) {
            "an input of the playbook, such as `site`"
        } else {
            with.extend(value.words().map(|text| (key.text.clone(), text.to_owned())));
            continue;
        };
        let message = format!("`{}` cannot be given here", key.text);
        value.faults().add(Fault::at(key.place, message).note(note));
    }
    with
}

/// Reads `london/proxy`.
fn subject(value: Value<'_>) -> Option<Subject> {
    let text = value.text()?;
    match text.split_once('/') {
        Some((site, service)) if is_name(site) && is_name(service) => {
            Some(Subject { site: SiteId::new(site), service: ServiceId::new(service) })
        }
        _ => value.refuse(format!("`{text}` is no service of a site"), "such as `london/proxy`"),
    }
}
