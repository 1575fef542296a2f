//! Every set of cut links under every leader at three stages of a switch: runs that are held against `cuts`.

use super::carrier::Moment;
use super::cuts::{ALL, Cuts, Fate, Sites};
use super::invariants::{Checked, Violation};
use super::policy::ROUTE;
use super::schedule::SITES;
use super::site::Site;
use super::story::Detail;
use super::town::Town;
use agent::event::Reign;
use policies::limits::{ACT_WITHIN, ADOPTED_BY, ELECTED_BY, SILENCE};
use state::run::{StepState, Word};
use state::{RouteId, SiteId, Subject};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

const SECOND: Moment = 1_000_000;
/// How often the onlooker looks.
const LOOK: Moment = 50_000;
/// A cluster that has just been born knows all that it must by then.
const SETTLED: Moment = 25 * SECOND;
/// After a cut everybody has found new ways, a new leader and its own opinions by then.
const USED_TO_IT: Moment = 15 * SECOND;
/// After the links are whole again everybody knows the same by then.
const AGREED: Moment = 12 * SECOND;
/// The moment at which each site would campaign, by its rank, counted from its own start.
const CAMPAIGNS: [Moment; 4] = [3_200_000, 2_400_000, 2_800_000, 2_000_000];
/// So long before that the others start: long enough to answer, too short to campaign themselves.
const AHEAD: Moment = 600_000;

/// When the links are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Some time before the exchange dies.
    Before,
    /// When the intent of the first attempt has just been agreed somewhere.
    During,
    /// When the route has just moved; some time later the exchange that has it then dies.
    After,
}

impl Stage {
    /// When, in words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Before => "before the death",
            Self::During => "during the run",
            Self::After => "after the switch, and another death",
        }
    }
}

/// All stages.
pub const STAGES: [Stage; 3] = [Stage::Before, Stage::During, Stage::After];

/// How many cases there are.
pub const CASES: u32 = ALL as u32 * 4 * 3;

/// One case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// What is cut.
    pub cuts: Cuts,
    /// Who leads at first.
    pub leader: usize,
    /// When it is cut.
    pub stage: Stage,
}

/// What became of a case.
#[derive(Clone, Debug)]
pub struct Found {
    /// What did not hold.
    pub violation: Option<Violation>,
    /// The last of its story.
    pub story: Vec<String>,
    /// How long the route pointed at the dead exchange, once the cut was made, if it was moved at all.
    pub moved: Option<Duration>,
    /// The run ended so that a person has to look.
    pub stuck: bool,
}

impl Case {
    /// The case of a number below [`CASES`]; neighbours differ in their cuts.
    pub fn nth(n: u32) -> Self {
        let cuts = Cuts(u16::try_from(n % u32::from(ALL)).expect("it is below 4,096"));
        let rest = usize::try_from(n / u32::from(ALL)).expect("it is small");
        Self { cuts, leader: rest % 4, stage: STAGES[rest / 4 % 3] }
    }

    /// Its number.
    pub fn number(self) -> u32 {
        let rest = u32::try_from(self.stage as usize * 4 + self.leader).expect("it is small");
        rest * u32::from(ALL) + u32::from(self.cuts.0)
    }

    /// What automation can do in it.
    pub fn fate(self) -> Fate {
        match self.stage {
            Stage::Before | Stage::During => self.cuts.fate(Sites(0b0001)),
            Stage::After => self.cuts.fate(Sites(0b0011)),
        }
    }

    /// Runs it.
    pub fn run(self) -> Found {
        // A pace of seconds and a budget of a hundred; the rest is drawn anew for every case.
        let seed = 5 + 12 * u64::from(self.cuts.0);
        let mut starts = [CAMPAIGNS[self.leader] - AHEAD; 4];
        starts[self.leader] = 0;
        let mut town = Town::born(seed, Vec::new(), Detail::Quiet, starts);
        // Who leads is a part of the case, and at a birth nobody can be ahead: these disks sat in it before.
        town.sites.iter_mut().for_each(|site| site.disk.sat = true);
        let mut found = Found { violation: None, story: Vec::new(), moved: None, stuck: false };
        let lived = catch_unwind(AssertUnwindSafe(|| self.play(&mut town, &mut found)));
        found.violation = match lived {
            Ok(checked) => checked.err(),
            Err(panic) => Some(super::panicked(&*panic)),
        };
        found.story = town.story.lines().map(str::to_owned).collect();
        found
    }

