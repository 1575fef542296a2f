//! The routes: numbers that move together, and where they may ring.

use super::draft::{DraftRoute, Named, Written};
use super::hours::{self, Hours};
use super::numbers;
use super::pace::within;
use super::sites::name;
use super::template::Template;
use crate::limits::{BUDGET, BUDGET_WINDOW, DAMPING_MAX, FAILBACK_MAX, FAILBACK_MIN};
use state::document::{Fault, Key, Value, spell};
use state::fact::Mode;
use state::{CarrierId, Number, PlaybookId, RouteId, SiteId};
use std::time::Duration;

/// Numbers that move together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Its name.
    pub id: RouteId,
    /// Who is told where they ring.
    pub carrier: CarrierId,
    /// The numbers, the first one first: it is the one that everybody knows.
    pub numbers: Vec<Number>,
    /// What the carrier is told.
    pub to: Template,
    /// The sites that may have it, the first choice first.
    pub prefer: Vec<SiteId>,
    /// Those of them from which it moves on by itself, once a better site has been steady for long enough.
    pub last_resort: Vec<SiteId>,
    /// Where it rings when no site could take it, if there is such a place: the same for every site.
    pub refuge: Option<Template>,
    /// What stands behind, in slots 2 and 3 of each number: written when a person asks for it, audited, and never
    /// relied on. None, one or two.
    pub behind: Vec<Template>,
    /// When it goes home by itself; without it a person decides.
    pub failback: Option<Failback>,
    /// How many automatic switches it may make.
    pub budget: Budget,
    /// What is played for it.
    pub playbooks: Playbooks,
    /// Its own mode, if the policy sets one.
    pub mode: Option<Mode>,
}

/// When a route goes back to its first choice by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failback {
    /// Once its first choice could have had it for so long without a break.
    pub after: Duration,
    /// And only within these hours; without them at any time.
    pub between: Option<Hours>,
}

/// How many automatic switches are allowed in a window of cluster time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// So many.
    pub switches: u32,
    /// In so long a time.
    pub window: Duration,
}

/// Which playbook is played when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Playbooks {
    /// When the site where the route rings is down.
    pub site_down: PlaybookId,
    /// When no site could take it, and it has a refuge.
    pub none_left: PlaybookId,
    /// When it goes back to a site that is well again.
    pub site_back: PlaybookId,
}

/// How many slots a number has behind its first.
const BEHIND_MAX: usize = 2;

/// The words of a mode.
pub(super) const MODES: [(&str, Mode); 3] =
    [("auto", Mode::Auto), ("advise", Mode::Advise), ("manual", Mode::Manual)];

/// Reads `routes`.
pub(super) fn read(section: Option<Value<'_>>) -> Named<DraftRoute> {
    Named::read(section, route)
}

fn route(key: &Key, value: Value<'_>) -> Option<DraftRoute> {
    let id = name(key, value, "route");
    let mut fields = value.map()?;
    let carrier =
        fields.required("carrier").and_then(|carrier| Some(Written::at(carrier, carrier.name()?.into())));
    let numbers = fields.required("numbers").map(|list| (list, numbers::read(list)));
    let to = fields.required("to").and_then(|to| Some(Written::at(to, Template::read(to)?)));
    let prefer = fields.required("prefer").map(|list| (list, prefer(list)));
    let last_resort = fields.optional("last_resort").map(self::prefer).unwrap_or_default();
    let refuge =
        fields.optional("refuge").map(|value| Template::read(value).map(|is| Written::at(value, is)));
    let behind = fields.optional("behind").map(behind);
    let otherwise = Budget { switches: BUDGET, window: BUDGET_WINDOW };
    let budget = fields.optional("budget").map_or(Some(otherwise), budget);
    let failback = fields.optional("failback").map(failback);
    let playbooks = playbooks(fields.optional("playbooks"));
    let mode = fields.optional("mode").and_then(|mode| mode.one_of(&MODES));
    fields.finish();
    let ((numbers_at, numbers), (prefer_at, prefer)) = (numbers?, prefer?);
    if numbers_at.list().is_empty() {
        let fault = Fault::at(numbers_at.place(), format!("`{}` has no number", key.text));
        value.faults().add(fault.note("at least one"));
    }
    let (name, prefer_at) = (id?.to_string(), prefer_at.place());
    let (carrier, to, budget, playbooks) = (carrier?, to?, budget?, playbooks?);
    let refuge = refuge.map_or(Some(None), |refuge| refuge.map(Some))?;
    Some(DraftRoute {
        name,
        carrier,
        numbers,
        to,
        prefer,
        prefer_at,
        last_resort,
        refuge,
        behind: behind.map_or(Some(Vec::new()), |behind| behind)?,
        failback: failback.flatten(),
        budget,
        playbooks,
        mode,
    })
}

