//! After the faults: everything is whole again, and then one PBX dies for good. What must happen now, must happen.

use super::carrier::{Conduct, Moment};
use super::invariants::{Checked, Violation};
use super::net::SITES;
use super::policy::{NUMBERS, ROUTE};
use super::schedule::Order;
use super::site::Site;
use super::town::Town;
use agent::node::Rules;
use policies::judge::Case;
use policies::limits::{
    ACT_WITHIN, DRIFT_EVERY, ELECTED_BY, REPAIRS_PER_HOUR, STEADY_LAST_RESORT, STEADY_REFUGE,
};
use state::fact::Mode;
use state::route::{Brought, Whose};
use state::{Destination, Index, Number, RouteId, SiteId, Subject};
use std::collections::BTreeMap;
use std::time::Duration;

const SECOND: Moment = 1_000_000;
/// Within so long after the last fault everybody agrees.
const AGREED: Moment = 30 * SECOND;
/// A stranger's value is read once a minute, twice, and then adopted.
const READ: Moment = 100 * SECOND;

fn missing(number: u8, name: &'static str, what: String) -> Checked {
    Err(Violation { number, name, what })
}

impl Town {
    /// Heals everything and sees what comes of it.
    pub fn heal(&mut self) -> Checked {
        self.story.tell(self.now, "everything is healed");
        self.healed = true;
        self.net.heal();
        (self.dead, self.draining, self.blind) = ([0; SITES], [0; SITES], [0; SITES]);
        (self.dropping, self.garbling) = ([0; SITES], [[0; SITES]; SITES]);
        self.ambushes.clear();
        self.strands = false;
        self.carrier.conduct = Conduct::Fair;
        self.carrier.lags = [0; SITES];
        for site in 0..self.sites.len() {
            self.thaw(site);
            self.sites[site].wall = 0;
            if let Some(trays) = self.sites[site].trays() {
                trays.disk.quench();
            }
            self.start(site)?;
        }
        self.get_back()?;
        self.let_back_in()?;
        self.seat_everybody()?;
        let (healed, known) = (self.now, self.invariants.view().index);
        self.run(healed + AGREED - 3 * SECOND)?;
        let then = self.invariants.view().index;
        self.run(healed + AGREED)?;
        self.one_view(then)?;
        self.one_policy()?;
        self.all_told()?;
        self.shut_out(known)?;
        self.run(healed + READ)?;
        self.no_run_left()?;
        self.carrier_as_known(if self.repairable() {
            &[Whose::Wanted]
        } else {
            &[Whose::Wanted, Whose::Ours]
        })?;
        self.examine()
    }

    /// 11: one policy, one view, everywhere; what was agreed in the last moment may still be on its way.
    pub(super) fn one_view(&self, then: Index) -> Checked {
        let agreed = self.invariants.view();
        for site in self.members().into_iter().map(|place| &self.sites[place]) {
            let Some(view) = site.view() else {
                return missing(11, "one view", format!("no agent runs at {}", site.id));
            };
            if view.index < then || view.policy != agreed.policy {
                let what = format!("{} knows {} of {}", site.id, view.index, agreed.index);
                return missing(11, "one view within 30 s", what);
            }
        }
        Ok(())
    }

    /// 11: every site has the agreed text in its file, unless a person left one with faults there, and acts by it.
    fn one_policy(&mut self) -> Checked {
        let Some(agreed) = self.invariants.view().policy.clone().map(|policy| policy.text) else {
            return Ok(());
        };
        let own = Rules::read(&agreed, &self.sites[0].id);
        self.rules = own.map_err(|what| Violation { number: 11, name: "one policy", what })?;
        for site in self.members() {
            let file = self.sites[site].disk().file.clone().unwrap_or_default();
            if self.waits(&file) {
                let id = &self.sites[site].id;
                let what = format!("the file of {id} is not the agreed text:\n{file}\n{agreed}");
                return missing(11, "one policy within 30 s", what);
            }
        }
        Ok(())
    }