    fn play(self, town: &mut Town, found: &mut Found) -> Checked {
        town.settle()?;
        if town.leader() != Some(self.leader) {
            let what = format!("{:?} leads instead of site {}", town.leader(), self.leader);
            return Err(Violation { number: 0, name: "the case is what it says", what });
        }
        let cut = |town: &mut Town| {
            town.story.tell(town.now, &format!("cut: {:?}", self.cuts.links().collect::<Vec<_>>()));
            self.cuts.links().for_each(|(from, to)| town.net.cut(from, to));
        };
        let victim = match self.stage {
            Stage::Before => {
                cut(town);
                town.run(town.now + USED_TO_IT)?;
                town.kill_pbx(0);
                0
            }
            Stage::During => {
                town.kill_pbx(0);
                town.until("an intent", 30 * SECOND, Town::under_way)?;
                cut(town);
                0
            }
            Stage::After => {
                town.kill_pbx(0);
                town.until("a switch", 30 * SECOND, Town::calm_elsewhere)?;
                cut(town);
                town.run(town.now + USED_TO_IT)?;
                // A part that sees too little of Manchester may have left it already.
                town.kill_pbx(1);
                1
            }
        };
        self.judge(town, victim, found)?;
        town.whole_again()
    }

    /// Waits for as long as it may take, and holds what happened against what must happen.
    fn judge(self, town: &mut Town, victim: usize, found: &mut Found) -> Checked {
        let began = town.now;
        let switches = town.invariants.switches;
        let until = began + self.patience(town);
        let left = |town: &Town| town.points_at(victim).is_none();
        while town.now < until && !(left(town) && town.no_run()) && !town.latched() {
            if found.moved.is_none() && left(town) {
                found.moved = Some(Duration::from_micros(town.now - began));
            }
            town.run(town.now + LOOK)?;
        }
        if left(town) {
            found.moved.get_or_insert(Duration::from_micros(town.now - began));
        }
        found.stuck = town.latched();
        let took = Duration::from_micros(town.now - began);
        match self.fate() {
            Fate::Moves if !left(town) && !found.stuck => {
                let what = format!("{took:?} after the cut or the death the route is where it was");
                Err(Violation { number: 14, name: "a dead site is left in time", what })
            }
            Fate::Moves if !town.no_run() && !found.stuck => {
                let what = format!("{took:?} after the cut or the death a run is still open");
                Err(Violation { number: 9, name: "every run ends", what })
            }
            Fate::Told if self.stage == Stage::Before && town.invariants.switches > switches => {
                let what = "a switch was agreed among fewer than three votes".to_owned();
                Err(Violation { number: 7, name: "nothing commits without a majority", what })
            }
            Fate::Moves | Fate::May | Fate::Told => Ok(()),
        }
    }

    /// The time of the protocol's table, on the slowest clock; an attempt that was cut short costs its wait and
    /// another attempt, and whoever it was that led, perhaps an election and the silence of the lost.
    fn patience(self, town: &Town) -> Moment {
        let pace = town.rules.subjects[&Subject::pbx(&town.sites[0].id)];
        let least = pace.noticed() + pace.every + ACT_WITHIN + ELECTED_BY;
        let more = match (self.stage, self.fate()) {
            (Stage::Before | Stage::After, _) | (Stage::During, Fate::Told) => Duration::ZERO,
            (Stage::During, Fate::Moves | Fate::May) => {
                SILENCE + ADOPTED_BY * 2 + pace.noticed() + ACT_WITHIN
            }
        };
        super::hands::micros((least + more).mul_f64(1.25))
    }
}

impl Town {
    /// Lets a new cluster come to know what it must: every exchange is seen up by everybody, and the carrier was read.
    fn settle(&mut self) -> Checked {
        self.until("a settled cluster", SETTLED, |town| {
            let (view, now) = (town.invariants.view(), town.invariants.view().stamp);
            let up = |by: &SiteId, of: &SiteId| {
                matches!(view.says(by, &Subject::pbx(of), now), Some(state::fact::Says::Up))
            };
            let all = town.sites.iter().all(|by| town.sites.iter().all(|of| up(&by.id, &of.id)));
            let read = view.routes.get(&RouteId::new(ROUTE)).is_some_and(|route| route.rings_in.is_some());
            all && read
        })?;
        self.run(self.now + SECOND)
    }

    fn until(&mut self, what: &str, patience: Moment, seen: impl Fn(&Self) -> bool) -> Checked {
        let last = self.now + patience;
        while !seen(self) {
            if self.now >= last {
                let what = format!("there is no sign of {what} after {} s", patience / SECOND);
                return Err(Violation { number: 0, name: "the case is what it says", what });
            }
            self.run(self.now + LOOK)?;
        }
        Ok(())
    }

    fn kill_pbx(&mut self, site: usize) {
        self.story.tell(self.now, &format!("the PBX of {} dies for good", self.sites[site].id));
        self.dead[site] += 1;
    }

    /// Who leads, in its own eyes.
    fn leader(&self) -> Option<usize> {
        let reign = |site: &Site| site.turn.as_ref().map(|turn| turn.standing().reign);
        self.sites.iter().position(|site| reign(site).is_some_and(|reign| reign != Reign::Following))
    }

    /// An intent was agreed, and its outcome was not.
    fn under_way(&self) -> bool {
        let running = |state: &StepState| matches!(state, StepState::Running { .. });
        let view = self.invariants.view();
        view.open_runs().any(|run| run.steps.iter().any(|step| running(&step.state)))
    }

