//! The carrier shows an older value of our own: what is wanted is asserted again, or it is said why not.

use super::Node;
use playbooks::{Astray, repair};
use policies::judge::Case;
use policies::limits::REPAIRS_PER_HOUR;
use state::fact::{Adoption, Fact, Home, Reading};
use state::plan::{Plan, Pointing};
use state::run::Cause;
use state::{Destination, Index, Mono, Now, Number, RouteId};

impl Node {
    /// Values of our own that are not wanted, read twice. Each unclosed attempt is answered by one repair; where
    /// none is left, what was verified last simply stands.
    pub(super) fn ours(&mut self, route: &RouteId, readings: Vec<Reading>, now: Now) {
        let late = self.view.unanswered(route, &readings, now.stamp);
        if late.is_empty() && self.as_verified(route, &readings) {
            let site = self.site_shown(route, &readings);
            self.complaints.remove(route);
            self.lead_fact(Fact::RouteAdopted { route: route.clone(), site, readings, from: Adoption::Own });
            return;
        }
        let shows = self.in_words(route, &readings);
        match self.repair_of(route, (readings, late), now) {
            Ok(opened) => {
                self.complaints.remove(route);
                self.lead_fact(opened);
            }
            Err(why) => self.complain(route, format!("{shows}; it is not put right: {why}")),
        }
    }

    /// The numbers show what is wanted. If that was not known, because it came after the run that wanted it had
    /// ended, calls ring there from here on: a site that nobody looks at is not left when it dies.
    pub(super) fn as_wanted(&mut self, route: &RouteId, readings: Vec<Reading>, now: Mono) {
        let Some(state) = self.view.routes.get(route) else { return };
        let shown = |number: Number| {
            let read = readings.iter().find(|reading| reading.number == number).map(Reading::value);
            let shows = read.or_else(|| state.numbers.get(&number)?.expected.clone());
            Reading { number, shows }
        };
        let all: Vec<Reading> = self.numbers(route).into_iter().map(shown).collect();
        let (site, rings_in) = (self.site_shown(route, &all), state.rings_in.clone());
        if self.as_verified(route, &readings) && (site.is_none() || site == rings_in) {
            self.looks.round(route, now).trust();
        } else if let Some(readings) = self.looks.round(route, now).confirm(readings, now) {
            let (route, site) = (route.clone(), site.or(rings_in));
            self.lead_fact(Fact::RouteAdopted { route, site, readings, from: Adoption::Own });
        }
    }

    /// Whether the numbers show exactly what was verified last.
    fn as_verified(&self, route: &RouteId, readings: &[Reading]) -> bool {
        let Some(state) = self.view.routes.get(route) else { return false };
        readings.iter().all(|reading| {
            let number = state.numbers.get(&reading.number);
            number.is_some_and(|n| n.expected.as_ref() == Some(&reading.value()))
        })
    }

    /// The repair, or why there is none.
    fn repair_of(
        &self,
        route: &RouteId,
        (readings, late): (Vec<Reading>, Vec<Index>),
        now: Now,
    ) -> Result<Fact, String> {
        let rules = self.rules.as_ref().ok_or("no policy is in force")?;
        let state = self.view.routes.get(route).ok_or("nothing is known of the route")?;
        if late.is_empty() {
            return Err("every attempt that explains it was answered by a repair before".to_owned());
        }
        if state.repairs_lately(now.stamp) >= REPAIRS_PER_HOUR {
            return Err(format!("that was done {REPAIRS_PER_HOUR} times within the hour"));
        }
        let plan = self.repair_plan(route, &readings)?;
        let case = Case { judge: &rules.judge, view: &self.view, now: now.stamp };
        let against = case.against_repair(route, &plan.to, &self.seen(now.mono));
        if !against.is_empty() {
            return Err(against.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
        }
        let because = vec![self.in_words(route, &readings)];
        let cause = Cause::Repair { late, because };
        let home = if rules.prefer(route).first() == Some(&plan.to) { Home::Home } else { Home::Elsewhere };
        Ok(Fact::RunOpened { basis: self.view.index, plan, cause, home })
    }

    fn repair_plan(&self, route: &RouteId, readings: &[Reading]) -> Result<Plan, String> {
        let (rules, state) = (self.rules.as_ref(), self.view.routes.get(route));
        let rules = rules.and_then(|rules| rules.route(route)).ok_or("the policy has no such route")?;
        let wish = |number: &Number| -> Option<Destination> { state?.numbers.get(number)?.wanted.clone() };
        let pointing = |reading: &Reading| {
            let to = wish(&reading.number)?;
            Some(Pointing { number: reading.number.clone(), from: Some(reading.value()), to })
        };
        let numbers: Vec<Pointing> = readings.iter().filter_map(pointing).collect();
        let wanted: Vec<Reading> =
            numbers.iter().map(|p| Reading { number: p.number.clone(), shows: Some(p.to.clone()) }).collect();
        let nowhere =
            "what is wanted names no site of the policy; claim the route for the site that shall have it";
        let site = self.site_shown(route, &wanted).ok_or(nowhere)?;
        let text = format!("{}; it is put back to {site}", self.in_words(route, readings));
        Ok(repair(Astray {
            route: route.clone(),
            carrier: rules.carrier.clone(),
            shown: self.site_shown(route, readings),
            wanted: site,
            numbers,
            text,
        }))
    }

    /// What the carrier shows, for people.
    fn in_words(&self, route: &RouteId, readings: &[Reading]) -> String {
        let site = self.site_shown(route, readings);
        let shown = readings.first().map(|reading| reading.value().to_string()).unwrap_or_default();
        let first = readings.first().map(|reading| reading.number.to_string()).unwrap_or_default();
        let more = match readings.len() {
            0 | 1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        let place = site.map_or(shown, |site| site.to_string());
        format!("the carrier shows {first}{more} at {place}, an older value of our own that is not wanted")
    }
}