    /// 9 and 19: whatever was under way has ended.
    fn no_run_left(&self) -> Checked {
        let view = self.invariants.view();
        match view.open_runs().find(|run| view.stamp.since(run.opened) > Duration::from_secs(90)) {
            Some(run) => {
                let what = format!("{} is open since {}: {:?}", run.id, run.opened, run.steps);
                missing(9, "every run ends", what)
            }
            None => Ok(()),
        }
    }

    /// Whether an older value of our own must have been put back by now: nobody forbids it, what is wanted lives,
    /// and not too much was put back within the hour.
    fn repairable(&self) -> bool {
        let (view, id) = (self.invariants.view(), RouteId::new(ROUTE));
        let Some(route) = view.routes.get(&id) else { return false };
        let now = self.cluster_now();
        view.mode_of(&id).is_none_or(|mode| mode == Mode::Auto)
            && view.hold_of(&id, now).is_none()
            && route.latch.is_none()
            && route.repairs_lately(now) < REPAIRS_PER_HOUR
    }

    /// 11: the carrier shows what is wanted, or where people forbid a repair, what the view knows to be ours.
    fn carrier_as_known(&self, allowed: &[Whose]) -> Checked {
        let view = self.invariants.view();
        let Some(route) = view.routes.get(&RouteId::new(ROUTE)) else {
            return missing(11, "the carrier as wanted", "nothing was ever agreed of the route".to_owned());
        };
        // What stands behind is audited and not repaired.
        for (number, register) in self.carrier.registers.iter().filter(|(number, _)| !number.is_behind()) {
            let known = route.numbers.get(number).cloned().unwrap_or_default();
            let whose = known.whose(&register.value, view.stamp);
            if route.run.is_none() && !allowed.contains(&whose) {
                let wanted = known.wanted;
                let shows = &register.value;
                let what = format!("{number} shows {shows} by {:?}, wanted is {wanted:?}", register.by);
                return missing(11, "the carrier as wanted", what);
            }
        }
        Ok(())
    }

    /// 14: in auto, not latched and with a budget left, a dead site is left in time.
    fn examine(&mut self) -> Checked {
        self.command(0, Order::Auto)?;
        // Opinions of a PBX that flapped need as long to settle as the window over which changes are counted.
        self.run(self.now + 45 * SECOND)?;
        self.better_in_time()?;
        let Some((serving, place)) = self.serving() else { return Ok(()) };
        if !self.may_move() {
            return Ok(());
        }
        self.story.tell(self.now, &format!("the last fault: the PBX of {serving} dies for good"));
        let (sets, switches) = (self.invariants.sets, self.invariants.switches);
        self.dead[place] += 1;
        let pace = self.rules.subjects[&Subject::pbx(&serving)];
        let slack = ACT_WITHIN + ELECTED_BY;
        // A PBX that changed often in the last ten minutes is believed once it was steady for twice the blip.
        let believed = pace.noticed().max(pace.blip * 2 + pace.timeout);
        let time = (believed + pace.every + slack).mul_f64(1.1);
        self.run(self.now + super::hands::micros(time))?;
        let still = self.invariants.switches == switches || self.invariants.sets == sets;
        if still && self.rings_at(&serving) {
            let what = format!("{serving} is dead for {time:?} and has the route");
            return missing(14, "a dead site is left in time", what);
        }
        self.run(self.now + 2 * super::hands::micros(DRIFT_EVERY) / 3)?;
        self.carrier_as_known(&[Whose::Wanted])?;
        self.no_run_left()
    }