    fn no_run(&self) -> bool {
        self.invariants.view().open_runs().next().is_none()
    }

    fn calm_elsewhere(&self) -> bool {
        self.points_at(0).is_none() && self.no_run()
    }

    fn latched(&self) -> bool {
        let view = self.invariants.view();
        let latched = view.routes.values().any(|route| route.latch.is_some());
        let stuck = |word: &Word| matches!(word, Word::Stuck);
        latched || view.runs.values().any(|run| run.end.as_ref().is_some_and(|end| stuck(&end.word)))
    }

    /// A number that the carrier still points at a site.
    fn points_at(&self, site: usize) -> Option<&state::Number> {
        let route = self.rules.route(&RouteId::new(ROUTE))?;
        let there = |(number, to): &&(state::Number, _)| {
            let to: &std::collections::BTreeMap<SiteId, state::Destination> = to;
            let shown = self.carrier.registers.get(number).map(|register| &register.value);
            shown == to.get(&self.sites[site].id)
        };
        route.numbers.iter().find(there).map(|(number, _)| number)
    }

    /// The links are whole again: everybody comes to know the same.
    fn whole_again(&mut self) -> Checked {
        self.story.tell(self.now, "the links are whole again");
        self.net.heal();
        self.run(self.now + AGREED - 3 * SECOND)?;
        let then = self.invariants.view().index;
        self.run(self.now + 3 * SECOND)?;
        self.one_view(then)
    }
}

/// What a number of cases came to.
#[derive(Clone, Debug, Default)]
pub struct Sum {
    /// How many were run.
    pub cases: u64,
    /// Of those in which the route must move, in which it may, and in which people are told: how many moved.
    pub moved: [(u64, u64); 3],
    /// In which a person has to look.
    pub stuck: u64,
    /// The slowest move at each stage, and the number of the case.
    pub slowest: [(Duration, u32); 3],
}

impl Sum {
    /// One more.
    pub fn add(&mut self, case: Case, found: &Found) {
        self.cases += 1;
        self.stuck += u64::from(found.stuck);
        let (all, moved) = &mut self.moved[case.fate() as usize];
        *all += 1;
        *moved += u64::from(found.moved.is_some());
        let slowest = &mut self.slowest[case.stage as usize];
        *slowest = (*slowest).max((found.moved.unwrap_or_default(), case.number()));
    }

    /// Two parts in one.
    pub fn and(mut self, other: &Self) -> Self {
        self.cases += other.cases;
        self.stuck += other.stuck;
        for (mine, theirs) in self.moved.iter_mut().zip(other.moved) {
            *mine = (mine.0 + theirs.0, mine.1 + theirs.1);
        }
        for (mine, theirs) in self.slowest.iter_mut().zip(other.slowest) {
            *mine = (*mine).max(theirs);
        }
        self
    }
}

/// Runs every `stride`-th case on as many threads as there are cores; the first of each that does not hold ends it.
pub fn prove(stride: u32, said: impl Fn(&Sum) + Sync) -> (Sum, Vec<(Case, Found)>) {
    let threads = std::thread::available_parallelism().map_or(1, |n| u32::try_from(n.get()).unwrap_or(1));
    let stride = stride.max(1);
    let part = |first: u32| {
        let mut sum = Sum::default();
        for n in (0..CASES).step_by(stride as usize).skip(first as usize).step_by(threads as usize) {
            let case = Case::nth(n);
            let found = case.run();
            sum.add(case, &found);
            if found.violation.is_some() {
                return (sum, Some((case, found)));
            }
            if first == 0 && sum.cases.is_multiple_of(100) {
                said(&sum);
            }
        }
        (sum, None)
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|first| scope.spawn(move || part(first))).collect();
        let ended = running.into_iter().map(|thread| thread.join().expect("panics are caught in each case"));
        ended.fold((Sum::default(), Vec::new()), |(sum, mut broken), (part, fault)| {
            broken.extend(fault);
            (sum.and(&part), broken)
        })
    })
}

const _: () = assert!(SITES == 4, "the links are counted for four sites");

#[cfg(test)]
mod tests {
    use super::*;

    /// A few of the cases; `pointsman-lab cuts` runs them all.
    #[test]
    fn a_sample_of_all_cut_links_holds() {
        let (sum, broken) = prove(997, |_| {});
        if let Some((case, found)) = broken.first() {
            let violation = found.violation.as_ref().expect("it is broken");
            panic!("{}\n{case:?}, number {}: {violation}", found.story.join("\n"), case.number());
        }
        assert_eq!(sum.cases, u64::from(CASES.div_ceil(997)));
        assert!(sum.moved[0].1 > sum.cases / 4, "hardly anything happens in these cases: {sum:?}");
    }

    #[test]
    fn every_case_has_a_number_of_its_own() {
        for n in [0, 1, 4095, 4096, 20_000, CASES - 1] {
            assert_eq!(Case::nth(n).number(), n);
        }
        assert_eq!(Case::nth(CASES - 1).stage, Stage::After);
    }
}
