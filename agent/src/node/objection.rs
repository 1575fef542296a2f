//! What keeps a text from becoming the policy: its faults, names that nothing here answers to, callers left stranded.

use super::{Node, unfit};
use crate::event::Output;
use crate::frame::Body;
use policies::Policy;
use policies::policy::Lever;
use state::Mono;
use state::document::Report;
use state::fact::{Fact, Origin};
use state::route::Lever as Stands;

/// Why a text is not proposed: in a sentence, and in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// In a sentence.
    pub why: String,
    /// Line by line.
    pub report: Vec<String>,
}

impl Objection {
    /// Where the sentence is all.
    pub fn plain(why: String) -> Self {
        Self { report: vec![why.clone()], why }
    }

    /// The faults of a text: the first one with its place, and all of them underlined.
    fn faults(name: &str, report: &Report) -> Self {
        let first = report.faults.first().map(|fault| {
            let place = fault.place();
            format!("{} at {name}:{}:{}", fault.message(), place.line, place.column)
        });
        let more = match report.faults.len() {
            0 | 1 => String::new(),
            count => format!(", and {} more", count - 1),
        };
        let why = format!("{}{more}", first.unwrap_or_default());
        Self { why, report: report.to_string().lines().map(str::to_owned).collect() }
    }
}

impl Node {
    /// What keeps a text from taking the place of the one in force. Whoever proposes it asks, and so does the leader.
    pub(super) fn objection(&self, text: &str, now: Mono) -> Option<Objection> {
        if let Some(why) = self.idle() {
            return Some(Objection::plain(format!("this site cannot judge it: {why}")));
        }
        let rules = self.rules.as_ref()?;
        let name = self.edits.found.as_ref().map_or("policy.yaml", |found| found.path.as_str());
        let policy = match Policy::read(name, text) {
            Ok(policy) => policy,
            Err(report) => return Some(Objection::faults(name, &report)),
        };
        let renamed = (policy.cluster != rules.cluster).then(|| {
            format!(
                "a running cluster keeps its name, {}, which is in every certificate; for `{}` make a cluster of its \
                 own with `pointsman init`",
                rules.cluster, policy.cluster
            )
        });
        let why = renamed
            .or_else(|| self.reseated(&policy, now))
            .or_else(|| self.out_of_reach(&policy))
            .or_else(|| self.stranded(&policy));
        why.map(Objection::plain)
    }

    /// Names that nothing here answers to.
    fn out_of_reach(&self, policy: &Policy) -> Option<String> {
        let books = |route: &policies::policy::Route| {
            let played = &route.playbooks;
            [&played.site_down, &played.none_left, &played.site_back]
                .map(|book| (route.id.clone(), book.clone()))
        };
        let pulled = policy.levers.iter().flat_map(|lever| {
            [&lever.play].into_iter().chain(&lever.until_up).map(|book| (lever.id(), book.clone()))
        });
        let mut all = policy.routes.iter().flat_map(books).chain(pulled);
        let unfit = || {
            let mut levers = policy.levers.iter();
            let words = |lever: &Lever| {
                Some(format!("when {} is down: {}", lever.id(), unfit(lever, &self.playbooks)?))
            };
            levers.find_map(words)
        };
        let unknown = all.find(|(_, book)| !self.playbooks.contains_key(book));
        let lacks = unknown.map(|(route, book)| {
            format!(
                "{route} would play `{book}`, which is not known here: put its file into the folder of playbooks of \
                 every site, and start their agents again one by one"
            )
        });
        lacks.or_else(unfit)
    }

    /// An edit moves nothing: where callers are, how levers stand, and where a run is going, must still be known.
    fn stranded(&self, policy: &Policy) -> Option<String> {
        let run = self.run_stranded(policy);
        run.or_else(|| self.lever_stranded(policy)).or_else(|| self.route_stranded(policy))
    }

    fn run_stranded(&self, policy: &Policy) -> Option<String> {
        for run in self.view.open_runs() {
            let (route, to) = (&run.plan.route, &run.plan.to);
            let known = policy.route(route).is_some() || policy.lever(route).is_some();
            if !known || !to.is_refuge() && policy.site(to).is_none() {
                return Some(format!(
                    "{} is under way and needs {route} and {to}: wait until it has ended",
                    run.id
                ));
            }
        }
        None
    }

    fn lever_stranded(&self, policy: &Policy) -> Option<String> {
        let mut levers = self.view.routes.iter().filter(|(_, state)| state.lever != Stands::AtRest);
        let (lever, _) = levers.find(|(id, _)| policy.lever(id).is_none())?;
        let first = match self.lever(lever).and_then(|rule| rule.until_up.as_ref()) {
            Some(back) => format!("let it go first, with `pointsman play {back} route={lever}`"),
            None => format!("wait until {lever} is up again"),
        };
        Some(format!("{lever} is pulled, and nothing would let it go: {first}"))
    }

    fn route_stranded(&self, policy: &Policy) -> Option<String> {
        for route in &policy.routes {
            let rings = self.view.routes.get(&route.id).and_then(|state| state.rings_in.as_ref());
            let Some(site) = rings else { continue };
            if site.is_refuge() && route.refuge.is_none() || !site.is_refuge() && policy.site(site).is_none()
            {
                let id = &route.id;
                return Some(format!(
                    "{id} rings in {site}: move it first, with `pointsman claim {id} SITE`"
                ));
            }
        }
        None
    }

    /// Whether this leader proposes what it was asked for; else the site that asked is told why not.
    pub(super) fn declines(&mut self, (origin, fact): (&Origin, &Fact), now: Mono, out: &mut Output) -> bool {
        let Fact::PolicyEdited { text, .. } = fact else { return false };
        let Some(Objection { why, .. }) = self.objection(text, now) else { return false };
        let to = origin.site.clone();
        self.say(&to, Body::Declined { origin: origin.clone(), why }, out);
        true
    }
}
