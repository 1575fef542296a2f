//! Why a route stayed or went at a moment of the past: the same judgement, on what was agreed until then.

use super::{Account, Hole, Line, Then};
use crate::command::WhyReport;
use crate::node::{Rules, why_as_agreed};
use policies::decide::{Reign, Standing};
use policies::judge::Case;
use serde::{Deserialize, Serialize};
use state::{Index, RouteId, SiteId, Stamp, View};
use std::collections::BTreeMap;

/// One route at a moment of the past.
#[derive(Clone, Debug, Serialize)]
pub struct PastReport {
    /// The moment, in cluster time: milliseconds since 1970.
    pub at: Stamp,
    /// The last entry that was agreed until then.
    pub index: Index,
    /// What a leader would have decided on it.
    pub why: WhyReport,
    /// What was agreed next about the route.
    pub next: Option<Line>,
}

/// What the journal tells of a moment.
#[derive(Clone, Debug)]
pub enum Past {
    /// So it was.
    Known(Vec<PastReport>),
    /// There is no answer, and this is why.
    Unknown(Unknown),
}

/// Why nothing can be said of a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Unknown {
    /// The journal is empty, or begins later.
    #[error("nothing was agreed yet: the journal begins at {0} UTC")]
    Before(String),
    /// Nothing was ever agreed.
    #[error("nothing was ever agreed: the journal is empty")]
    Empty,
    /// Facts before it are missing here.
    #[error(
        "the journal here lacks the entries from {after} to {upto}, and nothing after them can be replayed"
    )]
    Missing {
        /// The last fact before the gap.
        after: Index,
        /// Its last entry.
        upto: Index,
    },
    /// A fact before it cannot be read.
    #[error("entry {0} cannot be read by this version: {1}")]
    Unreadable(Index, String),
    /// No policy was in force, or it cannot be read.
    #[error("no policy that this version can read was in force: {0}")]
    NoPolicy(String),
    /// The policy of that time had no such route.
    #[error("the policy of that time had no route `{0}`")]
    NoRoute(RouteId),
}

/// What a leader would have decided at `at`, on all that was agreed until then; `account` was begun with that moment.
pub fn past(account: &Account, at: Stamp, (route, here): (Option<&RouteId>, &SiteId)) -> Past {
    let then = account.then();
    match judged(account, &then, at, (route, here)) {
        Ok(reports) => Past::Known(reports),
        Err(why) => Past::Unknown(why),
    }
}

fn judged(
    account: &Account,
    then: &Then,
    at: Stamp,
    (route, here): (Option<&RouteId>, &SiteId),
) -> Result<Vec<PastReport>, Unknown> {
    let Some(view) = &then.view else { return Err(blind(account, then)) };
    if then.index == Index(0) {
        let first = account.lines.first();
        return Err(first.map_or(Unknown::Empty, |line| {
            Unknown::Before(format!("{} {}", super::date(line.at), line.at))
        }));
    }
    let text = view.policy.as_ref().map(|policy| policy.text.as_str());
    let text = text.ok_or_else(|| Unknown::NoPolicy("none was agreed yet".to_owned()))?;
    let rules = Rules::read(text, here).map_err(Unknown::NoPolicy)?;
    let levers = rules.levers.iter().map(policies::policy::Lever::id);
    let all: Vec<RouteId> = rules.routes.iter().map(|rules| rules.route.clone()).chain(levers).collect();
    if let Some(unknown) = route.filter(|route| !all.contains(route)) {
        return Err(Unknown::NoRoute(unknown.clone()));
    }
    let meant = all.into_iter().filter(|one| route.is_none_or(|route| route == one));
    let report = |route: RouteId| {
        let case = Case { judge: &rules.judge, view, now: at };
        let decision = case.decide(&route, &standing(&rules, view));
        let heard = (standing(&rules, view).heard, rules.votes());
        let why = WhyReport { heard, ..why_as_agreed(&rules, (view, at), (&route, decision)) };
        let later = account.lines[then.lines..].iter();
        let next = later.filter(|line| line.refused.is_none()).find(|line| line.about.concerns(&route));
        PastReport { at, index: then.index, why, next: next.cloned() }
    };
    Ok(meant.map(report).collect())
}

/// Why the facts until then do not amount to anything.
fn blind(account: &Account, then: &Then) -> Unknown {
    if let Some((index, why)) = account.unreadable.as_ref().filter(|(index, _)| *index <= then.index) {
        return Unknown::Unreadable(*index, why.clone());
    }
    account
        .holes
        .first()
        .map_or(Unknown::Empty, |Hole { after, upto }| Unknown::Missing { after: *after, upto: *upto })
}

/// The part of a judgement that is in no journal: as a leader that heard everybody who was not declared silent.
fn standing(rules: &Rules, view: &View) -> Standing {
    let heard = rules.sites().filter(|site| !view.silent.contains_key(*site));
    Standing {
        reign: Reign::Leads,
        heard: heard.map(|site| u32::from(rules.votes_of(site))).sum(),
        of: rules.votes(),
        steady: BTreeMap::new(),
        jumped: None,
        fresh: BTreeMap::new(),
    }
}