    /// 14: a refuge or a last resort to which automation went is left by itself once a better site was steady.
    fn better_in_time(&mut self) -> Checked {
        let id = RouteId::new(ROUTE);
        let Some(needed) = self.waits_for_better(&id) else { return Ok(()) };
        if !self.may_move() {
            return Ok(());
        }
        self.rare.better += 1;
        // A switch that nobody acknowledges would leave automation nothing but to leave the dead.
        self.command(0, Order::Ack)?;
        let before = self.invariants.view().routes[&id].rings_in.clone();
        let time = (needed + ACT_WITHIN + ELECTED_BY).mul_f64(1.1);
        self.run(self.now + super::hands::micros(time))?;
        let after = self.invariants.view().routes[&id].rings_in.clone();
        if after == before && self.may_move() {
            let what = format!("after {time:?} the route still rings in {before:?}");
            return missing(14, "a refuge or last resort is left in time", what);
        }
        Ok(())
    }

    /// How long a better site must be steady, where one is waited for.
    fn waits_for_better(&self, id: &RouteId) -> Option<Duration> {
        let (route, rule) = (self.invariants.view().routes.get(id)?, &self.rules.judge.routes[id]);
        let site = route.rings_in.as_ref()?;
        if route.brought == Brought::ByPerson {
            return None;
        }
        let above = rule.prefer.iter().take_while(|other| *other != site).any(|other| {
            let case =
                Case { judge: &self.rules.judge, view: self.invariants.view(), now: self.cluster_now() };
            !rule.last_resort.contains(other) && case.candidate(id, other).is_ok()
        });
        match (site.is_refuge(), rule.last_resort.contains(site)) {
            (true, _) => Some(STEADY_REFUGE),
            (_, true) if above => Some(STEADY_LAST_RESORT),
            (_, _) => None,
        }
    }

    fn serving(&self) -> Option<(SiteId, usize)> {
        let site = self.invariants.view().routes.get(&RouteId::new(ROUTE))?.rings_in.clone()?;
        let place = self.sites.iter().position(|other| other.id == site)?;
        Some((site, place))
    }

    /// Whether any number still rings at a site. A route that was torn apart may have been mended instead of moved.
    fn rings_at(&self, site: &SiteId) -> bool {
        let route = self.rules.route(&RouteId::new(ROUTE)).expect("the town has one route");
        let rings = |(number, to): &(Number, BTreeMap<SiteId, Destination>)| {
            self.carrier.registers.get(number).is_some_and(|register| to.get(site) == Some(&register.value))
        };
        route.numbers.iter().any(rings)
    }

    /// Whether nothing that people or the budget say forbids a move, and every site says that every PBX is up.
    fn may_move(&self) -> bool {
        let (view, id) = (self.invariants.view(), RouteId::new(ROUTE));
        let Some(route) = view.routes.get(&id) else { return false };
        let budget = self.rules.judge.routes[&id].budget;
        let now = self.cluster_now();
        let free = view.mode_of(&id).is_none_or(|mode| mode == Mode::Auto)
            && view.hold_of(&id, now).is_none()
            && route.latch.is_none()
            && route.run.is_none()
            && route.claim.is_none()
            && route.switches_within(budget.window, now) < budget.switches;
        let members: Vec<&Site> = self.members().into_iter().map(|place| &self.sites[place]).collect();
        let subjects = members.iter().map(|site| Subject::pbx(&site.id));
        let up = |subject: Subject| {
            members
                .iter()
                .all(|site| matches!(view.says(&site.id, &subject, now), Some(state::fact::Says::Up)))
        };
        let shown = route.numbers.contains_key(&Number::new(NUMBERS[0]));
        free && shown && subjects.into_iter().all(up) && self.could_go(&id, now)
    }

    /// Whether a site could take the route at once: one that automation left lately could not.
    fn could_go(&self, route: &RouteId, now: state::Stamp) -> bool {
        let case = Case { judge: &self.rules.judge, view: self.invariants.view(), now };
        case.candidates(route).iter().any(Result::is_ok)
    }

    /// Cluster time, as near as an onlooker knows it: what is over by the last agreed stamp is over.
    fn cluster_now(&self) -> state::Stamp {
        self.invariants.view().stamp
    }
}
