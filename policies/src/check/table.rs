//! Every combination of living sites, and what becomes of each route then.

use super::cases::{Because, Fate, fate, votes};
use crate::policy::{Policy, Site};

/// More sites make a table that nobody reads: 256 lines.
const SITES_MAX: usize = 8;

/// How many lines the table has; none if nobody would read it.
pub(super) fn cases(policy: &Policy) -> Option<usize> {
    (policy.sites.len() <= SITES_MAX).then(|| 1 << policy.sites.len())
}

/// All cases, one line each: who lives, how many votes they have, and what becomes of each route.
pub fn table(policy: &Policy) -> String {
    let count = policy.sites.len();
    let Some(cases) = cases(policy) else {
        return format!("{count} sites are too many for a table, at most {SITES_MAX}\n");
    };
    let header = ["lives".to_string(), "votes".to_string()];
    let header = header.into_iter().chain(policy.routes.iter().map(|route| route.id.to_string()));
    let mut rows: Vec<Vec<String>> = vec![header.collect()];
    for dead in 0..cases {
        // The first site is the highest bit, so that what dies first in the table is what matters least.
        let lives = |(place, _): &(usize, &Site)| dead >> (count - 1 - place) & 1 == 0;
        let living: Vec<&Site> =
            policy.sites.iter().enumerate().filter(lives).map(|(_, site)| site).collect();
        rows.push(row(policy, &living));
    }
    lay_out(&rows)
}

/// One case.
fn row(policy: &Policy, living: &[&Site]) -> Vec<String> {
    let names: Vec<&str> = living.iter().map(|site| site.id.as_str()).collect();
    let lives = if names.is_empty() { "none".to_string() } else { names.join(" ") };
    let mut cells = vec![lives, format!("{} of {}", votes(living), policy.votes())];
    cells.extend(policy.routes.iter().map(|route| words(&fate(policy, route, living))));
    cells
}

/// A fate in a cell.
fn words(fate: &Fate) -> String {
    match fate {
        Fate::Stays(site) => format!("stays in {site}"),
        Fate::StaysUnguarded(site) => format!("stays in {site}; people are told: no quorum"),
        Fate::Moves { to, .. } => format!("goes to {to}"),
        Fate::Refuge { .. } => "goes to its refuge".to_string(),
        Fate::People(because) => format!("people: {}", reason(*because)),
    }
}

/// Why people must act, in words.
pub(super) fn reason(because: Because) -> &'static str {
    match because {
        Because::NoQuorum => "no quorum",
        Because::NoVerdict => "too few see it",
        Because::NoneLeft => "no site is left",
    }
}

/// The rows as columns, two blanks apart.
fn lay_out(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_string() + "\n"
    };
    rows.iter().map(line).collect()
}
