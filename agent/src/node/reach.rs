//! Whether each carrier's interface is reached from here: logins and bare connections, as one opinion.

use super::{Node, wake};
use crate::command::ReachReport;
use crate::event::{Effect, Output, Presence, Survey};
use crate::frame::Look;
use policies::limits::CARRIER_EVERY_MIN;
use policies::opinion::Belief;
use policies::policy::Reach as Asking;
use state::fact::Says;
use state::{CarrierId, Mono, Nonce, Now, Number, SiteId, Subject};
use std::collections::BTreeMap;
use std::time::Duration;

/// Whoever was sent to log in and says nothing for so long has not got in; longer than any login may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// This site's ways to the carriers whose secret it has, and the logins under way.
#[derive(Debug, Default)]
pub struct Reach {
    ways: BTreeMap<CarrierId, Way>,
    under_way: BTreeMap<Errand, (CarrierId, Mono)>,
}

/// The way to one carrier.
#[derive(Debug)]
struct Way {
    /// When to log in next, if nobody else's business does so before.
    login: Mono,
    /// When this site logged in last.
    logged_in: Option<Mono>,
    /// When to connect next.
    knock: Mono,
    /// What came of the last login, and of the last connection.
    spoke: Option<Presence>,
    opened: Option<Presence>,
}

/// What a login is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Errand {
    /// A reading, by its name.
    Look(u64),
    /// An attempt, by its ask.
    Ask(Nonce),
}

impl Way {
    fn begin(now: Mono) -> Self {
        Self { login: now, logged_in: None, knock: now, spoke: None, opened: None }
    }

    /// The earliest moment at which one more login is no misuse.
    fn allowed(&self, now: Mono) -> Mono {
        self.logged_in.map_or(now, |at| at + CARRIER_EVERY_MIN).max(now)
    }

    /// What a bare connection says. One that opens says nothing about a carrier that let nobody in last time: a hung
    /// program still accepts, because its machine's kernel does.
    fn opens(&mut self, answer: Presence, now: Mono) -> Option<Presence> {
        if self.opened.replace(answer) == Some(Presence::Absent) && answer == Presence::Present {
            self.login = self.login.min(self.allowed(now));
        }
        let counts = answer == Presence::Absent || self.spoke == Some(Presence::Present);
        counts.then_some(answer)
    }
}

impl Reach {
    /// The earliest moment at which one more login at a carrier is no misuse.
    pub fn allowed(&self, carrier: &CarrierId, now: Mono) -> Mono {
        self.ways.get(carrier).map_or(now, |way| way.allowed(now))
    }
}

impl Node {
    /// The carriers of a new policy; the ways that stay keep what is known of them.
    pub(super) fn watch_carriers(&mut self, now: Mono) {
        let mut before = std::mem::take(&mut self.reach.ways);
        for carrier in self.held_carriers() {
            let way = before.remove(&carrier).unwrap_or_else(|| Way::begin(now));
            self.reach.ways.insert(carrier, way);
        }
    }

    /// The carriers of the routes whose secret is here.
    pub(super) fn held_carriers(&self) -> Vec<CarrierId> {
        let known = self.rules.iter().flat_map(|rules| rules.carriers_used());
        known.filter(|carrier| self.secrets.contains(carrier)).cloned().collect()
    }

    /// Notes whoever is sent to a carrier, and sends somebody if nobody was for long enough.
    pub(super) fn reach_out(&mut self, now: Now, out: &mut Output) {
        let at = now.mono;
        self.give_up_logins(at, out);
        let due = |way: &Way| way.login <= at || way.knock <= at;
        let due: Vec<CarrierId> =
            self.reach.ways.iter().filter(|(_, way)| due(way)).map(|(c, _)| c.clone()).collect();
        for carrier in due {
            if self.reach.ways.get(&carrier).is_some_and(|way| way.knock <= at) {
                let within = self.gently(&carrier).timeout;
                out.act.push(Effect::Knock { carrier: carrier.clone(), within });
            }
            let first = self.first_number(&carrier);
            if let (Some(number), Some(_)) =
                (first, self.reach.ways.get(&carrier).filter(|way| way.login <= at))
            {
                let id = self.looks.name();
                out.act.push(Effect::Look(Look { id, carrier, numbers: vec![number] }));
            }
        }
        self.note_errands(at, out);
        let next = self.reach.ways.values().map(|way| way.login.min(way.knock)).min();
        next.into_iter().for_each(|next| wake(out, next));
    }