/// Reads a list of sites.
fn prefer(list: Value<'_>) -> Vec<Written<SiteId>> {
    list.list().into_iter().filter_map(|site| Some(Written::at(site, SiteId::new(site.name()?)))).collect()
}

/// Reads what stands in slots 2 and 3: a destination, or a list of one or two.
fn behind(value: Value<'_>) -> Option<Vec<Written<Template>>> {
    let written = value.list();
    if !(1..=BEHIND_MAX).contains(&written.len()) {
        let note = "slots 2 and 3: `behind: \"441134960999\"`, or a list of two";
        return value.refuse(format!("one or two destinations stand behind, not {}", written.len()), note);
    }
    written.into_iter().map(|value| Some(Written::at(value, Template::read(value)?))).collect()
}

/// Reads `{ after: 2h, between: 09:00-17:00 }`.
fn failback(value: Value<'_>) -> Option<Failback> {
    let mut fields = value.map()?;
    let after = within(fields.required("after"), FAILBACK_MIN, FAILBACK_MAX);
    let between = fields.optional("between").map(hours::read);
    fields.finish();
    let between = between.map_or(Some(None), |between| between.map(Some))?;
    Some(Failback { after: after?.is, between })
}

/// Reads `4 per day`, or `2 per 12h`; `window >= damping_max`.
pub(super) fn budget(value: Value<'_>) -> Option<Budget> {
    let text = value.text()?;
    let parts = text.split_once(" per ");
    let switches = parts.and_then(|(number, _)| number.trim().parse::<u32>().ok());
    let window = match parts.map(|(_, window)| window.trim()) {
        Some("day") => Some(Duration::from_secs(86_400)),
        Some("week") => Some(Duration::from_secs(7 * 86_400)),
        Some(window) => window
            .strip_suffix('h')
            .and_then(|hours| hours.parse().ok())
            .and_then(|hours: u64| (1..=24 * 7).contains(&hours).then(|| Duration::from_secs(hours * 3600))),
        None => None,
    };
    let (Some(switches), Some(window)) = (switches, window) else {
        return value.refuse(format!("`{text}` is no budget"), "such as `4 per day` or `2 per 12h`");
    };
    if !(1..=100).contains(&switches) {
        return value.refuse("a budget is from 1 to 100 switches", "for none at all write `mode: manual`");
    }
    if window < DAMPING_MAX {
        let sum = format!("window >= damping    {} >= {}    is false", spell(window), spell(DAMPING_MAX));
        let fault = Fault::at(value.place(), "the budget's window is shorter than the longest damping");
        value.faults().add(fault.sum(sum).hint(format!("`budget: {switches} per day`")));
        return None;
    }
    Some(Budget { switches, window })
}

/// Reads the names of playbooks; the shipped ones otherwise.
fn playbooks(value: Option<Value<'_>>) -> Option<Playbooks> {
    let mut playbooks = Playbooks {
        site_down: PlaybookId::new("fail-over"),
        none_left: PlaybookId::new("all-dark"),
        site_back: PlaybookId::new("fail-back"),
    };
    let Some(value) = value else { return Some(playbooks) };
    let mut fields = value.map()?;
    let keys = [
        ("site_down", &mut playbooks.site_down),
        ("none_left", &mut playbooks.none_left),
        ("site_back", &mut playbooks.site_back),
    ];
    for (key, playbook) in keys {
        if let Some(name) = fields.optional(key).and_then(Value::name) {
            *playbook = PlaybookId::new(name);
        }
    }
    fields.finish();
    Some(playbooks)
}
