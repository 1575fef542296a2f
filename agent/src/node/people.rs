//! Persons: their questions are answered from the view, their orders become facts before anybody says "done".

use super::Node;
use crate::command::{Answer, Command};
use crate::event::{Asker, Effect, Output};
use policies::errand::Occasion;
use policies::limits::HOLD_MAX;
use state::fact::{Entry, Fact, Origin};
use state::view::Applied;
use state::{Index, Mono, Now, PlaybookId, RouteId, SiteId};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long a person waits for an agreement before being told that there is none.
const PATIENCE: Duration = Duration::from_secs(10);

/// Who waits for which proposal.
#[derive(Debug, Default)]
pub struct Waiting {
    open: BTreeMap<Origin, (u64, Mono)>,
}

impl Node {
    /// A person asks, or orders.
    pub(super) fn command(&mut self, asker: Asker, command: Command, now: Now, out: &mut Output) {
        let to = asker.id;
        if let Command::ClaimAlone { token } = command {
            let answer = self.confirm_alone(&asker.who, token, now, out);
            out.act.push(Effect::Answer { to, answer });
            return;
        }
        if let Command::Survey { awaited } = command {
            let answer = Box::new(self.survey_asked(awaited, now, out));
            out.act.push(Effect::Answer { to, answer });
            return;
        }
        let alone = matches!(command, Command::ClaimOrOffer { .. });
        let answer = match self.order(&asker, command.clone(), now) {
            Ok(Some(fact)) if alone => match self.wish_alone(&asker, fact, now.mono) {
                Ok(()) => return,
                Err(answer) => answer,
            },
            Ok(Some(fact)) => match self.outbox.order(fact) {
                Some(origin) => {
                    self.waiting.open.insert(origin, (to, now.mono));
                    return;
                }
                None => refused("too many orders wait for an agreement already", "`pointsman status`"),
            },
            Ok(None) => Box::new(self.question(&command, now)),
            Err(answer) => answer,
        };
        out.act.push(Effect::Answer { to, answer });
    }

    /// The fact that an order shall become; `None` for a question.
    fn order(&self, asker: &Asker, command: Command, now: Now) -> Result<Option<Fact>, Box<Answer>> {
        let who = asker.who.clone();
        Ok(Some(match command {
            Command::Status
            | Command::Why { .. }
            | Command::Plan { .. }
            | Command::Runs
            | Command::Incidents
            | Command::Journal { .. }
            | Command::Survey { .. }
            | Command::Follow
            | Command::ClaimAlone { .. } => return Ok(None),
            Command::Mode { route, mode } => Fact::ModeSet { route: self.known(route)?, mode, who },
            Command::Hold { lasts, .. } if lasts > HOLD_MAX => {
                return Err(refused("a hold lasts at most 7 days", "`--for 7 days`, and hold it again then"));
            }
            Command::Hold { route, lasts, because } => {
                Fact::Held { route: self.known(route)?, until: now.stamp + lasts, because, who }
            }
            Command::Resume { route } => Fact::Resumed { route: self.known(route)?, who },
            Command::Ack { incident } => Fact::IncidentAcked { incident, who },
            Command::Readmit { site, key: None } => {
                self.readmit(&site, &who, now).map_err(|(why, hint)| refused(&why, &hint))?
            }
            Command::Readmit { site, key: Some(key) } => {
                self.trust(&site, key, &who).map_err(|(why, hint)| refused(&why, &hint))?
            }
            Command::Revoke { site } => {
                self.revocation(&site, &who, now).map_err(|(why, hint)| refused(&why, &hint))?
            }
            Command::Claim { route, site, because } | Command::ClaimOrOffer { route, site, because } => {
                let occasion = if site.is_refuge() { Occasion::NoneLeft } else { Occasion::SiteDown };
                let playbook = self.played(&route, occasion).unwrap_or_else(|| PlaybookId::new("fail-over"));
                self.claim((&playbook, &route, &site), &BTreeMap::new())?;
                Fact::Claimed { route, site, playbook, because, who }
            }
            Command::Play { playbook, args, because } => {
                let (route, site, given) = arguments(&args)?;
                self.claim((&playbook, &route, &site), &given)?;
                if given.is_empty() {
                    Fact::Claimed { route, site, playbook, because, who }
                } else {
                    Fact::Played { route, site, playbook, given, because, who }
                }
            }
        }))
    }