    /// Every order to log in or to connect puts off the next one, whoever wanted it.
    fn note_errands(&mut self, now: Mono, out: &Output) {
        for effect in &out.act {
            let (carrier, errand) = match effect {
                Effect::Look(look) => (&look.carrier, Errand::Look(look.id)),
                Effect::Prepare { nonce, carrier, .. } => (carrier, Errand::Ask(*nonce)),
                Effect::Knock { carrier, .. } => {
                    let every = self.gently(carrier).connect_every;
                    if let Some(way) = self.reach.ways.get_mut(carrier) {
                        way.knock = now + every;
                    }
                    continue;
                }
                Effect::Release { .. }
                | Effect::Point(_)
                | Effect::Revoke { .. }
                | Effect::Notify { .. }
                | Effect::Equip { .. }
                | Effect::Ensure(_)
                | Effect::See { .. }
                | Effect::Answer { .. }
                | Effect::Watch(_)
                | Effect::Reach(_)
                | Effect::Link(_)
                | Effect::Rewrite(_) => continue,
                Effect::Survey(survey) => {
                    self.note_survey(survey);
                    continue;
                }
            };
            let every = self.gently(carrier).login_every(self.sites().len());
            if let Some(way) = self.reach.ways.get_mut(carrier) {
                (way.login, way.logged_in) = (now + every, Some(now));
                self.reach.under_way.insert(errand, (carrier.clone(), now));
            }
        }
    }

    /// A survey logs in too, in its turn.
    fn note_survey(&mut self, survey: &Survey) {
        for (carrier, at) in &survey.not_before {
            let every = self.gently(carrier).login_every(self.sites().len());
            if let Some(way) = self.reach.ways.get_mut(carrier) {
                (way.login, way.logged_in) = (*at + every, Some(*at));
            }
        }
    }

    /// How gently the policy has a carrier asked.
    fn gently(&self, carrier: &CarrierId) -> Asking {
        self.rules.as_ref().map_or(Asking::USUAL, |rules| rules.reach(carrier))
    }

    fn first_number(&self, carrier: &CarrierId) -> Option<Number> {
        let mut routes = self.rules.iter().flat_map(|rules| &rules.routes);
        routes.find(|route| route.carrier == *carrier)?.numbers.first().map(|(number, _)| number.clone())
    }

    fn give_up_logins(&mut self, now: Mono, out: &mut Output) {
        let late = self.reach.under_way.iter().filter(|(_, (_, at))| now.since(*at) >= PATIENCE);
        let late: Vec<Errand> = late.map(|(errand, _)| *errand).collect();
        late.into_iter().for_each(|errand| self.logged_in(errand, Presence::Absent, out));
    }

    /// A login succeeded, or did not, whatever it was for.
    pub(super) fn logged_in(&mut self, errand: Errand, answer: Presence, out: &mut Output) {
        let Some((carrier, asked)) = self.reach.under_way.remove(&errand) else { return };
        let Some(way) = self.reach.ways.get_mut(&carrier) else { return };
        way.spoke = Some(answer);
        let subject = Subject::carrier(&carrier);
        self.observed((&subject, asked), answer, out);
        // The second look is soon: what was missed once is doubt, and doubt withdraws the ballot.
        if self.watches.belief(&subject) == Some(Belief::Suspect)
            && let Some(way) = self.reach.ways.get_mut(&carrier)
        {
            match answer {
                // A survey may have been promised the next moment at which a login is no misuse.
                Presence::Absent => {
                    let last = way.logged_in.map_or(asked, |at| at.max(asked));
                    way.login = way.login.min(last + CARRIER_EVERY_MIN);
                }
                Presence::Present => way.knock = asked,
            }
        }
    }

    /// A bare connection was opened, or not.
    pub(super) fn knocked(
        &mut self,
        carrier: &CarrierId,
        (asked, answer): (Mono, Presence),
        out: &mut Output,
    ) {
        let Some(way) = self.reach.ways.get_mut(carrier) else { return };
        let Some(answer) = way.opens(answer, asked) else { return };
        let subject = Subject::carrier(carrier);
        self.observed((&subject, asked), answer, out);
        let doubted = self.watches.belief(&subject) == Some(Belief::Suspect) && answer == Presence::Present;
        if let Some(way) = self.reach.ways.get_mut(carrier).filter(|_| doubted) {
            way.knock = asked;
        }
    }

    /// Whether a site's own ballot says that it reaches a carrier.
    pub(super) fn reaches(&self, site: &SiteId, carrier: &CarrierId, now: Now) -> bool {
        self.view.says(site, &Subject::carrier(carrier), now.stamp) == Some(Says::Up)
    }

    /// Those of some sites that reach a carrier; all of them if none says so: somebody must try.
    pub(super) fn who_reach(&self, carrier: &CarrierId, sites: Vec<SiteId>, now: Now) -> Vec<SiteId> {
        let reach: Vec<SiteId> =
            sites.iter().filter(|site| self.reaches(site, carrier, now)).cloned().collect();
        if reach.is_empty() { sites } else { reach }
    }

    /// Each carrier of the routes: who reaches it, who does not, and who cannot say.
    pub(super) fn reach_reports(&self, now: Now) -> Vec<ReachReport> {
        let carriers = self.rules.iter().flat_map(|rules| rules.carriers_used());
        carriers.map(|carrier| self.reach_report(carrier, now)).collect()
    }

    fn reach_report(&self, carrier: &CarrierId, now: Now) -> ReachReport {
        let mut report = ReachReport { carrier: carrier.clone(), ..ReachReport::default() };
        for site in self.sites() {
            let here = site == self.identity.site;
            let held = if here { Some(&self.secrets) } else { self.peers.secrets(&site) };
            let holds = held.is_some_and(|held| held.contains(carrier));
            match self.view.says(&site, &Subject::carrier(carrier), now.stamp) {
                Some(Says::Up) => report.reached_by.push(site),
                Some(Says::Down { dark }) => report.not_by.push((site, now.stamp - dark)),
                None if holds => report.unsure.push(site),
                None => {}
            }
        }
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Mono {
        Mono::from_boot(Duration::from_secs(seconds))
    }

    #[test]
    fn an_open_door_behind_which_nobody_answers_proves_nothing() {
        let mut way = Way::begin(at(0));
        assert_eq!(way.opens(Presence::Present, at(0)), None, "nobody has logged in yet");
        way.spoke = Some(Presence::Absent);
        assert_eq!(way.opens(Presence::Present, at(10)), None, "the last login was not answered");
        way.spoke = Some(Presence::Present);
        assert_eq!(way.opens(Presence::Present, at(20)), Some(Presence::Present));
        assert_eq!(way.opens(Presence::Absent, at(30)), Some(Presence::Absent));
    }

    #[test]
    fn a_door_that_opens_again_is_followed_by_a_login_as_soon_as_that_is_no_misuse() {
        let mut way = Way::begin(at(0));
        (way.login, way.logged_in) = (at(85), Some(at(5)));
        way.opens(Presence::Absent, at(10));
        assert_eq!(way.login, at(85));
        way.opens(Presence::Present, at(20));
        assert_eq!(way.login, at(25));
    }
}