    fn known(&self, route: Option<RouteId>) -> Result<Option<RouteId>, Box<Answer>> {
        match &route {
            Some(id) if !self.all_moved().contains(id) => Err(self.no_route(id)),
            Some(_) | None => Ok(route),
        }
    }

    fn no_route(&self, route: &RouteId) -> Box<Answer> {
        let names: Vec<String> = self.all_moved().iter().map(|r| format!("`{r}`")).collect();
        let what = if route.is_lever() { "rule for" } else { "route" };
        refused(&format!("the policy has no {what} `{route}`"), &format!("one of: {}", names.join(", ")))
    }

    fn no_playbook(&self, playbook: &PlaybookId) -> Box<Answer> {
        let names: Vec<String> = self.playbooks.keys().map(|known| format!("`{known}`")).collect();
        let what = format!("no playbook `{playbook}` is known here");
        refused(&what, &format!("one of: {}", names.join(", ")))
    }

    /// A claim must be possible before it is agreed: the site known, the playbook fit for it.
    fn claim(
        &self,
        (playbook, route, site): (&PlaybookId, &RouteId, &SiteId),
        given: &BTreeMap<String, String>,
    ) -> Result<(), Box<Answer>> {
        if route.is_lever() {
            return self.claim_lever((playbook, route), given);
        }
        if !self.routes().contains(route) {
            return Err(self.no_route(route));
        }
        let rules = self.rules.as_ref().and_then(|rules| rules.route(route));
        if !rules.is_some_and(|rules| rules.leads_to(site)) {
            let refuge = Some(SiteId::refuge()).filter(|to| rules.is_some_and(|rules| rules.leads_to(to)));
            let names: Vec<String> =
                self.doors().iter().chain(&refuge).map(|site| format!("`{site}`")).collect();
            let what = format!("the policy has no site `{site}`");
            return Err(refused(&what, &format!("one of: {}", names.join(", "))));
        }
        let Some(known) = self.playbooks.get(playbook) else { return Err(self.no_playbook(playbook)) };
        let from = self.view.routes.get(route).and_then(|r| r.rings_in.clone());
        let planned = self.plan(playbook, (route, from.as_ref(), site), (String::new(), given));
        let unfit = known.inputs.fit(given).err();
        let hint =
            unfit.map_or_else(|| "`pointsman check` shows what a playbook needs".to_owned(), |u| u.hint);
        planned.map(|_| ()).map_err(|why| refused(&why, &hint))
    }

    /// A person has a lever pulled or let go: by what its rule plays, and with what that is given.
    fn claim_lever(
        &self,
        (playbook, lever): (&PlaybookId, &RouteId),
        given: &BTreeMap<String, String>,
    ) -> Result<(), Box<Answer>> {
        let Some(rule) = self.lever(lever) else { return Err(self.no_route(lever)) };
        if let Some(own) = given.keys().next() {
            let why =
                format!("what {playbook} is given for {lever} stands in its rule, and `{own}` was given");
            return Err(refused(&why, &format!("`pointsman play {playbook} route={lever}`")));
        }
        let plays: Vec<&PlaybookId> = [&rule.play].into_iter().chain(&rule.until_up).collect();
        if !plays.contains(&playbook) {
            let hints: Vec<String> =
                plays.iter().map(|book| format!("`pointsman play {book} route={lever}`")).collect();
            return Err(refused(
                &format!("the rule for {lever} does not play {playbook}"),
                &hints.join(" or "),
            ));
        }
        let planned = self.lever_plan(playbook, lever, String::new());
        planned.map(|_| ()).map_err(|why| refused(&why, "`pointsman check` shows what a playbook needs"))
    }

    fn question(&self, command: &Command, now: Now) -> Answer {
        match command {
            Command::Status => Answer::Status(Box::new(self.status(now))),
            Command::Why { route: Some(route) } if !self.all_moved().contains(route) => *self.no_route(route),
            Command::Why { route } => {
                let all = self.all_moved();
                let meant = all.iter().filter(|r| route.as_ref().is_none_or(|route| route == *r));
                Answer::Why(meant.filter_map(|route| self.why(route, now)).collect())
            }
            Command::Plan { playbook, args } => match arguments(args) {
                Ok((route, site, given)) => match self.claim((playbook, &route, &site), &given) {
                    Ok(()) => self.plan_report(playbook, (&route, &site, &given), now),
                    Err(answer) => *answer,
                },
                Err(answer) => *answer,
            },
            Command::Runs => Answer::Runs { runs: self.view.runs.values().cloned().collect() },
            Command::Incidents => {
                Answer::Incidents { incidents: self.view.incidents.values().cloned().collect() }
            }
            // The journal is shown by the turn, which has the disk.
            Command::Journal { .. }
            | Command::Survey { .. }
            | Command::Follow
            | Command::Play { .. }
            | Command::Claim { .. }
            | Command::ClaimOrOffer { .. }
            | Command::ClaimAlone { .. }
            | Command::Mode { .. }
            | Command::Hold { .. }
            | Command::Resume { .. }
            | Command::Ack { .. }
            | Command::Readmit { .. }
            | Command::Revoke { .. } => *refused("this is not a question", "`pointsman --help`"),
        }
    }

    /// An agreed order is confirmed to the one who gave it, or refused in the words of the fold.
    pub(super) fn answer_agreed(&mut self, index: Index, entry: &Entry, applied: &Applied, out: &mut Output) {
        let Some((to, _)) = self.waiting.open.remove(&entry.origin) else { return };
        let answer = match applied {
            Applied::Accepted => Box::new(Answer::Agreed { index }),
            Applied::Refused(why) => refused(&why.to_string(), "`pointsman status` shows what is true now"),
        };
        out.act.push(Effect::Answer { to, answer });
    }

    /// Without an agreement a person is told so, and that the order may still take effect.
    pub(super) fn expire_waiting(&mut self, now: Now, out: &mut Output) {
        let over = |(_, since): &(u64, Mono)| now.mono.since(*since) > PATIENCE;
        let late: Vec<(Origin, u64)> =
            self.waiting.open.iter().filter(|(_, w)| over(w)).map(|(o, (to, _))| (o.clone(), *to)).collect();
        for (origin, to) in late {
            self.waiting.open.remove(&origin);
            self.outbox.settle(&origin);
            let votes = (self.votes_heard(now.mono), self.votes());
            let what = format!(
                "not agreed within 10s: {} of {} votes reachable; it may still take effect if the leader has it",
                votes.0, votes.1
            );
            let answer = refused(&what, "`pointsman status` shows what was agreed");
            out.act.push(Effect::Answer { to, answer });
        }
    }
}

/// The route and the site that a playbook is played for, and what else it is given. Where the route rings and why it
/// is done the run brings along itself.
fn arguments(
    args: &BTreeMap<String, String>,
) -> Result<(RouteId, SiteId, BTreeMap<String, String>), Box<Answer>> {
    let route = args.get("route").map(|route| RouteId::new(route.clone()));
    let own = route.as_ref().and_then(|lever| lever.watches()).map(|subject| subject.site);
    let to = own.or_else(|| args.get("to").map(|site| SiteId::new(site.clone())));
    let (Some(route), Some(to)) = (route, to) else {
        return Err(refused("a route and a site to go to are needed", "`route=main to=manchester`"));
    };
    let mut given = args.clone();
    given.retain(|key, _| !["route", "to", "from", "reason"].contains(&key.as_str()));
    Ok((route, to, given))
}

pub(super) fn refused(why: &str, hint: &str) -> Box<Answer> {
    Box::new(Answer::Refused { why: why.to_owned(), hint: Some(hint.to_owned()) })
}
